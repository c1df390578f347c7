"""Exact substrings: runs of so many words that stand at several places stay at one (Lee et al. 2022, ExactSubstr).

Lee et al. took 50 tokens of their model's vocabulary, found with a suffix array over the bytes of a corpus on one
machine; their code strikes every copy. RefinedWeb (Penedo et al. 2023) did the same, and dropped a document with fewer
than 20 characters left. Here a token is a word of `corpus.dedup.minhash`: lower case, without punctuation, so that a
passage is found whatever its case, marks and white space; 50 words of English are some 65 of their tokens. A window is
`words` words in a row, known by 64 bits of hash: of n different windows about n^2 / 2^65 pairs are taken for equal, so
of ten billion two or three.

Windows are many, so two passes find those that stand twice. The minimizer of a window is the least of its k-grams, k
half as many words: about one place in thirteen has one, and equal windows have the same. So minimizers are counted
first, and windows only where theirs stands twice.

One order says which place keeps a window: the longest document, then the least id, then the first place in it. One for
all, because windows overlap: were each drawn for, half of a passage could be cut here and the other half there. A word
that is cut stands at an earlier place too, and by that road at one where it is not cut.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from corpus.dedup.minhash import shingles_in_order, word_places
from corpus.dedup.native import Cut

GRAM_ROWS = np.dtype([("hash", "<u8"), ("part", "<u4"), ("times", "<u4")])
# Marks right in front of a word with white space before them, and marks right behind one.
_OPENING, _CLOSING = re.compile(r"(?<=\s)\S*\Z"), re.compile(r"\S*")


@dataclass(frozen=True)
class RepeatedSubstrings:
    """Windows of `words` words, and what becomes of those that stand at several places.

    With `cut` they stay at one of them, or without `keep_one` at none (in one document still at the first), and a
    document with fewer than `least_left` characters left goes. With `contained` a document goes of whose words at least
    this share stands in longer ones. Without either, only the report says what is shared.
    """

    words: int = 50
    cut: bool = True
    keep_one: bool = True
    contained: float | None = None
    least_left: int = 20

    def __post_init__(self) -> None:
        if self.words < 2:
            raise ValueError(f"words={self.words}: a substring has at least two words")
        if self.contained is not None and not 0 < self.contained <= 1:
            raise ValueError(f"contained={self.contained}: a share of a document's words, above 0 and up to 1")

    @property
    def gram(self) -> int:
        """The words of a k-gram that may be a minimizer."""
        return max(self.words // 2, 1)

    @property
    def name(self) -> str:
        """Its name among the counts of a corpus."""
        return "repeated_substrings" if self.cut else "contained"

    @property
    def in_turn(self) -> "tuple[RepeatedSubstrings, ...]":
        """Contained documents leave before anything is cut: no passage may be cut in favour of one that leaves."""
        if self.contained is None or not self.cut:
            return (self,)
        return replace(self, cut=False), replace(self, contained=None)


@dataclass(frozen=True)
class Windows:
    """The windows of a text: nothing for one that is shorter."""

    text: str
    rule: RepeatedSubstrings

    @cached_property
    def places(self) -> np.ndarray:
        """(words, 2): where each word begins and ends, in characters."""
        return word_places(self.text)

    @cached_property
    def count(self) -> int:
        """How many windows there are."""
        return max(len(self.places) - self.rule.words + 1, 0)

    @cached_property
    def hashes(self) -> np.ndarray:
        """(count,) uint64."""
        return shingles_in_order(self.text, Cut(self.rule.words, 0))[: self.count]

    @cached_property
    def minimizers(self) -> tuple[np.ndarray, np.ndarray]:
        """The hashes of all k-grams, and (count,) the place of the least k-gram of each window, the first of equals."""
        grams = shingles_in_order(self.text, Cut(self.rule.gram, 0))
        if not self.count:
            return grams, np.zeros(0, int)
        inside = np.lib.stride_tricks.sliding_window_view(grams, self.rule.words - self.rule.gram + 1)
        return grams, inside.argmin(axis=1) + np.arange(self.count)

    def grams(self) -> np.ndarray:
        """The hash of each minimizer, one that stands at several places as often."""
        grams, least = self.minimizers
        return grams[np.unique(least)]

    def of_grams(self, marked: np.ndarray) -> np.ndarray:
        """The places of windows whose minimizer is one of `marked`, which are sorted."""
        grams, least = self.minimizers
        at = np.searchsorted(marked, grams)
        known = marked[np.minimum(at, len(marked) - 1)] == grams if len(marked) else np.zeros(len(grams), bool)
        return np.flatnonzero(known[least])


def place_rows(id_bytes: int) -> np.dtype:
    """A place of a window: its document and word there. `times` is how many places a row stands for."""
    numbers = [(name, "<u4") for name in ("part", "row", "words", "place", "times")]
    return np.dtype([("hash", "<u8"), *numbers, ("id", f"S{id_bytes}")])


def answer_rows(id_bytes: int) -> np.dtype:
    """A window that stands at several places, for part `part`: the place that keeps it.

    `id` is that of the document there, and for its own part that of the next document with the window, if any.
    """
    numbers = [(name, "<u4") for name in ("part", "keeper_part", "row", "place")]
    return np.dtype([("hash", "<u8"), *numbers, ("id", f"S{id_bytes}")])


def gram_rows(grams: Sequence[np.ndarray], part: int) -> np.ndarray:
    """The minimizers of a part's documents, each once with how often it stands there, twice at most."""
    hashes, times = np.unique(np.concatenate([np.zeros(0, np.uint64), *grams]), return_counts=True)
    rows = np.zeros(len(hashes), GRAM_ROWS)
    rows["hash"], rows["part"], rows["times"] = hashes, part, np.minimum(times, 2)
    return rows


