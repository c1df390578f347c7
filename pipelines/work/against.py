"""Documents that are close to one of another, finished corpus leave this one: never the reverse, never along a chain.

    own, known → against_bands → against_requests → against_pairs → against

The stages are those of `pipelines.work.candidates` over two sides. A document of the other side has a number beyond all
of ours; a bucket matters when both sides are in it; leaders are those of the other side, so each document of ours is
compared with them and not with its like. It leaves for the one it resembles most (of equal ones: in the first corpus,
with the least id), whose id stands in its row.

Signatures of the other corpus are made once: their task is known by the digest of the part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from corpus.dedup.clusters import Groups, compare, group_starts
from corpus.dedup.minhash import MinHash
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, open_published
from corpus.files.storage import place
from pipelines.runtime.task import Outcome, Task
from pipelines.work.candidates import (
    CROWD,
    AskedFacts,
    AskedRun,
    AskRuns,
    BucketFacts,
    CompareSets,
    GroupBands,
    StayingRun,
    sets_of,
)
from pipelines.work.grouping import HashGroup, Spread
from pipelines.work.packing import rows_in, unpack, write_rows
from pipelines.work.signatures import ROW_BITS, SignatureFacts, SignedRun, Widths, runs_of, sign_file

# bits of a number    63: 0    62 … 52: 1 + corpus, 0 for ours    51 … 32: run    31 … 0: row
# So >> 32 >> 20 is 0 for ours and 1 + the corpus for others, of which there may be 2,047.
# The runs of the other corpora are numbered from here on, those of each in a range of this many.
OTHER_BITS = 20
OTHER_RUN = 1 << OTHER_BITS
_FIRST_OTHER = OTHER_RUN << ROW_BITS
# The rule of a match by similarity.
NEAR = 2


@dataclass(frozen=True)
class KnownPart:
    """A kept part of the other corpus with the number `corpus`."""

    corpus: int
    digest: str
    rows: int = no_identity()
    file: str = no_identity()

    @property
    def label(self) -> str:
        """Where it lies."""
        return self.file

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents it has."""
        return self.rows + 1


@dataclass(frozen=True)
class KnownFacts(SignatureFacts):
    """The signatures of a part of another corpus."""

    corpus: int


@dataclass(frozen=True)
class SignKnown:
    """The work on a part of another corpus."""

    config: MinHash

    def __call__(self, task: Task[KnownPart]) -> Outcome[KnownFacts]:
        """A row a document."""
        path = task.part("signatures", ".arrow")
        part, widths = sign_file(task, path, open_published(place(task.unit.file)), self.config)
        facts = KnownFacts(part, part.rows, widths.id, widths.date, task.unit.corpus)
        return Outcome((part,), Counts(part.rows, part.rows), facts)


def both_sides(own: Sequence[SignatureFacts], known: Sequence[KnownFacts]) -> list[SignedRun]:
    """All runs: ours, then those of each other corpus."""
    runs = runs_of(own)
    for corpus in sorted({facts.corpus for facts in known}):
        runs += runs_of([facts for facts in known if facts.corpus == corpus], OTHER_RUN * (1 + corpus))
    return runs


@dataclass(frozen=True)
class FindShared(GroupBands):
    """The work on the bands whose values fall into one group: buckets with documents of both sides."""

    def spread(self, own: Sequence[SignatureFacts], known: Sequence[KnownFacts]) -> Spread[StayingRun]:
        """All runs of both sides."""
        runs = [StayingRun(run, None) for run in both_sides(own, known)]
        return Spread(runs, rows_in([facts.signatures for facts in (*own, *known)]) * self.config.bands)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[BucketFacts]:
        """The members of all buckets with both sides, by the key of their set."""
        found = unpack(entries, self.dtype(task.unit.widths))
        order = np.lexsort((found["number"], found["hash"]))
        asked, left_out, largest = shared_sets(found["number"][order], group_starts(found["hash"][order]))
        part = write_rows(task, "asked", asked)
        return Outcome((part,), Counts(len(found), len(found)), BucketFacts(part, left_out, largest))


