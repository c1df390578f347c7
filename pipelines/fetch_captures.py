"""Read the captures that links ask for out of Common Crawl, by its index, without the rest of the crawl.

    python -m pipelines.fetch_captures --submissions 'RS_*.zst' --index 'cc-index/**/*.parquet' \\
        --contact https://example.org/crawler --output captures
    python -m pipelines.build_webtext --submissions 'RS_*.zst' --pages 'captures/*.warc.gz' --output data/webtext

The links are those of Reddit dumps, or of a list. Of each the capture nearest to the day of its post is read from the
archives, in ranges, at a rate that the server bears. What stands where: `pipelines.builds.captures`; docs/fetching.md.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser, Number, WholeNumber
from pipelines.cli.flags import (
    add_agent_flags,
    add_at_once_flag,
    add_damage_flag,
    add_files_flag,
    add_link_flags,
    add_list_flag,
    add_run_flags,
    add_submissions_flag,
)

if TYPE_CHECKING:
    from pipelines.builds.captures import CaptureFetch

COMMAND = "python -m pipelines.fetch_captures"
COMMON_CRAWL = "https://data.commoncrawl.org"  # serves ranges to anybody, without an account
EXAMPLE = """
example:  python -m pipelines.fetch_captures --submissions 'RS_*.zst' --index 'cc-index/**/*.parquet' \\
              --contact https://example.org/crawler --output captures

Every other flag goes to Apache Beam, which does the join: --direct_num_workers 4, --runner SparkRunner …
"""
Group = argparse._ArgumentGroup


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Read the captures of links out of Common Crawl.", EXAMPLE)
    _add_files(flags.add_argument_group("files"))
    add_link_flags(flags.add_argument_group("which links count (with --submissions)"))
    add_agent_flags(flags.add_argument_group("who asks"))
    _add_reading(flags.add_argument_group("how the server is asked"))
    run = flags.add_argument_group("the run")
    add_damage_flag(run)
    add_run_flags(run, "what would be read: ranges, files, bytes")
    return flags


def _add_files(group: Group) -> None:
    links = group.add_mutually_exclusive_group(required=True)
    add_submissions_flag(links, required=False)
    add_list_flag(links, required=False)
    about = "files of the columnar index (cc-index/table/cc-main/warc/…/subset=warc/*.parquet), here or in a bucket"
    add_files_flag(group, "--index", about)
    group.add_argument("--output", required=True, metavar="FOLDER", help="where the WARC files go")
    group.add_argument(
        "--archive-mb",
        type=WholeNumber(1),
        default=500,
        metavar="N",
        help="about so many MB of captures make one WARC file (default 500)",
    )


def _add_reading(group: Group) -> None:
    group.add_argument(
        "--archives", default=COMMON_CRAWL, metavar="URL", help=f"the server of the archives (default {COMMON_CRAWL})"
    )
    group.add_argument(
        "--rate",
        type=Number(0.001, 1000),
        default=5.0,
        metavar="N",
        help="requests per second that reach the server, at most (default 5)",
    )
    add_at_once_flag(group, 64, 4, "answers that may be on their way at a time")
    group.add_argument(
        "--gap-kb",
        type=WholeNumber(0, 10_000),
        default=64,
        metavar="N",
        help="read over gaps of up to N kB rather than ask twice (default 64)",
    )


def main(arguments: Sequence[str] | None = None, first_pause: float = 1.0) -> int:
    """The command; returns its exit code. `first_pause` seconds begin the back-off: less in tests."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import run_command

    def make(beam_flags: list[str]) -> "CaptureFetch":
        from pipelines.builds.captures import captures

        return captures(ours, given, beam_flags, first_pause)

    return run_command(ours, given, others, make)


if __name__ == "__main__":
    sys.exit(main())
