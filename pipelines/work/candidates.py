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
from corpus.dedup.minhash import MinHash, band_hashes, has_words
from corpus.files.manifest import Counts, Part, map_arrow
from corpus.splitmix import mixed
from pipelines.runtime.task import F, Outcome, Task
from pipelines.work.copies import ExactFacts, gone_rows
from pipelines.work.grouping import HashGroup, HashWork, RunGroup, RunWork, Spread
from pipelines.work.packing import map_rows, rows_in, unpack, write_rows
from pipelines.work.signatures import (
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

# At some 550 bytes a member with its signature, a set of so many is 17 MB: about what a group holds (`GROUP_BYTES`).
CROWD = 32_768
BAND_ROWS = np.dtype([("hash", "<i8"), ("number", "<i8")])  # the value of a band, and a document that has it
ASKED_ROWS = np.dtype([("number", "<i8"), ("key", "<i8")])  # a document, and the set that asks for it
PAIR_ROWS = np.dtype([("one", "<i8"), ("other", "<i8")])  # numbers of two documents that are alike


@dataclass(frozen=True)
class StayingRun:
    """A run, and who of it left as an exact copy."""

    run: SignedRun
    gone: Part | None


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
    """A run, and who of it is asked for."""

    run: SignedRun
    asked: Part


@dataclass(frozen=True)
class PairFacts:
    """Verified pairs, enough to connect all that were found; `left_out` pairs of documents were not compared."""

    pairs: Part
    left_out: int


def set_rows(widths: Widths, config: MinHash, *more: tuple[str, str]) -> np.dtype:
    """A document as a member of the set `key`; `more` are further fields of its signature's row."""
    return np.dtype([("key", "<i8"), *rank_fields(widths), *more, ("signature", "<u4", (config.minima,))])


@dataclass(frozen=True)
class GroupBands(HashWork[StayingRun, HashGroup, BucketFacts]):
    """Work on the bands whose values fall into one group."""

    config: MinHash
    key = "hash"

    def dtype(self, widths: Widths) -> np.dtype:
        """A band of a document."""
        return BAND_ROWS

    def read(self, source: StayingRun, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The bands of the documents that are left and have words, a part of the run at a time."""
        gone = map_rows(root, source.gone, gone_rows(widths))["number"] if source.gone else ()
        numbers = read_parts(root, source.run, np.dtype([("number", "<i8")]))
        for part, documents in zip(source.run.signatures, numbers, strict=True):
            signed = signature_column(map_arrow(root / part.path), self.config.minima, root / part.path)
            some = np.flatnonzero(~np.isin(documents["number"], gone) & has_words(signed))
            # [documents, bands] rows; the number of a document stands beside each of its bands.
            entries = np.empty((len(some), self.config.bands), BAND_ROWS)
            entries["hash"] = band_hashes(signed[some], self.config)
            entries["number"] = documents["number"][some][:, None]
            yield entries.reshape(-1)


@dataclass(frozen=True)
class FindBuckets(GroupBands):
    """The work on the bands whose values fall into one group: all buckets."""

    def spread(self, signed: Sequence[SignatureFacts], exact: Sequence[ExactFacts]) -> Spread[StayingRun]:
        """All runs."""
        runs = [StayingRun(run, facts.gone) for run, facts in zip(runs_of(signed), exact, strict=True)]
        rows = rows_in([facts.signatures for facts in signed]) * self.config.bands
        return Spread(runs, rows, widths_of(signed))

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[BucketFacts]:
        """The members of all buckets, by the key of their set."""
        found = unpack(entries, BAND_ROWS)
        # Most values occur once: only those that do not are sorted.
        some = found[shared(found["hash"])]
        order = np.lexsort((some["number"], some["hash"]))
        starts = group_starts(some["hash"][order])
        asked, left_out = sets_of(some["number"][order], starts)
        part = write_rows(task, "asked", asked)
        largest = int(np.diff(starts).max(initial=min(len(found), 1)))
        return Outcome((part,), Counts(len(found), len(found)), BucketFacts(part, left_out, largest))


def sets_of(numbers: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, int]:
    """Buckets `starts` of sorted `numbers` → (document, key of a set) for sets of two and more, and pairs left out."""
    # With `CROWD` 2, the buckets 1 2 3 4 5 and 7:
    # numbers   1  2  3  4  5  7
    # bucket    0  0  0  0  0  1      place   0  1  2  3  4  0      piece   0  0  1  1  2  0
    # sets 1 2, 3 4 1 and 5 1; 7 is alone and asks nobody. Of 10 pairs 1 + 3 + 1 are compared, 5 are left out.
    bucket = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    place = np.arange(len(numbers)) - starts[bucket]
    piece = place // CROWD
    heads = np.flatnonzero((place % CROWD == 0) & (piece > 0))
    # The first document of a bucket belongs to all of its pieces.
    pieces = np.r_[group_starts(bucket, piece)[:-1], len(numbers)] if len(numbers) else np.zeros(1, int)
    label = np.repeat(np.arange(len(pieces) - 1), np.diff(pieces))
    members = np.r_[numbers, numbers[starts[bucket[heads]]]]
    labels = np.r_[label, label[heads]]
    # A sum does not know the order of its members: a set that is found by several bands has one key. It may run over,
    # which unsigned numbers do in silence. `add.at`, as += with repeated labels would add one of them.
    keys = np.zeros(len(pieces) - 1, np.uint64)
    np.add.at(keys, labels, mixed(members.astype(np.uint64)))
    sizes = np.bincount(labels, minlength=len(keys))
    some = sizes[labels] > 1
    asked = np.empty(int(some.sum()), ASKED_ROWS)
    asked["number"], asked["key"] = members[some], mixed(keys).view(np.int64)[labels[some]]
    left_out = _pairs(np.diff(starts)) - _pairs(sizes)
    return np.unique(asked), int(max(left_out, 0))


def _pairs(sizes: np.ndarray) -> int:
    # In Python's numbers: int64 would run over from three billion equal documents on.
    return int((sizes.astype(object) * (sizes.astype(object) - 1) // 2).sum()) if len(sizes) else 0


@dataclass(frozen=True)
class AskRuns(RunWork[RunGroup, AskedFacts]):
    """The work on a run: who of it is asked for."""

    def dtype(self, widths: Widths) -> np.dtype:
        """A document as a member of the set `key`."""
        return ASKED_ROWS

    def spread(self, *facts: Sequence[Any]) -> Spread[Part]:
        """The requests of all groups of bands."""
        buckets: Sequence[BucketFacts] = facts[-1]
        return Spread([each.asked for each in buckets])

    def __call__(self, task: Task[RunGroup], entries: bytes = b"") -> Outcome[AskedFacts]:
        """Each request once."""
        # By number, then key: rows are compared field after field. Two bands of one set ask twice.
        asked = np.unique(unpack(entries, ASKED_ROWS))
        part = write_rows(task, "asked", asked)
        return Outcome((part,), Counts(len(asked), len(asked)), AskedFacts(part))


@dataclass(frozen=True)
class CompareSets(HashWork[AskedRun, HashGroup, F]):
    """Work on the sets that fall into one group: their members come together with their signatures."""

    config: MinHash
    key = "key"

    def dtype(self, widths: Widths) -> np.dtype:
        """A document as a member of the set `key`."""
        return set_rows(widths, self.config)

    def of_runs(
        self, runs: Sequence[SignedRun], asked: Sequence[AskedFacts], *signed: Sequence[SignatureFacts]
    ) -> Spread[AskedRun]:
        """Those of the runs who are asked for."""
        parts = [facts.asked for facts in asked]
        sources = [AskedRun(run, part) for run, part in zip(runs, parts, strict=True)]
        return Spread(sources, rows_in(parts), widths_of(*signed))

    def read(self, source: AskedRun, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The documents that are asked for, with their signatures."""
        asked = map_rows(root, source.asked, ASKED_ROWS)
        return read_with(root, source.run, self.dtype(widths), asked["number"], key=asked["key"])


@dataclass(frozen=True)
class ComparePairs(CompareSets[PairFacts]):
    """The work on the sets that fall into one group: who resembles whom."""

    def spread(self, signed: Sequence[SignatureFacts], asked: Sequence[AskedFacts]) -> Spread[AskedRun]:
        """Those of all runs who are asked for."""
        return self.of_runs(runs_of(signed), asked, signed)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[PairFacts]:
        """Who of a set resembles whom."""
        rows = unpack(entries, self.dtype(task.unit.widths))
        order = preferred(rows, rows["key"])
        found = compare(Groups(rows, order, group_starts(rows["key"][order])), self.config)
        # cluster[place] is the place of the first of its cluster in
        # the set; whoever has another place than his own joins it.
        joined = np.flatnonzero(found.cluster != np.arange(len(order)))
        pairs = np.empty(len(joined), PAIR_ROWS)
        pairs["one"], pairs["other"] = rows["number"][order[found.cluster[joined]]], rows["number"][order[joined]]
        part = write_rows(task, "pairs", np.unique(pairs))
        return Outcome((part,), Counts(len(rows), len(rows)), PairFacts(part, found.left_out))
