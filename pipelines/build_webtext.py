"""Build WebText: from Reddit dumps and crawl files to a documented corpus.

    python -m pipelines.build_webtext --submissions 'RS_*.zst' --pages 'crawl/*.warc.gz' --output data/webtext

The stages, in order, stand in `pipelines.builds.webtext`; what each does to a post, a page or a document stands in
`corpus`. Run the same command again after any interruption: finished parts are kept. Nothing heavy is imported before
the flags are right, so that `--help` answers at once.
"""

import argparse
import sys

from corpus.command_line import CommandParser
from pipelines.cli.build_command import build_command
from pipelines.cli.deciders import add_decider_flags
from pipelines.cli.flags import (
    add_captures_flag,
    add_damage_flag,
    add_files_flag,
    add_link_flags,
    add_run_flags,
    add_submissions_flag,
)
from pipelines.cli.recipes import add_model_flag, add_page_flags

COMMAND = "python -m pipelines.build_webtext"
Group = argparse._ArgumentGroup
EXAMPLE = """
example:  python -m pipelines.build_webtext --submissions 'RS_*.zst' --pages 'crawl/*.warc.gz' --output data/webtext

Every other flag goes to Apache Beam: --direct_num_workers 4, --runner SparkRunner, --runner DataflowRunner …
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Build WebText from Reddit submission dumps and crawl files.", EXAMPLE)
    _add_files(flags.add_argument_group("files"))
    add_link_flags(flags.add_argument_group("which links count"))
    add_page_flags(flags.add_argument_group("which pages stay"), "gpt2-webtext")
    add_decider_flags(flags.add_argument_group("beside the recipe"))
    _add_run(flags.add_argument_group("the run"))
    return flags


def _add_files(group: Group) -> None:
    add_submissions_flag(group)
    add_files_flag(group, "--pages", "crawl files: WARC, WET or ARC, compressed or not")
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
    add_captures_flag(group, 200, "asked pages that make one part")
    add_run_flags(group, "inputs, stages to do and disk space")


make, main = build_command(parser, "pipelines.builds.webtext:webtext")

if __name__ == "__main__":
    sys.exit(main())
