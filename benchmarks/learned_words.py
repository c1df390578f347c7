"""Scores of words for the block model, learned from labelled pages: words of texts, classes and ids, pairs of words.

The score of a word is how much oftener its blocks were main text than blocks of any word of its family, in logits, by
the mean over domains, since a site repeats its words on every page. A row of a training page is scored without what its
own domain taught: else the trees would trust words more than they may on a page they have not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

UNITS_PER_LOGIT = 32  # of a score, an int8
FAMILIES = 5
LEAST_DOMAINS = 6  # that have a word, for it to be learned
LEAST_SCORE = 8  # a quarter of a logit; words nearer to their family's mean are left out
PRIOR = 4.0  # domains that speak for the mean of the family


@dataclass
class Words:
    """The words of some rows: `lines` as `inspection.words` has them, and of each row its label, weight and domain.

    A label that is NaN teaches nothing.
    """

    lines: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    domains: np.ndarray


def joined(pages: Sequence[Words]) -> Words:
    """The words of all pages, with rows counted over all of them."""
    starts = np.cumsum([0, *(len(page.labels) for page in pages)])
    lines = [page.lines + np.array([start, 0, 0], np.uint32) for page, start in zip(pages, starts, strict=False)]
    return Words(
        np.concatenate(lines),
        np.concatenate([page.labels for page in pages]),
        np.concatenate([page.weights for page in pages]),
        np.concatenate([page.domains for page in pages]),
    )


def learn(words: Words) -> tuple[dict[int, int], np.ndarray]:
    """(word → score, features of the rows without their own domain): float32 of (rows, 4 per family)."""
    rows, families, keys = (words.lines[:, column].astype(np.int64) for column in range(3))
    _, domains = np.unique(words.domains, return_inverse=True)
    pairs = keys << 20 | domains[rows]
    teaches = ~np.isnan(words.labels[rows])
    known, place = np.unique(pairs[teaches], return_inverse=True)
    weight = words.weights[rows[teaches]]
    share = np.bincount(place, weight * words.labels[rows[teaches]]) / np.bincount(place, weight)
    key_of_pair, number = np.unique(known >> 20, return_inverse=True)
    family_of_key = np.zeros(len(key_of_pair), np.int64)
    family_of_key[np.searchsorted(key_of_pair, keys[teaches])] = families[teaches]
    counts, sums = np.bincount(number).astype(float), np.bincount(number, share)
    means = np.bincount(family_of_key, sums, FAMILIES) / np.maximum(1, np.bincount(family_of_key, counts, FAMILIES))
    learned = _scores(counts, sums, means[family_of_key])

    at = np.searchsorted(key_of_pair, keys).clip(0, len(key_of_pair) - 1)
    is_known = key_of_pair[at] == keys
    own = np.searchsorted(known, pairs).clip(0, len(known) - 1)
    has_own = known[own] == pairs
    scores = _scores(counts[at] - has_own, sums[at] - np.where(has_own, share[own], 0), means[families])
    features = _features(rows, families, np.where(is_known, scores, 0), len(words.labels))
    kept = np.flatnonzero(learned)
    return {int(key_of_pair[i]): int(learned[i]) for i in kept}, features


def _scores(counts: np.ndarray, sums: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Scores of words of which `counts` domains have the mean label `sums` / `counts`; 0 where it is no score."""
    share = (sums + PRIOR * mean) / (counts + PRIOR)
    logits = _logit(share) - _logit(mean)
    scores = np.rint(logits * UNITS_PER_LOGIT).clip(-127, 127).astype(np.int64)
    return np.where((counts >= LEAST_DOMAINS) & (np.abs(scores) >= LEAST_SCORE), scores, 0)


def _logit(share: np.ndarray) -> np.ndarray:
    inside = share.clip(0.01, 0.99)
    return np.log(inside / (1 - inside))


def _features(rows: np.ndarray, families: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    """As native/block_features.cpp makes them: mean, sum, most and least of each family."""
    place = rows * FAMILIES + families
    size = count * FAMILIES
    sums, known = np.bincount(place, scores, size), np.bincount(place, scores != 0, size)
    most, least = np.zeros(size), np.zeros(size)
    np.maximum.at(most, place, scores)
    np.minimum.at(least, place, scores)
    mean = sums.astype(np.float32) / np.maximum(known, 1).astype(np.float32)
    return np.stack([mean, sums, most, least], 1).astype(np.float32).reshape(count, 4 * FAMILIES)
