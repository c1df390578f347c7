"""The Pareto rule: which documents stay, given their scores (Brown et al., 2020, appendix A).

The paper keeps a document when `np.random.pareto(alpha) > 1 - score` with alpha = 9. numpy's Pareto is Lomax's, so that
is a probability of (2 − score)^−alpha: 1 at a score of 1, .026 at .5, .002 at 0. Here the draw is a hash of the
document and a seed, so that the same documents stay in any order of a crawl and on any number of workers, a higher
score never loses a document, and what a larger alpha keeps a smaller one keeps too.
"""

import numpy as np

from corpus.hashing import uniform

PAPER_ALPHA = 9.0
_MOST_ALPHA = 64.0  # (2 - .5)^-64 is 5e-12: nothing below a score of .5 stays
_GOLDEN = (5**0.5 - 1) / 2


def keep_probability(score: float, alpha: float) -> float:
    """(2 − score)^−alpha, for a score in [0, 1]."""
    return (2.0 - score) ** -alpha


def is_kept(identity: str, score: float, alpha: float, seed: str) -> bool:
    """Whether a document stays."""
    # One number per document and seed: kept at alpha 9 implies kept at alpha 5, as the probability only grows.
    return uniform(identity, seed) < keep_probability(score, alpha)


def keep_rate(scores: np.ndarray, alpha: float) -> float:
    """The share of documents with these scores that stays, in expectation."""
    return float(np.mean((2.0 - scores) ** -alpha)) if len(scores) else 0.0


def mismatch(positive: np.ndarray, negative: np.ndarray, alpha: float) -> float:
    """How far the scores of what is kept of `negative` are from those of `positive`: the area between their curves.

    The curves are the cumulative distributions, so this is the Wasserstein-1 distance, in units of score.
    """
    # Both curves are steps that change at the observed scores alone. At each of these: the share of the positives up to
    # it, a plain count, and that of the negatives, each weighed by its chance to stay.
    points = np.unique(np.concatenate([positive, negative]))
    of_positive = np.searchsorted(np.sort(positive), points, side="right") / len(positive)
    ordered = np.sort(negative)
    kept = np.concatenate([[0.0], np.cumsum((2.0 - ordered) ** -alpha)])  # [n] is the weight of the n lowest
    of_kept = kept[np.searchsorted(ordered, points, side="right")] / kept[-1]
    # The difference times the width up to the next score; after the last both curves are 1.
    return float(np.abs(of_positive - of_kept)[:-1] @ np.diff(points))


def fitted_alpha(positive: np.ndarray, negative: np.ndarray) -> float:
    """The alpha at which the kept negatives have most nearly the scores of the positives, as the paper chose its own.

    By golden section in [0, 64], to a hundredth: a larger alpha moves the kept scores up and never down.
    """
    # Each round leaves .618 of the interval: 20 of them bring 64 below .005.
    low, high = 0.0, _MOST_ALPHA
    while high - low > 0.005:
        # Two probes at .382 and .618 of the interval. The one that stays inside lies at a probe of the next round
        # again; computing it a second time costs less than the lines that would remember it.
        one, other = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if mismatch(positive, negative, one) <= mismatch(positive, negative, other):
            high = other
        else:
            low = one
    return round((low + high) / 2, 2)
