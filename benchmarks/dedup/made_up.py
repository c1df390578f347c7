"""Made-up signatures: clusters of every size, exact copies, and one template on a tenth of all pages.

Six in ten documents are like nobody, three are in clusters (cluster c of C is C·u³ for a uniform u: a few huge ones,
many pairs), one is a page of the template: half of its minima and all of its first band are those of the template, the
others are its own. One in twenty repeats the text of another. Everything follows from the number of the document.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from corpus.dedup.minhash import MinHash
from corpus.files.manifest import Counts, write_arrow
from corpus.splitmix import GOLDEN, mixed
from pipelines.runtime.task import Outcome, Task
from pipelines.work.signatures import SignatureFacts

PART = 10_000


@dataclass(frozen=True)
class Numbers:
    """The documents from `start` on, of `documents`."""

    start: int
    rows: int
    documents: int

    @property
    def label(self) -> str:
        """The first of them."""
        return f"from {self.start}"

    @property
    def size(self) -> int:
        """How many there are."""
        return self.rows


def numbers(documents: int, planned: int) -> Iterator[Numbers]:
    """Units of `PART` documents; the first `documents` of `planned`."""
    for start in range(0, documents, PART):
        yield Numbers(start, min(PART, documents - start), planned)


@dataclass(frozen=True)
class MakeSignatures:
    """The work on some numbers."""

    config: MinHash

    def __call__(self, task: Task[Numbers]) -> Outcome[SignatureFacts]:
        """A part as `pipelines.work.signatures` would write it."""
        unit = task.unit
        number = np.arange(unit.start, unit.start + unit.rows, dtype=np.uint64)
        ids = np.array([f"made-up/{value:032x}" for value in _hash(number, 1).tolist()], "S")
        text = np.where(_share(number, 2) < 0.05, number // np.uint64(40), number + np.uint64(2**40))
        columns = {
            "id": _binary(ids),
            "date": _binary(np.full(unit.rows, b"2020-01-01T00:00:00Z")),
            "row": np.arange(unit.rows),
            "page": _hash(number, 3).view(np.int64),
            "text": _hash(text, 4).view(np.int64),
            "text_low": _hash(text, 5).view(np.int64),
            "karma": (_hash(number, 6) % np.uint64(50)).astype(np.int64),
            "characters": (_hash(number, 7) % np.uint64(5_000)).astype(np.int64),
        }
        signed = self.minima(number, unit.documents).reshape(-1)
        columns["signature"] = pa.FixedSizeListArray.from_arrays(pa.array(signed), self.config.minima)
        part = write_arrow(task.part("signatures", ".arrow"), task.root, pa.table(columns))
        facts = SignatureFacts(part, unit.rows, ids.dtype.itemsize, 20)
        return Outcome((part,), Counts(unit.rows, unit.rows), facts)

    def minima(self, number: np.ndarray, documents: int) -> np.ndarray:
        """(n,) document numbers → (n, minima) uint32."""
        kind = _share(number, 8)
        clusters = max(documents // 10, 1)
        cluster = (clusters * _share(number, 9) ** 3).astype(np.uint64)
        origin = np.where(kind < 0.6, number + np.uint64(2**40), cluster)
        origin = np.where(kind >= 0.9, np.uint64(2**41), origin)
        place = np.arange(self.config.minima, dtype=np.uint64)[None, :]
        shared = _hash(origin[:, None] * np.uint64(1_000) + place, 10)
        own = _hash(number[:, None] * np.uint64(1_000) + place, 11)
        changed = _share(number[:, None] * np.uint64(1_000) + place, 12)
        limit = np.where(kind >= 0.9, 0.5, 0.15 * _share(number, 13))[:, None]
        fixed = (kind >= 0.9)[:, None] & (place < np.uint64(self.config.rows))
        return (np.where((changed < limit) & ~fixed, own, shared) >> np.uint64(32)).astype(np.uint32)


def _hash(values: np.ndarray, seed: int) -> np.ndarray:
    return mixed(values.astype(np.uint64) * np.uint64(GOLDEN) + mixed(np.array([seed], np.uint64)))


def _share(values: np.ndarray, seed: int) -> np.ndarray:
    return _hash(values, seed) / 2.0**64


def _binary(values: np.ndarray) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(values.dtype.itemsize), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )
