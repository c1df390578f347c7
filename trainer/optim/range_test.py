"""The learning-rate range test (Smith, 2017, section 3.3): a short run whose rate rises until it fails.

With `schedule=range-test` the rate rises by a constant ratio from a hundred-thousandth of `rate` to `rate`. Where the
smoothed loss falls fastest against the logarithm of the rate is a rate to train at; where it is least, the model is
about to leave again, and that is too much.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

DECADES = 5
_SMOOTH = 0.9
_LEAST_STEPS = 20


class RangeTestResult(NamedTuple):
    """The rates at which the loss falls fastest and is least, and that least smoothed loss, in nats."""

    fastest: float
    least: float
    loss: float


def lr_scale(done: float) -> float:
    """The factor on the peak learning rate after the share `done` of the run: 10⁻⁵ at first, 1 at the end."""
    return 10.0 ** (-DECADES * (1 - min(1.0, done)))


def read(rates: Sequence[float], losses: Sequence[float]) -> RangeTestResult | None:
    """What the test says; None for fewer than 20 finite losses, or where the loss never falls.

    The loss is a mean that forgets a tenth with every step, corrected for its beginning as Adam's moments are.
    """
    pairs = [(rate, loss) for rate, loss in zip(rates, losses, strict=True) if np.isfinite(loss) and rate > 0]
    if len(pairs) < _LEAST_STEPS:
        return None
    logs = np.log([rate for rate, _ in pairs])
    smooth, mean = [], 0.0
    for number, (_, loss) in enumerate(pairs, 1):
        # Losses 10, 8: means 1 and 1.7, over 1 - .9 and 1 - .81 they are 10 and 8.95.
        mean = _SMOOTH * mean + (1 - _SMOOTH) * loss
        smooth.append(mean / (1 - _SMOOTH**number))
    least = int(np.argmin(smooth))
    if least < 2:  # it falls for less than two steps
        return None
    # By the logarithm of the rate, which is what the test raises evenly: else the last decade would decide alone.
    slopes = np.gradient(np.array(smooth[: least + 1]), logs[: least + 1])
    return RangeTestResult(
        float(np.exp(logs[int(np.argmin(slopes))])), float(np.exp(logs[least])), float(smooth[least])
    )
