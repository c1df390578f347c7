"""The captures of one plan of ranges, read from a server into one archive of this machine.

Ranges are read in any order, several at a time, and a run may be killed; the archive holds the records in the order of
the plan, so its bytes are the same for all that. It is put together from the journal of the ranges once none is
missing:

    .stages/read/ID/           the journal (`corpus.fetching.journal`), gone when the archive stands
    captures-ID.warc.gz        the records, as the crawl has them: gzip member by member
    quarantined/part-ID        what the index promised and the server does not have, by file and offset
    captures/part-ID           a row for each link: its capture, where it came from, where it lies now
    .stages/read/lost-ID       the links whose capture could not be read; written last
"""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from corpus.document import Quarantined
from corpus.errors import CorpusloomError
from corpus.fetching.asking import Asking, Manners
from corpus.fetching.client import Bounds, Client, FailedRequest
from corpus.fetching.journal import FetchJournal
from corpus.fetching.network import Reach
from corpus.files.manifest import Part, appearing, map_arrow, parquet_footer, part_of, write_parquet
from corpus.schema import QUARANTINED_SCHEMA, Row, quarantined_row
from corpus.sources.commoncrawl.ranges import LONGEST_RANGE
from corpus.sources.commoncrawl.reading import RangeReader, ranges_of
from pipelines.runtime.task import STAGES
from pipelines.work.index_join import RangeFacts, lost_row
from pipelines.work.lost_links import LOST_SCHEMA
from pipelines.work.sought import UNTIMED

CAPTURES_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("url", "canonical_url")),
        *((name, pa.int64()) for name in ("karma", "first_posted")),  # seconds since 1970
        ("capture_url", pa.string()),  # as the crawl has it: http or https, with or without www
        ("fetched", pa.int64()),  # seconds since 1970
        ("source_file", pa.string()),  # the archive of the crawl, and where in it
        ("source_offset", pa.int64()),
        ("length", pa.int64()),
        ("warc_file", pa.string()),  # the archive here, and where in it
        ("warc_offset", pa.int64()),
    ]
)
_ID_LENGTH = 16  # of 64 letters of a digest, for either half of the name


@dataclass(frozen=True)
class ArchiveServer:
    """Where archives are read, and how; `seconds` is the most that one range may take."""

    address: str
    agent: str
    reach: Reach
    manners: Manners
    seconds: float = 120.0

    def asking(self) -> Asking:
        """What asks it; to be made in the event loop that uses it."""
        bounds = Bounds(LONGEST_RANGE, 15.0, self.seconds)
        return Asking(Client(self.agent, self.reach, bounds, self.manners.at_once), self.manners)


