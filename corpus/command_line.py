"""The face that every command shows: its flags, its answer to a mistyped one, its last line and its exit code.

argparse names what is missing and says nothing of what was mistyped: "required: --submissions" answers
`--submision`. Here the nearest flag is named. Numbers are checked while flags are read, so that the message names the
flag and no work has begun. Only the standard library is imported: `--help` must answer at once.
"""

import argparse
import difflib
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from corpus.errors import EXIT_CODES, ExitCode, describe

_LEAST_ALIKE = 0.7  # of difflib: --submision is .92 of --submissions, --input .67 of --output


class CommandParser(argparse.ArgumentParser):
    """argparse with our exit codes at the end of the help, and the nearest flag for a mistyped one."""

    def __init__(self, prog: str, description: str = "", example: str = "", **more: Any) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"{example}{EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            # An abbreviation would change its meaning with the next flag that begins like it.
            allow_abbrev=False,
            **more,
        )
        self._given: list[str] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """As argparse does; what was given is remembered for the error."""
        self._given = list(sys.argv[1:] if args is None else args)  # none given: argparse reads sys.argv itself
        parsed = super().parse_known_args(args, namespace)
        if find_spec("numpy") is None:  # every installation has it, the one of a machine that only trains too
            cure = "enter the environment: . .venv/bin/activate (`make venv` and `make demo` make it)"
            self.exit(ExitCode.FLAGS, f"error: {sys.executable} has none of the libraries of Corpusloom; {cure}\n")
        return parsed

    def error(self, message: str) -> NoReturn:
        """End with exit code 2 and one sentence; a mistyped flag explains why another one is missing."""
        print(f"error: {message}{self._suggest()}; see {self.prog} --help", file=sys.stderr)
        sys.exit(ExitCode.FLAGS)

    def flags(self) -> list[str]:
        """Every flag that this command knows."""
        return [name for action in self._actions for name in action.option_strings]

    def _suggest(self) -> str:
        known = self.flags()
        for given in self._given:
            name = given.partition("=")[0]
            if name.startswith("--") and name not in known and (near := nearest(name, known)):
                return f"; {name} is not a flag, did you mean {near}?"
        return ""


def nearest(name: str, known: Sequence[str]) -> str:
    """The most similar of `known`, or nothing where none is similar."""
    return next(iter(difflib.get_close_matches(name, known, 1, _LEAST_ALIKE)), "")


@dataclass(frozen=True)
class WholeNumber:
    """The type of a flag: a whole number in [least, most]; `1,000` and `1_000` are read as they are meant."""

    least: int
    most: int | None = None
    pattern: ClassVar[str] = "^-?[0-9_,]+$"  # the same check in a Dataflow template

    def __call__(self, text: str) -> int:
        """The number; argparse names the flag in front of what is wrong with it."""
        try:
            value = int(text.replace(",", ""))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < self.least or (self.most is not None and value > self.most):
            bound = f"of at least {self.least:,}" if self.most is None else f"from {self.least:,} to {self.most:,}"
            raise argparse.ArgumentTypeError(f"{text} is out of range; give a whole number {bound}")
        return value


@dataclass(frozen=True)
class Number:
    """The type of a flag: a number in [least, most], or below `most`; 'nan' is none."""

    least: float = 0.0
    most: float = math.inf
    below: bool = False
    pattern: ClassVar[str] = "^[0-9.eE+-]+$"

    def __call__(self, text: str) -> float:
        """The number; argparse names the flag in front of what is wrong with it."""
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not self.least <= value <= self.most or (self.below and value == self.most) or value == math.inf:
            bound = f"of at least {self.least:g}" if self.most == math.inf else f"from {self.least:g} to {self.most:g}"
            bound = bound.replace(" to ", " to below ") if self.below else bound
            raise argparse.ArgumentTypeError(f"{text} is out of range; give a number {bound}")
        return value


SHARE = Number(0, 1)
SHARE_BELOW_ONE = Number(0, 1, below=True)


def day(text: str) -> str:
    """The type of a flag: a day as YYYY-MM-DD, or nothing for no limit."""
    if text:
        try:
            if date.fromisoformat(text).isoformat() != text:  # fromisoformat also takes 20180101 and 2018-W01-1
                raise ValueError
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a day; give one as in 2018-01-01") from None
    return text


def end_with(error: BaseException, command: str, folder: Path | None = None, resume: bool = False) -> int:
    """Print an error as one line and return its exit code; `resume` says that the same command goes on from here.

    The traceback of a bug goes into a file in `folder`, or in the temporary folder of the machine: it is for us, and a
    screen full of it hides the sentence that is for the user.
    """
    described = describe(error, command)
    print(f"error: {described.message}", file=sys.stderr)
    if described.code == ExitCode.BUG:
        # A worker's traceback lies in a file already, which the message names.
        where = f" with the traceback in {_keep_trace(described.trace, folder)}" if described.trace else ""
        print(f"This is a bug of ours; please report it{where}", file=sys.stderr)
    # Wrong flags and a held output are not mended by the same command.
    if resume and described.code in (ExitCode.BUG, ExitCode.INPUT, ExitCode.MACHINE):
        print(f"Finished parts stay; once this is mended, continue with the same command: {command} …", file=sys.stderr)
    return int(described.code)


def _keep_trace(trace: str, folder: Path | None) -> str:
    # The folder may be the reason (full, read-only), so the next is tried.
    for place in (folder, Path(tempfile.gettempdir())):
        try:
            if place is not None and place.is_dir():
                with tempfile.NamedTemporaryFile(
                    "w", encoding="utf-8", errors="replace", prefix="error-", suffix=".log", dir=place, delete=False
                ) as file:
                    file.write(trace)
                return file.name
        except OSError:
            continue
    return "no file, since none could be written:\n" + trace
