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

from corpus.command_line import SHARE_BELOW_ONE, CommandParser, Number, WholeNumber
from pipelines.cli.flags import add_run_flags

if TYPE_CHECKING:
    from pipelines.builds.token_shards import ShardBuild
    from pipelines.builds.weights import Weighting

COMMAND = "python -m pipelines.build_shards"
EXAMPLE = """
example:  python -m pipelines.build_shards --source webtext=corpus/webtext:22 --source books=corpus/books:16 \\
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
    flags.add_argument(
        "--memory-mb",
        type=WholeNumber(0),
        default=0,
        metavar="MB",
        help="of all processes together, in millions of bytes; default 1,000 for each worker",
    )
    flags.add_argument("--also-bin", action="store_true", help="write nanoGPT's train.bin and val.bin too")
    flags.add_argument("--remove-ids", default="", metavar="FILE", help="ids to take out, one a line")
    flags.add_argument("--remove-domain", action="append", default=[], metavar="DOMAIN", help="domain to take out")
    add_run_flags(flags, "sources, mixture, memory, disk")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given, others = ours.parse_known_args(arguments)
    from pipelines.cli.command import run_command

    return run_command(ours, given, others, lambda beam_flags: _build(ours, given, beam_flags))


def _build(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "ShardBuild":
    from pathlib import Path

    from corpus.errors import CorpusloomError, ExitCode
    from corpus.files.storage import is_remote, place
    from corpus.shards.bin import check_fits_bin
    from pipelines.builds.gathering import WORTH_A_WORKER
    from pipelines.builds.token_shards import NEEDS, ShardBuild, corpora_read, kept_parts, read_ids
    from pipelines.cli.command import settings_of
    from pipelines.cli.memory import share_memory
    from pipelines.cli.replacement import SHARDS, Output
    from pipelines.runtime.stages import Stages
    from pipelines.work.tokens import entry_of, tokenizer_at

    if given.also_bin and is_remote(given.output):
        raise CorpusloomError(
            f"--also-bin: nanoGPT reads files, and {given.output} is in a store; write to a folder", ExitCode.FLAGS
        )
    weighting = _weighting(given)
    tokenizer = given.tokenizer if is_remote(given.tokenizer) else str(Path(given.tokenizer).resolve())
    loaded, removed = tokenizer_at(tokenizer), read_ids(given.remove_ids)
    if given.also_bin:
        check_fits_bin(entry_of(loaded))
    for source in weighting.mixture.sources:
        kept_parts(source.path)
    memory, beam_flags = share_memory(given.memory_mb, beam_flags, NEEDS)
    settings = settings_of(
        ours,
        given,
        {
            "--source": [f"{source.name}:{source.weight}" for source in weighting.mixture.sources],
            "--tokenizer": loaded.digest,
            "--budget": given.budget if given.most_epochs else 0,
            "--remove-ids": sorted(removed),
            "--remove-domain": sorted(given.remove_domain),
        },
    )
    settings["corpora"] = corpora_read({source.name: source.path for source in weighting.mixture.sources})
    return ShardBuild(
        output=Output(place(given.output), SHARDS, given.replace, settings),
        weighting=weighting,
        tokenizer_path=tokenizer,
        tokens_a_shard=given.tokens_a_shard,
        validation_share=given.validation_share,
        also_bin=given.also_bin,
        removed=removed,
        removed_domains=frozenset(given.remove_domain),
        memory=memory,
        stages=Stages(place(given.output), beam_flags, 1.0, WORTH_A_WORKER),
    )


def _weighting(given: argparse.Namespace) -> "Weighting":
    from corpus.mixture import Mixture, MixtureError, parse_source
    from pipelines.builds.weights import Weighting, parse_cap

    try:
        mixture = Mixture(tuple(parse_source(text, given.mixture) for text in given.source))
    except MixtureError as error:
        raise MixtureError(f"--source: {error}") from error
    caps = tuple(parse_cap(text) for text in given.most_epochs)
    return Weighting(mixture, given.temperature, caps, given.budget, given.mixture)


if __name__ == "__main__":
    sys.exit(main())
