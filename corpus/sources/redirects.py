"""Redirects and revisits, followed from a link to the page it stands for.

A link asks for one URL; the archive may answer with a redirect to another, or with a revisit record that says "as
I was there". Both are edges from one page key to another, found while scanning and followed here, at most `MAX_HOPS`
times; loops end because each link remembers where it has been. The page at the end takes the karma of the links
that lead to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

MAX_HOPS = 5
NO_EDGE = -1
# pyarrow makes these functions at import, where no type checker sees them.
pc: Any = pyarrow.compute

EDGES_SCHEMA = pa.schema([("source", pa.int64()), ("target", pa.int64()), ("url", pa.string())])

_OF_THE_LINK = (("karma", pa.int64()), ("first_posted", pa.int64()), ("refused", pa.string()))
# Link `link` leads to page `key`; `redirected_from` is "" where it does so without a redirect.
RESOLVED_SCHEMA = pa.schema(
    [("key", pa.int64()), ("link", pa.int64()), *_OF_THE_LINK, ("redirected_from", pa.string())]
)
WANTED_SCHEMA = pa.schema([("key", pa.int64()), *_OF_THE_LINK, ("redirected_from", pa.string())])


@dataclass(frozen=True)
class ResolvedLinks:
    """Row i: link number `link[i]` leads to page key `key[i]`, first over edge `edge[i]` (`NO_EDGE`: directly)."""

    link: np.ndarray
    key: np.ndarray
    edge: np.ndarray


def follow(links: np.ndarray, sources: np.ndarray, targets: np.ndarray) -> ResolvedLinks:
    """Every page key that each of `links` (int64 keys) leads to over the edges `sources[i]` → `targets[i]`."""
    order = np.lexsort((targets, sources))
    starts = sources[order]
    link, key = np.arange(len(links)), links.astype(np.int64)
    edge = np.full(len(links), NO_EDGE)
    seen = [(link, key, edge)]
    for _ in range(MAX_HOPS):
        low, high = np.searchsorted(starts, key, "left"), np.searchsorted(starts, key, "right")
        fan = high - low
        # Each key with every edge that leaves it. Sorted sources [1, 3, 3, 9], keys [3, 7]: low [1, 3], high [3, 3],
        # so fan = [2, 0]; np.repeat(low - [0, 2], fan) = [1, 1], plus [0, 1] gives places 1 and 2, both of key 3.
        taken = order[np.repeat(low - np.r_[0, np.cumsum(fan)[:-1]], fan) + np.arange(fan.sum())]
        link, key = np.repeat(link, fan), targets[taken]
        edge = np.where(np.repeat(edge, fan) == NO_EDGE, taken, np.repeat(edge, fan))
        fresh = _not_seen(link, key, seen)
        link, key, edge = link[fresh], key[fresh], edge[fresh]
        if not len(link):
            break
        seen.append((link, key, edge))
    return ResolvedLinks(*(np.concatenate(column) for column in zip(*seen, strict=True)))


def _not_seen(link: np.ndarray, key: np.ndarray, seen: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    """Positions of the (link, key) pairs that are new, each pair once: the first edge that found it."""
    old_link = np.concatenate([part[0] for part in seen])
    old_key = np.concatenate([part[1] for part in seen])
    pairs = np.stack([np.r_[old_link, link], np.r_[old_key, key]], axis=1)
    # np.unique gives the first place of each pair, and old pairs stand in front: a pair is new where its first place
    # is behind them. Old [(0, 7)], new [(0, 7), (1, 7), (1, 7)]: first places [0, 2], so position 1 alone is new.
    _, first = np.unique(pairs, axis=0, return_index=True)
    return np.sort(first[first >= len(old_link)]) - len(old_link)


def reachable(links: np.ndarray, tables: Sequence[pa.Table]) -> pa.Table:
    """The edges that `links` can reach within `MAX_HOPS`, out of tables that are each sorted by `source`.

    Tables are large and mapped; of each only the rows are touched whose source is a key that was reached.
    """
    front, seen = np.unique(links), np.zeros(0, np.int64)
    found: list[pa.Table] = []
    for _ in range(MAX_HOPS):
        if not len(front):
            break
        hop = [_rows_with(table, front) for table in tables]
        seen = np.union1d(seen, front)
        found += hop
        # Only keys that were not asked for before: loops end, and each key costs one search per table.
        front = np.setdiff1d(np.concatenate([table["target"].to_numpy() for table in hop] or [front[:0]]), seen)
    empty = pa.table([[], [], []], EDGES_SCHEMA)
    edges = pa.concat_tables([empty, *found])
    return edges.sort_by([(name, "ascending") for name in EDGES_SCHEMA.names])


def _rows_with(table: pa.Table, keys: np.ndarray) -> pa.Table:
    """The rows of a table sorted by `source` whose source is one of `keys`, which are sorted.

    Keys [3, 7] in sources [1, 3, 3, 9]: low = [1, 3], high = [3, 3], so rows 1 and 2.
    """
    sources = table["source"].to_numpy()
    low, high = np.searchsorted(sources, keys, "left"), np.searchsorted(sources, keys, "right")
    fan = high - low
    return table.take(np.repeat(low - np.r_[0, np.cumsum(fan)[:-1]], fan) + np.arange(fan.sum()))


def resolve_links(links: pa.Table, tables: Sequence[pa.Table]) -> pa.Table:
    """Where the links of a table lead over the redirects in `tables` (`RESOLVED_SCHEMA`), sorted by page and link."""
    edges = reachable(links["key"].to_numpy(), tables)
    resolved = follow(links["key"].to_numpy(), edges["source"].to_numpy(), edges["target"].to_numpy())
    chosen = links.take(pa.array(resolved.link))
    # `mask` makes null of the places without an edge, which `fill_null` turns into "".
    via = pc.fill_null(edges["url"].take(pa.array(resolved.edge, mask=resolved.edge == NO_EDGE)), "")
    columns = [pa.array(resolved.key), *(chosen[name] for name in ("key", "karma", "first_posted", "refused")), via]
    table = pa.Table.from_arrays(columns, schema=RESOLVED_SCHEMA)
    return table.sort_by([("key", "ascending"), ("link", "ascending")])


def wanted_pages(resolved: pa.Table, karma: str) -> pa.Table:
    """One row for each page that links ask for, sorted by key (`WANTED_SCHEMA`).

    `karma` is the policy ("max" or "sum") for several links that end at one page. Refused links count only for a page
    that no other link asks for; of several ways to a page the one without a redirect is named, then the least link's.
    """
    order = [(name, "ascending") for name in ("key", "refused", "redirected", "link", "redirected_from")]
    # False sorts before True: the way without a redirect comes first.
    redirected = pc.not_equal(resolved["redirected_from"], "")
    rows = resolved.append_column("redirected", redirected).sort_by(order)
    keys = rows["key"].to_numpy()
    # Keys [3, 3, 8] begin at rows [0, 2]; `page` [0, 0, 1] is the number of the key in each row.
    begins = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, int)
    first = rows.take(pa.array(begins))
    page = np.repeat(np.arange(len(begins)), np.diff(np.r_[begins, len(keys)]))
    rows = rows.filter(pc.equal(rows["refused"], first["refused"].take(pa.array(page))))
    # Of the rows that are left: those that are refused as the first one is, so all or none of a page count.
    sums = rows.group_by("key").aggregate([("karma", karma), ("first_posted", "min")]).sort_by("key")
    columns = [first["key"], sums[f"karma_{karma}"], sums["first_posted_min"], first["refused"]]
    return pa.Table.from_arrays([*columns, first["redirected_from"]], schema=WANTED_SCHEMA)
