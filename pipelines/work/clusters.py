"""Clusters → verdicts.

    clusters → near → duplicates

`pipelines.work.components` says which document is in which cluster. `near` brings the members of each cluster together,
names it after the best of them, and asks who stays. The last stage brings that back to the runs, as verdicts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.dedup.clusters import Groups, compare, group_starts
from corpus.dedup.exact import RULES, preferred
from corpus.dedup.minhash import MinHash
from corpus.files.manifest import Counts, Part
from pipelines.runtime.task import Outcome, Task
from pipelines.work.components import LABEL_ROWS, LabelFacts, labels_of
from pipelines.work.copies import ExactFacts, gone_rows
from pipelines.work.grouping import HashGroup, HashWork, RunGroup, RunWork, Spread
from pipelines.work.packing import map_rows, rows_in, unpack, write_rows
from pipelines.work.signatures import (
    ROW_BITS,
    SignatureFacts,
    SignedRun,
    Widths,
    rank_fields,
    read_run,
    read_with,
    runs_of,
    widths_of,
)
from pipelines.work.verdicts import DecidedFacts, align, verdict_table, write_verdicts


@dataclass(frozen=True)
class LabelledRun:
    """A run, who of it left as a copy, and the clusters of its documents; `labels` may have more."""

    run: SignedRun
    gone: Part
    labels: Part


@dataclass(frozen=True)
class MemberFacts:
    """What is said of the members of some clusters; `left_out` pairs of them were not compared."""

    members: Part
    left_out: int


@dataclass(frozen=True)
class DecidedRun(RunGroup):
    """A run, and who of it left as a copy; `inputs` is the digest of what is said of all clusters."""

    gone: Part


def cluster_rows(widths: Widths, config: MinHash) -> np.dtype:
    """A document as a member of a cluster; a copy (`gone`) has no signature here."""
    signature = ("signature", "<u4", (config.minima,))
    return np.dtype([("cluster", "<i8"), ("gone", "?"), *rank_fields(widths), signature])


def member_rows(widths: Widths) -> np.dtype:
    """What is said of a member: the name of its cluster, and for whom it leaves with how many equal minima."""
    names = [(name, f"S{widths.id}") for name in ("cluster_id", "other_id")]
    return np.dtype([("number", "<i8"), ("same", "<i4"), *names])


@dataclass(frozen=True)
class AskClusters(HashWork[LabelledRun, HashGroup, MemberFacts]):
    """The work on the clusters that fall into one group."""

    config: MinHash
    key = "cluster"

    def dtype(self, widths: Widths) -> np.dtype:
        """A document as a member of a cluster."""
        return cluster_rows(widths, self.config)

    def spread(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], labels: Sequence[LabelFacts]
    ) -> Spread[LabelledRun]:
        """All runs."""
        runs = enumerate(zip(runs_of(signed), exact, strict=True))
        sources = [LabelledRun(run, facts.gone, labels_of(labels, place)) for place, (run, facts) in runs]
        return Spread(sources, rows_in([facts.labels for facts in labels]), widths_of(signed))

    def read(self, source: LabelledRun, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The members of clusters."""
        labels = map_rows(root, source.labels, LABEL_ROWS)
        # Labels of all runs, sorted: those of run 3 lie from 3 · 2^32 to before 4 · 2^32.
        ends = np.searchsorted(labels["number"], np.array([source.run.number, source.run.number + 1]) << ROW_BITS)
        labels = labels[slice(*ends.tolist())]
        # Exact copies are members too: they get the name of the cluster, but are compared with nobody.
        gone = np.isin(labels["number"], map_rows(root, source.gone, gone_rows(widths))["number"])
        return read_with(root, source.run, self.dtype(widths), labels["number"], cluster=labels["cluster"], gone=gone)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[MemberFacts]:
        """Each member gets the name of its cluster; who leaves gets the name of the one that stays."""
        rows = unpack(entries, self.dtype(task.unit.widths))
        # By cluster, the best first: so the first of each gives
        # the cluster its name, and leaders stand before followers.
        order = preferred(rows, rows["cluster"])
        starts = group_starts(rows["cluster"][order])
        members = np.zeros(len(rows), member_rows(task.unit.widths))
        members["number"] = rows["number"][order]
        # Clusters of 3 and 2: starts 0 3 5; the id at place 0 three times, that at place 3 twice.
        members["cluster_id"] = np.repeat(rows["id"][order[starts[:-1]]], np.diff(starts))
        # Places among all members -> `asked`, rows to compare.
        # found.leader are places in `asked` again, -1 for who stays.
        staying = np.flatnonzero(~rows["gone"][order])
        asked = order[staying]
        found = compare(Groups(rows, asked, group_starts(rows["cluster"][asked])), self.config)
        leaving = np.flatnonzero(found.leader >= 0)
        members["same"][staying[leaving]] = found.same[leaving]
        members["other_id"][staying[leaving]] = rows["id"][asked[found.leader[leaving]]]
        part = write_rows(task, "members", members)
        return Outcome((part,), Counts(len(rows), len(rows)), MemberFacts(part, found.left_out))


