"""A task: one unit of work with the name that its parts will have. All that `pipelines.work` knows of the runtime.

    Work = Task -> Outcome

A unit is a dataclass of plain values: what to read and how to cut it. It says what to call it (`label`) and how big it
is beside others (`size`). An outcome holds the parts that were written, the counts, and facts that later stages plan
with, a dataclass too. Facts name no other parts than the task's own: a part of an earlier stage may lie elsewhere
when its stage is done again, although its bytes, and so this task, are the same.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from corpus.files.manifest import Counts, Part
from corpus.files.storage import is_remote, place

STAGES = ".stages"
PROGRESS_SUFFIX = ".progress"
_SECONDS_BETWEEN_NOTES = 0.5


class Unit(Protocol):
    """A piece of work. A class attribute `counted` names what its size counts; without one that is units."""

    @property
    def label(self) -> str:
        """The name of the unit for people: a file, a range."""
        ...

    @property
    def size(self) -> int:
        """The amount of work, in whatever the stage counts: bytes, lines, documents."""
        ...


U = TypeVar("U", bound=Unit)
F = TypeVar("F")


@dataclass(frozen=True)
class Outcome(Generic[F]):
    """What a task made."""

    parts: tuple[Part, ...]
    counts: Counts
    facts: F


@dataclass(frozen=True)
class NoFacts:
    """The facts of a task after which nothing is planned."""


@dataclass(frozen=True)
class Task(Generic[U]):
    """A unit, its name, and the folders it may write to; plain values, so that it travels to any worker."""

    name: str
    stage: str
    unit: U
    root_path: str

    @property
    def root(self) -> Path:
        """The output folder of the build."""
        return place(self.root_path)

    def part(self, folder: str, suffix: str = ".parquet") -> Path:
        """The place of a part that later stages read: below the stage's own hidden folder."""
        return self.published(f"{STAGES}/{self.stage}/{folder}", suffix)

    def published(self, folder: str, suffix: str = ".parquet") -> Path:
        """The place of a part of the finished corpus."""
        return self.root / folder / f"part-{self.name}{suffix}"

    def record(self, suffix: str = ".json") -> Path:
        """The place of the task's record, which is written last."""
        return self.root / STAGES / self.stage / "records" / f"{self.name}{suffix}"


Work = Callable[..., Outcome[F]]


def note_progress(task: Task[Any]) -> Callable[[int], None]:
    """A function that a task calls with how much of its size is done; it writes at most twice a second.

    Into a store it writes nothing: a note would be an object, and there only whole tasks count.
    """
    if is_remote(task.root_path):
        return lambda done: None
    path, last = task.record(PROGRESS_SUFFIX), [time.monotonic()]  # a list, so that `note` can change it

    def note(done: int) -> None:
        now = time.monotonic()
        if now - last[0] >= _SECONDS_BETWEEN_NOTES:
            last[0] = now
            with suppress(OSError):
                path.write_text(str(done))

    return note
