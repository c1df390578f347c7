"""The custom rules of FineWeb (Penedo et al. 2024), which come last, after Gopher's and C4's.

They look at lines: how many end in a punctuation mark, how many are short, and how much of the text stands
in lines seen before. The code (datatrove 0.10) has a fourth that the paper does not name, line breaks per word.

Two traps. The paper gives 0.1 as the limit for characters in repeated lines, the code that made the corpus
has 0.01; the code's number stands here, because the corpus is what people know. And a line ends in a mark
only if its very last character is one: a space after the full stop hides it, here as in the code.

The texts that the code saw had no blank lines, and ours have them between paragraphs (docs/text.md); so a line break is
what parts two lines that are not blank.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from corpus.document import Document, Rejected, no_evidence
from corpus.rules.native import read


@dataclass(frozen=True, slots=True)
class FineWebLimits:
    """What `quality` accepts; `short_line` is in characters."""

    min_punctuated_line_share: float = 0.12
    max_short_line_share: float = 0.67
    short_line: int = 30
    max_duplicate_line_character_share: float = 0.01
    max_line_breaks_per_word: float = 0.3


def quality(document: Document, limits: FineWebLimits = FineWebLimits()) -> Document | Rejected:
    """Reject lists, menus and texts that repeat their lines."""
    return document.held_to("fineweb", ((*found, no_evidence) for found in _rules(document.text, limits)))


def _rules(text: str, limits: FineWebLimits) -> Iterator[tuple[bool, str, float]]:
    """Whether a rule fails, its name and the value that decided; worked out one by one. Empty lines do not count."""
    reading = read(text)
    lines = reading.lines(limits.short_line)
    count = lines.pieces.count
    if not count:
        yield True, "no_text", 0
    punctuated = lines.punctuated / count
    yield punctuated < limits.min_punctuated_line_share, "too_few_punctuated_lines", punctuated
    short = lines.short / count
    yield short > limits.max_short_line_share, "too_many_short_lines", short
    duplicate = lines.pieces.repeated_characters / (len(text) - lines.breaks)
    fails = duplicate > limits.max_duplicate_line_character_share
    yield fails, "too_many_characters_in_duplicate_lines", duplicate
    # Between n lines that are not blank there are n - 1 breaks, however many blank lines the text has.
    breaks = (count - 1) / reading.counts().tokens
    yield breaks > limits.max_line_breaks_per_word, "too_many_line_breaks", breaks