@dataclass(frozen=True)
class DecideDuplicates(RunWork[DecidedRun, DecidedFacts]):
    """The work on a run: the verdicts on its documents."""

    config: MinHash

    def dtype(self, widths: Widths) -> np.dtype:
        """What is said of a member of a cluster."""
        return member_rows(widths)

    def spread(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], near: Sequence[MemberFacts]
    ) -> Spread[Part]:
        """What is said of the members of all groups of clusters."""
        return Spread([facts.members for facts in near], widths=widths_of(signed))

    def units(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], near: Sequence[MemberFacts]
    ) -> Iterator[DecidedRun]:
        """A unit for each run, with who of it left as a copy."""
        for unit, facts in zip(super().units(signed, exact, near), exact, strict=True):
            yield DecidedRun(unit.run, unit.widths, unit.inputs, facts.gone)

    def __call__(self, task: Task[DecidedRun], entries: bytes = b"") -> Outcome[DecidedFacts]:
        """Every document gets its cluster, and a verdict if it leaves; in the order of the parts."""
        unit = task.unit
        members = unpack(entries, member_rows(unit.widths))
        members = members[np.argsort(members["number"])]
        gone = map_rows(task.root, unit.gone, gone_rows(unit.widths))
        documents = read_run(task.root, unit.run, np.dtype(rank_fields(unit.widths)))
        table = self._verdicts(documents, gone, members)
        rows = documents["number"] - (unit.run.number << ROW_BITS)
        whole = align(table, rows, sum(unit.run.documents))
        run = write_verdicts(task.part("verdicts", ".arrow"), task.root, whole, unit.run.documents)
        left = int((members["same"] > 0).sum())
        came = len(documents) - len(gone)
        counts = Counts(came, came - left, left, 0, {"duplicates.near": left} if left else {})
        return Outcome((run.verdicts,), counts, DecidedFacts((run,)))

    def _verdicts(self, documents: np.ndarray, gone: np.ndarray, members: np.ndarray) -> pa.Table:
        """Verdicts on the signed documents of a run."""
        # Who is in no cluster is a cluster of his own, named after himself, and stays (rule 0).
        cluster, other = documents["id"].copy(), np.zeros(len(documents), documents["id"].dtype)
        rule, same = np.zeros(len(documents), np.int8), np.zeros(len(documents), np.int32)
        member = np.searchsorted(documents["number"], members["number"])
        cluster[member], other[member], same[member] = members["cluster_id"], members["other_id"], members["same"]
        # Numbers of rules: 0 stays, 1 … are `RULES` of exact copies,
        # the last is `near`; `names` has them in this order.
        rule[member[members["same"] > 0]] = len(RULES) + 1
        copy = np.searchsorted(documents["number"], gone["number"])
        rule[copy], other[copy] = gone["rule"] + 1, gone["leader_id"]
        names = pa.array(["", *(f"duplicates.{name}" for name in (*RULES, "near"))])
        return verdict_table(
            len(documents),
            rule=names.take(pa.array(rule)),
            # A similarity only where that decided; elsewhere null.
            value=pa.array(same / self.config.minima, mask=rule != len(RULES) + 1),
            other_id=_strings(other),
            cluster=_strings(cluster),
        )


def _strings(values: np.ndarray) -> pa.Array:
    return pa.array(values.tolist(), pa.binary()).cast(pa.string())
