"""`python -m corpus.report FOLDER`: write the report of a finished build again."""

import sys
from pathlib import Path

from corpus.command_line import CommandParser, end_with
from corpus.errors import CorpusloomError


def main() -> int:
    """The command; returns its exit code."""
    parser = CommandParser("python -m corpus.report", "Write the report of a build again.")
    parser.add_argument("folder", type=Path, help="the output folder of a finished build")
    parser.add_argument("--domains", type=Path, metavar="FILE", help="a table of domains, as OpenAI's domains.txt")
    flags = parser.parse_args()
    try:
        from corpus.files.manifest import read_json
        from corpus.report.write import write_report

        times = read_json(flags.folder / "run.json", {}).get("seconds", {})  # times are no part of the manifest
        print(write_report(flags.folder, times, flags.domains))
    except ValueError as error:
        return end_with(CorpusloomError(str(error)), parser.prog)
    except Exception as error:
        return end_with(error, parser.prog)
    return 0


if __name__ == "__main__":
    sys.exit(main())