def repeated_grams(rows: np.ndarray) -> np.ndarray:
    """`GRAM_ROWS`, those of a hash complete → those that stand at several places, by part and hash."""
    rows = rows[np.argsort(rows["hash"], kind="stable")]
    starts, lengths = _runs(rows["hash"])
    found = rows[np.repeat(_sums(rows["times"], starts) > 1, lengths)]
    return found[np.lexsort((found["hash"], found["part"]))]


def leading(rows: np.ndarray) -> np.ndarray:
    """Places of some documents → the first of each window and the first in another document: all that others need.

    The first stands for all of them in `times`, the second for none.
    """
    rows, starts, second, times = _ranked(rows)
    rows["times"] = 0
    rows["times"][starts] = np.minimum(times, 2)
    return rows[np.sort(np.r_[starts, second[second >= 0]])]


def answers(rows: np.ndarray) -> np.ndarray:
    """Places, those of a hash complete → what each part must know of windows at several places, by part and hash."""
    rows, starts, second, times = _ranked(rows)
    group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(rows)]))
    found, keepers = np.zeros(len(rows), answer_rows(rows.dtype["id"].itemsize)), rows[starts][group]
    found["hash"], found["part"] = rows["hash"], rows["part"]
    found["keeper_part"], found["row"], found["place"] = keepers["part"], keepers["row"], keepers["place"]
    own = keepers["part"] == rows["part"]
    found["id"] = np.where(own, np.where(second[group] >= 0, rows["id"][second[group]], b""), keepers["id"])
    found = found[times[group] > 1]
    found = found[np.lexsort((found["hash"], found["part"]))]
    again = (found["hash"][1:] == found["hash"][:-1]) & (found["part"][1:] == found["part"][:-1])
    return found[np.r_[True, ~again]] if len(found) else found


def _ranked(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows by hash and order of places; for each hash its first row, the first of another document (-1), its places."""
    longest = -rows["words"].astype(np.int64)
    rows = rows[np.lexsort((rows["place"], rows["row"], rows["part"], rows["id"], longest, rows["hash"]))]
    starts, lengths = _runs(rows["hash"])
    first = rows[np.repeat(starts, lengths)]
    others = np.flatnonzero((rows["part"] != first["part"]) | (rows["row"] != first["row"]))
    second = np.full(len(starts), -1)
    groups = np.repeat(np.arange(len(starts)), lengths)[others]
    second[groups[::-1]] = others[::-1]
    return rows, starts, second, _sums(rows["times"], starts)


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each run of equal values starts, and how long it is."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.zeros(0, int)
    return starts, np.diff(np.r_[starts, len(values)])


def _sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values.astype(np.int64), starts) if len(values) else np.zeros(0, np.int64)


@dataclass(frozen=True)
class Shared:
    """What a document shares: of its `words` those that stand in other documents, and those in documents before it.

    `other` is the id of the document that holds most of the windows which count, before it where there is one; `cuts`
    are the spans of characters that it loses.
    """

    words: int
    in_others: int = 0
    before: int = 0
    other: str = ""
    cuts: tuple[tuple[int, int], ...] = ()


def shared(windows: Windows, found: np.ndarray, place: tuple[int, int], ids: Sequence[str]) -> Shared:
    """What the answers for its part, by hash, say of the document of row `place[1]` in part `place[0]`.

    `ids` are those of the documents of the part.
    """
    total = len(windows.places)
    at = np.searchsorted(found["hash"], windows.hashes)
    starts = np.flatnonzero(at < len(found))
    starts = starts[found["hash"][at[starts]] == windows.hashes[starts]]
    if not len(starts):
        return Shared(total)
    some = found[at[starts]]
    near = some["keeper_part"] == place[0]
    own = near & (some["row"] == place[1])
    others = some["id"].copy()
    for number in map(int, np.unique(some["row"][near & ~own])):
        others[near & (some["row"] == number)] = ids[number].encode()
    elsewhere = ~own | (others != b"")
    here = own & (some["place"] == starts)
    cut = ~here if windows.rule.keep_one else ~(here & (others == b""))
    counted = others[~own] if (~own).any() else others[elsewhere]
    names, often = np.unique(counted, return_counts=True)
    cover = partial(_cover, width=windows.rule.words, words=total)
    return Shared(
        total,
        int(cover(starts[elsewhere]).sum()),
        int(cover(starts[~own]).sum()),
        names[often.argmax()].decode() if len(names) else "",
        tuple(_spans(windows, cover(starts[cut]))) if windows.rule.cut else (),
    )


def _cover(starts: np.ndarray, width: int, words: int) -> np.ndarray:
    """(words,) bool: which words lie in a window that begins at one of `starts`."""
    edges = np.zeros(words + 1, np.int64)
    edges[starts] += 1
    edges[starts + width] -= 1
    return edges[:-1].cumsum() > 0


def _spans(windows: Windows, cut: np.ndarray) -> Iterator[tuple[int, int]]:
    """Runs of words as spans of characters, with the marks that belong to them: quotes in front, full stops behind."""
    text, places = windows.text, windows.places.tolist()
    for first, stop in np.flatnonzero(np.diff(np.r_[False, cut, False])).reshape(-1, 2).tolist():
        begin, end = places[first][0], places[stop - 1][1]
        opening = _OPENING.search(text[places[first - 1][1] : begin] if first else f" {text[:begin]}")
        closing = _CLOSING.match(text[end : places[stop][0] if stop < len(places) else len(text)])
        yield begin - len(opening[0] if opening else ""), end + len(closing[0] if closing else "")
