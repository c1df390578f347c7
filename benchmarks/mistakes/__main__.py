"""Every mistake of the table, made for real: `python -m benchmarks.mistakes [--folder FOLDER] [--only WORDS]`.

A row is right when the command ends with the documented exit code, says cause and cure in one sentence, and shows no
traceback. The table is printed as Markdown, wrong rows first said to standard error; the exit status is 1 if there are.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.mistakes.rows import Slip, mistakes
from benchmarks.mistakes.world import CommandEnd, MistakesWorld, run


def sentence_of(ended: CommandEnd) -> str:
    """The line that a command ended with."""
    lines = [line for line in ended.err.splitlines() if line.startswith(("error:", "python -m"))]
    return (lines or ended.err.splitlines() or [""])[0].removeprefix("error: ")


def fault_of(mistake: Slip, ended: CommandEnd) -> str:
    """In which way the end of a command is not the one that the table asks for; nothing where it is."""
    if ended.code != mistake.code:
        return f"exit code {ended.code}, not {mistake.code}"
    if "Traceback (most recent call last)" in ended.err:
        return "a traceback on the screen"
    if "bug of ours" in ended.err:
        return "called a bug"
    missing = [words for words in mistake.says if words not in sentence_of(ended)]
    return f"the sentence lacks {missing[0]!r}" if missing else ""


def main() -> int:
    """Make the world, make the mistakes, print the table."""
    flags = argparse.ArgumentParser(prog="python -m benchmarks.mistakes", description=__doc__)
    flags.add_argument(
        "--folder", type=Path, help="where the world is kept between calls (default: a temporary folder)"
    )
    flags.add_argument("--only", default="", metavar="WORDS", help="rows whose name has these words")
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        world = MistakesWorld((given.folder or Path(temporary)).absolute())
        if not (world.root / "run").is_dir():
            world.make()
        return report(world, given.only)


def report(world: MistakesWorld, only: str) -> int:
    """Run the rows whose name has `only` in it; 1 if one of them is wrong."""
    wrong = 0
    print("| mistake | code | answer | |\n|---|---|---|---|")
    for mistake in mistakes(world):
        if only not in mistake.name:
            continue
        ended = run(mistake.command, mistake.environment, *([mistake.folder] if mistake.folder else []))
        fault = fault_of(mistake, ended)
        said = sentence_of(ended) if ended.code else "done"
        print(f"| {mistake.name} | {ended.code} | {said.replace(str(world.root), '…')} | {fault or '✔'} |", flush=True)
        if fault:
            wrong += 1
            print(f"{mistake.name}: {fault}\n{ended.err[-2000:]}", file=sys.stderr)
    print(f"\n{wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
