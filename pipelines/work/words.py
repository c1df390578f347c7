"""Kept parts → word counts, on a sample chosen by hash: the same documents for any order of files or workers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from corpus.files.manifest import Counts, Part, open_published, write_arrow
from corpus.hashing import uniform
from corpus.tokenizer.words import WordCounter
from pipelines.runtime.progress import note_progress
from pipelines.runtime.stage import Outcome, Task
from pipelines.work.held_out import is_held_out

COUNTS = ".stages/words/counts"
# A part's counts are written in runs of about this many distinct words, some 300 MB, whatever the size of the part.
WORDS_A_RUN = 1_500_000
_BATCH = 512


@dataclass(frozen=True)
class CountWords:
    """Work on one kept part: payload `file`, `digest`, `share` (of the documents left by `held_out`, to sample)."""

    kind: str
    held_out: float

    def __call__(self, task: Task) -> Outcome:
        """The words of the sampled documents and how often each occurs, in runs that are sorted by their bytes."""
        seen = {"documents": 0, "sampled": 0, "held_out": 0, "bytes": 0}
        counter, parts = WordCounter(self.kind), list[Part]()
        for text in self._texts(task, seen):
            counter.add(text)
            if len(counter) >= WORDS_A_RUN:
                parts.append(_write_run(task, len(parts), counter))
        if len(counter) or not parts:
            parts.append(_write_run(task, len(parts), counter))
        left = seen["documents"] - seen["sampled"] - seen["held_out"]
        reasons = {"sample.held_out": seen["held_out"], "sample.not_chosen": left}
        counts = Counts(seen["documents"], seen["sampled"], left + seen["held_out"], 0, _positive(reasons))
        return Outcome(tuple(parts), counts, seen)

    def _texts(self, task: Task, seen: dict[str, int]) -> Iterator[str]:
        note, share = note_progress(task), task.unit.payload["share"]
        file = open_published(task.input())
        for batch in file.iter_batches(_BATCH, columns=["id", "text"], use_threads=False):
            for row in batch.to_pylist():
                seen["documents"] += 1
                if is_held_out(row["id"], self.held_out):
                    seen["held_out"] += 1
                elif uniform(row["id"], "tokenizer") < share:
                    seen["sampled"] += 1
                    seen["bytes"] += len(row["text"].encode())
                    yield row["text"]
            note(seen["documents"])


def _write_run(task: Task, number: int, counter: WordCounter) -> Part:
    counts = sorted(counter.take().items())
    table = pa.table(
        {
            "word": pa.array([word for word, _ in counts], pa.large_binary()),
            "count": pa.array([count for _, count in counts], pa.int64()),
        }
    )
    return write_arrow(task.part(COUNTS, f"-{number:04}.arrow"), task.root, table)


def _positive(reasons: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in reasons.items() if count}
