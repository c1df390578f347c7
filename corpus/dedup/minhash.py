"""MinHash signatures and LSH bands (Broder, 1997; Leskovec et al., ch. 3).

Two documents whose sets of shingles have Jaccard similarity s agree in each minimum with probability s, and share
one of b bands of r minima with probability 1 - (1 - s**r)**b: for 14 bands of 8, 0.92 at s = 0.8. A shared band
makes a candidate, never a verdict: the share of equal minima estimates s (standard error 0.04 for 112), and the pair
counts only if that reaches `min_similarity`.

A shingle is five words in a row. Words are runs of letters and digits in lower case; scripts written without blanks
(Chinese, Japanese, Thai …) count each character as a word, since a whole line would otherwise be one. A text
shorter than a shingle is one shingle. Hashes are XXH3 and multiply-shift over 64 bits, frozen: signatures of two
builds can be compared, and `MinHash` in the manifest says which they are.
"""

import re
from dataclasses import dataclass

import numpy as np
import xxhash

_WORD = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|\w+"
)
_BLOCK = 4096
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class MinHash:
    """How near duplicates are looked for. `bands` x `rows` minima, and the similarity at which a pair counts."""

    bands: int = 14
    rows: int = 8
    shingle_words: int = 5
    min_similarity: float = 0.7
    seed: int = 1

    @property
    def minima(self) -> int:
        """The length of a signature."""
        return self.bands * self.rows

    def candidate_probability(self, similarity: float) -> float:
        """How likely a pair of this Jaccard similarity is to share a band."""
        return 1 - (1 - similarity**self.rows) ** self.bands


def shingles(text: str, words: int) -> np.ndarray:
    """The distinct shingles of a text as 64-bit hashes, sorted; empty for a text without words."""
    hashes = [xxhash.xxh3_64_intdigest(word.encode()) for word in _WORD.findall(text.lower())]
    if not hashes:
        return np.zeros(0, np.uint64)
    values = np.array(hashes, np.uint64)
    width = min(words, len(values))
    total = np.zeros(len(values) - width + 1, np.uint64)
    for place in range(width):
        total = total * _GOLDEN + values[place : place + len(total)]
    return np.unique(_mixed(total))


def signature(text: str, config: MinHash) -> np.ndarray:
    """The minima of a text: `config.minima` uint32; all ones when it has no words."""
    least = np.full(config.minima, 0xFFFFFFFF, np.uint32)
    multiply, add = _permutations(config)
    found = shingles(text, config.shingle_words)
    for start in range(0, len(found), _BLOCK):
        block = found[start : start + _BLOCK]
        permuted = (multiply[:, None] * block[None, :] + add[:, None]) >> np.uint64(32)
        np.minimum(least, permuted.min(axis=1).astype(np.uint32), out=least)
    return least


def band_hashes(signatures: np.ndarray, config: MinHash) -> np.ndarray:
    """(documents, minima) → (documents, bands) int64: equal where all `rows` minima of a band are equal."""
    rows = signatures.reshape(len(signatures), config.bands, config.rows).astype(np.uint64)
    total = np.zeros(rows.shape[:2], np.uint64)
    for place in range(config.rows):
        total = _mixed(total + rows[:, :, place] + _GOLDEN)
    return total.view(np.int64)


def similarity(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The estimated Jaccard similarity of one signature with each row of `others`."""
    return (others == one).mean(axis=1)


def _mixed(values: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _permutations(config: MinHash) -> tuple[np.ndarray, np.ndarray]:
    """Odd multipliers and addends of the multiply-shift family, from the seed alone."""
    steps = np.arange(1, 2 * config.minima + 1, dtype=np.uint64) + np.uint64(config.seed << 32)
    numbers = _mixed(steps * _GOLDEN)
    return numbers[: config.minima] | np.uint64(1), numbers[config.minima :]
