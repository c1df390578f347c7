"""Token shards: one source a file, one document a row, in hash order, the same bytes on every run.

The file is Arrow IPC without compression (`datasets` opens it as it is; compressed tokens read at a tenth of the
speed or less): `tokens` (uint16 where the vocabulary allows, else uint32, end-of-text last), `doc_id`, `n_bytes` of
the document's text in UTF-8 (so that any loss can be stated per byte) and `score`. Record batches hold at most eight
million tokens, so a writer's memory is bounded; a longer document is a batch of its own, because a row is never cut.

A document's shard and its place follow from its id (`shard_of`, `order_key`) and from nothing else. The shards of a
source laid end to end are its documents in the order of their hashes: shuffled, the same whatever the input's order,
and when some are removed, every shard that held none of them keeps its bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.files.manifest import appearing, write_json
from corpus.json_types import JsonObject
from corpus.shards.documents import Documents, first_out_of_order, order_key, regroup
from corpus.shards.layout import (
    SHARD_MANIFEST,
    SPLITS,
    BatchEntry,
    Shard,
    ShardError,
    ShardManifest,
    SourceShards,
    TokenizerEntry,
    shard_digest,
)

TOKENS_PER_SHARD = 100_000_000
TOKENS_PER_BATCH = 8_000_000
_FORMAT = "corpusloom-tokens/1"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One document as tokens, without its end-of-text: the writer adds that."""

    doc_id: str
    tokens: Sequence[int] | np.ndarray
    n_bytes: int
    score: float | None = None


def shard_of(doc_id: str, n_shards: int) -> int:
    """Which of the shards holds a document: equal stretches of the hash, so shards end to end are in hash order."""
    # The key as a fraction of 2^64, times the shards, rounded down: of 3 shards 0xaaaaaaaaaaaaaaaa is in number 1.
    return order_key(doc_id)[0] * n_shards >> 64


def n_shards_for(n_tokens: int, tokens_a_shard: int = TOKENS_PER_SHARD) -> int:
    """How many shards of about `tokens_a_shard` tokens hold `n_tokens`; at least one."""
    return max(1, round(n_tokens / tokens_a_shard))


def shard_schema(tokenizer: TokenizerEntry, source: str, split: str) -> pa.Schema:
    """The Arrow schema of a shard; its metadata say where the tokens come from, should the manifest be lost."""
    token = pa.uint16() if tokenizer.dtype == "<u2" else pa.uint32()
    metadata = {
        "format": _FORMAT,
        "tokenizer": tokenizer.name,
        "tokenizer_digest": tokenizer.digest,
        "vocab_size": str(tokenizer.vocab_size),
        "end_of_text": str(tokenizer.end_of_text),
        "source": source,
        "split": split,
    }
    return pa.schema(
        [
            pa.field("tokens", pa.large_list(pa.field("item", token, nullable=False)), nullable=False),
            pa.field("doc_id", pa.string(), nullable=False),
            pa.field("n_bytes", pa.uint32(), nullable=False),
            pa.field("score", pa.float32()),
        ],
        metadata,
    )


def write_shard(
    path: Path, folder: Path, rows: Iterable[TokenRow], tokenizer: TokenizerEntry, source: str, split: str
) -> Shard:
    """Write one shard to `path` below `folder`, and give its entry for the manifest.

    Rows come in the order of `order_key`, each document once; `ShardError` names the document that does not, or that
    has a token outside the vocabulary or an end-of-text inside. Equal rows give equal bytes.
    """
    packed = (_pack(group, tokenizer, path) for group in _groups(rows, TOKENS_PER_BATCH))
    return write_documents(path, folder, packed, tokenizer, source, split)


def write_documents(
    path: Path, folder: Path, pieces: Iterable[Documents], tokenizer: TokenizerEntry, source: str, split: str
) -> Shard:
    """The same from documents by the column, in pieces of any size: the bytes do not depend on where a piece ends."""
    schema = shard_schema(tokenizer, source, split)
    options = pa.ipc.IpcWriteOptions(compression=None, use_threads=False)
    n_bytes = 0
    with appearing(path) as temporary:
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as writer:
            for group in regroup(_in_order(pieces, path), TOKENS_PER_BATCH):
                _check_tokens(group.tokens, group.offsets, group.ids, tokenizer, path)
                writer.write_batch(_record_batch(group, schema))
                n_bytes += int(group.n_bytes.sum())
        batches = _locate(temporary)
        # Hashed before it is published: what the manifest says is what was written.
        size, digest = temporary.stat().st_size, shard_digest(temporary)
    n_tokens, n_docs = sum(batch.n_tokens for batch in batches), sum(batch.n_docs for batch in batches)
    return Shard(path.relative_to(folder).as_posix(), size, digest, n_tokens, n_docs, n_bytes, batches)


def source_shards(name: str, split: str, weight: int, shards: Iterable[Shard]) -> SourceShards:
    """The entry of a source and split: its shards, and their counts added up."""
    shards = tuple(shards)
    if split not in SPLITS:
        raise ShardError(f"{name}: {split!r} is no split; there is {' and '.join(SPLITS)}")
    n_tokens, n_docs = sum(shard.n_tokens for shard in shards), sum(shard.n_docs for shard in shards)
    return SourceShards(name, split, weight, n_tokens, n_docs, sum(shard.n_bytes for shard in shards), shards)


