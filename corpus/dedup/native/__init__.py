"""The compiled half of this package, called with ctypes: texts in, signatures out, and documents compared.

`corpus.compiled` says how it is built and loaded. What a letter, a digit or a mark is, and its lower case, is
told to the library by this interpreter when it loads, so that its word split is that of `corpus.rules.words` for any
text and any version of Unicode.
"""

import ctypes
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from corpus.compiled import POINTER, SIZE, Signature, load_library
from corpus.rules.words import MARKS

# Scripts written without blanks (Thai, Lao, Burmese, Khmer, Japanese, Chinese): each character is a word, since a
# whole line would otherwise be one.
ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# The bits of a class, in the order of native/characters.h.
_CLASSES = (r"\s", f"[{MARKS}]", r"\w", r"\d", r"[^\W\d_]", r"[^\W_]", f"[{ALONE}]")
_DOTTED_I = 0x130


class Cut(ctypes.Structure):
    """How a text is cut into shingles: so many words in a row, or so many characters."""

    _fields_ = (("width", ctypes.c_int32), ("by_character", ctypes.c_int32))


class Rows(ctypes.Structure):
    """Rows of bytes with a signature in each, in some order."""

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
    "compare": (ctypes.c_int64, (POINTER, POINTER, POINTER, SIZE, POINTER, POINTER)),
    "components": (None, (ctypes.c_int64, POINTER, SIZE, POINTER)),
}


@cache
def library() -> Any:
    """The loaded library. Raises ImportError, with the cure, where it has not been built."""
    loaded = load_library(Path(__file__).parent, "dedup_", _SIGNATURES)
    classes, folds = _classes(), _folds()
    loaded.dedup_set_characters(classes.ctypes.data, folds.ctypes.data, len(folds))
    return loaded


def _classes() -> np.ndarray:
    """(code points,) uint8: the classes of each as bits."""
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    classes = np.zeros(len(every), np.uint8)
    for bit, pattern in enumerate(_CLASSES):
        for run in re.finditer(f"{pattern}+", every):
            classes[run.start() : run.end()] |= 1 << bit
    return classes


def _folds() -> np.ndarray:
    """(n, 2) uint32: the code points with a lower case, and that; a sigma at the end of a word is one like any other.

    One letter has two as its lower case, İ; native code appends the second.
    """
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    lower = every[:_DOTTED_I].lower() + "i" + every[_DOTTED_I + 1 :].lower().replace("ς", "σ")
    codes = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), np.uint32)
    changed = np.flatnonzero(codes != np.arange(len(codes)))
    return np.stack([changed.astype(np.uint32), codes[changed]], 1)
