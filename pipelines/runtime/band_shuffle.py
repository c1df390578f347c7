"""Near duplicates through one shuffle: bands and document numbers cross it, in batches, and nothing else.

    number of a signature part → (band, packed hashes and numbers) → GroupByKey → verified pairs of the band

A document costs 16 bytes a band, 224 for 14 bands; signatures are mapped where a pair is verified, texts are never
touched. Each band is a task of its own with a record, like the units of every other stage. The names of the parts
stand in the file that the elements come from, so the graph does not grow with them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from corpus.dedup.clusters import similar_pairs
from corpus.dedup.minhash import MinHash, band_hashes, similarity
from corpus.files.manifest import Counts, map_arrow, write_arrow
from corpus.files.storage import place
from pipelines.runtime.spread import read_lines
from pipelines.runtime.stage import Outcome, Task, execute

PAIRS = ".stages/near/pairs"
PAIRS_SCHEMA = pa.schema([("leader", pa.int64()), ("document", pa.int64())])
_ENTRY = np.dtype([("hash", "<i8"), ("document", "<i8")])


@dataclass
class Signatures:
    """The signatures of all documents, mapped, addressed by document number (rank in order of preference)."""

    root: Path
    parts: Sequence[str]
    order: str
    config: MinHash

    def __post_init__(self) -> None:
        table = map_arrow(self.root / self.order)
        self.part, self.row = table["part"].to_numpy(), table["row"].to_numpy()
        self.alive = table["rule"].to_numpy() < 0
        self._maps = [signatures_of(self.root / path, self.config) for path in self.parts]

    def of(self, documents: np.ndarray) -> np.ndarray:
        """(n,) numbers → (n, minima) signatures."""
        found = [self._maps[self.part[number]][self.row[number]] for number in documents.tolist()]
        return np.array(found, np.uint32).reshape(len(found), self.config.minima)

    def similarity(self, document: int, others: np.ndarray) -> np.ndarray:
        """The estimated Jaccard similarity of one document with each of the others."""
        return similarity(self.of(np.array([document]))[0], self.of(others))

    def numbers_of(self, part: int) -> np.ndarray:
        """The documents of one part that may still stay."""
        return np.flatnonzero((self.part == part) & self.alive)


def signatures_of(path: Path, config: MinHash) -> np.ndarray:
    """The (documents, minima) array of one signatures file, mapped."""
    column = map_arrow(path)["signature"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=True).reshape(-1, config.minima)


@dataclass(frozen=True)
class Listed:
    """Where the signatures are, for a worker to open: `listing` is a file with a line [number, path] for each part."""

    root: str
    listing: str
    order: str
    config: MinHash

    def open(self) -> Signatures:
        """Map the files; call once in each worker."""
        paths = [path for _, path in read_lines(place(self.listing))]
        return Signatures(place(self.root), paths, self.order, self.config)


class CutBands(beam.DoFn):
    """[number, path] of a part, as JSON → (band, packed entries of the part's documents)."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed

    def setup(self) -> None:
        """Map the signatures."""
        self.signatures = self.listed.open()

    def process(self, element: str) -> Iterator[tuple[int, bytes]]:
        """One part in, one packed batch a band out."""
        signatures = self.signatures
        numbers = signatures.numbers_of(json.loads(element)[0])
        hashes = band_hashes(signatures.of(numbers), signatures.config)
        for band in range(signatures.config.bands):
            entries = np.empty(len(numbers), _ENTRY)
            entries["hash"], entries["document"] = hashes[:, band], numbers
            yield band, entries.tobytes()


class EmptyBands(beam.DoFn):
    """The number of bands → (band, no entries) for each of them."""

    def process(self, element: int) -> Iterator[tuple[int, bytes]]:
        """One number in, so many empty batches out."""
        yield from ((band, b"") for band in range(element))


class VerifyBand(beam.DoFn):
    """(band, packed entries) → the record of the band's task, with its verified pairs on disk."""

    def __init__(self, listed: Listed, tasks: Sequence[Task]) -> None:
        self.listed, self.tasks = listed, list(tasks)

    def setup(self) -> None:
        """Map the signatures."""
        self.signatures = self.listed.open()

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[str]:
        """One band in, the name of its task out."""
        band, batches = element
        entries = np.frombuffer(b"".join(sorted(batches)), _ENTRY)
        task = self.tasks[band]
        execute(task, partial(self._work, entries))
        yield task.name

    def _work(self, entries: np.ndarray, task: Task) -> Outcome:
        signatures = self.signatures
        least = signatures.config.min_similarity
        found = list(similar_pairs(entries["hash"], entries["document"], signatures.similarity, least))
        columns = [list(column) for column in zip(*sorted(found), strict=True)] or [[], []]
        part = write_arrow(task.part(PAIRS, ".arrow"), task.root, pa.table(columns, PAIRS_SCHEMA))
        return Outcome((part,), Counts(len(entries), len(entries)), {"pairs": len(found)})


class BandShuffle(beam.PTransform):
    """[number, path] of every part, as JSON → the names of the band tasks done."""

    def __init__(self, listed: Listed, tasks: Sequence[Task]) -> None:
        super().__init__()
        self.listed, self.tasks = listed, tasks

    def expand(self, input_or_inputs: Any) -> Any:
        """Every band gets an empty batch of its own, so that each leaves a record even without documents."""
        every = beam.ParDo(EmptyBands()).with_output_types(tuple[int, bytes])
        empty = input_or_inputs.pipeline | "Count" >> beam.Create([len(self.tasks)]) | "AllBands" >> every
        cut = beam.ParDo(CutBands(self.listed)).with_output_types(tuple[int, bytes])
        bands = input_or_inputs | "CutBands" >> cut  # (band, entries)
        groups = (bands, empty) | "Flatten" >> beam.Flatten() | "SameBand" >> beam.GroupByKey()  # (band, batches)
        return groups | "Verify" >> beam.ParDo(VerifyBand(self.listed, self.tasks))
