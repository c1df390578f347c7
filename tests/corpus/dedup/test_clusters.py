"""Pairs, components and who leaves, against plain oracles."""

import random

import numpy as np
import pytest

from corpus.dedup.clusters import components, near_duplicates, similar_pairs
from corpus.dedup.exact import exact_duplicates, text_key

# Documents are points; two are similar when they lie close together.
POINTS = np.array([0.0, 0.1, 0.2, 0.3, 5.0, 5.05, 9.0])


def similarity(one, others):
    return 1 - np.abs(POINTS[others] - POINTS[one])


def test_all_similar_pairs_of_a_group_are_found_or_led():
    documents = np.arange(len(POINTS))
    found = set(similar_pairs(np.zeros(len(POINTS), int), documents, similarity, 0.85))
    assert found == {(0, 1), (2, 3), (4, 5)}


def test_pairs_need_a_common_hash():
    hashes = np.array([1, 2, 2, 3, 4, 4, 4])
    found = set(similar_pairs(hashes, np.arange(len(POINTS)), similarity, 0.85))
    assert found == {(1, 2), (4, 5)}


def test_components_are_those_of_a_plain_search():
    rng = random.Random(1)
    for _ in range(20):
        edges = [(rng.randrange(40), rng.randrange(40)) for _ in range(rng.randrange(60))]
        label = list(range(40))
        for _ in range(40):
            for one, other in edges:
                label[one] = label[other] = min(label[one], label[other])
        rng.shuffle(edges)
        pairs = np.array(edges, int).reshape(-1, 2)
        assert components(40, pairs).tolist() == label


def test_a_long_chain_is_one_cluster():
    chain = np.stack([np.arange(9_999), np.arange(1, 10_000)], 1)
    np.random.default_rng(0).shuffle(chain)
    assert set(components(10_000, chain).tolist()) == {0}


def test_nobody_leaves_for_a_document_that_it_does_not_resemble():
    clusters = np.array([0, 0, 0, 0, 4, 4, 6])
    leaving = near_duplicates(clusters, np.arange(7), similarity, 0.85)
    assert {document: other for document, (other, _) in leaving.items()} == {1: 0, 3: 2, 5: 4}
    for document, (other, alike) in leaving.items():
        assert alike == pytest.approx(1 - abs(POINTS[document] - POINTS[other]))


def test_exact_duplicates_go_out_again_and_cannot_lead():
    clusters = np.array([0, 0, 0, 0, 4, 4, 6])
    leaving = near_duplicates(clusters, np.array([1, 2, 3, 4, 6]), similarity, 0.85)
    assert set(leaving) == {2}


def test_exact_rules_are_asked_in_turn():
    ids = np.array(["a", "a", "b", "c", "d"])
    pages = np.array([1, 1, 1, 2, 3])
    texts = np.array(["x", "x", "y", "x", "z"])
    found = exact_duplicates([ids, pages, texts])
    assert found.rule.tolist() == [-1, 0, 1, 2, -1]
    assert found.leader.tolist() == [0, 0, 0, 0, 4]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a b", "a  b\n", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("a b", "A b", False),
        ("ab", "a b", False),
    ],
)
def test_white_space_and_unicode_form_make_no_other_text(one, other, same):
    assert (text_key(one) == text_key(other)) == same
