"""Leaders, components and exact copies, against plain oracles."""

import random

import numpy as np
import pytest

from corpus.dedup.clusters import Groups, compare, components, group_starts
from corpus.dedup.exact import losers, text_key
from corpus.dedup.minhash import MinHash

CONFIG = MinHash(4, 4, min_similarity=0.75)


def signed(rng, clusters, size, changed=2):
    """Signatures in clusters: each member has up to `changed` of 16 minima of its own."""
    rows = np.zeros(clusters * size, [("signature", "<u4", (CONFIG.minima,))])
    for start in range(0, len(rows), size):
        rows["signature"][start : start + size] = rng.integers(0, 2**32, CONFIG.minima)
        for row in range(start, start + size):
            places = rng.integers(0, CONFIG.minima, changed)
            rows["signature"][row, places] = rng.integers(0, 2**32, changed)
    return rows


def oracle(rows, order):
    """In turn: leave for the most similar leader, or become one; and who is connected with whom."""
    leaders, leaving, joined = [], {}, {place: {place} for place in range(len(order))}
    for place, row in enumerate(order):
        best = 0
        for leader in leaders:
            same = int((rows["signature"][row] == rows["signature"][order[leader]]).sum())
            if same >= CONFIG.needed:
                whole = joined[leader] | joined[place]
                joined.update(dict.fromkeys(whole, whole))
                if same > best:
                    best, leaving[place] = same, (leader, same)
        if not best:
            leaders.append(place)
    return leaving, [min(joined[place]) for place in range(len(order))]


@pytest.mark.parametrize("seed", range(6))
def test_leaders_are_those_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    rows = signed(rng, 12, 6)
    order = rng.permutation(len(rows))
    starts = np.array([0, 30, 30, len(rows)])
    found = compare(Groups(rows, order, starts), CONFIG)
    for start, stop in ((0, 30), (30, len(rows))):
        leaving, joined = oracle(rows, order[start:stop])
        assert {place: (int(found.leader[start + place]) - start, int(found.same[start + place]))
                for place in range(stop - start) if found.leader[start + place] >= 0} == leaving  # fmt: skip
        assert (found.cluster[start:stop] - start).tolist() == joined
    assert found.left_out == 0


def test_given_leaders_alone_are_asked():
    """Places 0 and 1 lead; 2 is like 3 and like nobody in front, 4 is like 0."""
    rng = np.random.default_rng(1)
    rows = np.zeros(5, [("signature", "<u4", (CONFIG.minima,))])
    rows["signature"] = rng.integers(0, 2**32, rows["signature"].shape)
    rows["signature"][3], rows["signature"][4] = rows["signature"][2], rows["signature"][0]
    found = compare(Groups(rows, np.arange(5), np.array([0, 5]), np.array([2])), CONFIG)
    assert found.leader.tolist() == [-1, -1, -1, -1, 0]


def test_the_similarity_that_counts_is_the_one_that_was_asked_for():
    assert MinHash(min_similarity=0.7).needed == 79
    assert MinHash(min_similarity=0.75).needed == 84
    assert MinHash(min_similarity=1).needed == 112


@pytest.mark.parametrize("count", [2_000, 8_000, 32_000])
def test_unlike_documents_cost_a_bounded_number_of_comparisons(count):
    """Every one leads, so each would be compared with all before it: beyond `most`, what is left out is counted."""
    config, most = MinHash(), 256
    rows = np.zeros(count, [("signature", "<u4", (config.minima,))])
    rows["signature"] = np.random.default_rng(2).integers(0, 2**32, rows["signature"].shape, np.uint32)
    found = compare(Groups(rows, np.arange(count), np.array([0, count])), config, most)
    assert (found.leader < 0).all()
    compared = count * (count - 1) // 2 - found.left_out
    assert most * (most - 1) // 2 <= compared <= most * count


@pytest.mark.parametrize(("similarity", "promised"), [(0.8, 0.8), (0.9, 0.99)])
def test_in_a_crowd_similar_pairs_are_found_as_often_as_promised(similarity, promised):
    """A template of a third of the minima, 3,000 unlike pages on it, and for 400 of them a similar one after all."""
    config, rng = MinHash(), np.random.default_rng(3)
    rows = np.zeros(3_400, [("signature", "<u4", (config.minima,))])
    rows["signature"] = rng.integers(0, 2**32, rows["signature"].shape, np.uint32)
    template = rng.integers(0, 2**32, config.minima, np.uint32)
    some = rng.random((3_000, config.minima)) < 0.34
    rows["signature"][:3_000] = np.where(some, template, rows["signature"][:3_000])
    same = rng.random((400, config.minima)).argsort(axis=1) < round(similarity * config.minima)
    rows["signature"][3_000:] = np.where(same, rows["signature"][:400], rows["signature"][3_000:])
    found = compare(Groups(rows, np.arange(len(rows)), np.array([0, len(rows)])), config, 512)
    assert found.left_out > 0
    assert (found.leader[3_000:] == np.arange(400)).mean() >= promised
    assert (found.leader[:3_000] < 0).all()


def test_components_are_those_of_a_plain_search():
    rng = random.Random(1)
    for _ in range(20):
        edges = [(rng.randrange(40), rng.randrange(40)) for _ in range(rng.randrange(60))]
        label = list(range(40))
        for _ in range(40):
            for one, other in edges:
                label[one] = label[other] = min(label[one], label[other])
        rng.shuffle(edges)
        nodes, least = components(np.array(edges, np.int64).reshape(-1, 2))
        assert nodes.tolist() == sorted({node for edge in edges for node in edge})
        assert least.tolist() == [label[node] for node in nodes]


@pytest.mark.parametrize("kind", ["chain", "star"])
def test_a_long_chain_and_a_large_star_are_one_cluster(kind):
    count = 100_000
    others = np.arange(1, count)
    pairs = np.stack([others - 1 if kind == "chain" else np.zeros_like(others), others], 1) * 7_919
    np.random.default_rng(0).shuffle(pairs)
    nodes, least = components(pairs)
    assert len(nodes) == count and not least.any()


def test_groups_start_where_a_key_changes():
    assert group_starts(np.array([1, 1, 2]), np.array([5, 6, 6])).tolist() == [0, 1, 2, 3]
    assert group_starts(np.zeros(0)).tolist() == [0]


def rows_of(*documents):
    fields = [
        ("number", "<i8"),
        ("karma", "<i8"),
        ("characters", "<i8"),
        ("date", "S20"),
        ("id", "S8"),
        ("page", "<i8"),
    ]
    return np.array([(number, *document) for number, document in enumerate(documents)], fields)


def test_the_best_copy_stays():
    """By karma, then characters, then date, then id."""
    rows = rows_of(
        (1, 10, b"2019", b"e", 7),
        (2, 5, b"2020", b"d", 7),
        (2, 9, b"2020", b"c", 7),
        (2, 9, b"2019", b"b", 7),
        (2, 9, b"2019", b"a", 7),
        (9, 9, b"2019", b"f", 8),
    )
    places, leaders = losers(rows, [rows["page"]])
    assert (places.tolist(), leaders.tolist()) == ([0, 1, 2, 3], [4] * 4)
    places, leaders = losers(rows, [rows["page"], rows["characters"]])
    assert (places.tolist(), leaders.tolist()) == ([2, 3], [4, 4])
    assert losers(rows[:0], [rows["page"][:0]])[0].tolist() == []


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
