"""Build the weighted token shards of several corpora.

    python -m pipelines.build_shards --source webtext=corpus/webtext:22 --source books=corpus/books:16 \\
        --tokenizer tokenizer/ --output shards/

The number after the colon is the source's integer weight. Shards hold whole documents in hash order, one source each;
the stages stand in `pipelines.builds.token_shards`. Nothing heavy is imported before the flags are right.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.cli.flags import EXIT_CODES

if TYPE_CHECKING:
    from pipelines.builds.token_shards import ShardBuild
    from pipelines.builds.weights import Weighting

COMMAND = "python -m pipelines.build_shards"
EXAMPLE = """
example:  python -m pipelines.build_shards --source webtext=corpus/webtext:22 --source books=corpus/books:16 \\
              --tokenizer tokenizer/ --output shards/
"""


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = argparse.ArgumentParser(
        prog=COMMAND,
        description="Build weighted token shards from kept documents.",
        epilog=EXAMPLE + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    flags.add_argument(
        "--source", action="append", required=True, metavar="NAME=FOLDER:WEIGHT", help="a corpus; repeatable"
    )
    flags.add_argument("--mixture", default="", metavar="NAME", help="weights of a published mixture: gpt3-mix")
    flags.add_argument("--tokenizer", required=True, metavar="PATH", help="our folder, tokenizer.json, GPT-2's, .model")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the shards go")
    flags.add_argument("--tokens-a-shard", type=int, default=100_000_000, metavar="N", help="default 100 million")
    flags.add_argument("--validation-share", type=float, default=0.005, metavar="SHARE", help="of clusters, by hash")
    flags.add_argument("--budget", type=int, default=0, metavar="TOKENS", help="of a training, for epochs and caps")
    flags.add_argument("--temperature", type=float, default=1.0, metavar="T", help="weights to the power 1/T")
    flags.add_argument(
        "--most-epochs", action="append", default=[], metavar="NAME=N", help="cap a source's epochs in --budget"
    )
    flags.add_argument(
        "--memory-mb", type=int, default=0, metavar="MB", help="of all processes together; default 1,024 a worker"
    )
    flags.add_argument("--also-bin", action="store_true", help="write nanoGPT's train.bin and val.bin too")
    flags.add_argument("--remove-ids", default="", metavar="FILE", help="ids to take out, one a line")
    flags.add_argument("--remove-domain", action="append", default=[], metavar="DOMAIN", help="domain to take out")
    flags.add_argument("--dry-run", action="store_true", help="print sources, mixture, memory, disk; write nothing")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import check_beam_flags, run_command

    def make() -> "ShardBuild":
        names = [name for action in ours._actions for name in action.option_strings]
        return _build(given, check_beam_flags(others, names))

    return run_command(make, given.output, given.dry_run, COMMAND)


def _build(given: argparse.Namespace, beam_flags: list[str]) -> "ShardBuild":
    from pathlib import Path

    from corpus.files.storage import is_remote, place
    from corpus.mixture import MixtureError
    from corpus.shards.bin import check_fits_bin
    from corpus.shards.layout import ShardError
    from corpus.tokenizer.files import TokenizerError
    from pipelines.builds.gathering import WORTH_A_WORKER
    from pipelines.builds.token_shards import NEEDS, ShardBuild, kept_parts, read_ids
    from pipelines.cli.memory import share_memory
    from pipelines.runtime.errors import StageError
    from pipelines.runtime.stages import Stages
    from pipelines.work.tokens import entry_of, tokenizer_at

    _check(given)
    if given.also_bin and is_remote(given.output):
        raise StageError(f"--also-bin: nanoGPT reads files, and {given.output} is in a store; write to a folder", 2)
    try:
        weighting = _weighting(given)
        tokenizer = given.tokenizer if is_remote(given.tokenizer) else str(Path(given.tokenizer).resolve())
        loaded = tokenizer_at(tokenizer)
        if given.also_bin:
            check_fits_bin(entry_of(loaded))
    except ShardError as error:
        raise StageError(f"--also-bin: {error}", 2) from error
    except MixtureError as error:
        raise StageError(str(error), 2) from error
    except TokenizerError as error:
        raise StageError(f"--tokenizer {error}", 3) from error
    for source in weighting.mixture.sources:
        kept_parts(source.path)
    memory, beam_flags = share_memory(given.memory_mb, beam_flags, NEEDS)
    return ShardBuild(
        weighting=weighting,
        tokenizer_path=tokenizer,
        tokens_a_shard=given.tokens_a_shard,
        validation_share=given.validation_share,
        also_bin=given.also_bin,
        removed=read_ids(given.remove_ids),
        removed_domains=frozenset(given.remove_domain),
        memory=memory,
        stages=Stages(place(given.output), beam_flags, 1.0, WORTH_A_WORKER),
    )


def _weighting(given: argparse.Namespace) -> "Weighting":
    from corpus.mixture import Mixture, parse_source
    from pipelines.builds.weights import Weighting, parse_cap

    mixture = Mixture(tuple(parse_source(text, given.mixture) for text in given.source))
    caps = tuple(parse_cap(text) for text in given.most_epochs)
    return Weighting(mixture, given.temperature, caps, given.budget, given.mixture)


def _check(given: argparse.Namespace) -> None:
    """Numbers that cannot be."""
    from pipelines.runtime.errors import StageError

    if given.tokens_a_shard < 1:
        raise StageError(f"--tokens-a-shard {given.tokens_a_shard}: a shard holds at least one token", 2)
    if not 0 <= given.validation_share < 1:
        raise StageError(f"--validation-share {given.validation_share}: give a share from 0 to below 1", 2)
    if given.budget < 0 or given.memory_mb < 0:
        raise StageError("--budget and --memory-mb are not negative", 2)


if __name__ == "__main__":
    sys.exit(main())
