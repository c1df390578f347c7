"""Are the shards still the bytes that were written?

Every file is hashed whole, by as many threads as there are cores: a sample of pages would miss the one flipped bit.
Nothing is remembered from one time to the next, because a disk that loses a bit does not change the file's time.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from corpus.shards.layout import Shard, ShardManifest, read_shard_manifest, shard_digest


def verify(folder: Path) -> list[str]:
    """Hash every shard again; what is wrong, one sentence a shard, in the manifest's order (empty: all is right)."""
    return list(faults(folder, read_shard_manifest(folder)))


def faults(folder: Path, manifest: ShardManifest) -> Iterator[str]:
    """The same, one by one: the first is there before the rest is hashed."""
    shards = [shard for source in manifest.sources for shard in source.shards]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        try:
            yield from filter(None, threads.map(lambda shard: fault_of(folder / shard.path, shard), shards))
        # Whoever takes the first fault only waits for the shards that are being hashed.
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def fault_of(path: Path, shard: Shard) -> str:
    """What is wrong with the file at `path`, which should be `shard`; empty: nothing."""
    if not path.is_file():
        return f"{path}: missing; run build_shards again"
    if path.stat().st_size != shard.bytes:
        return f"{path}: {path.stat().st_size} bytes, the manifest says {shard.bytes}; run build_shards again"
    if shard_digest(path) != shard.digest:
        return f"{path}: its bytes are not those of the manifest; run build_shards again"
    return ""
