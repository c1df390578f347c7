"""MinHash signatures and LSH bands (Broder, 1997; Leskovec et al., ch. 3), for many texts at once in native code.

Two documents whose sets of shingles have Jaccard similarity s agree in each minimum with probability s, and share
one of b bands of r minima with probability 1 - (1 - s**r)**b: for 14 bands of 8, 0.92 at s = 0.8. A shared band
makes a candidate, never a verdict: the share of equal minima estimates s (standard error 0.04 for 112), and the pair
counts only if that reaches `min_similarity`.

A shingle is five words in a row, or so many characters. Words are those of `corpus.rules.words` that have a letter or
a digit, in lower case; scripts written without blanks (Chinese, Japanese, Thai …) count each character as a word. A
text shorter than a shingle is one shingle; a text without words has no signature (all ones) and resembles nobody.

The hashes are frozen, and `FAMILY` names them: 64 bits over the code points of a word and over the words of a shingle,
of which the upper 32 go through a*x + b mod 2**32, a odd. (No prime is needed: on random sets the estimate is without
bias and its variance is the binomial one, which a test holds.) So signatures of two builds can be compared, and
`MinHash` in the manifest says which they are.
"""

from collections.abc import Sequence
from ctypes import byref
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.dedup.native import Cut, library
from corpus.splitmix import GOLDEN, mixed

FAMILY = "words-1/mul32-1"
_ONES = 0xFFFFFFFF


@dataclass(frozen=True)
class MinHash:
    """How near duplicates are looked for: `bands` x `rows` minima, and the similarity at which a pair counts.

    `checks` are further minima that no band has, for an estimate finer than the bands are. With `shingle_characters`
    a shingle is so many characters, and `shingle_words` says nothing.
    """

    bands: int = 14
    rows: int = 8
    shingle_words: int = 5
    min_similarity: float = 0.7
    seed: int = 1
    checks: int = 0
    shingle_characters: int = 0

    @property
    def minima(self) -> int:
        """The length of a signature."""
        return self.bands * self.rows + self.checks

    @property
    def needed(self) -> int:
        """How many equal minima make a pair."""
        return int(np.ceil(self.min_similarity * self.minima - 1e-9))

    @property
    def cut(self) -> Cut:
        """The shingles, for native code."""
        return Cut(self.shingle_characters or self.shingle_words, bool(self.shingle_characters))

    def candidate_probability(self, similarity: float) -> float:
        """How likely a pair of this Jaccard similarity is to share a band."""
        return 1 - (1 - similarity**self.rows) ** self.bands


# Settings of others, each with its source. Where the source has no check of a candidate, `min_similarity` is ours.
PRESETS = {
    # Brown et al. 2020, appendix A: Spark's MinHashLSH, 10 hash tables of one hash over single words. Which distance
    # counts is not said, so pairs are verified at 0.8, with minima enough to tell.
    "gpt3": MinHash(10, 1, shingle_words=1, min_similarity=0.8, checks=118),
    # OpenWebText2: datasketch, 10 permutations, threshold 0.5, which datasketch makes 3 bands of 3.
    "owt2": MinHash(3, 3, min_similarity=0.5, checks=103),
    # Penedo et al. 2024 (FineWeb): 112 hashes as 14 bands of 8, word 5-grams.
    "fineweb": MinHash(),
    # Penedo et al. 2023 (RefinedWeb), Lee et al. 2022: 9,000 hashes as 450 bands of 20, word 5-grams.
    "refinedweb": MinHash(450, 20, min_similarity=0.8),
    # NeMo Curator: 260 hashes as 20 bands of 13, 24 characters.
    "nemo": MinHash(20, 13, min_similarity=0.8, shingle_characters=24),
}


def signatures(texts: Sequence[str] | pa.Array, config: MinHash) -> np.ndarray:
    """(n,) texts, plain or as an Arrow column without nulls → (n, minima) uint32; a row of ones has no words."""
    data, offsets = _bytes_of(texts)
    out = np.empty((len(offsets) - 1, config.minima), np.uint32)
    multiply, add = _permutations(config)
    done = library().dedup_sign(
        data.ctypes.data,
        offsets.ctypes.data,
        len(out),
        byref(config.cut),
        multiply.ctypes.data,
        add.ctypes.data,
        config.minima,
        out.ctypes.data,
    )
    if done < 0:
        raise MemoryError("the longest of the texts does not fit into memory")
    return out


