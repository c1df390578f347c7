"""Kept parts → what a trained tokenizer makes of the documents that were held out of its training.

Which those are is a hash of the id, in a name of its own, so that a document is held out or not whatever share of the
rest is sampled.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.files.manifest import Counts, open_published, write_arrow
from corpus.hashing import uniform
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.sanity import Group, Tally, tally_texts
from pipelines.runtime.progress import note_progress
from pipelines.runtime.stage import Outcome, Task

IDS = ".stages/sanity/ids"
_BATCH = 256


def is_held_out(identity: str, share: float) -> bool:
    """Whether a document is held out of training, where `share` of all are."""
    return uniform(identity, "held out of the tokenizer") < share


@dataclass(frozen=True)
class EncodeHeldOut:
    """Work on one kept part: payload `file`, `digest`, `corpus` (what a document without a source is counted under).

    With `share` 0 nothing was held out, and every document is encoded.
    """

    tokenizer: Tokenizer
    other: Tokenizer | None
    share: float

    def __call__(self, task: Task) -> Outcome:
        """How often each id was used, as a part; the tallies by source and language, as facts."""
        seen = np.zeros(self.tokenizer.vocab_size, np.int64)
        tallies: dict[Group, Tally] = {}
        note, came = note_progress(task), 0
        file = open_published(task.input())
        for batch in file.iter_batches(_BATCH, columns=["id", "source", "language", "text"], use_threads=False):
            rows = batch.to_pylist()
            came += len(rows)
            chosen = [row for row in rows if not self.share or is_held_out(row["id"], self.share)]
            named = [(row["source"] or _name(task), row["language"] or "", row["text"]) for row in chosen]
            for group, tally in tally_texts(named, self.tokenizer, self.other, seen).items():
                tallies.setdefault(group, Tally()).add(tally)
            note(came)
        used = np.flatnonzero(seen)
        table = pa.table({"id": pa.array(used, pa.int64()), "count": pa.array(seen[used], pa.int64())})
        part = write_arrow(task.part(IDS, ".arrow"), task.root, table)
        encoded = sum(tally.documents for tally in tallies.values())
        left = came - encoded
        counts = Counts(came, encoded, left, 0, {"sanity.not_held_out": left} if left else {})
        groups = [[*group, asdict(tally)] for group, tally in sorted(tallies.items())]
        return Outcome((part,), counts, {"groups": groups})


def _name(task: Task) -> str:
    return Path(task.unit.payload["corpus"]).name
