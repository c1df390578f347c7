"""Tokens to train on where none are given: a sequence that can be learned, and shards of it written without Arrow.

Each token follows from the one before by an affine map in half of the cases, and is drawn by Zipf's law in the others:
so a model first learns frequencies and then which token follows which, and two trainings that differ will differ in
their losses. Random tokens would not show it.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from corpus.shards.layout import (
    SHARD_MANIFEST,
    TRAIN,
    VALIDATION,
    BatchEntry,
    Shard,
    ShardManifest,
    SourceShards,
    TokenizerEntry,
    shard_digest,
)

_FOLLOWS, _LONGEST, _DOCUMENT = 0.5, 64, 500
_BYTES_PER_TOKEN = 4


def learnable(count: int, vocab_size: int, seed: int) -> np.ndarray:
    """`count` tokens below `vocab_size`, int64."""
    rng = np.random.default_rng(seed)
    rank = np.exp(rng.random(count) * np.log(vocab_size)).astype(np.int64) % vocab_size
    fresh = rng.random(count) >= _FOLLOWS
    fresh[::_LONGEST] = True
    places = np.arange(count)
    begin = np.maximum.accumulate(np.where(fresh, places, 0))
    # The map applied k times is again affine: x → factors[k]·x + shifts[k].
    factors, shifts = np.ones(_LONGEST, np.int64), np.zeros(_LONGEST, np.int64)
    for k in range(1, _LONGEST):
        factors[k], shifts[k] = factors[k - 1] * 31 % vocab_size, (shifts[k - 1] * 31 + 7) % vocab_size
    steps = places - begin
    return (factors[steps] * rank[begin] + shifts[steps]) % vocab_size


def write_learnable_shards(folder: Path, count: int, vocab_size: int) -> Path:
    """A folder of shards, source "learnable", `count` tokens to train and a twentieth of that to validate.

    The buffers lie in plain files: a reader of shards goes by the manifest alone. Returns the folder.
    """
    tokenizer = TokenizerEntry("learnable", hashlib.sha256(b"learnable").hexdigest(), vocab_size, vocab_size - 1)
    sources = []
    for seed, (split, size) in enumerate(((TRAIN, count), (VALIDATION, max(count // 20, 2_000)))):
        tokens = learnable(size, vocab_size - 1, seed)
        ends = np.append(np.arange(_DOCUMENT, size, _DOCUMENT), size)
        tokens[ends - 1] = tokenizer.end_of_text
        shard = _write(folder, f"learnable/{split}-00000.bin", tokens.astype(tokenizer.dtype), ends)
        sources.append(SourceShards("learnable", split, 1, shard.n_tokens, shard.n_docs, shard.n_bytes, (shard,)))
    manifest = ShardManifest(tokenizer, tuple(sources))
    # The manifest comes last, as everywhere: a folder with one is whole.
    (folder / SHARD_MANIFEST).write_text(json.dumps(manifest.to_json()), encoding="utf-8")
    return folder


def _write(folder: Path, name: str, tokens: np.ndarray, ends: np.ndarray) -> Shard:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    values = tokens.tobytes()
    offsets_offset = -(-len(values) // 8) * 8
    path.write_bytes(values.ljust(offsets_offset, b"\0") + np.append(0, ends).astype("<i8").tobytes())
    batch = BatchEntry(0, len(tokens), offsets_offset, len(ends))
    size = path.stat().st_size
    return Shard(
        name, size, shard_digest(path), len(tokens), len(ends), _BYTES_PER_TOKEN * (len(tokens) - len(ends)), (batch,)
    )
