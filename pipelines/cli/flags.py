"""Flags that several commands share. Imports nothing heavy: `--help` must answer at once."""

import argparse

EXIT_CODES = """
exit codes: 0 done · 1 a bug · 2 wrong flags · 3 input missing or too damaged · 5 disk or memory full
            6 another run holds the output · 130 interrupted
"""


def text_parser(prog: str, flag: str, what: str, epilog: str) -> argparse.ArgumentParser:
    """The flags of a text source; `flag` names its files."""
    flags = argparse.ArgumentParser(
        prog=prog,
        description=what,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    flags.add_argument(flag, action="append", nargs="+", required=True, metavar="PATTERN", help="files, quoted")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the corpus goes")
    flags.add_argument("--snapshot", default="", metavar="NAME", help="name of the dump or collection")
    flags.add_argument(
        "--max-quarantined",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="stop when more than this share is unreadable (default 0.05, from 100 on)",
    )
    flags.add_argument("--dry-run", action="store_true", help="print inputs, stages and disk space; write nothing")
    return flags  # fmt: skip
