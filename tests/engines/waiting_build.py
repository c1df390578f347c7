"""A build whose third task waits to be killed, once: whoever kills it, its worker or its driver, finds it in mid-work.

    python waiting_build.py OUTPUT MARK FLAGS…

The task writes the number of its process into MARK and sleeps; when MARK is there already it does its work. Without
MARK (an empty name) it never waits.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from corpus.command_line import end_with
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from pipelines.runtime.driver import Handing, new_run, run_stages
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import NoFacts, Outcome, Task

TASKS, WAITING, SECONDS = 6, 3, 240


@dataclass(frozen=True)
class Number:
    number: int
    size: int = no_identity(default=1)

    @property
    def label(self) -> str:
        return f"number {self.number}"


@dataclass(frozen=True)
class Squared:
    square: Part


@dataclass(frozen=True)
class Square:
    mark: str = no_identity(default="")

    def __call__(self, task: Task[Number]) -> Outcome[Squared]:
        number = task.unit.number
        if self.mark and number == WAITING and not Path(self.mark).exists():
            Path(self.mark).write_text(str(os.getpid()))
            time.sleep(SECONDS)
        part = write_arrow(task.part("squares", ".arrow"), task.root, pa.table({"square": [number**2]}))
        return Outcome((part,), Counts(1, 1), Squared(part))


@dataclass(frozen=True)
class Squares:
    squares: tuple[Part, ...]
    label: str = "the sum"
    size: int = 1


@dataclass(frozen=True)
class Sum:
    def __call__(self, task: Task[Squares]) -> Outcome[NoFacts]:
        total = sum(map_arrow(task.root / part.path)["square"][0].as_py() for part in task.unit.squares)
        part = write_arrow(task.published("sums", ".arrow"), task.root, pa.table({"sum": [total]}))
        return Outcome((part,), Counts(TASKS, TASKS), NoFacts())


def numbers() -> Iterator[Number]:
    return map(Number, range(TASKS))


def all_squares(squared: Sequence[Squared]) -> Iterator[Squares]:
    yield Squares(tuple(facts.square for facts in squared))


def main(output: str, mark: str, policy: str, *flags: str) -> int:
    # As this module's name, and not as `__main__`: workers import the classes by it.
    import waiting_build as here

    squares = Stage("squares", here.Square(mark), plan=here.numbers, units_per_worker=2)
    last = Stage("sum", here.Sum(), plan=here.all_squares, reads=(squares,), writes=("sums",))
    try:
        run_stages(last, new_run(Path(output), "_MANIFEST.json"), Handing(flags, 2, running_job=policy))
        return 0
    except Exception as error:
        return end_with(error, "waiting_build")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
