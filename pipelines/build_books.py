"""Build the books: from plain text and JSON lines to a documented corpus.

    python -m pipelines.build_books --books 'books/*.jsonl.zst' --output corpus/books

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

COMMAND = "python -m pipelines.build_books"
EXAMPLE = """
example:  python -m pipelines.build_books --books 'books/*.jsonl.zst' --output corpus/books
"""


def parser() -> CommandParser:
    """The flags."""
    flags = text_parser(COMMAND, "--books", "Build a corpus from books.", EXAMPLE)
    flags.add_argument(
        "--recipe",
        choices=("gpt3-books", "gpt1-books"),
        default="gpt3-books",
        help="gpt1-books standardises spaces and punctuation as GPT-1's code (default gpt3-books)",
    )
    flags.add_argument(
        "--keep-line-breaks",
        action="store_true",
        help="leave the lines as they were typed; without it, every paragraph of prose becomes one line",
    )
    return flags


def make(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "Build":
    """The build that the flags ask for."""
    from corpus.recipes import gpt3_books
    from pipelines.builds.texts import text_build

    recipe = gpt3_books(given.recipe == "gpt1-books", join_lines=not given.keep_line_breaks)
    return text_build(("books", "--books"), ours, given, beam_flags, recipe)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import run_command

    return run_command(ours, given, others, partial(make, ours, given))


if __name__ == "__main__":
    sys.exit(main())
