"""A build whose clusters are made in rounds of stars: a long chain, and a star, of which each task has some pairs.

python rounds_build.py OUTPUT FLAGS…
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from corpus.command_line import end_with
from corpus.files.manifest import Counts
from pipelines.builds.duplicates import Room, joined
from pipelines.runtime.driver import Handing, new_run, run_stages
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import Outcome, Task
from pipelines.work.candidates import PAIR_ROWS, PairFacts
from pipelines.work.packing import write_rows
from pipelines.work.signatures import SignatureFacts

TASKS, CHAIN, STAR, ROUNDS = 3, 60, 200, 5


@dataclass(frozen=True)
class Share:
    number: int
    label: str = "some pairs"
    size: int = 1


@dataclass(frozen=True)
class MakeDocuments:
    def __call__(self, task: Task[Share]) -> Outcome[SignatureFacts]:
        part = write_rows(task, "signatures", np.zeros(CHAIN + STAR, "<i8"))
        return Outcome((part,), Counts(1, 1), SignatureFacts(part, part.rows, 1, 1))


@dataclass(frozen=True)
class MakePairs:
    def __call__(self, task: Task[Share]) -> Outcome[PairFacts]:
        names = list(range(CHAIN + STAR))
        random.Random(1).shuffle(names)
        chain = pairwise(names[:CHAIN])
        pairs = [*chain, *((names[CHAIN], each) for each in names[CHAIN + 1 :])]
        part = write_rows(task, "pairs", np.array(pairs[task.unit.number :: TASKS], PAIR_ROWS))
        return Outcome((part,), Counts(1, 1), PairFacts(part, 0))


def shares() -> Iterator[Share]:
    return map(Share, range(TASKS))


def one_share() -> Iterator[Share]:
    yield Share(0)


def no_share() -> Iterator[Share]:
    yield from ()


def main(output: str, *flags: str) -> int:
    # As this module's name, and not as `__main__`: workers import the classes by it.
    import rounds_build as here

    documents = Stage("signatures", here.MakeDocuments(), plan=here.one_share)
    copies = Stage("exact", here.MakePairs(), plan=here.no_share)
    pairs = Stage("pairs", here.MakePairs(), plan=here.shares)
    last = joined(Room(group_bytes=2_000, rounds=ROUNDS), documents, copies, pairs)
    try:
        run_stages(last, new_run(Path(output), "_MANIFEST.json"), Handing(flags, 2))
        return 0
    except Exception as error:
        return end_with(error, "rounds_build")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
