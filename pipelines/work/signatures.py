"""Documents → what deduplication needs to know of them, without their texts.

A stage of its own, so that another MinHash setting judges no document again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.dedup.exact import text_key
from corpus.dedup.minhash import MinHash, signature
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from corpus.hashing import key64
from pipelines.runtime.task import Outcome, Task, note_progress
from pipelines.work.verdicts import Candidates, read_candidates


@dataclass(frozen=True)
class SignatureFacts:
    """A row for each of the `documents` of a part that no earlier decider rejected, in their order."""

    signatures: Part
    documents: int


def signatures_schema(config: MinHash) -> pa.Schema:
    """The columns of a signature part."""
    texts = ("id", "text_key", "date")
    numbers = ("page", "karma", "characters", "row")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            *((name, pa.int64()) for name in numbers),
            ("signature", pa.list_(pa.uint32(), config.minima)),
        ]
    )


def signatures_of(path: Path, config: MinHash) -> np.ndarray:
    """The (documents, minima) uint32 array of a signature part, mapped."""
    column = map_arrow(path)["signature"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=True).reshape(-1, config.minima)


@dataclass(frozen=True)
class SignDocuments:
    """The work on a part of documents."""

    config: MinHash

    def __call__(self, task: Task[Candidates]) -> Outcome[SignatureFacts]:
        """One row a document, in the order of the part."""
        rows = list(self._rows(task))
        signatures = np.array([row.pop("signature") for row in rows], np.uint32).reshape(-1)
        schema = signatures_schema(self.config)
        columns = [pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names[:-1]]
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(signatures), self.config.minima))
        table = pa.Table.from_arrays(columns, schema=schema)
        part = write_arrow(task.part("signatures", ".arrow"), task.root, table)
        return Outcome((part,), Counts(len(rows), len(rows)), SignatureFacts(part, task.unit.kept.rows))

    def _rows(self, task: Task[Candidates]) -> Iterator[dict[str, Any]]:
        note = note_progress(task)
        for number, row in read_candidates(task.root, task.unit):
            note(number)
            yield {
                "id": row["id"],
                "page": key64(row["surt"] or row["id"]),
                "text_key": text_key(row["text"]),
                "date": row["date"],
                "karma": row["karma"] or 0,
                "characters": len(row["text"]),
                "row": number,
                "signature": signature(row["text"], self.config),
            }
