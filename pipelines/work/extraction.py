"""Matched captures → pages with their main text. What is decided on the text is another stage (`work.judging`).

A unit is a run of matched pages of one archive, cut by their number: the same cuts for any number of workers. The steps
on the page run here, extraction in a child process that can be killed. Nothing that a link says of the page takes part:
another karma, language or threshold extracts nothing again.

When other links are asked for, runs hold other pages, but mostly pages that were read before. Until the stage ends, the
parts of the runs before still lie in its folder, and their rows are taken over: `reuse` in their names says that they
come from the same archive by the same code.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import ClassVar

import pyarrow.parquet as pq

from corpus.document import Document, Page, PageStep, Quarantined, Rejected, run_steps
from corpus.extraction.html import extract
from corpus.extraction.sandbox import process_sandbox
from corpus.files.identity import identity_digest, no_identity
from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts, Part, map_arrow, write_parquet
from corpus.files.provenance import closure_of
from corpus.files.storage import is_remote, local, place, sizes_in
from corpus.quarantine import guard, storable
from corpus.readers.warc.pages import read_pages
from corpus.readers.warc.robots_at_hand import RobotsAtHand
from corpus.schema import EXTRACTED_SCHEMA, QUARANTINED_SCHEMA, Row, extracted_row, quarantined_row
from corpus.urls import address_or_raw
from pipelines.runtime.task import STAGES, Outcome, Task, note_progress
from pipelines.work.captures import CaptureFacts
from pipelines.work.listing import ListedFacts
from pipelines.work.matching import CaptureMatchFacts, PageRun

_SECONDS_BETWEEN_LISTINGS = 60
# Steps whose verdict depends on the archive and the extraction alone: their rows are taken over.
_REUSED_STEPS = frozenset({"", "page", "extract"})


@dataclass(frozen=True)
class Pages:
    """A run of matched pages of one archive; rows `start` to `stop` of `matched` name their offsets.

    `captures` are all pages of an archive that can be entered at a record: its robots.txt files are among them.
    """

    file: InputFile
    offsets: str
    matched: Part = no_identity()
    start: int = no_identity()
    stop: int = no_identity()
    first: int = no_identity()
    last: int = no_identity()
    captures: Part | None = no_identity(default=None)

    @property
    def label(self) -> str:
        """The file and which of its matched pages."""
        return f"{self.file.name} pages {self.start}-{self.stop}"

    counted: ClassVar[str] = "pages"

    @property
    def size(self) -> int:
        """How many pages it has."""
        return self.stop - self.start


@dataclass(frozen=True)
class ExtractedFacts:
    """`pages` has a row for each page that could be read, in the order of the archive: a text or a rejection."""

    pages: Part
    quarantined: Part


def runs_of(matched: Sequence[CaptureMatchFacts | ListedFacts]) -> Iterator[tuple[str, Part, PageRun]]:
    """(archive, its matched pages, run) of every run, in order."""
    for facts in matched:
        for archive in facts.archives:
            yield from ((archive.name, archive.matched, run) for run in archive.runs)


def pages_to_read(
    files: Sequence[InputFile], matched: Sequence[CaptureMatchFacts | ListedFacts], captures: Sequence[CaptureFacts]
) -> Iterator[Pages]:
    """A unit for each run of matched pages."""
    named = {file.name: file for file in files}
    # Only where records can be entered: else each look at a robots.txt would inflate the archive from its start.
    captured = {facts.name: facts.pages for facts in captures if facts.seekable}
    for name, part, run in runs_of(matched):
        yield Pages(named[name], run.offsets, part, run.start, run.stop, run.first, run.last, captured.get(name))


@dataclass(frozen=True)
class ExtractPages:
    """The work on a run of matched pages.

    `block_lists` has the digest of each list that a step uses: a list may be a file, and a changed file makes other
    verdicts. `source` is the corpus that the pages are for, the first word of their ids. `extract` is one of
    `corpus.extraction.html.EXTRACTORS`. `max_body` is the longest body that is read, in bytes.
    """

    page_steps: tuple[PageStep, ...]
    block_lists: dict[str, str]
    source: str = "webtext"
    extract: Callable[[Page], Document | Rejected] = extract
    max_body: int = 10 * 2**20

    def __call__(self, task: Task[Pages]) -> Outcome[ExtractedFacts]:
        """Each page ends as a text, a rejection or a quarantined record."""
        unit, note = task.unit, note_progress(task)
        matched = map_arrow(task.root / unit.matched.path).slice(unit.start, unit.stop - unit.start)
        offsets: list[int] = matched["offset"].to_pylist()
        # Parts of an earlier run with the same name hold pages of this
        # archive by the same code. `fresh` is what none of them has.
        reuse = identity_digest(unit.file, self.max_body, self.extract, _code(self.extract))[:16]
        rows = _older_rows(task.part("pages").parent, reuse, unit, frozenset(offsets))
        damage: list[Quarantined] = []
        fresh = [offset for offset in offsets if offset not in rows]
        read = read_pages(local(unit.file.place), fresh, unit.file.name, self.max_body)
        sandbox = process_sandbox(self.extract)
        if not is_remote(task.root_path):
            sandbox.share_deadly_pages(task.root / STAGES / "deadly" / _code(self.extract))
        # Lazily: pages are read, looked at and sent to the child
        # a batch at a time; answers come in the order of `fresh`.
        results = sandbox.extract_each(map(partial(self._looked_at, _robots(task)), read))
        for offset, item in zip(fresh, results, strict=True):
            result = item if isinstance(item, Quarantined) else guard(storable, item, unit.file.name, offset)
            if isinstance(result, Quarantined):
                damage.append(result)
            else:
                rows[offset] = extracted_row(result)
            note(len(rows) + len(damage))
        return self._outcome(task, reuse, [rows[offset] for offset in offsets if offset in rows], damage)

    def _looked_at(self, robots: RobotsAtHand | None, item: Page | Quarantined) -> Page | Rejected | Quarantined:
        """A page after the steps on it, which are guarded; what the sandbox raises is about this machine."""
        if isinstance(item, Quarantined):
            return item

        def look_at(page: Page) -> Page | Rejected:
            if robots and not page.opt_out:
                page = replace(page, opt_out=robots.opt_out(page.url))
            return run_steps(with_address(page, self.source), self.page_steps)

        return guard(look_at, item, item.warc_file, item.warc_offset)

    def _outcome(
        self, task: Task[Pages], reuse: str, rows: list[Row], damage: list[Quarantined]
    ) -> Outcome[ExtractedFacts]:
        suffix = f"-{reuse}-{task.unit.first}-{task.unit.last}.parquet"  # part-NAME-REUSE-FIRST-LAST: for `_older_rows`
        pages = write_parquet(task.part("pages", suffix), task.root, EXTRACTED_SCHEMA, rows)
        lost = write_parquet(task.part("quarantined"), task.root, QUARANTINED_SCHEMA, map(quarantined_row, damage))
        reasons: dict[str, int] = {}
        for row in rows:
            if row["step"]:
                reason = f"{row['step']}.{row['rule']}"
                reasons[reason] = reasons.get(reason, 0) + 1
        rejected = sum(reasons.values())
        total = len(rows) + len(damage)
        counts = Counts(total, len(rows) - rejected, rejected, len(damage), dict(sorted(reasons.items())))
        return Outcome((pages, lost), counts, ExtractedFacts(pages, lost))


@cache
def _code(extractor: Callable[[Page], Document | Rejected]) -> str:
    """The identity of the code that reads and extracts a page."""
    return closure_of((read_pages, extractor, RobotsAtHand.opt_out)).digest


def _robots(task: Task[Pages]) -> RobotsAtHand | None:
    """The robots.txt files of the archive; None where it cannot be entered at a record."""
    file, captures = task.unit.file, task.unit.captures
    if captures is None:
        return None
    table = map_arrow(task.root / captures.path)
    return RobotsAtHand(local(file.place), file.name, table["key"].to_numpy(), table["offset"].to_numpy())


def with_address(page: Page, source: str) -> Page:
    """The page with its source and the forms of its address."""
    where = address_or_raw(page.url)
    return replace(page, source=source, canonical_url=where.canonical, surt=where.surt, domain=where.domain)


def _older_rows(folder: Path, reuse: str, unit: Pages, offsets: frozenset[int]) -> dict[int, Row]:
    """Offset → the row of an earlier run of this archive, for those of `offsets` that one has."""
    rows: dict[int, Row] = {}
    # The minute is an argument so that `lru_cache` forgets: one listing a minute serves all tasks of a worker.
    for name in _listing(str(folder), int(time.monotonic()) // _SECONDS_BETWEEN_LISTINGS):
        # "part-NAME-REUSE-100-900.parquet": offsets 100 to 900 of the archive. Read only if that meets this run's own.
        _, _, marks = name.removesuffix(".parquet").partition(f"-{reuse}-")
        first, _, last = marks.partition("-")
        if marks and int(first) <= unit.last and int(last) >= unit.first:
            try:
                table = pq.read_table(local(folder / name), page_checksum_verification=True)
            except (OSError, ValueError):  # removed by now, or damaged: its pages are read again
                continue
            found = (row for row in table.to_pylist() if row["warc_offset"] in offsets)
            # A page that a step on its address rejected is looked at again: the steps may be others now.
            rows.update((row["warc_offset"], row) for row in found if row["step"] in _REUSED_STEPS)
    return rows


@lru_cache(maxsize=4)
def _listing(folder: str, minute: int) -> tuple[str, ...]:
    """The parts in a folder, listed once a minute: what was written in this run is of no use to it."""
    return tuple(name for name in sizes_in(place(folder)) if name.endswith(".parquet") and not name.startswith("."))