def write_shard_manifest(
    folder: Path, tokenizer: TokenizerEntry, sources: Iterable[SourceShards], about: JsonObject | None = None
) -> ShardManifest:
    """Finish a folder of shards: sources by name and split, whatever order they were finished in."""
    ordered = tuple(sorted(sources, key=lambda source: (source.name, source.split)))
    manifest = ShardManifest(tokenizer, ordered, about or {})
    # Read back first: a manifest that no reader would take is not written.
    ShardManifest.from_json(manifest.to_json())
    write_json(folder / SHARD_MANIFEST, manifest.to_json())
    return manifest


def _in_order(pieces: Iterable[Documents], path: Path) -> Iterator[Documents]:
    last = (-1, "")
    for piece in pieces:
        if not len(piece):
            continue
        if (row := first_out_of_order(piece, last)) >= 0:
            doc_id = piece.ids[row].as_py()
            before = piece.ids[row - 1].as_py() if row else last[1]
            fault = "twice" if doc_id == before else f"after {before}, which it precedes in hash order"
            raise ShardError(f"{path}: {doc_id} comes {fault}; sort the rows by order_key, each document once")
        last = int(piece.keys[-1]), piece.ids[-1].as_py()
        yield piece


def _groups(rows: Iterable[TokenRow], most: int) -> Iterator[list[TokenRow]]:
    """Rows with at most `most` tokens together, end-of-text included; a longer row stands alone."""
    group: list[TokenRow] = []
    size = 0
    for row in rows:
        length = len(row.tokens) + 1
        if group and size + length > most:
            yield group
            group, size = [], 0
        group.append(row)
        size += length
    if group:
        yield group


def _pack(group: list[TokenRow], tokenizer: TokenizerEntry, path: Path) -> Documents:
    """Rows as columns, with their ends of text. Tokens are checked before they are narrowed, which would wrap them."""
    offsets = np.cumsum([0, *(len(row.tokens) + 1 for row in group)], dtype=np.int64)
    wide = np.empty(offsets[-1], np.int64)
    for row, start, stop in zip(group, offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        wide[start : stop - 1] = row.tokens
        wide[stop - 1] = tokenizer.end_of_text
    ids = pa.array([row.doc_id for row in group], pa.string())
    _check_tokens(wide, offsets, ids, tokenizer, path)
    keys = np.array([order_key(row.doc_id)[0] for row in group], np.uint64)
    n_bytes = np.array([row.n_bytes for row in group], np.int64)
    scores = pa.array([row.score for row in group], pa.float32())
    return Documents(keys, ids, wide.astype(tokenizer.dtype), offsets, n_bytes, scores)


def _record_batch(group: Documents, schema: pa.Schema) -> pa.RecordBatch:
    tokens = pa.array(group.tokens)
    # Ids and scores are rebuilt: how Arrow has sliced them before would show in the file.
    scores = pa.array([None] * len(group) if group.scores is None else group.scores.to_pylist(), pa.float32())
    columns = [
        pa.LargeListArray.from_arrays(pa.array(group.offsets), tokens, type=schema.field("tokens").type),
        pa.array(group.ids.to_pylist(), pa.string()),
        pa.array(group.n_bytes.astype(np.uint32)),
        scores,
    ]
    return pa.record_batch(columns, schema=schema)


def _check_tokens(
    tokens: np.ndarray, offsets: np.ndarray, ids: pa.StringArray, tokenizer: TokenizerEntry, path: Path
) -> None:
    """Tokens are of the vocabulary, and end-of-text ends a document and stands nowhere else."""
    # A token of another vocabulary would be a wrong word; uint16 holds ids that a small vocabulary lacks.
    if tokens.min() < 0 or tokens.max() >= tokenizer.vocab_size:
        wrong = int(np.flatnonzero((tokens < 0) | (tokens >= tokenizer.vocab_size))[0])
        fault = f"the token {tokens[wrong]}, but {tokenizer.name} has 0 … {tokenizer.vocab_size - 1}; encode it again"
    else:
        # Ends of text are exactly the last tokens of the documents: [4, 7] with offsets [0, 5, 8].
        ends = np.flatnonzero(tokens == tokenizer.end_of_text)
        if np.array_equal(ends, offsets[1:] - 1):
            return
        inside = np.setdiff1d(ends, offsets[1:] - 1)
        wrong = int(inside[0]) if len(inside) else int(np.setdiff1d(offsets[1:] - 1, ends)[0])
        fault = (
            f"end of text ({tokenizer.end_of_text}) inside, or none at its end; encode its text as ordinary characters"
        )
    # The document that holds the place: offsets [0, 5, 8], place 6: the second.
    doc_id = ids[int(np.searchsorted(offsets, wrong, "right")) - 1].as_py()
    raise ShardError(f"{path}: {doc_id} has {fault}")


def _locate(path: Path) -> tuple[BatchEntry, ...]:
    """Where the buffers of tokens and of their offsets lie in a finished file.

    Arrow is asked, not re-implemented: over a mapping its buffers are views, so their addresses less that of the
    mapping are positions in the file.
    """
    batches: list[BatchEntry] = []
    with pa.memory_map(str(path)) as file:
        mapped = file.read_buffer()
        reader = pa.ipc.open_file(pa.BufferReader(mapped))
        for number in range(reader.num_record_batches):
            tokens = reader.get_batch(number).column("tokens")
            # Of a list column: validity, offsets; of its values: validity, data.
            offsets, values = tokens.buffers()[1], tokens.buffers()[3]
            places = values.address - mapped.address, offsets.address - mapped.address
            batches.append(BatchEntry(places[0], len(tokens.values), places[1], len(tokens)))
    return tuple(batches)
