"""Text that a page shows more than once, for phones and for desktops say, stands once in the document.

An edit, not a verdict: it comes before the rules that judge repetition, and notes what it took out. What stays is the
first copy. Short pieces, verses, lists and code say things twice for good reasons, so a repeated piece leaves only as
part of a run of repeated paragraphs, one of which at least is a long line of prose.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from corpus.document import Document


@dataclass(frozen=True, slots=True)
class RepetitionInsideLimits:
    """How long a line must be to speak for its run, in bytes of UTF-8: ten English words, or twenty Han characters."""

    shortest_line: int = 60


def collapse(document: Document, limits: RepetitionInsideLimits = RepetitionInsideLimits()) -> Document:
    """The document with every repeated passage once; `repeated_characters` is the number of characters taken out.

    Worked example, with A and B long lines: of the paragraphs `# T, A, B, x, # T, A, B` the first four stay, and of
    `x, A, x` all.
    """
    paragraphs = document.text.split("\n\n")
    kept: list[str] = []
    for run, is_repeated in _runs(paragraphs):
        if not is_repeated or not any(_is_long_line(paragraph, limits) for paragraph in run):
            kept += run
    if len(kept) == len(paragraphs):
        return document
    text = "\n\n".join(kept)
    return replace(document, text=text, repeated_characters=len(document.text) - len(text))


def _runs(paragraphs: list[str]) -> Iterator[tuple[list[str], bool]]:
    """Neighbouring paragraphs that have all, or have all not, been seen before."""
    seen: set[str] = set()
    run: list[str] = []
    is_repeated = False
    for paragraph in paragraphs:
        # The first run is of new paragraphs, and may be empty: `run` guards that.
        if (paragraph in seen) != is_repeated and run:
            yield run, is_repeated
            run = []
        is_repeated = paragraph in seen
        run.append(paragraph)
        seen.add(paragraph)
    yield run, is_repeated


def _is_long_line(paragraph: str, limits: RepetitionInsideLimits) -> bool:
    # In bytes: a Han character says as much as three letters.
    return "\n" not in paragraph and len(paragraph.encode("utf-8", "replace")) >= limits.shortest_line
