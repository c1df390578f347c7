"""Explain what became of a page: the step that decided, its value and bound, duplicates, shard and position.

    python -m pipelines.explain releases/current https://example.org/page
    python -m pipelines.explain data/webtext webtext/4f0c…

Reads a release of `pipelines.refresh` or the output of one build; `corpus.releases.explain` does the work.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from corpus.command_line import CommandParser, end_with
from corpus.errors import CorpusloomError, ExitCode

COMMAND = "python -m pipelines.explain"
EXAMPLE = """
example:  python -m pipelines.explain data/corpus/releases/current https://example.org/page
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Explain what became of a page.", EXAMPLE)
    flags.add_argument("folder", type=Path, metavar="FOLDER", help="a release, or the output of a build")
    flags.add_argument("what", metavar="URL|ID", help="a page in any spelling, or a document")
    flags.add_argument("--json", action="store_true", help="as JSON")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code: 3 where nothing is known of the page."""
    given = parser().parse_args(arguments)
    try:
        from corpus.releases.explain import explain, lines_of

        found = explain(given.folder, given.what)
        if given.json:
            print(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False))
        else:
            print("\n\n".join("\n".join(lines_of(one)) for one in found))
        if not found:
            raise CorpusloomError(
                f"{given.folder} knows nothing of {given.what}: no link with enough karma asked for it, no crawl file "
                "holds it, or it was forgotten",
                ExitCode.INPUT,
            )
        return ExitCode.DONE
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, COMMAND)


if __name__ == "__main__":
    sys.exit(main())
