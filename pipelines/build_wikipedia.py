"""Build the Wikipedia: from MediaWiki XML dumps to a documented corpus.

    python -m pipelines.build_wikipedia --dumps 'wikipedia/*.xml*' --output corpus/wikipedia

Kept, rejected and quarantined parts, manifest and report as `build_webtext` makes them; the stages stand in
`pipelines.builds.texts`, the steps in `corpus.recipes`. Nothing heavy is imported before the flags are right.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser
from pipelines.cli.flags import text_parser

if TYPE_CHECKING:
    from pipelines.builds.build import Build

COMMAND = "python -m pipelines.build_wikipedia"
EXAMPLE = """
example:  python -m pipelines.build_wikipedia --dumps 'wikipedia/*.xml*' --output corpus/wikipedia
"""


def parser() -> CommandParser:
    """The flags."""
    flags = text_parser(COMMAND, "--dumps", "Build a corpus from Wikipedia dumps.", EXAMPLE)
    return flags


def make(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "Build":
    """The build that the flags ask for."""
    from corpus.recipes import gpt3_wikipedia
    from pipelines.builds.texts import text_build

    return text_build(("wikipedia", "--dumps"), ours, given, beam_flags, gpt3_wikipedia())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import run_command

    return run_command(ours, given, others, partial(make, ours, given))


if __name__ == "__main__":
    sys.exit(main())
