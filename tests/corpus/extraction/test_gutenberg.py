"""Gutenberg's frame of every age comes off and nothing else does; GPT-1's standardisation to the character."""

from pathlib import Path

import pytest

from corpus.document import Document
from corpus.extraction.gutenberg import gpt1_standardise, strip_gutenberg
from corpus.readers.books import Book, book_document, read_books

DATA = Path(__file__).parents[4] / "shared" / "data" / "books" / "gutenberg.jsonl.zst"

BOOK = """                              EMMA

By Jane Austen


CHAPTER I

Emma Woodhouse, handsome, clever, and rich, was produced by a happy
home. Project Gutenberg she did not know.

THE END"""
NEW_HEADER = """The Project Gutenberg eBook of Emma

This ebook is for the use of anyone anywhere, in most parts of the world.

Title: Emma

*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***
"""
WRAPPED_HEADER = NEW_HEADER.replace("EBOOK EMMA ***", "EBOOK EMMA,\nA NOVEL IN THREE VOLUMES ***")
OLD_HEADER = """**The Project Gutenberg Etext of Emma**

***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***
Why is this "Small Print!" statement here? You know: lawyers.

*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*
"""
UNMARKED_HEADER = """The Project Gutenberg EBook of Emma, by Jane Austen

This eBook is for the use of anyone anywhere at no cost.

Title: Emma

Release Date: August, 1994
"""
NEW_FOOTER = "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\n" + "Section 1. General Terms of Use.\n" * 400
OLD_FOOTER = "End of The Project Gutenberg Etext of Emma, by Jane Austen\n"
BOTH_FOOTERS = "End of Project Gutenberg's Emma, by Jane Austen\n\n***END OF THIS PROJECT GUTENBERG EBOOK EMMA***\nx"
CREDITS = """Produced by An Anonymous Volunteer and the Online
Distributed Proofreading Team

Note: Project Gutenberg also has an HTML version of this
      file which includes the original illustration.
"""


def book(text):
    return Document(id="books/1", url="", text=text)


def stripped(text):
    return strip_gutenberg(book(text)).text


@pytest.mark.parametrize("footer", ["", NEW_FOOTER, OLD_FOOTER, BOTH_FOOTERS], ids=["none", "new", "old", "both"])
@pytest.mark.parametrize(
    "credits", ["", CREDITS, "Transcribed from the 1816 edition by X, email a@b\n", "E-text prepared by X\n"]
)
@pytest.mark.parametrize("header", ["", NEW_HEADER, WRAPPED_HEADER, OLD_HEADER, UNMARKED_HEADER])
def test_every_frame_comes_off(header, credits, footer):
    text = f"{header}\n\n{credits}\n\n\n{BOOK}\n\n\n\n{footer}"
    assert stripped(text) == BOOK
    assert stripped(stripped(text)) == BOOK


SMALL_PRINT = """***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***
Why is this "Small Print!" statement here? You know: lawyers.

*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*
"""
FIRST_LINE = "**This header should be the first thing seen when anyone starts to view the etext.**\n\n"


@pytest.mark.parametrize("times", [1, 60])
@pytest.mark.parametrize("first", ["", FIRST_LINE])
@pytest.mark.parametrize("closing", ["", OLD_FOOTER + "\n\n"])
def test_the_small_print_goes_from_either_end_and_never_takes_the_book(times, first, closing):
    text = f"{BOOK}\n\n\n" * times
    assert stripped(f"{first}{text}{closing}{SMALL_PRINT}") == text.strip("\n").removeprefix("\n")
    assert stripped(f"{first}{SMALL_PRINT}\n{text}{closing}") == text.strip("\n")


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        ("Dieses eBook wurde von N. N. erstellt.\n", "*** ENDE DIESES PROJEKT GUTENBERG EBOOKS EMMA ***\nLizenz"),
        ("Produit par N. N.\n", "Fin de Project Gutenberg's Emma, par Jane Austen\n"),
        ("------------------------- DEBUT DU FICHIER emma1 --------------------------------\n",
         "------------------------- FIN DU FICHIER emma1 --------------------------------\nlicence ABU"),
        ("Cet ebook a été produit par N. N.\n", "Ende dieses eBooks\n"),
    ],
)  # fmt: skip
def test_frames_in_german_and_french_come_off(head, foot):
    assert stripped(f"{head}\n\n\n{BOOK}\n\n\n{foot}") == BOOK


@pytest.mark.parametrize(
    "text",
    [
        BOOK,
        "PRODUCED\n\nby nobody",
        "Title: The Castle\n\nAuthor: unknown",
        "[Transcriber's Note: spelling as printed.]\n\nText",
        "I\n\nEnd of the Project Gutenberg chapter, she said.\n\nAnd it went on.",
        "Text\n\nEnd of the story",
        "    indented first line\nsecond",
        "",
    ],
)
def test_what_is_no_frame_stays(text):
    assert stripped(text) == text


def test_a_marker_far_inside_is_no_frame():
    inside = "word " * 10_000 + "\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n" + "word " * 10_000
    after = "*** END OF THIS PROJECT GUTENBERG EBOOK X ***\n" + "word " * 10_000
    assert stripped(inside) == inside.strip()
    assert stripped("Text\n" + after) == ("Text\n" + after).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She said—no", "She said - no"),
        ("1914–18 ― x", "1914 - 18 - x"),
        ("wait… it´s", "wait... it's"),
        ('"Yes!!" she said', '" Yes !! " she said'),
        ("(a, b); c?", "( a , b ) ; c ?"),
        ("a---b ~~ c_d", "a --- b ~~ c _ d"),
        ("x[1]*{2}|3\\4/5+6", "x [ 1 ] * { 2 } | 3 \\ 4 / 5 + 6"),
        ("a!?b", "a ! ? b"),
        ("a.b:c'd", "a.b:c'd"),
        ("one  \n\n \n two", "one \n two"),
        ("one \t two\u00a0three", "one two three"),
        ("  Upper Case stays  ", "Upper Case stays"),
        ("“schön” cafÃ©", '" schön " café'),
    ],
)
def test_gpt1_standardisation(text, expected):
    assert gpt1_standardise(book(text)).text == expected


def test_the_real_books_lose_their_frames_and_nothing_else():
    if not DATA.is_file():
        pytest.skip(f"no real books: {DATA} is absent")
    heads = feet = 0
    for item in read_books(DATA):
        assert isinstance(item, Book)
        text = strip_gutenberg(book_document(item, "x")).text
        head, found, foot = item.text.partition(text)
        assert found, f"{item.id}: the text was changed inside"
        assert len(head) < 1_500 and len(foot) < 300, f"{item.id}: {head!r} {foot!r}"
        heads, feet = heads + bool(head.strip()), feet + bool(foot.strip())
        opening = text[:400].lower()
        assert not opening.startswith(("produced by", "e-text prepared", "transcribed", "this etext", "note: project"))
        assert "end of the project gutenberg" not in text[-500:].lower()
        assert "end of project gutenberg" not in text[-500:].lower()
    assert (heads, feet) == (124, 103)
