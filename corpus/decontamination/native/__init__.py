"""The compiled scan of documents for grams (`scan.cpp`); `corpus.compiled` says how it is built and loaded."""

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from corpus.compiled import POINTER, Signature, load_library
from corpus.decontamination.words import TABLE_SIZE, character_table

# start and end are characters, not bytes: a text has less than 2^31 of them.
HIT = np.dtype([("document", "<i8"), ("gram", "<i8"), ("start", "<i4"), ("end", "<i4")])
_INT32, _INT64, _UINT32 = ctypes.c_int32, ctypes.c_int64, ctypes.c_uint32
_SIGNATURES: dict[str, Signature] = {
    "new_index": (POINTER, (POINTER, POINTER, POINTER, _INT32)),
    "free_index": (None, (POINTER,)),
    "scan": (POINTER, (POINTER, POINTER, POINTER, _INT64, POINTER, _UINT32, POINTER, _INT32, POINTER)),
    "hit_count": (_INT64, (POINTER,)),
    "hits": (POINTER, (POINTER,)),
    "free_hits": (None, (POINTER,)),
    "keys": (_INT64, (POINTER, _INT64, POINTER, _UINT32, _INT32, POINTER)),
}


@cache
def library() -> Any:
    """The loaded library. Raises ImportError, with the cure, where it has not been built."""
    return load_library(Path(__file__).parent, "grams_", _SIGNATURES)


def gram_keys(words: str, length: int) -> np.ndarray:
    """(grams,) uint64: the keys of all runs of `length` words of a text in NFC, in order."""
    data = words.encode()
    keys = np.empty(len(data) + 1, np.uint64)  # each gram begins at a word, so there are fewer than bytes
    table = character_table()
    count = library().grams_keys(data, len(data), table.ctypes.data, TABLE_SIZE, length, keys.ctypes.data)
    if count < 0:
        raise MemoryError(f"a text of {len(data)} bytes does not fit into memory")
    return keys[:count].copy()  # a copy: the long buffer goes


class CompiledIndex:
    """Sorted keys, in a power of two of partitions by their highest bits, ready to be looked up."""

    def __init__(self, keys: Sequence[np.ndarray], prefixes: Sequence[np.ndarray]) -> None:
        """`keys` are (n,) uint64 arrays, ascending and distinct, which may be mapped; `prefixes` are the keys of the
        first `LEAST_WORDS` words of each.
        """
        self._keys = [np.ascontiguousarray(part, np.uint64) for part in keys]
        begin = [np.ascontiguousarray(part, np.uint64) for part in prefixes]
        pointers = np.array([[part.ctypes.data for part in parts] for parts in (self._keys, begin)], np.uint64)
        counts = np.array([len(part) for part in self._keys], np.int64)
        of_keys, of_prefixes = (row.ctypes.data for row in pointers)
        self._pointer = library().grams_new_index(of_keys, of_prefixes, counts.ctypes.data, len(self._keys))
        if not self._pointer:
            raise MemoryError(f"an index of {counts.sum():,} grams does not fit into memory")

    def __del__(self) -> None:
        # `__init__` may have failed before there was a pointer.
        if getattr(self, "_pointer", None):
            library().grams_free_index(self._pointer)

    def scan(self, texts: Sequence[str], lengths: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """The `HIT`s of texts in NFC: which of them, which gram (its number among all keys), and its characters.

        Beside them a bool for each text: whether it has a character that a text in NFC may lack.
        """
        # "replace" gives one "?" for a lone surrogate: characters keep their places.
        encoded = [text.encode("utf-8", "replace") for text in texts]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(data) for data in encoded], out=offsets[1:])
        suspects = np.zeros(len(encoded), np.uint8)
        wanted = np.array(sorted(lengths), np.int32)
        table = character_table()
        found = library().grams_scan(
            *(self._pointer, b"".join(encoded), offsets.ctypes.data, len(encoded)),
            *(table.ctypes.data, TABLE_SIZE, wanted.ctypes.data, len(wanted)),
            suspects.ctypes.data,
        )
        if not found:
            raise MemoryError("the hits of a batch of documents do not fit into memory")
        try:
            count = library().grams_hit_count(found)
            # A copy of the library's memory, which is freed next.
            data = ctypes.string_at(library().grams_hits(found), count * HIT.itemsize) if count else b""
            return np.frombuffer(data, HIT), suspects.astype(bool)
        finally:
            library().grams_free_hits(found)
