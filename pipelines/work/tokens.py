"""Kept parts → tokens, in sorted runs: the first half of the bucket shuffle.

One kept part is encoded and its documents are written as sorted runs, a file for each split, as many as its memory asks
for; the first documents of the part are encoded by the reference too and decoded (`corpus.tokenizer.trial`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, open_published, write_arrow
from corpus.files.storage import place
from corpus.shards.documents import Documents, order_key
from corpus.shards.layout import SPLITS, VALIDATION, TokenizerEntry
from corpus.shards.runs import RunWriter
from corpus.shards.split import split_of, text_key
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.trial import Trial, first_texts, try_texts
from pipelines.runtime.errors import StageError
from pipelines.runtime.task import Outcome, Task, note_progress
from pipelines.work.loaded import tokenizer_at

# Text that is encoded at a time, and what that takes at most beside it: Parquet's pages, strings, and wide ids.
_TEXT_BYTES = 2 << 20
ENCODING_BYTES = 24 * _TEXT_BYTES
_MOST_ROWS = 4096


@dataclass(frozen=True)
class SourcePart:
    """A kept part of a source: `file` is where it lies, `name` what it is called in its corpus."""

    source: str
    digest: str
    rows: int = no_identity()
    file: str = no_identity()
    name: str = no_identity()

    @property
    def label(self) -> str:
        """The source and the name of the part."""
        return f"{self.source} {self.name}"

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents it has."""
        return self.rows + 1


@dataclass(frozen=True)
class TokenFacts:
    """The tokens and documents of a part by split, its sorted runs, and how its first documents came back."""

    source: str
    tokens: dict[str, int]
    documents: dict[str, int]
    runs: dict[str, tuple[Part, ...]]
    trial: Trial


def entry_of(tokenizer: Tokenizer) -> TokenizerEntry:
    """The tokenizer as a shard manifest has it."""
    return TokenizerEntry(tokenizer.kind, tokenizer.digest, tokenizer.vocab_size, tokenizer.end_of_text)


def count_by_source(
    tokenized: Sequence[TokenFacts], names: Sequence[str], split: str
) -> tuple[dict[str, int], dict[str, int]]:
    """The tokens and the documents of each source in a split."""
    tokens, documents = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for facts in tokenized:
        tokens[facts.source] += facts.tokens[split]
        documents[facts.source] += facts.documents[split]
    return tokens, documents


class Runs:
    """The sorted runs of one unit, for each split, and what its record says of them."""

    def __init__(self, task: Task[Any], memory: int) -> None:
        self._task = task
        self.parts: dict[str, list[Part]] = {split: [] for split in SPLITS}
        self.tokens: dict[str, int] = dict.fromkeys(SPLITS, 0)
        # Validation is a sliver: it waits in an eighth of the memory. A run that is written is held twice.
        # Sixteenths: (1 + 7) waiting, and the same again while a run of either is sorted and written.
        shares = {split: memory // 16 * (1 if split == VALIDATION else 7) for split in SPLITS}
        self._writers = {split: RunWriter(share, self._writing(split)) for split, share in shares.items()}

    def add(self, documents: Documents, validation: np.ndarray) -> None:
        """Some documents; `validation` bool [documents] says which are of that split."""
        for split, mask in zip(SPLITS, (~validation, validation), strict=True):
            chosen = documents if mask.all() else documents.take(np.flatnonzero(mask))
            self._writers[split].add(chosen)
            self.tokens[split] += len(chosen.tokens)

    def outcome(self, source: str, trial: Trial) -> Outcome[TokenFacts]:
        """Write what is left; the unit's outcome."""
        for writer in self._writers.values():
            writer.flush()
        parts = tuple(part for split in SPLITS for part in self.parts[split])
        rows = {split: sum(part.rows for part in found) for split, found in self.parts.items()}
        documents = sum(rows.values())
        runs = {split: tuple(found) for split, found in self.parts.items()}
        return Outcome(parts, Counts(documents, documents), TokenFacts(source, self.tokens, rows, runs, trial))

    def _writing(self, split: str) -> Any:
        def write(table: pa.Table) -> None:
            number = len(self.parts[split])
            path = self._task.part(f"tokens-{split}", f"-{number:05}.arrow")
            self.parts[split].append(write_arrow(path, self._task.root, table))

        return write


@dataclass(frozen=True)
class TokenizePart:
    """The work on one kept part.

    A worker finds the tokenizer at `tokenizer_path`; it must be the one of `tokenizer_digest`. `memory`, in bytes,
    decides in how many runs the tokens lie, and nothing of the shards that are made from them.
    """

    tokenizer_digest: str
    validation_share: float
    tokenizer_path: str = no_identity()
    memory: int = no_identity()

    def __call__(self, task: Task[SourcePart]) -> Outcome[TokenFacts]:
        """The part's documents as tokens, in sorted runs; `StageError` where the tokenizer does not fit its text."""
        tokenizer, note, done = tokenizer_at(self.tokenizer_path, self.tokenizer_digest), note_progress(task), 0
        runs, trial = Runs(task, self.memory - ENCODING_BYTES), Trial()
        for batch in text_batches(place(task.unit.file)):
            if not done:
                trial = self._try(tokenizer, batch, task)
            clusters = zip(batch["cluster"].to_pylist(), batch["id"].to_pylist(), strict=True)
            splits = [split_of(cluster or doc_id, self.validation_share) for cluster, doc_id in clusters]
            runs.add(encode_texts(batch, tokenizer), np.array(splits) == VALIDATION)
            done += len(batch)
            note(done)
        return runs.outcome(task.unit.source, trial)

    def _try(self, tokenizer: Tokenizer, batch: pa.RecordBatch, task: Task[SourcePart]) -> Trial:
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
        # A row group of 10,000 rows and 80 MB of text: 262 rows are about 2 MB. Books may be a row a batch.
        rows = min(max(facts.num_rows * _TEXT_BYTES // max(size, 1), 1), _MOST_ROWS)
        yield from file.iter_batches(rows, [group], ["id", "cluster", "text"], use_threads=False)


def encode_texts(batch: pa.RecordBatch, tokenizer: Tokenizer) -> Documents:
    """The texts of a batch as tokens, with their ends of text."""
    texts = batch["text"].to_pylist()
    tokens, offsets = tokenizer.encode_batch(texts)
    ids = batch["id"].to_pylist()
    return Documents(
        np.fromiter((order_key(doc_id)[0] for doc_id in ids), np.uint64, len(ids)),
        pa.array(ids, pa.string()),
        # tokens 1 2 3 4 5, offsets 0 2 5:   1 2 E 3 4 5 E
        # offsets + 0 1 2                    0 3 7
        np.insert(tokens, offsets[1:], tokenizer.end_of_text),
        offsets + np.arange(len(offsets)),
        _sizes(batch["text"].cast(pa.large_string())),
        texts=np.fromiter(map(text_key, texts), np.uint64, len(texts)),
    )


def _sizes(texts: pa.LargeStringArray) -> np.ndarray:
    """The bytes of each text in UTF-8, int64, as Arrow has them."""
    # Buffers: nulls, offsets, bytes. Offsets of large strings are
    # int64; the last argument skips those of a slice's start.
    return np.diff(np.frombuffer(texts.buffers()[1], np.int64, len(texts) + 1, 8 * texts.offset))
