"""The compiled half of this package, called with ctypes: a page in, its main text out.

`corpus.compiled` says how it is built and loaded.
"""

import ctypes
import html.entities
from array import array
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from corpus.compiled import BYTES, POINTER, SIZE, Signature, load_library
from corpus.extraction.blocks.weights import Weights

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a page, and the F1 of its words that the model expects (0 where the blocks were given)."""

    text: str
    expected_f1: float


# As the struct of native/library.cpp has it: all pointers, then all counts.
class _ForestArrays(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("thresholds", "features", "lefts", "rights")),
        *((name, ctypes.c_void_p) for name in ("leaves", "first_nodes", "first_leaves")),
        *((name, ctypes.c_void_p) for name in ("words", "scores")),
        *((name, ctypes.c_int32) for name in ("nodes", "leaf_count", "trees", "word_count")),
    )


class _Result(ctypes.Structure):
    _fields_ = (("text", ctypes.c_void_p), ("length", ctypes.c_size_t), ("expected_f1", ctypes.c_float))


_SIGNATURES: dict[str, Signature] = {
    "feature_version": (ctypes.c_int, ()),
    "feature_count": (ctypes.c_int, ()),
    "feature_names": (BYTES, ()),
    "set_references": (None, (BYTES, SIZE)),
    "new_forest": (POINTER, (POINTER,)),
    "read": (POINTER, (BYTES, SIZE, BYTES, SIZE)),
    "free": (None, (POINTER,)),
    "excess": (BYTES, (POINTER, POINTER)),
    "title": (POINTER, (POINTER, POINTER)),
    "write": (ctypes.c_int, (POINTER, POINTER, BYTES, POINTER)),
    "count": (ctypes.c_int, (POINTER,)),
    "features": (None, (POINTER, POINTER, POINTER)),
    "words": (ctypes.c_int64, (POINTER, POINTER)),
    "text": (POINTER, (POINTER, POINTER)),
    "choose": (None, (POINTER, POINTER, POINTER, POINTER)),
}


@cache
def library() -> Any:
    """The loaded library. Raises ImportError, with the cure, where it has not been built."""
    loaded = load_library(_HERE, "blocks_", _SIGNATURES)
    # HTML's 2,231 named references come from Python, so that the library needs no table of its own.
    table = "".join(f"{name}\t{text}\n" for name, text in html.entities.html5.items()).encode()
    loaded.blocks_set_references(table, len(table))
    return loaded


def feature_version() -> int:
    """The version of the features that the library computes."""
    return library().blocks_feature_version()


def feature_names() -> list[str]:
    """The features in the order of the columns."""
    return library().blocks_feature_names().decode().split()


class Forest:
    """Weights in the form that the library evaluates; they live as long as the process."""

    def __init__(self, weights: Weights) -> None:
        weights.check(feature_version(), library().blocks_feature_count())
        arrays = weights.arrays

        def address(name: str) -> int:
            # The memory of an `array` stays where it is: nothing appends to these any more.
            return arrays[name].buffer_info()[0]

        given = _ForestArrays(
            *(address(name) for name in ("thresholds", "features", "lefts", "rights")),
            *(address(name) for name in ("leaves", "first_nodes", "first_leaves", "words", "scores")),
            *(len(arrays[name]) for name in ("thresholds", "leaves", "first_nodes", "words")),
        )
        self.pointer = library().blocks_new_forest(ctypes.byref(given))


class Reading:
    """A page after the pass. Use it in a `with`, which frees its memory."""

    def __init__(self, page: bytes, url: str = "") -> None:
        """`page` is HTML in UTF-8."""
        address = url.encode("utf-8", "replace")
        self.pointer = library().blocks_read(page, len(page), address, len(address))
        if not self.pointer:
            raise MemoryError(f"a page of {len(page)} bytes does not fit into memory")

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory of the page."""
        library().blocks_free(self.pointer)
        self.pointer = None

    def excess(self) -> tuple[str, int] | None:
        """What in the page is too much for any parser, and how much of it: then no blocks were read."""
        number = ctypes.c_int32()
        what = library().blocks_excess(self.pointer, ctypes.byref(number))
        return (what.decode(), number.value) if what else None

    def title(self) -> str:
        """<title>, else og:title, on one line."""
        length = ctypes.c_size_t()
        start = library().blocks_title(self.pointer, ctypes.byref(length))
        return ctypes.string_at(start, length.value).decode("utf-8", "replace")

    def write(self, forest: Forest) -> Written:
        """The main text, by the weights."""
        return self._write(forest.pointer, None)

    def write_chosen(self, chosen: list[bool]) -> Written:
        """The text of these blocks; one entry for each block of the page."""
        return self._write(None, array("b", chosen).tobytes())

    def count(self) -> int:
        """How many blocks there are."""
        return library().blocks_count(self.pointer)

    # With a forest the model chooses; with `chosen`, a byte per block, the caller did.
    def _write(self, forest: int | None, chosen: bytes | None) -> Written:
        result = _Result()
        if library().blocks_write(self.pointer, forest, chosen, ctypes.byref(result)):
            raise MemoryError("the text of the page does not fit into memory")
        text = ctypes.string_at(result.text, result.length).decode("utf-8", "replace")
        return Written(text, result.expected_f1)
