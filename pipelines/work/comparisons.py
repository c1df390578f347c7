"""The comparisons that deduplication left out, in one place for the manifest and the report.

A crowd (many documents with an equal band that are unlike else) costs a bounded number of comparisons a document
(`corpus.dedup.clusters`, `pipelines.work.candidates`). What that leaves out is a number of pairs, here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.files.manifest import Counts
from pipelines.runtime.task import Outcome, Task


@dataclass(frozen=True)
class Left:
    """`pairs` of documents that share a band and were not compared, and the documents of the largest such bucket."""

    pairs: int
    largest_bucket: int
    label: str = "comparisons"
    size: int = 1


@dataclass(frozen=True)
class LeftFacts:
    """The same, for the manifest."""

    pairs_not_compared: int
    largest_bucket: int


def left_out(buckets: Sequence[Any], *others: Sequence[Any]) -> Iterator[Left]:
    """The one unit: of the facts of stages that leave pairs out, those of buckets first."""
    # Crowded buckets leave pairs out before any comparison, the comparisons of a set some more: all of them.
    pairs = sum(facts.left_out for stage in (buckets, *others) for facts in stage)
    yield Left(pairs, max((facts.largest for facts in buckets), default=0))


@dataclass(frozen=True)
class CountLeft:
    """The work on the sums: to say them."""

    def __call__(self, task: Task[Left]) -> Outcome[LeftFacts]:
        """One unit of facts."""
        return Outcome((), Counts(1, 1), LeftFacts(task.unit.pairs, task.unit.largest_bucket))
