"""Kept parts → word counts, on a sample chosen by hash: the same documents for any order of files or workers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.hashing import uniform
from corpus.manifest import Counts, write_arrow
from corpus.tokenizer.words import count_words
from pipelines.progress import note_progress
from pipelines.stage import Outcome, Task

COUNTS = "stages/words/counts"
_BATCH = 512


@dataclass(frozen=True)
class CountWords:
    """Work on one kept part: payload `file`, `digest`, `share` (of documents to sample)."""

    kind: str

    def __call__(self, task: Task) -> Outcome:
        """The words of the sampled documents and how often each occurs, sorted by their bytes."""
        seen = {"documents": 0, "sampled": 0, "bytes": 0}
        counts = sorted(count_words(self._texts(task, seen), self.kind).items())
        table = pa.table(
            {
                "word": pa.array([word for word, _ in counts], pa.large_binary()),
                "count": pa.array([count for _, count in counts], pa.int64()),
            }
        )
        part = write_arrow(task.part(COUNTS, ".arrow"), task.root, table)
        left = seen["documents"] - seen["sampled"]
        reasons = {"sample.not_chosen": left} if left else {}
        return Outcome((part,), Counts(seen["documents"], seen["sampled"], left, 0, reasons), seen)

    def _texts(self, task: Task, seen: dict[str, int]) -> Iterator[str]:
        note, share = note_progress(task), task.unit.payload["share"]
        file = pq.ParquetFile(task.unit.payload["file"], page_checksum_verification=True)
        for batch in file.iter_batches(_BATCH, columns=["id", "text"], use_threads=False):
            for row in batch.to_pylist():
                seen["documents"] += 1
                if uniform(row["id"], "tokenizer") < share:
                    seen["sampled"] += 1
                    seen["bytes"] += len(row["text"].encode())
                    yield row["text"]
            note(seen["documents"])
