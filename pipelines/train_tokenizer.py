"""Train a BPE tokenizer on a weighted sample of kept documents.

    python -m pipelines.train_tokenizer --corpus corpus/webtext --corpus corpus/books --kind gpt2 --vocab-size 50257 \\
        --output tokenizer/

The output folder opens with `AutoTokenizer.from_pretrained` and with `build_shards --tokenizer`. The stages stand in
`pipelines.vocabulary`. Nothing heavy is imported before the flags are right.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.flags import EXIT_CODES

if TYPE_CHECKING:
    from pipelines.vocabulary import VocabularyBuild

COMMAND = "python -m pipelines.train_tokenizer"
EXAMPLE = """
example:  python -m pipelines.train_tokenizer --corpus corpus/webtext --corpus corpus/books --kind gpt2 \\
              --vocab-size 50257 --output tokenizer/
"""


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = argparse.ArgumentParser(
        prog=COMMAND,
        description="Train a BPE tokenizer on kept documents.",
        epilog=EXAMPLE + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    flags.add_argument("--corpus", action="append", required=True, metavar="FOLDER[:WEIGHT]", help="repeatable")
    flags.add_argument("--kind", choices=("gpt2", "gpt1", "sentencepiece"), default="gpt2", help="default gpt2")
    flags.add_argument("--vocab-size", type=int, default=None, metavar="N", help="default: the published size")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the tokenizer goes")
    flags.add_argument("--sample-bytes", type=int, default=10**9, metavar="N", help="text to count (default 1 GB)")
    flags.add_argument("--memory-mb", type=int, default=None, metavar="N", help="refuse to train past this estimate")
    flags.add_argument("--dry-run", action="store_true", help="print the sample and disk space; write nothing")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.command import check_beam_flags, run_command

    def make() -> "VocabularyBuild":
        from pathlib import Path

        from pipelines.stages import Stages
        from pipelines.token_shards import kept_parts
        from pipelines.vocabulary import WORTH_A_WORKER, VocabularyBuild, parse_corpus

        names = [name for action in ours._actions for name in action.option_strings]
        stages = Stages(Path(given.output), check_beam_flags(others, names), 1.0, WORTH_A_WORKER)
        corpora = dict(parse_corpus(text) for text in given.corpus)
        for folder in corpora:
            kept_parts(Path(folder))
        memory = given.memory_mb * 2**20 if given.memory_mb else None
        return VocabularyBuild(corpora, given.kind, given.vocab_size, given.sample_bytes, memory, stages)

    return run_command(make, given.output, given.dry_run, COMMAND)


if __name__ == "__main__":
    sys.exit(main())
