"""Verified pairs → clusters → verdicts.

    exact, pairs → clusters → near → duplicates

`clusters` connects: it is one unit, of about 60 bytes a pair, whose result is by number, so that every run finds its
own. `near` brings the members of each cluster together, names it after the best of them, and asks who stays. The last
stage brings that back to the runs and writes the verdicts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.dedup.clusters import Groups, compare, components, group_starts
from corpus.dedup.exact import RULES, preferred
from corpus.dedup.minhash import MinHash
from corpus.files.identity import identity_digest, no_identity
from corpus.files.manifest import Counts, Part
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task
from pipelines.work.candidates import PAIR_ROWS, PairFacts, SetGroup
from pipelines.work.copies import ExactFacts, gone_rows
from pipelines.work.packing import by_group, by_hash, group_count, hash_groups, map_rows, unpacked, write_rows
from pipelines.work.signatures import (
    ROW_BITS,
    SignatureFacts,
    SignedRun,
    Widths,
    rank_fields,
    read_run,
    read_some,
    runs_of,
    widths_of,
)
from pipelines.work.verdicts import DecidedFacts, aligned, verdict_table, write_verdicts

LABEL_ROWS = np.dtype([("number", "<i8"), ("cluster", "<i8")])


@dataclass(frozen=True)
class AllPairs:
    """All pairs: of copies, and of documents that are alike."""

    gone: tuple[Part, ...]
    pairs: tuple[Part, ...]
    widths: Widths
    label: str = "all pairs"

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return sum(part.rows for part in (*self.gone, *self.pairs)) + 1


@dataclass(frozen=True)
class LabelFacts:
    """The cluster of each document that has company, by number; `clusters` is how many."""

    labels: Part
    clusters: int


@dataclass(frozen=True)
class LabelledRun:
    """A run, who of it left as a copy, the clusters of all documents, and into how many groups they are cut."""

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
class DecidedRun:
    """A run, and who of it left as a copy. `inputs` is the digest of what is said of all clusters."""

    run: SignedRun
    gone: Part
    widths: Widths
    inputs: str

    @property
    def group(self) -> int:
        """The number of the run."""
        return self.run.number

    @property
    def label(self) -> str:
        """The number of the run."""
        return f"run {self.run.number}"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.run.rows + 1


def cluster_rows(widths: Widths, config: MinHash) -> np.dtype:
    """A document as a member of a cluster; a copy (`gone`) has no signature here."""
    signature = ("signature", "<u4", (config.minima,))
    return np.dtype([("cluster", "<i8"), ("gone", "?"), *rank_fields(widths), signature])


def member_rows(widths: Widths) -> np.dtype:
    """What is said of a member: the name of its cluster, and for whom it leaves with how many equal minima."""
    names = [(name, f"S{widths.id}") for name in ("cluster_id", "other_id")]
    return np.dtype([("number", "<i8"), ("same", "<i4"), *names])


def all_pairs(
    signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], pairs: Sequence[PairFacts]
) -> Iterator[AllPairs]:
    """One unit."""
    gone, found = tuple(facts.gone for facts in exact), tuple(facts.pairs for facts in pairs)
    yield AllPairs(gone, found, widths_of(signed))


@dataclass(frozen=True)
class JoinPairs:
    """The work on all pairs."""

    def __call__(self, task: Task[AllPairs]) -> Outcome[LabelFacts]:
        """The connected components."""
        unit = task.unit
        found = [np.zeros((0, 2), np.int64)]
        for part in unit.gone:
            rows = map_rows(task.root, part, gone_rows(unit.widths))
            found.append(np.stack([rows["leader"], rows["number"]], 1))
        for part in unit.pairs:
            rows = map_rows(task.root, part, PAIR_ROWS)
            found.append(np.stack([rows["one"], rows["other"]], 1))
        nodes, least = components(np.concatenate(found))
        labels = np.empty(len(nodes), LABEL_ROWS)
        labels["number"], labels["cluster"] = nodes, least
        part = write_rows(task, "labels", labels)
        return Outcome((part,), Counts(unit.size, unit.size), LabelFacts(part, len(np.unique(least))))


@dataclass(frozen=True)
class AskClusters(ShuffleWork[LabelledRun, SetGroup, MemberFacts]):
    """The work on the clusters that fall into one group."""

    config: MinHash
    group_bytes: int = no_identity()

    def _groups(self, signed: Sequence[SignatureFacts], labels: Sequence[LabelFacts]) -> int:
        row_bytes = cluster_rows(widths_of(signed), self.config).itemsize
        return group_count(labels[0].labels.rows, row_bytes, self.group_bytes)

    def units(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], labels: Sequence[LabelFacts]
    ) -> Iterator[SetGroup]:
        """The groups, as the plan of the stage."""
        widths, groups = widths_of(signed), self._groups(signed, labels)
        units = hash_groups(groups, labels[0].labels.rows, "clusters", runs_of(signed), exact, labels)
        return (SetGroup(unit.group, widths, unit) for unit in units)

    @property
    def pieces(self) -> Callable[..., Iterator[LabelledRun]]:
        """A piece for each run."""
        return self._pieces

    def _pieces(
        self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], labels: Sequence[LabelFacts]
    ) -> Iterator[LabelledRun]:
        groups, widths = self._groups(signed, labels), widths_of(signed)
        for run, facts in zip(runs_of(signed), exact, strict=True):
            yield LabelledRun(run, facts.gone, labels[0].labels, widths, groups)

    def cut(self, piece: LabelledRun, root: Path) -> Iterator[tuple[int, bytes]]:
        """The members of clusters, by cluster."""
        labels = map_rows(root, piece.labels, LABEL_ROWS)
        ends = np.searchsorted(labels["number"], np.array([piece.run.number, piece.run.number + 1]) << ROW_BITS)
        labels = labels[slice(*ends.tolist())]
        gone = np.isin(labels["number"], map_rows(root, piece.gone, gone_rows(piece.widths))["number"])
        dtype = cluster_rows(piece.widths, self.config)
        for places, documents in read_some(root, piece.run, np.dtype(dtype.descr[2:]), labels["number"]):
            rows = np.empty(len(places), dtype)
            for name in documents.dtype.names or ():
                rows[name] = documents[name]
            rows["cluster"], rows["gone"] = labels["cluster"][places], gone[places]
            yield from by_hash(rows, rows["cluster"], piece.groups)

    def __call__(self, task: Task[SetGroup], entries: bytes = b"") -> Outcome[MemberFacts]:
        """Each member gets the name of its cluster; who leaves gets the name of the one that stays."""
        rows = unpacked(entries, cluster_rows(task.unit.widths, self.config))
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

    @property
    def pieces(self) -> Callable[..., Iterator[Members]]:
        """A piece for each group of clusters."""
        return _member_pieces

    def cut(self, piece: Members, root: Path) -> Iterator[tuple[int, bytes]]:
        """What is said of members, by run."""
        rows = map_rows(root, piece.rows, member_rows(piece.widths))
        return by_group(rows, rows["number"] >> ROW_BITS)

    def __call__(self, task: Task[DecidedRun], entries: bytes = b"") -> Outcome[DecidedFacts]:
        """Every document gets its cluster, and a verdict if it leaves; in the order of the parts."""
        unit = task.unit
        members = unpacked(entries, member_rows(unit.widths))
        members = members[np.argsort(members["number"])]
        gone = map_rows(task.root, unit.gone, gone_rows(unit.widths))
        documents = read_run(task.root, unit.run, np.dtype(rank_fields(unit.widths)))
        table = self._verdicts(documents, gone, members)
        rows = documents["number"] - (unit.run.number << ROW_BITS)
        whole = aligned(table, rows, sum(unit.run.documents))
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


def _member_pieces(
    signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], near: Sequence[MemberFacts]
) -> Iterator[Members]:
    widths = widths_of(signed)
    return (Members(facts.members, widths) for facts in near)


def decided_runs(
    signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts], near: Sequence[MemberFacts]
) -> Iterator[DecidedRun]:
    """A unit for each run."""
    widths, inputs = widths_of(signed), identity_digest([facts.members for facts in near])
    for run, facts in zip(runs_of(signed), exact, strict=True):
        yield DecidedRun(run, facts.gone, widths, inputs)
