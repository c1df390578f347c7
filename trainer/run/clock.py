"""The time of a run: how fast it trains, for how long it has trained, and how much memory it has taken.

Speed is what a reader compares, so it must not hold what is paid once. An interval in which a step has a size that
has not occurred in this process compiles it, for seconds or minutes: it counts as wall time and not as training time,
and has no speed. Validation and the copy of a checkpoint lie between intervals and count likewise.
"""

import resource
import time
from collections.abc import Sequence
from typing import TypedDict

import torch

from trainer.model.shape import Shape
from trainer.run.distributed import World
from trainer.run.plan import peak_flops


class SpeedColumns(TypedDict):
    """The columns of the metrics that a clock has (`Clock.read`)."""

    tokens_per_second: float | None
    mfu: float | None
    training_seconds: float
    wall_seconds: float
    peak_memory: int


class Clock:
    """Measures the intervals between readings; `training` and `wall` are the seconds of the run before this process."""

    def __init__(self, shape: Shape, world: World, training: float = 0.0, wall: float = 0.0) -> None:
        self.training = training
        self._shape, self._world, self._wall = shape, world, wall
        self._begin = self._since = time.perf_counter()
        self._sizes: set[int] = set()

    @property
    def wall(self) -> float:
        """Seconds of the whole run, over all processes one after another, from the first step of each."""
        return self._wall + time.perf_counter() - self._begin

    def restart(self) -> None:
        """Begin an interval."""
        self._since = time.perf_counter()

    def read(self, rows: Sequence[int]) -> SpeedColumns:
        """The columns of the metrics for an interval that ends now and had steps of so many rows, over all processes.

        tokens_per_second and mfu (None: an interval that compiles, or no known card), training_seconds and wall_seconds
        of the run so far, peak_memory in bytes of this device (of the process, on a CPU).
        """
        elapsed = max(time.perf_counter() - self._since, 1e-9)
        # Steps of 16 rows, then of 96: the first interval of each has no speed.
        known = self._sizes.issuperset(rows)
        self._sizes.update(rows)
        rate = sum(rows) * self._shape.sequence_length / elapsed
        device = self._world.device
        if known:
            self.training += elapsed
        peak = peak_flops(torch.cuda.get_device_name(device)) if device.type == "cuda" else None
        share = rate * self._shape.flops_per_token() / (peak * self._world.size) if peak else None
        return {
            "tokens_per_second": round(rate, 1) if known else None,
            "mfu": share if known else None,
            "training_seconds": round(self.training, 4),
            "wall_seconds": round(self.wall, 4),
            "peak_memory": peak_memory(device),
        }


def peak_memory(device: torch.device) -> int:
    """The most bytes that this process has held: on the card, or of the machine's memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts KiB
