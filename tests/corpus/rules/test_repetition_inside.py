"""What stands several times on a page stands once in the document, and what may be said twice is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from corpus.document import Document
from corpus.rules.repetition_inside import RepetitionInsideLimits, collapse

A = "The ferry left the old harbour at noon, and nobody in the town asked why it was late."
B = "A keeper of bees walked along the pier, and counted the boats that had not come back."
HAN = "天气很好的时候，我们常常沿着河边走到老港口去看船和海鸥。"
CODE = "for i in range(3):\n    print(i, 'is a number that is printed on a line of its own')"


def collapsed(*paragraphs: str) -> tuple[list[str], int]:
    document = collapse(Document("a", "", "\n\n".join(paragraphs)))
    return document.text.split("\n\n"), document.repeated_characters


def test_a_text_three_times_stands_once_and_what_went_is_counted():
    passage = ["# Boats", A, "- one\n- two", B]
    kept, characters = collapsed(*passage, *passage, "x", *passage)
    assert kept == [*passage, "x"]
    assert characters == 2 * len("\n\n".join(passage)) + 4


def test_scripts_without_spaces():
    assert collapsed(HAN, "x", HAN) == ([HAN, "x"], len(HAN) + 2)


def test_short_pieces_verses_and_code_may_be_said_twice():
    pieces = ["## Example", CODE, "## Example", CODE, "> Reply", "> Reply", f"{A}\n{B}", "x", f"{A}\n{B}"]
    assert collapsed(*pieces) == (pieces, 0)


@given(st.lists(st.sampled_from([A, B, HAN, CODE, "x", "## y", ""]), min_size=1, max_size=20))
def test_nothing_is_lost_and_a_second_time_changes_nothing(paragraphs):
    document = Document("a", "", "\n\n".join(paragraphs))
    once = collapse(document)
    assert set(once.text.split("\n\n")) == set(paragraphs)
    assert len(once.text) + once.repeated_characters == len(document.text)
    assert collapse(once).text == once.text
    assert collapse(document, RepetitionInsideLimits(10**6)) is document
