"""Gopher's rules at both sides of each limit, and against datatrove's filters."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document, Rejected
from corpus.rules import gopher
from corpus.rules.gopher import QualityLimits, RepetitionLimits
from corpus.rules.words import words

GOLD = Path(__file__).parents[4] / "shared" / "data" / "pages" / "pages.gold.jsonl.gz"


def document(text: str) -> Document:
    return Document(id="a", url="https://example.org/a", text=text)


def outcome(result: Document | Rejected) -> tuple[str, float | None]:
    return (result.reason, result.value) if isinstance(result, Rejected) else ("kept", None)


def some(word: str, count: int) -> str:
    return f"{word} " * count


PROSE = "the river and the sea "  # 5 words, 17 letters, two stop words


@pytest.mark.parametrize(
    ("text", "reason", "value"),
    [
        ("", "gopher.too_few_words", 0),
        (some("the and", 24) + "the", "gopher.too_few_words", 49),
        (some("the and", 24) + "the - .", "gopher.too_few_words", 49),
        (some("the and", 25), "kept", None),
        (some("of to", 25), "gopher.words_too_short", 2.0),
        (some("the", 49) + "of", "gopher.words_too_short", 149 / 50),
        (some("interconnection", 50), "gopher.words_too_long", 15.0),
        (some("sixteenyears", 6) + some("tenletters", 44) + "that with", "kept", None),
        (some("sixteenyears", 7) + some("tenletters", 44) + "that with", "gopher.words_too_long", 532 / 53),
        (PROSE * 18 + some("#", 10), "kept", None),
        (PROSE * 18 + some("#", 11), "gopher.too_many_hashes", 11 / 101),
        (some("…", 10) + PROSE * 18, "kept", None),
        (some("…", 5) + some("...", 6) + PROSE * 18, "gopher.too_many_ellipses", 11 / 101),
        (PROSE * 3 + f"\n- {PROSE}" * 9, "kept", None),
        (f"• {PROSE}\n" + f"  - {PROSE}\n" * 10, "gopher.too_many_bullet_lines", 1.0),
        (f"{PROSE * 2}\n" * 7 + f"{PROSE * 2}...\n" * 3, "kept", None),
        (f"{PROSE * 2}\n" * 6 + f"{PROSE * 2}...\n" * 3 + f"{PROSE * 2}… \n", "gopher.too_many_ellipsis_lines", 0.4),
        (PROSE * 16 + some("2024", 20), "kept", None),
        (PROSE * 16 + some("2024", 21), "gopher.too_few_alphabetic_words", 80 / 101),
        (some("river", 49) + "the", "gopher.too_few_stop_words", 1),
        (some("river", 49) + "the The AND", "gopher.too_few_stop_words", 1),
        (some("river", 49) + "the and", "kept", None),
    ],
)
def test_quality_says_why(text, reason, value):
    assert outcome(gopher.quality(document(text))) == (reason, pytest.approx(value) if value is not None else None)


def test_the_most_words():
    limits = QualityLimits(max_words=50)
    assert outcome(gopher.quality(document(PROSE * 10), limits)) == ("kept", None)
    assert outcome(gopher.quality(document(PROSE * 10 + "and"), limits)) == ("gopher.too_many_words", 51)


OFF = RepetitionLimits(1, 1, 1, 1, (), ())


@pytest.mark.parametrize(
    ("text", "rule", "limits", "value"),
    [
        ("a\n\nb\n\na\n\na", "too_many_duplicate_paragraphs", {"max_duplicate_paragraph_share": 0.5}, 0.5),
        (
            "abcd\n\nefg\n\nabcd",
            "too_many_characters_in_duplicate_paragraphs",
            {"max_duplicate_paragraph_character_share": 4 / 15},
            4 / 15,
        ),
        (
            "a\n\n" * 4 + "\n\n".join("bcdefg"),
            "too_many_duplicate_paragraphs",
            {"max_duplicate_paragraph_share": 0.3},
            0.3,
        ),
        ("a\nb\na\n\nc", "too_many_duplicate_lines", {"max_duplicate_line_share": 0.25}, 0.25),
        (
            "abcd\nefg\nabcd",
            "too_many_characters_in_duplicate_lines",
            {"max_duplicate_line_character_share": 4 / 13},
            4 / 13,
        ),
        ("a b c a b d", "too_frequent_2_gram", {"frequent_ngrams": ((2, 6 / 11),)}, 6 / 11),
        ("only two", "too_frequent_2_gram", {"frequent_ngrams": ((2, 1),)}, 1),
        ("a b c x a b c", "too_frequent_3_gram", {"frequent_ngrams": ((3, 10 / 13),)}, 10 / 13),
        ("a b c d e x a b c d e", "too_many_duplicate_5_grams", {"duplicate_ngrams": ((5, 5 / 21),)}, 5 / 21),
        ("a a a a a a a a", "too_many_duplicate_2_grams", {"duplicate_ngrams": ((2, 6 / 15),)}, 6 / 15),
        ("to be or not to be", "too_frequent_1_gram", {"frequent_ngrams": ((1, 4 / 18),)}, 4 / 18),
    ],
)
def test_repetition_says_why_at_both_sides_of_the_limit(text, rule, limits, value):
    assert outcome(gopher.repetition(document(text), replace(OFF, **limits))) == ("kept", None)

    ((name, limit),) = limits.items()
    below = tuple((n, share - 1e-9) for n, share in limit) if isinstance(limit, tuple) else limit - 1e-9
    assert outcome(gopher.repetition(document(text), replace(OFF, **{name: below}))) == (
        f"gopher.{rule}",
        pytest.approx(value),
    )


def test_repetition_shows_what_is_repeated():
    result = gopher.repetition(document("a b c d e, once more a b c d e"), RepetitionLimits(frequent_ngrams=()))
    assert isinstance(result, Rejected)
    assert (result.rule, result.evidence) == ("too_many_duplicate_5_grams", "a b c d e")


def test_repetition_of_nothing():
    assert outcome(gopher.repetition(document(""))) == ("gopher.no_text", 0)
    assert outcome(gopher.repetition(document(" \n\t\n"), OFF)) == ("gopher.no_text", 0)


def test_lines_of_white_space_repeat_nothing():
    body = "\n   \n".join(f"{PROSE}{number}" for number in range(20))
    assert outcome(gopher.repetition(document(body), replace(OFF, max_duplicate_line_share=0))) == ("kept", None)


def test_a_long_text_of_one_word_takes_no_longer():
    result = gopher.repetition(
        document("word " * 100_000), RepetitionLimits(frequent_ngrams=(), duplicate_ngrams=((10, 1),))
    )
    assert outcome(result) == ("kept", None)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
@pytest.mark.parametrize(
    "step",
    [
        gopher.quality,
        gopher.repetition,
        partial(gopher.quality, limits=QualityLimits(0, inf, 0, inf, inf, 1, 1, 0, 0)),
        partial(gopher.repetition, limits=OFF),
    ],
)
def test_no_text_raises(step, text):
    result = step(document(text))
    assert isinstance(result, Document) or result.reason.count(".") == 1


# The independent reference: datatrove's filters, given the same words.

THEIR_NAMES = {
    "gopher_short_doc": "too_few_words",
    "gopher_long_doc": "too_many_words",
    "gopher_below_avg_threshold": "words_too_short",
    "gopher_above_avg_threshold": "words_too_long",
    "gopher_too_many_hashes": "too_many_hashes",
    "gopher_too_many_ellipsis": "too_many_ellipses",
    "gopher_too_many_bullets": "too_many_bullet_lines",
    "gopher_too_many_end_ellipsis": "too_many_ellipsis_lines",
    "gopher_below_alpha_threshold": "too_few_alphabetic_words",
    "gopher_enough_stop_words": "too_few_stop_words",
    "empty": "no_text",
    "dup_para_frac": "too_many_duplicate_paragraphs",
    "dup_para_char_frac": "too_many_characters_in_duplicate_paragraphs",
    "dup_line_frac": "too_many_duplicate_lines",
    "dup_line_char_frac": "too_many_characters_in_duplicate_lines",
    **{f"top_{n}_gram": f"too_frequent_{n}_gram" for n in (2, 3, 4)},
    **{f"duplicated_{n}_n_grams": f"too_many_duplicate_{n}_grams" for n in range(5, 11)},
}


@pytest.fixture(scope="module")
def theirs():
    """datatrove's two filters, with our words as their tokenizer."""
    filters = pytest.importorskip("datatrove.pipeline.filters")
    from datatrove.data import Document as TheirDocument
    from datatrove.utils.word_tokenizers import WordTokenizer

    class OurWords(WordTokenizer):
        def word_tokenize(self, text):
            return list(words(text))

        def sent_tokenize(self, text):
            raise AssertionError("Gopher asks for no sentences")

        span_tokenize = sent_tokenize

    blocks = {
        "quality": filters.GopherQualityFilter(language=OurWords()),
        "repetition": filters.GopherRepetitionFilter(language=OurWords()),
    }

    def reason(name: str, text: str) -> str:
        verdict = blocks[name].filter(TheirDocument(text=text, id="a"))
        return "kept" if verdict is True else f"gopher.{THEIR_NAMES[verdict[1]]}"

    return reason


