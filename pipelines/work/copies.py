"""Exact duplicates, each key grouped by its hash: first equal captures and pages, then, of what is left, equal texts.

    signatures → pages → texts → exact
                   └──────────────┘

`pages` and `texts` write who is left, for the next key, and who left for whom. `exact` brings the latter back to the
runs of their documents: whoever looks at a run knows who of it is still in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from corpus.dedup.exact import RULES, losers
from corpus.files.identity import identity_digest, no_identity
from corpus.files.manifest import Counts, Part
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task
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
    runs_of,
    widths_of,
)

_KEYS = [("page", "<i8"), ("text", "<i8"), ("text_low", "<i8")]


@dataclass(frozen=True)
class CopyFacts:
    """Who is left of a group, and who left for whom."""

    left: Part
    gone: Part


@dataclass(frozen=True)
class RunToCut:
    """A run of signatures, and into how many groups it is cut."""

    run: SignedRun
    widths: Widths
    groups: int


@dataclass(frozen=True)
class RowsToCut:
    """A part of rows, and into how many groups it is cut."""

    rows: Part
    widths: Widths
    groups: int


@dataclass(frozen=True)
class WideGroup:
    """A group of documents, and how wide their rows are."""

    group: int
    widths: Widths
    hashed: HashGroup

    @property
    def label(self) -> str:
        """The number of the group."""
        return self.hashed.label

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """About how many documents it has."""
        return self.hashed.size


def wide_groups(widths: Widths, count: int, rows: int, name: str, *inputs: Any) -> Iterator[WideGroup]:
    """`hash_groups` of rows with ids and dates."""
    return (WideGroup(unit.group, widths, unit) for unit in hash_groups(count, rows, name, *inputs))


def copy_rows(widths: Widths) -> np.dtype:
    """A document, with all that it may have in common with another."""
    return np.dtype([*rank_fields(widths), *_KEYS])


def gone_rows(widths: Widths) -> np.dtype:
    """Who left: `rule` is the number of the rule, `leader` and `leader_id` who stays instead."""
    return np.dtype([("number", "<i8"), ("leader", "<i8"), ("rule", "i1"), ("leader_id", f"S{widths.id}")])


def page_groups(group_bytes: int, signed: Sequence[SignatureFacts]) -> Iterator[WideGroup]:
    """Groups of pages of all documents."""
    parts = [facts.signatures for facts in signed]
    return _copy_groups("pages", group_bytes, widths_of(signed), parts)


def text_groups(group_bytes: int, signed: Sequence[SignatureFacts], pages: Sequence[CopyFacts]) -> Iterator[WideGroup]:
    """Groups of texts of the documents that are left."""
    return _copy_groups("texts", group_bytes, widths_of(signed), [facts.left for facts in pages])


def _copy_groups(name: str, group_bytes: int, widths: Widths, parts: Sequence[Part]) -> Iterator[WideGroup]:
    rows = rows_in(parts)
    count = group_count(rows, copy_rows(widths).itemsize, group_bytes)
    return wide_groups(widths, count, rows, name, parts)


def _find(rows: np.ndarray, rules: Sequence[tuple[str, Sequence[str]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row its rule (-1: left) and its leader, by rules that are asked in turn of what is left."""
    rule, leader = np.full(len(rows), -1, np.int8), np.arange(len(rows))
    for name, keys in rules:
        left = np.flatnonzero(rule < 0)
        places, leaders = losers(rows[left], [rows[key][left] for key in keys])
        rule[left[places]], leader[left[places]] = RULES.index(name), left[leaders]
    return rule, leader, np.flatnonzero(rule >= 0)


def _written(task: Task[WideGroup], rows: np.ndarray, rules: Sequence[tuple[str, Sequence[str]]]) -> Outcome[CopyFacts]:
    rule, leader, found = _find(rows, rules)
    gone = np.zeros(len(found), gone_rows(task.unit.widths))
    gone["number"], gone["rule"] = rows["number"][found], rule[found]
    gone["leader"], gone["leader_id"] = rows["number"][leader[found]], rows["id"][leader[found]]
    left = np.flatnonzero(rule < 0)
    left = left[np.argsort(rows["number"][left])]
    parts = (write_rows(task, "left", rows[left]), write_rows(task, "gone", _by_number(gone)))
    return Outcome(parts, Counts(len(rows), len(rows)), CopyFacts(*parts))


def _by_number(rows: np.ndarray) -> np.ndarray:
    return rows[np.argsort(rows["number"])]


