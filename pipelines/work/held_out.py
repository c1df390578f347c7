"""Kept parts → what a trained tokenizer makes of the documents that were held out of its training, and the report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow, open_published, part_of, write_arrow, write_json
from corpus.files.storage import place
from corpus.json_types import JsonObject
from corpus.tokenizer import sanity
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import load_tokenizer
from corpus.tokenizer.sanity import TokenTally, tally_texts
from corpus.tokenizer.sanity_page import REPORT, write_page
from pipelines.runtime.task import STAGES, NoFacts, Outcome, Task, note_progress
from pipelines.work.loaded import tokenizer_at
from pipelines.work.vocabulary import TokenizerFacts
from pipelines.work.words import KeptTexts, WordFacts, is_held_out

TRAINING = "training.json"
# Where a copy of the tokenizer to compare with lies, for every worker to find.
COMPARED = f"{STAGES}/compared_with"
_BATCH = 256


@dataclass(frozen=True)
class HeldOutTexts:
    """A kept part, its corpus (for a document without a source), and the tokenizer to try."""

    digest: str
    corpus: str
    tokenizer: str
    rows: int = no_identity()
    file: str = no_identity()
    label: str = no_identity()

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents it has."""
        return self.rows + 1


@dataclass(frozen=True)
class GroupTally:
    """What was counted on the documents of one source and language."""

    source: str
    language: str
    sums: TokenTally


@dataclass(frozen=True)
class SanityFacts:
    """The tallies by source and language; `ids` says how often each id was used."""

    groups: tuple[GroupTally, ...]
    ids: Part


@dataclass(frozen=True)
class TriedTokenizer:
    """Everything that the report is about."""

    tokenizer: str
    sample: dict[str, int]
    memory: str
    left_out: dict[str, int]
    groups: tuple[GroupTally, ...]
    ids: tuple[Part, ...]
    label: str = no_identity(default="the tokenizer")
    size: int = no_identity(default=1)


def held_out_texts(texts: Sequence[KeptTexts], trained: Sequence[TokenizerFacts]) -> Iterator[HeldOutTexts]:
    """A unit for each kept part."""
    for text in texts:
        yield HeldOutTexts(text.digest, text.corpus, trained[0].digest, text.rows, text.file, text.label)


def tried_tokenizer(
    words: Sequence[WordFacts], trained: Sequence[TokenizerFacts], tried: Sequence[SanityFacts]
) -> Iterator[TriedTokenizer]:
    """One unit."""
    names = ("documents", "sampled", "held_out", "bytes")
    sample = {name: sum(getattr(facts, name) for facts in words) for name in names}
    groups = tuple(group for facts in tried for group in facts.groups)
    ids = tuple(facts.ids for facts in tried)
    yield TriedTokenizer(trained[0].digest, sample, trained[0].memory, trained[0].left_out, groups, ids)


@dataclass(frozen=True)
class EncodeHeldOut:
    """The work on one kept part: try the tokenizer that stands in the output folder.

    With `share` 0 nothing was held out, and every document is encoded. `other` is the digest of the tokenizer to
    compare with, "" for none.
    """

    share: float
    other: str = ""

    def __call__(self, task: Task[HeldOutTexts]) -> Outcome[SanityFacts]:
        """How often each id was used, as a part; the tallies by source and language, as facts."""
        tokenizer = tokenizer_at(task.root_path, task.unit.tokenizer)
        other = tokenizer_at(str(task.root / COMPARED), self.other) if self.other else None
        # seen[id]: how often it was used; `tally_texts` adds to it.
        seen = np.zeros(tokenizer.vocab_size, np.int64)
        tallies: dict[sanity.Group, TokenTally] = {}
        note, done = note_progress(task), 0
        file = open_published(place(task.unit.file))
        for batch in file.iter_batches(_BATCH, columns=["id", "source", "language", "text"], use_threads=False):
            rows = batch.to_pylist()
            done += len(rows)
            # The same hash as `CountWords` asked: training has left out just these.
            chosen = [row for row in rows if not self.share or is_held_out(row["id"], self.share)]
            named = [(row["source"] or _name(task), row["language"] or "", row["text"]) for row in chosen]
            for group, tally in tally_texts(named, tokenizer, other, seen).items():
                tallies.setdefault(group, TokenTally()).add(tally)
            note(done)
        used = np.flatnonzero(seen)
        table = pa.table({"id": pa.array(used, pa.int64()), "count": pa.array(seen[used], pa.int64())})
        part = write_arrow(task.part("ids", ".arrow"), task.root, table)
        encoded = sum(tally.documents for tally in tallies.values())
        left = done - encoded
        counts = Counts(done, encoded, left, 0, {"sanity.not_held_out": left} if left else {})
        groups = tuple(GroupTally(*group, tally) for group, tally in sorted(tallies.items()))
        return Outcome((part,), counts, SanityFacts(groups, part))


