"""The rules of C4 (Raffel et al. 2020, section 2.2), in the versions that are in use.

A page is cleaned line by line (`lines`), and what is left is judged as a whole (`page`); use them in this
order. The paper and the code that made the data set disagree, with two numbers crossed over: at least 3 words
in a line and 5 sentences in a page in the paper, 5 words and 3 sentences in the code (TFDS, c4_utils.py).
Hence two presets, `C4_PAPER` and `C4_CODE`; the code also drops pages of over 190,000 characters (which it
measures before it cleans, and `page` after). FineWeb (Penedo et al. 2024) takes datatrove's filter, which has
the paper's numbers, without the rule that a line ends in a punctuation mark: `C4_FINEWEB`.

Traps. The curly closing quote is no end mark in C4, so a line of speech in typographic quotes is dropped.
Words are what white space separates, counted once citation marks are out (by datatrove before). Sentences
are counted by a rule of our own (`words.count_sentences`) where C4 asks NLTK's punkt and datatrove spaCy: only
"at least 3" or "at least 5" is at stake, and on 250 real pages 499 of 500 such answers were spaCy's.
Paragraphs stay apart (docs/text.md); the mark of a list item is a word, as a bullet has always been.
"""

import re
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf

from corpus.document import Document, Rejected
from corpus.rules.native import LineLimits, read

_LANGUAGES_WITHOUT_SPACES = frozenset({"ja", "th", "zh"})


@dataclass(frozen=True, slots=True)
class C4Limits:
    """What `lines` and `page` accept; a limit of 0 or of infinity switches its rule off.

    `end_marks` are what a line must end in, if `ends_in_mark`; `bad_words` are whole words or phrases in lower
    case, none by default, to be given by the caller for the language at hand.
    """

    min_words_per_line: int
    min_sentences: int
    max_characters: float = inf
    max_word_length: float = 1000
    ends_in_mark: bool = True
    end_marks: tuple[str, ...] = (".", "?", "!", '"')
    bad_words: frozenset[str] = frozenset()


C4_CODE = C4Limits(min_words_per_line=5, min_sentences=3, max_characters=190_000)
C4_PAPER = C4Limits(min_words_per_line=3, min_sentences=5)
C4_FINEWEB = replace(C4_PAPER, ends_in_mark=False)


def lines(document: Document, limits: C4Limits = C4_CODE) -> Document:
    """Drop the lines that are no sentences, or that speak of javascript, cookies or terms; take out citation marks."""
    longest = int(min(limits.max_word_length, sys.maxsize))  # int64 in native code has no infinity
    native = LineLimits(limits.min_words_per_line, longest, limits.ends_in_mark)
    return document.with_text(read(document.text).c4_lines(native, limits.end_marks))


def page(document: Document, limits: C4Limits = C4_CODE) -> Document | Rejected:
    """Reject a page that is too long, holds code, filler text or a bad word, or has too few sentences."""
    text = document.text
    if len(text) > limits.max_characters:
        return document.reject("c4.too_many_characters", len(text))
    if "{" in text:
        return document.reject("c4.curly_bracket", text.count("{"))
    lowered = text.lower()
    if "lorem ipsum" in lowered:
        return document.reject("c4.lorem_ipsum", lowered.count("lorem ipsum"))
    if limits.bad_words:
        found = _bad_words(limits.bad_words, document.language in _LANGUAGES_WITHOUT_SPACES).findall(lowered)
        if found:
            return document.reject("c4.bad_word", len(found), found[0])
    sentences = read(text).sentences(limits.min_sentences)
    if sentences < limits.min_sentences:
        return document.reject("c4.too_few_sentences", sentences)
    return document


@lru_cache(maxsize=64)
def _bad_words(bad_words: frozenset[str], anywhere: bool) -> re.Pattern[str]:
    """What finds a bad word: as a word of its own, or `anywhere` in a language that does not part its words."""
    # The longest first: of "bad" and "bad word" the pattern takes what comes first.
    either = "|".join(map(re.escape, sorted(bad_words, key=lambda word: (-len(word), word))))
    return re.compile(either if anywhere else rf"(?<!\w)(?:{either})(?!\w)")  # (?<!\w): as a word, also beside marks
