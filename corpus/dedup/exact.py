"""Exact duplicates: equal keys are equal documents.

Three keys, asked in this order, and each only among what the one before left over: the capture (the same record given
twice, in two archives), the page (one SURT, captured several times or under several spellings) and the text (one text
under several addresses; white space and Unicode form do not make another text). The preferred document of a group
stays, the others leave and name it. Equal captures are of one page, so both are found in one group.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np

from corpus.hashing import digest

RULES = ("same_capture", "same_page", "same_text")
# The name of what `text_key` does: keys of another one cannot be compared.
TEXT_KEY = "nfc-words-1"


def text_key(text: str) -> str:
    """The identity of a text: a 128-bit digest, in hex, of its words in NFC with single blanks between them."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return digest(" ".join(text.split()))


def preferred(rows: np.ndarray, *keys: np.ndarray) -> np.ndarray:
    """The order of rows by `keys`, and among equal ones best first.

    Best is the most karma, then the longest text, the earliest date, the least id: a total order that every row carries
    with it, so that nobody ranks all documents. Rows have the fields number, karma, characters, date and id.
    """
    # lexsort's last key counts most: keys first, then karma, length, date, id; minus turns "most" into "least".
    columns = [rows["number"], rows["id"], rows["date"], -rows["characters"], -rows["karma"]]
    return np.lexsort([*columns, *reversed(keys)])


def losers(rows: np.ndarray, keys: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose keys all equal those of a better one: their places, ascending, and the place of the best for each."""
    # Most rows share their first key with nobody, and are not sorted by the rest.
    some = np.flatnonzero(shared(keys[0]))
    order = some[preferred(rows[some], *(key[some] for key in keys))]
    sorted_keys = [key[order] for key in keys]
    first = np.ones(len(order), bool)
    for place, key in enumerate(sorted_keys):
        same = key[1:] == key[:-1]
        first[1:] = first[1:] | ~same if place else ~same
    # Of five places the first of their group are 0 and 3: [0, ., ., 3, .], filled up by the maximum [0, 0, 0, 3, 3].
    leader = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    found = np.flatnonzero(~first)
    back = np.argsort(order[found])
    # Back to ascending places: `losers` are named in the order of the rows.
    return order[found][back], leader[found][back]


def shared(key: np.ndarray) -> np.ndarray:
    """Which rows have their key in common with another: few, so that only these are sorted by more."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    # 4 7 7 9: equal to the next one [., T, ., .] or to the one before [., ., T, .]; both 7 have it in common.
    equal = ordered[1:] == ordered[:-1]
    found = np.zeros(len(key), bool)
    found[order] = np.r_[False, equal] | np.r_[equal, False] if len(key) else found
    return found
