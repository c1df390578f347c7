"""Documents that share a band → verified pairs, grouped twice by hash and once by run.

    signatures, exact → bands → requests → pairs

`bands` groups (band, document), 16 bytes each, and finds buckets: sets of documents with an equal band. `requests`
tells each run which of its documents are asked for by which set; a set found in several bands has one key and is asked
for once. `pairs` sends those signatures, and no others, to their sets, and compares: nobody maps the signatures of all.

A bucket holds at most `CROWD` documents: a larger one is cut by document number, each piece with the first document of
the whole, so that copies stay connected. Pairs across the pieces are not compared, and are counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.dedup.clusters import Groups, compare, group_starts
from corpus.dedup.exact import preferred, shared
from corpus.dedup.minhash import MinHash, band_hashes, has_words, mixed
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task
from pipelines.work.copies import ExactFacts, RunGroup, WideGroup, gone_rows, run_groups, wide_groups
from pipelines.work.packing import (
    HashGroup,
    by_group,
    by_hash,
    group_count,
    hash_groups,
    map_rows,
    rows_in,
    unpack,
    write_rows,
)
from pipelines.work.signatures import (
    ROW_BITS,
    SignatureFacts,
    SignedRun,
    Widths,
    rank_fields,
    read_parts,
    read_with,
    runs_of,
    signature_column,
    widths_of,
)

CROWD = 32_768
BAND_ROWS = np.dtype([("hash", "<i8"), ("number", "<i8")])
ASKED_ROWS = np.dtype([("number", "<i8"), ("key", "<i8")])
PAIR_ROWS = np.dtype([("one", "<i8"), ("other", "<i8")])


@dataclass(frozen=True)
class StayingRun:
    """A run, who of it left as an exact copy, and into how many groups its bands are cut."""

    run: SignedRun
    gone: Part
    widths: Widths
    groups: int


@dataclass(frozen=True)
class BucketFacts:
    """Who is asked for by which set. `left_out` pairs of crowded buckets belong to no set; `largest` is a bucket."""

    asked: Part
    left_out: int
    largest: int


@dataclass(frozen=True)
class AskedFacts:
    """The documents of a run that are asked for, by number and key."""

    asked: Part


@dataclass(frozen=True)
class AskedRun:
    """A run, who of it is asked for, and into how many groups of sets that is cut."""

    run: SignedRun
    asked: Part
    widths: Widths
    groups: int


@dataclass(frozen=True)
class PairFacts:
    """Verified pairs, enough to connect all that were found; `left_out` pairs of documents were not compared."""

    pairs: Part
    left_out: int


def set_rows(widths: Widths, config: MinHash, *more: tuple[str, str]) -> np.dtype:
    """A document as a member of the set `key`; `more` are further fields of its signature's row."""
    return np.dtype([("key", "<i8"), *rank_fields(widths), *more, ("signature", "<u4", (config.minima,))])


@dataclass(frozen=True)
class FindBuckets(ShuffleWork[StayingRun, HashGroup, BucketFacts]):
    """The work on the bands whose values fall into one group."""

    config: MinHash
    group_bytes: int = no_identity()

    def _groups(self, signed: Sequence[SignatureFacts]) -> int:
        rows = rows_in([facts.signatures for facts in signed])
        return group_count(rows * self.config.bands, BAND_ROWS.itemsize, self.group_bytes)

    def units(self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts]) -> Iterator[HashGroup]:
        """The groups, as the plan of the stage."""
        rows = rows_in([facts.signatures for facts in signed]) * self.config.bands
        return hash_groups(self._groups(signed), rows, "bands", runs_of(signed), exact)

    def pieces(self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts]) -> Iterator[StayingRun]:
        """A piece for each run."""
        groups, widths = self._groups(signed), widths_of(signed)
        for run, facts in zip(runs_of(signed), exact, strict=True):
            yield StayingRun(run, facts.gone, widths, groups)

    def cut(self, piece: StayingRun, root: Path) -> Iterator[tuple[int, bytes]]:
        """The bands of the documents that are left and have words, a part of the run at a time."""
        gone = map_rows(root, piece.gone, gone_rows(piece.widths))["number"]
        for rows in band_entries(root, piece.run, self.config, gone):
            yield from by_hash(rows, rows["hash"], piece.groups)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[BucketFacts]:
        """The members of all buckets, by the key of their set."""
        found = unpack(entries, BAND_ROWS)
        some = found[shared(found["hash"])]
        order = np.lexsort((some["number"], some["hash"]))
        starts = group_starts(some["hash"][order])
        asked, left_out = sets_of(some["number"][order], starts)
        part = write_rows(task, "asked", asked)
        largest = int(np.diff(starts).max(initial=min(len(found), 1)))
        return Outcome((part,), Counts(len(found), len(found)), BucketFacts(part, left_out, largest))


def band_entries(root: Path, run: SignedRun, config: MinHash, gone: np.ndarray) -> Iterator[np.ndarray]:
    """The `BAND_ROWS` of the documents of a run that have words, without those with the numbers `gone`."""
    numbers = read_parts(root, run, np.dtype([("number", "<i8")]))
    for part, documents in zip(run.signatures, numbers, strict=True):
        signed = signature_column(map_arrow(root / part.path), config.minima, root / part.path)
        some = np.flatnonzero(~np.isin(documents["number"], gone) & has_words(signed))
        entries = np.empty((len(some), config.bands), BAND_ROWS)
        entries["hash"] = band_hashes(signed[some], config)
        entries["number"] = documents["number"][some][:, None]
        yield entries.reshape(-1)


