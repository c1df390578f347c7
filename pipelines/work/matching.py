"""Captures × wanted pages → the pages to read.

The pages of some archives are looked up in the sorted table of wanted pages, one range of keys after the other: no join
moves a page, and an archive costs the reading of its keys. What is asked for is cut into runs, the units that read
pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from corpus.hashing import digest
from corpus.sources.redirects import WANTED_SCHEMA
from pipelines.runtime.task import Outcome, Task
from pipelines.work.captures import CaptureFacts
from pipelines.work.links import rows_between
from pipelines.work.redirects import WantedFacts

# Captures that one unit looks up.
CAPTURES_PER_BATCH = 2_000_000
MATCHED_SCHEMA = pa.schema([("offset", pa.int64()), *WANTED_SCHEMA])
_ANSWERED_SCHEMA = pa.schema([("key", pa.int64())])


@dataclass(frozen=True)
class ArchivePages:
    """The pages of one archive."""

    name: str
    pages: Part
    seekable: bool


@dataclass(frozen=True)
class MatchBatch:
    """Some archives, and all wanted pages."""

    archives: tuple[ArchivePages, ...]
    wanted: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The first archive."""
        return f"{self.archives[0].name} and {len(self.archives) - 1} more"

    counted: ClassVar[str] = "captures"

    @property
    def size(self) -> int:
        """How many captures are looked up."""
        return sum(archive.pages.rows for archive in self.archives) + 1


@dataclass(frozen=True)
class PageRun:
    """Matched pages of one archive that are read together: rows `start` to `stop` of its matches.

    `first` and `last` are offsets in the archive. `offsets` is the digest of which pages they are, `links` the digest
    of what the links say of them: another karma reads no page again.
    """

    start: int
    stop: int
    first: int
    last: int
    offsets: str
    links: str


@dataclass(frozen=True)
class ArchiveMatches:
    """What of an archive is asked for, by offset, and the runs it is read in."""

    name: str
    matched: Part
    runs: tuple[PageRun, ...]


@dataclass(frozen=True)
class CaptureMatchFacts:
    """The matches of each archive of a batch, and the keys of the pages that were found, sorted."""

    archives: tuple[ArchiveMatches, ...]
    answered: Part


def batches(captures: Sequence[CaptureFacts], wanted: Sequence[WantedFacts]) -> Iterator[MatchBatch]:
    """Archives in groups of about two million captures."""
    tables, group = tuple(facts.wanted for facts in wanted), list[ArchivePages]()
    for facts in captures:
        group.append(ArchivePages(facts.name, facts.pages, facts.seekable))
        if sum(archive.pages.rows for archive in group) >= CAPTURES_PER_BATCH:
            yield MatchBatch(tuple(group), tables)
            group = []
    if group:
        yield MatchBatch(tuple(group), tables)


@dataclass(frozen=True)
class MatchPages:
    """The work on some archives. A file that cannot be entered in the middle is one run, however many pages it has."""

    pages_per_run: int

    def __call__(self, task: Task[MatchBatch]) -> Outcome[CaptureMatchFacts]:
        """The captures that a link asks for, by offset, with what the link says of them."""
        wanted = [map_arrow(task.root / part.path) for part in task.unit.wanted]
        found = [self._matches(task, archive, wanted) for archive in task.unit.archives]
        # For the links without a page: whose page was found anywhere in these archives.
        keys = np.unique(np.concatenate([table["key"].to_numpy() for table, _ in found]))
        answered = write_arrow(task.part("answered", ".arrow"), task.root, pa.table([keys], _ANSWERED_SCHEMA))
        matches = tuple(one for _, one in found)
        looked_up = sum(archive.pages.rows for archive in task.unit.archives)
        hits = sum(one.matched.rows for one in matches)
        reasons = {"capture.not_asked_for": looked_up - hits} if looked_up > hits else {}
        counts = Counts(looked_up, hits, looked_up - hits, 0, reasons)
        return Outcome((answered, *(one.matched for one in matches)), counts, CaptureMatchFacts(matches, answered))

    def _matches(
        self, task: Task[MatchBatch], archive: ArchivePages, wanted: Sequence[pa.Table]
    ) -> tuple[pa.Table, ArchiveMatches]:
        pages = map_arrow(task.root / archive.pages.path)
        table = pa.concat_tables([pa.table([[] for _ in MATCHED_SCHEMA], MATCHED_SCHEMA)] + [
            _lookup(pages, some) for some in wanted if some.num_rows
        ]).sort_by("offset")  # fmt: skip
        suffix = f"-{digest(archive.name, length=6)}.arrow"
        part = write_arrow(task.part("matched", suffix), task.root, table)
        # One run for a file that can only be read from its start: two would inflate it twice.
        step = self.pages_per_run if archive.seekable else max(table.num_rows, 1)
        starts = range(0, table.num_rows, step)
        return table, ArchiveMatches(
            archive.name, part, tuple(_run(table.slice(start, step), start) for start in starts)
        )


def _lookup(pages: pa.Table, wanted: pa.Table) -> pa.Table:
    """The rows of `pages` (sorted by key) that are in `wanted` (a range of keys, sorted), with what it says of them."""
    keys = wanted["key"].to_numpy()
    some = rows_between(pages, int(keys[0]), int(keys[-1]))
    asked = some["key"].to_numpy()
    # Wanted keys [3, 7], keys of pages [3, 5, 7]: places [0, 1, 1] hold [3, 7, 7], so pages 0 and 2 are hits.
    place = np.searchsorted(keys, asked)
    hit = np.flatnonzero(keys[place] == asked)
    return wanted.take(pa.array(place[hit])).add_column(0, "offset", some["offset"].take(pa.array(hit)))


def _run(table: pa.Table, start: int) -> PageRun:
    offsets = table["offset"].to_pylist()
    # Two digests: `offsets` names the extraction, `links` the judging. Another karma changes the second alone.
    links = [str(column.to_pylist()) for column in table.columns]
    return PageRun(start, start + len(offsets), offsets[0], offsets[-1], digest(str(offsets)), digest(*links))
