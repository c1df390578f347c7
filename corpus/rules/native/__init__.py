"""The compiled half of the rules, called with ctypes: a text is read once, and asked for what each rule measures.

`corpus.compiled` says how it is built and loaded. Rules that follow one another ask for the same text, so the last few
readings are remembered. Nothing is estimated: every number is the one that a plain loop over the text would give, which
tests hold with such loops.
"""

import ctypes
from collections.abc import Iterable
from functools import cache, lru_cache, partial
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from corpus.compiled import BYTES, POINTER, SIZE, Signature, load_library
from corpus.rules.characters import classes, folds

_INT64 = ctypes.c_int64


def _integers(*names: str) -> list[tuple[str, Any]]:
    return [(name, _INT64) for name in names]


class Span(ctypes.Structure):
    """Places of a text, in characters."""

    _fields_ = _integers("begin", "end")


class Counts(ctypes.Structure):
    """Characters: all, those that are no white space, letters with their marks. Tokens: all, and words."""

    _fields_ = _integers("characters", "visible", "letters", "tokens", "lexical")


class Prose(ctypes.Structure):
    """What Gopher's rules of quality ask of a text, in which the marks of headings count as nothing.

    Tokens: all, words, characters of words, those with a letter, different stop words. `hashes` and `ellipses` are how
    often they stand in the text. Lines that are not blank: all, those with a bullet, those that trail off.
    """

    _fields_ = _integers("tokens", "lexical", "lexical_characters", "alphabetic", "stop_words", "hashes", "ellipses",
                         "lines", "bullets", "trailing")  # fmt: skip


class Pieces(ctypes.Structure):
    """Paragraphs or lines that are not blank: how many, how many different ones, how many characters the others have.

    `commonest` is where the piece that stands most often first stands.
    """

    _fields_ = (*_integers("count", "distinct", "repeated_characters"), ("commonest", Span))


class Lines(ctypes.Structure):
    """Lines that are not blank, those that end in a mark, short ones; and the line feeds of the text."""

    _fields_ = (("pieces", Pieces), *_integers("punctuated", "short", "breaks"))


class Ngrams(ctypes.Structure):
    """Of the n-grams for one n: first token, count and characters of the most frequent one.

    And of those that repeat an earlier one: first token of the first, characters of all (none counted twice).
    """

    _fields_ = _integers("frequent_start", "frequent_count", "frequent_characters",
                         "duplicate_start", "duplicate_characters")  # fmt: skip


class LineLimits(ctypes.Structure):
    """What a line must be for C4."""

    _fields_ = _integers("min_words", "max_word_length", "ends_in_mark")


_SIGNATURES: dict[str, Signature] = {
    "set_characters": (None, (POINTER, POINTER, SIZE)),
    "read": (POINTER, (BYTES, SIZE)),
    "free": (None, (POINTER,)),
    "tokens": (_INT64, (POINTER, POINTER, SIZE)),
    "counts": (ctypes.c_int, (POINTER, POINTER)),
    "prose": (ctypes.c_int, (POINTER, BYTES, SIZE, POINTER)),
    "lines": (ctypes.c_int, (POINTER, _INT64, POINTER)),
    "paragraphs": (ctypes.c_int, (POINTER, POINTER)),
    "ngrams": (_INT64, (POINTER, SIZE, SIZE, POINTER)),
    "sample": (_INT64, (POINTER, SIZE, POINTER)),
    "c4_lines": (_INT64, (POINTER, POINTER, BYTES, SIZE, POINTER)),
    "sentences": (_INT64, (POINTER, _INT64)),
    "sentence_places": (_INT64, (POINTER, POINTER, SIZE)),
    "language_model": (POINTER, (BYTES, SIZE)),
    "detect": (ctypes.c_int32, (POINTER, BYTES, SIZE, POINTER)),
    "label": (BYTES, (POINTER, SIZE)),
}


@cache
def character_tables() -> tuple[np.ndarray, np.ndarray]:
    """The classes and folds of all characters, for this library and for others that split words by the same code."""
    return classes(), folds()


@cache
def library() -> Any:
    """The loaded library. Raises ImportError, with the cure, where it has not been built."""
    loaded = load_library(Path(__file__).parent, "rules_", _SIGNATURES)
    table, lower = character_tables()
    loaded.rules_set_characters(table.ctypes.data, lower.ctypes.data, len(lower))
    return loaded


