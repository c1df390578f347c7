"""The overlap report: which examples of which benchmark share words with the corpus. Nothing is cut for it.

One task, whose memory grows with the grams that were seen and not with the corpus: a part of documents hands on each of
its grams once. Beside the numbers it writes a list a benchmark to `overlap/`, in the form that `trainer.score
--overlaps` reads: {"item": n, "contaminated": true}, n from 0 in the order of the file, and "uncheckable": true for an
example that is too short to say.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus.decontamination.filtering import FilteringRule
from corpus.decontamination.grams import GramIndex, example_lengths, examples_with
from corpus.decontamination.overlap import Overlap
from corpus.files.manifest import Counts, Part, map_arrow, part_of, write_bytes
from pipelines.runtime.task import Outcome, Task
from pipelines.work.benchmarks import BenchmarkFacts, GramFacts
from pipelines.work.common_grams import CommonFacts
from pipelines.work.decontamination import DecontaminatedFacts

# The commonest of the ignored grams that the manifest names.
MOST_NAMED = 50


@dataclass(frozen=True)
class AllSeen:
    """The benchmarks, their grams, and what of them was seen."""

    benchmarks: tuple[BenchmarkFacts, ...]
    grams: tuple[GramFacts, ...]
    common: tuple[Part, ...]
    seen: tuple[Part, ...]
    cut_documents: int
    cut_characters: int
    label: str = "all benchmarks"

    counted: ClassVar[str] = "grams"

    @property
    def size(self) -> int:
        """How many grams there are."""
        return sum(facts.keys.rows for facts in self.grams) + 1


@dataclass(frozen=True)
class CommonGram:
    """A gram that filtering ignored, because so many documents have it."""

    gram: str
    documents: int


@dataclass(frozen=True)
class ContaminationFacts:
    """What the manifest says of decontamination. `ignored` are the commonest of the `ignored_grams`."""

    rule: FilteringRule
    cut_documents: int
    cut_characters: int
    ignored_grams: int
    ignored: tuple[CommonGram, ...]
    benchmarks: tuple[Overlap, ...]
    lists: tuple[Part, ...]


def overlap_of_all(
    read: Sequence[BenchmarkFacts],
    grams: Sequence[GramFacts],
    common: Sequence[CommonFacts],
    decided: Sequence[DecontaminatedFacts],
) -> Iterator[AllSeen]:
    """One unit."""
    cut = (sum(facts.cut_documents for facts in decided), sum(facts.cut_characters for facts in decided))
    parts = tuple(facts.common for facts in common), tuple(facts.seen for facts in decided)
    yield AllSeen(tuple(read), tuple(grams), *parts, *cut)


@dataclass(frozen=True)
class ReportOverlap:
    """The work on all that was seen."""

    rule: FilteringRule

    def __call__(self, task: Task[AllSeen]) -> Outcome[ContaminationFacts]:
        """The numbers of each benchmark, and its list."""
        unit, root = task.unit, task.root
        seen = pa.concat_tables([map_arrow(root / part.path) for part in unit.seen])
        keys, left = seen["key"].to_numpy(), seen["is_left"].to_numpy()
        lengths = [example_lengths(map_arrow(root / facts.passages.path)) for facts in unit.benchmarks]
        # Twice: by all grams that the documents had, and by those that are left after cutting.
        found = self._dirty(task, lengths, np.unique(keys))
        dirty = self._dirty(task, lengths, np.unique(keys[left]))
        overlaps, lists = [], []
        for facts, words, before, after in zip(unit.benchmarks, lengths, found, dirty, strict=True):
            counts = (facts.examples, facts.gram_words, facts.uncheckable, facts.unfiltered)
            overlaps.append(Overlap(facts.name, *counts, int(before.sum()), int(after.sum())))
            path = task.published("overlap", f"-{_file_name(facts.name)}.jsonl")
            lists.append(_write_list(path, root, after, words < facts.gram_words))
        ignored = self._read_ignored(task)
        numbers = (unit.cut_documents, unit.cut_characters, len(ignored), tuple(ignored[:MOST_NAMED]))
        result = ContaminationFacts(self.rule, *numbers, tuple(overlaps), tuple(lists))
        return Outcome(tuple(lists), Counts(len(overlaps), len(overlaps)), result)

    def _dirty(self, task: Task[AllSeen], lengths: Sequence[np.ndarray], keys: np.ndarray) -> list[np.ndarray]:
        """(examples,) bool for each benchmark: those that have one of the keys, as a gram of the benchmark's N."""
        dirty = [np.zeros(len(words), bool) for words in lengths]
        for part in task.unit.grams:
            of_part = map_arrow(task.root / part.keys.path), map_arrow(task.root / part.postings.path)
            places = examples_with(*of_part, keys)
            for number, facts in enumerate(task.unit.benchmarks):
                # Columns: benchmark, example, length of the gram. Filtering's
                # length is in the index too, and does not count here.
                own = places[(places[:, 0] == number) & (places[:, 2] == facts.gram_words)]
                dirty[number][own[:, 1]] = True
        return dirty

    def _read_ignored(self, task: Task[AllSeen]) -> list[CommonGram]:
        """All ignored grams, the commonest first."""
        index = GramIndex([map_arrow(task.root / part.keys.path) for part in task.unit.grams])
        rows = [row for part in task.unit.common for row in map_arrow(task.root / part.path).to_pylist()]
        found = [CommonGram(index.gram(row["key"]), row["documents"]) for row in rows]
        return sorted(found, key=lambda common: (-common.documents, common.gram))


def _file_name(benchmark: str) -> str:
    # "data/boolq dev" -> data-boolq-dev: a benchmark's name may be a path.
    return "".join(character if character.isalnum() or character in "-_." else "-" for character in benchmark)


def _write_list(path: Path, root: Path, dirty: np.ndarray, uncheckable: np.ndarray) -> Part:
    """One line an example; nothing is known of one without a gram, which is said of it."""
    lines = []
    for item, (is_dirty, is_short) in enumerate(zip(dirty.tolist(), uncheckable.tolist(), strict=True)):
        more = {"uncheckable": True} if is_short else {}
        lines.append(json.dumps({"item": item, "contaminated": is_dirty, **more}))
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())
    return part_of(path, root, len(lines))
