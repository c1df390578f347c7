"""The command that lays the curves of several runs over each other, as one page.

python -m trainer.compare runs/first runs/second --output compare.html
"""

from collections.abc import Sequence
from pathlib import Path

from corpus.command_line import CommandParser
from corpus.errors import ExitCode
from trainer.command import FlagError, leave, run_command

COMMAND = "python -m trainer.compare"
_MOST = 8  # as many colours as corpus.pages.charts has


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; the exit code."""
    flags = CommandParser(COMMAND, "Lay the curves of several runs over each other.")
    flags.add_argument("runs", nargs="+", type=Path, metavar="RUN", help=f"folders of runs, two to {_MOST}")
    flags.add_argument("--output", type=Path, default=Path("compare.html"), metavar="FILE", help="the page to write")
    given = flags.parse_args(arguments)
    return run_command(COMMAND, lambda: _compare(given.runs, given.output))


def _compare(folders: Sequence[Path], output: Path) -> int:
    # Here and not above, as in every command: `--help` must not wait for the imports of the work.
    from corpus.pages.environment import neighbours
    from trainer.run.metrics import METRICS, read_metrics
    from trainer.run.page import PAGE, RunFacts, page, write_text

    names = _names(folders)
    for folder in folders:
        if not (folder / METRICS).is_file():
            raise FlagError(f"{folder} is no run: it has no {METRICS}; give folders that python -m trainer.train wrote")
    runs = {name: read_metrics(folder) for name, folder in names.items()}
    links = neighbours(output, {name: folder / PAGE for name, folder in names.items()})
    print(write_text(output, page(RunFacts(" · ".join(names), links=links), runs)))
    return ExitCode.DONE


def _names(folders: Sequence[Path]) -> dict[str, Path]:
    """Each run by the name of its folder, or by its whole path where two have one name."""
    if not 2 <= len(folders) <= _MOST:
        raise FlagError(f"{len(folders)} runs; give from two to {_MOST}")
    short = {folder.resolve().name: folder for folder in folders}
    return short if len(short) == len(folders) else {str(folder): folder for folder in folders}


if __name__ == "__main__":
    leave(main())
