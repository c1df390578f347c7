"""The command that trains: from shards to a run folder with checkpoints, metrics and a page of curves.

    python -m trainer.train --data shards/ --preset gpt2-124m --output runs/NAME steps=600 batch_tokens=524288

The same command over the same output goes on where the last whole checkpoint stands. Nothing heavy is imported before
the flags are right, so `--help`, which lists every key, answers at once.
"""

import argparse
import errno
import fcntl
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.run.config import RunConfig
    from trainer.run.distributed import World
    from trainer.run.metrics import LiveLine

COMMAND = "python -m trainer.train"
EXIT_CODES = """
exit codes: 0 done (or the minutes are over) · 1 a bug · 2 wrong flags or keys · 3 shards missing or damaged
            4 the loss is no number any more · 5 disk or memory full · 6 another run holds the output · 130 interrupted
"""
EXAMPLE = f"""
example:  {COMMAND} --data shards/ --preset tiny --output runs/first steps=200
          torchrun --nproc-per-node 8 -m trainer.train --data shards/ --preset gpt2-124m --output runs/second tokens=10B
"""
_DONE, _BUG, _FLAGS, _DATA, _DIVERGED, _FULL, _HELD, _INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130


class TrainError(Exception):
    """An end with a clear sentence and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def parser() -> argparse.ArgumentParser:
    """The flags."""
    from trainer.run.config import describe_keys

    flags = argparse.ArgumentParser(
        prog=COMMAND,
        description="Train a GPT on token shards, or go on with a run.",
        epilog=f"{describe_keys()}\n{EXAMPLE}{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    flags.add_argument("--data", required=True, type=Path, metavar="FOLDER", help="token shards, with manifest.json")
    flags.add_argument("--preset", default="", metavar="NAME", help="shape and recipe")
    flags.add_argument("--config", type=Path, metavar="FILE", help="TOML with keys, over the preset")
    flags.add_argument("--init-from", default="", metavar="RUN", help="begin with the weights of a run")
    flags.add_argument("--output", required=True, type=Path, metavar="FOLDER", help="the run; the same again goes on")
    flags.add_argument("--dry-run", action="store_true", help="print parameters, work, memory, epochs; train nothing")
    flags.add_argument("settings", nargs="*", metavar="key=value", help="keys, over all else")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    flags = parser().parse_intermixed_args(arguments)
    from trainer.run.config import ConfigError, read_config

    try:
        begin = [f"init_from={flags.init_from}"] if flags.init_from else []
        config = read_config(flags.preset, flags.config, [*begin, *flags.settings])
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return _FLAGS
    try:
        return _plan(config, flags) if flags.dry_run else _run(config, flags)
    except Exception as error:
        code = _code_of(error)
        print(f"error: {error or type(error).__name__}", file=sys.stderr)
        if code == _BUG:
            raise
        return code


def _code_of(error: Exception) -> int:
    """The exit code of an error: known by its kind, else a bug."""
    from corpus.mixture import MixtureError
    from corpus.shards.layout import ShardError
    from trainer.data.order import OrderError
    from trainer.data.packing import PackingError
    from trainer.run.checkpoint import CheckpointError
    from trainer.run.loop import Diverged
    from trainer.run.metrics import MetricsError

    if isinstance(error, TrainError):
        return error.code
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or isinstance(error, MemoryError | CheckpointError) or type(error).__name__ == "OutOfMemoryError":
        return _FULL
    if isinstance(error, Diverged):
        return _DIVERGED
    if isinstance(error, ShardError | PackingError):
        return _DATA
    wrong = isinstance(error, ValueError | MixtureError | OrderError | MetricsError) or "Error" in type(error).__name__
    return _FLAGS if wrong and type(error).__module__.startswith(("trainer.", "corpus.")) else _BUG


def _plan(config: "RunConfig", flags: argparse.Namespace) -> int:
    """What `--dry-run` prints: the plan of the run, as one process of it would hold it."""
    import torch

    from corpus.shards.layout import read_shard_manifest
    from trainer.objectives.choose import text_of, with_marks
    from trainer.run.distributed import choose_device
    from trainer.run.plan import memory_of, micro_rows_of, plan_lines
    from trainer.run.resume import order_for
    from trainer.run.session import choose_dtype, free_memory

    manifest = read_shard_manifest(flags.data)
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    device = torch.device(choose_device(config.device, 0, cards))
    shape = with_marks(config.shape, text_of(config, manifest.tokenizer, flags.data))
    element = choose_dtype(config.dtype, device).itemsize
    rows = config.batch_tokens // shape.sequence_length
    micro_rows = micro_rows_of(config, shape, rows, free_memory(device), element)
    memory = memory_of(config, shape, micro_rows, element)
    print("\n".join(plan_lines(config, shape, order_for(config, manifest), memory, micro_rows)))
    return _DONE


def _run(config: "RunConfig", flags: argparse.Namespace) -> int:
    from trainer.run.distributed import joined
    from trainer.run.metrics import LiveLine

    live = LiveLine()
    with joined(config.device) as world, held(flags.output, world):
        try:
            return _train(config, flags, world, live)
        finally:
            live.end()


def _train(config: "RunConfig", flags: argparse.Namespace, world: "World", live: "LiveLine") -> int:
    import torch

    from trainer.run.journal import Journal
    from trainer.run.loop import Stop, train
    from trainer.run.session import open_session

    torch.set_float32_matmul_precision("high")
    stop = Stop(config.minutes)
    say: Callable[[str], None] = live.say if world.first else lambda _: None
    with stop.listening():
        session = open_session(config, flags.data, flags.output, world, say)
        if session.progress.step >= session.course.steps:
            say(f"nothing to do: {flags.output} is at step {session.progress.step:,}; to go on, give more steps")
            return _DONE
        with Journal(session, live) as journal:
            ended = train(session, stop, journal)
    if ended:
        return _DONE
    say(f"saved at step {session.progress.step:,}; the same command goes on")
    return _INTERRUPTED if stop.signal else _DONE


@contextmanager
def held(output: Path, world: "World") -> Iterator[None]:
    """Hold the output folder while the block runs, by the first process; `TrainError` (6) where another run has it."""
    from trainer.run.distributed import first_says

    lock, fault = None, ""
    if world.first:
        try:
            output.mkdir(parents=True, exist_ok=True)
            lock = (output / ".lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fault = f"another run is writing {output}; wait for it or choose another --output"
        except OSError as error:
            fault = f"--output {output}: {error.strerror}"
    if fault := first_says(fault, world):
        raise TrainError(fault, _HELD if fault.startswith("another") else _FLAGS)
    try:
        yield
    finally:
        if lock:
            lock.close()


if __name__ == "__main__":
    sys.exit(main())
