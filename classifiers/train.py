"""Train a quality classifier: what is prose that people chose, against what a crawl is full of.

    python -m classifiers.train --positive data/webtext --positive data/books --negative data/raw --output q/

Corpora are folders that our builds finished. The output has the weights, `card.json` with everything that is known of
them, and `index.html` with curves and examples. Nothing heavy is imported before the flags are right.
"""

import argparse
import sys
from collections.abc import Sequence

from corpus.command_line import SHARE, CommandParser, Number, WholeNumber, end_with

COMMAND = "python -m classifiers.train"
EXAMPLE = """
example:  python -m classifiers.train --positive data/webtext --positive data/wikipedia --positive data/books \\
              --negative data/raw --output quality/
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Train a quality classifier on finished corpora.", EXAMPLE)
    add_sides(flags)
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the classifier goes")
    flags.add_argument(
        "--engine",
        choices=("linear", "faithful", "fasttext"),
        default="linear",
        help="linear (default): means of hashed words and pairs; faithful: hashed counts as GPT-3's; fasttext",
    )
    flags.add_argument(
        "--documents",
        type=WholeNumber(1),
        default=20_000,
        metavar="N",
        help="most documents of a side, those with the least hashes (default 20,000)",
    )
    flags.add_argument(
        "--penalty", type=Number(0), default=1e-3, metavar="X", help="of large weights, linear and faithful (0.001)"
    )
    _add_teacher(flags.add_argument_group("distillation"))
    flags.add_argument("--replace", action="store_true", help="replace a classifier that was trained otherwise")
    return flags


def add_sides(flags: argparse.ArgumentParser) -> None:
    """What is good and what is raw."""
    for side, what in (("positive", "good documents"), ("negative", "a raw crawl")):
        flags.add_argument(
            f"--{side}",
            action="append",
            nargs="+",
            required=True,
            metavar="CORPUS",
            help=f"folders of finished corpora: {what}; repeatable",
        )


def _add_teacher(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--teacher",
        default="",
        metavar="PATH",
        help='a slow scorer: a classifier of ours, or JSON lines {"id": …, "score": …}',
    )
    group.add_argument(
        "--teacher-weight",
        type=SHARE,
        default=0.5,
        metavar="SHARE",
        help="weight of the teacher's scores beside the labels (0.5)",
    )
    group.add_argument(
        "--temperature", type=Number(0.1), default=2.0, metavar="T", help="at which the teacher is imitated (2)"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    given = parser().parse_args(arguments)
    from classifiers.training_run import run

    try:
        print("\n".join(run(given)))
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, COMMAND)
    return 0


if __name__ == "__main__":
    sys.exit(main())
