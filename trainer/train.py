"""The command that trains: from shards to a run folder with checkpoints, metrics and a page of curves.

    python -m trainer.train --data shards/ --preset gpt2-124m --output runs/NAME steps=600 batch_tokens=524288

The same command over the same output goes on where the last whole checkpoint stands. Nothing heavy is imported before
the flags are right, so `--help`, which lists every key, answers at once.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser
from corpus.errors import CorpusloomError, ExitCode
from trainer.command import leave, run_command

if TYPE_CHECKING:
    from corpus.live_line import LiveLine
    from trainer.run.config import RunConfig
    from trainer.run.distributed import World

COMMAND = "python -m trainer.train"
EXAMPLE = f"""
example:  {COMMAND} --data shards/ --preset tiny --output runs/first steps=200
          torchrun --nproc-per-node 8 -m trainer.train --data shards/ --preset gpt2-124m --output runs/second tokens=10B
"""


def parser() -> argparse.ArgumentParser:
    """The flags."""
    from trainer.run.config import describe_keys

    flags = CommandParser(
        COMMAND, "Train a GPT on token shards, or continue with a run.", f"{describe_keys()}\n{EXAMPLE}"
    )
    flags.add_argument("--data", required=True, type=Path, metavar="FOLDER", help="token shards, with manifest.json")
    flags.add_argument("--preset", default="", metavar="NAME", help="shape and recipe")
    flags.add_argument("--config", type=Path, metavar="FILE", help="TOML with keys, or a run's config.json")
    flags.add_argument("--init-from", default="", metavar="RUN", help="begin with the weights of a run")
    flags.add_argument("--output", required=True, type=Path, metavar="FOLDER", help="the run; the same again goes on")
    flags.add_argument("--dry-run", action="store_true", help="print parameters, work, memory, epochs; train nothing")
    flags.add_argument("settings", nargs="*", metavar="key=value", help="keys, over all else")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    flags = parser().parse_intermixed_args(arguments)  # key=value may stand between the flags
    return run_command(COMMAND, lambda: _act(flags))


def _act(flags: argparse.Namespace) -> int:
    from trainer.run.config import read_config

    begin = [f"init_from={flags.init_from}"] if flags.init_from else []
    config = read_config(flags.preset, flags.config, [*begin, *flags.settings])
    return _plan(config, flags) if flags.dry_run else _run(config, flags)


def _plan(config: "RunConfig", flags: argparse.Namespace) -> int:
    """Print what `--dry-run` prints: the plan of the run, as one process of it would hold it, and whether it fits."""
    import torch

    from corpus.shards.layout import read_shard_manifest
    from trainer.objectives.choose import text_of, with_marks
    from trainer.run.devices import choose_dtype, free_memory, processes_on, total_memory
    from trainer.run.distributed import choose_device, place, shards_of
    from trainer.run.memory import RunTooLarge, memory_of, micro_rows_of, verdict
    from trainer.run.plan import plan_lines, ramp_of, steps_of_process
    from trainer.run.resume import order_for

    rank, size, local = place()
    manifest = read_shard_manifest(flags.data)
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    device = torch.device(choose_device(config.device, local, cards))
    shape = with_marks(config.shape, text_of(config, manifest.tokenizer, flags.data))
    element, shards = (
        choose_dtype(config.dtype, device).itemsize,
        shards_of(config.parallel, size, shape.n_parameters()),
    )
    steps = steps_of_process(ramp_of(config), size)
    micro_rows = micro_rows_of(config, shape, steps, free_memory(device), element, shards)
    memory, least = (memory_of(config, shape, rows, element, shards) for rows in (micro_rows, 1))
    there, host = total_memory(device) // processes_on(device), total_memory(torch.device("cpu"))
    # Under torchrun every process plans, and the first prints.
    if rank:
        return ExitCode.DONE
    print("\n".join(plan_lines(config, shape, order_for(config, manifest), memory, micro_rows)))
    if fault := verdict(memory, least, there, shards, host):
        raise RunTooLarge(f"this run does not fit {device}: {fault}")
    print(f"fits        {device} has {there / 1e9:,.1f} GB for each process")
    return ExitCode.DONE


def _run(config: "RunConfig", flags: argparse.Namespace) -> int:
    from corpus.live_line import LiveLine
    from trainer.run.distributed import join_world
    from trainer.run.outputs import RUN, claim

    claim(flags.output, RUN)
    live = LiveLine()
    with join_world(config.device) as world, held(flags.output, world):
        try:
            return _train(config, flags, world, live)
        finally:
            live.end()


def _train(config: "RunConfig", flags: argparse.Namespace, world: "World", live: "LiveLine") -> int:
    import torch

    from trainer.run.journal import RunJournal
    from trainer.run.loop import Stop, train
    from trainer.run.session import open_session

    torch.set_float32_matmul_precision("high")  # TF32 for float32 products on cards
    stop = Stop(config.minutes)
    say: Callable[[str], None] = live.say if world.first else lambda _: None
    with stop.listening():
        session = open_session(config, flags.data, flags.output, world, say)
        if session.progress.step >= session.course.steps:
            say(f"nothing to do: {flags.output} is at step {session.progress.step:,}; to go on, give more steps")
            return ExitCode.DONE
        with RunJournal(session, live) as journal:
            ended = train(session, stop, journal)
    if ended:
        return ExitCode.DONE
    say(f"saved at step {session.progress.step:,}; the same command goes on")
    return ExitCode.INTERRUPTED if stop.signal else ExitCode.DONE


@contextmanager
def held(output: Path, world: "World") -> Iterator[None]:
    """Hold the output folder while the block runs, by the first process; exit code 6 where another has it."""
    from corpus.files.lock import locked
    from trainer.run.distributed import first_says

    with ExitStack() as stack:
        fault = None
        if world.first:
            try:
                stack.enter_context(locked(output))
            except CorpusloomError as error:
                fault = str(error), error.code
        if fault := first_says(fault, world):
            raise CorpusloomError(*fault)
        yield


if __name__ == "__main__":
    leave(main())
