"""README and docs/architecture.md are held to the disk and to the commands: what they show is there and runs."""

import re
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


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = sorted(set(re.findall(r"(?:^|`)make\s+([a-z-]+)", README, re.MULTILINE)))


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_no_section_stands_in_a_page_twice(page):
    """A merge that puts one in at a second place goes unseen in a long page."""
    headings = re.findall(r"^## .*", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(set(headings))


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


def test_constraints_leave_the_build_of_pytorch_to_pip():
    """Those who are set up for a CPU build get no library of CUDA; others get those that PyTorch itself pins."""
    pinned = [line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().split()]
    assert not [name for name in pinned if name.startswith(("cuda", "nvidia", "triton"))]


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
