"""The deciders of a recipe's `repeated`: lines, sentences in a row and windows of words that stand at several places.

judged, deciders → lines_of_NAME → NAME
judged, deciders → grams_of_NAME → windows_of_NAME → places_of_NAME → NAME → containment_of_NAME
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from corpus.dedup.repeated import RepeatedLines
from corpus.dedup.substrings import RepeatedSubstrings
from pipelines.builds.corpus import Decider, MakeDecider, grouped
from pipelines.runtime.stage import Stage
from pipelines.work.grouping import GROUP_BYTES
from pipelines.work.judging import JudgedFacts
from pipelines.work.publish import FunnelStep
from pipelines.work.repeated import CutRepeated, FindRepeated, parts_to_cut
from pipelines.work.sharing import DecideShared, SumSharing, containment, parts_to_decide
from pipelines.work.substrings import FindGrams, FindPlaces, TakeWindows
from pipelines.work.verdicts import DecidedFacts

ABOUT = "Documents; kept are those with enough left when {what} that stands in several stays in {where} of them."
_ROWS, _DOCUMENTS = 1_000_000, 10_000  # that keep one more worker busy


def without_repeats(
    rules: Mapping[str, RepeatedLines | RepeatedSubstrings], group_bytes: int = GROUP_BYTES
) -> tuple[MakeDecider, ...]:
    """A decider for each rule, by the name that it has among the counts (`Recipe.repeats`)."""
    return tuple(
        partial(_substrings if isinstance(rule, RepeatedSubstrings) else _lines, name, rule, group_bytes)
        for name, rule in rules.items()
    )


def _lines(
    name: str,
    rule: RepeatedLines,
    group_bytes: int,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    find = FindRepeated(rule, group_bytes=group_bytes)
    # Lines by their hash -> those that are cut: all but one of each, or all
    lines = grouped(f"lines_of_{name}", find, judged, *earlier, units_per_worker=_ROWS)
    # What is cut, by judged part -> cuts, or that too little is left
    decided = Stage(name, CutRepeated(rule), plan=parts_to_cut, reads=(lines, judged, *earlier))
    what = (
        f"a run of {rule.sentences} sentences" if rule.sentences > 1 else "a sentence" if rule.sentences else "a line"
    )
    return Decider(decided, ((decided, FunnelStep(name, name, _about(what, rule.keep_one))),))


def _substrings(
    name: str,
    rule: RepeatedSubstrings,
    group_bytes: int,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    reads = (judged, *earlier)
    # Minimizers by their hash -> those that stand at several places
    grams = grouped(f"grams_of_{name}", FindGrams(rule, group_bytes=group_bytes), *reads, units_per_worker=_ROWS)
    # These by judged part -> the windows that have them
    windows = Stage(
        f"windows_of_{name}", TakeWindows(rule), plan=parts_to_cut, reads=(grams, *reads), units_per_worker=_DOCUMENTS
    )
    # Windows by their hash -> which place keeps each
    places = grouped(f"places_of_{name}", FindPlaces(group_bytes=group_bytes), windows, units_per_worker=_ROWS)
    # These by judged part -> cuts, who goes, how much is shared
    decided: Stage[Any, Any] = Stage(
        name, DecideShared(rule), plan=parts_to_decide, reads=(places, *reads), units_per_worker=_DOCUMENTS
    )
    if rule.cut:
        about = _about(f"a run of {rule.words} words", rule.keep_one)
    elif rule.contained is not None:
        about = f"Documents; kept are those of whose words less than {rule.contained:.0%} stand in longer ones."
    else:
        about = "Documents; all are kept, and what they share with others is measured."
    shares = Stage(f"containment_of_{name}", SumSharing(), plan=containment, reads=(decided,))
    return Decider(decided, ((decided, FunnelStep(name, name, about)),), shares)


def _about(what: str, keep_one: bool) -> str:
    return ABOUT.format(what=what, where="one" if keep_one else "none")
