"""The additions of transcribers to a book: notes on their work, marks of pictures and pages, underscores for italics.

A note is in brackets, in a box of dashes and bars, or under a heading at one end of the book; there it reaches to the
next wide gap, or to the end. A stretch as long as a chapter is never taken for a note.
"""

import re
from dataclasses import replace

from corpus.document import Document

# Transcribers' words for their notes, in English, German, French, Spanish and Italian.
_WORDS = (
    r"(?:transcriber['’]?s?['’]?s?\s+(?:end)?notes?|transcription notes?"
    r"|anmerkung(?:en)? (?:zur transkription|des bearbeiters)"
    r"|notes? (?:de|du|des|sur la) transcript(?:ion|eurs?)|nota(?:s)? (?:del|de la|de) transcri(?:ptor|pción))"
)
_BRACKET = re.compile(r"[\[\]]")
_BRACKETED = re.compile(rf"\[\s*[*_=]*{_WORDS}", re.IGNORECASE)
_HEADED = re.compile(rf"^[ \t*_=~#\-]*{_WORDS}\b", re.IGNORECASE | re.MULTILINE)
# At least two lines in a row that begin and end with "+" or "|".
_BOX = re.compile(r"^[ \t]*[+|][^\n]*[+|][ \t]*(?:\n[ \t]*[+|][^\n]*[+|][ \t]*)+$", re.MULTILINE)
_WIDE_GAP = re.compile(r"(?:\n[ \t]*){4,}")
_PICTURE = re.compile(
    r"\[\s*(?:illustrations?|picture|frontispiece|abbildung(?:en)?|ilustraci[oó]n|decoration|blank page"
    r"|tailpiece|headpiece"
    # "[Illustration: …]" with one level of brackets inside; the look-ahead keeps "[illustrations of life]" of a text.
    r"|illustration\s*:?\s*decoration)\b(?=\s*[\]:.,;(\"“'_\d-])(?:[^\[\]]|\[[^\[\]]*\])*\]",
    re.IGNORECASE,
)
# "[Pg 12]" anywhere; "{12}" only where it is a line.
_PAGE = re.compile(
    r"[ \t]*[\[{](?:pg|page|p|seite|s)\.?\s*\d{1,4}[\]}][ \t]*|^[ \t]*\{\d{1,4}\}[ \t]*$", re.IGNORECASE | re.MULTILINE
)
# _word_ or _several lines_, up to eight; not snake_case.
_ITALICS = re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]*(?:\n[^_\n]+){0,8})(?<=\S)_(?![\w_])")
_LONGEST_NOTE, _LONGEST_PARAGRAPH = 20_000, 2_000
_HEAD, _TAIL = 0.05, 0.85  # of the book
_HEAD_CHARACTERS = 8_000
_CHAPTER = re.compile(r"^[ \t]*(?:chapter|kapitel|chapitre|cap[ií]tulo)\b", re.IGNORECASE | re.MULTILINE)


def without_transcription(document: Document) -> Document:
    """The book without transcriber's notes, marks of pictures and pages, and underscores around italics."""
    text = _without_bracketed(_without_boxes(document.text))
    text = _PAGE.sub(" ", _PICTURE.sub("", _without_headed(text)))
    return replace(document, text=_ITALICS.sub(r"\1", text).strip("\n"))


def _without_bracketed(text: str) -> str:
    """Notes in brackets go with all brackets inside them; one without an end stays."""
    pieces: list[str] = []
    position = 0
    # All pairs at once by a stack: "[a [x] y]" gives {0: 9, 3: 6}. A search from each opening would be quadratic.
    ends = _closing_brackets(text) if _BRACKETED.search(text) else {}
    while found := _BRACKETED.search(text, position):
        end = ends.get(found.start(), 0)
        # One that closes goes; of one that does not, the words stay and the search continues after them.
        pieces.append(text[position : found.start() if end else found.end()])
        position = end or found.end()
    return "".join((*pieces, text[position:]))


def _closing_brackets(text: str) -> dict[int, int]:
    """The place after the bracket that closes each opening one, where that is within a note's length."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for bracket in _BRACKET.finditer(text):
        if bracket[0] == "[":
            opened.append(bracket.start())
        elif opened:
            start = opened.pop()
            if bracket.start() - start < _LONGEST_NOTE:
                ends[start] = bracket.end()
    return ends


def _without_boxes(text: str) -> str:
    return _BOX.sub(lambda box: "" if re.search(_WORDS, box[0][:600], re.IGNORECASE) else box[0], text)


def _without_headed(text: str) -> str:
    """Notes under a heading at the head of the book, to the next wide gap; at its end, to the last line."""
    # The head is 5 % of the book, but at least 8,000 characters, of a short book its first half.
    head_end = min(len(text), max(_HEAD_CHARACTERS, int(_HEAD * len(text))))
    found = _HEADED.search(text, 0, head_end)
    if found and found.start() < 0.5 * len(text):
        body = re.compile(r"[^\n]*\s*").match(text, found.end())  # the heading's own line
        gap = _WIDE_GAP.search(text, body.end() if body else found.end(), found.end() + _LONGEST_NOTE)
        # -1 + 1 = 0 where there is none: then nothing is cut.
        end = gap.end() if gap else text.find("\n\n", found.end()) + 1
        if end and not _holds_chapter(text[found.start() : end]):
            text = text[: found.start()] + text[end:]
    tail = max(int(_TAIL * len(text)), len(text) - _LONGEST_NOTE)
    notes = [*_HEADED.finditer(text, tail)]
    return text[: notes[0].start()].rstrip() if notes and not _holds_chapter(text[notes[0].start() :]) else text


def _holds_chapter(text: str) -> bool:
    """Whether a stretch is too much for a note: it has a chapter's heading or long paragraphs."""
    longest = max((len(paragraph) for paragraph in text.split("\n\n")), default=0)
    return bool(_CHAPTER.search(text)) or longest > _LONGEST_PARAGRAPH
