"""Kept parts → tokens → shards: the bucket shuffle, as slices of sorted files.

`tokenized` encodes one kept part and writes its documents in hash order, a file for each split. `shards` gathers one
shard: its stretch of hashes is found by binary search in every tokenized file of the source, so only names travel, and
memory holds one shard. Removing documents changes the payload of those shards only that held them.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.manifest import Counts, Part, map_arrow, part_of, write_arrow
from corpus.shards.layout import SPLITS, TokenizerEntry
from corpus.shards.write import TokenRow, order_key, split_of, write_shard
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import load_tokenizer
from pipelines.progress import note_progress
from pipelines.stage import Outcome, Task

TOKENIZED = "stages/tokenized/tokens"
_BATCH = 512


@cache
def tokenizer_at(path: str) -> Tokenizer:
    """The tokenizer, loaded once in each worker."""
    return load_tokenizer(Path(path))


def entry_of(tokenizer: Tokenizer) -> TokenizerEntry:
    """The tokenizer as a shard manifest has it."""
    return TokenizerEntry(tokenizer.kind, tokenizer.digest, tokenizer.vocab_size, tokenizer.end_of_text)


@dataclass(frozen=True)
class TokenizePart:
    """Work on one kept part: payload `source`, `file`, `digest`."""

    tokenizer_path: str
    validation_share: float

    def __call__(self, task: Task) -> Outcome:
        """The part's documents as tokens, sorted by `order_key`, a file for each split."""
        tokenizer, payload = tokenizer_at(self.tokenizer_path), task.unit.payload
        rows: dict[str, list[tuple[int, str, np.ndarray, int]]] = {split: [] for split in SPLITS}
        for row, tokens in self._encoded(task, tokenizer):
            split = split_of(row["cluster"] or row["id"], self.validation_share)
            rows[split].append((*order_key(row["id"]), tokens, len(row["text"].encode())))
        parts, facts = [], {"source": payload["source"], "tokens": {}, "parts": {}}
        for split, found in rows.items():
            found.sort(key=lambda row: row[:2])
            part = write_arrow(task.part(f"{TOKENIZED}-{split}", ".arrow"), task.root, _table(found, tokenizer))
            parts.append(part)
            facts["tokens"][split] = sum(len(row[2]) + 1 for row in found)
            facts["parts"][split] = part.path
        documents = sum(len(found) for found in rows.values())
        return Outcome(tuple(parts), Counts(documents, documents), facts)

    def _encoded(self, task: Task, tokenizer: Tokenizer) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        note, done = note_progress(task), 0
        file = pq.ParquetFile(task.unit.payload["file"], page_checksum_verification=True)
        for batch in file.iter_batches(_BATCH, columns=["id", "cluster", "text"], use_threads=False):
            rows = batch.to_pylist()
            tokens, offsets = tokenizer.encode_batch([row["text"] for row in rows])
            for row, start, stop in zip(rows, offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
                yield row, tokens[start:stop]
            done += len(rows)
            note(done)


def _table(rows: list[tuple[int, str, np.ndarray, int]], tokenizer: Tokenizer) -> pa.Table:
    offsets = np.cumsum([0, *(len(row[2]) for row in rows)], dtype=np.int64)
    tokens = np.concatenate([np.zeros(0, tokenizer.dtype), *(row[2] for row in rows)])
    return pa.table(
        {
            "key": pa.array([row[0] for row in rows], pa.uint64()),
            "doc_id": pa.array([row[1] for row in rows], pa.string()),
            "tokens": pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(tokens)),
            "n_bytes": pa.array([row[3] for row in rows], pa.int64()),
        }
    )


@dataclass(frozen=True)
class GatherShard:
    """Work on one shard: payload `source`, `split`, `number`, `of`, `parts` (tokenized files), `removed` (ids)."""

    tokenizer: TokenizerEntry

    def __call__(self, task: Task) -> Outcome:
        """Its documents from every tokenized file, in hash order, without the removed."""
        payload = task.unit.payload
        slices = [stretch(map_arrow(task.root / path), payload["number"], payload["of"]) for path in payload["parts"]]
        table = pa.concat_tables(slices).sort_by([("key", "ascending"), ("doc_id", "ascending")])
        removed = set(payload["removed"])
        rows = (row for row in self._rows(table) if row.doc_id not in removed)
        name = f"{payload['split']}-{payload['number']:05}-of-{payload['of']:05}.arrow"
        path = task.root / payload["source"] / name
        shard = write_shard(path, task.root, rows, self.tokenizer, payload["source"], payload["split"])
        part: Part = part_of(path, task.root, shard.n_docs)
        lost = table.num_rows - shard.n_docs
        counts = Counts(table.num_rows, shard.n_docs, lost, 0, {"shards.removed": lost} if lost else {})
        keys = ("source", "split", "number")
        return Outcome((part,), counts, {**{key: payload[key] for key in keys}, "shard": asdict(shard)})

    def _rows(self, table: pa.Table) -> Iterator[TokenRow]:
        for batch in table.to_batches():
            offsets, values = batch["tokens"].offsets.to_numpy(), batch["tokens"].values.to_numpy()
            sizes, ids = batch["n_bytes"].to_pylist(), batch["doc_id"].to_pylist()
            for number, (doc_id, n_bytes) in enumerate(zip(ids, sizes, strict=True)):
                yield TokenRow(doc_id, values[offsets[number] : offsets[number + 1]], n_bytes)


def stretch(table: pa.Table, number: int, of: int) -> pa.Table:
    """The rows of a sorted table whose key falls to shard `number` of `of` (`shard_of`)."""
    keys = table["key"].to_numpy()
    low, high = (-(-(place << 64) // of) for place in (number, number + 1))
    start = int(np.searchsorted(keys, np.uint64(low), "left"))
    stop = len(keys) if high >= 1 << 64 else int(np.searchsorted(keys, np.uint64(high), "left"))
    return table.slice(start, stop - start)
