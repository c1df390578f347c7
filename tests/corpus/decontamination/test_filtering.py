"""GPT-3's filtering, case by case: what is a hit, what is cut, how pieces are counted, what is dropped."""

import unicodedata

import pytest
from leaking_corpora import filtered, index_of, prose, words

from corpus.decontamination.filtering import (
    MANY_PIECES,
    NOTHING_LEFT,
    FilteringRule,
    filter_document,
    merge_spans,
    pieces_between,
    surrounding,
)

LEAK = words(0, 60)
RULE = FilteringRule()


def leaked(text: str, before: int = 500, after: int = 500) -> tuple[str, int, int]:
    """A document with a passage in it, and where that begins and ends."""
    return prose(before) + text + prose(after, "other"), before, before + len(text)


@pytest.mark.parametrize("count", [13, 22, 23, 40])
def test_a_leak_of_13_words_or_more_is_one_cut_with_its_window(count):
    text, start, end = leaked(words(3, count))
    (found,) = filtered([text])
    assert found.reason == "" and found.pieces == 2
    assert found.cuts == ((start - 200, end + 200),)


def test_a_leak_of_12_words_stays():
    assert filtered([leaked(words(3, 12))[0]])[0].cuts == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(" ", " — ", 7).replace(" ", " - ", 3),
        lambda text: "“" + text.upper().replace(" ", ", ") + "!”",
        lambda text: text.replace(" ", "\n\n").replace("leak7", "(le\u00adak7)"),
        lambda text: text.replace(" ", "\u00a0"),
    ],
    ids=["free-standing dashes", "capitals and signs", "line breaks and a soft hyphen", "no-break spaces"],
)
def test_signs_case_and_white_space_hide_no_leak(change):
    text, start, end = leaked(change(words(0, 20)))
    (found,) = filtered([text])
    (cut,) = found.cuts
    assert cut[0] <= start - 190 and cut[1] >= end + 190, "signs at its ends may be of no word"


def test_a_word_in_between_is_no_dash():
    assert filtered([leaked(words(0, 12) + " and " + words(12, 12))[0]])[0].cuts == ()


def test_two_leaks_that_overlap_are_one_cut():
    second = index_of([[LEAK]], [[words(10, 30) + " " + words(100, 10)]])
    text, start, end = leaked(words(0, 20) + " " + words(20, 20) + " " + words(100, 10))
    assert filtered([text], second)[0].cuts == ((start - 200, end + 200),)


def test_two_leaks_whose_windows_overlap_are_one_cut_and_two_pieces():
    text = prose(500) + words(0, 13) + prose(399) + words(20, 13) + prose(500)
    (found,) = filtered([text])
    assert found.pieces == 2 and len(found.cuts) == 1
    apart = prose(500) + words(0, 13) + prose(600) + words(20, 13) + prose(500)
    assert filtered([apart])[0].pieces == 3 and len(filtered([apart])[0].cuts) == 2


@pytest.mark.parametrize(("documents", "are_cut"), [(10, True), (11, False)])
def test_a_gram_in_more_than_10_documents_is_a_common_phrase(documents, are_cut):
    texts = [leaked(words(0, 13), 500 + number)[0] for number in range(documents)]
    assert all(bool(found.cuts) == are_cut for found in filtered([*texts, prose(900)])[:-1])


def test_a_gram_counts_once_in_a_document_that_has_it_often():
    text = prose(900) + (words(0, 13) + prose(900)) * 5
    assert len(filtered([text] * 10)[0].cuts) == 5


def test_of_a_leak_only_the_common_grams_are_ignored():
    texts = [leaked(words(0, 13), 500 + number)[0] for number in range(11)]
    text, start, end = leaked(words(0, 30))
    cut = filtered([*texts, text])[-1].cuts[0]
    assert cut == (start + len("leak0 ") - 200, end + 200), "all but the first gram"


@pytest.mark.parametrize(("length", "stays"), [(199, False), (200, True)])
def test_pieces_of_less_than_200_characters_are_dropped(length, stays):
    text, _, end = leaked(words(0, 13), before=length + 200)
    (found,) = filtered([text])
    assert found.cuts == ((length if stays else 0, end + 200),) and found.pieces == 2


@pytest.mark.parametrize(("pieces", "reason"), [(10, ""), (11, MANY_PIECES)])
def test_a_document_in_more_than_10_pieces_is_dropped(pieces, reason):
    text = (prose(700) + words(0, 20)) * (pieces - 1) + prose(700)
    (found,) = filtered([text])
    assert (found.reason, found.pieces) == (reason, pieces)


def test_short_pieces_count_too():
    """What is split 11 times is contaminated, whatever the length of the pieces."""
    cuts = [(100 * number, 100 * number + 50) for number in range(1, 12)]
    assert filter_document(2000, cuts, RULE).reason == MANY_PIECES


def test_a_document_of_which_no_piece_is_left_is_dropped():
    (found,) = filtered([leaked(words(0, 13), 399, 399)[0]])
    assert (found.reason, found.pieces) == (NOTHING_LEFT, 2)
    assert filtered([words(0, 13)])[0].reason == NOTHING_LEFT


def test_a_cut_parts_no_letter_from_its_marks():
    text = "a" * 299 + "e\u0301\u0323" + words(0, 13) + "o" * 199 + "u\u0308\u0301" + "b" * 300
    start = text.index("leak")
    cut = surrounding(text, (start, start + len(words(0, 13))), 1)
    assert text[: cut[0]] == "a" * 299, "the letter goes with its marks"
    start, end = surrounding(text, (300 + 202, 300 + 203), 200)
    assert not unicodedata.combining(text[start]) and not unicodedata.combining(text[end])


@pytest.mark.parametrize(
    "sequence", ["\U0001f469\u200d\U0001f4bb", "\U0001f44d\U0001f3fd", "\u0915\u093f\u0902", "❤\ufe0f"]
)
def test_a_cut_parts_no_sequence(sequence):
    for offset in range(1, len(sequence)):
        text = "a" * 200 + sequence + "b" * 200
        assert surrounding(text, (200 + offset, 200 + offset), 0) == (200, 200 + len(sequence))


def test_cuts_at_the_ends_of_a_document():
    text = words(0, 20) + prose(800)
    assert filtered([text])[0].cuts == ((0, len(words(0, 20)) + 200),)
    text = prose(800) + words(0, 20)
    assert filtered([text])[0].cuts == ((600, len(text)),)


def test_spans_are_merged_where_they_touch():
    assert merge_spans([(5, 9), (0, 3), (3, 4), (8, 12), (20, 21)]) == [(0, 4), (5, 12), (20, 21)]
    assert pieces_between(10, [(0, 2), (4, 10)]) == [(2, 4)]
    assert pieces_between(10, []) == [(0, 10)]
