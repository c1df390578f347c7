"""`python -m corpus.shards verify|stats|peek|trace`: look at the shards before a model does.

verify hashes every shard and ends with 3 if one is not what the manifest says; stats counts by source and split; peek
shows documents, as text if the tokenizer is given; trace leads from a token to its document and, given the corpus, to
its address and its row there.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from corpus.command_line import CommandParser, end_with

# Commands under the names that they had: scripts still work, the help shows the new ones.
_NAMES_BEFORE = {"whence": "trace"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the four; the exit status is 3 where something is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Only the first word names a command.
    options = _parser().parse_args([*(_NAMES_BEFORE.get(name, name) for name in given[:1]), *given[1:]])
    try:
        from corpus.shards.inspection import COMMANDS

        return COMMANDS[options.command](options)
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, "python -m corpus.shards")


def _parser() -> CommandParser:
    parser = CommandParser("python -m corpus.shards", __doc__ or "")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("verify", "stats", "peek"):
        commands.add_parser(name).add_argument("folder", type=Path, help="the folder with manifest.json")
    commands.choices["stats"].add_argument("--budget", type=int, default=0, help="tokens of a training: show epochs")
    commands.choices["peek"].add_argument("--source", default="", help="only this source")
    commands.choices["peek"].add_argument("--documents", type=int, default=3, help="how many of each")
    commands.choices["peek"].add_argument("--tokens", type=int, default=40, help="how many tokens of each document")
    commands.choices["peek"].add_argument("--tokenizer", type=Path, help="show text, decoded by this tokenizer")
    place = commands.add_parser("trace")
    place.add_argument("shard", type=Path, help="a shard file")
    place.add_argument("position", type=int, help="a token of it, counted from 0")
    place.add_argument("--corpus", type=Path, help="the corpus of its source: show the document's row, with its URL")
    place.add_argument("--tokenizer", type=Path, help="show the text around the token, decoded by this tokenizer")
    place.add_argument("--tokens", type=int, default=20, help="how many tokens of it on either side")
    return parser


if __name__ == "__main__":
    sys.exit(main())
