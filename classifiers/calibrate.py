"""Logits to probabilities (Platt, 1999): a scale and an offset, found on documents that the weights never saw.

Both classes count the same whatever their numbers, so that .5 means that a text is as much like one as like the other:
the Pareto rule takes the score of a classifier trained half and half. Scores are rounded to a millionth, so that
another processor's `exp` gives the same ones.
"""

from dataclasses import dataclass

import numpy as np

_DIGITS = 6
_BINS = 10


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x), without overflow."""
    # e^-|x| never overflows: 1 / (1 + e^-x) for x >= 0, and the same expanded by e^x for x < 0.
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1, small) / (1 + small)


@dataclass(frozen=True)
class Calibration:
    """score = sigmoid(scale · logit + offset)."""

    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Scores in [0, 1]."""
        return np.round(sigmoid(self.scale * logits + self.offset), _DIGITS)


@dataclass(frozen=True)
class CurvePoint:
    """One bin of scores: how many documents, their mean score, and how many of them are positive (both balanced)."""

    documents: int
    mean_score: float
    positive_share: float


def balanced_shares(labels: np.ndarray) -> np.ndarray:
    """The weight of each document, so that each class has half."""
    # Two positives and one negative: [.25, .25, .5].
    return np.where(labels, 0.5 / max(int(labels.sum()), 1), 0.5 / max(int((~labels).sum()), 1))


def calibrated(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """The calibration for logits of documents and their labels (bool), by Newton's method.

    Platt's targets, (n + 1)/(n + 2) and 1/(m + 2), keep the scale finite where the classes do not overlap.
    """
    shares = balanced_shares(labels)
    targets = np.where(labels, (labels.sum() + 1) / (labels.sum() + 2), 1 / ((~labels).sum() + 2))
    # The root mean square of the logits. Scaled by it both unknowns are of order 1, so that one cap on a step fits
    # both.
    spread = float(np.sqrt(shares @ logits**2)) or 1.0
    values = np.array([1.0, 0.0])
    columns = np.stack([logits / spread, np.ones(len(logits))])
    for _ in range(50):
        found = sigmoid(values @ columns)
        # Gradient and Hessian of the cross-entropy by (scale, offset). The 1e-9 keep the Hessian invertible where every
        # score is 0 or 1, or all logits are equal.
        slope = columns @ (shares * (found - targets))
        curvature = (columns * (shares * np.maximum(found * (1 - found), 1e-9))) @ columns.T + 1e-9 * np.eye(2)
        # Where the classes hardly overlap the curvature is nearly 0 and a step would be huge: at most 2 at a time.
        step = np.linalg.solve(curvature, slope)
        values = values - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    # values[0] belongs to logits / spread.
    return Calibration(round(float(values[0]) / spread, 9), round(float(values[1]), 9))


def curve(scores: np.ndarray, labels: np.ndarray) -> list[CurvePoint]:
    """The calibration in ten bins of equal width, as a reliability diagram shows it."""
    shares = balanced_shares(labels)
    places = np.minimum((scores * _BINS).astype(int), _BINS - 1)  # a score of 1.0 goes into the last bin
    points = []
    for place in range(_BINS):
        here = places == place
        weight = float(shares[here].sum())
        # The mean score and the mean label of the bin, in the field order of `CurvePoint`.
        means = (float(shares[here] @ values[here]) / weight if weight else 0.0 for values in (scores, labels * 1.0))
        points.append(CurvePoint(int(here.sum()), *(round(mean, 4) for mean in means)))
    return points