def sets_of(numbers: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, int]:
    """Buckets `starts` of sorted `numbers` → (document, key of a set) for sets of two and more, and pairs left out."""
    bucket = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    place = np.arange(len(numbers)) - starts[bucket]
    piece = place // CROWD
    heads = np.flatnonzero((place % CROWD == 0) & (piece > 0))
    # The first document of a bucket belongs to all of its pieces.
    pieces = np.r_[group_starts(bucket, piece)[:-1], len(numbers)] if len(numbers) else np.zeros(1, int)
    label = np.repeat(np.arange(len(pieces) - 1), np.diff(pieces))
    members = np.r_[numbers, numbers[starts[bucket[heads]]]]
    labels = np.r_[label, label[heads]]
    keys = np.zeros(len(pieces) - 1, np.uint64)
    np.add.at(keys, labels, mixed(members.astype(np.uint64)))
    sizes = np.bincount(labels, minlength=len(keys))
    some = sizes[labels] > 1
    asked = np.empty(int(some.sum()), ASKED_ROWS)
    asked["number"], asked["key"] = members[some], mixed(keys).view(np.int64)[labels[some]]
    left_out = _pairs(np.diff(starts)) - _pairs(sizes)
    return np.unique(asked), int(max(left_out, 0))


def _pairs(sizes: np.ndarray) -> int:
    return int((sizes.astype(object) * (sizes.astype(object) - 1) // 2).sum()) if len(sizes) else 0


@dataclass(frozen=True)
class AskRuns(ShuffleWork[Part, RunGroup, AskedFacts]):
    """The work on a run: who of it is asked for."""

    def pieces(self, *facts: Sequence[Any]) -> Iterator[Part]:
        """A piece for each group of bands."""
        buckets: Sequence[BucketFacts] = facts[-1]
        return (each.asked for each in buckets)

    def cut(self, piece: Part, root: Path) -> Iterator[tuple[int, bytes]]:
        """Requests by run."""
        rows = map_rows(root, piece, ASKED_ROWS)
        return by_group(rows, rows["number"] >> ROW_BITS)

    def __call__(self, task: Task[RunGroup], entries: bytes = b"") -> Outcome[AskedFacts]:
        """Each request once."""
        asked = np.unique(unpack(entries, ASKED_ROWS))
        part = write_rows(task, "asked", asked)
        return Outcome((part,), Counts(len(asked), len(asked)), AskedFacts(part))


def asked_groups(signed: Sequence[SignatureFacts], buckets: Sequence[BucketFacts]) -> Iterator[RunGroup]:
    """A unit for each run."""
    return run_groups(signed, [facts.asked for facts in buckets])


def asked_rows(piece: AskedRun, root: Path, dtype: np.dtype) -> Iterator[tuple[int, bytes]]:
    """(group, packed rows of the kind of `set_rows`) of those of a run who are asked for."""
    asked = map_rows(root, piece.asked, ASKED_ROWS)
    for rows in read_with(root, piece.run, dtype, asked["number"], key=asked["key"]):
        yield from by_hash(rows, rows["key"], piece.groups)


@dataclass(frozen=True)
class ComparePairs(ShuffleWork[AskedRun, WideGroup, PairFacts]):
    """The work on the sets that fall into one group."""

    config: MinHash
    group_bytes: int = no_identity()

    def _groups(self, signed: Sequence[SignatureFacts], asked: Sequence[AskedFacts]) -> int:
        rows = rows_in([facts.asked for facts in asked])
        return group_count(rows, set_rows(widths_of(signed), self.config).itemsize, self.group_bytes)

    def units(self, signed: Sequence[SignatureFacts], asked: Sequence[AskedFacts]) -> Iterator[WideGroup]:
        """The groups, as the plan of the stage."""
        widths, rows = widths_of(signed), rows_in([facts.asked for facts in asked])
        return wide_groups(widths, self._groups(signed, asked), rows, "sets", runs_of(signed), asked)

    def pieces(self, signed: Sequence[SignatureFacts], asked: Sequence[AskedFacts]) -> Iterator[AskedRun]:
        """A piece for each run."""
        groups, widths = self._groups(signed, asked), widths_of(signed)
        for run, facts in zip(runs_of(signed), asked, strict=True):
            yield AskedRun(run, facts.asked, widths, groups)

    def cut(self, piece: AskedRun, root: Path) -> Iterator[tuple[int, bytes]]:
        """The documents that are asked for, with their signatures, by set."""
        return asked_rows(piece, root, set_rows(piece.widths, self.config))

    def __call__(self, task: Task[WideGroup], entries: bytes = b"") -> Outcome[PairFacts]:
        """Who of a set resembles whom."""
        rows = unpack(entries, set_rows(task.unit.widths, self.config))
        order = preferred(rows, rows["key"])
        found = compare(Groups(rows, order, group_starts(rows["key"][order])), self.config)
        joined = np.flatnonzero(found.cluster != np.arange(len(order)))
        pairs = np.empty(len(joined), PAIR_ROWS)
        pairs["one"], pairs["other"] = rows["number"][order[found.cluster[joined]]], rows["number"][order[joined]]
        part = write_rows(task, "pairs", np.unique(pairs))
        return Outcome((part,), Counts(len(rows), len(rows)), PairFacts(part, found.left_out))
