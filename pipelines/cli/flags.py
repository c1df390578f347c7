"""Flags that several commands share. Imports nothing heavy: `--help` must answer at once."""

import argparse

from corpus.command_line import SHARE, CommandParser
from pipelines.cli.deciders import add_decider_flags

MAX_QUARANTINED = 0.05


def text_parser(prog: str, flag: str, description: str, example: str) -> CommandParser:
    """The flags of a text source; `flag` names its files."""
    flags = CommandParser(prog, description, example)
    flags.add_argument(flag, action="append", nargs="+", required=True, metavar="PATTERN", help="files, quoted")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the corpus goes")
    flags.add_argument("--snapshot", default="", metavar="NAME", help="name of the dump or collection")
    add_decider_flags(flags)
    add_damage_flag(flags)
    add_run_flags(flags, "inputs, stages and disk space")
    return flags


def add_damage_flag(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """How much of the input may be unreadable."""
    flags.add_argument(
        "--max-quarantined",
        type=SHARE,
        default=MAX_QUARANTINED,
        metavar="SHARE",
        help="stop when more than this share of the records is unreadable, or nothing of a file can be read "
        f"(default {MAX_QUARANTINED}; 1 allows both)",
    )


def add_run_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup, printed: str) -> None:
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
