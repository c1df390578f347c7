"""A prepared run on a borrowed card: everything worth knowing within minutes, the most useful first.

    python -m benchmarks.trainer.card --minutes 9.3 --out DIR --ref nanoGPT/model.py --data shards/
    python -m benchmarks.trainer.card --small --out DIR             # the same way on a CPU, at sizes that say nothing
    python -m benchmarks.trainer.card --pack DIR --ref … --data …   # before: what has to travel, and how large it is

Every phase stands alone: one that fails or would be late is a line of `results.json`, which is rewritten after each,
and the others go on. It needs numpy and PyTorch, and safetensors, which travels along in DIR/lib (one binary for every
Python: PYTHONPATH=DIR/lib). What was late runs with `--only NAME,…` in a second
call; a compiler cache that was kept in DIR spares it the compilation.
"""

import argparse
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors

from corpus.command_line import CommandParser, Number
from trainer.command import FlagError, run_command

COMMAND = "python -m benchmarks.trainer.card"
# (name, seconds on an H100, what it shows), most useful first. The seconds are estimates; nothing here has run there.
PHASES = (
    ("machine", 25, "card, versions, the product of large matrices, a copy, the kernel that attention takes"),
    ("parity", 80, "the same weights and batches as nanoGPT: the same losses"),
    ("speed12", 60, "micro-batches of 12, as nanoGPT ships: three sides, equal tokens per step"),
    ("speed32", 90, "micro-batches of 32: three sides, equal tokens per step"),
    ("warm", 75, "the compiler's cache for both presets"),
    ("gpt2", 95, "gpt2-124m on the shards by the command, one minute of steps"),
    ("modern", 125, "modern-124m for the same training seconds"),
    ("resume", 40, "kill -9, and the steps that are taken twice"),
    ("documents", 45, "the price of document masks"),
    ("loader", 20, "the loader alone, one thread"),
    ("kernels", 45, "attention and loss beside the formula in float64"),
    ("sample", 15, "two samples, as ids"),
    ("tests", 60, "the tests that are marked gpu, where pytest is there"),
)
MOST_BYTES = 64 << 20
_EXAMPLE = "\nphases:\n" + "\n".join(f"  {name:<10}{seconds:>4} s  {shows}" for name, seconds, shows in PHASES) + "\n"


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Measure the trainer on a borrowed card, most useful first.", _EXAMPLE)
    flags.add_argument(
        "--out", type=Path, metavar="FOLDER", help="results.json, metrics, the log, the compiler's cache"
    )
    flags.add_argument("--minutes", type=Number(0.1), default=9.3, help="begin nothing that would end after so many")
    flags.add_argument("--ref", type=Path, metavar="FILE", help="nanoGPT's model.py (without it: the recipe re-stated)")
    flags.add_argument("--data", type=Path, metavar="FOLDER", help="token shards (without them: learnable tokens)")
    flags.add_argument("--only", default="", metavar="NAME,…", help="these phases")
    flags.add_argument("--train-seconds", type=Number(1), default=60.0, help="training time of gpt2 and modern")
    flags.add_argument("--small", action="store_true", help="small sizes; without a card always")
    flags.add_argument("--pack", type=Path, metavar="FOLDER", help="copy --ref and --data there, and do nothing else")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 if every phase ran, 1 if one failed or was not begun. Goals that are missed do not count."""
    given = parser().parse_args(arguments)
    return run_command(COMMAND, lambda: _act(given))


def _act(given: argparse.Namespace) -> int:
    names = [name for name, _, _ in PHASES]
    wanted = given.only.split(",") if given.only else names
    if unknown := [name for name in wanted if name not in names]:
        raise FlagError(f"--only {unknown[0]}: no such phase; there is {', '.join(names)}")
    for path in (given.ref, given.data):
        if path is not None and not path.exists():
            raise FlagError(f"{path} is not there")
    if given.pack is not None:
        return pack(given.pack, given.ref, given.data)
    if given.out is None:
        raise FlagError("give --out FOLDER for what is found")
    given.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(given.out / "inductor"))
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    from benchmarks.trainer.card_phases import CardRun

    run = CardRun(given.out, given.ref, given.data, given.small, given.train_seconds)
    try:
        return run_phases(run, wanted, given.minutes * 60)
    finally:
        run.close()


def run_phases(run: Any, wanted: Sequence[str], seconds: float) -> int:
    """Run the phases in their order, each on its own feet; 1 if one failed or was too late to begin."""
    begin, failed = time.monotonic(), 0
    for name, needed, shows in PHASES:
        if name not in wanted:
            continue
        started = time.monotonic()
        left = seconds - (started - begin)
        entry: dict[str, Any] = {"shows": shows}
        if left < needed and not run.small:
            entry["error"] = f"not begun: {left:.0f} s are left, and it takes {needed}"
        else:
            try:
                entry["found"] = getattr(run, name)(left)
            except Exception as error:
                traceback.print_exc()
                entry["error"] = f"{type(error).__name__}: {error}"[:600]
        failed |= "error" in entry
        entry["seconds"] = round(time.monotonic() - started, 1)
        run.record["phases"][name] = entry
        run.write()
        print(f"== {name}  {entry['seconds']} s\n{json.dumps(entry, default=str)[:1500]}", flush=True)
    return int(failed)


def pack(folder: Path, reference: Path | None, data: Path | None) -> int:
    """Copy what has to travel beside the checkout: safetensors, model.py, and the shards that the manifest names."""
    from corpus.shards.layout import SHARD_MANIFEST, read_shard_manifest

    folder.mkdir(parents=True, exist_ok=True)
    library = Path(safetensors.__file__).parent
    shutil.copytree(
        library, folder / "lib" / library.name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    if reference is not None:
        shutil.copy(reference, folder / "model.py")
    if data is not None:
        manifest = read_shard_manifest(data)
        for name in (SHARD_MANIFEST, *(shard.path for source in manifest.sources for shard in source.shards)):
            (folder / "shards" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(data / name, folder / "shards" / name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 2**20:.1f} MiB of {MOST_BYTES >> 20}")
    if size > MOST_BYTES:
        raise FlagError(f"{folder} is too large to travel; take shards of fewer tokens")
    return 0


if __name__ == "__main__":
    sys.exit(main())
