"""`python -m corpus.report FOLDER`: the report of a corpus or a tokenizer again, with links to what lies beside it."""

import sys
from pathlib import Path

from corpus.command_line import CommandParser, end_with
from corpus.errors import CorpusloomError


def _write(folder: Path, domains: Path | None) -> Path:
    from corpus.files.run_file import read_run
    from corpus.report.write import write_report
    from corpus.tokenizer.sanity_page import REPORT, write_page

    if (folder / REPORT).is_file():
        return write_page(folder)
    return write_report(folder, read_run(folder).stages, domains)


def main() -> int:
    """The command; returns its exit code."""
    parser = CommandParser("python -m corpus.report", "Write the report of a corpus or a tokenizer again.")
    parser.add_argument("folder", type=Path, help="the output folder of a finished build")
    parser.add_argument("--domains", type=Path, metavar="FILE", help="a table of domains, as OpenAI's domains.txt")
    flags = parser.parse_args()
    try:
        print(_write(flags.folder, flags.domains))
    except ValueError as error:
        return end_with(CorpusloomError(str(error)), parser.prog)
    except Exception as error:
        return end_with(error, parser.prog)
    return 0


if __name__ == "__main__":
    sys.exit(main())
