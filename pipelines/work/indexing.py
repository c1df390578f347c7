"""A finished corpus → a layer of an index (`corpus.dedup.index`), in which later builds find its documents.

    kept parts → signatures → entries → the manifest

Every part of the layer is published and none stays behind in a hidden folder, so that what is forgotten lies in one
place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.dedup.clusters import group_starts
from corpus.dedup.index import ENTRY_ROWS, IndexSettings, LayerManifest, entries_of, entry_table, range_of
from corpus.dedup.minhash import MinHash
from corpus.errors import CorpusloomError
from corpus.files.identity import no_identity
from corpus.files.manifest import MANIFEST, Counts, Part, open_published, part_of, write_arrow
from corpus.files.storage import place
from corpus.splitmix import mixed
from pipelines.runtime.shuffle import G
from pipelines.runtime.task import F, NoFacts, Outcome, Task
from pipelines.work.against import KnownPart
from pipelines.work.grouping import HashGroup, HashWork, Spread
from pipelines.work.packing import by_group, rows_in, unpack
from pipelines.work.signatures import (
    ROW_BITS,
    SignatureFacts,
    SignedRun,
    Widths,
    read_parts,
    read_some,
    runs_of,
    sign_file,
    widths_of,
)
from pipelines.work.verdicts import VERDICTS_PER_PART


@dataclass(frozen=True)
class SignLayer:
    """The work on a kept part of the corpus."""

    config: MinHash

    def __call__(self, task: Task[KnownPart]) -> Outcome[SignatureFacts]:
        """A row a document, in a part of the layer."""
        path, file = task.published("signatures", ".arrow"), open_published(place(task.unit.file))
        part, widths = sign_file(task, path, file, self.config)
        return Outcome((part,), Counts(part.rows, part.rows), SignatureFacts(part, part.rows, widths.id, widths.date))


@dataclass(frozen=True)
class EntryFacts:
    """The entries of a range, and numbers of two documents with one id, if there are any."""

    entries: Part
    twice: tuple[int, ...]


def key_rows(config: MinHash, *more: tuple[str, str]) -> np.dtype:
    """What of a signature's row makes its entries."""
    keys = [(name, "<i8") for name in ("number", "page", "text", "text_low")]
    return np.dtype([*keys, *more, ("signature", "<u4", (config.minima,))])


@dataclass(frozen=True)
class RangeWork(HashWork[SignedRun, G, F]):
    """Work on the entries of runs, in ranges of their hashes."""

    config: MinHash

    def dtype(self, widths: Widths) -> np.dtype:
        """An entry."""
        return ENTRY_ROWS

    def spread(self, signed: Sequence[SignatureFacts], *others: object) -> Spread[SignedRun]:
        """All runs."""
        # An entry for each band, one for the page and one for the text.
        rows = rows_in([facts.signatures for facts in signed]) * (self.config.bands + 2)
        return Spread(runs_of(signed), rows, widths_of(signed))

    def grouped(self, rows: np.ndarray, groups: int) -> Iterator[tuple[int, bytes]]:
        """By range."""
        return by_group(rows, range_of(rows["hash"], groups))

    def read(self, source: SignedRun, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The entries of a run, a part at a time."""
        return (entries_of(rows, self.config) for rows in read_parts(root, source, key_rows(self.config)))


@dataclass(frozen=True)
class SortEntries(RangeWork[HashGroup, EntryFacts]):
    """The work on a range of hashes."""

    def read(self, source: SignedRun, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """Entries, and those of ids, which have a negative number: -1 - that of the document."""
        for rows in read_parts(root, source, key_rows(self.config, ("id", f"S{widths.id}"))):
            ids = np.empty(len(rows), ENTRY_ROWS)
            # Document 0 is -1, document 5 is -6: ids go the same way as entries, and are told from them by the sign.
            ids["hash"], ids["number"] = _hashes(rows["id"]), -1 - rows["number"]
            yield np.concatenate([entries_of(rows, self.config), ids])

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[EntryFacts]:
        """The entries of the range, sorted; ids are looked at and left out."""
        found = unpack(entries, ENTRY_ROWS)
        ids = np.sort(found[found["number"] < 0])
        starts = group_starts(ids["hash"])
        # Sorted by hash: the first hash that two documents have, if any has. [place, place + 1] are those two.
        first = starts[:-1][np.diff(starts) > 1][:1]
        twice = (-1 - ids["number"][[*first, *(first + 1)]]).tolist()
        table = entry_table(found[found["number"] >= 0])
        part = write_arrow(task.published("entries", ".arrow"), task.root, table)
        return Outcome((part,), Counts(len(found), len(found)), EntryFacts(part, tuple(sorted(twice))))


def _hashes(ids: np.ndarray) -> np.ndarray:
    """(n,) bytes of a fixed width → (n,) uint64, a column of all at a time."""
    # "ab", "b" in 3 bytes: [[97 98 0], [98 0 0]]; hashed a column at a time, over all ids.
    columns = np.ascontiguousarray(ids).view(np.uint8).reshape(len(ids), ids.dtype.itemsize).astype(np.uint64)
    found = np.zeros(len(ids), np.uint64)
    for column in columns.T:
        found = mixed(found + column + np.uint64(1))  # + 1, so that zero bytes change it too
    return found


@dataclass(frozen=True)
class WholeLayer:
    """All that is in a layer."""

    signed: tuple[SignatureFacts, ...]
    entries: tuple[Part, ...]
    twice: tuple[int, ...]
    label: str = no_identity(default="the layer")
    size: int = no_identity(default=1)


def whole_layer(signed: Sequence[SignatureFacts], entries: Sequence[EntryFacts]) -> Iterator[WholeLayer]:
    """The one unit."""
    twice = next((facts.twice for facts in entries if facts.twice), ())
    yield WholeLayer(tuple(signed), tuple(facts.entries for facts in entries), twice)


@dataclass(frozen=True)
class PublishLayer:
    """The work on the whole: its manifest. `corpus` is where it is from, `source` what that is a corpus of."""

    config: MinHash
    source: str
    corpus: str = no_identity()

    def __call__(self, task: Task[WholeLayer]) -> Outcome[NoFacts]:
        """Write the manifest; `CorpusloomError` where an id stands in the corpus twice."""
        unit = task.unit
        widths = widths_of(unit.signed)
        # Here and not in `entries`: the id of a number stands in the signatures, which this stage reads too.
        if unit.twice:
            name = _id_of(task.root, unit, widths)
            raise CorpusloomError(
                f"{self.corpus}: the id {name} stands in it twice, and an index must know which document is meant; "
                "build the corpus again with this project's commands"
            )
        manifest = LayerManifest(
            source=self.source,
            settings=IndexSettings(self.config, VERDICTS_PER_PART),
            documents=rows_in([facts.signatures for facts in unit.signed]),
            signed=tuple(facts.documents for facts in unit.signed),
            signatures=tuple(facts.signatures for facts in unit.signed),
            entries=unit.entries,
            id_bytes=widths.id,
            date_bytes=widths.date,
        )
        manifest.write(task.root)
        return Outcome((part_of(task.root / MANIFEST, task.root, 0),), Counts(1, 1), NoFacts())


def _id_of(root: Path, unit: WholeLayer, widths: Widths) -> str:
    # The high bits of a number are its run.
    run = runs_of(unit.signed)[unit.twice[0] >> ROW_BITS]
    dtype = np.dtype([("number", "<i8"), ("id", f"S{widths.id}")])
    return "".join(
        rows["id"][0].decode() for _, rows in read_some(root, run, dtype, np.array(unit.twice[:1])) if len(rows)
    )
