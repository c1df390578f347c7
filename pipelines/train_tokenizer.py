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

from pipelines.cli.flags import EXIT_CODES

if TYPE_CHECKING:
    from pipelines.builds.vocabulary import VocabularyBuild

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
    flags.add_argument(
        "--memory-mb",
        type=int,
        default=None,
        metavar="N",
        help="peak memory of training in MiB: the rarest words are left out, and counted, to stay below it",
    )
    flags.add_argument(
        "--held-out",
        type=float,
        default=None,
        metavar="SHARE",
        help="share of the documents kept for the sanity report (default 0.02, more of few, none of under 200)",
    )
    flags.add_argument(
        "--compare-with",
        default=None,
        metavar="PATH",
        help="a tokenizer (GPT-2's encoder.json, say) to set beside this one in the sanity report",
    )
    flags.add_argument("--dry-run", action="store_true", help="print sample, memory and disk space; write nothing")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import check_beam_flags, run_command

    def make() -> "VocabularyBuild":
        names = [name for action in ours._actions for name in action.option_strings]
        return _build(given, check_beam_flags(others, names))

    return run_command(make, given.output, given.dry_run, COMMAND)


def _build(given: argparse.Namespace, beam_flags: list[str]) -> "VocabularyBuild":
    """The training that the flags ask for; `StageError` for what cannot be done, before anything is written."""
    from pathlib import Path

    from corpus.files.storage import place
    from corpus.tokenizer.files import TokenizerError
    from pipelines.builds.vocabulary import WORTH_A_WORKER, VocabularyBuild, parse_corpus
    from pipelines.runtime.errors import StageError
    from pipelines.runtime.stages import Stages
    from pipelines.work.tokens import tokenizer_at

    for flag, value, fine in (
        ("--sample-bytes", given.sample_bytes, given.sample_bytes > 0),
        ("--memory-mb", given.memory_mb, given.memory_mb is None or given.memory_mb > 0),
        ("--held-out", given.held_out, given.held_out is None or 0 <= given.held_out < 1),
    ):
        if not fine:
            raise StageError(f"{flag} {value}: out of range, see --help", 2)
    compare_with = None
    if given.compare_with:
        try:
            compare_with = (Path(given.compare_with).name, tokenizer_at(given.compare_with))
        except TokenizerError as error:
            raise StageError(f"--compare-with {error}", 3) from error
    return VocabularyBuild(
        corpora=dict(parse_corpus(text) for text in given.corpus),
        kind=given.kind,
        vocab_size=given.vocab_size,
        sample_bytes=given.sample_bytes,
        stages=Stages(place(given.output), beam_flags, 1.0, WORTH_A_WORKER),
        memory_limit=given.memory_mb * 2**20 if given.memory_mb else None,
        held_out=given.held_out,
        compare_with=compare_with,
    )


if __name__ == "__main__":
    sys.exit(main())