@dataclass(frozen=True)
class CaptureArchive:
    """One plan of ranges in the output folder `root`, and the files that it becomes."""

    root: Path
    facts: RangeFacts

    @property
    def identity(self) -> str:
        """Names the files: the same records and links, the same name."""
        return f"{self.facts.records.digest[:_ID_LENGTH]}{self.facts.links.digest[:_ID_LENGTH]}"

    @property
    def warc(self) -> Path:
        """The archive."""
        return self.root / f"captures-{self.identity}.warc.gz"

    @property
    def captures(self) -> Path:
        """The links that have a capture."""
        return self.root / "captures" / f"part-{self.identity}.parquet"

    @property
    def quarantined(self) -> Path:
        """What could not be read."""
        return self.root / "quarantined" / f"part-{self.identity}.parquet"

    @property
    def lost(self) -> Path:
        """The links whose capture could not be read."""
        return self.root / STAGES / "read" / f"lost-{self.identity}.parquet"

    @property
    def home(self) -> Path:
        """The folder of the journal."""
        return self.root / STAGES / "read" / self.identity

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that it may have."""
        return self.warc, self.captures, self.quarantined, self.lost

    @cached_property
    def records(self) -> pa.Table:
        """The records to read (`RECORDS_SCHEMA`)."""
        return map_arrow(self.root / self.facts.records.path)

    def is_done(self) -> bool:
        """Whether all its files stand."""
        if not self.lost.is_file():
            return False
        # `lost` is written last, so with it the others stand; an archive that has no record at all was never written.
        all_lost = parquet_footer(self.lost).num_rows == self.facts.links.rows
        return all_lost or (self.warc.is_file() and self.captures.is_file())

    def part(self, path: Path) -> Part:
        """A file of the archive for a manifest."""
        rows = parquet_footer(path).num_rows if path.suffix == ".parquet" else 0
        return part_of(path, self.root, rows)

    def read(self, server: ArchiveServer) -> tuple[list[FailedRequest], int]:
        """Read what is missing, and write the files when nothing is; what failed, and how many requests were made."""
        # One file of any size: `_put_together` seeks in it.
        journal = FetchJournal(self.home, "ranges", archive_bytes=2**62)

        async def run() -> tuple[RangeReader, int]:
            asking = server.asking()
            reader = RangeReader(asking, journal, server.address)
            # What an earlier run read is in the journal; only other ranges are asked for.
            reader.done = {entry["range"]: entry for entry in journal.entries()}
            async with asking.client:
                await reader.run(ranges_of(self.records), server.manners.at_once)
            return reader, asking.requests

        reader, requests = asyncio.run(run())
        if not reader.failures:
            self._write(reader, journal)
        return reader.failures, requests

    def _write(self, reader: RangeReader, journal: FetchJournal) -> None:
        # Number of a record -> (offset in the journal, length), or -> (reason, detail).
        # A range holds several records: `at` is where one begins within its entry.
        good, bad = dict[int, tuple[int, int]](), dict[int, tuple[str, str]]()
        for entry in reader.done.values():
            good |= {number: (entry["offset"] + at, length) for number, at, length in entry["good"]}
            bad |= {number: (reason, detail) for number, reason, detail in entry["bad"]}
        if len(good) + len(bad) != self.records.num_rows or good.keys() & bad.keys():
            raise CorpusloomError(f"{self.home}: its journal is not that of this plan; remove it and read again")
        offsets = self._put_together(good, journal)
        if bad:
            write_parquet(self.quarantined, self.root, QUARANTINED_SCHEMA, map(quarantined_row, self._unreadable(bad)))
        links = map_arrow(self.root / self.facts.links.path).to_pylist()
        lost = sorted((row for row in links if row["record"] in bad), key=lambda row: (-row["karma"], row["url"]))
        found = (self._capture_row(row, offsets[row["record"]]) for row in links if row["record"] in good)
        if good:
            write_parquet(self.captures, self.root, CAPTURES_SCHEMA, found)
        write_parquet(self.lost, self.root, LOST_SCHEMA, (lost_row(row, "capture_unreadable") for row in lost))
        shutil.rmtree(self.home, ignore_errors=True)

    def _unreadable(self, bad: Mapping[int, tuple[str, str]]) -> Iterator[Quarantined]:
        numbers = sorted(bad)
        rows = self.records.take(pa.array(numbers, pa.int64())).to_pylist()
        return (Quarantined(row["warc"], row["offset"], *bad[at]) for at, row in zip(numbers, rows, strict=True))

    def _put_together(self, good: dict[int, tuple[int, int]], journal: FetchJournal) -> dict[int, int]:
        """Write the records in the order of the plan; where each begins."""
        offsets, at = dict[int, int](), 0
        if not good:
            return offsets
        with appearing(self.warc) as temporary, temporary.open("wb") as archive:
            with journal.path({"archive": 0}).open("rb") as source:
                for number in sorted(good):
                    start, length = good[number]
                    source.seek(start)
                    archive.write(source.read(length))
                    # Where it will lie in the archive, for `warc_offset`: records follow each other without a gap.
                    offsets[number] = at
                    at += length
            archive.flush()
        return offsets

    def _capture_row(self, row: Mapping[str, str | int], offset: int) -> Row:
        names = ("url", "canonical_url", "karma", "capture_url", "fetched", "length")
        posted = None if row["first_posted"] == UNTIMED else row["first_posted"]
        where = {"source_file": row["warc"], "source_offset": row["offset"], "warc_file": self.warc.name}
        return {**{name: row[name] for name in names}, **where, "first_posted": posted, "warc_offset": offset}
