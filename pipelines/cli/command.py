"""The frame of every build command: flags checked, one run at a time, clear errors, exit codes."""

import argparse
import logging
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from corpus.command_line import CommandParser, end_with
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.lock import locked
from corpus.files.storage import is_remote, place
from corpus.json_types import JsonObject
from pipelines.cli.beam_flags import check_beam_flags
from pipelines.cli.replacement import Output
from pipelines.runtime.task import STAGES

# Flags that change no byte of what is published.
_OF_THE_RUN = {"--help", "-h", "--output", "--dry-run", "--replace", "--max-quarantined", "--memory-mb", "--domains",
               "--compare-with", "--also-bin", "--no-wait", "--running-job"}  # fmt: skip


class Runnable(Protocol):
    """A build: it can say what it would do, and do it."""

    @property
    def output(self) -> Output:
        """Where it goes."""
        ...

    def plan(self) -> list[str]:
        """The lines of a dry run."""
        ...

    def run(self, wait: bool = True, running_job: str = "refuse") -> list[str]:
        """Do it; the lines to print at the end."""
        ...


def run_command(
    ours: CommandParser,
    given: argparse.Namespace,
    others: Sequence[str],
    make: Callable[[list[str]], Runnable],
) -> int:
    """Make a build of the flags (`make` takes Beam's) and run it, or print its plan; the exit code of the process."""
    quiet()
    end_on_signals(ours.prog)
    try:
        # Order matters: a wrong flag is said before the folder is touched, a dry run takes no lock, and only a run that
        # holds the lock may clear what a killed one left.
        _check_name(given.output)
        build = make(check_beam_flags(others, ours.flags()))
        if given.dry_run:
            build.output.check(write=False)
            print("\n".join(build.plan()))
            return ExitCode.DONE
        with locked(place(given.output)):
            build.output.check()
            print("\n".join(build.run(not given.no_wait, given.running_job)))
        return ExitCode.DONE
    except Exception as error:  # every error ends as one clear line and an exit code
        # Where the stages left something, the last line also says that the same command goes on.
        work = None if is_remote(given.output) else Path(given.output) / STAGES
        return end_with(error, ours.prog, work, resume=work is not None and work.is_dir())


def quiet() -> None:
    """Beam logs every error of a worker at length; they come back as records and are reported once."""
    logging.getLogger().setLevel(logging.CRITICAL)
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)


def _check_name(output: str) -> None:
    """The name of the output travels to workers as text, so it must be text in this locale."""
    try:
        output.encode()
    except UnicodeEncodeError as error:
        name = os.fsencode(output).decode("utf-8", "backslashreplace")
        cure = "set LC_ALL=C.UTF-8, or choose another name"
        raise CorpusloomError(f"--output {name}: the name is no text in this locale; {cure}", ExitCode.FLAGS) from error


def settings_of(ours: CommandParser, given: argparse.Namespace, effective: Mapping[str, Any]) -> JsonObject:
    """The flags that decide the bytes, in the order of the help; `effective` has what a flag stands for, where that
    is not its text: the digest of a file, a list in order.
    """
    settings = {}
    for action in ours._actions:
        # A flag may have several spellings; the last is the one in the settings.
        name = action.option_strings[-1]
        if name not in _OF_THE_RUN and name not in _OF_THE_RUN & {*action.option_strings}:
            settings[name] = effective.get(name, getattr(given, action.dest, None))
    return settings


def disk_line(folder: Path, needed: int) -> str:
    """How much disk a build needs and how much there is."""
    if is_remote(folder):
        return f"storage   about {needed / 1e6:,.1f} MB needed at {folder}"
    # The output may not exist yet: the free space is that of the nearest folder above it that does.
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
        terminal.write(f"\ninterrupted; finished parts stay. Continue with the same command: {command} …\n")
        terminal.flush()
        os._exit(ExitCode.INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
