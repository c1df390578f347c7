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
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.dedup.clusters import group_starts
from corpus.dedup.index import ENTRY_ROWS, Layer, LayerPart, read_layer
from corpus.dedup.minhash import MinHash, has_words
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow
from corpus.files.storage import place
from pipelines.runtime.task import Outcome, Task
from pipelines.work.against import (
    OTHER_BITS,
    OTHER_RUN,
    AskSides,
    CompareSides,
    KnownFacts,
    MatchFacts,
    best_matches,
    is_ours,
    match_rows,
    near_matches,
    shared_sets,
)
from pipelines.work.against_verdicts import DecideMatches, match_verdicts
from pipelines.work.candidates import CROWD, AskedFacts, AskedRun, BucketFacts, set_rows
from pipelines.work.grouping import HashGroup, RunGroup, Spread
from pipelines.work.indexing import RangeWork
from pipelines.work.packing import unpack, write_rows
from pipelines.work.signatures import ROW_BITS, SignatureFacts, SignedRun, Widths
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
        layer = read_layer(place(task.unit.folder), self.config, VERDICTS_PER_PART)
        return Outcome((), Counts(1, 1), layer)


def known_of(layers: Sequence[Layer]) -> list[KnownFacts]:
    """The signatures of all layers, as those of other corpora are named."""
    return [
        KnownFacts(Part(part.file, part.rows, 0, part.digest), part.documents, layer.id_bytes, layer.date_bytes, number)
        for number, layer in enumerate(layers)
        for part in layer.signatures
    ]


@dataclass(frozen=True)
class EarlierGroup(HashGroup):
    """A range of hashes, and the files of entries that have some of it, each with the number of its layer."""

    layers: tuple[int, ...] = ()
    entries: tuple[LayerPart, ...] = ()


@dataclass(frozen=True)
class FindEarlier(RangeWork[EarlierGroup, BucketFacts]):
    """The work on a range of hashes: ours are looked up in the index."""

    def units(self, own: Sequence[SignatureFacts], layers: Sequence[Layer]) -> Iterator[EarlierGroup]:
        """The ranges, as the plan of the stage."""
        for unit in super().units(own):
            touched = [
                (number, part)
                for number, layer in enumerate(layers)
                for place, part in enumerate(layer.entries)
                # File `place` of L has the hashes from place/L to (place + 1)/L of all, group g of G those from g/G to
                # (g + 1)/G. They meet where each begins before the other ends; multiplied out, in whole numbers.
                if place * unit.groups < (unit.group + 1) * len(layer.entries)
                and unit.group * len(layer.entries) < (place + 1) * unit.groups
            ]
            numbers, parts = zip(*touched, strict=True) if touched else ((), ())
            yield EarlierGroup(**vars(unit), layers=numbers, entries=parts)

    def __call__(self, task: Task[EarlierGroup], entries: bytes = b"") -> Outcome[BucketFacts]:
        """The members of all buckets with documents of ours and of the index, by the key of their set."""
        own = unpack(entries, ENTRY_ROWS)
        found, missed = [own], 0
        for number, part in zip(task.unit.layers, task.unit.entries, strict=True):
            # Numbers in a layer count from 0; here those of layer k begin at 2^20 · (1 + k) << 32, beyond all of ours.
            some, more = looked_up(own["hash"], place(part.file), OTHER_RUN * (1 + number) << ROW_BITS)
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


@dataclass(frozen=True)
class AskEarlier(AskSides):
    """The work on a run of ours or of the index: who of it is asked for."""

    def runs(self, own: Sequence[SignatureFacts], known: Any, buckets: object) -> list[SignedRun]:
        """All runs of both sides; `known` are the layers."""
        return super().runs(own, known_of(known), buckets)


@dataclass(frozen=True)
class CompareEarlier(CompareSides):
    """The work on the sets that fall into one group: equal pages, equal texts, similar texts."""

    def dtype(self, widths: Widths) -> np.dtype:
        """A document as a member of the set `key`, with its own keys."""
        return set_rows(widths, self.config, *_KEYS)

    def spread(self, own: Sequence[SignatureFacts], known: Any, asked: Sequence[AskedFacts]) -> Spread[AskedRun]:
        """Those of all runs of both sides who are asked for; `known` are the layers."""
        return super().spread(own, known_of(known), asked)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[MatchFacts]:
        """For each document of ours that leaves, the one for which it does."""
        rows = unpack(entries, self.dtype(task.unit.widths))
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


@dataclass(frozen=True)
class DecideEarlier(DecideMatches[EarlierRun]):
    """The work on a run of ours: the verdicts on its documents, each with the snapshot of the other as evidence."""

    def spread(self, own: Sequence[SignatureFacts], known: Any, matches: Sequence[MatchFacts]) -> Spread[Part]:
        """The matches of all groups of sets; `known` are the layers."""
        return super().spread(own, known_of(known), matches)

    def units(
        self, own: Sequence[SignatureFacts], layers: Sequence[Layer], matches: Sequence[MatchFacts]
    ) -> Iterator[EarlierRun]:
        """A unit for each run of ours."""
        snapshots = tuple(layer.snapshot for layer in layers)
        for unit in super().units(own, layers, matches):
            yield EarlierRun(unit.run, unit.widths, unit.inputs, snapshots)

    def __call__(self, task: Task[EarlierRun], entries: bytes = b"") -> Outcome[DecidedFacts]:
        """A verdict for each document; in the order of the parts."""
        matches = best_matches(unpack(entries, match_rows(task.unit.widths)))
        names = pa.array(RULES).take(pa.array(matches["rule"]))
        snapshots = pa.array(task.unit.snapshots, pa.string()).take(pa.array(matches["corpus"]))
        return match_verdicts(task, task.unit.run, matches, names, self.config, snapshots)
