"""README and docs/architecture.md are held to the disk and to the commands: what they show is there and runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("corpus", "pipelines", "classifiers", "trainer", "benchmarks")


def tree_entries():
    """(path, purpose) of every line of the tree in docs/architecture.md; indentation of two blanks makes the level."""
    block = re.search(r"```tree\n(.*?)```", ARCHITECTURE, re.DOTALL)
    assert block, "docs/architecture.md has no ```tree block"
    folders: list[str] = []
    for line in block.group(1).splitlines():
        indent, names = re.match(r"( *)(.*?)(?:  +.*)?$", line).groups()
        folders = folders[: len(indent) // 2]
        for name in names.split():
            yield "/".join((*folders, name)).rstrip("/"), line
        if names.endswith("/"):
            folders.append(names.rstrip("/"))


def test_every_entry_of_the_tree_is_on_disk():
    for path, line in tree_entries():
        assert any(ROOT.glob(path)), f"the tree has {path!r} ({line.strip()!r}), the disk has not"


def test_every_module_is_in_the_tree():
    shown = {path for path, _ in tree_entries()}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            covered = name in shown or f"{path.parent.relative_to(ROOT).as_posix()}/*.py" in shown
            assert path.name == "__init__.py" or covered, f"{name} is not in the tree of docs/architecture.md"


def commands():
    """Every `python -m …` and `make …` line in the README's code blocks."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", README, re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    return sorted({line.strip() for line in text.splitlines() if re.match(r"(python -m|make) ", line.strip())})


@pytest.mark.parametrize("module", sorted({c.split()[2] for c in commands() if c.startswith("python -m")}))
def test_every_command_has_help_that_names_the_flags_used(module):
    ran = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    for command in commands():
        if f" {module} " in f"{command} ":
            for flag in re.findall(r"\s(--[a-z-]+)", command):
                assert flag in ran.stdout, f"`{command}`: {flag} is not in the help of {module}"


@pytest.mark.parametrize("target", sorted({c.split()[1] for c in commands() if c.startswith("make ")}))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_link_leads_to_a_file():
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README):
        assert (ROOT / target).exists(), f"the README links to {target}, which is not there"


def test_every_step_is_two_hops_away():
    """README → file: each step prefix of a reason stands in the table of rules with the file that decides."""
    for prefix in (
        "link",
        "url",
        "wikipedia",
        "page",
        "extract",
        "text",
        "language",
        "gopher",
        "c4",
        "fineweb",
        "duplicates",
        "benchmark",
        "optout",
    ):
        assert re.search(rf"^\| `{prefix}\.", README, re.MULTILINE), f"no row for `{prefix}.` in the table of rules"
