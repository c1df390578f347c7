"""From similar pairs to clusters, and which copy of each stays.

A cluster is a connected component of verified pairs; it is what a split into training and validation must not cut.
But a chain A~B~C may join texts that are not alike, so belonging to a cluster rejects nobody. Inside each, documents
are asked in order of preference, and one leaves only for a kept document that it resembles itself: every near duplicate
can be laid beside the document named in its row.
"""

from collections.abc import Callable, Iterator

import numpy as np

Similarity = Callable[[int, np.ndarray], np.ndarray]


def similar_pairs(
    hashes: np.ndarray, documents: np.ndarray, similarity: Similarity, least: float
) -> Iterator[tuple[int, int]]:
    """The verified pairs of one band: (leader, document), leader preferred, similarity at least `least`.

    `documents` are numbers in order of preference and `hashes` their values in this band. In a group of equal hashes
    each document is compared with the leaders so far and becomes one when it is like none: no pair of the group is
    missed for being unlike its first member, and a group of k copies costs k comparisons, not k².
    """
    order = np.lexsort((documents, hashes))
    hashes, documents = hashes[order], documents[order]
    ends = np.flatnonzero(np.r_[hashes[1:] != hashes[:-1], True]) + 1
    for start, end in zip(np.r_[0, ends[:-1]], ends, strict=True):
        leaders: list[int] = []
        for document in documents[start:end].tolist() if end - start > 1 else ():
            alike = similarity(document, np.array(leaders, int)) if leaders else np.zeros(0)
            matches = np.flatnonzero(alike >= least)
            if not len(matches):
                leaders.append(document)
            yield from ((leaders[match], document) for match in matches.tolist())


def components(count: int, pairs: np.ndarray) -> np.ndarray:
    """For each of `count` documents the least member of its cluster; `pairs` is an (n, 2) array of edges.

    Union-find with path halving (Tarjan and van Leeuwen, 1984); the smaller root wins, so the order of the
    pairs does not matter.
    """
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in pairs.tolist():
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return np.array([root(node) for node in range(count)], int)


def near_duplicates(
    clusters: np.ndarray, alive: np.ndarray, similarity: Similarity, least: float
) -> dict[int, tuple[int, float]]:
    """Who leaves: document → (the kept document it resembles most, their similarity).

    Documents are numbered in order of preference; `alive` are those that may stay (no exact duplicates), ascending.
    """
    kept: dict[int, list[int]] = {}
    leaving: dict[int, tuple[int, float]] = {}
    sizes = np.bincount(clusters[alive], minlength=len(clusters)) if len(alive) else np.zeros(0, int)
    for document in alive[sizes[clusters[alive]] > 1].tolist():
        stays = kept.setdefault(int(clusters[document]), [])
        alike = similarity(document, np.array(stays, int)) if stays else np.zeros(1) - 1
        best = int(alike.argmax())
        if alike[best] >= least:
            leaving[document] = (stays[best], float(alike[best]))
        else:
            stays.append(document)
    return leaving
