"""Put a finished corpus into an index, in which later builds find its documents.

    python -m pipelines.build_index --corpus corpus/2024-10 --output index/2024-10
    python -m pipelines.build_commoncrawl --pages '2024-18/*.warc.gz' --index index --output corpus/2024-18

The folder above the output is the index, its name that of the snapshot. The stages stand in `pipelines.builds.index`,
the files in `corpus.dedup.index`. Nothing heavy is imported before the flags are right.
"""

import sys

from corpus.command_line import CommandParser
from pipelines.cli.build_command import build_command
from pipelines.cli.flags import add_run_flags
from pipelines.cli.memory import add_memory_flag

COMMAND = "python -m pipelines.build_index"
EXAMPLE = """
example:  python -m pipelines.build_index --corpus corpus/2024-10 --output index/2024-10
          python -m pipelines.build_commoncrawl --pages '2024-18/*.warc.gz' --index index --output corpus/2024-18
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Put a finished corpus into an index for later builds.", EXAMPLE)
    flags.add_argument("--corpus", required=True, metavar="FOLDER", help="a finished corpus; its kept documents count")
    flags.add_argument(
        "--output", required=True, metavar="INDEX/NAME", help="the snapshot in the index; builders take --index INDEX"
    )
    add_memory_flag(flags)
    add_run_flags(flags, "documents, memory and disk space")
    return flags


make, main = build_command(parser, "pipelines.builds.index:index_layer")

if __name__ == "__main__":
    sys.exit(main())
