"""The work of a stage whose tasks are the groups of a shuffle: pieces are cut into entries, each group is one task.

Keys and numbers cross the shuffle, packed into one batch for each piece and group; texts never do. A group without any
entry is a task too, so that a stage always leaves the same records. `spill` has how batches cross.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

import msgspec

from pipelines.runtime.task import F, Outcome, Task, Unit

P = TypeVar("P")


class GroupUnit(Unit, Protocol):
    """The unit of a group."""

    @property
    def group(self) -> int:
        """The number of the group, from 0."""
        ...


G = TypeVar("G", bound=GroupUnit)


class ShuffleWork(ABC, Generic[P, G, F]):
    """Work that is divided again on its way: `Stage` takes it like any other."""

    @abstractmethod
    def pieces(self, *facts: Any, **more: Any) -> Iterable[P]:
        """What is cut, from the facts of the stages read; plain values, each of which any worker may take."""

    @abstractmethod
    def cut(self, piece: P, root: Path) -> Iterator[tuple[int, bytes]]:
        """The (group, packed entries) of a piece, one batch a group."""

    @abstractmethod
    def __call__(self, task: Task[G], entries: bytes = b"") -> Outcome[F]:
        """Do the task of a group with all its entries, whose order says nothing."""

    def cut_line(self, line: str, root: Path) -> Iterator[tuple[int, bytes]]:
        """`cut` of a piece that travelled as a line of JSON."""
        # The type of a piece stands once, in the signature of `cut`.
        piece = msgspec.json.decode(line, type=get_type_hints(type(self).cut)["piece"])
        return self.cut(piece, root)
