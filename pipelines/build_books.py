"""Build the books: from plain text and JSON lines to a documented corpus.

    python -m pipelines.build_books --books 'books/*.jsonl.zst' --output data/books

Kept, rejected and quarantined parts, manifest and report as `build_webtext` makes them; the stages stand in
`pipelines.builds.texts`, the source in `corpus.sources.books`, the steps in `corpus.recipes`.
"""

import sys

from corpus.command_line import CommandParser
from pipelines.builds.text_command import TextCommand


def _line_breaks(flags: CommandParser) -> None:
    flags.add_argument(
        "--keep-line-breaks",
        action="store_true",
        help="leave the lines as they were typed; without it, every paragraph of prose becomes one line",
    )


BOOKS = TextCommand(
    "build_books",
    "--books",
    source="books",
    recipe="gpt3-books",
    about="Build a corpus from books.",
    pattern="'books/*.jsonl.zst'",
    more=_line_breaks,
)
parser, make, main = BOOKS.parser, BOOKS.make, BOOKS.main  # what `build_command` gives the other builds

if __name__ == "__main__":
    sys.exit(main())
