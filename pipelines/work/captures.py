"""Archives → what they hold: every page and every redirect by key, from one pass that skips the bodies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from corpus.document import Quarantined
from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts, Part, write_arrow, write_parquet
from corpus.files.storage import local
from corpus.hashing import file_digest, key64
from corpus.quarantine import check_columns, guard
from corpus.readers.containers import container
from corpus.readers.warc.captures import Capture, scan
from corpus.schema import QUARANTINED_SCHEMA, quarantined_row
from corpus.sources.redirects import EDGES_SCHEMA
from corpus.urls import address_or_raw
from pipelines.runtime.task import Outcome, Task, note_progress

PAGES_SCHEMA = pa.schema([("key", pa.int64()), ("offset", pa.int64())])  # hash of the SURT; byte of the record
_PAGE_TYPES = frozenset({"response", "resource", "conversion"})  # conversion: the texts of a WET


@dataclass(frozen=True)
class ArchiveFile:
    """A crawl file."""

    file: InputFile

    @property
    def label(self) -> str:
        """The name of the file."""
        return self.file.name

    counted: ClassVar[str] = "bytes"

    @property
    def size(self) -> int:
        """Its bytes."""
        return max(self.file.bytes, 1)


@dataclass(frozen=True)
class CaptureFacts:
    """`pages` and `edges` are sorted by key. Where `seekable`, one can enter the file at any record."""

    name: str
    bytes: int
    digest: str
    records: dict[str, int]
    seekable: bool
    pages: Part
    edges: Part
    quarantined: Part


def archives(files: Sequence[InputFile]) -> Iterator[ArchiveFile]:
    """A unit for each archive."""
    return map(ArchiveFile, files)


def page_key(url: str) -> int:
    """The join key of a URL: that of its SURT, or of the text itself where no browser could read it."""
    return key64(address_or_raw(url).surt)


@dataclass
class _Found:
    """What one archive holds."""

    name: str
    records: dict[str, int] = field(default_factory=dict)
    pages: list[tuple[int, int]] = field(default_factory=list)
    edges: set[tuple[int, int, str]] = field(default_factory=set)
    reasons: dict[str, int] = field(default_factory=dict)
    damage: list[Quarantined] = field(default_factory=list)

    def add(self, item: Capture | Quarantined) -> None:
        if not isinstance(item, Quarantined):
            # `_note` returns nothing; what it raises comes back as damage, in place of the capture.
            item = guard(self._note, item, self.name, item.offset) or item
        if isinstance(item, Quarantined):
            self.damage.append(item)

    def _note(self, item: Capture) -> None:
        page, leads_to = page_key(item.url), item.location or item.refers_to
        check_columns((item.url, item.offset))
        self.records[item.record_type] = self.records.get(item.record_type, 0) + 1
        # response, 301, Location: B      an edge to B, and no page
        # revisit of another record       an edge to it, and no page
        # response, 200                   a page
        if leads_to:
            self.edges.add((page, page_key(leads_to), item.url))
        if item.record_type in _PAGE_TYPES and item.url and not item.location:
            self.pages.append((page, item.offset))
            return
        reason = "capture.redirect" if item.location else f"capture.{item.record_type}_record"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    @property
    def counts(self) -> Counts:
        rejected, damaged = sum(self.reasons.values()), len(self.damage)
        total = len(self.pages) + rejected + damaged
        return Counts(total, len(self.pages), rejected, damaged, dict(sorted(self.reasons.items())))


@dataclass(frozen=True)
class ScanCaptures:
    """The work on one archive."""

    def __call__(self, task: Task[ArchiveFile]) -> Outcome[CaptureFacts]:
        """Note every page and every edge; keep what could not be read."""
        file, note = task.unit.file, note_progress(task)
        found, path = _Found(file.name), local(file.place)
        for item in scan(path, file.name):
            found.add(item)
            note(max(item.offset, 0))  # damage of a whole file has no place in it
        rows = map(quarantined_row, found.damage)
        facts = CaptureFacts(
            name=file.name,
            bytes=file.bytes,
            digest=file_digest(path),
            records=dict(sorted(found.records.items())),
            seekable=_is_seekable(path),
            pages=_write(task, "pages", PAGES_SCHEMA, sorted(found.pages)),
            edges=_write(task, "edges", EDGES_SCHEMA, sorted(found.edges)),
            quarantined=write_parquet(task.part("quarantined"), task.root, QUARANTINED_SCHEMA, rows),
        )
        return Outcome((facts.pages, facts.edges, facts.quarantined), found.counts, facts)


def _is_seekable(path: Path) -> bool:
    """Can one enter the file at a record? Then several units may share it."""
    with path.open("rb") as file:
        return container(file) in ("plain", "members")


def _write(task: Task[Any], folder: str, schema: pa.Schema, rows: list[Any]) -> Part:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    return write_arrow(task.part(folder, ".arrow"), task.root, pa.table(columns, schema))
