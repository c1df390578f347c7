"""Build a corpus from Common Crawl: every page of crawl files, by a recipe.

    python -m pipelines.build_commoncrawl --pages 'crawl/*.warc.gz' --recipe fineweb --output data/fineweb

Kept, rejected and quarantined parts, manifest and report as `build_webtext` makes them; the stages stand in
`pipelines.builds.commoncrawl`, the steps in `corpus.recipes`. Nothing heavy is imported before the flags are right.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser, WholeNumber
from pipelines.cli.deciders import add_decider_flags
from pipelines.cli.flags import add_damage_flag, add_run_flags
from pipelines.cli.recipes import add_model_flag, add_page_flags

if TYPE_CHECKING:
    from pipelines.builds.build import Build

COMMAND = "python -m pipelines.build_commoncrawl"
EXAMPLE = """
example:  python -m pipelines.build_commoncrawl --pages 'crawl/*.warc.gz' --recipe fineweb --output data/fineweb

Every other flag goes to Apache Beam: --direct_num_workers 4, --runner SparkRunner, --runner DataflowRunner …
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Build a corpus from files of Common Crawl.", EXAMPLE)
    files = flags.add_argument_group("files")
    files.add_argument(
        "--pages",
        action="append",
        nargs="+",
        required=True,
        metavar="PATTERN",
        help="crawl files: WARC (main text is taken out), WET (texts as they are) or ARC, compressed or not",
    )
    files.add_argument("--output", required=True, metavar="FOLDER", help="where the corpus goes")
    add_model_flag(files)
    add_page_flags(flags.add_argument_group("which pages stay"), "gpt3-commoncrawl")
    add_decider_flags(flags.add_argument_group("beside the recipe"))
    run = flags.add_argument_group("the run")
    add_damage_flag(run)
    run.add_argument(
        "--captures-a-part",
        type=WholeNumber(1),
        default=1_000,
        metavar="N",
        help="pages that are read together and make one part (default 1000)",
    )
    add_run_flags(run, "inputs, stages to do and disk space")
    return flags


def make(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "Build":
    """The build that the flags ask for."""
    from pipelines.builds.commoncrawl import commoncrawl

    return commoncrawl(ours, given, beam_flags)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import run_command

    return run_command(ours, given, others, partial(make, ours, given))


if __name__ == "__main__":
    sys.exit(main())
