"""Leaks → verdicts and cuts: the decider of decontamination. It reads no text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from corpus.decontamination.filtering import Filtered, FilteringRule, filter_document
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from pipelines.runtime.task import Outcome, Task
from pipelines.work.common_grams import CommonFacts
from pipelines.work.leaks import LeakFacts
from pipelines.work.verdicts import DecidedFacts, VerdictRun, align, verdict_table, write_verdicts

SEEN_SCHEMA = pa.schema([("key", pa.uint64()), ("is_left", pa.bool_())])  # left in a document that stays


@dataclass(frozen=True)
class Leaks:
    """The leaks of a part of documents, and the grams that are none."""

    leaks: Part
    rows: int
    documents: int
    common: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The part of leaks."""
        return self.leaks.path

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.documents + 1


@dataclass(frozen=True)
class DecontaminatedFacts(DecidedFacts):
    """Verdicts; the grams that were `seen` in the part, and what was cut out of documents that stay."""

    seen: Part
    cut_documents: int
    cut_characters: int


def leaks_to_decide(found: Sequence[LeakFacts], common: Sequence[CommonFacts]) -> Iterator[Leaks]:
    """A unit for each part of leaks."""
    parts = tuple(facts.common for facts in common)
    return (Leaks(facts.leaks, facts.rows, facts.documents, parts) for facts in found)


@dataclass(frozen=True)
class DecideLeaks:
    """The work on the leaks of a part of documents: the decider."""

    rule: FilteringRule

    def __call__(self, task: Task[Leaks]) -> Outcome[DecontaminatedFacts]:
        """A verdict for each document, and the grams that were seen."""
        unit = task.unit
        common = np.concatenate([map_arrow(task.root / part.path)["key"].to_numpy() for part in unit.common])
        leaks = _Columns(map_arrow(task.root / unit.leaks.path))
        # Leaks are of two lengths: those of filtering cut, those of the overlap report are only looked for.
        is_leak = (leaks["length"] == self.rule.gram_words) & ~np.isin(leaks["key"], common)
        is_left = np.zeros(len(is_leak), bool)
        rows: list[int] = []
        decided: list[tuple[Filtered, str]] = []
        for first, last in leaks.documents():
            cutting = first + np.flatnonzero(is_leak[first:last])
            spans = zip(leaks["cut_start"][cutting].tolist(), leaks["cut_end"][cutting].tolist(), strict=True)
            result = filter_document(int(leaks["characters"][first]), list(spans), self.rule)
            is_left[first:last] = not result.reason
            for start, end in result.cuts:
                # A gram that overlaps a cut leaves with it. The same gram may
                # stand elsewhere: `_seen_table` says whether any is left.
                is_left[first:last] &= (leaks["end"][first:last] <= start) | (leaks["start"][first:last] >= end)
            rows.append(int(leaks["row"][first]))
            decided.append((result, leaks.evidence(cutting[0]) if len(cutting) else ""))
        run = self._verdicts(task, rows, decided)
        grams = write_arrow(task.part("seen", ".arrow"), task.root, _seen_table(leaks["key"], is_left))
        reasons = dict(sorted(Counter(result.reason for result, _ in decided if result.reason).items()))
        cut = [sum(end - start for start, end in result.cuts) for result, _ in decided]
        facts = DecontaminatedFacts((run,), grams, sum(map(bool, cut)), sum(cut))
        lost = sum(reasons.values())
        return Outcome((run.verdicts, grams), Counts(unit.documents, unit.documents - lost, lost, 0, reasons), facts)

    def _verdicts(self, task: Task[Leaks], rows: Sequence[int], decided: Sequence[tuple[Filtered, str]]) -> VerdictRun:
        columns: dict[str, list[Any]] = {
            "rule": [result.reason for result, _ in decided],
            "value": [float(result.pieces) if result.reason else None for result, _ in decided],
            "evidence": [said if result.reason else "" for result, said in decided],
            "cuts": [[{"start": start, "end": end} for start, end in result.cuts] or None for result, _ in decided],
        }
        table = align(verdict_table(len(rows), **columns), rows, task.unit.rows)
        return write_verdicts(task.part("verdicts", ".arrow"), task.root, table, [task.unit.rows])


class _Columns:
    """The numbers of leaks as arrays, in the order of documents and places."""

    def __init__(self, leaks: pa.Table) -> None:
        self._leaks = leaks
        names = [field.name for field in leaks.schema if not pa.types.is_string(field.type)]
        self._arrays = {name: leaks[name].to_numpy() for name in names}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def documents(self) -> Iterator[tuple[int, int]]:
        """From which to which (exclusive) the leaks of each document stand."""
        rows = self["row"]
        # Rows 2 2 5: borders 0 2 3, documents (0, 2) and (2, 3).
        borders = [0, *(np.flatnonzero(rows[1:] != rows[:-1]) + 1).tolist(), len(rows)] if len(rows) else []
        return pairwise(borders)

    def evidence(self, number: int) -> str:
        """A leak as evidence: the benchmark and the gram."""
        return f"{self._leaks['benchmark'][int(number)].as_py()}: {self._leaks['gram'][int(number)].as_py()}"


def _seen_table(keys: np.ndarray, is_left: np.ndarray) -> pa.Table:
    """Each key once, and whether it is left anywhere."""
    distinct, place = np.unique(keys, return_inverse=True)
    left = np.zeros(len(distinct), bool)
    # Not `left[place] |= is_left`: with a key twice in `place`
    # numpy would write one of its values and forget the other.
    np.logical_or.at(left, place, is_left)
    return pa.table([distinct, left], SEEN_SCHEMA)
