"""Documents that an index of earlier builds has, or one close to them, leave this build (`--index`).

    own, index → earlier_bands → earlier_requests → earlier_pairs → earlier

The rule: snapshots stand in order, and what an earlier one kept stays. A document leaves for a kept one of the same
page, else of the same text, else for the one that it resembles most, if they share a band; of equal ones for that of
the first layer, with the least id. Who is left is deduplicated as in any build. So builds that follow each other keep
what the rule keeps over all their documents, however these are spread, and nothing that was published is taken back.

Only hashes of our own documents are looked up, in files that are sorted by hash: what of an index is read follows from
what is new, and none of its signatures but those that are asked for. The stages are those of `pipelines.work.against`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from corpus.dedup.clusters import group_starts
from corpus.dedup.index import ENTRY_ROWS, Layer, LayerPart, entries_of, range_of, read_layer
from corpus.dedup.minhash import MinHash, has_words
from corpus.files.identity import identity_digest, no_identity
from corpus.files.manifest import Counts, Part, map_arrow
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task
from pipelines.work.against import (
    OTHER_BITS,
    OTHER_RUN,
    CompareSides,
    KnownFacts,
    MatchFacts,
    best_matches,
    is_ours,
    match_rows,
    near_matches,
    shared_sets,
    side_groups,
    widths_of_both,
)
from pipelines.work.against_verdicts import Matches, match_verdicts
from pipelines.work.candidates import CROWD, AskedFacts, AskedRun, BucketFacts, set_rows
from pipelines.work.copies import RunGroup, WideGroup
from pipelines.work.indexing import entry_ranges, key_rows
from pipelines.work.packing import HashGroup, by_group, hash_groups, map_rows, rows_in, unpack, write_rows
from pipelines.work.signatures import ROW_BITS, SignatureFacts, SignedRun, Widths, read_parts, runs_of
from pipelines.work.verdicts import VERDICTS_PER_PART, DecidedFacts

RULES = ("earlier.same_page", "earlier.same_text", "earlier.near")
_EQUAL = (("page",), ("text", "text_low"))  # the keys of the first two rules; a text's has 128 bits
_KEYS = (("page", "<i8"), ("text", "<i8"), ("text_low", "<i8"))


@dataclass(frozen=True)
class LayerToList:
    """A layer of the index, known by the digest of its manifest."""

    snapshot: str
    digest: str
    folder: str = no_identity()
    size: int = no_identity(default=1)

    @property
    def label(self) -> str:
        """Where it lies."""
        return self.folder


@dataclass(frozen=True)
class ListLayer:
    """The work on a layer: what its manifest says, so that a job's graph does not grow with the index."""

    config: MinHash

    def __call__(self, task: Task[LayerToList]) -> Outcome[Layer]:
        """The layer as facts; `CorpusloomError` where it was made with other settings."""
        layer = read_layer(Path(task.unit.folder), self.config, VERDICTS_PER_PART)
        return Outcome((), Counts(1, 1), layer)


def known_of(layers: Sequence[Layer]) -> list[KnownFacts]:
    """The signatures of all layers, as those of other corpora are named."""
    return [
        KnownFacts(Part(part.file, part.rows, 0, part.digest), part.documents, layer.id_bytes, layer.date_bytes, number)
        for number, layer in enumerate(layers)
        for part in layer.signatures
    ]


@dataclass(frozen=True)
class OwnRun:
    """A run of ours, and into how many ranges of hashes its entries are cut."""

    run: SignedRun
    groups: int


@dataclass(frozen=True)
class EarlierGroup:
    """A range of hashes, and the files of entries that have some of it, each with the number of its layer."""

    hashed: HashGroup
    layers: tuple[int, ...]
    entries: tuple[LayerPart, ...]

    @property
    def group(self) -> int:
        """The number of the range."""
        return self.hashed.group

    @property
    def label(self) -> str:
        """The number of the range."""
        return self.hashed.label

    counted: ClassVar[str] = "entries"

    @property
    def size(self) -> int:
        """About how many entries of ours it has."""
        return self.hashed.size


