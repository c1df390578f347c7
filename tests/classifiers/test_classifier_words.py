"""Words and their hashes: what is a word, what is the same word, and that the batch decides nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.features import Features, Run
from classifiers.words import BUCKETS, named_words_and_pairs, spelled, words_and_pairs, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A cat, a cat", ["A", "cat", "a", "cat"]),
        ("don’t — “stop”", ["don", "t", "stop"]),
        ("東京の cat", ["東", "京", "の", "cat"]),
        ("cat東cat", ["cat", "東", "cat"]),
        ("in 1999, 24/7", ["in", "1999", "24", "7"]),
        ("naïve STRASSE", ["naïve", "STRASSE"]),
        ("𠀀𠀁", ["𠀀", "𠀁"]),
        ("😀 | • ©", []),
        ("", []),
    ],
)
def test_what_a_word_is(text, words):
    assert spelled(text) == [word.lower() for word in words]
    assert words_of([text]).counts.tolist() == [len(words)]


def test_case_digits_and_place_do_not_matter_to_a_hash():
    hashes = words_of(["Cat 1999 at the end of a longer text: CAT 2024 cat"]).hashes
    assert hashes[0] == hashes[-3] == hashes[-1]
    assert hashes[1] == hashes[-2]
    assert len(set(hashes.tolist())) == len(set("cat 0000 at the end of a longer text".split()))


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_a_text_has_the_same_features_alone_and_among_others(texts):
    features, starts = words_and_pairs(texts).flat()
    for number, text in enumerate(texts):
        alone, _ = words_and_pairs([text]).flat()
        assert features[starts[number] : starts[number + 1]].tolist() == alone.tolist()
        assert len(named_words_and_pairs(text)) == len(alone)


def test_a_text_of_n_words_has_n_minus_one_pairs():
    found = words_and_pairs(["one two three", "", "four"])
    assert found.lengths.tolist() == [5, 0, 1]
    assert named_words_and_pairs("One two three") == ["one", "two", "three", "one two", "two three"]


def test_sums_of_weights_by_text():
    weights = np.arange(BUCKETS, dtype=np.int16)
    words = Run(np.array([5, 7, 9]), np.array([0, 2, 2]), np.array([2, 0, 1]))
    pairs = Run(np.array([1, 8]), np.array([0, 2, 2]), np.array([1, 0, 0]))
    found = Features((words, pairs))
    assert found.sums(weights).tolist() == [13, 0, 9]
    assert found.flat()[0].tolist() == [5, 7, 1, 9]


def test_hashes_are_frozen():
    """A model of yesterday must find its words today."""
    assert words_and_pairs(["the loom"]).flat()[0].tolist() == FROZEN


FROZEN = [651938, 14549, 340703]
