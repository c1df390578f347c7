"""The blocks that the pass sees in a page: for training, and for anyone who asks why a text is as it is."""

import ctypes
from dataclasses import dataclass

import numpy as np

from corpus.extraction.blocks.native import Forest, Reading, library


@dataclass(frozen=True, slots=True)
class Texts:
    """Of each block its text, its number of words, and a number that blocks of the same path share (int64)."""

    texts: list[str]
    words: np.ndarray
    paths: np.ndarray


def features(reading: Reading, forest: Forest | None = None) -> np.ndarray:
    """float32 of (blocks, features); `native.feature_names` has the columns.

    Those that begin with `learned_` are by the words of the forest, and 0 without one.
    """
    rows = np.empty((reading.count(), library().blocks_feature_count()), np.float32)
    library().blocks_features(reading.pointer, forest.pointer if forest else None, rows.ctypes.data)
    return rows


def words(reading: Reading) -> np.ndarray:
    """uint32 of (words, 3): the number of the block, the family (native/lexicon.h), and the key of each word."""
    # Asked without a buffer the library only counts; the second call fills.
    lines = np.empty((library().blocks_words(reading.pointer, None), 3), np.uint32)
    library().blocks_words(reading.pointer, lines.ctypes.data)
    return lines


def texts(reading: Reading) -> Texts:
    """The blocks in the order of the page."""
    # Of each block: begin and end of its text in bytes, words, number of its path.
    places = np.empty((reading.count(), 4), np.int64)
    start = library().blocks_text(reading.pointer, places.ctypes.data)
    whole = ctypes.string_at(start, int(places[-1, 1])) if len(places) else b""
    found = [whole[begin:end].decode("utf-8", "replace") for begin, end in places[:, :2]]
    return Texts(found, places[:, 2], places[:, 3])


def choose(reading: Reading, forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    """Of each block the probability that it is main text, seen alone (float32), and whether it is chosen (bool)."""
    probability = np.empty(reading.count(), np.float32)
    chosen = np.empty(reading.count(), np.bool_)
    library().blocks_choose(reading.pointer, forest.pointer, probability.ctypes.data, chosen.ctypes.data)
    return probability, chosen
