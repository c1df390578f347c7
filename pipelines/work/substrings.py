"""Windows of words that stand at several places, found in two passes over hashes.

    judged, deciders → grams → windows → places → `pipelines.work.sharing`

`corpus.dedup.substrings` says why in two passes. Across the shuffles go minimizers, 16 bytes each and back to their
part where they stand twice; places of windows, at most two of each part for a window; and to each part the place that
keeps each of its windows that stand elsewhere. All but the minimizers grow with what is repeated, not with the corpus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.dedup.substrings import (
    GRAM_ROWS,
    RepeatedSubstrings,
    Windows,
    answers,
    gram_rows,
    leading,
    place_rows,
    repeated_grams,
)
from corpus.files.manifest import Counts, Part
from pipelines.runtime.task import Outcome, Task
from pipelines.work.grouping import HashGroup, HashWork, RunWork, Spread
from pipelines.work.judging import JudgedFacts
from pipelines.work.packing import by_group, map_rows, rows_in, unpack, write_rows
from pipelines.work.repeated import PartToCut, PartToRead, parts_to_read
from pipelines.work.signatures import Widths
from pipelines.work.verdicts import DecidedFacts, read_left

# Minimizers of a document, on average, by which groups are counted before any is read.
_GRAMS = 64


@dataclass(frozen=True)
class GramFacts:
    """The minimizers that stand at several places, by part."""

    marked: Part


@dataclass(frozen=True)
class FindGrams(HashWork[PartToRead, HashGroup, GramFacts]):
    """The work on the minimizers whose hashes fall into one group."""

    rule: RepeatedSubstrings
    key = "hash"

    def dtype(self, widths: Widths) -> np.dtype:
        """A minimizer of a part."""
        return GRAM_ROWS

    def spread(self, judged: Sequence[JudgedFacts], *earlier: Sequence[DecidedFacts]) -> Spread[PartToRead]:
        """All parts of judged documents."""
        return parts_to_read(_GRAMS, judged, *earlier)

    def read(self, source: PartToRead, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The minimizers of the documents that are still in."""
        documents = read_left(root, source.documents)
        yield gram_rows([Windows(document["text"], self.rule).grams() for _, document in documents], source.number)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[GramFacts]:
        """Those that stand at several places."""
        rows = unpack(entries, GRAM_ROWS)
        part = write_rows(task, "marked", repeated_grams(rows))
        return Outcome((part,), Counts(len(rows), len(rows)), GramFacts(part))


@dataclass(frozen=True)
class WindowFacts:
    """The windows of a part of documents whose minimizers stand at several places, and the width of its ids."""

    places: Part
    id_bytes: int


@dataclass(frozen=True)
class TakeWindows(RunWork[PartToCut, WindowFacts]):
    """The work on a part of judged documents: windows that may stand elsewhere too."""

    rule: RepeatedSubstrings

    def dtype(self, widths: Widths) -> np.dtype:
        """A minimizer of a part."""
        return GRAM_ROWS

    def spread(self, grams: Sequence[GramFacts], *others: object) -> Spread[Part]:
        """The minimizers that stand at several places, of each group."""
        return Spread([facts.marked for facts in grams])

    def grouped(self, rows: np.ndarray, groups: int) -> Iterator[tuple[int, bytes]]:
        """By part of judged documents."""
        return by_group(rows, rows["part"].astype(np.int64))

    def __call__(self, task: Task[PartToCut], entries: bytes = b"") -> Outcome[WindowFacts]:
        """The first places of each window."""
        # `found` begins with no row, of ids of one byte: a part without such windows has a dtype too.
        marked, found, came = np.unique(unpack(entries, GRAM_ROWS)["hash"]), [np.zeros(0, place_rows(1))], 0
        for row, document in read_left(task.root, task.unit.documents):
            came += 1
            windows = Windows(document["text"], self.rule)
            places = windows.of_grams(marked)
            if len(places):
                identity = document["id"].encode()
                rows = np.zeros(len(places), place_rows(len(identity)))
                rows["hash"], rows["place"], rows["id"] = windows.hashes[places], places, identity
                rows["part"], rows["row"] = task.unit.group, row
                # What ranks a place (longest document, least id, first
                # word) goes with it: nobody looks a document up again.
                rows["words"], rows["times"] = len(windows.places), 1
                found.append(rows)
        # numpy joins ids of 40 and of 44 bytes to ids of 44, filled up with zero bytes.
        part = write_rows(task, "places", leading(np.concatenate(found)))
        return Outcome((part,), Counts(came, came), WindowFacts(part, max(rows.dtype["id"].itemsize for rows in found)))


@dataclass(frozen=True)
class AnswerFacts:
    """What the parts must know of a group of windows; ids have `id_bytes`."""

    answers: Part
    id_bytes: int


@dataclass(frozen=True)
class FindPlaces(HashWork[WindowFacts, HashGroup, AnswerFacts]):
    """The work on the windows whose hashes fall into one group."""

    key = "hash"

    def dtype(self, widths: Widths) -> np.dtype:
        """A place of a window."""
        return place_rows(widths.id)

    def spread(self, windows: Sequence[WindowFacts]) -> Spread[WindowFacts]:
        """The places of all parts."""
        widest = max((facts.id_bytes for facts in windows), default=1)
        return Spread(windows, rows_in([facts.places for facts in windows]), Widths(widest, 1))

    def read(self, source: WindowFacts, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The places of a part, their ids as wide as the widest of all."""
        yield map_rows(root, source.places, place_rows(source.id_bytes)).astype(self.dtype(widths))

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[AnswerFacts]:
        """What each part must know."""
        rows = unpack(entries, self.dtype(task.unit.widths))
        part = write_rows(task, "answers", answers(rows))
        return Outcome((part,), Counts(len(rows), len(rows)), AnswerFacts(part, task.unit.widths.id))
