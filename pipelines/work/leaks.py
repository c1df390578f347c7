"""Judged documents × grams of benchmarks → every gram in them, with the span to cut for it.

    leaks            documents → the grams in each
    common_grams     → those of more than 10 documents of the whole corpus, which are no leaks (`work.common_grams`)
    decontaminated   leaks without those → verdicts and cuts (`work.decontamination`)

Only this stage reads texts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar

import pyarrow as pa

from corpus.decontamination.filtering import FilteringRule, surrounding
from corpus.decontamination.grams import GramIndex
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from corpus.files.storage import place
from pipelines.runtime.task import Outcome, Task, note_progress
from pipelines.work.benchmarks import GramFacts
from pipelines.work.judging import JudgedFacts
from pipelines.work.verdicts import (
    Candidates,
    DecidedFacts,
    candidates,
    read_candidates,
)

_SPANS = ("start", "end", "cut_start", "cut_end")
# row         of the judged part           characters     of the whole text
# length      words of the gram            start, end     its characters in the text
# cut_start, cut_end: what would be cut for it, 200 characters on either side
LEAKS_SCHEMA = pa.schema(
    [
        *((name, pa.int32()) for name in ("row", "characters", "length", *_SPANS)),
        ("key", pa.uint64()),
        ("benchmark", pa.string()),
        ("gram", pa.string()),
    ]
)
_BATCH = 4_000_000  # characters that are scanned at once
_ROWS = 50_000  # a page may be one leak a word, so they do not stay Python's objects


@dataclass(frozen=True)
class SuspectDocuments:
    """Judged documents, and the parts of the index."""

    documents: Candidates
    keys: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The part of documents."""
        return self.documents.label

    counted: ClassVar[str] = "documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.documents.size


@dataclass(frozen=True)
class LeakFacts:
    """The leaks in a part of `rows` judged documents, of which `documents` were looked at."""

    leaks: Part
    rows: int
    documents: int


def suspects(
    grams: Sequence[GramFacts], judged: Sequence[JudgedFacts], *earlier: Sequence[DecidedFacts]
) -> Iterator[SuspectDocuments]:
    """A unit for each part of judged documents."""
    keys = tuple(facts.keys for facts in grams)
    return (SuspectDocuments(documents, keys) for documents in candidates(judged, *earlier))


@lru_cache(maxsize=1)
def _index(root: str, keys: tuple[str, ...]) -> GramIndex:
    """The same for all parts that one worker takes."""
    return GramIndex([map_arrow(place(root) / path) for path in keys])


@dataclass(frozen=True)
class FindLeaks:
    """The work on a part of judged documents."""

    rule: FilteringRule

    def __call__(self, task: Task[SuspectDocuments]) -> Outcome[LeakFacts]:
        """One row a gram and place, by document and place."""
        index = _index(task.root_path, tuple(part.path for part in task.unit.keys))
        tables, documents, note = [LEAKS_SCHEMA.empty_table()], 0, note_progress(task)
        for batch in _batches(read_candidates(task.root, task.unit.documents)):
            leaks = self._leaks(index, batch)
            # Into Arrow as they come: a page that is one long leak has a row for every word.
            while rows := list(islice(leaks, _ROWS)):
                tables.append(pa.Table.from_pylist(rows, LEAKS_SCHEMA))
            documents += len(batch)
            note(documents)
        table = pa.concat_tables(tables).sort_by([(name, "ascending") for name in ("row", "start", "length")])
        part = write_arrow(task.part("leaks", ".arrow"), task.root, table)
        facts = LeakFacts(part, task.unit.documents.kept.rows, documents)
        return Outcome((part,), Counts(documents, documents), facts)

    def _leaks(self, index: GramIndex, batch: Sequence[tuple[int, str]]) -> Iterator[dict[str, int | str]]:
        for hit in index.scan([text for _, text in batch]):
            row, text = batch[hit.document]
            cut = surrounding(text, (hit.start, hit.end), self.rule.window)
            spans = dict(zip(_SPANS, (hit.start, hit.end, *cut), strict=True))
            said = {"key": hit.key, "benchmark": hit.benchmark, "gram": hit.gram}
            yield {"row": row, "characters": len(text), "length": hit.length, **spans, **said}


def _batches(documents: Iterator[tuple[int, Mapping[str, Any]]]) -> Iterator[list[tuple[int, str]]]:
    """(row, text) of documents, in batches of about `_BATCH` characters."""
    batch, size = list[tuple[int, str]](), 0
    for row, document in documents:
        batch.append((row, document["text"]))
        size += len(document["text"])
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    yield batch
