"""The words that grams are made of: lower-cased, delimited by white space, without punctuation.

So says appendix C of GPT-3's paper, and the details are these. White space is what `str.isspace` says. Signs of all
kinds are left out of a word (Unicode's categories P, S and C, and variation selectors), and a token of nothing else,
such as a free-standing dash, is no word: a leak with dashes is the same leak. Characters are lower-cased one by one, so
that a word does not depend on its neighbours, and a token is in NFC first.

Scripts written without spaces have few such words; a benchmark in them is mostly uncheckable, and reported as that.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

DROPPED, SPACE, SUSPECT = 0, 1, 1 << 31  # values of the table; a lower case is its code point, at least 32, so neither
# No letter is assigned beyond; of what lies there, tags and variation selectors are the only signs in use.
TABLE_SIZE = 0x34000
_TOKEN = re.compile(r"\S+")
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and the characters of the text from which it was made: its token, signs included."""

    key: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """The words of a text, in order.

    `A “well-known” — fact.` has the words a, wellknown (characters 2 to 14) and fact (17 to 22).
    """
    found = ((key_of(match[0]), match.span()) for match in _TOKEN.finditer(text))
    return [Word(key, start, end) for key, (start, end) in found if key]


def joined_words(text: str) -> str:
    """The words of a text with blanks between them."""
    return " ".join(filter(None, map(key_of, text.split())))


@lru_cache(maxsize=200_000)
def key_of(token: str) -> str:
    """The word that a token is, "" for one of signs alone."""
    return unicodedata.normalize("NFC", token).translate(_translation())


@cache
def character_table() -> np.ndarray:
    """(TABLE_SIZE,) uint32: what becomes of each character, `DROPPED`, `SPACE` or its lower case.

    The bit `SUSPECT` is set for a character that NFC may change or join to the one before it.
    """
    table = np.zeros(TABLE_SIZE, np.uint32)
    joining = _joining()
    for code in range(TABLE_SIZE):
        character = chr(code)
        if character.isspace():
            table[code] = SPACE
            continue
        if unicodedata.category(character)[0] not in "PSC" and code not in _VARIATION_SELECTORS:
            table[code] = ord(character.lower()[0])  # one character for one, so that places stay: of "i̇" the "i"
        if code in joining or unicodedata.combining(character) or not unicodedata.is_normalized("NFC", character):
            table[code] |= SUSPECT
    return table


def _joining() -> frozenset[int]:
    """The characters that are the second half of a canonical composition."""
    decomposed = (unicodedata.decomposition(chr(code)).split() for code in range(TABLE_SIZE))
    seconds = {int(parts[1], 16) for parts in decomposed if len(parts) == 2 and not parts[0].startswith("<")}
    # U+1161… the vowels, U+11A8… the finals, composed by arithmetic.
    return frozenset(seconds | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3)))  # and of Hangul syllables


class _Translation(dict[int, str]):
    """What `str.translate` asks for each character of a token."""

    def __missing__(self, code: int) -> str:
        folded = int(character_table()[code]) & ~SUSPECT if code < TABLE_SIZE else DROPPED
        # Once per character: the answer stays in the dict.
        self[code] = chr(folded) if folded > SPACE else ""
        return self[code]


@cache
def _translation() -> _Translation:
    return _Translation()
