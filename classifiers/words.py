"""Texts to the hashed words and word pairs that a classifier weighs: one normalisation for training and for scoring.

A word is a run of letters and marks in lower case, or of digits, each of which counts as `0`; scripts without blanks
(Chinese, Japanese, Thai …) give a word a character. Everything else only separates, so that typographic quotes, dashes
and markup, which differ with the extraction and not with the text, decide nothing. A feature is a word or two words in
a row, as one of `BUCKETS` numbers.

The whole batch is one array of code points. With P[i] = Σ_{j<i} code[j] M^j (mod 2^64) the hash of the characters from
s to e is (P[e] − P[s]) M^−s: the same for the same word wherever it stands, and two look-ups instead of a loop.

    "A cat, a cat"   code  a · c a t · · a · c a t     starts 0 2 7 9    words  a cat a cat
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from classifiers.features import Features

# Another number for every change of what follows: a model of other features is refused.
VERSION = 1
BUCKETS = 1 << 20
_KEPT_BITS = np.uint64(64 - 20)
_ALONE = np.uint32(1 << 31)
# Code points from here on are rare ideographs, which count as one.
_HIGHEST = 0x20000
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))
_MULTIPLIER = 0x9E3779B97F4A7C15
_INVERSE = pow(_MULTIPLIER, -1, 1 << 64)
_PAIR = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True)
class Words:
    """The words of some texts: where each starts and ends in the joined text, its hash, how many each text has."""

    starts: np.ndarray
    ends: np.ndarray
    hashes: np.ndarray
    counts: np.ndarray


def joined(texts: Sequence[str]) -> str:
    """The texts as one, so that the places in `Words` are places in it."""
    return "\0".join(texts)


def words_of(texts: Sequence[str]) -> Words:
    """Every word of every text."""
    points = np.frombuffer(joined(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    codes = np.take(_codes(), points, mode="clip")
    inside = np.zeros(len(points) + 2, bool)
    np.not_equal(codes, 0, out=inside[1:-1])
    first, last = inside[1:] & ~inside[:-1], inside[:-1] & ~inside[1:]
    if len(codes) and codes.max() >= _ALONE:
        alone = codes >= _ALONE
        first[:-1] |= alone
        first[1:] |= alone & inside[2:]
        last |= inside[:-1] & first
    begin, end = np.flatnonzero(first), np.flatnonzero(last)
    powers, inverses = _powers(len(points))
    prefix = np.zeros(len(points) + 1, np.uint64)
    np.cumsum(codes * powers[: len(points)], out=prefix[1:])
    hashes = _mixed((prefix[end] - prefix[begin]) * inverses[begin])
    bounds = np.cumsum([len(text) + 1 for text in texts])
    counts = np.diff(np.searchsorted(begin, bounds), prepend=0)
    return Words(begin, end, hashes, counts)


def words_and_pairs(texts: Sequence[str]) -> Features:
    """The features of some texts: a run of their words, and one of their pairs, of which n words have n − 1."""
    words = words_of(texts)
    pairs = _buckets(_mixed(words.hashes[:-1] * _PAIR + words.hashes[1:]))
    last = np.cumsum(words.counts)[:-1] - 1
    between_texts = np.unique(last[(last >= 0) & (last < len(pairs))])
    runs = (_buckets(words.hashes), words.counts), (np.delete(pairs, between_texts), np.maximum(words.counts - 1, 0))
    return Features(runs)


def named_words_and_pairs(text: str) -> list[str]:
    """What the features of one text are, in their order: `the`, `the loom`."""
    words = words_of([text])
    names = [text[start:end].lower() for start, end in zip(words.starts, words.ends, strict=True)]
    return names + [" ".join(pair) for pair in pairwise(names)]


def _buckets(hashes: np.ndarray) -> np.ndarray:
    return (hashes >> _KEPT_BITS).astype(np.int64)


@cache
def _codes() -> np.ndarray:
    """What each code point counts as in a word: 0 where it separates, from `_ALONE` on where it is a whole word."""
    codes = np.zeros(_HIGHEST + 1, np.uint32)
    for point in range(_HIGHEST):
        kind = unicodedata.category(chr(point))
        if kind == "Nd":
            codes[point] = ord("0")
        elif kind[0] in "LM":
            codes[point] = ord(chr(point).lower()[0])
    codes[_HIGHEST] = _HIGHEST
    for first, last in (*_UNSPACED, (_HIGHEST, _HIGHEST)):
        block = codes[first : last + 1]
        block[block > 0] |= _ALONE
    return codes


_grown: dict[str, np.ndarray] = {}


def _powers(length: int) -> tuple[np.ndarray, np.ndarray]:
    """The powers of the multiplier and of its inverse, at least `length` of each."""
    if len(_grown.get("powers", ())) < length:
        size = 1 << max(length - 1, 1 << 16).bit_length()
        for name, number in (("powers", _MULTIPLIER), ("inverses", _INVERSE)):
            steps = np.full(size, number, np.uint64)
            steps[0] = 1
            _grown[name] = np.cumprod(steps)
    return _grown["powers"], _grown["inverses"]


def _mixed(values: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
