"""nanoGPT's form of the shards: `train.bin` and `val.bin`, the tokens one after the other as uint16.

nanoGPT draws its windows evenly from one file, so a source's share there is its size: weights cannot be expressed in
this form, and every source is written once, in the manifest's order. For another share, write the sources apart.
"""

from collections.abc import Collection
from pathlib import Path

from corpus.manifest import appearing
from corpus.shards.layout import TRAIN, VALIDATION, ShardError
from corpus.shards.read import Shards

_NAMES = {TRAIN: "train.bin", VALIDATION: "val.bin"}


def write_bin(shards: Shards, folder: Path, sources: Collection[str] = ()) -> dict[str, int]:
    """Write both files from all sources, or from those named; how many tokens each file holds."""
    tokenizer = shards.manifest.tokenizer
    if tokenizer.dtype != "<u2":
        raise ShardError(f"{tokenizer.name}: {tokenizer.vocab_size} ids do not fit uint16, the only type nanoGPT reads")
    if unknown := sorted(set(sources) - {stream.name for stream in shards.streams}):
        raise ShardError(f"{shards.folder}: no source {unknown[0]}")
    counts: dict[str, int] = {}
    for split, name in _NAMES.items():
        streams = [stream for stream in shards.streams if stream.split == split]
        chosen = [stream for stream in streams if not sources or stream.name in sources]
        with appearing(folder / name) as temporary, temporary.open("wb") as file:
            for stream in chosen:
                for tokens in stream.tokens:
                    file.write(tokens.data)
        counts[name] = sum(stream.n_tokens for stream in chosen)
    return counts