@dataclass(frozen=True)
class FindEarlier(ShuffleWork[OwnRun, EarlierGroup, BucketFacts]):
    """The work on a range of hashes: ours are looked up in the index."""

    config: MinHash
    group_bytes: int = no_identity()

    def units(self, own: Sequence[SignatureFacts], layers: Sequence[Layer]) -> Iterator[EarlierGroup]:
        """The ranges, as the plan of the stage."""
        rows = rows_in([facts.signatures for facts in own])
        groups = entry_ranges(rows, self.config, self.group_bytes)
        for unit in hash_groups(groups, rows * (self.config.bands + 2), "bands", runs_of(own)):
            touched = [
                (number, part)
                for number, layer in enumerate(layers)
                for place, part in enumerate(layer.entries)
                # File `place` of L has the hashes from place/L to (place + 1)/L of all, group g of G those from g/G to
                # (g + 1)/G. They meet where each begins before the other ends; multiplied out, in whole numbers.
                if place * groups < (unit.group + 1) * len(layer.entries)
                and unit.group * len(layer.entries) < (place + 1) * groups
            ]
            yield EarlierGroup(unit, tuple(number for number, _ in touched), tuple(part for _, part in touched))

    def pieces(self, own: Sequence[SignatureFacts], layers: Sequence[Layer]) -> Iterator[OwnRun]:
        """A piece for each run of ours."""
        rows = rows_in([facts.signatures for facts in own])
        groups = entry_ranges(rows, self.config, self.group_bytes)
        return (OwnRun(run, groups) for run in runs_of(own))

    def cut(self, piece: OwnRun, root: Path) -> Iterator[tuple[int, bytes]]:
        """The entries of our documents."""
        for rows in read_parts(root, piece.run, key_rows(self.config)):
            found = entries_of(rows, self.config)
            yield from by_group(found, range_of(found["hash"], piece.groups))

    def __call__(self, task: Task[EarlierGroup], entries: bytes = b"") -> Outcome[BucketFacts]:
        """The members of all buckets with documents of ours and of the index, by the key of their set."""
        own = unpack(entries, ENTRY_ROWS)
        found, missed = [own], 0
        for number, part in zip(task.unit.layers, task.unit.entries, strict=True):
            # Numbers in a layer count from 0; here those of layer k begin at 2^20 · (1 + k) << 32, beyond all of ours.
            some, more = looked_up(own["hash"], Path(part.file), OTHER_RUN * (1 + number) << ROW_BITS)
            found.append(some)
            missed += more
        rows = np.concatenate(found)
        # Hashes that the index does not have are no bucket with both sides.
        rows = rows[np.isin(rows["hash"], np.concatenate([each["hash"] for each in found[1:]] or [rows["hash"][:0]]))]
        order = np.lexsort((rows["number"], rows["hash"]))
        asked, left_out, largest = shared_sets(rows["number"][order], group_starts(rows["hash"][order]))
        part = write_rows(task, "asked", asked)
        return Outcome((part,), Counts(len(own), len(own)), BucketFacts(part, left_out + missed, largest))


def looked_up(hashes: np.ndarray, file: Path, first: int) -> tuple[np.ndarray, int]:
    """The entries of a file with some of the hashes, numbered from `first` on, and how many pairs they leave out.

    Of a hash at most `CROWD` entries are read.
    """
    table = map_arrow(file)
    there, numbers = (table[name].combine_chunks().to_numpy() for name in ("hash", "number"))
    wanted, ours = np.unique(hashes, return_counts=True)
    start, stop = (np.searchsorted(there, wanted, side) for side in ("left", "right"))
    count = np.minimum(stop - start, CROWD)
    # there 5 5 7 9, wanted 5 9:   start 0 3, count 2 1
    # start - entries before       0 1, repeated 0 0 1
    # + 0 1 2                      0 1 3: the places of both 5 and of 9
    places = np.repeat(start - np.cumsum(np.r_[0, count[:-1]]), count) + np.arange(count.sum())
    found = np.empty(len(places), ENTRY_ROWS)
    found["hash"], found["number"] = np.repeat(wanted, count), numbers[places] + first
    # Left out: of a hash the entries beyond `CROWD`, once for each document of ours that has it.
    return found, int(((stop - start - count) * ours).sum())


def earlier_groups(
    own: Sequence[SignatureFacts], layers: Sequence[Layer], buckets: Sequence[BucketFacts]
) -> Iterator[RunGroup]:
    """A unit for each run of ours and of the index, as the plan of `AskRuns`."""
    return side_groups(own, known_of(layers), buckets)


