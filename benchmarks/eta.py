"""The ETA of the live line: what a build predicted every ten seconds, beside what came.

    python -m benchmarks.eta data/out -- python -m pipelines.build_webtext … --output data/out

The command is run as it is given. Its plain lines are read as they come, and when it has ended each prediction is set
against the end of its stage, which the build notes itself. The bound is a factor of two, ten seconds into a stage.
"""

import argparse
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pipelines.runtime.outlook import StageProgress, read_outlook
from pipelines.runtime.run import StageFolder

_LINE = re.compile(r"\[\d+/\d+\] (\S+) .*ETA (?:(\d+) s|unknown)")
FACTOR, AFTER = 2.0, 10.0
# A prediction of two seconds where one was left is off by a factor, and by nothing that anybody sees.
_SLACK = 2.0


@dataclass(frozen=True)
class Prediction:
    """A line as it was read at `at`, seconds since 1970; `left` is None for "unknown"."""

    at: float
    stage: str
    left: float | None


@dataclass(frozen=True)
class Comparison:
    """A prediction, `since` the stage began, beside the seconds that it really took from there."""

    prediction: Prediction
    since: float
    took: float

    @property
    def right(self) -> bool:
        """Within the factor, or early enough in a stage for anything to be allowed."""
        left = self.prediction.left
        if self.since < AFTER:
            return True
        return left is not None and self.took / FACTOR - _SLACK <= left <= self.took * FACTOR + _SLACK


def read_line(line: str, at: float) -> Prediction | None:
    """The prediction of a live line; None for a line of another kind."""
    found = _LINE.search(line)
    return Prediction(at, found[1], float(found[2]) if found[2] else None) if found else None


def compare(predictions: list[Prediction], stages: dict[str, StageProgress]) -> list[Comparison]:
    """Each prediction beside the end of its stage."""
    return [Comparison(each, each.at - stages[each.stage].began, stages[each.stage].ended - each.at)
            for each in predictions if stages[each.stage].ended]  # fmt: skip


def main() -> int:
    """Run the command; 1 where a prediction was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="the output folder of the command")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --")
    given = parser.parse_args()
    words = [word for word in given.command if word != "--"]
    predictions: list[Prediction] = []
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, errors="replace") as ran:
        assert ran.stderr
        for line in ran.stderr:
            if found := read_line(line, time.time()):
                predictions.append(found)
    stages = {name: read_outlook(StageFolder(given.output, name)) for name in {each.stage for each in predictions}}
    compared = compare(predictions, stages)
    print("stage        seconds in it  predicted  true")
    for each in compared:
        left = "unknown" if each.prediction.left is None else f"{each.prediction.left:.0f}"
        mark = "" if each.right else "  wrong"
        print(f"{each.prediction.stage:<12} {each.since:>13.1f}  {left:>9}  {each.took:>4.0f}{mark}")
    return ran.returncode or any(not each.right for each in compared)


if __name__ == "__main__":
    sys.exit(main())
