"""Logistic regression over bags of features: the loss, its gradient, and L-BFGS (Liu and Nocedal, 1989).

A document's logit is the bias plus the weights of its features, each times its value: how often it occurs (a bag as
Spark's HashingTF has it), or the share of the text that it is (a mean).

    text 3 1 3 | 1     features [1 3 | 1]   values [1/3 2/3 | 1]   logits  b + w1/3 + 2 w3/3,  b + w1

Every sum runs in a fixed order on one thread, so the same documents give the same weights to the last bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from classifiers.calibrate import sigmoid

# Features that are looked up at once: bounds memory, decides no sum.
_BLOCK = 1 << 21
# Of a feature that hardly occurs.
_LEAST_MEAN = 1e-7  # 0 would make 1 / sqrt(mean) infinite for one that no document has
_BITS = 21
Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Bags:
    """Documents as bags: the distinct `features` (int32) of each with their `values`, document by document, where each
    document starts (one more at the end), and how many features it has, equal ones too.
    """

    features: np.ndarray
    values: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def logits(self, weights: np.ndarray, bias: float) -> np.ndarray:
        """float64 of each document."""
        sums = np.zeros(len(self))
        for first, last, start, stop in self._blocks():
            # `reduceat` gives, for an empty document, the element at its start instead of 0, and refuses a start at the
            # very end: starts [0 3 3] over 4 products gives [p0+p1+p2, p3, p3]. Hence the 0.0 at the end and the
            # `where`.
            products = np.append(weights[self.features[start:stop]] * self.values[start:stop], 0.0)
            found = np.add.reduceat(products, self.starts[first:last] - start)
            sums[first:last] = np.where(np.diff(self.starts[first : last + 1]) > 0, found, 0.0)
        return sums + bias

    def gradient(self, slopes: np.ndarray, size: int) -> np.ndarray:
        """The gradient by weight, given that by logit."""
        total = np.zeros(size)
        lengths = np.diff(self.starts)
        for first, last, start, stop in self._blocks():
            # Each document's slope to each of its features; `bincount` with weights adds up per feature.
            spread = np.repeat(slopes[first:last], lengths[first:last]) * self.values[start:stop]
            total += np.bincount(self.features[start:stop], spread, size)
        return total

    def _blocks(self) -> list[tuple[int, int, int, int]]:
        blocks, first = [], 0
        while first < len(self):
            # The last document that ends within `_BLOCK` features, or one document alone where it is longer than that:
            # none is cut, so blocks change no sum.
            last = max(int(np.searchsorted(self.starts, self.starts[first] + _BLOCK)) - 1, first + 1)
            last = min(last, len(self))
            blocks.append((first, last, int(self.starts[first]), int(self.starts[last])))
            first = last
        return blocks


def bags_of(features: np.ndarray, starts: np.ndarray, mean: bool) -> Bags:
    """Bags from the features as they stand in the texts, equal ones several times; each below 2^21."""
    lengths = np.diff(starts)
    # One sort of single numbers instead of pairs: (document << 21) | feature. Documents fit into the 42 bits above.
    keys = np.repeat(np.arange(len(lengths)), lengths) << _BITS | features
    distinct, counts = np.unique(keys, return_counts=True)
    # `text 3 1 3 | 1` gives distinct (0,1) (0,3) (1,1) with counts 1 2 1, ascending, so owners are [0 0 1] and starts
    # [0 2 3].
    owners = distinct >> _BITS
    values = counts / lengths[owners] if mean else counts.astype(float)
    new_starts = np.searchsorted(owners, np.arange(len(lengths) + 1))
    return Bags((distinct & ((1 << _BITS) - 1)).astype(np.int32), values, new_starts, lengths)


@dataclass(frozen=True)
class Loss:
    """Cross entropy with `targets` in [0, 1], one a document, at a temperature: logits are divided by it.

    A student takes two of them (Hinton et al., 2015): the labels, and at a higher temperature what its teacher says. A
    soft loss has gradients of 1/temperature², which its weight makes good.
    """

    targets: np.ndarray
    weight: float = 1.0
    temperature: float = 1.0

    def __call__(self, logits: np.ndarray, shares: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss, and its slope by logit."""
        # Cross-entropy of a sigmoid without computing it: log(1 + e^z) - t z. `logaddexp` does not overflow.
        cooled = logits / self.temperature
        value = shares @ (np.logaddexp(0, cooled) - self.targets * cooled)
        slopes = shares * (sigmoid(cooled) - self.targets)
        # The weight is times T²: the value by T², the slope by T² / T, one T being that of the inner derivative of
        # logits / T.
        return self.weight * self.temperature**2 * float(value), self.weight * self.temperature * slopes