@dataclass(frozen=True)
class FindPages(ShuffleWork[RunToCut, WideGroup, CopyFacts]):
    """The work on the documents whose pages fall into one group."""

    group_bytes: int = no_identity()

    def pieces(self, signed: Sequence[SignatureFacts]) -> Iterator[RunToCut]:
        """A piece for each run."""
        widths = widths_of(signed)
        rows = rows_in([facts.signatures for facts in signed])
        groups = group_count(rows, copy_rows(widths).itemsize, self.group_bytes)
        return (RunToCut(run, widths, groups) for run in runs_of(signed))

    def cut(self, piece: RunToCut, root: Path) -> Iterator[tuple[int, bytes]]:
        """The documents by the hash of their page."""
        for rows in read_parts(root, piece.run, copy_rows(piece.widths)):
            yield from by_hash(rows, rows["page"], piece.groups)

    def __call__(self, task: Task[WideGroup], entries: bytes = b"") -> Outcome[CopyFacts]:
        """Copies of a capture, then of a page."""
        rows = unpack(entries, copy_rows(task.unit.widths))
        return _written(task, rows, [("same_capture", ("page", "id")), ("same_page", ("page",))])


@dataclass(frozen=True)
class FindTexts(ShuffleWork[RowsToCut, WideGroup, CopyFacts]):
    """The work on the documents whose texts fall into one group."""

    group_bytes: int = no_identity()

    def pieces(self, signed: Sequence[SignatureFacts], pages: Sequence[CopyFacts]) -> Iterator[RowsToCut]:
        """A piece for each group of pages."""
        widths = widths_of(signed)
        rows = rows_in([facts.left for facts in pages])
        groups = group_count(rows, copy_rows(widths).itemsize, self.group_bytes)
        return (RowsToCut(facts.left, widths, groups) for facts in pages)

    def cut(self, piece: RowsToCut, root: Path) -> Iterator[tuple[int, bytes]]:
        """The documents by the hash of their text."""
        rows = map_rows(root, piece.rows, copy_rows(piece.widths))
        return by_hash(rows, rows["text"], piece.groups)

    def __call__(self, task: Task[WideGroup], entries: bytes = b"") -> Outcome[CopyFacts]:
        """Copies of a text."""
        rows = unpack(entries, copy_rows(task.unit.widths))
        return _written(task, rows, [("same_text", ("text", "text_low"))])


@dataclass(frozen=True)
class RunGroup:
    """The documents of a run. `inputs` is the digest of what is brought back to runs."""

    run: SignedRun
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

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.run.rows + 1


@dataclass(frozen=True)
class ExactFacts:
    """Who of a run left for whom, by number."""

    gone: Part


def run_groups(signed: Sequence[SignatureFacts], *facts: Sequence[Any]) -> Iterator[RunGroup]:
    """A unit for each run; `facts` are those of what is brought back to them."""
    inputs, widths = identity_digest(facts), widths_of(signed)
    return (RunGroup(run, widths, inputs) for run in runs_of(signed))


@dataclass(frozen=True)
class SettleCopies(ShuffleWork[RowsToCut, RunGroup, ExactFacts]):
    """The work on a run: who of it left."""

    def pieces(
        self, signed: Sequence[SignatureFacts], pages: Sequence[CopyFacts], texts: Sequence[CopyFacts]
    ) -> Iterator[RowsToCut]:
        """A piece for each group of pages and of texts."""
        widths = widths_of(signed)
        return (RowsToCut(facts.gone, widths, 1) for facts in (*pages, *texts))

    def cut(self, piece: RowsToCut, root: Path) -> Iterator[tuple[int, bytes]]:
        """Those who left, by run."""
        rows = map_rows(root, piece.rows, gone_rows(piece.widths))
        return by_group(rows, rows["number"] >> ROW_BITS)

    def __call__(self, task: Task[RunGroup], entries: bytes = b"") -> Outcome[ExactFacts]:
        """Each document leaves once."""
        gone = _by_number(unpack(entries, gone_rows(task.unit.widths)))
        part = write_rows(task, "gone", gone)
        numbers = np.bincount(gone["rule"], minlength=len(RULES)).tolist()
        reasons = {f"duplicates.{rule}": number for rule, number in zip(RULES, numbers, strict=True) if number}
        rows = task.unit.run.rows
        return Outcome((part,), Counts(rows, rows - len(gone), len(gone), 0, reasons), ExactFacts(part))
