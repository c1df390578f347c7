"""The rules of the house, as tests: who may import whom, how long a file may be, what every module opens with."""

import ast
from pathlib import Path

import pytest

from benchmarks.style import depth

ROOT = Path(__file__).parent.parent
PACKAGES = ("corpus", "classifiers", "pipelines", "trainer", "benchmarks")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

MUST_NOT_IMPORT = {
    "corpus": {"apache_beam", "torch", "pipelines", "classifiers", "trainer", "benchmarks"},
    "classifiers": {"apache_beam", "torch", "pipelines", "trainer", "benchmarks"},
    "pipelines": {"torch", "trainer", "benchmarks"},
    "trainer": {"apache_beam", "pipelines", "classifiers", "benchmarks"},
}
TRAINER_MAY_IMPORT = {
    "shards",
    "splitmix",
    "files",
    "json_types",
    "mixture",
    "numerals",
    "tokenizer",
    "hashing",
    "errors",
    "command_line",
    "pages",
    "live_line",
}
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "misc"}
LONGEST_FILE, LONGEST_FUNCTION, DEEPEST_NESTING = 300, 50, 4


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_of(path: Path) -> set[str]:
    """Every module that the file imports, also inside functions and `if TYPE_CHECKING`."""
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import; write the whole name"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    package = path.relative_to(ROOT).parts[0]
    forbidden = MUST_NOT_IMPORT.get(package, set())
    for name in imports_of(path):
        assert name.split(".")[0] not in forbidden, f"{path.relative_to(ROOT)} imports {name}"
        assert name.split(".")[0] != "tests", f"{path.relative_to(ROOT)} imports the tests"
        if package == "trainer" and name.startswith("corpus."):
            assert name.split(".")[1] in TRAINER_MAY_IMPORT, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path):
    source = path.read_text(encoding="utf-8")
    if source.strip():
        assert ast.get_docstring(tree_of(path)), f"{path.relative_to(ROOT)} has no module docstring"
    assert len(source.splitlines()) <= LONGEST_FILE, f"{path.relative_to(ROOT)} is too long: is there a noun in it?"
    assert path.stem not in BANNED_NAMES, f"{path.relative_to(ROOT)}: a name that says nothing"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short_and_flat(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            where = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
            assert (node.end_lineno or node.lineno) - node.lineno + 1 <= LONGEST_FUNCTION, f"{where} is too long"
            assert depth(node) <= DEEPEST_NESTING, f"{where} is nested too deep"


def test_public_functions_are_documented_and_typed():
    for path in FILES:
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                where = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                assert ast.get_docstring(node), f"{where} has no docstring"
                assert node.returns is not None, f"{where} does not say what it returns"


def test_no_two_test_files_have_one_name():
    """pytest imports them by their names: the second would not be collected."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
