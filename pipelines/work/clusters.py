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
from corpus.files.identity import identity_digest, no_identity
from corpus.files.manifest import Counts, Part
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task
from pipelines.work.components import LABEL_ROWS, LabelFacts, labels_of
from pipelines.work.copies import ExactFacts, RunGroup, WideGroup, gone_rows, wide_groups
from pipelines.work.packing import by_group, by_hash, group_count, map_rows, rows_in, unpack, write_rows
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
    """A run, who of it left as a copy, the clusters of its documents (`labels` may have those of other runs too), and
    into how many groups they are cut.
    """

    run: SignedRun
    gone: Part
    labels: Part
    widths: Widths
    groups: int


@dataclass(frozen=True)
class MemberFacts:
    """What is said of the members of some clusters; `left_out` pairs of them were not compared."""

    members: Part
    left_out: int


@dataclass(frozen=True)
class Members:
    """The members of a group of clusters."""

    rows: Part
    widths: Widths


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
class AskClusters(ShuffleWork[LabelledRun, WideGroup, MemberFacts]):
    """The work on the clusters that fall into one group."""

    config: MinHash
    group_bytes: int = no_identity()

    def _groups(self, signed: Sequence[SignatureFacts], labels: Sequence[LabelFacts]) -> int:
        row_bytes = cluster_rows(widths_of(signed), self.config).itemsize
        return group_count(rows_in([facts.labels for facts in labels]), row_bytes, self.group_bytes)

    def units(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], labels: Sequence[LabelFacts]
    ) -> Iterator[WideGroup]:
        """The groups, as the plan of the stage."""
        widths, groups = widths_of(signed), self._groups(signed, labels)
        rows = rows_in([facts.labels for facts in labels])
        return wide_groups(widths, groups, rows, "clusters", runs_of(signed), exact, labels)

    def pieces(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], labels: Sequence[LabelFacts]
    ) -> Iterator[LabelledRun]:
        """A piece for each run."""
        groups, widths = self._groups(signed, labels), widths_of(signed)
        for place, (run, facts) in enumerate(zip(runs_of(signed), exact, strict=True)):
            yield LabelledRun(run, facts.gone, labels_of(labels, place), widths, groups)

    def cut(self, piece: LabelledRun, root: Path) -> Iterator[tuple[int, bytes]]:
        """The members of clusters, by cluster."""
        labels = map_rows(root, piece.labels, LABEL_ROWS)
        ends = np.searchsorted(labels["number"], np.array([piece.run.number, piece.run.number + 1]) << ROW_BITS)
        labels = labels[slice(*ends.tolist())]
        gone = np.isin(labels["number"], map_rows(root, piece.gone, gone_rows(piece.widths))["number"])
        dtype = cluster_rows(piece.widths, self.config)
        columns = {"cluster": labels["cluster"], "gone": gone}
        for rows in read_with(root, piece.run, dtype, labels["number"], **columns):
            yield from by_hash(rows, rows["cluster"], piece.groups)

    def __call__(self, task: Task[WideGroup], entries: bytes = b"") -> Outcome[MemberFacts]:
        """Each member gets the name of its cluster; who leaves gets the name of the one that stays."""
        rows = unpack(entries, cluster_rows(task.unit.widths, self.config))
        order = preferred(rows, rows["cluster"])
        starts = group_starts(rows["cluster"][order])
        members = np.zeros(len(rows), member_rows(task.unit.widths))
        members["number"] = rows["number"][order]
        members["cluster_id"] = np.repeat(rows["id"][order[starts[:-1]]], np.diff(starts))
        staying = np.flatnonzero(~rows["gone"][order])
        asked = order[staying]
        found = compare(Groups(rows, asked, group_starts(rows["cluster"][asked])), self.config)
        leaving = np.flatnonzero(found.leader >= 0)
        members["same"][staying[leaving]] = found.same[leaving]
        members["other_id"][staying[leaving]] = rows["id"][asked[found.leader[leaving]]]
        part = write_rows(task, "members", members)
        return Outcome((part,), Counts(len(rows), len(rows)), MemberFacts(part, found.left_out))


@dataclass(frozen=True)
class DecideDuplicates(ShuffleWork[Members, DecidedRun, DecidedFacts]):
    """The work on a run: the verdicts on its documents."""

    config: MinHash

    def pieces(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], near: Sequence[MemberFacts]
    ) -> Iterator[Members]:
        """A piece for each group of clusters."""
        widths = widths_of(signed)
        return (Members(facts.members, widths) for facts in near)

    def cut(self, piece: Members, root: Path) -> Iterator[tuple[int, bytes]]:
        """What is said of members, by run."""
        rows = map_rows(root, piece.rows, member_rows(piece.widths))
        return by_group(rows, rows["number"] >> ROW_BITS)

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
        cluster, other = documents["id"].copy(), np.zeros(len(documents), documents["id"].dtype)
        rule, same = np.zeros(len(documents), np.int8), np.zeros(len(documents), np.int32)
        member = np.searchsorted(documents["number"], members["number"])
        cluster[member], other[member], same[member] = members["cluster_id"], members["other_id"], members["same"]
        rule[member[members["same"] > 0]] = len(RULES) + 1
        copy = np.searchsorted(documents["number"], gone["number"])
        rule[copy], other[copy] = gone["rule"] + 1, gone["leader_id"]
        names = pa.array(["", *(f"duplicates.{name}" for name in (*RULES, "near"))])
        return verdict_table(
            len(documents),
            rule=names.take(pa.array(rule)),
            value=pa.array(same / self.config.minima, mask=rule != len(RULES) + 1),
            other_id=_strings(other),
            cluster=_strings(cluster),
        )


def _strings(values: np.ndarray) -> pa.Array:
    return pa.array(values.tolist(), pa.binary()).cast(pa.string())


def decided_runs(
    signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], near: Sequence[MemberFacts]
) -> Iterator[DecidedRun]:
    """A unit for each run."""
    widths, inputs = widths_of(signed), identity_digest([facts.members for facts in near])
    for run, facts in zip(runs_of(signed), exact, strict=True):
        yield DecidedRun(run, widths, inputs, facts.gone)
