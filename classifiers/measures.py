"""Measures of how well scores separate: the area under the ROC curve, the curve itself, and histograms."""

import numpy as np

BINS = 20


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """The chance that a positive document has the higher score of a pair; a tie counts half (Mann and Whitney)."""
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    # Negatives below each positive, and those below or equal; half of their sum counts a tie as half. Positives .5 and
    # .9 against .2 and .5: 1 + 2 and 2 + 2, of 2 · 2 · 2: .875.
    below = np.searchsorted(ordered, positive, side="left") + np.searchsorted(ordered, positive, side="right")
    return float(below.sum() / 2 / (len(positive) * len(negative)))


def roc(positive: np.ndarray, negative: np.ndarray, points: int = 101) -> list[tuple[float, float]]:
    """(share of negatives at or above a score, share of positives there), from (0, 0) to (1, 1)."""
    scores = np.unique(np.concatenate([positive, negative]))[::-1]
    # At most `points` of the thresholds, evenly chosen, both ends kept.
    scores = scores[np.linspace(0, len(scores) - 1, min(points, len(scores))).astype(int)]
    shares = [
        1 - np.searchsorted(np.sort(values), scores, side="left") / max(len(values), 1)
        for values in (negative, positive)
    ]
    return [(0.0, 0.0), *((float(x), float(y)) for x, y in zip(*shares, strict=True))]


def histogram(scores: np.ndarray) -> list[int]:
    """How many scores lie in each of `BINS` equal pieces of [0, 1]."""
    return np.bincount(np.minimum((scores * BINS).astype(int), BINS - 1), minlength=BINS).tolist()
