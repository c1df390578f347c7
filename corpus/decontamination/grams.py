"""The grams of benchmarks in sorted files, and the documents that have one.

A gram is a run of N words of a passage, with a 64-bit key. Entries are partitioned by the highest bits of the key, so
that no worker sorts more than a part, and the parts one after another are sorted too. A part is two Arrow files:

    keys      key (ascending, each once), prefix: the key of its first 8 words, first: where its postings begin
    postings  benchmark, passage, word, length: where the gram stands, the least posting of a key first

Both are mapped, shared by all workers of a machine. A key that matches is no hit yet: the words of the document are
compared with those of the passage.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa

from corpus.decontamination.benchmarks import Passages
from corpus.decontamination.native import CompiledIndex, gram_keys
from corpus.decontamination.overlap import LEAST_WORDS
from corpus.decontamination.words import Word, words_of

KEYS_SCHEMA = pa.schema([("key", pa.uint64()), ("prefix", pa.uint64()), ("first", pa.int64())])
POSTINGS_SCHEMA = pa.schema([(name, pa.int32()) for name in ("benchmark", "passage", "word", "length")])
PASSAGES_SCHEMA = pa.schema([("example", pa.int32()), ("words", pa.large_string())])
ENTRY = np.dtype([("key", "<u8"), ("prefix", "<u8"), *((name, "<i4") for name in POSTINGS_SCHEMA.names)])


@dataclass(frozen=True, slots=True)
class Hit:
    """A gram in a document: its characters there, and the least of the postings that have these words."""

    document: int
    start: int
    end: int
    key: int
    length: int
    benchmark: int
    gram: str


def passages_table(examples: Sequence[Passages]) -> pa.Table:
    """The words of each passage, joined with blanks, and the number of its example."""
    rows = [(number, " ".join(word.key for word in words_of(text)))
            for number, passages in enumerate(examples) for text in passages]  # fmt: skip
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], []]
    return pa.table(columns, PASSAGES_SCHEMA)


def example_lengths(passages: pa.Table) -> np.ndarray:
    """(examples,) the words of the longest passage of each example."""
    examples = passages["example"].to_numpy()
    words = np.array([len(text.split()) for text in passages["words"].to_pylist()], np.int64)
    longest = np.zeros(examples[-1] + 1 if len(examples) else 0, np.int64)
    np.maximum.at(longest, examples, words)
    return longest


def entries_of(benchmark: int, passages: pa.Table, lengths: Sequence[int]) -> np.ndarray:
    """The `ENTRY`s of a benchmark; a gram that an example has several times counts once for it."""
    found = [np.empty(0, ENTRY)]
    for number, words in enumerate(passages["words"].to_pylist()):
        prefixes = gram_keys(words, LEAST_WORDS)
        for length in sorted(set(lengths)):
            keys = gram_keys(words, length)
            entries = np.empty(len(keys), ENTRY)
            entries["key"], entries["prefix"] = keys, prefixes[: len(keys)]
            entries["benchmark"], entries["passage"] = benchmark, number
            entries["word"], entries["length"] = np.arange(len(keys)), length
            found.append(entries)
    entries = np.concatenate(found)
    examples = passages["example"].to_numpy()[entries["passage"]]
    order = np.lexsort((entries["word"], entries["passage"], entries["key"], examples))
    entries, examples = entries[order], examples[order]
    first = np.ones(len(entries), bool)
    first[1:] = (entries["key"][1:] != entries["key"][:-1]) | (examples[1:] != examples[:-1])
    return entries[first]


def partition_of(keys: np.ndarray, partitions: int) -> np.ndarray:
    """The part of each key, of a power of two of parts."""
    bits = partitions.bit_length() - 1
    return (keys >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(keys), np.int64)


def sorted_part(entries: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """The keys and postings of a part, whatever the order of its entries."""
    order = np.lexsort(tuple(entries[name] for name in ("word", "passage", "benchmark", "key")))
    entries = entries[order]
    first = np.flatnonzero(np.r_[True, entries["key"][1:] != entries["key"][:-1]][: len(entries)])
    keys = pa.table([entries["key"][first], entries["prefix"][first], first.astype(np.int64)], KEYS_SCHEMA)
    return keys, pa.table([entries[name] for name in POSTINGS_SCHEMA.names], POSTINGS_SCHEMA)


class GramIndex:
    """All parts, opened. `passages` are the tables of the benchmarks, by their numbers."""

    def __init__(self, parts: Sequence[tuple[pa.Table, pa.Table]], passages: Sequence[pa.Table]) -> None:
        self._keys = [keys["key"].to_numpy() for keys, _ in parts]
        self._first = [keys["first"].to_numpy() for keys, _ in parts]
        self._postings = [{name: table[name].to_numpy() for name in table.column_names} for _, table in parts]
        self._passages = [table["words"] for table in passages]
        self._examples = [table["example"].to_numpy() for table in passages]
        self._starts = np.cumsum([0, *map(len, self._keys)])
        self._compiled = CompiledIndex(self._keys, [keys["prefix"].to_numpy() for keys, _ in parts])
        self.words_at = lru_cache(maxsize=100_000)(self._words_at)

    @cached_property
    def lengths(self) -> list[int]:
        """The lengths that grams have, in words."""
        return sorted({int(length) for postings in self._postings for length in np.unique(postings["length"])})

    def __len__(self) -> int:
        return int(self._starts[-1])

    def scan(self, texts: Sequence[str]) -> Iterator[Hit]:
        """Every gram of every text; those of a text by place and length, texts that are not in NFC last."""
        found, suspects = self._compiled.scan(texts, self.lengths)
        others = [
            number
            for number, text in enumerate(texts)
            if suspects[number] and not unicodedata.is_normalized("NFC", text)
        ]
        for document, row, start, end in found[~np.isin(found["document"], others)].tolist():
            words = words_of(texts[document][start:end])
            yield from self._verified(document, row, words, start)
        for document in others:
            words = words_of(texts[document])
            plain, _ = self._compiled.scan([" ".join(word.key for word in words)], self.lengths)
            starts = np.cumsum([0, *(len(word.key) + 1 for word in words)])
            for _, row, start, end in plain.tolist():
                first, last = np.searchsorted(starts, (start, end))
                yield from self._verified(document, row, words[first:last], 0)

    def examples(self, key: int) -> list[tuple[int, int, int]]:
        """(benchmark, example, length) of every posting of a key."""
        part = int(partition_of(np.array([key], np.uint64), len(self._keys))[0])
        row = int(np.searchsorted(self._keys[part], np.uint64(key)))
        if row == len(self._keys[part]) or int(self._keys[part][row]) != key:
            return []
        postings = self._postings[part]
        found = []
        for at in range(*self._range(part, row)):
            benchmark = int(postings["benchmark"][at])
            example = int(self._examples[benchmark][postings["passage"][at]])
            found.append((benchmark, example, int(postings["length"][at])))
        return found

    def _verified(self, document: int, row: int, words: Sequence[Word], offset: int) -> Iterator[Hit]:
        """The hit, if a posting of the gram (its number among all) has these words; `offset` is where 0 of them is."""
        part = self._part(row)
        row -= int(self._starts[part])
        found = tuple(word.key for word in words)
        for posting in range(*self._range(part, row)):
            benchmark, gram = self.words_at(part, posting)
            if gram == found:
                start, end = offset + words[0].start, offset + words[-1].end
                yield Hit(document, start, end, int(self._keys[part][row]), len(found), benchmark, " ".join(found))
                return

    def _part(self, row: int) -> int:
        return int(np.searchsorted(self._starts, row, side="right")) - 1

    def _range(self, part: int, row: int) -> tuple[int, int]:
        first = self._first[part]
        return int(first[row]), int(first[row + 1]) if row + 1 < len(first) else len(self._postings[part]["word"])

    def _words_at(self, part: int, number: int) -> tuple[int, tuple[str, ...]]:
        posting = {name: int(column[number]) for name, column in self._postings[part].items()}
        words = self._passages[posting["benchmark"]][posting["passage"]].as_py().split()
        return posting["benchmark"], tuple(words[posting["word"] : posting["word"] + posting["length"]])
