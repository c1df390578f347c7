"""GPT-3's filtering of its training set (Brown et al. 2020, appendix C): what shares 13 words with a benchmark is cut.

"A gram is a lowercase, whitespace delimited word with no punctuation": the words of `words.py`. A run of 13 that a
benchmark has too is a hit; with 200 characters on each side it is cut out of the document. Hits that overlap, or whose
surroundings do, are one cut: a leak of 40 words has 28 hits and splits a document once, where a rule that counts hits
would drop it. The document falls into pieces. One of more than 10 pieces is dropped whole; else its pieces of less than
200 characters are dropped. A gram that more than 10 documents of the corpus have is a common phrase and no hit.

Worked example: a text of 1,000 characters with one hit from 450 to 520 is cut from 250 to 720, and pieces of 250 and
280 characters stay. With the hit from 350 to 420 the first piece would have 150 characters, so 0 to 620 is cut.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]  # characters from, to (exclusive)

MANY_PIECES, NOTHING_LEFT = "benchmark.many_pieces", "benchmark.nothing_left"
_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)  # emoji modifiers: they colour the character before them


@dataclass(frozen=True)
class FilteringRule:
    """The numbers of appendix C; `window` is on each side, as EleutherAI reads "a 200 character window around"."""

    gram_words: int = 13
    window: int = 200
    shortest_piece: int = 200
    most_pieces: int = 10
    most_documents: int = 10


@dataclass(frozen=True)
class Filtered:
    """What becomes of a document: the spans to take out, or the reason why it is dropped ("" where it stays).

    `pieces` is into how many pieces the hits split it, the short ones included.
    """

    reason: str
    pieces: int
    cuts: tuple[Span, ...] = ()


def surrounding(text: str, hit: Span, window: int) -> Span:
    """The span to cut for a hit: `window` characters more on each side, and further to the next whole character.

    A base letter and its combining marks are never parted: a cut that would begin or end between them takes them all.
    """
    start, end = max(0, hit[0] - window), min(len(text), hit[1] + window)
    while 0 < start < len(text) and _continues(text, start):
        start -= 1
    while end < len(text) and _continues(text, end):
        end += 1
    return start, end


def merge_spans(spans: Sequence[Span]) -> list[Span]:
    """The spans, ascending, those that overlap or touch as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def pieces_between(length: int, cuts: Sequence[Span]) -> list[Span]:
    """What is left of `length` characters: the spans between merged cuts, without empty ones."""
    # Borders in pairs: cut 250 to 720 of 1,000 gives [0 250 720 1000], so 0 to 250 and 720 to 1000.
    borders = [0, *(place for cut in cuts for place in cut), length]
    return [(start, end) for start, end in zip(borders[::2], borders[1::2], strict=True) if start < end]


def filter_document(length: int, cuts: Sequence[Span], rule: FilteringRule) -> Filtered:
    """Decide on a document of `length` characters, given the `surrounding` of each of its hits."""
    if not cuts:
        return Filtered("", 1)
    pieces = pieces_between(length, merge_spans(cuts))
    if len(pieces) > rule.most_pieces:
        return Filtered(MANY_PIECES, len(pieces))
    kept = [(start, end) for start, end in pieces if end - start >= rule.shortest_piece]
    if not kept:
        return Filtered(NOTHING_LEFT, len(pieces))
    # What is cut is the complement of what is kept, so short pieces go with the cuts beside them.
    return Filtered("", len(pieces), tuple(pieces_between(length, kept)))


def _continues(text: str, place: int) -> bool:
    """Whether the character there belongs to the one before it."""
    character = text[place]
    return (
        unicodedata.category(character)[0] == "M"
        or character == _ZERO_WIDTH_JOINER
        or text[place - 1] == _ZERO_WIDTH_JOINER
        or ord(character) in _SKIN_TONES
        or "\udc00" <= character <= "\udfff"  # a half of a surrogate pair, from text that was never valid
        or text[place - 1 : place + 1] == "\r\n"
    )