def without_blank_lines(text: str) -> str:
    """The text without the lines of spaces that only datatrove counts as lines."""
    return re.sub(r"[^\S\n]*\n[^\S\n]*", "\n", text).strip("\n ")


def as_datatrove_knows_it(name: str, text: str) -> str:
    """For shares of lines and symbols, the text without the blank lines and heading marks of our convention."""
    return re.sub(r"^#{1,6} ", "", re.sub(r"\n{2,}", "\n", text), flags=re.MULTILINE) if name == "quality" else text


# Words of one length: datatrove compares long n-grams without the spaces, where "ab c" and "a bc" are the same.
PIECES = ["that", "with", "sand", "moon", "1234", "rain", "-", "...", "#", "\n", "\n", "\n\n", "\n- ", ",", "…\n"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=150))
def test_on_made_up_texts_datatrove_says_the_same(theirs, pieces):
    text = without_blank_lines(" ".join(pieces))
    for name, step in (("repetition", gopher.repetition), ("quality", gopher.quality)):
        assert outcome(step(document(text)))[0] == theirs(name, as_datatrove_knows_it(name, text)), text


def gold_texts() -> Iterator[str]:
    with gzip.open(GOLD, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield without_blank_lines(json.loads(line)["text"])


@pytest.mark.skipif(not GOLD.exists(), reason=f"{GOLD} is not here")
@pytest.mark.parametrize("name", ["quality", "repetition"])
def test_on_real_texts_datatrove_says_the_same(theirs, name):
    step = getattr(gopher, name)
    different = [
        (text[:100], ours, reason)
        for text in islice(gold_texts(), 100)
        if (ours := outcome(step(document(text)))[0]) != (reason := theirs(name, as_datatrove_knows_it(name, text)))
    ]
    assert not different


def test_the_marks_of_our_convention_decide_nothing():
    sentence = "The keeper of the light wrote down the names of ships that passed, and told them to his daughter. "
    bullets = ["- a ship that passed the light"] * 95
    headed = "\n\n".join(f"### Part\n\n{sentence}" for _ in range(40))
    assert isinstance(gopher.quality(Document(id="1", url="", text=headed)), Document)
    listed = "\n\n".join((sentence * 3, *bullets))
    rejected = gopher.quality(Document(id="1", url="", text=listed))
    assert isinstance(rejected, Rejected) and rejected.reason == "gopher.too_many_bullet_lines"
