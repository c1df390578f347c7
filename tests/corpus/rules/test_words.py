"""The word split and the sentence count that the heuristic steps share."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.rules.characters import TERMINAL_PUNCTUATION
from corpus.rules.native import Reading
from corpus.rules.words import count_sentences, words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("The end. Then", ["The", "end", ".", "Then"]),
        ("The end.Then", ["The", "end", ".", "Then"]),
        ("in the U.S. by J. Smith", ["in", "the", "U.S.", "by", "J.", "Smith"]),
        ("e.g. Dr. No, vs. Mrs. Yes", ["e.g.", "Dr.", "No", ",", "vs.", "Mrs.", "Yes"]),
        ("at 10:30, 1,000 of 3.14", ["at", "10:30", ",", "1,000", "of", "3.14"]),
        ("a well-known 14-day covid-19", ["a", "well", "-", "known", "14", "-", "day", "covid-19"]),
        ("it's O'Brien’s", ["it", "'s", "O'Brien", "’s"]),
        ("see https://example.org/a?b=c.", ["see", "https://example.org/a?b=c", "."]),
        ("ask me@example.org (now)!!", ["ask", "me@example.org", "(", "now", ")", "!", "!"]),
        ("wait... what -- |---|", ["wait", "...", "what", "--", "|---|"]),
        ("snake_case AT&T", ["snake_case", "AT&T"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("他来了，走吧。", ["他来了", "，", "走吧", "。"]),
    ],
)
def test_words_are_split_as_spacy_splits_them(text, tokens):
    assert list(words(text)) == tokens


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_a_split_loses_nothing_but_white_space(text):
    assert "".join(words(text)) == "".join(text.split())


def test_lexical_words_have_a_letter_or_a_digit():
    assert Reading("a - 1 ... _ é 's").counts().lexical == 4


@pytest.mark.parametrize(
    ("text", "letters"), [("", 0), ("a1 b-_c", 3), ("हिन्दी", 6), ("他，1", 1), ("\ufffd\ufffd", 0)]
)
def test_letters_count_with_their_marks(text, letters):
    assert Reading(text).counts().letters == letters


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("", 0),
        ("   ", 0),
        ("No mark at all", 1),
        ("One. Two! Three?", 3),
        ("One. Two without a mark", 2),
        ('"Stop!" she said. "Why?"', 2),
        ("Mr. Bell met J. Doe at 7 p.m. on Friday.", 1),
        ("Version 3.1 of example.org.", 1),
        ("Well... no.", 1),
        ("他来了。走吧！", 2),
    ],
)
def test_sentences_of_a_line(line, sentences):
    assert count_sentences(line) == sentences


@pytest.mark.parametrize("line", ["." * 50_000 + "a", "a." * 50_000, "!" * 50_000 + " a", '."' * 50_000 + "a"])
@pytest.mark.timeout(10)
def test_hostile_lines_take_no_longer(line):
    count_sentences(line)
    words(line)


def test_terminal_punctuation_is_fineweb_s():
    theirs = pytest.importorskip("datatrove.utils.text").TERMINAL_PUNCTUATION
    assert theirs == TERMINAL_PUNCTUATION
