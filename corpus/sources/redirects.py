"""Where links lead: redirects and revisits followed to the pages they stand for.

A link asks for one URL; the archive may answer with a redirect to another, or with a revisit record that says "as
I was there". Both are edges from one page key to another, found while scanning and followed here, at most `MAX_HOPS`
times; loops end because each link remembers where it has been. The page at the end takes the karma of the links
that lead to it.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

MAX_HOPS = 5
NO_EDGE = -1

TARGETS_SCHEMA = pa.schema(
    [
        ("key", pa.int64()),
        ("karma", pa.int64()),
        ("first_posted", pa.int64()),
        ("refused", pa.string()),
        ("redirected_from", pa.string()),
    ]
)


@dataclass(frozen=True)
class Leads:
    """Row i: link number `link[i]` leads to page key `key[i]`, first over edge `edge[i]` (`NO_EDGE`: directly)."""

    link: np.ndarray
    key: np.ndarray
    edge: np.ndarray


def follow(links: np.ndarray, sources: np.ndarray, targets: np.ndarray) -> Leads:
    """Every page key that each of `links` (int64 keys) leads to over the edges `sources[i]` → `targets[i]`."""
    order = np.lexsort((targets, sources))
    starts = sources[order]
    link, key = np.arange(len(links)), links.astype(np.int64)
    edge = np.full(len(links), NO_EDGE)
    seen = [(link, key, edge)]
    for _ in range(MAX_HOPS):
        low, high = np.searchsorted(starts, key, "left"), np.searchsorted(starts, key, "right")
        fan = high - low
        taken = order[np.repeat(low - np.r_[0, np.cumsum(fan)[:-1]], fan) + np.arange(fan.sum())]
        link, key = np.repeat(link, fan), targets[taken]
        edge = np.where(np.repeat(edge, fan) == NO_EDGE, taken, np.repeat(edge, fan))
        fresh = _not_seen(link, key, seen)
        link, key, edge = link[fresh], key[fresh], edge[fresh]
        if not len(link):
            break
        seen.append((link, key, edge))
    return Leads(*(np.concatenate(column) for column in zip(*seen, strict=True)))


def _not_seen(link: np.ndarray, key: np.ndarray, seen: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    """Positions of the (link, key) pairs that are new, each pair once: the first edge that found it."""
    old_link = np.concatenate([part[0] for part in seen])
    old_key = np.concatenate([part[1] for part in seen])
    pairs = np.stack([np.r_[old_link, link], np.r_[old_key, key]], axis=1)
    _, first = np.unique(pairs, axis=0, return_index=True)
    return np.sort(first[first >= len(old_link)]) - len(old_link)


def targets_of(leads: Leads, links: pa.Table, karma: str, urls: pa.ChunkedArray) -> pa.Table:
    """The pages that links ask for, sorted by key (`TARGETS_SCHEMA`).

    `links` is the link table, `urls[e]` the URL over which edge e begins, `karma` the policy ("max" or "sum") for
    several links that end at one page. Refused links count only for a page that no other link asks for.
    """
    reasons, rank = np.unique(np.array(links["refused"].to_pylist(), object).astype(str), return_inverse=True)
    refused = rank.reshape(-1)[leads.link] if len(leads.link) else leads.link
    order = np.lexsort((leads.edge, refused, leads.key))
    key, edge, refused = leads.key[order], leads.edge[order], refused[order]
    votes = links["karma"].to_numpy()[leads.link[order]]
    posted = links["first_posted"].to_numpy()[leads.link[order]]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, int)
    page = np.cumsum(np.r_[True, key[1:] != key[:-1]]) - 1 if len(key) else np.zeros(0, int)
    counts = refused == refused[starts][page]
    keys, votes, posted, page = key[starts], votes[counts], posted[counts], page[counts]
    begins = np.flatnonzero(np.r_[True, page[1:] != page[:-1]]) if len(page) else np.zeros(0, int)
    total = (np.maximum if karma == "max" else np.add).reduceat(votes, begins) if len(begins) else votes
    first = np.minimum.reduceat(posted, begins) if len(begins) else posted
    via = edge[starts]
    names = ["" if number == NO_EDGE else urls[number].as_py() for number in via.tolist()]
    columns = [keys, total, first, reasons[refused[starts]].tolist(), names]
    return pa.Table.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, TARGETS_SCHEMA, strict=True)], schema=TARGETS_SCHEMA
    )
