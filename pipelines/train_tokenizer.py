"""Train a BPE tokenizer on a weighted sample of kept documents.

    python -m pipelines.train_tokenizer --corpus corpus/webtext --corpus corpus/books --kind gpt2 --vocab-size 50257 \\
        --output tokenizer/

The output folder opens with `AutoTokenizer.from_pretrained` and with `build_shards --tokenizer`. The stages stand in
`pipelines.builds.vocabulary`. Nothing heavy is imported before the flags are right.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from corpus.command_line import SHARE_BELOW_ONE, CommandParser, WholeNumber
from pipelines.cli.flags import add_run_flags

if TYPE_CHECKING:
    from pipelines.builds.vocabulary import VocabularyBuild

COMMAND = "python -m pipelines.train_tokenizer"
# Token shards hold ids of at most 32 bits.
MOST_IDS = 2**32
EXAMPLE = """
example:  python -m pipelines.train_tokenizer --corpus corpus/webtext --corpus corpus/books --kind gpt2 \\
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


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import run_command

    return run_command(ours, given, others, lambda beam_flags: _build(ours, given, beam_flags))


def _build(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "VocabularyBuild":
    """The training that the flags ask for; `CorpusloomError` for what cannot be done, before anything is written."""
    from pathlib import Path

    from corpus.errors import CorpusloomError, ExitCode
    from corpus.files.storage import name_of, place
    from corpus.tokenizer.files import TokenizerError
    from pipelines.builds.vocabulary import WORTH_A_WORKER, VocabularyBuild, parse_corpus
    from pipelines.cli.command import settings_of
    from pipelines.cli.memory import MEGABYTE
    from pipelines.cli.replacement import TOKENIZER, Output
    from pipelines.runtime.stages import Stages
    from pipelines.work.tokens import tokenizer_at

    compare_with = None
    if given.compare_with:
        try:
            compare_with = (Path(given.compare_with).name, tokenizer_at(given.compare_with))
        except TokenizerError as error:
            raise CorpusloomError(f"--compare-with {error}", ExitCode.INPUT) from error
    corpora = dict(parse_corpus(text) for text in given.corpus)
    settings = settings_of(ours, given, {"--corpus": sorted(f"{name_of(path)}:{n}" for path, n in corpora.items())})
    return VocabularyBuild(
        corpora=corpora,
        output=Output(place(given.output), TOKENIZER, given.replace, settings),
        kind=given.kind,
        vocab_size=given.vocab_size,
        sample_bytes=given.sample_bytes,
        stages=Stages(place(given.output), beam_flags, 1.0, WORTH_A_WORKER),
        memory_limit=given.memory_mb * MEGABYTE if given.memory_mb else None,
        held_out=given.held_out,
        compare_with=compare_with,
    )


if __name__ == "__main__":
    sys.exit(main())
