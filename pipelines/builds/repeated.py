"""The decider of a recipe that keeps repeated lines once.

judged, deciders → repeated_lines → repeated
"""

from functools import partial
from typing import Any

from corpus.dedup.repeated import RepeatedLines
from pipelines.builds.corpus import Decider, MakeDecider, grouped
from pipelines.runtime.stage import Stage
from pipelines.work.grouping import GROUP_BYTES
from pipelines.work.judging import JudgedFacts
from pipelines.work.publish import FunnelStep
from pipelines.work.repeated import CutRepeated, FindRepeated, parts_to_cut
from pipelines.work.verdicts import DecidedFacts

ABOUT = "Documents; kept are those with enough left when a line that stands in several stays in one of them."


def without_repeats(rule: RepeatedLines, group_bytes: int = GROUP_BYTES) -> MakeDecider:
    """The decider that cuts a line out of all documents but one."""
    return partial(_repeated, rule, group_bytes)


def _repeated(
    rule: RepeatedLines,
    group_bytes: int,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    find = FindRepeated(rule, group_bytes=group_bytes)
    # Lines by their hash -> all but one of each
    lines = grouped("repeated_lines", find, judged, *earlier, units_per_worker=1_000_000)
    # What is cut, by judged part -> cuts, or that too little is left
    decided = Stage("repeated", CutRepeated(rule), plan=parts_to_cut, reads=(lines, judged, *earlier))
    return Decider(decided, ((decided, FunnelStep("repeated", "repeated_lines", ABOUT)),))