def shared_sets(numbers: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Buckets of sorted `numbers` → `ASKED_ROWS` of those with both sides, pairs left out, the size of the largest.

    Of a bucket beyond `CROWD`, pieces of ours meet the first of the others, half of `CROWD` each.
    """
    # Sorted numbers: a bucket has both sides if its first is one of ours and its last one of theirs.
    both = np.flatnonzero((numbers[starts[:-1]] < _FIRST_OTHER) & (numbers[starts[1:] - 1] >= _FIRST_OTHER))
    members, sizes, left_out, half = [np.zeros(0, np.int64)], list[int](), 0, CROWD // 2
    for start, stop in zip(starts[both].tolist(), starts[both + 1].tolist(), strict=True):
        bucket = numbers[start:stop]
        if stop - start <= CROWD:
            members.append(bucket)
            sizes.append(stop - start)
            continue
        # With `CROWD` 4, ours 1 2 3 and theirs A B C D E: the sets
        # 1 2 A B and 3 A B; 3 · (5 - 2) = 9 pairs are left out.
        ours, others = np.split(bucket, [np.searchsorted(bucket, _FIRST_OTHER)])
        left_out += len(ours) * max(len(others) - half, 0)
        for first in range(0, len(ours), half):
            members.append(np.concatenate([ours[first : first + half], others[:half]]))
            sizes.append(len(members[-1]))
    asked, _ = sets_of(np.concatenate(members), np.cumsum([0, *sizes]))
    return asked, left_out, int(np.diff(starts)[both].max(initial=0))


@dataclass(frozen=True)
class AskSides(AskRuns):
    """The work on a run of either side: who of it is asked for."""

    def runs(self, own: Sequence[SignatureFacts], known: Sequence[KnownFacts], buckets: object) -> list[SignedRun]:
        """All runs of both sides."""
        return both_sides(own, known)


def match_rows(widths: Widths) -> np.dtype:
    """A document of ours, the one of another corpus for which it leaves, and the number of their equal minima.

    `rule` 2 is that they are similar; the lesser ones are of `pipelines.work.earlier`.
    """
    fields = [("number", "<i8"), ("rule", "i1"), ("same", "<i4"), ("corpus", "<i4"), ("other_id", f"S{widths.id}")]
    return np.dtype(fields)


@dataclass(frozen=True)
class MatchFacts:
    """The matches of a group; `left_out` pairs of documents were not compared."""

    matches: Part
    left_out: int


@dataclass(frozen=True)
class CompareSides(CompareSets[MatchFacts]):
    """The work on the sets that fall into one group: whom of the others each document of ours resembles."""

    def spread(
        self, own: Sequence[SignatureFacts], known: Sequence[KnownFacts], asked: Sequence[AskedFacts]
    ) -> Spread[AskedRun]:
        """Those of all runs of both sides who are asked for."""
        return self.of_runs(both_sides(own, known), asked, own, known)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[MatchFacts]:
        """For each document of ours that resembles one of the others, the most similar of those."""
        rows = unpack(entries, self.dtype(task.unit.widths))
        matches, left_out = near_matches(rows, self.config, task.unit.widths)
        part = write_rows(task, "matches", best_matches(matches))
        return Outcome((part,), Counts(len(rows), len(rows)), MatchFacts(part, left_out))


def is_ours(rows: np.ndarray) -> np.ndarray:
    """Which rows are documents of ours."""
    return rows["number"] < _FIRST_OTHER


def near_matches(rows: np.ndarray, config: MinHash, widths: Widths) -> tuple[np.ndarray, int]:
    """The `match_rows` of our documents that resemble one of the others in their set, and pairs that were left out."""
    ours = is_ours(rows)
    # The last key sorts first: by set, theirs before ours, then by corpus and id.
    order = np.lexsort((rows["id"], rows["number"] >> ROW_BITS >> OTHER_BITS, ours, rows["key"]))
    starts, ours = group_starts(rows["key"][order]), ours[order]
    others = np.concatenate([[0], np.cumsum(~ours)])
    # Where ours begin in each set. A B 1 2 3: others 0 1 2 2 2
    # 2, so middle 0 + 2 - 0 = 2: places 0 and 1 may be leaders.
    middles = starts[:-1] + others[starts[1:]] - others[starts[:-1]]
    found = compare(Groups(rows, order, starts, middles), config)
    leaving = np.flatnonzero(found.leader >= 0)
    other = rows[order[found.leader[leaving]]]
    matches = np.zeros(len(leaving), match_rows(widths))
    matches["number"], matches["same"], matches["rule"] = rows["number"][order[leaving]], found.same[leaving], NEAR
    matches["corpus"], matches["other_id"] = (other["number"] >> ROW_BITS >> OTHER_BITS) - 1, other["id"]
    return matches, found.left_out


def best_matches(matches: np.ndarray) -> np.ndarray:
    """One match a document: by the first rule, the most similar, of those the first corpus and the least id."""
    # Sorted by document and, within it, the match that counts first: the first row of each group is it.
    keys = (matches["other_id"], matches["corpus"], -matches["same"], matches["rule"], matches["number"])
    order = np.lexsort(keys)
    return matches[order[group_starts(matches["number"][order])[:-1]]]
