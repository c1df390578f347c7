"""Lines, or sentences in a row, that stand in several documents stay in one of them, or in none.

C4's paper (Raffel et al. 2020, §2.2) has three sentences in a row, of which one copy is kept; the code that made C4
(TFDS, c4_utils.py) did so with lines, and dropped a page with fewer than three sentences left. There a draw by a hash
of the line and the document says who keeps a line, so that no document keeps all. Runs of sentences overlap, so they
are drawn for by document: else of four sentences the first three could be cut here and the last three there. In a
document the first place counts. datatrove does the same with its tokenizer's sentences, and simplifies more of each.

CCNet (Wenzek et al. 2020) cuts a paragraph, which is a line, out of every document that has it, and a document without
any goes. It compares them in lower case, with 0 for each digit, without punctuation and accents, by the first 64 bits
of SHA-1; `CCNET` does so. Its code (text_normalizer.py) leaves accents and the marks of ASCII in: `ccnet_code`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha1

import numpy as np

from corpus.hashing import key64
from corpus.rules.native import Reading
from corpus.splitmix import mixed

# A line's hash, a document's (for the draw), its number, and where the line lies in its text, in characters.
LINE_ROWS = np.dtype([("hash", "<u8"), ("document", "<u8"), ("number", "<i8"), ("start", "<i4"), ("end", "<i4")])


@dataclass(frozen=True)
class RepeatedLines:
    """The lines that count, and how many sentences a document must have left.

    With `sentences` so many of them in a row count, instead of lines. `compared` says how lines are made alike before
    they are compared: "case", "ccnet" or "ccnet_code". Of those alike one stays, or without `keep_one` none.
    """

    least_sentences: int = 3
    least_characters: int = 1
    sentences: int = 0
    compared: str = "case"
    keep_one: bool = True

    def __post_init__(self) -> None:
        if self.compared not in _PLAIN:
            raise ValueError(f"compared={self.compared!r}: it is one of {', '.join(_PLAIN)}")

    @property
    def name(self) -> str:
        """Its name among the counts of a corpus."""
        return "repeated_sentences" if self.sentences else "repeated_lines"

    @property
    def in_turn(self) -> "tuple[RepeatedLines, ...]":
        """The rules that it is made of, one after the other."""
        return (self,)


def lines_of(text: str, rule: RepeatedLines) -> Iterator[tuple[int, int, int]]:
    """The lines, or runs of sentences, that count: 64-bit hash, start and end in characters."""
    plain, hashed = _PLAIN[rule.compared]
    found = [
        (line, start, end)
        for start, end in (_sentences(text) if rule.sentences else _lines(text))
        if len(line := plain(text[start:end].strip())) >= max(rule.least_characters, 1)
    ]  # fmt: skip
    for first in range(len(found) - max(rule.sentences, 1) + 1):
        run = found[first : first + max(rule.sentences, 1)]
        yield hashed("\n".join(line for line, _, _ in run)), run[0][1], run[-1][2]


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    for start, end in Reading(text).sentence_places():
        yield end - len(text[start:end].lstrip()), end


def _fast(line: str) -> int:
    return key64(line) % 2**64  # key64 is signed


def _sha1(line: str) -> int:
    return int.from_bytes(sha1(line.encode("utf-8", "surrogatepass")).digest()[:8], "little")


class _Bare(dict[int, str]):
    """What CCNet's paper leaves of a code point: of accents and punctuation nothing, of digits 0; looked up once."""

    def __missing__(self, code: int) -> str:
        kind = unicodedata.category(chr(code))
        self[code] = "0" if kind == "Nd" else "" if kind == "Mn" or kind[0] == "P" else chr(code)
        return self[code]


_BARE = _Bare()


def _ccnet(line: str) -> str:
    return unicodedata.normalize("NFD", line.lower()).translate(_BARE).strip()


def _ccnet_code(line: str) -> str:
    return _CCNET_MARKS.sub("", re.sub(r"\d", "0", line.lower()))


_CCNET_MARKS = re.compile("[，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►\x00-\x1f\x7f-\x9f]")
_PLAIN: dict[str, tuple[Callable[[str], str], Callable[[str], int]]] = {
    "case": (str.lower, _fast),
    "ccnet": (_ccnet, _sha1),
    "ccnet_code": (_ccnet_code, _sha1),
}
C4_PAPER = RepeatedLines(sentences=3)
CCNET = RepeatedLines(least_sentences=1, compared="ccnet", keep_one=False)


def repeated(rows: np.ndarray, rule: RepeatedLines) -> np.ndarray:
    """`LINE_ROWS`, those of a hash complete → the rows that are cut, by number and place."""
    # Drawn for each line by itself: by the order of ids, one document would keep all of its lines and another none.
    draw = mixed(rows["document"] if rule.sentences > 1 else rows["document"] ^ mixed(rows["hash"]))
    rows = rows[np.lexsort((rows["start"], rows["number"], rows["document"], draw, rows["hash"]))]
    again = np.r_[False, rows["hash"][1:] == rows["hash"][:-1]][: len(rows)]
    if not rule.keep_one:
        starts = np.flatnonzero(~again)
        keepers = np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
        elsewhere = rows["number"] != rows["number"][keepers]
        again |= np.logical_or.reduceat(elsewhere, starts)[np.cumsum(~again) - 1] if len(rows) else again
    # Of each hash all rows but the first of the draw: hashes 4 4 9 cut the second.
    cut = rows[again]
    return cut[np.lexsort((cut["start"], cut["number"]))]
