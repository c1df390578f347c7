"""Texts to the hashed words and word pairs that a classifier weighs: one normalisation for training and for scoring.

A word is a run of letters and marks in lower case, or of digits, each of which counts as `0`; scripts without blanks
(Chinese, Japanese, Thai …) give a word a character. Everything else only separates, so that typographic quotes, dashes
and markup, which differ with the extraction and not with the text, decide nothing. A feature is a word or two words in
a row, as one of `BUCKETS` numbers.

The whole batch is one array of codes, 0 for what separates. The hash of the word from s to e is Σ code[i] M^(i−s) (mod
2^64), mixed: Σ code[i] M^i times M^−s, the same wherever the word stands, and no loop over words.

    "A cat, a cat"   code  a 0 c a t 0 0 a 0 c a t     starts 0 2 7 9    words  a cat a cat
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from classifiers.features import Features, Run
from corpus.splitmix import GOLDEN, mixed

# Another number for every change of what follows: a model of other features is refused.
VERSION = 1
BUCKETS = 1 << 20
_KEPT_BITS = np.uint64(64 - 20)  # a right shift by 44 leaves the 20 highest bits, the number of a bucket
_ALONE = np.uint32(1 << 31)  # a bit above every code point (at most 0x10FFFF): a word by itself
# Code points from here on are rare ideographs, which count as one.
_HIGHEST = 0x20000
# Thai and Lao, Myanmar, Khmer, kana, ideographs, compatibility ideographs.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))
_INVERSE = pow(GOLDEN, -1, 1 << 64)  # of an odd number there is one modulo 2^64
_PAIR = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True)
class Words:
    """The words of some texts: where each starts in the joined text, its hash, and how many each text has."""

    starts: np.ndarray
    hashes: np.ndarray
    counts: np.ndarray


def words_of(texts: Sequence[str]) -> Words:
    """Every word of every text."""
    codes = _codes_of(texts)
    starts = _starts(codes)
    powers, inverses = _powers(len(codes))
    # What separates has the code 0, so that a word's sum may go on to where the next word starts.
    hashes = np.add.reduceat(codes * powers[: len(codes)], starts) if len(starts) else np.zeros(0, np.uint64)
    hashes *= np.take(inverses, starts)
    # Where each text ends, its separator included: "a cat", "b" start words at 0 2 6 and end at 6 8, so 2 and 1 of
    # them.
    bounds = np.cumsum([len(text) + 1 for text in texts])
    return Words(starts, mixed(hashes), np.diff(np.searchsorted(starts, bounds), prepend=0))


def spelled(text: str) -> list[str]:
    """The words of one text, in lower case."""
    codes = _codes_of([text])
    starts = _starts(codes)
    # The characters of a word until the next starts; separators in between count 0.
    lengths = np.add.reduceat((codes > 0).astype(int), starts) if len(starts) else starts
    # Lowered after it is cut: "İ" becomes two characters, and would move all that follows.
    return [text[start : start + length].lower() for start, length in zip(starts, lengths, strict=True)]


def _codes_of(texts: Sequence[str]) -> np.ndarray:
    """What each character counts as, of all texts with one that separates after each but the last."""
    # One number per character. Code points beyond the table take its last entry (`clip`).
    points = np.frombuffer("\0".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.take(_codes(), points, mode="clip")


def _starts(codes: np.ndarray) -> np.ndarray:
    """Where the words start: after what separates, and at and after a character that is a word by itself."""
    # `inside[n + 1]` is character n, `inside[0]` what is before the text: a word starts where it rises from False to
    # True.
    inside = np.empty(len(codes) + 1, bool)
    inside[0] = False
    np.not_equal(codes, 0, out=inside[1:])
    first = inside[1:] & ~inside[:-1]
    if len(codes) and codes.max() >= _ALONE:
        alone = codes >= _ALONE
        first |= alone
        # And after one that is alone: "a 日本b" starts words at 0 2 3 4.
        first[1:] |= alone[:-1] & inside[2:]
    return np.flatnonzero(first)


def words_and_pairs(texts: Sequence[str]) -> Features:
    """The features of some texts: a run of their words, and one of their pairs, of which n words have n − 1."""
    words = words_of(texts)
    starts = np.cumsum(words.counts) - words.counts
    # The factor on the first word alone tells "a b" from "b a". The pair across two texts is computed and belongs to
    # none.
    pairs = words.hashes[:-1] * _PAIR
    pairs += words.hashes[1:]
    pairs = _buckets(mixed(pairs))
    pair_counts = np.maximum(words.counts - 1, 0)
    pair_starts = np.minimum(starts, len(pairs))  # of an empty last text the start would lie behind all pairs
    return Features((Run(_buckets(words.hashes), starts, words.counts), Run(pairs, pair_starts, pair_counts)))


def named_words_and_pairs(text: str) -> list[str]:
    """What the features of one text are, in their order: `the`, `the loom`."""
    names = spelled(text)
    return names + [" ".join(pair) for pair in pairwise(names)]


def _buckets(hashes: np.ndarray) -> np.ndarray:
    return (hashes >> _KEPT_BITS).astype(np.int64)


@cache
def _codes() -> np.ndarray:
    """What each code point counts as in a word: 0 where it separates, from `_ALONE` on where it is a whole word."""
    codes = np.zeros(_HIGHEST + 1, np.uint32)
    for point in range(_HIGHEST):
        kind = unicodedata.category(chr(point))
        if kind == "Nd":  # category Nd: decimal digits of any script; "½" is No and separates
            codes[point] = ord("0")
        elif kind[0] in "LM":
            codes[point] = ord(chr(point).lower()[0])  # of "i̇", the lower case of "İ", the "i"
    codes[_HIGHEST] = _HIGHEST
    for first, last in (*_UNSPACED, (_HIGHEST, _HIGHEST)):
        block = codes[first : last + 1]
        block[block > 0] |= _ALONE  # what is no letter in such a block still separates
    return codes


_grown: dict[str, np.ndarray] = {}


def _powers(length: int) -> tuple[np.ndarray, np.ndarray]:
    """The powers of the multiplier and of its inverse, at least `length` of each."""
    if len(_grown.get("powers", ())) < length:
        # Grown in powers of two: one product over all, which wraps modulo 2^64 without a warning, as it must.
        size = 1 << max(length - 1, 1 << 16).bit_length()
        for name, number in (("powers", GOLDEN), ("inverses", _INVERSE)):
            steps = np.full(size, number, np.uint64)
            steps[0] = 1
            _grown[name] = np.cumprod(steps)
    return _grown["powers"], _grown["inverses"]
