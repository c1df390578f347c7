"""Train a BPE tokenizer on a weighted sample of kept documents.

    python -m pipelines.train_tokenizer --corpus data/webtext --corpus data/books --kind gpt2 --vocab-size 50257 \\
        --output tokenizer/

The output folder opens with `AutoTokenizer.from_pretrained` and with `build_shards --tokenizer`. The stages stand in
`pipelines.builds.vocabulary`. Nothing heavy is imported before the flags are right.
"""

import sys

from corpus.command_line import SHARE_BELOW_ONE, CommandParser, WholeNumber
from pipelines.cli.build_command import build_command
from pipelines.cli.flags import add_run_flags

COMMAND = "python -m pipelines.train_tokenizer"
# Token shards hold ids of at most 32 bits.
MOST_IDS = 2**32
EXAMPLE = """
example:  python -m pipelines.train_tokenizer --corpus data/webtext --corpus data/books --kind gpt2 \\
              --vocab-size 50257 --output tokenizer/
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Train a BPE tokenizer on kept documents.", EXAMPLE)
    flags.add_argument("--corpus", action="append", required=True, metavar="FOLDER[:WEIGHT]", help="repeatable")
    flags.add_argument("--kind", choices=("gpt2", "gpt1", "sentencepiece"), default="gpt2", help="default gpt2")
    flags.add_argument("--vocab-size", type=WholeNumber(2, MOST_IDS), metavar="N", help="default: the published size")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the tokenizer goes")
    flags.add_argument(
        "--sample-bytes", type=WholeNumber(1), default=10**9, metavar="N", help="text to count (default 1 GB)"
    )
    flags.add_argument(
        "--memory-mb",
        type=WholeNumber(1),
        metavar="MB",
        help="peak memory of training, in millions of bytes: the rarest words are left out to stay below it",
    )
    flags.add_argument(
        "--held-out",
        type=SHARE_BELOW_ONE,
        metavar="SHARE",
        help="share of the documents kept for the sanity report (default 0.02, more of few, none of under 200)",
    )
    flags.add_argument(
        "--compare-with",
        default=None,
        metavar="PATH",
        help="a tokenizer (GPT-2's encoder.json, say) to set beside this one in the sanity report",
    )
    add_run_flags(flags, "sample, memory and disk space")
    return flags


make, main = build_command(parser, "pipelines.builds.vocabulary:vocabulary")

if __name__ == "__main__":
    sys.exit(main())
