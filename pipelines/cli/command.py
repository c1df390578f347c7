"""What every build command does around its stages: one run at a time, clear errors, documented exit codes."""

import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from corpus.files.storage import is_remote, place
from pipelines.runtime.errors import StageError, describe_error

INTERRUPTED = 130


class Runnable(Protocol):
    """A build: it can say what it would do, and do it."""

    def plan(self) -> list[str]:
        """The lines of a dry run."""
        ...

    def run(self) -> list[str]:
        """Do it; the lines to print at the end."""
        ...


def run_command(make: Callable[[], Runnable], output: str, dry_run: bool, command: str) -> int:
    """Make a build and run it (or print its plan); the exit code of the process."""
    # Beam logs every error of a worker at length; they come back as records and are reported once, below.
    logging.getLogger().setLevel(logging.CRITICAL)
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    end_on_signals(command)
    try:
        build = make()
        if dry_run:
            print("\n".join(build.plan()))
            return 0
        with locked(place(output)):
            print("\n".join(build.run()))
        return 0
    except Exception as error:  # every error ends as one clear line and an exit code
        described = describe_error(error, command)
        print(f"error: {described['message']}", file=sys.stderr)
        if described["code"] in (1, 3, 5) and (place(output) / "stages").is_dir():
            print(
                f"Finished parts stay; once this is mended, go on with the same command: {command} …", file=sys.stderr
            )
        if described["code"] == 1 and described["trace"]:
            print(f"This is a bug of ours.\n{described['trace']}", file=sys.stderr)
        return described["code"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the output folder; `StageError` (exit code 6) when another run has it.

    The lock only spares work: correctness rests on files that appear whole. A store has no locks that end with
    their owner, so there two runs do the same work twice.
    """
    if is_remote(folder):
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StageError(f"--output {folder}: {error.strerror}", 2) from error
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StageError(f"another run is writing {folder}; wait for it or choose another --output", 6) from None
    except OSError as error:
        raise StageError(f"--output {folder}: {error.strerror}", 2) from error
    try:
        yield
    finally:
        lock.release()


def check_beam_flags(flags: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Flags that are not among `ours` must be Beam's; `StageError` (exit code 2) with the nearest name otherwise."""
    import difflib

    from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

    known = _BeamArgumentParser(allow_abbrev=False, add_help=False)
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(known)
    _, unknown = known.parse_known_args(list(flags))
    if unknown and not _names_a_portable_runner(flags):  # those take further flags from their job server
        names = [name for action in known._actions for name in action.option_strings]
        near = difflib.get_close_matches(unknown[0].partition("=")[0], [*ours, *names], 1)
        hint = f"; did you mean {near[0]}?" if near else "; see --help"
        raise StageError(f"unknown argument {unknown[0]!r}{hint}", 2)
    return list(flags)


def _names_a_portable_runner(flags: Sequence[str]) -> bool:
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

    named = PipelineOptions(list(flags)).view_as(StandardOptions).runner or ""
    return named.rpartition(".")[2] in {"SparkRunner", "FlinkRunner", "PortableRunner", "PrismRunner"}


def disk_line(folder: Path, needed: int) -> str:
    """How much disk a build needs and how much there is."""
    if is_remote(folder):
        return f"storage   about {needed / 1e6:,.1f} MB needed at {folder}"
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    enough = "enough" if free > needed else "NOT ENOUGH"
    return f"disk      about {needed / 1e6:,.1f} MB needed, {free / 1e6:,.0f} MB free at {there}: {enough}"


def end_on_signals(command: str) -> None:
    """Let Ctrl-C and SIGTERM end the process at once, with a word on how to go on.

    At once, because an engine that is still starting its workers waits for them for ever, and without loss, because
    files appear whole. Worker processes notice that their driver is gone and end too.
    """
    terminal = os.fdopen(os.dup(2), "w")  # standard error itself is turned aside while workers run

    def end(*_: object) -> None:
        show_cursor = "\x1b[?25h" if terminal.isatty() else ""
        terminal.write(f"{show_cursor}\ninterrupted; finished parts stay. Go on with the same command: {command} …\n")
        terminal.flush()
        os._exit(INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
