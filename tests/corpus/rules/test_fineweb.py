"""FineWeb's own rules at both sides of each limit, and against datatrove's filter."""

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document, Rejected
from corpus.rules import fineweb
from corpus.rules.fineweb import FineWebLimits
from corpus.rules.words import words

GOLD = Path(__file__).parents[4] / "shared" / "data" / "pages" / "pages.gold.jsonl.gz"


def document(text: str) -> Document:
    return Document(id="a", url="https://example.org/a", text=text)


def outcome(result: Document | Rejected) -> tuple[str, float | None]:
    return (result.reason, result.value) if isinstance(result, Rejected) else ("kept", None)


def lines(count: int, end: str, start: int = 0) -> str:
    """`count` different lines of 31 characters before the end mark."""
    return "".join(f"this line is number {number:11}{end}\n" for number in range(start, start + count))


@pytest.mark.parametrize(
    ("text", "reason", "value"),
    [
        ("", "fineweb.no_text", 0),
        (" \n\t\n", "fineweb.no_text", 0),
        (lines(22, "") + lines(3, ".", 50), "kept", None),
        (lines(23, "") + lines(3, ".", 50), "fineweb.too_few_punctuated_lines", 3 / 26),
        (lines(22, "") + lines(3, "。", 50), "kept", None),
        (lines(10, ". "), "fineweb.too_few_punctuated_lines", 0),
        (lines(33, ".") + "".join(f"a short but whole line {n:6}.\n" for n in range(67)), "kept", None),
        (
            lines(32, ".") + "".join(f"a short but whole line {n:6}.\n" for n in range(68)),
            "fineweb.too_many_short_lines",
            0.68,
        ),
        (lines(99, ".") + lines(1, ".", 98), "kept", None),
        (lines(98, ".") + lines(1, ".", 97), "fineweb.too_many_characters_in_duplicate_lines", 1 / 99),
        ("".join(f"a line that is not short {n:5}.\n" for n in range(9)), "kept", None),
    ],
)
def test_quality_says_why(text, reason, value):
    assert outcome(fineweb.quality(document(text))) == (reason, pytest.approx(value) if value is not None else None)


def test_line_breaks_are_counted_by_the_word():
    long = "w" * 40
    three_in_ten = f"{long} a b c d\ne\n\nf\n{long} g."  # 9 words and a full stop
    assert outcome(fineweb.quality(document(three_in_ten))) == ("kept", None)
    result = fineweb.quality(document(three_in_ten.replace(" g.", ".")))
    assert outcome(result) == ("fineweb.too_many_line_breaks", pytest.approx(3 / 9))


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
@pytest.mark.parametrize("limits", [FineWebLimits(), FineWebLimits(0, 1, 0, 1, 0)])
def test_no_text_raises(limits, text):
    result = fineweb.quality(document(text), limits)
    assert isinstance(result, Document) or result.reason.count(".") == 1


THEIR_NAMES = {
    "empty": "no_text",
    "line_punct_ratio": "too_few_punctuated_lines",
    "short_line_ratio": "too_many_short_lines",
    "char_dup_ratio": "too_many_characters_in_duplicate_lines",
    "list_ratio": "too_many_line_breaks",
}


@pytest.fixture(scope="module")
def theirs():
    """datatrove's filter, with our words as its tokenizer: "kept", or our name of its reason."""
    filters = pytest.importorskip("datatrove.pipeline.filters")
    from datatrove.data import Document as TheirDocument
    from datatrove.utils.word_tokenizers import WordTokenizer

    class OurWords(WordTokenizer):
        def word_tokenize(self, text):
            return list(words(text))

        def sent_tokenize(self, text):
            raise AssertionError("FineWeb asks for no sentences")

        span_tokenize = sent_tokenize

    block = filters.FineWebQualityFilter(language=OurWords())

    def reason(text: str) -> str:
        verdict = block.filter(TheirDocument(text=text, id="a"))
        return "kept" if verdict is True else f"fineweb.{THEIR_NAMES[verdict[1]]}"

    return reason


def without_blank_lines(text: str) -> str:
    """What datatrove counts line breaks in; it takes lines of white space for none elsewhere."""
    return "\n".join(line for line in text.split("\n") if line.strip()) or text


PIECES = [
    "word",
    "longer words",
    "end.",
    "a whole line of more than thirty characters.\n",
    "\n",
    "\n",
    "\n\n",
    "。\n",
    " ",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_on_made_up_texts_datatrove_says_the_same(theirs, pieces):
    text = " ".join(pieces)
    assert outcome(fineweb.quality(document(text)))[0] == theirs(without_blank_lines(text))


def gold_texts() -> Iterator[str]:
    with gzip.open(GOLD, "rt", encoding="utf-8") as lines_of_file:
        for line in lines_of_file:
            yield json.loads(line)["text"]


@pytest.mark.skipif(not GOLD.exists(), reason=f"{GOLD} is not here")
def test_on_real_texts_datatrove_says_the_same(theirs):
    different = [
        (text[:100], ours, reason)
        for text in islice(gold_texts(), 300)
        if (ours := outcome(fineweb.quality(document(text)))[0]) != (reason := theirs(without_blank_lines(text)))
    ]
    assert not different
