"""Lines that stand in several documents stay in one of them (TFDS, c4_utils.py; CCNet does it for paragraphs).

C4's paper speaks of three sentences in a row, of which one copy was kept; the code that made C4 did so with lines, and
dropped a page that had fewer than three sentences left. Which document keeps a line is a draw by a hash of the line and
the document, as in C4, so that no document keeps all and order says nothing; in it the first place counts.

Lines are compared in lower case, without white space around them; of those below `least_characters` none is repeated.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corpus.dedup.minhash import mixed
from corpus.hashing import key64

# A line's hash, a document's (for the draw), its number, and where the line lies in its text, in characters.
LINE_ROWS = np.dtype([("hash", "<u8"), ("document", "<u8"), ("number", "<i8"), ("start", "<i4"), ("end", "<i4")])


@dataclass(frozen=True)
class RepeatedLines:
    """The lines that count, and how many sentences a document must have left."""

    least_sentences: int = 3
    least_characters: int = 1


def lines_of(text: str, rule: RepeatedLines) -> Iterator[tuple[int, int, int]]:
    """The lines that count: 64-bit hash, start and end in characters."""
    start = 0
    for line in text.split("\n"):
        plain = line.strip().lower()
        if len(plain) >= max(rule.least_characters, 1):
            yield key64(plain) % 2**64, start, start + len(line)  # key64 is signed
        start += len(line) + 1


def repeated(rows: np.ndarray) -> np.ndarray:
    """`LINE_ROWS`, those of a hash complete → the rows that are cut, by number and place."""
    # Drawn for each line by itself: by the order of ids, one document would keep all of its lines and another none.
    draw = mixed(rows["document"] ^ mixed(rows["hash"]))
    order = np.lexsort((rows["start"], rows["number"], rows["document"], draw, rows["hash"]))
    hashes = rows["hash"][order]
    # Of each hash all rows but the first of the draw: hashes 4 4 9 cut the second.
    cut = rows[order[1:][hashes[1:] == hashes[:-1]]] if len(rows) else rows
    return cut[np.lexsort((cut["start"], cut["number"]))]