def _name(task: Task[HeldOutTexts]) -> str:
    return Path(task.unit.corpus).name


@dataclass(frozen=True)
class DescribeTokenizer:
    """The work on the whole: what stands beside the tokenizer. `asked` is the vocabulary that was asked for.

    `shares` are those of each corpus that was sampled, `compared` the name of the tokenizer to compare with.
    """

    asked: int
    held_out: float
    shares: dict[str, float] = field(default_factory=dict)
    compared: str = ""
    other: str = ""

    def __call__(self, task: Task[TriedTokenizer]) -> Outcome[NoFacts]:
        """The report as data and as a page, and last `training.json`, which says that the folder is finished."""
        unit, root = task.unit, task.root
        tokenizer = tokenizer_at(task.root_path, unit.tokenizer)
        report = self._report(task, tokenizer)
        training = {
            "kind": tokenizer.kind,
            "digest": tokenizer.digest,
            "sample": unit.sample,
            "shares": self.shares,
            "asked": self.asked,
            "left_out": unit.left_out,
        }
        write_json(root / REPORT, report)
        write_page(root)
        write_json(root / TRAINING, training)  # last: the marker of a finished tokenizer
        parts = tuple(part_of(root / name, root, 0) for name in (REPORT, TRAINING))
        return Outcome(parts, Counts(1, 1), NoFacts())

    def _report(self, task: Task[TriedTokenizer], tokenizer: Tokenizer) -> JsonObject:
        unit = task.unit
        tallies: dict[sanity.Group, TokenTally] = {}
        total, seen = TokenTally(), np.zeros(tokenizer.vocab_size, np.int64)
        for group in unit.groups:
            tallies.setdefault((group.source, group.language), TokenTally()).add(group.sums)
            total.add(group.sums)
        for part in unit.ids:
            table = map_arrow(task.root / part.path)
            # Ids of a part are distinct, so += with an index adds each.
            seen[table["id"].to_numpy()] += table["count"].to_numpy()
        other = load_tokenizer(task.root / COMPARED) if self.other else None
        compared = {"name": self.compared, "digest": other.digest, "vocab_size": other.vocab_size} if other else None
        described = {name: getattr(tokenizer, name) for name in ("kind", "digest", "vocab_size", "end_of_text")}
        of = "held out" if self.held_out else "trained on"
        return {
            "tokenizer": {**described, "asked": self.asked},
            "sample": unit.sample,
            "memory": unit.memory,
            "held_out": {"of": of, "share": self.held_out, "documents": total.documents, "bytes": total.bytes},
            "all": sanity.figures(total),
            "by_source": sanity.by(tallies, 0),
            "by_language": sanity.by(tallies, 1),
            "by_source_and_language": sanity.by(tallies, None),
            "merges": sanity.merges_shown(tokenizer),
            "unused": sanity.unused_tokens(tokenizer, seen),
            "compared_with": compared,
        }
