"""The stand of a benchmark: its sizes, a process for each side, and what one phase leaves for another.

A phase is a function of the stand that returns a `Finding`: rows of a table, and goals that its figures meet or miss.
"""

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from benchmarks.trainer.settings import BenchmarkSettings
from benchmarks.trainer.worker import Worker, WorkerError, forget

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """A figure beside what it should be: `value` at least `bound`, or at most where `most`. None: could not be had."""

    name: str
    value: float | None
    bound: float
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is there and good enough."""
        return self.value is not None and (self.value <= self.bound if self.most else self.value >= self.bound)


@dataclass(frozen=True)
class Finding:
    """What a phase found: rows of one table (columns may differ), goals, and sentences."""

    rows: tuple[Row, ...]
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Stand:
    """Settings, processes by name, and `ceilings` (TFLOP/s, GB/s, the peak; phase 0).

    After `minutes` (0: never) nothing new is begun, and what is under way is ended.
    """

    settings: BenchmarkSettings
    minutes: float = 0.0
    workers: dict[str, Worker] = field(default_factory=dict)
    ceilings: dict[str, Any] = field(default_factory=dict)
    _begin: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float:
        """Seconds until the minutes are over."""
        return self._begin + 60 * self.minutes - time.monotonic() if self.minutes else math.inf

    @property
    def over(self) -> str:
        """Why nothing new is begun; empty while there is time."""
        return "" if self.seconds_left > 0 else f"not begun: the {self.minutes:g} minutes are over"

    def worker(self, name: str) -> Worker:
        """The process of that name, begun when first asked for; it has no more time for an answer than is left."""
        if name not in self.workers:
            self.workers[name] = Worker(self.settings.threads)
        self.workers[name].seconds = max(1.0, min(self.settings.seconds, self.seconds_left))
        return self.workers[name]

    def clear(self) -> None:
        """Have every process forget what it holds: the card is for the next phase."""
        for name, worker in self.workers.items():
            if worker.alive:
                with suppress(WorkerError):  # its process is ended then, and that is forgetting too
                    self.worker(name).call(forget)

    def close(self) -> None:
        """End all processes."""
        for worker in self.workers.values():
            worker.close()
        self.workers.clear()
