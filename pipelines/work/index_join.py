"""Links × the columnar index → the captures to read, each in one place, and the links that have none.

    candidates  one file of the index × all links → of each link the nearest capture in the file
    chosen      a range of links × the candidates of all files → of each link the nearest capture
    ranges      captures whose files fall into one range of hashes → the ranges of bytes to read

Nothing is held whole: links are cut by their key, the index by its files, captures by the hash of the file they lie in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow, write_parquet
from corpus.hashing import key64
from corpus.schema import QUARANTINED_SCHEMA, quarantined_row
from corpus.sources.commoncrawl.index import CANDIDATES_SCHEMA, SOUGHT_SCHEMA, IndexReader, Sought, nearest
from corpus.sources.commoncrawl.ranges import plan_ranges
from pipelines.runtime.task import Outcome, Task
from pipelines.work.links import key_range, rows_between
from pipelines.work.lost_links import LOST_SCHEMA, LostLink
from pipelines.work.sought import UNTIMED, SoughtFacts, SoughtLink

# place: hash of the archive's name, by which captures are cut, so that those of one file come together.
CHOSEN_SCHEMA = pa.schema(
    [("place", pa.int64()), *(field for field in CANDIDATES_SCHEMA if field.name != "url"),
     ("capture_url", pa.string()), *(field for field in SOUGHT_SCHEMA if field.name != "key")]
)  # fmt: skip
_ORDER = ("place", "warc", "offset", "length", "capture_url", "key")  # by archive, then as it is read


@dataclass(frozen=True)
class IndexFile:
    """A file of the index, and all links."""

    file: InputFile
    sought: tuple[SoughtFacts, ...]

    @property
    def label(self) -> str:
        """The name of the file."""
        return self.file.name

    counted: ClassVar[str] = "bytes"

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.file.bytes


@dataclass(frozen=True)
class CandidateFacts:
    """Of each link the nearest capture in one file, sorted by key; rows that name no place for a record."""

    candidates: Part
    quarantined: Part


@dataclass(frozen=True)
class LinksAndCandidates:
    """A range of links, and the candidates of all files of the index."""

    number: int
    of: int
    links: Part
    candidates: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"links {self.number}"

    counted: ClassVar[str] = "links"

    @property
    def size(self) -> int:
        """How many links there are."""
        return self.links.rows + 1


@dataclass(frozen=True)
class ChosenFacts:
    """The captures of a range of links, sorted by place; the links without one, most karma first; their bytes."""

    chosen: Part
    lost: Part
    bytes: int


@dataclass(frozen=True)
class SomePlaces:
    """The captures in files whose hashes fall into range `number` of `of`."""

    number: int
    of: int
    chosen: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"archives {self.number}"

    counted: ClassVar[str] = "captures"

    @property
    def size(self) -> int:
        """About how many captures it has."""
        return sum(part.rows for part in self.chosen) // self.of + 1


@dataclass(frozen=True)
class RangeFacts:
    """The records to read, the links that ask for each, and how many ranges of how many files and bytes that is."""

    records: Part
    links: Part
    ranges: int
    files: int
    bytes: int


def index_files(files: Sequence[InputFile], sought: Sequence[SoughtFacts]) -> Iterator[IndexFile]:
    """A unit for each file of the index."""
    return (IndexFile(file, tuple(sought)) for file in files)


def links_and_candidates(
    sought: Sequence[SoughtFacts], candidates: Sequence[CandidateFacts]
) -> Iterator[LinksAndCandidates]:
    """A unit for each range of links."""
    found = tuple(facts.candidates for facts in candidates if facts.candidates.rows)
    for number, facts in enumerate(sought):
        yield LinksAndCandidates(number, len(sought), facts.links, found)


def places(archive_bytes: int, chosen: Sequence[ChosenFacts]) -> Iterator[SomePlaces]:
    """As many equal ranges of hashes of files as archives of `archive_bytes` hold all captures."""
    parts = tuple(facts.chosen for facts in chosen)
    # 1.2 GB of captures in archives of 500 MB: 2 ranges, of about 600 MB each.
    of = max(1, sum(facts.bytes for facts in chosen) // archive_bytes)
    return (SomePlaces(number, of, parts) for number in range(of))


@dataclass(frozen=True)
class JoinIndex:
    """The work on one file of the index."""

    def __call__(self, task: Task[IndexFile]) -> Outcome[CandidateFacts]:
        """Every row is a candidate, damage, or counted under a reason."""
        unit = task.unit
        sought = [_map(task.root, facts) for facts in unit.sought]
        reader = IndexReader(unit.file.name, [each for each in sought if len(each.key)])
        with unit.file.held(), unit.file.place.open("rb") as file:
            table = reader.read(file)
        candidates = write_arrow(task.part("candidates", ".arrow"), task.root, table)
        rows = map(quarantined_row, reader.damage)
        quarantined = write_parquet(task.part("quarantined"), task.root, QUARANTINED_SCHEMA, rows)
        reasons = {reason: count for reason, count in sorted(reader.reasons.items()) if count}
        counts = Counts(reader.rows, table.num_rows, sum(reasons.values()), len(reader.damage), reasons)
        return Outcome((candidates, quarantined), counts, CandidateFacts(candidates, quarantined))


def _map(root: Path, facts: SoughtFacts) -> Sought:
    links = map_arrow(root / facts.links.path)
    hosts = map_arrow(root / facts.hosts.path)["host"].combine_chunks()
    loose = map_arrow(root / facts.loose.path)["loose"].to_numpy()
    return Sought(links["key"].to_numpy(), links["first_posted"].to_numpy(), loose, hosts)


@dataclass(frozen=True)
class ChooseCaptures:
    """The work on one range of links and the candidates of all files."""

    def __call__(self, task: Task[LinksAndCandidates]) -> Outcome[ChosenFacts]:
        """Each link has a capture, or is lost."""
        unit = task.unit
        low, high = key_range(unit.number, unit.of)
        slices = [rows_between(map_arrow(task.root / part.path), low, high) for part in unit.candidates]
        empty = pa.table([[] for _ in CANDIDATES_SCHEMA], CANDIDATES_SCHEMA)
        found = nearest(pa.concat_tables([empty, *slices]))
        links = map_arrow(task.root / unit.links.path)
        key = found["key"].to_numpy()
        # Every candidate's key is a link's, and both are sorted:
        # `at` are the rows of the links, in the candidates' order.
        at = np.searchsorted(links["key"].to_numpy(), key)
        place = np.fromiter(map(key64, found["warc"].to_pylist()), np.int64, len(key))
        of_links = links.take(pa.array(at))
        columns = {name: found[name] for name in CANDIDATES_SCHEMA.names if name != "url"}
        columns |= {"place": pa.array(place), "capture_url": found["url"]}
        columns |= {name: of_links[name] for name in SOUGHT_SCHEMA.names if name != "key"}
        table = pa.table(columns).select(CHOSEN_SCHEMA.names).cast(CHOSEN_SCHEMA)
        table = table.sort_by([(name, "ascending") for name in _ORDER])
        chosen = write_arrow(task.part("chosen", ".arrow"), task.root, table)
        lost = self._lost(task, links.filter(pa.array(~np.isin(links["key"].to_numpy(), key))))
        counts = Counts(
            links.num_rows, chosen.rows, lost.rows, 0, {"capture.not_in_index": lost.rows} if lost.rows else {}
        )
        return Outcome((chosen, lost), counts, ChosenFacts(chosen, lost, int(found["length"].to_numpy().sum())))

    def _lost(self, task: Task[LinksAndCandidates], links: pa.Table) -> Part:
        rows = sorted(links.to_pylist(), key=lambda row: (-row["karma"], row["url"]))
        listed = (
            {**{name: row[name] for name in LOST_SCHEMA.names if name in row}, "reason": "not_in_index"} for row in rows
        )
        return write_parquet(task.part("lost"), task.root, LOST_SCHEMA, listed)


def lost_row(row: SoughtLink, reason: str) -> LostLink:
    """A link without a page as a row of `LOST_SCHEMA`."""
    return {
        "url": row["url"],
        "canonical_url": row["canonical_url"],
        "karma": row["karma"],
        "first_posted": None if row["first_posted"] == UNTIMED else row["first_posted"],
        "reason": reason,
    }


@dataclass(frozen=True)
class PlanRanges:
    """The work on the captures in some files. Records at most `gap` bytes apart become one range."""

    gap: int

    def __call__(self, task: Task[SomePlaces]) -> Outcome[RangeFacts]:
        """The records to read, with their ranges; and which of them each link asks for."""
        low, high = key_range(task.unit.number, task.unit.of)
        slices = [rows_between(map_arrow(task.root / part.path), low, high, "place") for part in task.unit.chosen]
        empty = pa.table([[] for _ in CHOSEN_SCHEMA], CHOSEN_SCHEMA)
        table = pa.concat_tables([empty, *slices]).sort_by([(name, "ascending") for name in _ORDER]).combine_chunks()
        captures = table.select(["warc", "offset", "length", "capture_url"]).rename_columns(
            ["warc", "offset", "length", "url"]
        )
        records, record = plan_ranges(captures, self.gap)
        links = write_arrow(
            task.part("links", ".arrow"), task.root, table.append_column("record", pa.array(record, pa.int64()))
        )
        part = write_arrow(task.part("records", ".arrow"), task.root, records)
        # Records of one range have its start and stop all alike; one of each says how many bytes are read.
        first = np.unique(records["range"].to_numpy(), return_index=True)[1]
        size = int((records["stop"].to_numpy()[first] - records["start"].to_numpy()[first]).sum())
        files = len(set(records["warc"].to_pylist()))
        return Outcome((part, links), Counts(links.rows, links.rows), RangeFacts(part, links, len(first), files, size))
