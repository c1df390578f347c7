"""The index and the compiled scan, against plain sets of tuples of words."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaking_corpora import index_of, parts_of, words

from corpus.decontamination.grams import example_lengths, examples_with, passages_table
from corpus.decontamination.native import gram_keys
from corpus.decontamination.overlap import gram_words
from corpus.decontamination.words import words_of

TOKENS = st.sampled_from(
    ["a", "b", "B!", "é", "e\u0301", "—", "İx", "ΑΣ", "한", "\u1112\u1161\u11ab", "\u200b", "कि", "🙂"]
)
TEXTS = st.lists(TOKENS, max_size=60).map(" ".join)


def test_words_have_the_places_of_their_tokens():
    found = [(word.key, word.start, word.end) for word in words_of("A “well-known” — fact.")]
    assert found == [("a", 0, 1), ("wellknown", 2, 14), ("fact", 17, 22)]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_words_are_those_of_their_own_words(text):
    keys = [word.key for word in words_of(text)]
    assert [word.key for word in words_of(" ".join(keys))] == keys
    assert all(not set(key) & set(" \n\u2014.,'") for key in keys)


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_the_scan_finds_what_sets_of_tuples_find(benchmark, texts):
    """Few different words, so that most grams stand everywhere; composed and decomposed letters are the same."""
    index = index_of([[benchmark]], lengths=(8, 10), partitions=4)
    keys = [word.key for word in words_of(benchmark)]
    known = {tuple(keys[at : at + length]) for length in (8, 10) for at in range(len(keys) - length + 1)}
    expected = set()
    for number, text in enumerate(texts):
        found = words_of(text)
        for length in (8, 10):
            for at in range(len(found) - length + 1):
                gram = tuple(word.key for word in found[at : at + length])
                if gram in known:
                    expected.add((number, found[at].start, found[at + length - 1].end, " ".join(gram)))
    hits = list(index.scan(texts))
    assert len(hits) == len(expected)
    assert {(hit.document, hit.start, hit.end, hit.gram) for hit in hits} == expected


@settings(deadline=None)
@given(st.text(max_size=300))
def test_keys_of_any_text(text):
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    assert len(gram_keys(text, 8)) == max(0, len(words_of(text)) - 7)


def test_a_key_leads_to_every_example_that_has_the_gram():
    given = [[words(0, 20)], [words(50, 9), words(5, 14)]], [[words(0, 13)]]
    index, parts = index_of(*given, partitions=2), parts_of(*given, partitions=2)

    def examples(key):
        found = [row for part in parts for row in examples_with(*part, np.array([key], np.uint64)).tolist()]
        return sorted(map(tuple, found))

    (hit,) = index.scan([words(5, 13)])
    assert examples(hit.key) == [(0, 0, 13), (0, 1, 13)]
    (hit,) = index.scan(["so " + words(0, 13) + " then"])
    assert (hit.benchmark, hit.gram, index.gram(hit.key)) == ("a", words(0, 13), words(0, 13))
    assert examples(hit.key) == [(0, 0, 13), (1, 0, 13)]
    assert examples(hit.key + 1) == [] and index.gram(hit.key + 1) == ""


def test_the_least_benchmark_is_the_evidence_for_any_order_of_entries():
    for partitions in (1, 2, 8):
        index = index_of([["x"]], [[words(3, 13)]], [[words(0, 30)]], partitions=partitions)
        assert {hit.benchmark for hit in index.scan([words(0, 30)]) if hit.gram == words(3, 13)} == {"b"}


def test_an_index_without_grams_finds_nothing():
    assert list(index_of([[words(0, 12)]]).scan([words(0, 12)])) == []


def test_the_length_of_an_example_is_that_of_its_longest_passage():
    table = passages_table([("a b c", "a b c d"), ("— !",), ("x y",)])
    assert example_lengths(table).tolist() == [4, 0, 2]


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([20] * 99 + [1], 13),
        (range(1, 101), 8),
        ([5, *[11] * 9], 8),
        ([11] * 40, 11),
        ([], 13),
        ([12] * 95 + [9] * 5, 9),
    ],
)
def test_n_is_the_5th_percentile_between_8_and_13(lengths, expected):
    assert gram_words(list(lengths)) == expected
