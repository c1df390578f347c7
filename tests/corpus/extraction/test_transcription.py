"""Transcriber's notes, pictures, pages and underscores go; the book never does."""

import time

import pytest

from corpus.document import Document
from corpus.extraction.transcription import without_transcription

BOOK = "\n\n".join(f"CHAPTER {number}\n\n" + "The keeper lit the lamp at six. " * 40 for number in range(1, 12))


def cleaned(text):
    return without_transcription(Document(id="books/1", url="", text=text)).text


@pytest.mark.parametrize(
    "note",
    [
        "[Transcriber's Note: spelling as printed.]",
        "[Transcriber’s Notes:\n\nThe list [of two] follows.\n\n  a for b\n]",
        "+----------------------+\n| Transcriber's note:  |\n|                      |\n| Typos were mended.   |\n"
        "+----------------------+",
        "TRANSCRIBER'S NOTES\n\n 1. Typos were corrected.\n 2. Italics by underscores.",
        "Transcriber's Note: Obvious errors were corrected.",
        "[Anmerkungen zur Transkription: Fehler wurden verbessert.]",
        "Anmerkungen zur Transkription\n\nFehler wurden verbessert.",
        "Note de transcription: les fautes ont été corrigées.",
    ],
)
def test_a_note_goes_at_either_end(note):
    assert cleaned(f"{note}\n\n\n\n\n{BOOK}") == BOOK
    assert cleaned(f"{BOOK}\n\n\n\n\n{note}\n").rstrip() == BOOK.rstrip()


def test_notes_in_brackets_go_anywhere_and_what_is_no_note_stays():
    middle = f"{BOOK}\n\n    [Transcriber's Note: so in the print.]\n\n{BOOK}"
    assert "Transcriber" not in cleaned(middle) and cleaned(middle).count("CHAPTER") == 22
    for text in (
        f"A transcriber's notes were found.\n\n{BOOK}",
        f"{BOOK}\n\n[Transcriber's Note: never closed\n\n{BOOK}",
    ):
        assert cleaned(text).count("CHAPTER") == text.count("CHAPTER")


def test_a_heading_of_notes_never_takes_a_chapter_with_it():
    assert cleaned(f"Transcriber's Notes\n\n{BOOK}").count("CHAPTER") == 11
    assert cleaned(f"{BOOK}\n\nTranscriber's Notes\n\n{BOOK}").count("CHAPTER") == 22


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a [Illustration] b", "a  b"),
        ("[Illustration: The lamp [see p. 3]\nat night]\n\nText", "Text"),
        ("[Abbildung: Die Lampe]\n\nText", "Text"),
        ("[Frontispiece: The keeper]\n\nText", "Text"),
        ("he saw [Pg 12]the ship", "he saw the ship"),
        ("[Illustrations are lost, he said]", "[Illustrations are lost, he said]"),
        ("_The Lamp_ is a _very\nold_ book by snake_case_name", "The Lamp is a very\nold book by snake_case_name"),
        ("[Footnote 1: so he says]", "[Footnote 1: so he says]"),
        ("5 [sic] and [the rest]", "5 [sic] and [the rest]"),
    ],
)
def test_marks_of_the_transcription(text, expected):
    assert cleaned(text) == expected


def test_it_is_linear():
    for piece in (
        "[Illustration",
        "[Transcriber's Note: ",
        "_a ",
        "[",
        "Transcriber's note\n",
        "|a|\n",
        "[Pg ",
        "\n",
        " \n",
        "[Illustration[x]",
    ):
        times = []
        for size in (50_000, 200_000):
            start = time.process_time()
            cleaned((piece * size)[:size])
            times.append(time.process_time() - start)
        assert times[1] < 12 * max(times[0], 0.01), piece
