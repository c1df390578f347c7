"""Rows of tokens made from a hash, so that every test writes real shards of known content."""

from pathlib import Path

import numpy as np

from corpus.hashing import digest
from corpus.shards.layout import ShardManifest, TokenizerEntry
from corpus.shards.write import TokenRow, order_key, shard_of, source_shards, write_shard, write_shard_manifest

SMALL = TokenizerEntry("small", digest("small"), 1000, 999)


def token_row(number: int, length: int, vocab_size: int = 999, source: str = "webtext") -> TokenRow:
    """A document of `length` tokens below `vocab_size`; every third has no score."""
    ids = np.frombuffer(bytes.fromhex(digest(str(number), length=4 * length)) if length else b"", "<u4") % vocab_size
    return TokenRow(f"{source}/{digest(source, str(number))}", ids, 4 * length, None if number % 3 == 0 else number / 8)


def token_rows(lengths, vocab_size: int = 999, source: str = "webtext") -> list[TokenRow]:
    """Documents of these lengths, in the order in which shards hold them."""
    rows = [token_row(number, length, vocab_size, source) for number, length in enumerate(lengths)]
    return sorted(rows, key=lambda row: order_key(row.doc_id))


def write_source(folder: Path, rows, n_shards: int, tokenizer=SMALL, source="webtext", split="train", weight=1):
    """The rows of one source and split as shards below `folder`; the entry for the manifest."""
    shards = []
    for number in range(n_shards):
        path = folder / source / f"{split}-{number:05}.arrow"
        mine = [row for row in rows if shard_of(row.doc_id, n_shards) == number]
        shards.append(write_shard(path, folder, mine, tokenizer, source, split))
    return source_shards(source, split, weight, shards)


def write_folder(folder: Path, lengths, n_shards: int = 3, tokenizer=SMALL) -> tuple[ShardManifest, np.ndarray]:
    """A folder with one source in several shards; its manifest, and all its tokens end to end."""
    rows = token_rows(lengths, tokenizer.end_of_text)
    manifest = write_shard_manifest(folder, tokenizer, [write_source(folder, rows, n_shards, tokenizer)])
    end = [tokenizer.end_of_text]
    return manifest, np.concatenate([np.concatenate([row.tokens, end]) for row in rows]).astype(np.int64)
