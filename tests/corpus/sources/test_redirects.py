"""Links followed over redirects, against a walk that a person can check."""

import random

import numpy as np
import pyarrow as pa
import pytest

from corpus.sources.links import LINKS_SCHEMA
from corpus.sources.redirects import EDGES_SCHEMA, MAX_HOPS, follow, resolve_links, wanted_pages


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
    resolved = follow(np.array(links, np.int64), np.array(sources, np.int64), np.array(targets, np.int64))
    assert len(resolved.link) == len(set(zip(resolved.link.tolist(), resolved.key.tolist(), strict=True))), (
        "each pair once"
    )
    return set(zip(resolved.link.tolist(), resolved.key.tolist(), strict=True)), resolved


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


def edges_of(*rows):
    """Sorted tables of (source, target, url), each row in one of two of them."""
    rows = sorted(rows)
    columns = [[list(column) for column in zip(*some, strict=True)] or [[], [], []] for some in (rows[::2], rows[1::2])]
    return [pa.table(found, EDGES_SCHEMA) for found in columns]


def wanted(links, tables, karma):
    return {row["key"]: row for row in wanted_pages(resolve_links(links, tables), karma).to_pylist()}


def test_a_page_takes_the_karma_of_the_links_that_lead_to_it():
    links = table((1, 5, 100, "", 0), (2, 7, 90, "", 0), (3, 99, 80, "link.deleted", 0))
    tables = edges_of((1, 9, "u1"), (2, 9, "u2"), (3, 9, "u3"), (3, 8, "u3"))
    by_key = wanted(links, tables, "max")
    assert (by_key[9]["karma"], by_key[9]["first_posted"], by_key[9]["refused"]) == (7, 90, "")
    assert by_key[9]["redirected_from"] == "u1"
    assert (by_key[8]["karma"], by_key[8]["refused"]) == (99, "link.deleted")
    assert by_key[1]["redirected_from"] == ""
    assert wanted(links, tables, "sum")[9]["karma"] == 12


def test_a_link_without_a_redirect_is_named_before_one_with():
    links = table((1, 5, 100, "", 0), (9, 7, 90, "", 0))
    assert wanted(links, edges_of((1, 9, "u1")), "max")[9] == {
        "key": 9, "karma": 7, "first_posted": 90, "refused": "", "redirected_from": "",
    }  # fmt: skip


def test_ranges_of_links_lead_where_all_of_them_lead():
    """Cut in two anywhere, the resolved links are the same rows."""
    rng = random.Random(11)
    rows = [(rng.randrange(40), rng.randrange(40), f"u{n}") for n in range(80)]
    links = table(*((key, rng.randrange(9), rng.randrange(9), "", 0) for key in range(0, 40, 2)))
    whole = resolve_links(links, edges_of(*set(rows)))
    for cut in (0, 1, 7, 20):
        halves = [resolve_links(half, edges_of(*set(rows))) for half in (links.slice(0, cut), links.slice(cut))]
        order = [("key", "ascending"), ("link", "ascending")]
        assert pa.concat_tables(halves).sort_by(order).equals(whole)


def test_no_links_lead_nowhere():
    empty = pa.table([[]] * len(LINKS_SCHEMA), LINKS_SCHEMA)
    assert wanted(empty, edges_of((1, 2, "u")), "max") == {}
    assert wanted(empty, [], "sum") == {}


@pytest.mark.parametrize("karma", ["max", "sum"])
def test_each_of_many_pages_keeps_its_own_link(karma):
    """Arrow's grouping gives thousands of keys in no particular order."""
    rng = random.Random(12)
    rows = sorted((rng.randrange(-(2**63), 2**63), rng.randrange(9), n, "", 0) for n in range(5000))
    found = wanted(table(*rows), [], karma)
    assert [(key, row["karma"], row["first_posted"]) for key, row in found.items()] == [row[:3] for row in rows]
