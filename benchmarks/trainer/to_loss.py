"""Phase 7: how many tokens does the modern model need for the loss of GPT-2 with AdamW?

Both are trained by the command that everybody uses, with the presets as they are, on the same shards and in the same
order. GPT-2 gets all the tokens; the modern one gets the share of them that it is said to need, with its own schedule
ended there. What is compared is bits per byte of the validation split. Learnable tokens stand in where no shards are
given, and then the figure says only that all works: real text is what it is about.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.trainer.sides import OURS
from benchmarks.trainer.stand import Finding, Goal, Stand
from benchmarks.trainer.tokens import write_learnable_shards
from benchmarks.trainer.worker import WorkerError, forget
from corpus.shards.layout import read_shard_manifest
from trainer.run.metrics import read_metrics
from trainer.train import main as train_command

SHARE = 0.65
_VALIDATIONS, _MOST_SECONDS = 16, 3600.0
_OLD, _NEW = "gpt2-124m", "modern-124m"
_SMALL_KEYS = ("layers=2", "heads=2", "width=32", "sequence_length=32", "threads=1", "validate_tokens=1024")


def phase(stand: Stand) -> Finding:
    """Phase 7."""
    settings = stand.settings
    if settings.data is not None:
        read_shard_manifest(settings.data)  # a clear error before anything is begun
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = settings.data or write_learnable_shards(folder / "shards", settings.tokens, settings.shape.vocab_size)
        old = _train(stand, data, folder / "old", _OLD, settings.tokens)
        new = _train(stand, data, folder / "new", _NEW, int(settings.tokens * SHARE))
    wanted, reached = old[-1][1], next((tokens for tokens, bits in new if bits <= old[-1][1]), None)
    rows = [
        {"tokens": tokens, f"{_OLD} bits/byte": bits, f"{_NEW} bits/byte": _at(new, tokens)} for tokens, bits in old
    ]
    share = reached / old[-1][0] if reached else None
    notes = (
        f"{_OLD} ends at {wanted:.4f} bits/byte after {old[-1][0]:,} tokens, "
        f"{_NEW} at {new[-1][1]:.4f} after {new[-1][0]:,}",
        f"on {settings.data}" if settings.data else "on learnable tokens; give --data for a figure that says something",
    )
    return Finding(tuple(rows), (Goal("tokens of the modern model / of GPT-2 at its loss", share, SHARE, True),), notes)


def _at(curve: Sequence[tuple[int, float]], tokens: int) -> float | None:
    """The last validation at or before `tokens`; None beyond the end of the curve."""
    return next((bits for seen, bits in reversed(curve) if seen <= tokens), None) if tokens <= curve[-1][0] else None


def _train(stand: Stand, data: Path, output: Path, preset: str, tokens: int) -> list[tuple[int, float]]:
    """Train by the command; (tokens, bits per byte) of every validation. WorkerError with its last words."""
    settings = stand.settings
    steps = max(2, tokens // settings.batch_tokens)
    every = max(1, steps // _VALIDATIONS)
    keys = [
        f"steps={steps}",
        f"batch_tokens={settings.batch_tokens}",
        f"validate_every={every}",
        f"save_every={steps}",
        "keep_last=1",
        f"device={settings.device}",
        f"compile={str(settings.compiled).lower()}",
        *(_SMALL_KEYS if settings.small else ()),
    ]
    if stand.over:
        raise WorkerError(stand.over)
    worker = stand.worker(OURS)
    worker.seconds = stand.seconds_left if stand.minutes else _MOST_SECONDS
    worker.call(train, arguments=["--data", str(data), "--preset", preset, "--output", str(output), *keys])
    looked = ((row["tokens"], row.get("bits_per_byte")) for row in read_metrics(output))
    return [(tokens, _mean(bits)) for tokens, bits in looked if bits]


def train(kept: dict[str, Any], arguments: list[str]) -> None:
    """The training command in this process (in a worker). RuntimeError with its last words where it fails."""
    forget(kept)
    with tempfile.TemporaryFile("w+") as said, _all_output_to(said.fileno()):
        code = train_command(arguments)
        if code:
            said.seek(0)
            raise RuntimeError(f"trainer.train ended with {code}: {said.read().strip()[-300:]}")


@contextmanager
def _all_output_to(file: int) -> Iterator[None]:
    """Whatever is written to the standard streams, by whom ever, goes to an open file."""
    kept = {stream: os.dup(stream) for stream in (1, 2)}
    try:
        for stream in kept:
            os.dup2(file, stream)
        yield
    finally:
        for stream, copy in kept.items():
            os.dup2(copy, stream)
            os.close(copy)


def _mean(by_source: Mapping[str, Any]) -> float:
    return sum(by_source.values()) / len(by_source)
