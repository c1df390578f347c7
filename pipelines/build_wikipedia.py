"""Build the Wikipedia: from MediaWiki XML dumps to a documented corpus.

    python -m pipelines.build_wikipedia --dumps 'wikipedia/*.xml*' --output corpus/wikipedia

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

COMMAND = "python -m pipelines.build_wikipedia"
EXAMPLE = """
example:  python -m pipelines.build_wikipedia --dumps 'wikipedia/*.xml*' --output corpus/wikipedia
"""


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = text_parser(COMMAND, "--dumps", "Build a corpus from Wikipedia dumps.", EXAMPLE + EXIT_CODES)
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import check_beam_flags, run_command

    def make() -> "TextBuild":
        from corpus.recipes import gpt3_wikipedia
        from pipelines.builds.texts import text_build

        names = [name for action in ours._actions for name in action.option_strings]
        return text_build("wikipedia", "--dumps", given, check_beam_flags(others, names), gpt3_wikipedia)

    return run_command(make, given.output, given.dry_run, COMMAND)


if __name__ == "__main__":
    sys.exit(main())
