"""The deciders on judged documents, in order, as the flags ask for them.

The order is GPT-3's (Brown et al. 2020, appendix A): a quality classifier, duplicates of earlier snapshots and within
the corpus, what other corpora hold already, benchmarks. Each decider leaves out what those before it rejected, so a
classifier spares the signatures, and the 13-grams that a benchmark shares are counted over what is left.
"""

import argparse

from corpus.decontamination.benchmarks import read_benchmark
from corpus.dedup.index import index_digest
from corpus.files.corpora import corpora_read
from corpus.files.inputs import InputFile
from corpus.files.storage import local
from corpus.json_types import JsonObject
from corpus.recipes.recipe import Recipe
from pipelines.builds.against import keep_out
from pipelines.builds.corpus import MakeDecider
from pipelines.builds.decontamination import decontaminate
from pipelines.builds.duplicates import Room, deduplicate
from pipelines.builds.index import know_earlier
from pipelines.builds.quality import by_quality, quality_settings
from pipelines.builds.repeated import without_repeats
from pipelines.cli.inputs import find_below, names_of, sample_files, samples_of


def deciders_of(given: argparse.Namespace, recipe: Recipe, room: Room) -> tuple[MakeDecider, ...]:
    """The makers of all deciders, for `select`. What a flag names is checked here, before the first byte is written."""
    return (
        *by_quality(given),
        *((know_earlier(given.index, recipe.near, room.group_bytes),) if given.index else ()),
        deduplicate(recipe.near, room),
        *without_repeats(recipe.repeats, room.group_bytes),
        *_against_corpora(given, recipe, room),
        *_against_benchmarks(given),
    )


def decider_settings(given: argparse.Namespace) -> JsonObject:
    """What the flags of deciders stand for in the settings of an output, where that is not their text: digests."""
    # Digests in the order of the flags: of two corpora that have a document the first one is named as the reason.
    known = [each["digest"] for each in corpora_read({corpus: corpus for corpus in given.against or ()})]
    index = index_digest(given.index) if given.index else []
    return {
        **quality_settings(given),
        "--index": index,
        "--against": known,
        "--benchmarks": samples_of(_benchmarks(given)),
    }


def _against_corpora(given: argparse.Namespace, recipe: Recipe, room: Room) -> tuple[MakeDecider, ...]:
    return (keep_out(given.against, recipe.near, room.group_bytes),) if given.against else ()


def _benchmarks(given: argparse.Namespace) -> list[InputFile]:
    return sample_files(find_below(names_of(given.benchmarks), "--benchmarks")) if given.benchmarks else []


def _against_benchmarks(given: argparse.Namespace) -> tuple[MakeDecider, ...]:
    files = _benchmarks(given)
    for file in files:
        read_benchmark(local(file.place), file.name)
    return (decontaminate(files),) if files else ()