class Reading:
    """A text as native code has it. Every method raises MemoryError where memory is not enough."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._library = library()
        self._data = _encoded(text)
        self._pointer = self._library.rules_read(self._data, len(self._data))
        if not self._pointer:
            raise MemoryError(f"a text of {len(text)} characters does not fit into memory")

    def __del__(self) -> None:
        if getattr(self, "_pointer", None):
            self._library.rules_free(self._pointer)

    def tokens(self) -> tuple[str, ...]:
        """The tokens of the text."""
        places = np.empty((len(self.text), 2), np.int64)  # there are no more tokens than characters
        count = self._checked(self._library.rules_tokens(self._pointer, places.ctypes.data, len(places)))
        text = self.text
        return tuple([text[begin:end] for begin, end in places[:count].tolist()])

    def counts(self) -> Counts:
        """Characters and tokens."""
        return self._filled(Counts(), self._library.rules_counts)

    def prose(self, stop_words: Iterable[str]) -> Prose:
        """What makes prose."""
        data = _joined(tuple(stop_words))
        return self._filled(Prose(), self._library.rules_prose, data, len(data))

    def lines(self, short: int = 0) -> Lines:
        """Lines, those of at most `short` characters apart."""
        return self._filled(Lines(), self._library.rules_lines, short)

    def paragraphs(self) -> Pieces:
        """Paragraphs, which are separated by blank lines."""
        return self._filled(Pieces(), self._library.rules_paragraphs)

    def ngrams(self, shortest: int, longest: int) -> list[Ngrams]:
        """The n-grams of tokens for each n from `shortest` on, as far as there are tokens."""
        found = (Ngrams * (longest - shortest + 1))()
        count = self._checked(self._library.rules_ngrams(self._pointer, shortest, longest, found))
        return found[:count]

    def c4_lines(self, limits: LineLimits, end_marks: tuple[str, ...]) -> str:
        """The lines that C4 keeps, cleaned."""
        data = _joined(end_marks)
        return self._text(self._library.rules_c4_lines, ctypes.byref(limits), data, len(data))

    def sample(self, window: int) -> str:
        """Start, middle and end of the text, `window` characters each; runs of white space are one blank."""
        return self._text(self._library.rules_sample, window)

    def sentences(self, most: int = -1) -> int:
        """Sentences, line by line, until there are `most`; of all as one line without."""
        return self._library.rules_sentences(self._pointer, most)

    def sentence_places(self) -> list[list[int]]:
        """Where each sentence of each line begins, white space in front of it included, and ends."""
        places = np.empty((len(self.text), 2), np.int64)
        count = self._library.rules_sentence_places(self._pointer, places.ctypes.data, len(places))
        return places[:count].tolist()

    def _text(self, function: Any, *arguments: Any) -> str:
        # Cleaning never lengthens a text; room for a line end and a NUL.
        out = ctypes.create_string_buffer(len(self._data) + 2)
        count = self._checked(function(self._pointer, *arguments, out))
        return ctypes.string_at(out, count).decode("utf-8", "surrogatepass")

    def _filled(self, out: Any, function: Any, *arguments: Any) -> Any:
        self._checked(function(self._pointer, *arguments, ctypes.byref(out)))
        return out

    def _checked(self, result: int) -> int:
        if result < 0:
            raise MemoryError(f"what is counted in a text of {len(self.text)} characters does not fit into memory")
        return result


class LanguageModel:
    """A supervised model of fastText, quantised and with a hierarchical softmax, as lid.176.ftz is.

    `labels` are its labels without their prefix. Native code keeps it as long as the process lives.
    """

    def __init__(self, data: bytes) -> None:
        """From the bytes of its file; ValueError for those of another kind of model."""
        self._library = library()
        self._pointer = self._library.rules_language_model(data, len(data))
        if not self._pointer:
            raise ValueError("not a quantised model of fastText with a hierarchical softmax")
        # Labels until the library has none: NULL is None.
        found = map(partial(self._library.rules_label, self._pointer), count())
        self.labels = [label.decode() for label in takewhile(bool, found)]

    def detect(self, line: str) -> tuple[str, float]:
        """The likeliest label of a line and its probability; ("", 0.0) where the model knows nothing of it."""
        data, probability = line.encode(), ctypes.c_float()
        number = self._library.rules_detect(self._pointer, data, len(data), ctypes.byref(probability))
        if number < -1:  # -1: nothing known; below: no memory
            raise MemoryError(f"a line of {len(data)} bytes does not fit into memory")
        return (self.labels[number], probability.value) if number >= 0 else ("", 0.0)


@lru_cache(maxsize=4)
def read(text: str) -> Reading:
    """The text, read; the last few are remembered, so that steps that follow one another share the work."""
    return Reading(text)


@lru_cache(maxsize=64)
def _joined(phrases: tuple[str, ...]) -> bytes:
    return _encoded("\n".join(phrases))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
