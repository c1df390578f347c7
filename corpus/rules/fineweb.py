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

from corpus.document import Document, Rejected
from corpus.rules.words import TERMINAL_PUNCTUATION, words


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
    for fails, rule, value in _rules(document.text, limits):
        if fails:
            return document.reject(f"fineweb.{rule}", value)
    return document


def _rules(text: str, limits: FineWebLimits) -> Iterator[tuple[bool, str, float]]:
    """Whether a rule fails, its name and the value that decided; worked out one by one. Empty lines do not count."""
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    yield not lines, "no_text", 0
    punctuated = sum(line[-1] in TERMINAL_PUNCTUATION for line in lines) / len(lines)
    yield punctuated < limits.min_punctuated_line_share, "too_few_punctuated_lines", punctuated
    short = sum(len(line) <= limits.short_line for line in lines) / len(lines)
    yield short > limits.max_short_line_share, "too_many_short_lines", short
    characters = sum(map(len, lines)) - sum(map(len, set(lines)))
    duplicate = characters / (len(text) - text.count("\n"))
    fails = duplicate > limits.max_duplicate_line_character_share
    yield fails, "too_many_characters_in_duplicate_lines", duplicate
    breaks = (len(lines) - 1) / max(1, len(text.split()))
    if breaks > limits.max_line_breaks_per_word:  # a split at white space finds no more words, and five times as fast
        breaks = (len(lines) - 1) / len(words(text))
    yield breaks > limits.max_line_breaks_per_word, "too_many_line_breaks", breaks
