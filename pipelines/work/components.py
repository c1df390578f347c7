"""All verified pairs → the cluster of each document, in one of two ways with one result.

    exact, pairs → clusters                                     the documents in company fit into one worker's memory
    exact, pairs → forests → large 1, small 1, … → clusters     they do not

Union-find takes a pair at a time, so one worker holds the documents in company and not their pairs (`UNION_BYTES`).
Rounds of large and small stars (`corpus.dedup.stars`) are divided by the hash of a node; each is a stage, since a job
cannot repeat one, and those after the last change have nothing to do. `clusters` then checks that every document has
one label and every label is its own: what has not converged fails, and is never published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from corpus.dedup.stars import both_ways, contracted, large_star, small_star
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import Counts, Part
from pipelines.runtime.task import Outcome, Task
from pipelines.work.candidates import PAIR_ROWS, PairFacts
from pipelines.work.copies import ExactFacts, gone_rows
from pipelines.work.grouping import HashGroup, HashWork, RunGroup, RunWork, Spread
from pipelines.work.packing import map_rows, rows_in, unpack, write_rows
from pipelines.work.signatures import SignatureFacts, Widths, widths_of

LABEL_ROWS = np.dtype([("number", "<i8"), ("cluster", "<i8")])  # a document; the least number of its cluster
# What union-find takes for a document in company, and how many pairs it takes at a time.
UNION_BYTES = 64
_PAIRS_AT_ONCE = 250_000


@dataclass(frozen=True)
class SomePairs:
    """Pairs of copies (`gone`), and of documents that are alike (`pairs`)."""

    gone: tuple[Part, ...]
    pairs: tuple[Part, ...]
    widths: Widths
    label: str = "all pairs"

    counted: ClassVar[str] = "pairs"

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return rows_in((*self.gone, *self.pairs)) + 1

    def read(self, root: Path) -> Iterator[np.ndarray]:
        """(n, 2) pairs of numbers, a part at a time."""
        for part in self.gone:
            rows = map_rows(root, part, gone_rows(self.widths))
            yield np.stack([rows["leader"], rows["number"]], 1)
        for part in self.pairs:
            rows = map_rows(root, part, PAIR_ROWS)
            yield np.stack([rows["one"], rows["other"]], 1)


@dataclass(frozen=True)
class LabelFacts:
    """The cluster of each document in company, by number: of all of them, or of those of a run."""

    labels: Part
    clusters: int


def all_pairs(
    union_bytes: int, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], pairs: Sequence[PairFacts]
) -> Iterator[SomePairs]:
    """One unit; `CorpusloomError` (5) where it might not fit into `union_bytes`."""
    # In company are at most all documents, and at most two for each pair.
    rows = min(
        rows_in([facts.signatures for facts in signed]),
        2 * rows_in([*(facts.gone for facts in exact), *(facts.pairs for facts in pairs)]),
    )
    if rows * UNION_BYTES > union_bytes:
        raise CorpusloomError(
            f"clusters: {rows:,} documents may be in company, which takes {rows * UNION_BYTES / 1e6:,.0f} MB at "
            f"{UNION_BYTES} bytes each, and a worker may hold {union_bytes / 1e6:,.0f} MB; give more with --memory-mb",
            ExitCode.MACHINE,
        )
    yield SomePairs(tuple(facts.gone for facts in exact), tuple(facts.pairs for facts in pairs), widths_of(signed))


@dataclass(frozen=True)
class JoinPairs:
    """The work on all pairs at once."""

    def __call__(self, task: Task[SomePairs]) -> Outcome[LabelFacts]:
        """The connected components."""
        # Pairs wait until there are 250,000; then they and the stars so far become
        # stars again: one edge per document in company, however many pairs there were.
        waiting, stars = [np.zeros((0, 2), np.int64)], np.zeros((0, 2), np.int64)
        for pairs in task.unit.read(task.root):
            for start in range(0, len(pairs), _PAIRS_AT_ONCE):
                waiting.append(pairs[start : start + _PAIRS_AT_ONCE])
                if sum(map(len, waiting)) >= _PAIRS_AT_ONCE:
                    stars, waiting = contracted(np.concatenate([stars, *waiting])), []
        return _labelled(task, contracted(np.concatenate([stars, *waiting])))


def _labelled(task: Task[Any], stars: np.ndarray) -> Outcome[LabelFacts]:
    """The labels of stars, by number; the least of a cluster has its own."""
    # Stars (5, 2) (7, 2): labels 2 -> 2, 5 -> 2, 7 -> 2. The least of a cluster is in no first column.
    least = np.unique(stars[:, 1])
    labels = np.empty(len(stars) + len(least), LABEL_ROWS)
    labels["number"], labels["cluster"] = np.r_[stars[:, 0], least], np.r_[stars[:, 1], least]
    part = write_rows(task, "labels", labels[np.argsort(labels["number"])])
    return Outcome((part,), Counts(task.unit.size, task.unit.size), LabelFacts(part, len(least)))


@dataclass(frozen=True)
class StarFacts:
    """Edges (`PAIR_ROWS`, one the larger), and how many the round moved."""

    edges: Part
    changed: int


def bundles(
    group_bytes: int, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], pairs: Sequence[PairFacts]
) -> Iterator[SomePairs]:
    """Pairs in bundles of about `group_bytes`: at least one, which may be empty."""
    widths = widths_of(signed)
    parts = [*((facts.gone, True) for facts in exact), *((facts.pairs, False) for facts in pairs)]
    some: list[tuple[Part, bool]] = []
    for number, each in enumerate(parts):
        some.append(each)
        # A worker holds a bundle's pairs at once; the last bundle takes what is left.
        if rows_in([part for part, _ in some]) * UNION_BYTES >= group_bytes or number + 1 == len(parts):
            gone, alike = (tuple(part for part, copy in some if copy is kind) for kind in (True, False))
            yield SomePairs(gone, alike, widths, "pairs")
            some = []


@dataclass(frozen=True)
class MakeForests:
    """The work on a bundle of pairs: what union-find alone can do of it."""

    def __call__(self, task: Task[SomePairs]) -> Outcome[StarFacts]:
        """The stars of these pairs."""
        found = contracted(np.concatenate([np.zeros((0, 2), np.int64), *task.unit.read(task.root)]))
        return _round(task, found, 1)


def _round(task: Task[Any], edges: np.ndarray, changed: int) -> Outcome[StarFacts]:
    rows = np.empty(len(edges), PAIR_ROWS)
    rows["one"], rows["other"] = edges.T
    part = write_rows(task, "edges", rows)
    return Outcome((part,), Counts(task.unit.size, task.unit.size), StarFacts(part, changed))


@dataclass(frozen=True)
class JoinStars(HashWork[Part, HashGroup, StarFacts]):
    """The work of one round on the nodes that fall into one group. Reads the two rounds before, the last one last."""

    large: bool
    key = "one"

    def dtype(self, widths: Widths) -> np.dtype:
        """An edge."""
        return PAIR_ROWS

    def spread(self, *rounds: Sequence[StarFacts]) -> Spread[Part]:
        """The edges, where the last two rounds changed any."""
        # A large round alone may change nothing where the small one after it still does: so both are asked.
        changed = any(facts.changed for stage in rounds for facts in stage)
        edges = [facts.edges for facts in rounds[-1]] if changed else []
        return Spread(edges, rows_in(edges) * (1 + self.large))  # large: each edge goes to both of its nodes

    def units(self, *rounds: Sequence[StarFacts]) -> Iterator[HashGroup]:
        """None where there is nothing to change."""
        return super().units(*rounds) if self.spread(*rounds).sources else iter(())

    def read(self, source: Part, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """Edges, each at both of its nodes, or at the larger."""
        edges = map_rows(root, source, PAIR_ROWS)
        yield both_ways(_pairs_of(edges)).reshape(-1).view(PAIR_ROWS) if self.large else edges

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[StarFacts]:
        """The edges of the next round."""
        edges = _pairs_of(unpack(entries, PAIR_ROWS))
        return _round(task, *(large_star if self.large else small_star)(edges))


def _pairs_of(rows: np.ndarray) -> np.ndarray:
    """`PAIR_ROWS` as (n, 2) numbers."""
    return rows.view("<i8").reshape(-1, 2)


@dataclass(frozen=True)
class LabelRuns(RunWork[RunGroup, LabelFacts]):
    """The work on a run after the last round: the labels of its documents, checked."""

    def dtype(self, widths: Widths) -> np.dtype:
        """A label."""
        return LABEL_ROWS

    def spread(self, signed: Sequence[SignatureFacts], *rounds: Sequence[StarFacts]) -> Spread[Part]:
        """The last edges."""
        return Spread([facts.edges for facts in next(stage for stage in reversed(rounds) if stage)])

    def read(self, source: Part, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """A label for either end of an edge."""
        edges = _pairs_of(map_rows(root, source, PAIR_ROWS))
        rows = np.empty(2 * len(edges), LABEL_ROWS)
        rows["number"], rows["cluster"] = edges.reshape(-1), np.repeat(edges[:, 1], 2)
        yield rows

    def __call__(self, task: Task[RunGroup], entries: bytes = b"") -> Outcome[LabelFacts]:
        """One label a document; `CorpusloomError` (5) where one has two."""
        labels = np.unique(unpack(entries, LABEL_ROWS))
        # Sorted by number: two labels of one document are neighbours. Its star is none yet.
        several = int((labels["number"][1:] == labels["number"][:-1]).sum())
        if several:
            raise CorpusloomError(
                f"clusters: {several:,} documents of {task.unit.label} are not joined after the last round: a chain of "
                "pairs is longer than the rounds can follow; give more with --memory-mb, since documents in company "
                f"that fit into one worker, {UNION_BYTES} bytes each, are joined without rounds",
                ExitCode.MACHINE,
            )
        part = write_rows(task, "labels", labels)
        own = int((labels["number"] == labels["cluster"]).sum())
        return Outcome((part,), Counts(len(labels), len(labels)), LabelFacts(part, own))


def labels_of(labels: Sequence[LabelFacts], place: int) -> Part:
    """The labels of the run at `place`: its own, or the one part of all."""
    # `JoinPairs` is one task, `LabelRuns` one per run. With a single run both are the same.
    return labels[place if len(labels) > 1 else 0].labels
