"""Runs so small that a test can afford several, by the command itself or through its session."""

import json
from pathlib import Path

from trainer.run.config import read_config
from trainer.run.distributed import World
from trainer.run.saved import load_checkpoint
from trainer.run.session import Session, open_session
from trainer.train import main

SMALL = ["layers=1", "heads=2", "width=32", "sequence_length=16", "batch_tokens=128", "validate_tokens=320"]
# What a row says of the clock; all else must be equal where two runs are.
_OF_THE_CLOCK = ("tokens_per_second", "mfu", "training_seconds", "wall_seconds", "peak_memory")


def command(data: Path, output: Path, *settings: str) -> list[str]:
    """The arguments of a small run."""
    return ["--data", str(data), "--preset", "tiny", "--output", str(output), *SMALL, *settings]


def run(data: Path, output: Path, *settings: str) -> list[dict]:
    """Train by the command and insist on success; the rows of the metrics."""
    assert main(command(data, output, *settings)) == 0
    return rows_of(output)


def rows_of(output: Path) -> list[dict]:
    """The rows of a run's metrics."""
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]


def timeless(rows: list[dict]) -> list[dict]:
    """The rows without what depends on the clock."""
    return [{name: value for name, value in row.items() if name not in _OF_THE_CLOCK} for row in rows]


def session(data: Path, output: Path, *settings: str) -> Session:
    """An open session of a small run."""
    return open_session(read_config("tiny", None, [*SMALL, *settings]), data, output, World(), print)


def final_state(output: Path, step: int) -> dict:
    """All tensors of the checkpoint of a step, weights and moments."""
    saved = load_checkpoint(output / "checkpoints" / f"step_{step:08d}")
    return {**saved.model, **{f"optimizer {name}": value for name, value in saved.optimizer.items()}}
