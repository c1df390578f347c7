"""The work of a stage on rows that are grouped: by the hash of a key, in groups that fit into memory, or by run.

    facts → sources, each read on any worker → rows of one dtype → groups, a unit each → `__call__`

A stage says what a row is (`dtype`), what rows are read from (`spread`, `read`), and what is done with all rows of a
group. How many groups there are follows from the bytes of all rows and those that a worker may hold.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast, get_type_hints

import msgspec
import numpy as np

from corpus.files.identity import identity_digest, no_identity
from corpus.files.manifest import Part
from pipelines.runtime.shuffle import G, ShuffleWork
from pipelines.runtime.task import F
from pipelines.work.packing import by_group, by_hash, map_rows
from pipelines.work.signatures import ROW_BITS, SignedRun, Widths, runs_of

S = TypeVar("S")
# What the rows of one group may take in memory, by default: sorting them takes as much again, twice.
GROUP_BYTES = 16 * 2**20
NO_STRINGS = Widths(1, 1)  # for rows without ids and dates: their dtype asks for no width


@dataclass(frozen=True)
class Spread(Generic[S]):
    """The sources of about `rows` rows, whose ids and dates have these widths."""

    sources: Sequence[S]
    rows: int = 0
    widths: Widths = NO_STRINGS


@dataclass(frozen=True)
class Piece(Generic[S]):
    """One of the sources, and into how many groups all are cut."""

    source: S
    widths: Widths
    groups: int


class RowWork(ShuffleWork[Piece[S], G, F]):
    """Work on rows of one dtype."""

    @abstractmethod
    def dtype(self, widths: Widths) -> np.dtype:
        """What a row is."""

    @abstractmethod
    def spread(self, *facts: Any, **more: Any) -> Spread[S]:
        """What is read, from the facts of the stages read."""

    @abstractmethod
    def read(self, source: S, widths: Widths, root: Path) -> Iterable[np.ndarray]:
        """The rows of a source, some at a time."""

    @abstractmethod
    def grouped(self, rows: np.ndarray, groups: int) -> Iterator[tuple[int, bytes]]:
        """Rows as the packed batches of their groups."""

    @abstractmethod
    def units(self, *facts: Any, **more: Any) -> Iterator[Any]:
        """The groups, as the plan of the stage."""

    def groups(self, spread: Spread[S]) -> int:
        """How many groups there are, where that is not said otherwise."""
        return 1

    def pieces(self, *facts: Any, **more: Any) -> Iterator[Piece[S]]:
        """A piece for each source."""
        # The plan and the pieces count groups by the same facts, so a row finds the group that has a unit.
        spread = self.spread(*facts)
        groups = self.groups(spread)
        return (Piece(source, spread.widths, groups) for source in spread.sources)

    def cut(self, piece: Piece[S], root: Path) -> Iterator[tuple[int, bytes]]:
        """The rows of a source by group."""
        for rows in self.read(piece.source, piece.widths, root):
            yield from self.grouped(rows, piece.groups)

    def cut_line(self, line: str, root: Path) -> Iterator[tuple[int, bytes]]:
        """`cut` of a piece that travelled as a line of JSON; `read` has the type of its source."""
        # A piece is decoded to `Piece` of that type: `Piece[SignedRun]`, say.
        source = get_type_hints(type(self).read)["source"]
        return self.cut(msgspec.json.decode(line, type=cast(Any, Piece)[source]), root)


@dataclass(frozen=True)
class HashGroup:
    """Group `group` of `groups`. `inputs` is the digest of all sources, `size` about how many rows it has."""

    group: int
    groups: int
    inputs: str
    widths: Widths
    label: str = no_identity()
    size: int = no_identity()

    counted: ClassVar[str] = "rows"


@dataclass(frozen=True, kw_only=True)
class HashWork(RowWork[S, G, F]):
    """Work on rows that are grouped by the hash of their field `key`, in groups of about `group_bytes`."""

    group_bytes: int = no_identity(default=GROUP_BYTES)

    key: ClassVar[str]

    def groups(self, spread: Spread[S]) -> int:
        """At least one."""
        return max(1, -(-spread.rows * self.dtype(spread.widths).itemsize // self.group_bytes))  # rounded up

    def grouped(self, rows: np.ndarray, groups: int) -> Iterator[tuple[int, bytes]]:
        """Equal keys fall into the same group."""
        return by_hash(rows, rows[self.key], groups)

    def units(self, *facts: Any, **more: Any) -> Iterator[HashGroup]:
        """The groups, as the plan of the stage."""
        spread = self.spread(*facts)
        # Any source may have rows for any group, so all of them are in the name of each group's task.
        groups, inputs = self.groups(spread), identity_digest(*spread.sources)
        for group in range(groups):
            yield HashGroup(group, groups, inputs, spread.widths, f"group {group}", spread.rows // groups + 1)


@dataclass(frozen=True)
class RunGroup:
    """The documents of a run. `inputs` is the digest of what is brought back to runs."""

    run: SignedRun
    widths: Widths
    inputs: str

    @property
    def group(self) -> int:
        """The number of the run."""
        return self.run.number

    @property
    def label(self) -> str:
        """The number of the run."""
        return f"run {self.run.number}"

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.run.rows + 1


class RunWork(RowWork[Part, G, F]):
    """Work on rows that go back to the runs of their documents, by `number`. The first facts are signatures."""

    def read(self, source: Part, widths: Widths, root: Path) -> Iterable[np.ndarray]:
        """The rows of a part."""
        yield map_rows(root, source, self.dtype(widths))

    def grouped(self, rows: np.ndarray, groups: int) -> Iterator[tuple[int, bytes]]:
        """By run."""
        # The high bits of a document's number are its run: rows find their way back without a table.
        return by_group(rows, rows["number"] >> ROW_BITS)

    def runs(self, *facts: Any, **more: Any) -> Sequence[SignedRun]:
        """The runs."""
        return runs_of(facts[0])

    def units(self, *facts: Any, **more: Any) -> Iterator[RunGroup]:
        """A unit for each run, as the plan of the stage."""
        spread = self.spread(*facts)
        inputs = identity_digest(*spread.sources)
        return (RunGroup(run, spread.widths, inputs) for run in self.runs(*facts))
