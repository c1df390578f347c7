"""Kept parts → tokens → shards: the bucket shuffle, as stretches of sorted runs.

`tokenized` encodes one kept part and writes its documents as sorted runs, a file for each split, as many as its memory
asks for; the first documents of the part are encoded by the reference too and decoded (`corpus.tokenizer.trial`).
`shards` merges one shard: its stretch of the hash is found in every run of the source (`corpus.shards.runs`), so only
names travel. Neither holds more than `memory` bytes. Removing documents changes the payload of those shards only that
held them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.files.manifest import Counts, Part, map_arrow, open_published, read_json, write_arrow
from corpus.files.storage import is_remote, local, local_folder, place
from corpus.hashing import file_digest
from corpus.shards.documents import Documents, order_key
from corpus.shards.layout import SPLITS, TRAIN, VALIDATION, Shard, TokenizerEntry
from corpus.shards.runs import RunWriter, merged, shard_stretch
from corpus.shards.split import split_of, text_key, without_validated
from corpus.shards.write import TOKENS_A_BATCH, write_documents
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import load_tokenizer
from corpus.tokenizer.trial import Trial, first_texts, try_texts
from pipelines.runtime.errors import StageError
from pipelines.runtime.progress import note_progress
from pipelines.runtime.stage import Outcome, Task

TOKENIZED = ".stages/tokenized/tokens"
RUNS = ".stages/tokenized/runs.json"
# The keys of the texts of all validation documents, uint64, sorted.
VALIDATED = ".stages/tokenized/validated.arrow"
# Text that is encoded at a time, and what that takes at most beside it: Parquet's pages, strings, and wide ids.
_TEXT_BYTES = 2 << 20
ENCODING_BYTES = 24 * _TEXT_BYTES
_MOST_ROWS = 4096


@cache
def tokenizer_at(path: str) -> Tokenizer:
    """The tokenizer at a place (a folder or file, here or in a bucket), loaded once in each worker."""
    there = place(path)
    if not is_remote(there):
        return load_tokenizer(there)
    return load_tokenizer(local_folder(there) if there.is_dir() else local_folder(there.parent) / there.name)


def entry_of(tokenizer: Tokenizer) -> TokenizerEntry:
    """The tokenizer as a shard manifest has it."""
    return TokenizerEntry(tokenizer.kind, tokenizer.digest, tokenizer.vocab_size, tokenizer.end_of_text)


class Runs:
    """The sorted runs of one unit, for each split, and what its record says of them."""

    def __init__(self, task: Task, memory: int) -> None:
        self._task = task
        self.parts: dict[str, list[Part]] = {split: [] for split in SPLITS}
        self.tokens = dict.fromkeys(SPLITS, 0)
        # Validation is a sliver: it waits in an eighth of the memory. A run that is written is held twice.
        shares = {split: memory // 16 * (1 if split == VALIDATION else 7) for split in SPLITS}
        self._writers = {split: RunWriter(share, self._writing(split)) for split, share in shares.items()}

    def add(self, documents: Documents, validation: np.ndarray) -> None:
        """Some documents; `validation` bool [documents] says which are of that split."""
        for split, mask in zip(SPLITS, (~validation, validation), strict=True):
            chosen = documents if mask.all() else documents.take(np.flatnonzero(mask))
            self._writers[split].add(chosen)
            self.tokens[split] += len(chosen.tokens)

    def outcome(self, source: str, trial: Trial) -> Outcome:
        """Write what is left; the unit's outcome."""
        for writer in self._writers.values():
            writer.flush()
        parts = [part for split in SPLITS for part in self.parts[split]]
        rows = {split: sum(part.rows for part in found) for split, found in self.parts.items()}
        documents = sum(rows.values())
        runs = {split: [part.path for part in found] for split, found in self.parts.items()}
        facts = {"source": source, "tokens": self.tokens, "documents": rows, "runs": runs, "trial": asdict(trial)}
        return Outcome(tuple(parts), Counts(documents, documents), facts)

    def _writing(self, split: str) -> Any:
        def write(table: pa.Table) -> None:
            number = len(self.parts[split])
            path = self._task.part(f"{TOKENIZED}-{split}", f"-{number:05}.arrow")
            self.parts[split].append(write_arrow(path, self._task.root, table))

        return write


@dataclass(frozen=True)
class TokenizePart:
    """Work on one kept part: payload `source`, `file`, `digest`. `memory` is in bytes and decides how many runs.

    A worker finds the tokenizer at `tokenizer_path`; it must be the one of `tokenizer_digest`.
    """

    tokenizer_path: str
    tokenizer_digest: str
    validation_share: float
    memory: int

    def __call__(self, task: Task) -> Outcome:
        """The part's documents as tokens, in sorted runs; `StageError` where the tokenizer does not fit its text."""
        tokenizer, note, done = tokenizer_at(self.tokenizer_path), note_progress(task), 0
        if tokenizer.digest != self.tokenizer_digest:
            raise StageError(f"{self.tokenizer_path}: another tokenizer here than where the command was given", 3)
        runs, trial = Runs(task, self.memory - ENCODING_BYTES), Trial()
        for batch in text_batches(task.input()):
            if not done:
                trial = self._tried(tokenizer, batch, task)
            clusters = zip(batch["cluster"].to_pylist(), batch["id"].to_pylist(), strict=True)
            splits = [split_of(cluster or doc_id, self.validation_share) for cluster, doc_id in clusters]
            runs.add(encoded(batch, tokenizer), np.array(splits) == VALIDATION)
            done += len(batch)
            note(done)
        return runs.outcome(task.unit.payload["source"], trial)

    def _tried(self, tokenizer: Tokenizer, batch: pa.RecordBatch, task: Task) -> Trial:
        try:
            trial = try_texts(tokenizer, first_texts(text.as_py() for text in batch["text"]))
        except ValueError as error:
            raise StageError(f"--tokenizer {self.tokenizer_path}: {error}", 3) from error
        if fault := trial.fault():
            raise StageError(f"--tokenizer {self.tokenizer_path}: {task.unit.label}: {fault}; give another one", 4)
        return trial


