"""Flags that several commands share. Imports nothing heavy: `--help` must answer at once."""

import argparse
import re

from corpus.command_line import SHARE, CommandParser, WholeNumber, day
from pipelines.cli.deciders import add_decider_flags

Flags = argparse._ActionsContainer
MAX_QUARANTINED = 0.05
_TOKEN = re.compile("[A-Za-z_-]+")  # RFC 9309's product token
_CONTACT = re.compile(r"https?://[^\s/]+\.[^\s]+|mailto:[^\s@]+@[^\s@]+\.[^\s@]+")


def text_parser(prog: str, flag: str, description: str, example: str) -> CommandParser:
    """The flags of a text source; `flag` names its files."""
    flags = CommandParser(prog, description, example)
    add_files_flag(flags, flag, "files, quoted")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the corpus goes")
    flags.add_argument("--snapshot", default="", metavar="NAME", help="name of the dump or collection")
    add_decider_flags(flags)
    add_damage_flag(flags)
    add_run_flags(flags, "inputs, stages and disk space")
    return flags


def add_files_flag(flags: Flags, name: str, about: str, required: bool = True) -> None:
    """Files by pattern; the command expands them, and the flag may be given repeatedly."""
    flags.add_argument(name, action="append", nargs="+", required=required, metavar="PATTERN", help=about)


def add_submissions_flag(flags: Flags, required: bool = True) -> None:
    """`--submissions`: Reddit dumps."""
    add_files_flag(flags, "--submissions", "submission dumps: .zst .xz .bz2 .gz or plain JSON lines", required)


def add_list_flag(flags: Flags, required: bool = True) -> None:
    """`--links`: a list of links."""
    about = "a corpus (its links without a page), a Parquet file with a column url, or a file of URLs"
    flags.add_argument("--links", required=required, metavar="PATH", help=about)


def add_captures_flag(flags: Flags, default: int, about: str) -> None:
    """`--captures-a-part`."""
    about = f"{about} (default {default})"
    flags.add_argument("--captures-a-part", type=WholeNumber(1), default=default, metavar="N", help=about)


def add_at_once_flag(flags: Flags, most: int, default: int, about: str) -> None:
    """`--at-once`: requests side by side."""
    about = f"{about} (default {default})"
    flags.add_argument("--at-once", type=WholeNumber(1, most), default=default, metavar="N", help=about)


def add_link_flags(group: Flags) -> None:
    """Which posts make a link."""
    group.add_argument(
        "--min-karma",
        type=WholeNumber(-(2**31), 2**31),
        default=3,
        metavar="N",
        help="least karma of a link (default 3)",
    )
    group.add_argument(
        "--karma",
        choices=("max", "sum"),
        default="max",
        help="over several posts of one URL: the highest, as WebText, or the sum, as OpenWebText2",
    )
    group.add_argument(
        "--created-from", type=day, default="", metavar="DAY", help="first day of posts (default: no limit)"
    )
    group.add_argument(
        "--created-before",
        type=day,
        default="2018-01-01",
        metavar="DAY",
        help="day after the last day of posts (default 2018-01-01, as in GPT-2's paper; '' = no limit)",
    )
    group.add_argument("--keep-over-18", action="store_true", help="count posts marked over 18")
    group.add_argument("--keep-deleted", action="store_true", help="count posts that were deleted or removed")


def add_agent_flags(flags: Flags) -> None:
    """Who asks servers: they must be able to find out, and to complain."""
    flags.add_argument(
        "--contact",
        required=True,
        type=_contact,
        metavar="URL",
        help="where those who run a server find out who fetches, and can complain: https://… or mailto:…",
    )
    flags.add_argument(
        "--agent",
        type=_agent,
        default="corpusloom",
        metavar="NAME",
        help="the name that servers and robots.txt know the fetcher by (default corpusloom)",
    )


def _contact(text: str) -> str:
    if not _CONTACT.fullmatch(text) or not text.isascii():
        raise argparse.ArgumentTypeError(f"{text!r} is no address; give https://… or mailto:…@…")
    return text


def _agent(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: a name of letters, - and _ alone (RFC 9309 §2.2.1)")
    return text


def add_damage_flag(flags: Flags) -> None:
    """How much of the input may be unreadable."""
    flags.add_argument(
        "--max-quarantined",
        type=SHARE,
        default=MAX_QUARANTINED,
        metavar="SHARE",
        help="stop when more than this share of the records is unreadable, or nothing of a file can be read "
        f"(default {MAX_QUARANTINED}; 1 allows both)",
    )


def add_run_flags(flags: Flags, printed: str) -> None:
    """Flags of every build; `printed` says what a dry run prints."""
    flags.add_argument(
        "--replace", action="store_true", help="replace a finished output that was made with other settings"
    )
    flags.add_argument("--dry-run", action="store_true", help=f"print {printed}; write nothing")
    flags.add_argument("--no-wait", action="store_true", help="hand the job to the engine named by --runner, and end")
    flags.add_argument(
        "--running-job",
        choices=("refuse", "wait", "cancel"),
        default="refuse",
        help="where a job of an earlier command still builds this output (default refuse)",
    )
