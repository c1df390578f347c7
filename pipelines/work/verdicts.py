"""The verdicts of deciders on judged documents: who leaves and why, and marks for those who stay.

A decider (duplicates, a classifier, a benchmark's 13-grams) reads the judged documents and writes no text: it writes
verdicts, one row for each row of each judged part, in their order. An empty `rule` lets the document stay. Deciders
stand in an order, and one leaves out what an earlier one rejected: such a row is empty too. `pipelines.work.selection`
reads the verdicts of all of them beside the documents, once, and writes the corpus.

    judged    row 0     row 1     row 2
    scored    .93       rejected  .88        row 1 leaves by quality.pareto
    clusters  stays     (empty)   rejected   row 2 leaves by duplicates.near, with its score as a mark
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypedDict, cast

import numpy as np
import pyarrow as pa

from corpus.files.identity import no_identity
from corpus.files.manifest import Part, map_arrow, read_parquet, write_arrow
from pipelines.work.judging import JudgedFacts

_SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32())])
VERDICTS_SCHEMA = pa.schema(
    [
        ("rule", pa.string()),  # "step.rule" by which it leaves; "" where it stays
        ("value", pa.float64()),  # what the rule measured: a similarity, a score, a count
        ("other_id", pa.string()),  # the document for which it leaves
        ("evidence", pa.string()),  # for people: a gram, a snapshot, a probability
        ("cluster", pa.string()),  # id of the best of its cluster, its own where it has none
        ("quality_score", pa.float64()),  # 0 to 1, of the classifier
        ("cuts", pa.list_(_SPAN)),  # characters of the judged text; null where nothing is cut
    ]
)
# The columns of a document that a verdict fills, whether it stays or leaves.
MARKS = ("cluster", "quality_score")
# About how many verdicts lie in one file, where a decider writes those of several parts.
VERDICTS_PER_PART = 100_000


class Span(TypedDict):
    """Characters from `start` to `end` of a text."""

    start: int
    end: int


class Verdict(TypedDict):
    """A row of `VERDICTS_SCHEMA`."""

    rule: str
    value: float | None
    other_id: str
    evidence: str
    cluster: str
    quality_score: float | None
    cuts: list[Span] | None


class JudgedDocument(TypedDict):
    """What deciders read of a row of a judged part; it has all columns of a document (`corpus.schema`)."""

    id: str
    text: str


@dataclass(frozen=True)
class VerdictRun:
    """A file of verdicts on the next parts of judged documents: on `rows[0]` documents of the first, and so on."""

    verdicts: Part
    rows: tuple[int, ...]


@dataclass(frozen=True)
class DecidedFacts:
    """What a decider wrote. The runs of all its tasks, in their order, cover the judged parts in theirs."""

    runs: tuple[VerdictRun, ...]


@dataclass(frozen=True)
class VerdictRows:
    """The verdicts of one decider on one part: the rows from `start` on of a file."""

    verdicts: Part
    start: int


@dataclass(frozen=True)
class Candidates:
    """A part of judged documents, and what the earlier deciders said of them: a unit of a decider."""

    kept: Part
    earlier: tuple[VerdictRows, ...] = ()
    label: str = no_identity(default="documents")

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.kept.rows + 1


def candidates(judged: Sequence[JudgedFacts], *earlier: Sequence[DecidedFacts]) -> Iterator[Candidates]:
    """A unit for each part of judged documents: the plan of a decider that looks at each document alone."""
    rows = [facts.kept.rows for facts in judged]
    columns = [_rows_of(facts, rows) for facts in earlier]
    for number, facts in enumerate(judged):
        yield Candidates(facts.kept, tuple(column[number] for column in columns), facts.kept.path)


def _rows_of(decided: Sequence[DecidedFacts], rows: Sequence[int]) -> list[VerdictRows]:
    """The verdicts of one decider on each judged part; `ValueError` where they are on other documents."""
    runs = [run for facts in decided for run in facts.runs]
    if [count for run in runs for count in run.rows] != list(rows):
        raise ValueError("the verdicts of a decider do not have a row for each judged document")
    # A file on parts of 40, 60 and 50 documents: their verdicts begin at rows 0, 40 and 100.
    return [VerdictRows(run.verdicts, sum(run.rows[:number])) for run in runs for number in range(len(run.rows))]


def still_in(root: Path, unit: Candidates) -> np.ndarray:
    """(rows of the part,) bool: which documents no earlier decider rejected."""
    found = np.ones(unit.kept.rows, bool)
    for rows in unit.earlier:
        rules = map_arrow(root / rows.verdicts.path)["rule"].slice(rows.start, unit.kept.rows)
        found &= np.fromiter((not rule for rule in rules.to_pylist()), bool, len(found))
    return found


def read_candidates(root: Path, unit: Candidates) -> Iterator[tuple[int, JudgedDocument]]:
    """(row, document) of those that no earlier decider rejected, in order."""
    staying = still_in(root, unit)
    rows = cast(Iterator[JudgedDocument], read_parquet(root / unit.kept.path))
    return ((number, row) for number, row in enumerate(rows) if staying[number])


def read_left(root: Path, unit: Candidates) -> Iterator[tuple[int, JudgedDocument]]:
    """`read_candidates`, with line feeds for what earlier deciders cut: each character that is left keeps its place."""
    cuts: dict[int, list[Span]] = {}
    for rows in unit.earlier:
        column = map_arrow(root / rows.verdicts.path)["cuts"].slice(rows.start, unit.kept.rows)
        for number, some in enumerate(column.to_pylist() if column.null_count < len(column) else ()):
            if some:
                cuts[number] = join_cuts(cuts.get(number, ()), some)
    for number, document in read_candidates(root, unit):
        for cut in cuts.get(number, ()):
            text, length = document["text"], cut["end"] - cut["start"]
            document["text"] = text[: cut["start"]] + "\n" * length + text[cut["end"] :]
        yield number, document


def verdict_table(count: int, **columns: Sequence[Any] | pa.Array) -> pa.Table:
    """(count,) verdicts from the columns that a decider fills; the others say nothing."""
    filled = [
        columns[field.name]
        if field.name in columns
        else pa.array([_nothing(field)] * count, field.type)
        for field in VERDICTS_SCHEMA
    ]  # fmt: skip
    return pa.table(filled, VERDICTS_SCHEMA)


def align(verdicts: pa.Table, rows: Sequence[int] | np.ndarray, count: int) -> pa.Table:
    """Verdicts on some rows of `count` (row numbers `rows`) → one for each; those left out are empty."""
    # Verdicts on rows 2 and 0 of 4: places 1 -1 0 -1, where -1 becomes a null row.
    places = np.full(count, -1)
    places[np.asarray(rows, int)] = np.arange(verdicts.num_rows)
    spread = verdicts.take(pa.array(places, mask=places < 0))
    columns = [
        spread[field.name].fill_null("") if pa.types.is_string(field.type) else spread[field.name]
        for field in VERDICTS_SCHEMA
    ]
    return pa.table(columns, VERDICTS_SCHEMA)


def write_verdicts(path: Path, root: Path, verdicts: pa.Table, rows: Iterable[int]) -> VerdictRun:
    """Write the verdicts on parts of `rows` documents each."""
    return VerdictRun(write_arrow(path, root, verdicts), tuple(rows))


def verdicts_on(root: Path, unit: Candidates) -> list[Verdict]:
    """One verdict a document: the first decider with a rule decides, each mark is the last that was set, and what any
    of them cuts is cut.
    """
    count = unit.kept.rows
    found: list[Verdict] = verdict_table(count).to_pylist()
    for rows in unit.earlier:
        verdicts = map_arrow(root / rows.verdicts.path).slice(rows.start, count)
        for verdict, other in zip(found, verdicts.to_pylist(), strict=True):
            # The first decider with a rule decides; later ones had left the document out, so theirs are empty anyway.
            if not verdict["rule"]:
                for name in ("rule", "value", "other_id", "evidence"):
                    verdict[name] = other[name]
            for name in MARKS:
                if is_set(other[name]):
                    verdict[name] = other[name]
            if other["cuts"]:
                # All places are in the judged text, so cuts of several deciders can be joined.
                verdict["cuts"] = join_cuts(verdict["cuts"] or (), other["cuts"])
    return found


def is_set(mark: Any) -> bool:
    """Whether a decider said something."""
    return mark is not None and mark != ""


def join_cuts(*cuts: Sequence[Span]) -> list[Span]:
    """Spans of several deciders as spans that do not touch, in order."""
    found: list[Span] = []
    # 4-10, 8-12 and 20-21 become 4-12 and 20-21; spans that touch are one.
    for each in sorted((cut for some in cuts for cut in some), key=lambda cut: (cut["start"], cut["end"])):
        if found and each["start"] <= found[-1]["end"]:
            found[-1]["end"] = max(found[-1]["end"], each["end"])
        else:
            found.append({"start": each["start"], "end": each["end"]})
    return found


def without_cuts(text: str, cuts: Sequence[Span] | None) -> str:
    """A text without the spans of characters that were cut; what lies on two sides of a cut is two paragraphs.

    Of "One. Two. Three." the cut 4 to 10 leaves "One." and "Three.", with an empty line between them: a model that
    reads on over a seam would learn a sentence that nobody wrote.
    """
    if not cuts:
        return text
    # Cuts 4-10 of 16 characters: edges 0 4 10 16, pieces 0-4 and 10-16.
    edges = [0, *(edge for cut in cuts for edge in (cut["start"], cut["end"])), len(text)]
    pieces = (text[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True))
    return "\n\n".join(piece for piece in pieces if piece)


def _nothing(field: pa.Field) -> str | None:
    return "" if pa.types.is_string(field.type) else None
