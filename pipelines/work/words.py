"""Kept parts → word counts, on a sample chosen by hash: the same documents for any order of files or workers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, open_published, write_arrow
from corpus.files.storage import place
from corpus.hashing import uniform
from corpus.tokenizer.words import WordCounter
from pipelines.runtime.task import Outcome, Task, note_progress

# A part's counts are written in runs of about this many distinct words, some 300 MB, whatever the size of the part.
WORDS_PER_RUN = 1_500_000
_BATCH = 512


def is_held_out(identity: str, share: float) -> bool:
    """Whether a document is held out of training, where `share` of all are.

    By a hash in a name of its own, so that it is held out or not whatever share of the rest is sampled.
    """
    return uniform(identity, "held out of the tokenizer") < share


@dataclass(frozen=True)
class KeptTexts:
    """A kept part of a finished corpus, of which `share` of the documents that are not held out are sampled."""

    corpus: str
    digest: str
    share: float
    rows: int = no_identity()
    file: str = no_identity()
    name: str = no_identity()

    @property
    def label(self) -> str:
        """The corpus and the name of the part in it."""
        return f"{self.corpus} {self.name}"

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents it has."""
        return self.rows + 1

    @property
    def path(self) -> Path:
        """Where it lies."""
        return place(self.file)


@dataclass(frozen=True)
class WordFacts:
    """How many documents there were and what became of them, `bytes` of sampled text, and the runs of counts."""

    documents: int
    sampled: int
    held_out: int
    bytes: int
    runs: tuple[Part, ...]


@dataclass(frozen=True)
class CountWords:
    """The work on one kept part."""

    kind: str
    held_out: float

    def __call__(self, task: Task[KeptTexts]) -> Outcome[WordFacts]:
        """The words of the sampled documents and how often each occurs, in runs that are sorted by their bytes."""
        seen = {"documents": 0, "sampled": 0, "held_out": 0, "bytes": 0}
        counter, runs = WordCounter(self.kind), list[Part]()
        for text in self._texts(task, seen):
            counter.add(text)
            if len(counter) >= WORDS_PER_RUN:
                runs.append(_write_run(task, len(runs), counter))
        # At least one run, which may be empty: later stages count on a part of every task.
        if len(counter) or not runs:
            runs.append(_write_run(task, len(runs), counter))
        left = seen["documents"] - seen["sampled"] - seen["held_out"]
        reasons = {"sample.held_out": seen["held_out"], "sample.not_chosen": left}
        counts = Counts(seen["documents"], seen["sampled"], left + seen["held_out"], 0, _positive(reasons))
        return Outcome(tuple(runs), counts, WordFacts(**seen, runs=tuple(runs)))

    def _texts(self, task: Task[KeptTexts], seen: dict[str, int]) -> Iterator[str]:
        note, share = note_progress(task), task.unit.share
        file = open_published(task.unit.path)
        for batch in file.iter_batches(_BATCH, columns=["id", "text"], use_threads=False):
            for row in batch.to_pylist():
                seen["documents"] += 1
                if is_held_out(row["id"], self.held_out):
                    seen["held_out"] += 1
                # Another seed than `is_held_out` has: the two choices do not depend on each other.
                elif uniform(row["id"], "tokenizer") < share:
                    seen["sampled"] += 1
                    seen["bytes"] += len(row["text"].encode())
                    yield row["text"]
            note(seen["documents"])


def _write_run(task: Task[KeptTexts], number: int, counter: WordCounter) -> Part:
    counts = sorted(counter.take().items())
    table = pa.table(
        {
            "word": pa.array([word for word, _ in counts], pa.large_binary()),
            "count": pa.array([count for _, count in counts], pa.int64()),
        }
    )
    return write_arrow(task.part("counts", f"-{number:04}.arrow"), task.root, table)


def _positive(reasons: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in reasons.items() if count}
