"""Found pairs against pairs whose similarity is known.

A pair is found when it shares a band and its estimate reaches `min_similarity`. How often that should happen follows
from the similarity alone (`promised`), so that a table of known pairs tests the hashes, and not a threshold.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from corpus.dedup.clusters import group_starts
from corpus.dedup.minhash import MinHash, band_hashes, has_words, shingles, signatures

EDGES = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 1.01)


@dataclass(frozen=True)
class KnownPair:
    """Two documents, and the Jaccard similarity of their shingles."""

    one: str
    other: str
    similarity: float


@dataclass(frozen=True)
class Score:
    """Of the pairs with a similarity from `low` up to `high`: how many there are, were found, and were to be found."""

    low: float
    high: float
    pairs: int
    found: int
    promised: float


def found_pairs(texts: dict[str, str], config: MinHash) -> set[frozenset[str]]:
    """All pairs that are found in a set of texts, by id."""
    ids = list(texts)
    signed = signatures(list(texts.values()), config)
    alive = np.flatnonzero(has_words(signed))
    hashes = band_hashes(signed[alive], config).reshape(-1)
    documents = np.repeat(alive, config.bands)
    order = np.argsort(hashes, kind="stable")
    # Rows with equal hashes of a band, of any band: neighbours after the sort.
    buckets = (
        documents[order[start:stop]] for start, stop in pairwise(group_starts(hashes[order])) if stop - start > 1
    )
    candidates = {pair for bucket in buckets for pair in combinations(sorted(bucket.tolist()), 2)}
    alike = (pair for pair in candidates if (signed[pair[0]] == signed[pair[1]]).sum() >= config.needed)
    return {frozenset((ids[one], ids[other])) for one, other in alike}


def scores(known: Sequence[KnownPair], found: set[frozenset[str]], config: MinHash) -> Iterator[Score]:
    """The known pairs by similarity; a range without any is left out."""
    for low, high in pairwise(EDGES):
        inside = [pair for pair in known if low <= pair.similarity < high]
        if inside:
            hits = sum(frozenset((pair.one, pair.other)) in found for pair in inside)
            promise = sum(promised(pair.similarity, config) for pair in inside)
            yield Score(low, min(high, 1.0), len(inside), hits, promise)


def promised(similarity: float, config: MinHash) -> float:
    """The probability that a pair is found: a shared band, and an estimate that is enough (as a normal variable)."""
    error = math.sqrt(max(similarity * (1 - similarity), 1e-9) / config.minima)
    least = (config.needed - 0.5) / config.minima  # - 0.5: the continuity correction of the normal approximation
    return config.candidate_probability(similarity) * 0.5 * (1 + math.erf((similarity - least) / error / math.sqrt(2)))


def table(known: Iterable[KnownPair], found: set[frozenset[str]], config: MinHash) -> list[str]:
    """The scores as lines for a terminal."""
    lines = ["Jaccard       pairs    found  the curve promises"]
    for score in scores(list(known), found, config):
        shares = f"{score.found / score.pairs:>7.3f}  {score.promised / score.pairs:>18.3f}"
        lines.append(f"{score.low:.2f} - {score.high:.2f}  {score.pairs:>5}  {shares}")
    return lines


def jaccard(one: str, other: str, config: MinHash) -> float:
    """The true similarity of two texts: of the sets of their shingles; 0 where one has none."""
    first, second = (set(shingles(text, config).tolist()) for text in (one, other))
    return len(first & second) / max(len(first | second), 1)


def labelled(pairs: Iterable[tuple[str, str, bool | None]], found: set[frozenset[str]]) -> Iterator[str]:
    """Precision and recall on pairs that somebody called duplicates or not; nothing where nobody did."""
    judged = [(frozenset((one, other)) in found, label) for one, other, label in pairs if label is not None]
    if judged:
        hits = sum(hit and label for hit, label in judged)
        wrong = sum(hit and not label for hit, label in judged)
        missed = sum(label and not hit for hit, label in judged)
        precision, recall = hits / max(hits + wrong, 1), hits / max(hits + missed, 1)
        yield f"labels: {hits} found, {missed} missed, {wrong} wrong; precision {precision:.3f}, recall {recall:.3f}"
