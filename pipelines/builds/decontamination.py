"""The stages of decontamination, and the decider that they make.

benchmarks → grams ─┬→ leaks → common_grams ─┐
judged, deciders ───┘    └───────────────────┴→ decontaminated → contamination (the overlap report)
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from corpus.decontamination.filtering import FilteringRule
from corpus.files.inputs import InputFile
from pipelines.builds.corpus import Decider, MakeDecider
from pipelines.runtime.stage import Stage
from pipelines.work.benchmarks import ReadBenchmarks, SortGrams, benchmarks, gram_ranges
from pipelines.work.common_grams import CountDocuments, key_ranges
from pipelines.work.decontamination import DecideLeaks, leaks_to_decide
from pipelines.work.judging import JudgedFacts
from pipelines.work.leaks import FindLeaks, suspects
from pipelines.work.overlap import ReportOverlap, overlap_of_all
from pipelines.work.publish import FunnelStep
from pipelines.work.verdicts import DecidedFacts

ABOUT = "Documents; kept are those that are no leak of a benchmark, without the passages that are."


def decontaminate(files: Sequence[InputFile], rule: FilteringRule = FilteringRule()) -> MakeDecider:
    """The decider that cuts out what benchmarks have too."""
    return partial(_decontaminate, tuple(files), rule)


def _decontaminate(
    files: tuple[InputFile, ...],
    rule: FilteringRule,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    words = rule.gram_words
    # A file of examples -> its passages as words
    read = Stage("benchmarks", ReadBenchmarks(words), plan=partial(benchmarks, files), units_per_worker=2**23)
    # Grams by the high bits of their hash -> a sorted part of the index
    grams = Stage("grams", SortGrams(words), plan=partial(gram_ranges, words), reads=(read,))
    # A part of documents, the whole index -> every gram of it in them
    leaks = Stage("leaks", FindLeaks(rule), plan=suspects, reads=(grams, judged, *earlier), units_per_worker=5_000)
    # Leaks by gram -> those of too many documents
    common = Stage("common_grams", CountDocuments(rule), plan=key_ranges, reads=(leaks,))
    # Leaks of a part, without the common ones -> verdicts and cuts
    decided: Stage[Any, Any] = Stage("decontaminated", DecideLeaks(rule), plan=leaks_to_decide, reads=(leaks, common))
    # All grams that were seen -> the overlap of each benchmark, for the manifest and overlap/
    about = Stage(
        "contamination",
        ReportOverlap(rule),
        plan=overlap_of_all,
        reads=(read, grams, common, decided),
        writes=("overlap",),
    )
    return Decider(decided, ((decided, FunnelStep("decontaminated", "decontaminated", ABOUT)),), about)
