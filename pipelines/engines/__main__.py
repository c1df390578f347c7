"""The engines' own command: make their programs, describe a Flex Template.

    python -m pipelines.engines jars        # Beam's job servers for Spark and Flink, by Maven
    python -m pipelines.engines prism       # Prism, by Go
    python -m pipelines.engines boot        # the program that starts a Python worker on a cluster
    python -m pipelines.engines metadata build_webtext

Each prints the path of what it made, or the JSON. `docs/engines.md` says which engine needs what.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from corpus.command_line import CommandParser, end_with

COMMAND = "python -m pipelines.engines"


def parser() -> CommandParser:
    """The commands and their flags."""
    flags = CommandParser(COMMAND, "Make the programs of engines, or describe a Flex Template.")
    commands = flags.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=argparse.ArgumentParser
    )
    jars = commands.add_parser("jars", help="make the job servers with Maven, or find them made")
    jars.add_argument("engines", nargs="*", default=["spark", "flink"], metavar="ENGINE", help="spark, flink (both)")
    commands.add_parser("prism", help="make Prism with Go, or find it made")
    boot = commands.add_parser("boot", help="write the program that starts a Python worker (environment PROCESS)")
    boot.add_argument("path", nargs="?", type=Path, help="where (default: the cache folder)")
    metadata = commands.add_parser("metadata", help="the metadata of a Dataflow Flex Template, as JSON")
    metadata.add_argument("pipeline", metavar="PIPELINE", help="build_webtext, build_books …")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code: 2 for a program that is missing, 3 for one that cannot be made."""
    given = parser().parse_args(arguments)
    try:
        return _run(given)
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, COMMAND)


def _run(given: argparse.Namespace) -> int:
    from pipelines.engines import boot, cache, programs, template

    match given.command:
        case "jars":
            for engine in given.engines:
                print(programs.job_server(engine))
        case "prism":
            print(programs.prism())
        case "boot":
            print(boot.launcher(given.path or cache.cache_folder() / "boot"))
        case "metadata":
            print(json.dumps(template.metadata(given.pipeline), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
