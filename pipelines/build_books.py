"""Build the books: from plain text and JSON lines to a documented corpus.

    python -m pipelines.build_books --books 'books/*.jsonl.zst' --output corpus/books

Kept, rejected and quarantined parts, manifest and report as `build_webtext` makes them; the stages stand in
`pipelines.builds.texts`, the steps in `corpus.recipes`. Nothing heavy is imported before the flags are right.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.cli.flags import EXIT_CODES, text_parser

if TYPE_CHECKING:
    from pipelines.builds.texts import TextBuild

COMMAND = "python -m pipelines.build_books"
EXAMPLE = """
example:  python -m pipelines.build_books --books 'books/*.jsonl.zst' --output corpus/books
"""


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = text_parser(COMMAND, "--books", "Build a corpus from books.", EXAMPLE + EXIT_CODES)
    flags.add_argument(
        "--recipe",
        choices=("gpt3-books", "gpt1-books"),
        default="gpt3-books",
        help="gpt1-books standardises spaces and punctuation as GPT-1's code (default gpt3-books)",
    )
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import check_beam_flags, run_command

    def make() -> "TextBuild":
        from corpus.recipes import gpt3_books
        from pipelines.builds.texts import text_build

        names = [name for action in ours._actions for name in action.option_strings]
        return text_build(
            "books", "--books", given, check_beam_flags(others, names), lambda: gpt3_books(given.recipe == "gpt1-books")
        )

    return run_command(make, given.output, given.dry_run, COMMAND)


if __name__ == "__main__":
    sys.exit(main())
