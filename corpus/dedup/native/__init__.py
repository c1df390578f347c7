"""The compiled half of this package, called with ctypes: texts in, signatures out, and documents compared.

`corpus.compiled` says how it is built and loaded. Words are split by the code of the rules (`corpus/rules/native`),
which is compiled into both libraries.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

from corpus.compiled import POINTER, SIZE, Signature, load_library
from corpus.rules.native import character_tables


class Cut(ctypes.Structure):
    """How a text is cut into shingles: so many words in a row, or so many characters."""

    _fields_ = (("width", ctypes.c_int32), ("by_character", ctypes.c_int32))


class Rows(ctypes.Structure):
    """Rows of bytes with a signature in each, in some order."""

    # Row i begins at base + order[i] * stride.
    _fields_ = (("base", ctypes.c_void_p), ("stride", ctypes.c_size_t), ("offset", ctypes.c_size_t),
                ("order", ctypes.c_void_p))  # fmt: skip


class Limits(ctypes.Structure):
    """The length of a signature, how many equal places make a pair, how many comparisons a document may cost."""

    _fields_ = (("minima", ctypes.c_size_t), ("needed", ctypes.c_size_t), ("most", ctypes.c_size_t))


class Found(ctypes.Structure):
    """Where the results go."""

    _fields_ = (("leader", ctypes.c_void_p), ("same", ctypes.c_void_p), ("cluster", ctypes.c_void_p))


_SIGNATURES: dict[str, Signature] = {
    "set_characters": (None, (POINTER, POINTER, SIZE)),
    "sign": (ctypes.c_int, (POINTER, POINTER, SIZE, POINTER, POINTER, POINTER, SIZE, POINTER)),
    "shingles": (ctypes.c_int64, (POINTER, SIZE, POINTER, POINTER, SIZE)),
    "words": (ctypes.c_int64, (POINTER, SIZE, POINTER, SIZE)),
    "word_places": (ctypes.c_int64, (POINTER, SIZE, POINTER, SIZE)),
    "compare": (ctypes.c_int64, (POINTER, POINTER, POINTER, SIZE, POINTER, POINTER)),
    "components": (None, (ctypes.c_int64, POINTER, SIZE, POINTER)),
}


@cache
def library() -> Any:
    """The loaded library. Raises ImportError, with the cure, where it has not been built."""
    loaded = load_library(Path(__file__).parent, "dedup_", _SIGNATURES)
    classes, folds = character_tables()
    loaded.dedup_set_characters(classes.ctypes.data, folds.ctypes.data, len(folds))
    return loaded
