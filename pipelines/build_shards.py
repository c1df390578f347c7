"""Build the weighted token shards of several corpora.

    python -m pipelines.build_shards --source webtext=data/webtext:22 --source books=data/books:16 \\
        --tokenizer tokenizer/ --output shards/

The number after the colon is the source's integer weight. Shards hold whole documents in hash order, one source each;
the stages stand in `pipelines.builds.token_shards`. Nothing heavy is imported before the flags are right.
"""

import sys

from corpus.command_line import SHARE_BELOW_ONE, CommandParser, Number, WholeNumber
from pipelines.cli.build_command import build_command
from pipelines.cli.flags import add_run_flags
from pipelines.cli.memory import add_memory_flag

COMMAND = "python -m pipelines.build_shards"
EXAMPLE = """
example:  python -m pipelines.build_shards --source webtext=data/webtext:22 --source books=data/books:16 \\
              --tokenizer tokenizer/ --output shards/
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Build weighted token shards from kept documents.", EXAMPLE)
    flags.add_argument(
        "--source", action="append", required=True, metavar="NAME=FOLDER:WEIGHT", help="a corpus; repeatable"
    )
    flags.add_argument("--mixture", default="", metavar="NAME", help="weights of a published mixture: gpt3-mix")
    flags.add_argument("--tokenizer", required=True, metavar="PATH", help="our folder, tokenizer.json, GPT-2's, .model")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the shards go")
    flags.add_argument(
        "--tokens-a-shard", type=WholeNumber(1), default=100_000_000, metavar="N", help="default 100 million"
    )
    flags.add_argument(
        "--validation-share", type=SHARE_BELOW_ONE, default=0.005, metavar="SHARE", help="of clusters, by hash"
    )
    flags.add_argument(
        "--budget", type=WholeNumber(0), default=0, metavar="TOKENS", help="of a training, for epochs and caps"
    )
    flags.add_argument(
        "--temperature", type=Number(0.01, 1e6), default=1.0, metavar="T", help="weights to the power 1/T"
    )
    flags.add_argument(
        "--most-epochs", action="append", default=[], metavar="NAME=N", help="cap a source's epochs in --budget"
    )
    add_memory_flag(flags)
    flags.add_argument("--also-bin", action="store_true", help="write nanoGPT's train.bin and val.bin too")
    flags.add_argument("--remove-ids", default="", metavar="FILE", help="ids to take out, one a line")
    flags.add_argument("--remove-domain", action="append", default=[], metavar="DOMAIN", help="domain to take out")
    add_run_flags(flags, "sources, mixture, memory, disk")
    return flags


make, main = build_command(parser, "pipelines.builds.token_shards:token_shards")

if __name__ == "__main__":
    sys.exit(main())