def signature(text: str, config: MinHash) -> np.ndarray:
    """(minima,) uint32 of one text."""
    return signatures([text], config)[0]


def shingles(text: str, config: MinHash) -> np.ndarray:
    """The distinct shingles of a text as 64-bit hashes, sorted; empty for a text without words."""
    return np.unique(shingles_in_order(text, config.cut))


def shingles_in_order(text: str, cut: Cut) -> np.ndarray:
    """The 64-bit hash of each shingle of a text, from its first to its last."""
    data = np.frombuffer(_encoded(text), np.uint8)
    out = np.empty(len(data) + 1, np.uint64)  # a shingle begins at a word or character: fewer than bytes
    count = library().dedup_shingles(data.ctypes.data, len(data), byref(cut), out.ctypes.data, len(out))
    return out[: _checked(count, data)]


def word_places(text: str) -> np.ndarray:
    """(words, 2) int32: where each word that shingles are made of begins and ends, in characters."""
    data = np.frombuffer(_encoded(text), np.uint8)
    out = np.empty((len(data), 2), np.int32)
    count = library().dedup_word_places(data.ctypes.data, len(data), out.ctypes.data, len(out))
    return out[: _checked(count, data)]


def words_of(text: str) -> list[str]:
    """The words that shingles are made of."""
    data = np.frombuffer(_encoded(text), np.uint8)
    out = np.empty(4 * len(data) + 1, np.uint8)
    count = library().dedup_words(data.ctypes.data, len(data), out.ctypes.data, len(out))
    return out[:count].tobytes().decode().split("\n")[:-1]


def has_words(signed: np.ndarray) -> np.ndarray:
    """(n, minima) → (n,) bool: which documents have a signature at all."""
    return (signed != _ONES).any(axis=1)


def band_hashes(signed: np.ndarray, config: MinHash) -> np.ndarray:
    """(n, minima) → (n, bands) int64: equal where all `rows` minima of the same band are equal."""
    rows = signed[:, : config.bands * config.rows].reshape(len(signed), config.bands, config.rows)
    total = np.broadcast_to(np.arange(config.bands, dtype=np.uint64), rows.shape[:2])
    for place in range(config.rows):
        total = mixed(total + rows[:, :, place] + np.uint64(GOLDEN))
    return total.view(np.int64)


def similarity(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The estimated Jaccard similarity of one signature with each row of `others`."""
    return (others == one).mean(axis=1)


def _permutations(config: MinHash) -> tuple[np.ndarray, np.ndarray]:
    """Odd multipliers and addends, uint32, from the seed alone."""
    steps = np.arange(1, 2 * config.minima + 1, dtype=np.uint64) + np.uint64(config.seed << 32)
    numbers = (mixed(steps * np.uint64(GOLDEN)) >> np.uint64(32)).astype(np.uint32)
    return numbers[: config.minima] | np.uint32(1), numbers[config.minima :].copy()


def _bytes_of(texts: Any) -> tuple[np.ndarray, np.ndarray]:
    """The UTF-8 of all texts, and (n + 1,) int64 offsets into it; an Arrow column is not copied."""
    if isinstance(texts, pa.Array):
        column = texts.cast(pa.large_string())
        _, places, data = column.buffers()
        offsets = np.frombuffer(places, np.int64)[column.offset : column.offset + len(column) + 1]
        return np.frombuffer(data or b"", np.uint8), offsets
    encoded = [_encoded(text) for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


def _checked(count: int, data: np.ndarray) -> int:
    if count < 0:
        raise MemoryError(f"a text of {len(data)} bytes does not fit into memory")
    return count


def _encoded(text: str) -> bytes:
    """UTF-8; a lone surrogate is no text and becomes a question mark."""
    return text.encode("utf-8", "replace")
