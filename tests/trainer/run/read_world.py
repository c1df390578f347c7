"""Several processes, each of which reads its part of six steps of a small run; prints a digest of every row.

python tests/trainer/run/read_world.py SHARDS WORLD …

They are forked when all is imported, so that eight of them start as fast as one.
"""

import hashlib
import multiprocessing
import sys
from pathlib import Path

from corpus.shards.read import open_shards
from trainer.data.loader import Loader
from trainer.run.config import read_config
from trainer.run.plan import ramp_of
from trainer.run.resume import order_for


def digests(folder: Path, rank: int, world: int) -> list[list[str]]:
    """For each step, a digest of every row that process `rank` of `world` reads."""
    shards = open_shards(folder)
    settings = ["sequence_length=16", "batch_tokens=176", "ramp_from_tokens=128", "ramp_over_tokens=640"]
    config = read_config("tiny", None, settings)
    order = order_for(config, shards.manifest)
    with Loader(shards, order, ramp_of(config).rows_at, rank=rank, world=world, micro_rows=2) as loader:
        return [
            [hashlib.sha256(row.numpy().tobytes()).hexdigest() for batch in next(loader) for row in batch.tokens]
            for _ in range(6)
        ]


if __name__ == "__main__":
    folder, worlds = Path(sys.argv[1]), [int(word) for word in sys.argv[2:]]
    for world in worlds:
        with multiprocessing.get_context("fork").Pool(world) as processes:
            parts = processes.starmap(digests, [(folder, rank, world) for rank in range(world)], chunksize=1)
        for step in zip(*parts, strict=True):
            print(world, *(digest for part in step for digest in part))
