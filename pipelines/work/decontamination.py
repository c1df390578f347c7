"""Leaks → verdicts and cuts: the decider of decontamination. It reads no text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.decontamination.filtering import Filtered, FilteringRule, filter_document
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from pipelines.runtime.task import Outcome, Task
from pipelines.work.common_grams import CommonFacts
from pipelines.work.leaks import LeakFacts
from pipelines.work.verdicts import DecidedFacts, VerdictRun, aligned, verdict_table, write_verdicts

SEEN_SCHEMA = pa.schema([("key", pa.uint64()), ("is_left", pa.bool_())])


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
        leaks = map_arrow(task.root / unit.leaks.path)
        is_leak = (leaks["length"].to_numpy() == self.rule.gram_words) & ~np.isin(leaks["key"].to_numpy(), common)
        rows: list[int] = []
        decided: list[tuple[Filtered, str]] = []
        seen: dict[int, bool] = {}
        found = zip(leaks.to_pylist(), is_leak.tolist(), strict=True)
        for row, group in groupby(found, key=lambda pair: pair[0]["row"]):
            pairs = list(group)
            cutting = [leak for leak, cuts in pairs if cuts]
            result = self._filter(pairs[0][0]["characters"], cutting)
            for leak, _ in pairs:
                seen[leak["key"]] = seen.get(leak["key"], False) or _is_left(leak, result)
            rows.append(row)
            decided.append((result, f"{cutting[0]['benchmark']}: {cutting[0]['gram']}" if cutting else ""))
        run = self._verdicts(task, rows, decided)
        grams = write_arrow(task.part("seen", ".arrow"), task.root, _seen_table(seen))
        reasons: dict[str, int] = {}
        for result, _ in decided:
            if result.reason:
                reasons[result.reason] = reasons.get(result.reason, 0) + 1
        cut = [sum(end - start for start, end in result.cuts) for result, _ in decided]
        facts = DecontaminatedFacts((run,), grams, sum(map(bool, cut)), sum(cut))
        lost = sum(reasons.values())
        counts = Counts(unit.documents, unit.documents - lost, lost, 0, dict(sorted(reasons.items())))
        return Outcome((run.verdicts, grams), counts, facts)

    def _filter(self, characters: int, cutting: Sequence[dict[str, Any]]) -> Filtered:
        return filter_document(characters, [(leak["cut_start"], leak["cut_end"]) for leak in cutting], self.rule)

    def _verdicts(self, task: Task[Leaks], rows: Sequence[int], decided: Sequence[tuple[Filtered, str]]) -> VerdictRun:
        columns: dict[str, list[Any]] = {
            "rule": [result.reason for result, _ in decided],
            "value": [float(result.pieces) if result.reason else None for result, _ in decided],
            "evidence": [said if result.reason else "" for result, said in decided],
            "cuts": [[{"start": start, "end": end} for start, end in result.cuts] or None for result, _ in decided],
        }
        table = aligned(verdict_table(len(rows), **columns), rows, task.unit.rows)
        return write_verdicts(task.part("verdicts", ".arrow"), task.root, table, [task.unit.rows])


def _is_left(leak: dict[str, Any], result: Filtered) -> bool:
    """Whether the gram stands whole in what is published."""
    untouched = all(leak["end"] <= start or leak["start"] >= end for start, end in result.cuts)
    return not result.reason and untouched


def _seen_table(seen: dict[int, bool]) -> pa.Table:
    keys = sorted(seen)
    return pa.table([pa.array(keys, pa.uint64()), pa.array([seen[key] for key in keys], pa.bool_())], SEEN_SCHEMA)