def fit(bags: Bags, losses: Sequence[Loss], shares: np.ndarray, size: int, penalty: float) -> tuple[np.ndarray, float]:
    """Weights and bias that minimise the losses + penalty/2 · Σ (weight · spread)²; `shares` of documents add up to 1.

    The spread of a feature is the root of its mean, as a count's is, so that the penalty asks of every feature the same
    evidence and the search is well conditioned: what Spark's `standardization` does.
    """
    # The search runs over scaled weights v with weight = v · step; a rare feature has a large step.
    steps = 1 / np.sqrt(bags.gradient(shares, size) + _LEAST_MEAN)

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        logits = bags.logits(values[:-1] * steps, float(values[-1]))
        found = [loss(logits, shares) for loss in losses]
        slopes = np.sum([each for _, each in found], axis=0)
        value = sum(each for each, _ in found) + penalty / 2 * float(values[:-1] @ values[:-1])
        return value, np.append(bags.gradient(slopes, size) * steps + penalty * values[:-1], slopes.sum())

    found = minimise(objective, np.zeros(size + 1))
    return found[:-1] * steps, float(found[-1])


def minimise(
    objective: Objective, start: np.ndarray, steps: int = 50, memory: int = 10, least_gain: float = 1e-4
) -> np.ndarray:
    """The argument that L-BFGS ends at: after `steps`, or once a step gains less than this share of the value."""
    point = start
    value, gradient = objective(point)
    pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
    for _ in range(steps):
        direction = -_preconditioned(gradient, pairs)
        step, new = _line_search(objective, point, (value, gradient), direction)
        if new is None:
            break
        moved, turned = step * direction, new[1] - gradient
        # Only pairs of positive curvature keep the approximate Hessian positive definite.
        if (curvature := float(moved @ turned)) > 0:
            pairs = [*pairs, (moved, turned, 1 / curvature)][-memory:]
        gained, point, (value, gradient) = value - new[0], point + moved, new
        if gained < least_gain * max(abs(value), 1e-3):  # relative, but not below 1e-3 of absolute value
            break
    return point


def _preconditioned(gradient: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray, float]]) -> np.ndarray:
    """The gradient times the approximate inverse Hessian: the two loops of L-BFGS."""
    # The first step has no curvature to go by: a step of length 1 along the gradient.
    if not pairs:
        return gradient / max(np.sqrt(gradient @ gradient), 1e-30)
    rest, kept = gradient.copy(), list[float]()
    for moved, turned, weight in reversed(pairs):
        kept.append(weight * float(moved @ rest))
        rest -= kept[-1] * turned
    # The scale of the initial inverse Hessian, s·y / y·y of the newest pair (`weight` is 1 / s·y).
    moved, turned, weight = pairs[-1]
    rest *= 1 / (weight * float(turned @ turned))
    for (moved, turned, weight), share in zip(pairs, reversed(kept), strict=True):
        rest += moved * (share - weight * float(turned @ rest))
    return rest


def _line_search(
    objective: Objective, point: np.ndarray, at: tuple[float, np.ndarray], direction: np.ndarray
) -> tuple[float, tuple[float, np.ndarray] | None]:
    """A step along `direction` by Armijo and Wolfe: doubled while too short, halved between bounds while too long."""
    value, slope = at[0], float(at[1] @ direction)
    low, high, step = 0.0, np.inf, 1.0
    for _ in range(30):
        new = objective(point + step * direction)
        # Armijo: too little gained for the step's length. Wolfe, below: the slope is still steep, so go further.
        if new[0] > value + 1e-4 * step * slope:
            high = step
        elif float(new[1] @ direction) < 0.9 * slope:
            low = step
        else:
            return step, new
        step = 2 * step if high == np.inf else (low + high) / 2
    # 30 halvings without such a step: rounding hides any gain, and the caller stops.
    return 0.0, None
