"""Build WebText: from Reddit dumps and crawl files to a documented corpus.

    python -m pipelines.build_webtext --submissions 'RS_*.zst' --pages 'crawl/*.warc.gz' --output data/webtext

The stages, in order, stand in `pipelines.builds.webtext`; what each does to a post, a page or a document stands in
`corpus`. Run the same command again after any interruption: finished parts are kept. Nothing heavy is imported before
the flags are right, so that `--help` answers at once.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser, WholeNumber
from pipelines.cli.deciders import add_decider_flags
from pipelines.cli.flags import add_damage_flag, add_link_flags, add_run_flags
from pipelines.cli.recipes import add_model_flag, add_page_flags

if TYPE_CHECKING:
    from pipelines.builds.build import Build

COMMAND = "python -m pipelines.build_webtext"
Group = argparse._ArgumentGroup
EXAMPLE = """
example:  python -m pipelines.build_webtext --submissions 'RS_*.zst' --pages 'crawl/*.warc.gz' --output data/webtext

Every other flag goes to Apache Beam: --direct_num_workers 4, --runner SparkRunner, --runner DataflowRunner …
"""


def parser() -> CommandParser:
    """The flags. Patterns are expanded by the command itself; each flag for files may be given repeatedly."""
    flags = CommandParser(COMMAND, "Build WebText from Reddit submission dumps and crawl files.", EXAMPLE)
    _add_files(flags.add_argument_group("files"))
    add_link_flags(flags.add_argument_group("which links count"))
    add_page_flags(flags.add_argument_group("which pages stay"), "gpt2-webtext")
    add_decider_flags(flags.add_argument_group("beside the recipe"))
    _add_run(flags.add_argument_group("the run"))
    return flags


def _add_files(group: Group) -> None:
    group.add_argument(
        "--submissions",
        action="append",
        nargs="+",
        required=True,
        metavar="PATTERN",
        help="submission dumps: .zst .xz .bz2 .gz or plain JSON lines",
    )
    group.add_argument(
        "--pages",
        action="append",
        nargs="+",
        required=True,
        metavar="PATTERN",
        help="crawl files: WARC, WET or ARC, compressed or not",
    )
    group.add_argument("--output", required=True, metavar="FOLDER", help="where the corpus goes")
    add_model_flag(group)
    group.add_argument(
        "--domains",
        default="",
        metavar="FILE",
        help="a table of domains to compare with in the report, as OpenAI's domains.txt",
    )


def _add_run(group: Group) -> None:
    add_damage_flag(group)
    group.add_argument(
        "--captures-a-part",
        type=WholeNumber(1),
        default=200,
        metavar="N",
        help="asked pages that make one part (default 200)",
    )
    add_run_flags(group, "inputs, stages to do and disk space")


def make(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "Build":
    """The build that the flags ask for."""
    from pipelines.builds.webtext import webtext

    return webtext(ours, given, beam_flags)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import run_command

    return run_command(ours, given, others, partial(make, ours, given))


if __name__ == "__main__":
    sys.exit(main())