def text_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The columns `id`, `cluster` and `text` of a kept part, in batches of about 2 MB of text whatever its rows are."""
    file = open_published(path, buffer_size=1 << 20)
    column = file.schema_arrow.names.index("text")
    for group in range(file.num_row_groups):
        facts = file.metadata.row_group(group)
        size = facts.column(column).total_uncompressed_size
        rows = min(max(facts.num_rows * _TEXT_BYTES // max(size, 1), 1), _MOST_ROWS)
        yield from file.iter_batches(rows, [group], ["id", "cluster", "text"], use_threads=False)


def encoded(batch: pa.RecordBatch, tokenizer: Tokenizer) -> Documents:
    """The texts of a batch as tokens, with their ends of text."""
    texts = batch["text"].to_pylist()
    tokens, offsets = tokenizer.encode_batch(texts)
    ids = batch["id"].to_pylist()
    return Documents(
        np.fromiter((order_key(doc_id)[0] for doc_id in ids), np.uint64, len(ids)),
        pa.array(ids, pa.string()),
        np.insert(tokens, offsets[1:], tokenizer.end_of_text),
        offsets + np.arange(len(offsets)),
        _sizes(batch["text"].cast(pa.large_string())),
        texts=np.fromiter(map(text_key, texts), np.uint64, len(texts)),
    )


def _sizes(texts: pa.LargeStringArray) -> np.ndarray:
    """The bytes of each text in UTF-8, int64, as Arrow has them."""
    return np.diff(np.frombuffer(texts.buffers()[1], np.int64, len(texts) + 1, 8 * texts.offset))


@dataclass(frozen=True)
class GatherShard:
    """Work on one shard: payload `source`, `split`, `number`, `of`, `removed` (ids). `runs` is a file of the build.

    It names the runs of each source and split. They are not in the payload, where a thousand shards would each name ten
    thousand of them; that they are the same as before follows from the digest of the stage that made them. So it is
    with the keys of the validated texts: a training document that has one of them is left out.
    """

    tokenizer: TokenizerEntry
    runs: str
    memory: int

    def __call__(self, task: Task) -> Outcome:
        """Its documents from every run, in hash order, without the removed; no file where none is left."""
        payload, note = task.unit.payload, note_progress(task)
        removed, validated = frozenset(payload["removed"]), self._validated(task)
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
        first = next(filter(len, pieces), None)
        shard = None if first is None else self._written(task, chain([first], pieces))
        reasons = {reason: count for reason, count in lost.items() if count}
        counts = Counts(seen[0], shard.n_docs if shard else 0, sum(reasons.values()), 0, reasons)
        facts = {key: payload[key] for key in ("source", "split", "number")} | {"validated": lost["shards.validated"]}
        if shard is None:
            return Outcome((), counts, {**facts, "shard": None})
        part = Part(shard.path, shard.n_docs, shard.bytes, file_digest(local(task.root / shard.path)))
        return Outcome((part,), counts, {**facts, "shard": asdict(shard)})

    def _written(self, task: Task, pieces: Iterable[Documents]) -> Shard:
        source, split, number, of = (task.unit.payload[key] for key in ("source", "split", "number", "of"))
        path = task.root / source / f"{split}-{number:05}-of-{of:05}.arrow"
        return write_documents(path, task.root, pieces, self.tokenizer, source, split)

    def _pieces(self, task: Task) -> Iterator[Documents]:
        payload = task.unit.payload
        runs = read_json(task.root / self.runs, {})[payload["source"]][payload["split"]]
        paths = [local(task.root / run) for run in runs]
        room = self.memory - 4 * TOKENS_A_BATCH * int(self.tokenizer.dtype[-1])
        return merged(paths, *shard_stretch(payload["number"], payload["of"]), room)

    def _validated(self, task: Task) -> np.ndarray:
        if task.unit.payload["split"] != TRAIN:
            return np.empty(0, np.uint64)
        return map_arrow(task.root / VALIDATED)["text"].to_numpy()


def without(documents: Documents, removed: frozenset[str]) -> Documents:
    """The documents that are not among the removed."""
    if not removed:
        return documents
    left = [row for row, doc_id in enumerate(documents.ids.to_pylist()) if doc_id not in removed]
    return documents if len(left) == len(documents) else documents.take(np.array(left, np.int64))
