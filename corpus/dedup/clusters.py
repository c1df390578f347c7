"""From candidates to pairs, from pairs to clusters, and which copy of each stays.

In a group (a bucket of equal bands, a cluster) documents are asked in order of preference. Each is compared with the
leaders so far, and becomes one when it resembles none: no pair of the group is missed for being unlike its first
member, and a group of k copies costs k comparisons, not k². A group of unlike documents would still cost k²/2, so a
document is compared with at most `MOST` leaders, chosen by what its signature shares with theirs
(native/groups.cpp); how many comparisons that left out is counted.

A cluster is a connected component of verified pairs; it is what a split into training and validation must not cut.
But a chain A~B~C may join texts that are not alike, so belonging to a cluster rejects nobody: a document leaves only
for a leader of its cluster that it resembles itself, and can be laid beside it.
"""

from ctypes import byref
from dataclasses import dataclass

import numpy as np

from corpus.dedup.minhash import MinHash
from corpus.dedup.native import Found, Limits, Rows, library

# Comparisons that one document of a group may cost.
MOST = 1024


@dataclass(frozen=True)
class Compared:
    """What a comparison found, an entry for each place of the order.

    `leader` is the place of the leader that the document resembles most (-1: it leads), `same` the number of their
    equal minima, `cluster` the least place that it is connected with. `left_out` pairs were not compared.
    """

    leader: np.ndarray
    same: np.ndarray
    cluster: np.ndarray
    left_out: int


@dataclass(frozen=True)
class Groups:
    """Rows of a structured array with a field `signature` ((minima,) uint32), put into groups.

    Place p is row `order[p]`; group g are the places `starts[g]` to `starts[g + 1]`, best first. With `middles`, those
    in front of `middles[g]` are the leaders, and only those behind it are asked.
    """

    rows: np.ndarray
    order: np.ndarray
    starts: np.ndarray
    middles: np.ndarray | None = None


def compare(groups: Groups, config: MinHash, most: int = MOST) -> Compared:
    """Compare the documents of each group, O(`most`) comparisons a document. `MemoryError` where there is none left."""
    order, starts = (np.ascontiguousarray(values, np.int64) for values in (groups.order, groups.starts))
    middles = None if groups.middles is None else np.ascontiguousarray(groups.middles, np.int64)
    count = len(order)
    leader, same, cluster = np.full(count, -1), np.zeros(count, np.int32), np.arange(count)
    fields = groups.rows.dtype.fields
    assert fields is not None and groups.rows.flags.c_contiguous
    # Where in each row the signature lies: native code steps over the rows without a copy.
    rows = Rows(groups.rows.ctypes.data, groups.rows.dtype.itemsize, fields["signature"][1], order.ctypes.data)
    found = Found(leader.ctypes.data, same.ctypes.data, cluster.ctypes.data)
    left_out = library().dedup_compare(
        byref(rows),
        starts.ctypes.data,
        None if middles is None else middles.ctypes.data,
        len(starts) - 1,
        byref(Limits(config.minima, config.needed, most)),
        byref(found),
    )
    if left_out < 0:
        raise MemoryError(f"a group of {int(np.diff(starts).max()):,} documents does not fit into memory")
    return Compared(leader, same, cluster, left_out)


def group_starts(*keys: np.ndarray) -> np.ndarray:
    """(groups + 1,) places where equal keys begin, and the end; the keys are sorted."""
    # Keys 5 5 7 begin groups at 0 and 2, and end at 3: [0, 2, 3]. Beside 1 2 2 as second keys all three differ.
    count = len(keys[0])
    changed = np.zeros(max(count - 1, 0), bool)
    for key in keys:
        changed |= key[1:] != key[:-1]
    return np.r_[0, np.flatnonzero(changed) + 1, count] if count else np.zeros(1, int)


def components(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) int64 pairs → the nodes in them, sorted, and for each the least node of its component.

    Union-find with path halving (Tarjan and van Leeuwen, 1984); the smaller root wins, so the order of the
    pairs does not matter. About 60 bytes a pair.
    """
    # Pairs (7, 3) (9, 7): nodes [3 7 9], and the pairs by their places [1 0 2 1].
    nodes, places = np.unique(pairs.reshape(-1), return_inverse=True)
    places = np.ascontiguousarray(places.reshape(-1), np.int64)
    parent = np.empty(len(nodes), np.int64)
    library().dedup_components(len(nodes), places.ctypes.data, len(pairs), parent.ctypes.data)
    return nodes, nodes[parent]
