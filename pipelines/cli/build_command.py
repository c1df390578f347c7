"""The two ends of a build command: `make` for who builds from Python, `main` for the shell.

    make, main = build_command(parser, "pipelines.builds.webtext:webtext")

What is named after the colon is imported once the flags are right, so that `--help` answers at once.
"""

import argparse
import pkgutil
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser

if TYPE_CHECKING:
    from pipelines.cli.command import Runnable

# The build that the flags ask for, of the parser, what it read, and the flags that are Beam's.
Make = Callable[[CommandParser, argparse.Namespace, list[str]], "Runnable"]


def build_command(parser: Callable[[], CommandParser], builder: str) -> tuple[Make, Callable[..., int]]:
    """`make` and `main` of a command with these flags; `builder` is `module:function`, a `Make`."""

    def make(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "Runnable":
        return pkgutil.resolve_name(builder)(ours, given, beam_flags)

    return make, main_of(parser, make)


def main_of(parser: Callable[[], CommandParser], make: Make) -> Callable[..., int]:
    """The command: it takes arguments, or those of the process, and returns its exit code."""

    def main(arguments: Sequence[str] | None = None) -> int:
        ours = parser()
        # `others` are Beam's flags, checked later: knowing them means importing Beam, for a second.
        given, others = ours.parse_known_args(arguments)
        from pipelines.cli.command import run_command

        return run_command(ours, given, others, partial(make, ours, given))

    return main
