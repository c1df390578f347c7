"""The walks of docs/architecture.md are held to the code: each hop names a file and something that stands in it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WALKS = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Three walks")[2]
HOPS = re.findall(r"`([a-z_/]+\.py)`:\s+`(\w+)`", WALKS)


def names_in(path: Path) -> set[str]:
    """Functions, classes, and what is assigned: a command's `main` is made by `build_command`."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return assigned | {node.name for node in nodes if isinstance(node, defined)}


@pytest.mark.parametrize("file, name", sorted(set(HOPS)))
def test_a_hop_leads_to_something_that_is_there(file, name):
    assert name in names_in(ROOT / file), f"docs/architecture.md walks to {name} in {file}"


def test_every_file_of_a_walk_is_a_hop():
    """A file that is named in another way would not be held to anything."""
    assert {file for file, _ in HOPS} == set(re.findall(r"`([a-z_/]+\.py)`", WALKS))


def test_from_a_command_to_the_work_there_are_at_most_four_files():
    walks = [walk.split("\n\n")[1] for walk in re.split(r"\n\*\*A \w+\*\*", WALKS)[1:]]
    assert len(walks) == 3
    for walk in walks:
        assert 3 <= len(re.findall(r"^\d\. ", walk, re.MULTILINE)) <= 4
