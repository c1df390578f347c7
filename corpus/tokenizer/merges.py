"""Byte-pair merges from word counts (Sennrich et al., 2016): the same merges on every machine.

Training is greedy: merge the most frequent pair of neighbours, again and again. All positions of all distinct words
stand in flat numpy arrays, linked to their neighbours. Occurrences of a pair appear only at the moment its
younger symbol is made; from then on its count can only fall. So a heap of upper bounds is enough: take the best
pair, recount it where it stands, and merge it if the bound was exact, or put it back with its true count. Nothing
is stored per pair but its heap entry, and memory follows the distinct words, not the text.

Equal counts are decided by bytes: the pair whose (left, right) bytes are least goes first. Hugging Face's trainer
decides by token ids instead, which orders ties differently; everything else is the same. Counts are 64-bit:
32-bit pair counts overflow silently on large corpora and split words like "the" (tokenizers#437).
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from corpus.tokenizer.counts import TrainingTooLarge, WordCounts

Merge = tuple[bytes, bytes]

_NONE = -1  # outside a word, or a symbol outside the alphabet: joins no pair
_USED = -2  # the second half of a merged pair
_WORD_END = b"</w>"


@dataclass(frozen=True)
class Trained:
    """What training found: the alphabet in the order of its bytes, and the merges in the order they were made."""

    alphabet: tuple[bytes, ...]
    merges: tuple[Merge, ...]


def train_merges(counts: WordCounts, merges: int, min_count: int = 2) -> Trained:
    """The first `merges` merges over bytes, for a byte-level tokenizer.

    Stops early, with fewer merges, when no pair is left that occurs `min_count` times.
    """
    words = _bytes_of(counts)
    return Trained(tuple(words.bytes_of), words.train(merges, min_count))


def replay_merges(counts: WordCounts, merges: Iterable[Merge]) -> list[tuple[int, int]]:
    """Make the given byte merges, whoever found them; for each (its count, the count of the most frequent pair then).

    Where the two are equal throughout, the merges are greedy ones, and differ from ours by nothing but how ties are
    broken. `KeyError` for a merge of a token that no earlier merge made.
    """
    return _bytes_of(counts).replay(merges)


def train_character_merges(counts: WordCounts, merges: int, characters: int, min_count: int = 2) -> Trained:
    """The first `merges` merges over characters, the last of each word carrying `</w>`, as GPT-1 has it.

    The alphabet is the `characters` most frequent ones (ties: the lowest code point), each with and without `</w>`;
    any other character joins no pair.
    """
    # UTF-8: a byte 10xxxxxx continues a character, every other one starts it. A word's characters are the starts
    # between its borders.
    starts_a_character = np.frombuffer(counts.data, np.uint8) & 0xC0 != 0x80
    ends = np.cumsum(counts.lengths, dtype=np.int64)
    lengths = np.diff(np.append(0, np.append(0, np.cumsum(starts_a_character))[ends]))
    weights = np.repeat(counts.counts, lengths)
    points = np.frombuffer(counts.data.decode().encode("utf-32-le"), np.uint32)
    found, place = np.unique(points, return_inverse=True)
    totals = np.zeros(len(found), np.int64)
    np.add.at(totals, place, weights)
    # The most frequent, ties by code point (lexsort's last key counts most), then in the order of code points.
    chosen = np.sort(np.lexsort((found, -totals))[:characters])
    # found [a b c], chosen [0 2]: rank [0 -1 1], so "b" joins no pair.
    rank = np.full(len(found), _NONE, np.int32)
    rank[chosen] = np.arange(len(chosen))
    symbols = rank[place]
    last = np.cumsum(lengths) - 1
    # The last character of a word is the symbol with </w>, which stands len(chosen) further on.
    symbols[last] += np.where(symbols[last] == _NONE, 0, len(chosen)).astype(np.int32)
    plain = [chr(found[index]).encode() for index in chosen]
    alphabet = [*plain, *(character + _WORD_END for character in plain)]
    return Trained(tuple(alphabet), _Words(symbols, lengths, counts, alphabet).train(merges, min_count))


class _Words:
    """All positions of all distinct words, in one line; position n stands for "outside a word".

    `symbol`, `after` and `before` are indexed by position; `weight` is how often the word at a position occurs;
    `places[s]` are the positions where symbol s was made, in order, of which some may have merged away since.
    """

    def __init__(self, symbols: np.ndarray, lengths: np.ndarray, counts: WordCounts, alphabet: list[bytes]):
        n = len(symbols)
        if n >= 2**31 - 1:
            raise TrainingTooLarge(
                f"the distinct words have {n:,} symbols, positions are 32-bit; sample fewer documents"
            )
        self.outside = n
        # The words "abab" and "b" are positions 0-3 and 4; 5 is outside:
        #
        #     symbol  a b a b b -    after  1 2 3 5 5    before  5 0 1 2 5    word  0 0 0 0 1
        self.symbol = np.append(symbols, np.int32(_NONE))
        self.after = np.append(np.arange(1, n + 1, dtype=np.int32), np.int32(n))
        self.before = np.arange(-1, n, dtype=np.int32)
        ends = np.cumsum(lengths, dtype=np.int64)
        self.after[ends - 1] = n
        self.before[ends - lengths] = n
        self.word = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        self.weight = counts.counts
        self.bytes_of = list(alphabet)
        self.id_of = {data: index for index, data in enumerate(alphabet)}
        # Positions sorted by symbol, cut where each symbol's begin.
        order = np.argsort(symbols, kind="stable").astype(np.int32)
        bounds = np.searchsorted(symbols[order], np.arange(len(alphabet) + 1))
        self.places = [order[bounds[s] : bounds[s + 1]] for s in range(len(alphabet))]

    def train(self, merges: int, min_count: int) -> tuple[Merge, ...]:
        """Merge the most frequent pair until there are enough merges or no pair is frequent enough."""
        heap = self._first_pairs(min_count)
        heapq.heapify(heap)
        made: list[Merge] = []
        while heap and len(made) < merges:
            bound, left, right = heapq.heappop(heap)
            # An entry's count was right when it was made, and can only have fallen since: the bound of the heap.
            starts, count = self.find(left, right)
            if count == -bound:  # exact: no other pair can have more
                made.append((left, right))
                for entry in self.merge(left, right, starts, min_count):
                    heapq.heappush(heap, entry)
            elif count >= min_count:  # less: back with its true count
                heapq.heappush(heap, (-count, left, right))
        return tuple(made)

    def replay(self, merges: Iterable[Merge]) -> list[tuple[int, int]]:
        """Make the merges given; (count, count of the best) of each, for `replay_merges`."""
        heap = self._first_pairs(1)
        heapq.heapify(heap)
        seen: list[tuple[int, int]] = []
        for pair in merges:
            best = 0
            while heap and not best:
                bound, left, right = heap[0]
                _, count = self.find(left, right)
                if count == -bound:
                    best = count
                elif count:
                    heapq.heapreplace(heap, (-count, left, right))
                else:
                    heapq.heappop(heap)
            starts, count = self.find(*pair)
            seen.append((count, best))
            for entry in self.merge(*pair, starts, 1):
                heapq.heappush(heap, entry)
        return seen

    def find(self, left: bytes, right: bytes) -> tuple[np.ndarray, int]:
        """Where the pair starts now, in order, and how often it occurs in the text."""
        a, b = self.id_of[left], self.id_of[right]
        # From the rarer of the two symbols: its places, and whether the neighbour is the other one.
        if len(self.places[a]) <= len(self.places[b]):
            starts = self._alive(a)
            starts = starts[self.symbol[self.after[starts]] == b]
        else:
            starts = self.before[self._alive(b)]
            starts = starts[self.symbol[starts] == a]
        return starts, int(self.weight[self.word[starts]].sum())

    def merge(self, left: bytes, right: bytes, starts: np.ndarray, min_count: int) -> list[tuple[int, bytes, bytes]]:
        """Replace the pair by a new symbol; the heap entries of the pairs that the new symbol is part of."""
        new, data = len(self.bytes_of), left + right
        assert data not in self.id_of, f"{data!r} was made twice; occurrences of a string merge in one way only"
        self.bytes_of.append(data)
        self.id_of[data] = new
        if left == right:
            # "aaa" has a pair at 0 and at 1, which overlap: only every other one merges.
            starts = starts[_every_other(starts, self.after)]
        seconds = self.after[starts]
        rest = self.after[seconds]
        self.symbol[starts] = new
        # a b c → ab - c: the first position has the new symbol, the second is used up, and the links pass over it.
        self.symbol[seconds] = _USED
        self.after[starts] = rest
        self.before[rest] = starts
        self.places.append(starts.astype(np.int32))
        weights = self.weight[self.word[starts]]
        entries = [
            (-count, self.bytes_of[symbol], data)
            for symbol, count in _totals(self.symbol[self.before[starts]], weights)
            if count >= min_count
        ]
        entries += [
            (-count, data, self.bytes_of[symbol])
            for symbol, count in _totals(self.symbol[rest], weights)
            if count >= min_count and symbol != new  # (new, new) is counted by the part before: once
        ]
        return entries

    # Places where the symbol has been merged away are dropped for good when they are met.
    def _alive(self, symbol: int) -> np.ndarray:
        places = self.places[symbol]
        kept = places[self.symbol[places] == symbol]
        if len(kept) < len(places):
            self.places[symbol] = kept
        return kept

    def _first_pairs(self, min_count: int) -> list[tuple[int, bytes, bytes]]:
        starts = np.flatnonzero((self.after[:-1] < self.outside) & (self.symbol[:-1] != _NONE))
        lefts, rights = self.symbol[starts], self.symbol[self.after[starts]]
        # A pair as one number: left symbol << 32 | right symbol; pairs with an unknown character are -1 and left out.
        keys = np.where(rights == _NONE, np.int64(_NONE), lefts.astype(np.int64) << 32 | rights.astype(np.int64))
        return [
            (-count, self.bytes_of[key >> 32], self.bytes_of[key & 0xFFFFFFFF])
            for key, count in _totals(keys, self.weight[self.word[starts]])
            if count >= min_count
        ]


def _bytes_of(counts: WordCounts) -> _Words:
    """The words as bytes, with the 256 of them as the alphabet."""
    symbols = np.frombuffer(counts.data, np.uint8).astype(np.int32)
    return _Words(symbols, counts.lengths, counts, [bytes([value]) for value in range(256)])


def _totals(keys: np.ndarray, weights: np.ndarray) -> list[tuple[int, int]]:
    """The sum of the weights of each key that is not negative, in integers: (key, total)."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    firsts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    # Keys [1 3 3], weights [5 2 1]: firsts [0 1], totals [5 3].
    totals = np.add.reduceat(weights[order], firsts)
    return [(key, total) for key, total in zip(keys[firsts].tolist(), totals.tolist(), strict=True) if key >= 0]


def _every_other(starts: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Which starts of a pair of equal symbols merge: "aaaa" has three, the first and the third merge."""
    index = np.arange(len(starts))
    # starts [0 1 2 5], each but 5 at the end of the one before: runs begin at 0 and 5, so [T F T T] merge.
    opens = np.append(True, starts[1:] != after[starts[:-1]])[: len(starts)]
    run = np.maximum.accumulate(np.where(opens, index, 0))
    return (index - run) % 2 == 0
