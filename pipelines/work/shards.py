"""Sorted runs → shards: the second half of the bucket shuffle, and what is published of it.

`shards` merges one shard: its stretch of the hash is found in every run of the source (`corpus.shards.runs`), so only
names travel, and no worker holds more than `memory` bytes. Removing documents changes the units of those shards only
that held them. A training document whose text stands in validation is left out: `listed` has the keys of those texts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow, part_of, write_arrow
from corpus.files.storage import local
from corpus.hashing import file_digest
from corpus.shards.bin import write_bin
from corpus.shards.card import CARD, write_card
from corpus.shards.documents import Documents
from corpus.shards.layout import SHARD_MANIFEST, SPLITS, TRAIN, VALIDATION, Shard, TokenizerEntry
from corpus.shards.read import open_shards
from corpus.shards.runs import merge_runs, shard_stretch, text_keys
from corpus.shards.split import without_validated
from corpus.shards.write import (
    TOKENS_PER_BATCH,
    n_shards_for,
    shard_of,
    source_shards,
    write_documents,
    write_shard_manifest,
)
from pipelines.runtime.records import Finished
from pipelines.runtime.task import NoFacts, Outcome, Task, note_progress
from pipelines.work.tokens import TokenFacts, count_by_source
from pipelines.work.weighting import Weighting, need_tokens

BIN_FILES = ("train.bin", "val.bin")
_RUNS_SCHEMA = pa.schema([(name, pa.string()) for name in ("source", "split", "path", "digest")])


@dataclass(frozen=True)
class AllRuns:
    """The sorted runs of all parts: (source, split, run)."""

    runs: tuple[tuple[str, str, Part], ...]
    label: str = no_identity(default="runs")

    counted: ClassVar[str] = "runs"

    @property
    def size(self) -> int:
        """How many runs there are."""
        return len(self.runs) + 1


@dataclass(frozen=True)
class ListFacts:
    """`runs` lists where the runs of each source and split lie, `validated` has the keys of all validation texts."""

    runs: Part
    validated: Part


@dataclass(frozen=True)
class ShardUnit:
    """A shard, number `number` of `of` of a source and split; documents with the ids `removed` are not in it."""

    source: str
    split: str
    number: int
    of: int
    removed: tuple[str, ...]
    runs: Part
    validated: Part | None
    tokens: int = no_identity(default=0)

    @property
    def label(self) -> str:
        """Its source, split and number."""
        return f"{self.source} {self.split} {self.number}"

    counted: ClassVar[str] = "tokens"

    @property
    def size(self) -> int:
        """About how many tokens it has."""
        return self.tokens // self.of + 1


@dataclass(frozen=True)
class ShardFacts:
    """A shard, None where no document is left for it; `validated` counts documents that validation has."""

    source: str
    split: str
    number: int
    validated: int
    shard: Shard | None


@dataclass(frozen=True)
class AllShards:
    """What the manifest of the shards is made of."""

    shards: tuple[ShardFacts, ...]
    label: str = no_identity(default="the shards")
    size: int = no_identity(default=1)


def all_runs(names: Sequence[str], documents: Mapping[str, int], tokenized: Sequence[TokenFacts]) -> Iterator[AllRuns]:
    """One unit; an error for a source of which nothing is left to train on. `documents` are those of its corpus."""
    need_tokens(count_by_source(tokenized, names, TRAIN)[0], documents)
    runs = [(facts.source, split, run) for facts in tokenized for split in SPLITS for run in facts.runs[split]]
    # By source, split and path, whatever order the parts were tokenized in.
    yield AllRuns(tuple(sorted(runs, key=lambda run: (run[0], run[1], run[2].path))))


def shards_to_gather(
    names: Sequence[str],
    tokens_per_shard: int,
    removed: Mapping[str, Sequence[str]],
    tokenized: Sequence[TokenFacts],
    listed: Sequence[ListFacts],
) -> Iterator[ShardUnit]:
    """A unit for each shard; how many a source has follows from all its tokens, so that removal moves none."""
    for split in SPLITS:
        tokens, documents = count_by_source(tokenized, names, split)
        for name in names:
            if not documents[name]:
                continue
            # More shards than documents would only be empty ones.
            of = min(n_shards_for(tokens[name], tokens_per_shard), documents[name])
            gone: dict[int, list[str]] = {}
            for doc_id in removed.get(name, ()):
                # Only the unit of the shard that held the id changes, so only that shard is made again.
                gone.setdefault(shard_of(doc_id, of), []).append(doc_id)
            validated = listed[0].validated if split == TRAIN else None
            for number in range(of):
                lost = tuple(sorted(gone.get(number, ())))
                yield ShardUnit(name, split, number, of, lost, listed[0].runs, validated, tokens[name])


def all_shards(shards: Finished[ShardFacts]) -> Iterator[AllShards]:
    """One unit."""
    yield AllShards(tuple(shards))


@dataclass(frozen=True)
class ListRuns:
    """The work on all runs. 8 bytes are held for each of a sliver of documents."""

    def __call__(self, task: Task[AllRuns]) -> Outcome[ListFacts]:
        """Where the runs lie, and the keys of the validation texts."""
        rows = [(source, split, run.path, run.digest) for source, split, run in task.unit.runs]
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        runs = write_arrow(task.part("runs", ".arrow"), task.root, pa.table(columns, _RUNS_SCHEMA))
        paths = [local(task.root / run.path) for _, split, run in task.unit.runs if split == VALIDATION]
        keys = np.unique(np.concatenate([np.empty(0, np.uint64), *map(text_keys, paths)]))
        validated = write_arrow(task.part("validated", ".arrow"), task.root, pa.table({"text": pa.array(keys)}))
        return Outcome((runs, validated), Counts(len(rows), len(rows)), ListFacts(runs, validated))


@dataclass(frozen=True)
class GatherShard:
    """The work on one shard; `memory` is in bytes."""

    tokenizer: TokenizerEntry
    memory: int = no_identity()

    def __call__(self, task: Task[ShardUnit]) -> Outcome[ShardFacts]:
        """Its documents from every run, in hash order, without the removed; no file where none is left."""
        unit, note = task.unit, note_progress(task)
        removed, validated = frozenset(unit.removed), self._read_validated(task)
        seen, lost = [0, 0], {"shards.removed": 0, "shards.validated": 0}

        def kept() -> Iterator[Documents]:
            for piece in self._pieces(task):
                left = without(piece, removed)
                lost["shards.removed"] += len(piece) - len(left)
                fresh = without_validated(left, validated)
                lost["shards.validated"] += len(left) - len(fresh)
                seen[0], seen[1] = seen[0] + len(piece), seen[1] + len(piece.tokens)
                yield fresh
                note(seen[1])

        pieces = kept()
        # The first piece that has a document: without one there is no file, and what was read is counted all the same.
        first = next(filter(len, pieces), None)
        shard = None if first is None else self._write(task, chain([first], pieces))
        reasons = {reason: count for reason, count in lost.items() if count}
        counts = Counts(seen[0], shard.n_docs if shard else 0, sum(reasons.values()), 0, reasons)
        facts = ShardFacts(unit.source, unit.split, unit.number, lost["shards.validated"], shard)
        if shard is None:
            return Outcome((), counts, facts)
        part = Part(shard.path, shard.n_docs, shard.bytes, file_digest(local(task.root / shard.path)))
        return Outcome((part,), counts, facts)

    def _write(self, task: Task[ShardUnit], pieces: Iterable[Documents]) -> Shard:
        unit = task.unit
        path = task.root / unit.source / f"{unit.split}-{unit.number:05}-of-{unit.of:05}.arrow"
        return write_documents(path, task.root, pieces, self.tokenizer, unit.source, unit.split)

    def _pieces(self, task: Task[ShardUnit]) -> Iterator[Documents]:
        unit = task.unit
        rows = map_arrow(task.root / unit.runs.path).to_pylist()
        runs = [row["path"] for row in rows if (row["source"], row["split"]) == (unit.source, unit.split)]
        # "<u2" or "<u4": the last character is the bytes of a token. Four batches are held while one is written.
        room = self.memory - 4 * TOKENS_PER_BATCH * int(self.tokenizer.dtype[-1])
        paths = [local(task.root / run) for run in runs]
        return merge_runs(paths, *shard_stretch(unit.number, unit.of), room)

    def _read_validated(self, task: Task[ShardUnit]) -> np.ndarray:
        if task.unit.validated is None:
            return np.empty(0, np.uint64)
        return map_arrow(task.root / task.unit.validated.path)["text"].to_numpy()


@dataclass(frozen=True)
class PublishShards:
    """The work on all shards: their manifest, the card, and nanoGPT's files where they are wanted.

    `documents` are those of each corpus, `settings_left_out` what of the tokenizer is not done.
    """

    tokenizer: TokenizerEntry
    weighting: Weighting
    documents: dict[str, int]
    validation_share: float
    also_bin: bool = False
    settings_left_out: tuple[str, ...] = field(default_factory=tuple)

    def __call__(self, task: Task[AllShards]) -> Outcome[NoFacts]:
        """Write what stands beside the shards, the manifest last."""
        root, names = task.root, sorted(self.documents)
        made: dict[tuple[str, str], list[Shard]] = {(name, split): [] for name in names for split in SPLITS}
        validated = dict.fromkeys(names, 0)
        for facts in sorted(task.unit.shards, key=lambda facts: facts.number):
            validated[facts.source] += facts.validated
            if facts.shard:
                made[facts.source, facts.split].append(facts.shard)
        n_tokens = {name: sum(shard.n_tokens for shard in made[name, TRAIN]) for name in names}
        need_tokens(n_tokens, self.documents, removal=True)
        # Only here: temperature and caps depend on how many tokens each source has in the end.
        weights = {source.name: source.weight for source in self.weighting.effective(n_tokens).sources}
        sources = [source_shards(name, split, weights[name], shards) for (name, split), shards in made.items()]
        about = {
            "validation": {"share": self.validation_share, "left_out_of_training": validated},
            "tokenizer": {"settings_left_out": list(self.settings_left_out)},
        }
        write_card(root, sources)
        write_shard_manifest(root, self.tokenizer, sources, about)
        written = [CARD, SHARD_MANIFEST]
        if self.also_bin:
            write_bin(open_shards(root, verified=True), root)
            written += [name for name in BIN_FILES if (root / name).is_file()]
        parts = tuple(part_of(root / name, root, 0) for name in written)
        return Outcome(parts, Counts(1, 1), NoFacts())


def without(documents: Documents, removed: frozenset[str]) -> Documents:
    """The documents that are not among the removed."""
    if not removed:
        return documents
    left = [row for row, doc_id in enumerate(documents.ids.to_pylist()) if doc_id not in removed]
    return documents if len(left) == len(documents) else documents.take(np.array(left, np.int64))
