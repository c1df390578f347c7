"""The bounds of our style (`python -m benchmarks.style`), and the script held to small examples."""

import ast
import re
from pathlib import Path

import pytest

from benchmarks.style import (
    GLOSSARY,
    PACKAGES,
    ROOT,
    SourceFile,
    broken_arrows,
    columns,
    found_words,
    import_cycles,
    is_typed,
    read_files,
    unused_words,
)

# (row of the table, least, most). What is not yet where it should be may only come nearer: lower `most` with it.
BOUNDS = [
    ("file, median", 0, 120),
    ("file, longest", 0, 300),
    ("functions over 50 lines", 0, 0),
    ("nesting, deepest", 0, 4),
    ("modules with docstring, %", 100, 100),
    ("public functions with docstring, %", 100, 100),
    ("typed functions, %", 99.8, 100),
    ("lines with a comment, %", 4, 100),
    ("dict[str, Any]", 0, 30),
    ("import cycles", 0, 0),
]
MOST_WORDS = 0


@pytest.fixture(scope="module")
def files():
    return read_files([ROOT / name for name in PACKAGES])


@pytest.fixture(scope="module")
def table(files):
    return columns(files)


@pytest.mark.parametrize(("row", "least", "most"), BOUNDS, ids=[row for row, _, _ in BOUNDS])
def test_bound(table, row, least, most):
    assert least <= table[row] <= most


def test_no_arrow_is_broken(files):
    assert broken_arrows(files) == []


def test_words_not_used_are_not_used():
    found = list(found_words())
    assert len(found) <= MOST_WORDS, "\n".join(found)


def test_every_term_of_the_glossary_stands_once_and_its_place_exists():
    text = GLOSSARY.read_text(encoding="utf-8").partition("## Words not used")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \| \[(.+?)\]\((.+?)\) \|$", text, re.MULTILINE)
    assert len(rows) > 40
    terms = [term for names, _, _ in rows for term in names.split(", ")]
    assert len(set(terms)) == len(terms)
    for _, _, place in rows:
        assert (GLOSSARY.parent / place).exists(), place


@pytest.mark.parametrize(
    "text",
    ["it hangs on the order", "one token a page", "rows a second", "ROWS_A_GROUP = 1", '"""How it is done."""'],
)
def test_a_word_is_found(text):
    assert any(word.pattern.search(text.replace("one token", "tokens")) for word in unused_words())


@pytest.mark.parametrize("text", ["a page that hangs", '"whence"', "per page", "a part of it", '"""Done."""\nHow?'])
def test_a_plain_sentence_is_not_found(text):
    assert not any(word.pattern.search(text) for word in unused_words())


def source(name: str, text: str) -> SourceFile:
    return SourceFile(Path(f"{name}.py"), name, text)


def test_a_cycle_is_named_with_its_way():
    made = [source("a", "import b"), source("b", "from c import x"), source("c", "def f():\n    import a")]
    assert import_cycles(made) == ["a -> b -> c -> a"]


def test_an_arrow_against_the_house_is_named():
    assert broken_arrows([source("pipelines.work.x", "import apache_beam as beam")]) == [
        "pipelines.work.x.py: imports apache_beam"
    ]


def test_comments_are_counted_by_line_and_docstrings_are_none():
    text = '"""# none"""\nx = 1  # one\n# two\ny = "# none"\n'
    assert source("a", text).commented_lines == 2


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("def f(a: int) -> int: ...", True),
        ("def f(a) -> int: ...", False),
        ("def f(a: int): ...", False),
        ("def __init__(self, a: int): ...", True),
    ],
)
def test_typed(text, typed):
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef) and is_typed(node) is typed
