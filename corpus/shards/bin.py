"""nanoGPT's form of the shards: `train.bin` and `val.bin`, the tokens one after the other as uint16.

nanoGPT draws its windows evenly from one file, so a source's share there is its size: weights cannot be expressed in
this form, and every source is written once, in the manifest's order. For another share, write the sources apart.
"""

from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from corpus.errors import ExitCode
from corpus.files.manifest import appearing
from corpus.shards.layout import TRAIN, VALIDATION, Shard, ShardError, TokenizerEntry
from corpus.shards.read import Shards

_NAMES = {TRAIN: "train.bin", VALIDATION: "val.bin"}
_PIECE = 1 << 24


def check_fits_bin(tokenizer: TokenizerEntry) -> None:
    """Raise `ShardError` for a tokenizer with more ids than uint16 has."""
    if tokenizer.dtype != "<u2":
        raise ShardError(
            f"{tokenizer.name}: {tokenizer.vocab_size:,} ids do not fit uint16, the only type nanoGPT reads; leave out "
            "--also-bin or take a tokenizer of at most 65,536",
            ExitCode.FLAGS,
        )


def write_bin(shards: Shards, folder: Path, sources: Collection[str] = ()) -> dict[str, int]:
    """Write both files from all sources, or from those named; how many tokens each written file holds.

    A split without tokens gets no file (nobody can map one of zero bytes), and what an earlier build left of it goes.
    """
    check_fits_bin(shards.manifest.tokenizer)
    if unknown := sorted(set(sources) - {stream.name for stream in shards.streams}):
        raise ShardError(f"{shards.folder}: no source {unknown[0]}")
    counts: dict[str, int] = {}
    for split, name in _NAMES.items():
        there = [source for source in shards.manifest.sources if source.split == split]
        chosen = [source for source in there if not sources or source.name in sources]
        n_tokens = sum(source.n_tokens for source in chosen)
        if not n_tokens:
            (folder / name).unlink(missing_ok=True)
            continue
        with appearing(folder / name) as temporary, temporary.open("wb") as file:
            for shard in (shard for source in chosen for shard in source.shards):
                _append_tokens(file, shards.folder, shard)
        counts[name] = n_tokens
    return counts


def _append_tokens(file: BinaryIO, folder: Path, shard: Shard) -> None:
    """Read in pieces and not from the mapping, which would count as memory until all of it is there."""
    with (folder / shard.path).open("rb") as source:
        for batch in shard.batches:
            # The tokens of a batch lie together in the file (`layout.BatchEntry`); nothing of Arrow is parsed.
            source.seek(batch.values_offset)
            left = batch.n_tokens * 2
            while left:
                piece = source.read(min(left, _PIECE))
                if not piece:
                    raise ShardError(f"{folder / shard.path}: ends too early; run build_shards again")
                file.write(piece)
                left -= len(piece)
