"""The final sorting into kept and rejected, the one place where text is copied, and what could not be read.

Each part of judged documents becomes one kept and one rejected part of the corpus, with the verdicts of all deciders
filled in and their cuts made. A part without rows is not written: readers of many files stumble over one.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

from corpus.files.manifest import Counts, Part, RowWriter, appearing, part_of, read_parquet, write_parquet
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA, Row
from pipelines.runtime.task import NoFacts, Outcome, Task, note_progress
from pipelines.work.judging import JudgedFacts
from pipelines.work.verdicts import (
    MARKS,
    Candidates,
    DecidedFacts,
    Verdict,
    candidates,
    is_set,
    verdicts_on,
    without_cuts,
)

QUARANTINED_PER_PART = 100_000


@dataclass(frozen=True)
class DecidedDocuments:
    """Judged documents with the verdicts of all deciders on them, and those that were rejected before."""

    documents: Candidates
    rejected: Part

    @property
    def label(self) -> str:
        """The part of judged documents."""
        return self.documents.label

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.documents.size + self.rejected.rows


@dataclass(frozen=True)
class SelectedFacts:
    """The parts of the corpus that were written: of rows that it has."""

    kept: Part | None
    rejected: Part | None


@dataclass(frozen=True)
class Damage:
    """Rows of what could not be read."""

    parts: tuple[Part, ...]
    label: str = "quarantined"

    counted: ClassVar[str] = "rows"

    @property
    def size(self) -> int:
        """How many rows there are."""
        return sum(part.rows for part in self.parts) + 1


def parts_to_select(judged: Sequence[JudgedFacts], *decided: Sequence[DecidedFacts]) -> Iterator[DecidedDocuments]:
    """A unit for each part of judged documents."""
    for facts, documents in zip(judged, candidates(judged, *decided), strict=True):
        yield DecidedDocuments(documents, facts.rejected)


def damage(*facts: Sequence[Any]) -> Iterator[Damage]:
    """What every stage could not read, in groups that one worker sorts in memory."""
    group: list[Part] = []
    for part in (each.quarantined for stage in facts for each in stage):
        if part.rows:
            group.append(part)
        if sum(each.rows for each in group) >= QUARANTINED_PER_PART:
            yield Damage(tuple(group))
            group = []
    if group:
        yield Damage(tuple(group))


@dataclass(frozen=True)
class SelectDocuments:
    """The work on a part of judged documents."""

    def __call__(self, task: Task[DecidedDocuments]) -> Outcome[SelectedFacts]:
        """The final kept and rejected parts."""
        unit, reasons = task.unit, dict[str, int]()
        # Counted before anything is written: a folder that gets no row gets no file.
        rows = {"kept": 0, "rejected": unit.rejected.rows}
        verdicts = verdicts_on(task.root, unit.documents)
        for rule in (verdict["rule"] for verdict in verdicts):
            rows["rejected" if rule else "kept"] += 1
            if rule:
                reasons[rule] = reasons.get(rule, 0) + 1
        parts = self._write(task, verdicts, rows)
        lost = sum(reasons.values())
        counts = Counts(unit.documents.kept.rows, rows["kept"], lost, 0, dict(sorted(reasons.items())))
        written = tuple(part for part in parts.values() if part)
        return Outcome(written, counts, SelectedFacts(parts["kept"], parts["rejected"]))

    def _write(
        self, task: Task[DecidedDocuments], verdicts: Sequence[Verdict], rows: dict[str, int]
    ) -> dict[str, Part | None]:
        """The parts that have rows, written side by side, a thousand rows at a time."""
        schemas = {"kept": KEPT_SCHEMA, "rejected": REJECTED_SCHEMA}
        paths = {folder: task.published(folder) for folder in schemas if rows[folder]}
        note = note_progress(task)
        with ExitStack() as files:
            writers = {
                folder: RowWriter(files.enter_context(appearing(path)), schemas[folder])
                for folder, path in paths.items()
            }
            # Those that judging rejected first, as they are; then the documents, each with its verdict.
            judged = chain(self._earlier(task), self._documents(task, verdicts))
            for number, (folder, row) in enumerate(judged):
                writers[folder].add(row)
                note(number)
            for writer in writers.values():
                writer.close()
        return {folder: part_of(paths[folder], task.root, rows[folder]) if folder in paths else None for folder in rows}

    def _earlier(self, task: Task[DecidedDocuments]) -> Iterator[tuple[str, Row]]:
        return (("rejected", row) for row in read_parquet(task.root / task.unit.rejected.path))

    def _documents(self, task: Task[DecidedDocuments], verdicts: Sequence[Verdict]) -> Iterator[tuple[str, Row]]:
        documents = read_parquet(task.root / task.unit.documents.kept.path)
        for document, verdict in zip(documents, verdicts, strict=True):
            marks = {name: verdict[name] for name in MARKS}
            document.update({name: mark for name, mark in marks.items() if is_set(mark)})
            if not verdict["rule"]:
                yield "kept", {**document, "text": without_cuts(document["text"], verdict["cuts"])}
                continue
            # "duplicates.near" -> step duplicates, rule near.
            step, _, rule = verdict["rule"].partition(".")
            other = {name: verdict[name] for name in ("value", "evidence", "other_id")}
            yield "rejected", {**document, "step": step, "rule": rule, **other}


@dataclass(frozen=True)
class GatherDamage:
    """The work that brings together what the stages could not read."""

    def __call__(self, task: Task[Damage]) -> Outcome[NoFacts]:
        """Quarantined rows, by file and offset."""
        rows = [row for part in task.unit.parts for row in read_parquet(task.root / part.path)]
        rows.sort(key=lambda row: (row["file"], row["offset"], row["reason"], row["detail"]))
        part = write_parquet(task.published("quarantined"), task.root, QUARANTINED_SCHEMA, rows)
        return Outcome((part,), Counts(len(rows), len(rows)), NoFacts())
