"""Keep a corpus current: find new snapshots, build what they change, publish a release.

    python -m pipelines.refresh check|plan|run|gc corpus.toml
    python -m pipelines.refresh serve corpus.toml --cron '0 3 * * 0'
    python -m pipelines.refresh rollback|forget|diff|history corpus.toml …

What a corpus is made of stands in `corpus.toml` (docs/refresh.md). Nothing heavy is imported before flags are right.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser, WholeNumber, end_with
from corpus.errors import ExitCode

if TYPE_CHECKING:
    from pipelines.refresh.corpus import MaintainedCorpus

COMMAND = "python -m pipelines.refresh"
EXAMPLE = """
example:  python -m pipelines.refresh run corpus.toml

    check|plan|history corpus.toml          run corpus.toml [--accept GATE] [--take-held]
    rollback corpus.toml [--to N]           serve corpus.toml --cron '0 3 * * 0' [--host H] [--port N]
    gc corpus.toml [--dry-run]              forget corpus.toml --domain D | --url U | --ids FILE
    diff corpus.toml A B [--json]                  [--verify] [--keep-copies]

`check` ends with 0 where something is new and with 10 where nothing is; a failed gate ends with 4.
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Keep a corpus current, release by release.", EXAMPLE)
    flags.add_argument("--schema", action="store_true", help="print the JSON schema of corpus.toml and end")
    commands = flags.add_subparsers(dest="command", metavar="COMMAND", parser_class=argparse.ArgumentParser)
    _command(commands, "check", "is there anything new?")
    _command(commands, "plan", "what a refresh would read, take over and do")
    run = _command(commands, "run", "refresh: make the next release where anything is new")
    run.add_argument("--accept", action="append", default=[], metavar="GATE", help="need not be met this time")
    run.add_argument("--take-held", action="store_true", help="take what a rollback took out")
    serve = _command(commands, "serve", "refresh by a schedule, with a status page and /metrics")
    serve.add_argument("--cron", default="", metavar="WHEN", help="five fields, as in '0 3 * * 0'; UTC")
    serve.add_argument("--host", default="127.0.0.1", help="where the page is served (default 127.0.0.1)")
    serve.add_argument("--port", type=WholeNumber(0, 65535), default=8080, help="of the page (default 8080; 0: any)")
    back = _command(commands, "rollback", "a new release of an earlier one, without what was forgotten since")
    back.add_argument("--to", type=WholeNumber(1), metavar="N", help="which (default: the one before the current)")
    forget = _command(commands, "forget", "take documents out of everything, for ever")
    forget.add_argument("--domain", action="append", default=[], metavar="D", help="all of a domain; repeatable")
    forget.add_argument("--url", action="append", default=[], metavar="U", help="a page; repeatable")
    forget.add_argument("--ids", default="", metavar="FILE", help="documents by id, one a line")
    forget.add_argument("--keep-copies", action="store_true", help="leave the same text under other addresses")
    forget.add_argument("--verify", action="store_true", help="search every file of the new release for it")
    _command(commands, "gc", "remove what nothing needs").add_argument("--dry-run", action="store_true")
    diff = _command(commands, "diff", "what two releases differ in")
    diff.add_argument("a", type=WholeNumber(1), metavar="A")
    diff.add_argument("b", type=WholeNumber(1), metavar="B")
    diff.add_argument("--json", action="store_true", help="as JSON")
    _command(commands, "history", "the releases, their times and inputs")
    return flags


def _command(commands: argparse._SubParsersAction, name: str, about: str) -> argparse.ArgumentParser:
    flags = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    flags.add_argument("definition", type=Path, metavar="corpus.toml", help="the definition of the corpus")
    flags.add_argument("--print-config", action="store_true", help="print the whole definition and end")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given = ours.parse_args(arguments)
    try:
        if given.schema:
            from pipelines.refresh.definition import schema

            print(schema(), end="")
            return ExitCode.DONE
        if not given.command:
            ours.error("give a command")
        return _run(given)
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, COMMAND, resume=given.command in ("run", "forget", "rollback"))


def _run(given: argparse.Namespace) -> int:
    from pipelines.refresh import commands
    from pipelines.refresh.corpus import corpus_at
    from pipelines.refresh.definition import show_definition

    corpus = corpus_at(given.definition)
    if given.print_config:
        print(show_definition(corpus.definition), end="")
        return ExitCode.DONE
    # `commands` has a function of the name of each command above.
    run: Callable[[MaintainedCorpus, argparse.Namespace], int] = getattr(commands, given.command)
    return run(corpus, given)


if __name__ == "__main__":
    sys.exit(main())
