"""A small build for tests: numbers → squares → their sum, by the last digit of each square in a shuffle if asked."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from pipelines.runtime.driver import Handing, new_run, run_stages
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import NoFacts, Outcome, Task

IN_PROCESS = ["--direct_num_workers=1"]


@dataclass(frozen=True)
class Number:
    number: int

    @property
    def label(self):
        return f"number {self.number}"

    counted: ClassVar[str] = "squares"

    @property
    def size(self):
        return 1


@dataclass(frozen=True)
class SquareFacts:
    number: int
    squares: Part


@dataclass(frozen=True)
class Square:
    """A part with the square of a number, and a line in a log of who was asked."""

    log: str = no_identity()
    power: int = 2
    fails_at: int = no_identity(default=-1)
    loses: bool = no_identity(default=False)

    def __call__(self, task: Task[Number]) -> Outcome[SquareFacts]:
        number = task.unit.number
        with Path(self.log).open("a") as log:
            log.write(f"{number}\n")
        if number == self.fails_at:
            raise ValueError("cannot square it")
        part = write_arrow(task.part("squares", ".arrow"), task.root, pa.table({"square": [number**self.power]}))
        return Outcome((part,), Counts(1, int(not self.loses)), SquareFacts(number, part))


@dataclass(frozen=True)
class Squares:
    squares: tuple[Part, ...]
    label: str = "the sum"
    size: int = 1


@dataclass(frozen=True)
class Sum:
    """The one number that all squares add up to, as a published part."""

    def __call__(self, task: Task[Squares]) -> Outcome[NoFacts]:
        total = sum(map_arrow(task.root / part.path)["square"][0].as_py() for part in task.unit.squares)
        part = write_arrow(task.published("sums", ".arrow"), task.root, pa.table({"sum": [total]}))
        return Outcome((part,), Counts(len(task.unit.squares), len(task.unit.squares)), NoFacts())


@dataclass(frozen=True)
class Digit:
    group: int
    label: str = "a last digit"
    size: int = 1


@dataclass(frozen=True)
class DigitFacts:
    group: int
    squares: int


@dataclass(frozen=True)
class ByDigit(ShuffleWork[SquareFacts, Digit, DigitFacts]):
    """The squares of each last digit, packed."""

    @property
    def pieces(self):
        return list

    def cut(self, piece: SquareFacts, root: Path) -> Iterator[tuple[int, bytes]]:
        square = map_arrow(root / piece.squares.path)["square"][0].as_py()
        yield square % 10, struct.pack("<q", square)

    def __call__(self, task: Task[Digit], entries: bytes = b"") -> Outcome[DigitFacts]:
        found = sorted(struct.unpack(f"<{len(entries) // 8}q", entries))
        part = write_arrow(task.part("digits", ".arrow"), task.root, pa.table({"square": pa.array(found, pa.int64())}))
        return Outcome((part,), Counts(len(found), len(found)), DigitFacts(task.unit.group, len(found)))


def numbers(count, order=1):
    return [Number(number) for number in range(count)][::order]


def sum_of(facts):
    return [Squares(tuple(fact.squares for fact in facts))]


def ten_digits(facts):
    return [Digit(group) for group in range(10)]


def stages(log, count=4, order=1, **settings):
    """The last stage of the build."""
    squares = Stage("squares", Square(str(log), **settings), plan=partial(numbers, count, order), units_per_worker=2)
    return Stage("sum", Sum(), plan=sum_of, reads=(squares,), writes=("sums",))


def digits(log, count=4):
    """The last stage of the build with a shuffle."""
    squares = Stage("squares", Square(str(log)), plan=partial(numbers, count))
    return Stage("digits", ByDigit(), plan=ten_digits, reads=(squares,))


def build(root, last, flags=(*IN_PROCESS,), workers=1, **options):
    """Run it; whether there was anything to do."""
    return run_stages(last, new_run(root, "_MANIFEST.json", **options), Handing(list(flags), workers))
