"""Paragraphs of a book in one line each: hard line breaks joined, verse and tables left as they stand.

A line break is the typist's where the next word would not have fitted into the line, and the author's where it would.
So a paragraph whose breaks are nearly all forced is prose. The width of the lines is the book's own. Verse is known by
breaks that nothing forced, or by capitals at the start of every line; a table by gaps inside its lines.

A word that was separated by a hyphen becomes one again in the form in which the book has it elsewhere; where it has
neither, a hyphen between two words that the book knows stays.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from corpus.document import Document

_PARAGRAPH_BREAK = re.compile(r"\n(?:[ \t]*\n)+")  # blank lines may hold blanks
# Inside a line: three blanks or a tab between words, leaders of dots ("Chapter I . . . . . 7"), a bar.
_GAP = re.compile(r"\S(?: {3,}|\t+)\S|\.{5,}|(?:\. ){5,}|\|")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PARTED = re.compile(r"([^\W\d_]+)-$")
_BEGINNING = re.compile(r"[^\W\d_]+")
# A sentence, or a speech that ends in a dash, with the quotes and brackets that close after it.
_SENTENCE_END = re.compile(r"[.!?:;—\-][\"'”’»)\]_]*\s*$")
# Widths of lines in characters: no book below 40 or above 120; below 55 short lines are more likely verse.
_NARROWEST, _NARROW, _WIDEST = 40, 55, 120
_SLACK = 0.86  # of the width: transcribers break lines a little early
_FORCED_SHARE, _CAPITAL_SHARE, _TABLE_SHARE = 0.7, 0.8, 0.4
_NOT_WRAPPED = 200  # a line this long was not broken by hand


def join_lines(document: Document) -> Document:
    """The book with one line per paragraph, and a blank line between paragraphs."""
    paragraphs = [*_paragraphs(document.text)]
    width = _width(paragraphs)
    words = Counter[str]() if width == 0 else _vocabulary(document.text)
    return document.with_text("\n\n".join(_shown(lines, width, words) for lines in paragraphs))


def _paragraphs(text: str) -> Iterator[list[str]]:
    """The lines of every paragraph, without blanks at their ends; a paragraph may also begin by an indented line."""
    for block in _PARAGRAPH_BREAK.split(text.strip("\n")):
        lines = [line.expandtabs().rstrip() for line in block.split("\n") if line.strip()]
        if lines:
            yield from _parted_by_indents(lines)


def _parted_by_indents(lines: list[str]) -> Iterator[list[str]]:
    """Prose whose paragraphs begin with an indent and have no blank line between them, cut apart."""
    indents = [len(line) - len(line.lstrip()) for line in lines]
    starts = [number for number in range(1, len(lines)) if indents[number] > 0]
    indented = set(indents) - {0}
    whole = all(_SENTENCE_END.search(lines[number - 1]) for number in starts)
    # "One day it / went on. /    Two days" stays whole: the line before an indent ends no sentence. More than half of
    # the lines indented is verse.
    if len(indented) != 1 or not starts or not whole or 2 * len(starts) > len(lines):
        yield lines
        return
    for start, end in pairwise((0, *starts, len(lines))):
        yield [line.strip() for line in lines[start:end]]


def _width(paragraphs: list[list[str]]) -> int:
    """The width to which the lines of the book were broken; 0 for a text that has none."""
    # Only paragraphs of three lines and more, without their last line, which may be short.
    lengths = sorted(len(line) for lines in paragraphs if len(lines) > 2 for line in lines[:-1])
    if not lengths:
        return 0
    # The 90th percentile: a few lines that overflow do not make the book wide.
    width = lengths[int(0.9 * (len(lengths) - 1))]
    return width if _NARROWEST <= width <= _WIDEST else 0


def _vocabulary(text: str) -> Counter[str]:
    """How often the book has each word, hyphens inside words kept; words at a hyphen's break count for neither form."""
    return Counter(word.lower() for word in _WORD.findall(text))


def _shown(lines: list[str], width: int, words: Counter[str]) -> str:
    if len(lines) == 1:
        return lines[0].strip()
    if width and _is_prose(lines, width):
        return _joined(lines, words)
    # Verse and tables lose what all of their lines are indented by, and keep the rest.
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join(line[margin:] for line in lines)


def _is_prose(lines: list[str], width: int) -> bool:
    """Whether nearly every break of a paragraph was forced by the width of its lines."""
    gaps = sum(_GAP.search(line.strip()) is not None for line in lines)
    if gaps > _TABLE_SHARE * len(lines) or max(map(len, lines)) > _NOT_WRAPPED:
        return False
    plain = [line.strip() for line in lines]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    room = width
    if margin >= 2 and len(lines) > 2:  # an extract, broken to a width of its own
        room = min(width, max(map(len, lines)))
        if room < _NARROWEST:
            return False
    # Of all lines but the first, which may be indented.
    indents = {len(line) - len(line.lstrip()) for line in lines[1:]}
    if len(indents) > 2 and len(lines) > 3:
        return False
    # What the next word would have taken: "the old" before "lighthouse keeper" needs 7 + 1 + 10 = 18 letters. A break
    # is forced where that is more than the width, less the slack.
    needed = [
        len(line) + 1 + len(following.split(" ", 1)[0]) for line, following in zip(lines, plain[1:], strict=False)
    ]
    if sum(length >= _SLACK * room for length in needed) < _FORCED_SHARE * len(needed):
        return False
    # Verse has a capital at each line, prose at the start of sentences and names. Two or three lines may all begin with
    # one by chance: then every break has to be exact.
    capitals = sum(line.lstrip("\"'“‘«([_")[:1].isupper() for line in plain)
    few_but_full = len(plain) < 4 and margin < 2 and width > _NARROW and min(needed) >= width - 1
    return capitals < _CAPITAL_SHARE * len(plain) or few_but_full


def _joined(lines: list[str], words: Counter[str]) -> str:
    """The lines of a paragraph as one, words that a hyphen parted made whole."""
    pieces = [lines[0].strip()]
    for line in lines[1:]:
        following = line.strip()
        last = pieces[-1]
        parted = _PARTED.search(last)
        rest = _BEGINNING.match(following)
        # "light-" + "house": the hyphen goes if the book has `lighthouse` oftener than `light-house`. "--" is a dash.
        if parted and rest and not last.endswith("--"):
            if not _keeps_hyphen(parted[1], rest[0], words):
                pieces[-1] = last[:-1]
        # No blank after "word--" or "word-" (they touch what follows), but one after " --", which stands free.
        elif not last.endswith(("--", "—", "-")) or last.endswith((" -", " --", " —")):
            pieces.append(" ")
        pieces.append(following)
    return re.sub(r"(?<! ) {2,}", " ", "".join(pieces))  # two blanks after a full stop become one


def _keeps_hyphen(first: str, second: str, words: Counter[str]) -> bool:
    # No evidence in the book: before a capital the hyphen stays (Jean-Paul), else only between two words that the book
    # knows.
    whole, hyphened = words[(first + second).lower()], words[f"{first}-{second}".lower()]
    if whole != hyphened:
        return hyphened > whole
    if not second[0].islower():
        return True
    return min(len(first), len(second)) > 2 and words[first.lower()] > 1 and words[second.lower()] > 1
