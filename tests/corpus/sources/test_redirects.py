"""Links followed over redirects, against a walk that a person can check."""

import random

import numpy as np
import pyarrow as pa
import pytest

from corpus.sources.links import LINKS_SCHEMA
from corpus.sources.redirects import MAX_HOPS, NO_EDGE, follow, targets_of


def walk(links, edges):
    """The plain way: breadth first, one link at a time."""
    found = set()
    for number, start in enumerate(links):
        front = {start}
        seen = {start}
        for _ in range(MAX_HOPS):
            front = {target for source, target in edges if source in front} - seen
            seen |= front
        found |= {(number, key) for key in seen}
    return found


def pairs(links, edges):
    sources, targets = (np.array(column, np.int64) for column in zip(*edges, strict=True)) if edges else ([], [])
    leads = follow(np.array(links, np.int64), np.array(sources, np.int64), np.array(targets, np.int64))
    assert len(leads.link) == len(set(zip(leads.link.tolist(), leads.key.tolist(), strict=True))), "each pair once"
    return set(zip(leads.link.tolist(), leads.key.tolist(), strict=True)), leads


@pytest.mark.parametrize(
    ("links", "edges"),
    [
        ([1, 2], []),
        ([1], [(1, 2), (2, 3)]),
        ([1], [(1, 2), (2, 1)]),
        ([1], [(1, 1)]),
        ([1, 5], [(1, 2), (5, 2), (2, 9)]),
        ([1], [(1, 2), (1, 3), (2, 4), (3, 4)]),
        ([0], [(n, n + 1) for n in range(20)]),
    ],
)
def test_follow_is_the_plain_walk(links, edges):
    assert pairs(links, edges)[0] == walk(links, edges)


def test_follow_is_the_plain_walk_on_random_graphs():
    rng = random.Random(5)
    for _ in range(30):
        edges = sorted({(rng.randrange(15), rng.randrange(15)) for _ in range(rng.randrange(30))})
        links = sorted(rng.sample(range(15), 6))
        assert pairs(links, edges)[0] == walk(links, edges)


def table(*rows):
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(columns, LINKS_SCHEMA)


def test_a_page_takes_the_karma_of_the_links_that_lead_to_it():
    links = table((1, 5, 100, "", 0), (2, 7, 90, "", 0), (3, 99, 80, "link.deleted", 0))
    _, leads = pairs([1, 2, 3], [(1, 9), (2, 9), (3, 9), (3, 8)])
    urls = pa.chunked_array([["u1", "u2", "u3", "u3"]])
    by_key = {row["key"]: row for row in targets_of(leads, links, "max", urls).to_pylist()}
    assert (by_key[9]["karma"], by_key[9]["first_posted"], by_key[9]["refused"]) == (7, 90, "")
    assert by_key[9]["redirected_from"] == "u1"
    assert (by_key[8]["karma"], by_key[8]["refused"]) == (99, "link.deleted")
    assert by_key[1]["redirected_from"] == ""
    summed = {row["key"]: row for row in targets_of(leads, links, "sum", urls).to_pylist()}
    assert summed[9]["karma"] == 12


def test_no_links_lead_nowhere():
    empty = pa.table([[]] * len(LINKS_SCHEMA), LINKS_SCHEMA)
    _, leads = pairs([], [(1, 2)])
    assert targets_of(leads, empty, "max", pa.chunked_array([["u"]])).num_rows == 0
    assert NO_EDGE == -1
