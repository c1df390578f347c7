"""Exact duplicates: equal keys are equal documents.

Three keys, asked in this order, and each only among what the one before left over: the capture (the same record given
twice, in two archives), the page (one SURT, captured several times or under several spellings) and the text (one text
under several addresses; white space and Unicode form do not make another text). The preferred document of a group
stays, the others leave and name it.
"""

import unicodedata
from dataclasses import dataclass

import numpy as np

from corpus.hashing import digest

RULES = ("same_capture", "same_page", "same_text")


@dataclass(frozen=True)
class Exact:
    """For each document, in order of preference: which rule took it out (-1: none) and in favour of which document."""

    rule: np.ndarray
    leader: np.ndarray


def text_key(text: str) -> str:
    """The identity of a text: a 128-bit digest, in hex, of its words in NFC with single blanks between them."""
    return digest(" ".join(unicodedata.normalize("NFC", text).split()))


def exact_duplicates(keys: list[np.ndarray]) -> Exact:
    """Find them for `keys` = one array of ids for each of `RULES`; rows stand in order of preference, best first."""
    count = len(keys[0])
    rule = np.full(count, -1, np.int8)
    leader = np.arange(count)
    for number, key in enumerate(keys):
        alive = np.flatnonzero(rule < 0)
        _, first, group = np.unique(key[alive], return_index=True, return_inverse=True)
        best = alive[first[group.reshape(-1)]]
        losers = best != alive
        rule[alive[losers]] = number
        leader[alive[losers]] = best[losers]
    return Exact(rule, leader)
