"""Exact duplicates, each key grouped by its hash: first equal captures and pages, then, of what is left, equal texts.

    signatures → pages → texts → exact
                   └──────────────┘

`pages` and `texts` write who is left, for the next key, and who left for whom. `exact` brings the latter back to the
runs of their documents: whoever looks at a run knows who of it is still in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.dedup.exact import RULES, losers
from corpus.files.manifest import Counts, Part
from pipelines.runtime.task import Outcome, Task
from pipelines.work.grouping import HashGroup, HashWork, RunGroup, RunWork, Spread
from pipelines.work.packing import map_rows, rows_in, unpack, write_rows
from pipelines.work.signatures import SignatureFacts, SignedRun, Widths, rank_fields, read_parts, runs_of, widths_of

_KEYS = [("page", "<i8"), ("text", "<i8"), ("text_low", "<i8")]  # hash of the SURT; 128 bits of the text's digest


@dataclass(frozen=True)
class CopyFacts:
    """Who is left of a group, and who left for whom."""

    left: Part
    gone: Part


def copy_rows(widths: Widths) -> np.dtype:
    """A document, with all that it may have in common with another."""
    return np.dtype([*rank_fields(widths), *_KEYS])


def gone_rows(widths: Widths) -> np.dtype:
    """Who left: `rule` is the number of the rule, `leader` and `leader_id` who stays instead."""
    return np.dtype([("number", "<i8"), ("leader", "<i8"), ("rule", "i1"), ("leader_id", f"S{widths.id}")])


def _find(rows: np.ndarray, rules: Sequence[tuple[str, Sequence[str]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row its rule (-1: left) and its leader, by rules that are asked in turn of what is left."""
    rule, leader = np.full(len(rows), -1, np.int8), np.arange(len(rows))
    for name, keys in rules:
        left = np.flatnonzero(rule < 0)
        # Places in `left`, so `left[…]` makes rows of all of them. Who left by one rule is not asked by the next.
        places, leaders = losers(rows[left], [rows[key][left] for key in keys])
        rule[left[places]], leader[left[places]] = RULES.index(name), left[leaders]
    return rule, leader, np.flatnonzero(rule >= 0)


def _written(task: Task[HashGroup], rows: np.ndarray, rules: Sequence[tuple[str, Sequence[str]]]) -> Outcome[CopyFacts]:
    rule, leader, found = _find(rows, rules)
    gone = np.zeros(len(found), gone_rows(task.unit.widths))
    gone["number"], gone["rule"] = rows["number"][found], rule[found]
    gone["leader"], gone["leader_id"] = rows["number"][leader[found]], rows["id"][leader[found]]
    left = np.flatnonzero(rule < 0)
    # Rows come in any order from the shuffle; parts are sorted, so that the same documents make the same bytes.
    left = left[np.argsort(rows["number"][left])]
    parts = (write_rows(task, "left", rows[left]), write_rows(task, "gone", _by_number(gone)))
    return Outcome(parts, Counts(len(rows), len(rows)), CopyFacts(*parts))


def _by_number(rows: np.ndarray) -> np.ndarray:
    return rows[np.argsort(rows["number"])]


@dataclass(frozen=True)
class FindPages(HashWork[SignedRun, HashGroup, CopyFacts]):
    """The work on the documents whose pages fall into one group."""

    key = "page"

    def dtype(self, widths: Widths) -> np.dtype:
        """A document."""
        return copy_rows(widths)

    def spread(self, signed: Sequence[SignatureFacts]) -> Spread[SignedRun]:
        """All runs."""
        return Spread(runs_of(signed), rows_in([facts.signatures for facts in signed]), widths_of(signed))

    def read(self, source: SignedRun, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The documents of a run."""
        return read_parts(root, source, copy_rows(widths))

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[CopyFacts]:
        """Copies of a capture, then of a page."""
        rows = unpack(entries, copy_rows(task.unit.widths))
        # Equal in page and id: the same record twice. Equal in page
        # alone: captures of one address, of which the best stays.
        return _written(task, rows, [("same_capture", ("page", "id")), ("same_page", ("page",))])


@dataclass(frozen=True)
class FindTexts(HashWork[Part, HashGroup, CopyFacts]):
    """The work on the documents whose texts fall into one group."""

    key = "text"

    def dtype(self, widths: Widths) -> np.dtype:
        """A document."""
        return copy_rows(widths)

    def spread(self, signed: Sequence[SignatureFacts], pages: Sequence[CopyFacts]) -> Spread[Part]:
        """The documents that are left of all groups of pages."""
        left = [facts.left for facts in pages]
        return Spread(left, rows_in(left), widths_of(signed))

    def read(self, source: Part, widths: Widths, root: Path) -> Iterator[np.ndarray]:
        """The documents that are left of a group."""
        yield map_rows(root, source, copy_rows(widths))

    def __call__(self, task: Task[HashGroup], entries: bytes = b"") -> Outcome[CopyFacts]:
        """Copies of a text."""
        rows = unpack(entries, copy_rows(task.unit.widths))
        return _written(task, rows, [("same_text", ("text", "text_low"))])


@dataclass(frozen=True)
class ExactFacts:
    """Who of a run left for whom, by number."""

    gone: Part


@dataclass(frozen=True)
class SettleCopies(RunWork[RunGroup, ExactFacts]):
    """The work on a run: who of it left."""

    def dtype(self, widths: Widths) -> np.dtype:
        """Who left."""
        return gone_rows(widths)

    def spread(
        self, signed: Sequence[SignatureFacts], pages: Sequence[CopyFacts], texts: Sequence[CopyFacts]
    ) -> Spread[Part]:
        """Those who left, of all groups of pages and of texts."""
        return Spread([facts.gone for facts in (*pages, *texts)], widths=widths_of(signed))

    def __call__(self, task: Task[RunGroup], entries: bytes = b"") -> Outcome[ExactFacts]:
        """Each document leaves once."""
        gone = _by_number(unpack(entries, gone_rows(task.unit.widths)))
        part = write_rows(task, "gone", gone)
        # How many left by each rule, in the order of `RULES`.
        numbers = np.bincount(gone["rule"], minlength=len(RULES)).tolist()
        reasons = {f"duplicates.{rule}": number for rule, number in zip(RULES, numbers, strict=True) if number}
        rows = task.unit.run.rows
        return Outcome((part,), Counts(rows, rows - len(gone), len(gone), 0, reasons), ExactFacts(part))
