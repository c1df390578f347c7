"""Benchmarks → their passages → sorted parts of grams, which every worker maps (`corpus.decontamination.grams`).

Two stages. `benchmarks` reads a file each, and finds the length of the grams that its overlap report needs. `grams` is
a shuffle: what crosses it is keys and places, 36 bytes a gram; the group of a range of keys sorts them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from corpus.decontamination.benchmarks import benchmark_name, read_benchmark
from corpus.decontamination.grams import (
    ENTRY,
    entries_of,
    example_lengths,
    partition_of,
    passages_table,
    sorted_part,
)
from corpus.decontamination.overlap import gram_words
from corpus.files.identity import no_identity
from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from corpus.files.storage import local
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task

# How many grams one worker sorts: 36 bytes each as entries, some 100 as they are written.
GRAMS_PER_PART = 4_000_000


@dataclass(frozen=True)
class Benchmark:
    """One file of examples."""

    file: InputFile

    @property
    def label(self) -> str:
        """The file."""
        return self.file.name

    counted: ClassVar[str] = "bytes"

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.file.bytes


@dataclass(frozen=True)
class BenchmarkFacts:
    """A benchmark: how many examples it has, N of its overlap report, how many examples are shorter than N words
    (`uncheckable`) and than the grams of filtering (`unfiltered`), how many grams it has at most.
    """

    file: str
    bytes: int
    digest: str
    name: str
    examples: int
    gram_words: int
    uncheckable: int
    unfiltered: int
    grams: int
    passages: Part


@dataclass(frozen=True)
class BenchmarkPassages:
    """What is cut for the shuffle: the passages of benchmark `number`, into `partitions`."""

    number: int
    passages: str
    lengths: tuple[int, ...]
    partitions: int


@dataclass(frozen=True)
class GramRange:
    """A range of keys of all benchmarks: the group of the shuffle."""

    group: int
    partitions: int
    names: tuple[str, ...]
    lengths: tuple[tuple[int, ...], ...]
    passages: tuple[Part, ...]
    size: int = no_identity(default=1)

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"grams {self.group + 1} of {self.partitions}"


@dataclass(frozen=True)
class GramFacts:
    """A part of the index."""

    keys: Part
    postings: Part


def benchmarks(files: Sequence[InputFile]) -> Iterator[Benchmark]:
    """A unit for each file."""
    return (Benchmark(file) for file in files)


def gram_ranges(filtering: int, read: Sequence[BenchmarkFacts]) -> Iterator[GramRange]:
    """A unit for each range of keys; `filtering` is the length in words that is looked for in every benchmark."""
    partitions = _partitions(read)
    # All benchmarks decide every range: their names, lengths and passages are in each unit's name.
    names, lengths = tuple(facts.name for facts in read), tuple(_lengths(filtering, facts) for facts in read)
    passages, size = tuple(facts.passages for facts in read), sum(facts.grams for facts in read) // partitions + 1
    return (GramRange(group, partitions, names, lengths, passages, size) for group in range(partitions))


def _lengths(filtering: int, facts: BenchmarkFacts) -> tuple[int, ...]:
    return tuple(sorted({filtering, facts.gram_words}))


def _partitions(read: Sequence[BenchmarkFacts]) -> int:
    """The power of two that makes parts of at most `GRAMS_PER_PART`, if keys are even."""
    # 10 M grams in parts of at most 4 M: 1, 2, 4 partitions; the two highest bits of a key say which.
    grams, partitions = sum(facts.grams for facts in read), 1
    while grams > partitions * GRAMS_PER_PART:
        partitions *= 2
    return partitions


@dataclass(frozen=True)
class ReadBenchmarks:
    """The work on a file of examples; `filtering` is the length of the grams of filtering, in words."""

    filtering: int

    def __call__(self, task: Task[Benchmark]) -> Outcome[BenchmarkFacts]:
        """One row a passage."""
        file = task.unit.file
        with file.held():
            passages = passages_table(read_benchmark(local(file.place), file.name))
        part = write_arrow(task.part("passages", ".arrow"), task.root, passages)
        lengths = example_lengths(passages)
        words = gram_words(lengths.tolist())
        counted = (len(lengths), words, int((lengths < words).sum()), int((lengths < self.filtering).sum()))
        # At most one gram begins at each word, of each of the two lengths: of filtering and of the overlap report.
        grams = 2 * sum(len(text.split()) for text in passages["words"].to_pylist())
        facts = BenchmarkFacts(file.name, file.bytes, file.sample, benchmark_name(file.name), *counted, grams, part)
        return Outcome((part,), Counts(len(lengths), len(lengths)), facts)


@dataclass(frozen=True)
class SortGrams(ShuffleWork[BenchmarkPassages, GramRange, GramFacts]):
    """The work of the shuffle: the grams of each benchmark → sorted parts of all."""

    filtering: int

    def pieces(self, read: Sequence[BenchmarkFacts]) -> Iterator[BenchmarkPassages]:
        """A piece for each benchmark."""
        for number, facts in enumerate(read):
            yield BenchmarkPassages(number, facts.passages.path, _lengths(self.filtering, facts), _partitions(read))

    def cut(self, piece: BenchmarkPassages, root: Path) -> Iterator[tuple[int, bytes]]:
        """One packed batch a range of keys."""
        entries = entries_of(piece.number, map_arrow(root / piece.passages), piece.lengths)
        places = partition_of(entries["key"], piece.partitions)
        for group in np.unique(places).tolist():
            yield group, entries[places == group].tobytes()

    def __call__(self, task: Task[GramRange], entries: bytes = b"") -> Outcome[GramFacts]:
        """The keys and the postings."""
        unit, found = task.unit, np.frombuffer(entries, ENTRY)
        passages = [map_arrow(task.root / part.path)["words"] for part in unit.passages]
        tables = sorted_part(found, unit.names, passages)
        keys, postings = (
            write_arrow(task.part(folder, ".arrow"), task.root, table)
            for folder, table in zip(("keys", "postings"), tables, strict=True)
        )
        return Outcome((keys, postings), Counts(keys.rows, keys.rows), GramFacts(keys, postings))