@dataclass(frozen=True)
class CompareEarlier(CompareSides):
    """The work on the sets that fall into one group: equal pages, equal texts, similar texts."""

    def rows_of(self, widths: Widths) -> np.dtype:
        """With the keys of the document."""
        return set_rows(widths, self.config, *_KEYS)

    def units(self, own: Sequence[SignatureFacts], known: Any, asked: Sequence[AskedFacts]) -> Iterator[WideGroup]:
        """The groups, as the plan of the stage; `known` are the layers."""
        return super().units(own, known_of(known), asked)

    def pieces(self, own: Sequence[SignatureFacts], known: Any, asked: Sequence[AskedFacts]) -> Iterator[AskedRun]:
        """A piece for each run of ours and of the index; `known` are the layers."""
        return super().pieces(own, known_of(known), asked)

    def __call__(self, task: Task[WideGroup], entries: bytes = b"") -> Outcome[MatchFacts]:
        """For each document of ours that leaves, the one for which it does."""
        rows = unpack(entries, self.rows_of(task.unit.widths))
        words = rows[has_words(rows["signature"])]
        near, left_out = near_matches(words, self.config, task.unit.widths)
        equal = [equal_matches(rows, rule, task.unit.widths) for rule in range(len(_EQUAL))]
        part = write_rows(task, "matches", best_matches(np.concatenate([*equal, near])))
        return Outcome((part,), Counts(len(rows), len(rows)), MatchFacts(part, left_out))


def equal_matches(rows: np.ndarray, rule: int, widths: Widths) -> np.ndarray:
    """The `match_rows` of our documents whose keys equal those of one of the index in their set."""
    names, ours = ("key", *_EQUAL[rule]), is_ours(rows)
    layer = rows["number"] >> ROW_BITS >> OTHER_BITS
    # The last key sorts first: by set and equal keys, those of the
    # index before ours, the first layer and the least id first.
    order = np.lexsort([rows["id"], layer, ours, *(rows[name] for name in reversed(names))])
    starts = group_starts(*(rows[name][order] for name in names))
    # The best of each group, beside every member; where that is one of ours, nobody in the index has the keys.
    first = np.repeat(order[starts[:-1]], np.diff(starts))
    leaving = np.flatnonzero(ours[order] & ~ours[first])
    found = np.zeros(len(leaving), match_rows(widths))
    found["number"], found["rule"] = rows["number"][order[leaving]], rule
    found["corpus"], found["other_id"] = layer[first[leaving]] - 1, rows["id"][first[leaving]]
    return found


@dataclass(frozen=True)
class EarlierRun(RunGroup):
    """A run of ours, and the names of the layers."""

    snapshots: tuple[str, ...] = ()


def earlier_runs(
    own: Sequence[SignatureFacts], layers: Sequence[Layer], matches: Sequence[MatchFacts]
) -> Iterator[EarlierRun]:
    """A unit for each run of ours."""
    inputs, widths = identity_digest([facts.matches for facts in matches]), widths_of_both(own, known_of(layers))
    return (EarlierRun(run, widths, inputs, tuple(layer.snapshot for layer in layers)) for run in runs_of(own))


@dataclass(frozen=True)
class DecideEarlier(ShuffleWork[Matches, EarlierRun, DecidedFacts]):
    """The work on a run of ours: the verdicts on its documents, each with the snapshot of the other as evidence."""

    config: MinHash

    def pieces(
        self, own: Sequence[SignatureFacts], layers: Sequence[Layer], matches: Sequence[MatchFacts]
    ) -> Iterator[Matches]:
        """A piece for each group of sets."""
        widths = widths_of_both(own, known_of(layers))
        return (Matches(facts.matches, widths) for facts in matches)

    def cut(self, piece: Matches, root: Path) -> Iterator[tuple[int, bytes]]:
        """Matches by run."""
        rows = map_rows(root, piece.rows, match_rows(piece.widths))
        return by_group(rows, rows["number"] >> ROW_BITS)

    def __call__(self, task: Task[EarlierRun], entries: bytes = b"") -> Outcome[DecidedFacts]:
        """A verdict for each document; in the order of the parts."""
        matches = best_matches(unpack(entries, match_rows(task.unit.widths)))
        names = pa.array(RULES).take(pa.array(matches["rule"]))
        snapshots = pa.array(task.unit.snapshots, pa.string()).take(pa.array(matches["corpus"]))
        return match_verdicts(task, task.unit.run, matches, names, self.config, snapshots)
