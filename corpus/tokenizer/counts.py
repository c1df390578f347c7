"""Word counts as training takes them: sorted, in three flat arrays, and cut to what memory allows.

A Python dictionary needs some 150 bytes per word over the word itself; here it is its bytes and 16 more. Counts that
come sorted, part by part, are merged as they stream, so that only the distinct words are ever held.

Memory follows the distinct words, not the text. Where they are too many for a limit, the rarest are left out, all of a
count together: the same words on every machine, told in numbers, and better than being killed in the middle.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

_TWO_TO_62 = 1 << 62  # leaves room to add two of them in int64
_COUNTED_APART = 1 << 16  # counts from here on are one class: no limit needs to tell them apart


class TrainingTooLarge(MemoryError):
    """Training would need more memory than the limit."""


@dataclass(frozen=True, eq=False)
class WordCounts:
    """Distinct words in the order of their bytes: `data` is all of them joined, `lengths` in bytes, `counts` int64."""

    data: bytes
    lengths: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WordCounts) and list(self.items()) == list(other.items())

    def items(self) -> Iterator[tuple[bytes, int]]:
        """(word, count), in order."""
        start = 0
        for length, count in zip(self.lengths.tolist(), self.counts.tolist(), strict=True):
            yield self.data[start : start + length], count
            start += length


@dataclass(frozen=True)
class Fitted:
    """Words that fit a limit: those counted `least` times or more; what was left out, in words and in occurrences."""

    words: WordCounts
    least: int
    left_out_words: int
    left_out_occurrences: int
    occurrences: int


def add_counts(words: Mapping[bytes, int] | Iterable[tuple[bytes, int]]) -> WordCounts:
    """Word counts in any order, equal words added up: the order of the input leaves no trace."""
    pairs: Iterable[tuple[bytes, int]] = words.items() if isinstance(words, Mapping) else words  # pyright: ignore
    totals: dict[bytes, int] = {}
    for word, count in map(_check_pair, pairs):
        totals[word] = totals.get(word, 0) + count
    return _gather((word, totals[word]) for word in sorted(totals))


def merge_counts(parts: Sequence[Iterable[tuple[bytes, int]]]) -> WordCounts:
    """Word counts of parts that are sorted by the words' bytes, each read once from its start to its end."""
    # `merge` holds one word of each part; equal words come next to each other.
    merged = groupby(map(_check_pair, heapq.merge(*parts, key=itemgetter(0))), key=itemgetter(0))
    return _gather((word, sum(count for _, count in group)) for word, group in merged)


def fit(words: WordCounts, needed: "TrainingMemory", limit: int | None) -> Fitted:
    """The words that training may have below `limit` bytes of memory, the rarest left out; `None` is no limit.

    `TrainingTooLarge` when not even the words of the greatest counts fit.
    """
    total = int(words.counts.sum())
    if limit is None or needed.estimate(len(words), len(words.data)) <= limit:
        return Fitted(words, 1, 0, 0, total)
    # How many words, and how many bytes of them, have a count of at least c, for each c: counts [3 1 1] of 2, 1 and 3
    # bytes give 3 3 1 1 words and 6 6 2 2 bytes for c = 0 … 3.
    kinds = np.minimum(words.counts, _COUNTED_APART)
    numbers = np.bincount(kinds, minlength=_COUNTED_APART + 1)[::-1].cumsum()[::-1]  # the sum from behind
    sizes = np.bincount(kinds, words.lengths, minlength=_COUNTED_APART + 1)[::-1].cumsum()[::-1]
    estimates = [needed.estimate(int(n), int(size)) for n, size in zip(numbers, sizes, strict=True)]
    # The least count whose words fit; estimates fall as c rises.
    least = next((count for count, each in enumerate(estimates) if each <= limit and numbers[count]), None)
    if least is None:
        raise TrainingTooLarge(
            f"training needs at least {estimates[-1] / 1e6:,.0f} MB, the limit is {limit / 1e6:,.0f} MB; raise it"
        )
    kept = words.counts >= least
    # A word's flag, once for each of its bytes, picks the bytes that stay.
    data = np.frombuffer(words.data, np.uint8)[np.repeat(kept, words.lengths)].tobytes()
    fitted = WordCounts(data, words.lengths[kept], words.counts[kept])
    return Fitted(fitted, least, len(words) - len(fitted), total - int(fitted.counts.sum()), total)


@dataclass(frozen=True)
class TrainingMemory:
    """The peak memory of a training: bytes at least, a distinct word, and a byte of the distinct words."""

    at_least: int
    a_word: int
    a_byte: int

    def estimate(self, words: int, size: int) -> int:
        """An upper estimate in bytes for `words` distinct words of `size` bytes together."""
        return self.at_least + words * self.a_word + size * self.a_byte

    def guess(self, text_bytes: int) -> int:
        """The same before any word is counted, for `text_bytes` of text: Heaps' law, with half as much again.

        Measured on web text, books and 400 languages: 29,000 distinct words in 1 MB, 168,000 in 10, 741,000 in 100.
        """
        words = int(1.5 * 38_000 * (text_bytes / 1e6) ** 0.645)
        return self.estimate(words, 11 * words)


def _check_pair(pair: tuple[bytes, int]) -> tuple[bytes, int]:
    word, count = pair
    if not 0 < count < _TWO_TO_62:
        raise ValueError(f"the word {word!r} is counted {count} times; a count is at least 1 and below 2**62")
    return word, count


def _gather(pairs: Iterable[tuple[bytes, int]]) -> WordCounts:
    data = bytearray()
    lengths, counts = _Growing(np.int32), _Growing(np.int64)
    total = longest = 0
    for word, count in pairs:
        if word:
            data += word
            lengths.add(len(word))
            counts.add(count)
            total, longest = total + count, max(longest, len(word))
    # A pair occurs at most so often: the words' occurrences times the longest word.
    if total * longest >= _TWO_TO_62:
        raise ValueError("the words add up to more than 2**62 symbols: pair counts would overflow; divide the counts")
    return WordCounts(bytes(data), lengths.array(), counts.array())


class _Growing:
    """Numbers that come one by one, held as blocks of an array."""

    def __init__(self, dtype: type[np.integer]) -> None:
        self.dtype = dtype
        self.blocks: list[np.ndarray] = []
        self.last: list[int] = []

    def add(self, number: int) -> None:
        self.last.append(number)
        # Blocks of 65,536: a list of all would take 8 bytes and an object for each number.
        if len(self.last) == 1 << 16:
            self.blocks.append(np.array(self.last, self.dtype))
            self.last = []

    def array(self) -> np.ndarray:
        return np.concatenate([*self.blocks, np.array(self.last, self.dtype)])
