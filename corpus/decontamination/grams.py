"""The grams of benchmarks in sorted files, and the documents that have one.

A gram is a run of N words of a passage, with a 64-bit key. Entries are partitioned by the highest bits of the key, so
that no worker sorts more than a part, and the parts one after another are sorted too. A part is two Arrow files:

    keys      key (ascending, each once), prefix: the key of its first 8 words, length, the gram itself, the benchmark
              that has it first, first: where its postings begin
    postings  benchmark, example, length: every example that has the gram

Both are mapped, shared by all workers of a machine. A key that matches is no hit yet: the words of the document are
compared with the gram. Of two grams with one key the second would go unseen; among 50 million grams the chance of one
such pair is 1 in 15 000.
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
from corpus.decontamination.words import Word, joined_words, words_of

PASSAGES_SCHEMA = pa.schema([("example", pa.int32()), ("words", pa.large_string())])
KEYS_SCHEMA = pa.schema(
    [
        *((name, pa.uint64()) for name in ("key", "prefix")),
        ("length", pa.int32()),
        ("benchmark", pa.string()),
        ("gram", pa.large_string()),
        ("first", pa.int64()),
    ]
)
POSTINGS_SCHEMA = pa.schema([(name, pa.int32()) for name in ("benchmark", "example", "length")])
# In which benchmark, passage and word a gram begins, its words, and the example that the passage is of. int32 suffices:
# 2^31 words are more than 10 GB of text.
_PLACE = ("benchmark", "passage", "word", "length", "example")
ENTRY = np.dtype([("key", "<u8"), ("prefix", "<u8"), *((name, "<i4") for name in _PLACE)])
_AT_ONCE = 100_000  # entries that become Python's own numbers


@dataclass(frozen=True, slots=True)
class Hit:
    """A gram in a document: its characters there, and the first benchmark that has it."""

    document: int
    start: int
    end: int
    key: int
    length: int
    benchmark: str
    gram: str


def passages_table(examples: Sequence[Passages]) -> pa.Table:
    """The words of each passage, joined with blanks, and the number of its example."""
    rows = [(number, joined_words(text)) for number, passages in enumerate(examples) for text in passages]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], []]
    return pa.table(columns, PASSAGES_SCHEMA)


def example_lengths(passages: pa.Table) -> np.ndarray:
    """(examples,) the words of the longest passage of each example."""
    examples = passages["example"].to_numpy()
    words = np.array([len(text.split()) for text in passages["words"].to_pylist()], np.int64)
    longest = np.zeros(examples[-1] + 1 if len(examples) else 0, np.int64)
    # `maximum.at` and not `longest[examples] = …`: an example has several passages.
    np.maximum.at(longest, examples, words)
    return longest


def entries_of(benchmark: int, passages: pa.Table, lengths: Sequence[int]) -> np.ndarray:
    """The `ENTRY`s of a benchmark; a gram that an example has several times counts once for it."""
    words = passages["words"].to_pylist()
    counts = np.array([len(text.split()) for text in words], np.int64)
    # Two passages of 3 and 2 words: passage [0 0 0 1 1], word [0 1 2 0 1]. Joined they are one text, whose grams are
    # hashed in one call; those across two passages are dropped below: of length 2, that from word 2 on.
    passage = np.repeat(np.arange(len(words)), counts)
    word = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    joined, found = " ".join(filter(None, words)), [np.empty(0, ENTRY)]
    prefixes = gram_keys(joined, LEAST_WORDS)
    for length in sorted(set(lengths)):
        keys = gram_keys(joined, length)
        # Whether its last word is still of the passage.
        inside = np.flatnonzero(word[: len(keys)] + length <= counts[passage[: len(keys)]])
        entries = np.empty(len(inside), ENTRY)
        entries["key"], entries["prefix"] = keys[inside], prefixes[inside]
        entries["benchmark"], entries["passage"] = benchmark, passage[inside]
        entries["word"], entries["length"] = word[inside], length
        entries["example"] = passages["example"].to_numpy()[passage[inside]]
        found.append(entries)
    entries = np.concatenate(found)
    # Sorted by example, key, passage, word (lexsort's last key counts most): the first of equal pairs is its first
    # place.
    entries = entries[np.lexsort((entries["word"], entries["passage"], entries["key"], entries["example"]))]
    first = np.ones(len(entries), bool)
    first[1:] = (entries["key"][1:] != entries["key"][:-1]) | (entries["example"][1:] != entries["example"][:-1])
    return entries[first]


def partition_of(keys: np.ndarray, partitions: int) -> np.ndarray:
    """The part of each key, of a power of two of parts."""
    # Of 4 parts the two highest bits tell: keys below 2^62 are part 0, those from 3 · 2^62 on part 3.
    bits = partitions.bit_length() - 1
    return (keys >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(keys), np.int64)


def sorted_part(
    entries: np.ndarray, names: Sequence[str], passages: Sequence[pa.ChunkedArray]
) -> tuple[pa.Table, pa.Table]:
    """The keys and postings of a part, whatever the order of its entries.

    `names` and `passages`, the words of each passage, are those of the benchmarks by their numbers.
    """
    # By key; of equal keys the first benchmark, passage and word come first, so that `first` is the one that is shown.
    entries = entries[np.lexsort(tuple(entries[name] for name in ("word", "passage", "benchmark", "key")))]
    # The cut is for 0 entries.
    first = np.flatnonzero(np.r_[True, entries["key"][1:] != entries["key"][:-1]][: len(entries)])
    least = entries[first]
    grams = _texts_of(least, passages)
    said = [names[number] for number in least["benchmark"].tolist()]
    columns = [least["key"], least["prefix"], least["length"], said, grams, first.astype(np.int64)]
    postings = [entries[name] for name in POSTINGS_SCHEMA.names]
    return pa.table(columns, KEYS_SCHEMA), pa.table(postings, POSTINGS_SCHEMA)


def _texts_of(entries: np.ndarray, passages: Sequence[pa.ChunkedArray]) -> list[str]:
    """The words of each entry, made passage by passage."""
    grams, last, words = [""] * len(entries), (-1, -1), list[str]()
    # Passage by passage, so that each is split into words once.
    order = np.lexsort((entries["passage"], entries["benchmark"]))
    for start in range(0, len(order), _AT_ONCE):
        rows = order[start : start + _AT_ONCE]
        places = entries[["benchmark", "passage", "word", "length"]][rows].tolist()
        for row, (benchmark, passage, word, length) in zip(rows.tolist(), places, strict=True):
            if (benchmark, passage) != last:
                last, words = (benchmark, passage), passages[benchmark][passage].as_py().split()
            grams[row] = " ".join(words[word : word + length])
    return grams


class GramIndex:
    """The keys of all parts, opened."""

    def __init__(self, parts: Sequence[pa.Table]) -> None:
        self._parts = list(parts)
        self._keys = [keys["key"].to_numpy() for keys in parts]
        # Rows are numbered through all parts: parts of 3 and 2 keys have starts [0 3 5], row 4 is row 1 of part 1.
        self._starts = np.cumsum([0, *map(len, self._keys)])
        self._compiled = CompiledIndex(self._keys, [keys["prefix"].to_numpy() for keys in parts])
        self._gram_at = lru_cache(maxsize=100_000)(self._read_gram)

    @cached_property
    def lengths(self) -> list[int]:
        """The lengths that grams have, in words."""
        return sorted({int(length) for keys in self._parts for length in np.unique(keys["length"].to_numpy())})

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
        found = found[~np.isin(found["document"], others)]
        for first in range(0, len(found), _AT_ONCE):
            for document, row, start, end in found[first : first + _AT_ONCE].tolist():
                yield from self._verify(document, row, words_of(texts[int(document)][start:end]), start)
        # A match found in a text that is not in NFC has places of its own, so such a text is scanned as joined words.
        for document in others:
            words = words_of(texts[document])
            plain, _ = self._compiled.scan([" ".join(word.key for word in words)], self.lengths)
            # Words "ab" "c" stand at 0 and 3 of "ab c"; starts [0 3 5]. A hit from 0 to 4 has first 0 and last 2 (the
            # first start not below 4): words[0:2].
            starts = np.cumsum([0, *(len(word.key) + 1 for word in words)])
            for _, row, start, end in plain.tolist():
                first, last = np.searchsorted(starts, (start, end))
                yield from self._verify(document, row, words[first:last], 0)

    def gram(self, key: int) -> str:
        """The words of a key; "" for one that is not there."""
        part = int(partition_of(np.array([key], np.uint64), len(self._keys))[0])
        row = int(np.searchsorted(self._keys[part], np.uint64(key)))
        found = row < len(self._keys[part]) and int(self._keys[part][row]) == key
        return self._parts[part]["gram"][row].as_py() if found else ""

    def _verify(self, document: int, row: int, words: Sequence[Word], offset: int) -> Iterator[Hit]:
        """The hit, if the gram (its number among all) has these words; `offset` is where 0 of them is."""
        key, benchmark, gram = self._gram_at(row)
        if " ".join(word.key for word in words) == gram:
            start, end = offset + words[0].start, offset + words[-1].end
            yield Hit(document, start, end, key, len(words), benchmark, gram)

    def _read_gram(self, row: int) -> tuple[int, str, str]:
        """The key, the benchmark and the words of a gram, by its number among all."""
        # side="right" - 1 also passes over empty parts: starts [0 3 3 5], row 3 is of part 2.
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        at = row - int(self._starts[part])
        keys = self._parts[part]
        return int(self._keys[part][at]), keys["benchmark"][at].as_py(), keys["gram"][at].as_py()


def examples_with(keys: pa.Table, postings: pa.Table, wanted: np.ndarray) -> np.ndarray:
    """(n, 3) benchmark, example and length of every posting of the wanted keys, which may be of other parts too."""
    here = keys["key"].to_numpy()
    rows = np.flatnonzero(np.isin(here, wanted))
    starts = keys["first"].to_numpy()
    ends = np.append(starts[1:], postings.num_rows)  # postings of a key end where those of the next begin
    chosen = [np.arange(starts[row], ends[row]) for row in rows]
    places = np.concatenate([np.zeros(0, np.int64), *chosen]).astype(np.int64)
    return np.stack([postings[name].to_numpy()[places] for name in POSTINGS_SCHEMA.names], axis=1)
