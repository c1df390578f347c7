"""Captures → runs of pages to read, where every page is wanted: the place that links have in WebText.

An archive of Common Crawl holds some forty thousand pages. They are read in runs of a thousand or so, by offset, so
that one archive is the work of several workers and a run's pages fit into memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from corpus.hashing import digest
from pipelines.runtime.task import Outcome, Task
from pipelines.work.captures import CaptureFacts
from pipelines.work.matching import ArchiveMatches, PageRun

# Fewest pages of a run in a file that cannot be entered in the middle: each run inflates it from its start again.
PAGES_IN_PASSING = 5_000
_LISTED_SCHEMA = pa.schema([("offset", pa.int64())])


@dataclass(frozen=True)
class ArchiveToList:
    """The pages of an archive."""

    name: str
    pages: Part
    seekable: bool

    @property
    def label(self) -> str:
        """The name of the file."""
        return self.name

    counted: ClassVar[str] = "pages"

    @property
    def size(self) -> int:
        """How many pages it has."""
        return self.pages.rows + 1


@dataclass(frozen=True)
class ListedFacts:
    """The pages of one archive by offset, and the runs they are read in."""

    archives: tuple[ArchiveMatches, ...]


def archives_to_list(captures: Sequence[CaptureFacts]) -> Iterator[ArchiveToList]:
    """A unit for each archive."""
    return (ArchiveToList(facts.name, facts.pages, facts.seekable) for facts in captures)


@dataclass(frozen=True)
class ListPages:
    """The work on one archive."""

    pages_per_run: int

    def __call__(self, task: Task[ArchiveToList]) -> Outcome[ListedFacts]:
        """All its pages, in runs."""
        unit = task.unit
        offsets = np.sort(map_arrow(task.root / unit.pages.path)["offset"].to_numpy())
        listed = write_arrow(task.part("listed", ".arrow"), task.root, pa.table([offsets], _LISTED_SCHEMA))
        # 40,000 pages by 1,000: 40 runs of an archive that can be entered, 8 of 5,000 of one that cannot.
        step = self.pages_per_run if unit.seekable else max(self.pages_per_run, PAGES_IN_PASSING)
        runs = tuple(_run(offsets[start : start + step], start) for start in range(0, len(offsets), step))
        facts = ListedFacts((ArchiveMatches(unit.name, listed, runs),))
        return Outcome((listed,), Counts(len(offsets), len(offsets)), facts)


def _run(offsets: np.ndarray, start: int) -> PageRun:
    first, last = int(offsets[0]), int(offsets[-1])
    return PageRun(start, start + len(offsets), first, last, digest(offsets.tobytes()), links="")
