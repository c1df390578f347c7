"""Connected components in rounds: each node's edges can be looked at by another worker.

Large-star and small-star in turn (Kiveris et al. 2014, Connected Components in MapReduce and Beyond). An edge is a pair
of nodes (larger, smaller). Large-star hangs the larger neighbours of a node on the least of its neighbours and itself,
small-star all smaller ones; neither cuts a component in two, and neither makes an edge more. Where both change nothing,
each component is a star around its least node, which is what union-find gives (`corpus.dedup.clusters.components`).
"""

import numpy as np

from corpus.dedup.clusters import components, group_starts


def large_star(edges: np.ndarray) -> tuple[np.ndarray, int]:
    """(n, 2) edges as (node, neighbour), those of a node complete → (m, 2) as (larger, smaller), and how many changed.

    Whoever calls has each edge twice, once for each of its nodes.
    """
    # The chain 1-2-3-4: node 2 hangs 3 on 1, node 3 hangs 4 on 2. So (2,1) (3,1) (4,2), 2 changed; the next time
    # that is (4,1). A chain is about half as long after each round.
    edges, least = _with_least(edges)
    # Only neighbours that are larger than the node move; each edge is seen from its smaller end.
    far = edges[:, 1] > edges[:, 0]
    found = np.stack([edges[far, 1], least[far]], 1)
    return distinct(found), int((least[far] != edges[far, 0]).sum())


def small_star(edges: np.ndarray) -> tuple[np.ndarray, int]:
    """(n, 2) edges as (larger, smaller), those of a larger node complete → the same, and how many changed."""
    # (4,3) (4,2) (5,1): of node 4 the least is 2, so 3 goes there too: (3,2) (4,2) (5,1), 1 changed.
    edges, least = _with_least(edges)
    other = edges[:, 1] != least
    moved = np.stack([edges[other, 1], least[other]], 1)
    return distinct(np.concatenate([edges[~other], moved])), int(other.sum())


def both_ways(edges: np.ndarray) -> np.ndarray:
    """(n, 2) → (2 n, 2): each edge for either of its nodes, as `large_star` takes them."""
    return np.concatenate([edges, edges[:, ::-1]])


def distinct(edges: np.ndarray) -> np.ndarray:
    """Each row of (n, 2) once, in order."""
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
    return edges[np.r_[True, (edges[1:] != edges[:-1]).any(axis=1)]] if len(edges) else edges


def contracted(edges: np.ndarray) -> np.ndarray:
    """Some of all edges → the stars of their own components, as (larger, smaller): never more edges, often fewer."""
    nodes, least = components(edges)
    far = nodes != least
    return np.stack([nodes[far], least[far]], 1)


def _with_least(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct edges by node and neighbour, and for each the least of its node's neighbours and the node itself."""
    edges = distinct(edges)
    starts = group_starts(edges[:, 0])
    # Sorted: a node's first edge has its least neighbour.
    first = np.minimum(edges[starts[:-1], 0], edges[starts[:-1], 1])
    return edges, np.repeat(first, np.diff(starts))
