"""Prose of books is joined, verse and tables keep their lines, words at line ends become whole."""

import textwrap
import time

import pytest

from corpus.document import Document
from corpus.extraction.book_lines import join_lines

SENTENCE = (
    "The keeper of the light wrote down the name of every ship that passed the point, and in the evening he read the"
    " names to his daughter, who knew most of them by the colour of their sails. "
)
PROSE = SENTENCE * 3
VERSE = """The sea was calm, the wind was low,
    The lamp burned on till day;
The ships went out, the ships came home,
    And some were lost in the bay."""
LONG_VERSE = """Sing to me now of the keeper who lit the lamp every evening
Over the rocks where the white birds slept in the sound of the water
Never a ship went past but he wrote its name in the ledger
Till there were more of the names than of stars in the heavens above"""
TABLE = """Name               Year     Tons
Dolphin            1851      120
Morning Star       1856      310
Swallow            1860       95"""
CONTENTS = """CHAPTER I. The Lamp ...................... 1
CHAPTER II. The Ledger ................... 17
CHAPTER III. The Daughter ................ 40"""
ADDRESS = """The Keeper,
Point Light,
Near the Bay"""


def joined(text):
    return join_lines(Document(id="books/1", url="", text=text)).text


def wrapped(text, width=70):
    return "\n".join(textwrap.wrap(text, width, break_on_hyphens=False))


@pytest.mark.parametrize("width", [55, 65, 72, 78])
def test_prose_is_joined_and_what_the_author_broke_is_not(width):
    kept = (VERSE, LONG_VERSE, TABLE, CONTENTS, ADDRESS) if width >= 72 else (VERSE, TABLE, ADDRESS)
    text = "\n\n\n".join((wrapped(PROSE, width), *kept, wrapped(SENTENCE, width), "CHAPTER II", wrapped(PROSE, width)))
    assert joined(text).split("\n\n") == [PROSE.strip(), *kept, SENTENCE.strip(), "CHAPTER II", PROSE.strip()]


def test_an_extract_that_is_indented_is_joined_too():
    extract = textwrap.indent(wrapped(PROSE, 60), "    ")
    assert joined(f"{wrapped(PROSE)}\n\n{extract}").split("\n\n") == [PROSE.strip(), PROSE.strip()]


def test_paragraphs_may_begin_by_an_indent_without_a_blank_line():
    one = "    " + wrapped(PROSE)
    two = "    " + wrapped(SENTENCE)
    assert joined(f"{wrapped(PROSE)}\n{one}\n{two}").split("\n\n") == [PROSE.strip(), PROSE.strip(), SENTENCE.strip()]


def test_a_text_without_hard_breaks_stays():
    assert joined(f"{PROSE.strip()}\n\n{PROSE.strip()}") == f"{PROSE.strip()}\n\n{PROSE.strip()}"
    assert joined("") == ""


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("the light-\nhouse stood", "the lighthouse stood"),  # the book has "lighthouse" elsewhere
        ("a well-\nknown man", "a well-known man"),  # and "well-known"
        ("it was won-\nderful", "it was wonderful"),  # neither: a part that is no word
        ("the Anglo-\nSaxon tongue", "the Anglo-Saxon tongue"),
        ("he went--\nand came", "he went--and came"),
        ("in 1851-\n56 it", "in 1851-56 it"),
        ("the end -\nso it", "the end - so it"),
    ],
)
def test_a_word_that_was_parted_is_whole_again(broken, whole):
    first, second = broken.split("\n")
    filled = (SENTENCE * 2)[: 70 - len(first) - 1].rsplit(" ", 1)[0]
    filled += (
        " " + "x" * (69 - len(filled) - len(first) - 1) + " " + first if len(filled) + len(first) < 66 else " " + first
    )
    text = (
        f"{wrapped(PROSE + 'The lighthouse is well-known there.')}\n\n{filled}\n{second} and so it went on for years\n"
    )
    assert whole in joined(text + "\n" + wrapped(PROSE))


def test_it_is_linear():
    for piece in ("a-\n", "a\n", "\n \n", "    a\n", "word " * 12 + "\n", "- ", "."):
        times = []
        for size in (100_000, 400_000):
            text = (piece * size)[:size]
            start = time.process_time()
            joined(text)
            times.append(time.process_time() - start)
        assert times[1] < 12 * max(times[0], 0.01), piece
