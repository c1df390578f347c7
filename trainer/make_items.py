"""The command that makes the tasks which GPT-3's authors made: arithmetic and scrambled words.

    python -m trainer.make_items arithmetic --kind 2d+ --count 2000 --output arithmetic.jsonl
    python -m trainer.make_items scramble --kind anagram1 --words text.txt --output anagrams.jsonl

The rows are read by `python -m trainer.score --task arithmetic=FILE` and `--task scramble=FILE`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from corpus.command_line import CommandParser
from trainer.command import COUNT, WHOLE, FlagError, run_command
from trainer.evaluation.made_items import ARITHMETIC, SCRAMBLES, arithmetic, frequent_words, make_scrambled
from trainer.evaluation.tasks import TaskError

COMMAND = "python -m trainer.make_items"


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Make the items of arithmetic and of scrambled words, as in GPT-3.")
    flags.add_argument("task", choices=("arithmetic", "scramble"), help="what is asked")
    flags.add_argument("--kind", required=True, choices=(*ARITHMETIC, *SCRAMBLES), help="one of GPT-3's kinds")
    flags.add_argument("--count", type=COUNT, default=2000, help="items to make")
    flags.add_argument(
        "--words", type=Path, metavar="FILE", help="a text: its 10,000 most frequent words are scrambled"
    )
    flags.add_argument("--seed", type=WHOLE, default=0, help="another seed, other items")
    flags.add_argument("--output", required=True, type=Path, metavar="FILE", help="JSON lines, which must not be there")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    given = parser().parse_args(arguments)
    return run_command(COMMAND, lambda: _make(given))


def _make(given: argparse.Namespace) -> int:
    kinds = ARITHMETIC if given.task == "arithmetic" else SCRAMBLES
    if given.kind not in kinds:
        raise FlagError(f"--kind {given.kind} is none of {given.task}: there is {', '.join(kinds)}")
    if given.output.exists():
        raise FlagError(f"--output {given.output} is there already; give another file")
    if given.task == "arithmetic":
        rows = list(arithmetic(given.kind, given.count, given.seed))
    else:
        rows = list(make_scrambled(given.kind, _words(given.words), given.count, given.seed))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows):,} items of {given.task} {given.kind}: {given.output}")
    return 0


def _words(path: Path | None) -> list[str]:
    if path is None:
        raise FlagError("scramble takes its words out of a text: give --words FILE")
    try:
        words = frequent_words(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"--words {path}: cannot be read: {error}") from error
    if not words:
        raise TaskError(f"--words {path}: it has no word of 5 to 14 letters from a to z; give an English text")
    return words


if __name__ == "__main__":
    sys.exit(main())
