"""Lines that stand in several documents are cut out of all but one: an optional stage of a recipe.

    judged, deciders → lines_of_NAME → NAME

Hashes of lines cross the shuffle, 32 bytes each; what is cut comes back to the part that it is from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from corpus.dedup.repeated import LINE_ROWS, RepeatedLines, lines_of, repeated
from corpus.files.identity import identity_digest
from corpus.files.manifest import Counts, Part
from corpus.hashing import key64
from corpus.rules.words import count_sentences
from pipelines.runtime.task import Outcome, Task
from pipelines.work.grouping import HashGroup, HashWork, RunWork, Spread
from pipelines.work.judging import JudgedFacts
from pipelines.work.packing import rows_in, unpack, write_rows
from pipelines.work.signatures import ROW_BITS, Widths
from pipelines.work.verdicts import (
    Candidates,
    DecidedFacts,
    Span,
    align,
    candidates,
    join_cuts,
    read_left,
    verdict_table,
    without_cuts,
    write_verdicts,
)

# Lines of a document, on average, by which groups are counted before any is read.
_LINES = 32
RULE = "repeated.too_few_sentences"


@dataclass(frozen=True)
class PartToRead:
    """Part `number` of the judged documents."""

    documents: Candidates
    number: int


def parts_to_read(
    rows_each: int, judged: Sequence[JudgedFacts], *earlier: Sequence[DecidedFacts]
) -> Spread[PartToRead]:
    """All parts of judged documents, whose documents have about `rows_each` rows each."""
    parts = [PartToRead(each, number) for number, each in enumerate(candidates(judged, *earlier))]
    return Spread(parts, rows_in([facts.kept for facts in judged]) * rows_each)


@dataclass(frozen=True)
class LineFacts:
    """The lines that are cut."""

    cut: Part


@dataclass(frozen=True)
class FindRepeated(HashWork[PartToRead, HashGroup, LineFacts]):
    """The work on the lines whose hashes fall into one group."""

    rule: RepeatedLines
    key = "hash"

    def dtype(self, widths: Widths) -> np.dtype:
        """A line of a document."""
        return LINE_ROWS

    def spread(self, judged: Sequence[JudgedFacts], *earlier: Sequence[DecidedFacts]) -> Spread[PartToRead]:
        """All parts of judged documents."""
        return parts_to_read(_LINES, judged, *earlier)

    def read(self, source: PartToRead, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The lines of the documents that are still in."""
        # LINE_ROWS: hash of the line; hash of the id, by which one of the copies is drawn; part and row; characters.
        # key64 is signed and the field is not: % 2^64 has the same bits.
        found = [
            (hashed, key64(document["id"]) % 2**64, (source.number << ROW_BITS) + row, start, end)
            for row, document in read_left(root, source.documents)
            for hashed, start, end in lines_of(document["text"], self.rule)
        ]
        yield np.array(found, LINE_ROWS)

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[LineFacts]:
        """All but one of each line."""
        rows = unpack(entries, LINE_ROWS)
        part = write_rows(task, "cut", repeated(rows, self.rule))
        return Outcome((part,), Counts(len(rows), len(rows)), LineFacts(part))


@dataclass(frozen=True)
class PartToCut:
    """A part of judged documents. `inputs` is the digest of what was found in all."""

    documents: Candidates
    group: int
    inputs: str

    @property
    def label(self) -> str:
        """The part."""
        return self.documents.label

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.documents.size


def parts_to_cut(
    found: Sequence[Any], judged: Sequence[JudgedFacts], *earlier: Sequence[DecidedFacts]
) -> Iterator[PartToCut]:
    """A unit for each part of judged documents, given the facts of the groups with what was found."""
    inputs = identity_digest(list(found))
    return (PartToCut(each, number, inputs) for number, each in enumerate(candidates(judged, *earlier)))


@dataclass(frozen=True)
class CutRepeated(RunWork[PartToCut, DecidedFacts]):
    """The work on a part of judged documents: the decider."""

    rule: RepeatedLines

    def dtype(self, widths: Widths) -> np.dtype:
        """A line of a document."""
        return LINE_ROWS

    def spread(self, lines: Sequence[LineFacts], *others: object) -> Spread[Part]:
        """What is cut, of each group of lines."""
        return Spread([facts.cut for facts in lines])

    def __call__(self, task: Task[PartToCut], entries: bytes = b"") -> Outcome[DecidedFacts]:
        """A verdict for each document that loses a line: its cuts, or that too little is left."""
        rows = unpack(entries, LINE_ROWS)
        rows = rows[np.lexsort((rows["start"], rows["number"]))]
        # Rows of the part, ascending. Places 2 2 5, document 2: searchsorted of 2 and 3 gives 0 and 2, its two lines.
        places = rows["number"] - (task.unit.group << ROW_BITS)
        came, numbers, rules, cuts = 0, list[int](), list[str](), list[list[Span] | None]()
        for number, document in read_left(task.root, task.unit.documents):
            came += 1
            some = rows[slice(*np.searchsorted(places, [number, number + 1]).tolist())]
            if len(some):
                spans = join_cuts([{"start": start, "end": end} for start, end in some[["start", "end"]].tolist()])
                left = count_left(without_cuts(document["text"], spans))
                numbers.append(number)
                rules.append(RULE if left < self.rule.least_sentences else "")
                cuts.append(None if rules[-1] else spans)
        count = task.unit.documents.kept.rows
        table = align(verdict_table(len(numbers), rule=rules, cuts=cuts), numbers, count)
        run = write_verdicts(task.part("verdicts", ".arrow"), task.root, table, [count])
        lost = sum(map(bool, rules))
        counts = Counts(came, came - lost, lost, 0, {RULE: lost} if lost else {})
        return Outcome((run.verdicts,), counts, DecidedFacts((run,)))


def count_left(text: str) -> int:
    """The sentences of a text, counted line by line."""
    return sum(count_sentences(line) for line in text.split("\n"))
