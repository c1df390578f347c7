"""The rules of Gopher's MassiveText (Rae et al. 2021, appendix A1.1 and table A1).

Two steps. `quality` asks whether the text looks like prose: enough words, of ordinary length, few symbols,
few bullets, some stop words. `repetition` asks how much of the text is said twice: by paragraphs, by lines,
by the most frequent short n-gram and by repeated long ones.

The paper leaves open what a word is and of what a share is a share. There the steps follow datatrove 0.10,
with which FineWeb was made, so that given the same words they decide the same: a punctuation mark is a word
except where words are counted and measured (which is why the rule about alphabetic words rejects one English
page in six); shares of characters are shares of the whole text, white space included; stop words are matched
in lower case only; the most frequent n-gram counts even where it occurs once, so `repetition` rejects texts
of a few words.

In two things they differ, on purpose. datatrove takes a line of nothing but spaces for a line, and several
for a repeated one; of 43 pages rejected for repeated lines 10 had no others, most of them from forums. And it
compares long n-grams with the spaces taken out, so that "a bc" repeats "ab c".

And two things about our texts (docs/text.md): the blank lines between paragraphs are no lines, so shares of lines stay
what they were; and the # of a heading is a mark of ours, no symbol of the author's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from corpus.document import Document, Finding, Rejected, no_evidence
from corpus.rules.native import Pieces, Reading, read

_LONGEST_EVIDENCE = 200


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What `quality` accepts; a limit of 0 or of infinity switches its rule off."""

    min_words: int = 50
    max_words: float = 100_000
    min_mean_word_length: float = 3
    max_mean_word_length: float = 10
    max_symbols_per_word: float = 0.1
    max_bullet_line_share: float = 0.9
    max_ellipsis_line_share: float = 0.3
    min_alphabetic_word_share: float = 0.8
    min_stop_words: int = 2
    stop_words: frozenset[str] = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})


@dataclass(frozen=True, slots=True)
class RepetitionLimits:
    """What `repetition` accepts (table A1); the n-gram limits are pairs of n and the greatest share of characters."""

    max_duplicate_paragraph_share: float = 0.3
    max_duplicate_paragraph_character_share: float = 0.2
    max_duplicate_line_share: float = 0.3
    max_duplicate_line_character_share: float = 0.2
    frequent_ngrams: tuple[tuple[int, float], ...] = ((2, 0.20), (3, 0.18), (4, 0.16))
    duplicate_ngrams: tuple[tuple[int, float], ...] = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1))


def quality(document: Document, limits: QualityLimits = QualityLimits()) -> Document | Rejected:
    """Reject a text that does not look like prose in the language of the stop words."""
    return document.held_to("gopher", ((*found, no_evidence) for found in _quality_rules(document.text, limits)))


def _quality_rules(text: str, limits: QualityLimits) -> Iterator[tuple[bool, str, float]]:
    """Whether a rule fails, its name and the value that decided, in the paper's order."""
    of = read(text).prose(limits.stop_words)
    yield of.lexical < limits.min_words, "too_few_words", of.lexical
    yield of.lexical > limits.max_words, "too_many_words", of.lexical  # words: tokens that are no marks

    length = of.lexical_characters / max(1, of.lexical)
    yield length < limits.min_mean_word_length, "words_too_short", length
    yield length > limits.max_mean_word_length, "words_too_long", length

    hashes, ellipses = of.hashes / max(1, of.tokens), of.ellipses / max(1, of.tokens)
    yield hashes > limits.max_symbols_per_word, "too_many_hashes", hashes
    yield ellipses > limits.max_symbols_per_word, "too_many_ellipses", ellipses

    bullets, trailing = of.bullets / max(1, of.lines), of.trailing / max(1, of.lines)
    yield bullets > limits.max_bullet_line_share, "too_many_bullet_lines", bullets
    yield trailing > limits.max_ellipsis_line_share, "too_many_ellipsis_lines", trailing

    alphabetic = of.alphabetic / max(1, of.tokens)
    yield alphabetic < limits.min_alphabetic_word_share, "too_few_alphabetic_words", alphabetic
    yield of.stop_words < limits.min_stop_words, "too_few_stop_words", of.stop_words


def repetition(document: Document, limits: RepetitionLimits = RepetitionLimits()) -> Document | Rejected:
    """Reject a text much of which is said more than once; the evidence is what is said."""
    if not document.text or document.text.isspace():
        return document.reject("gopher.no_text", 0)
    reading = read(document.text)
    return document.held_to("gopher", chain(_piece_rules(reading, limits), _ngram_rules(reading, limits)))


def _piece_rules(reading: Reading, limits: RepetitionLimits) -> Iterator[Finding]:
    """The rules about whole paragraphs and lines: whether one fails, its name, its value, the commonest piece."""
    share, characters, evidence = _repeated(reading, reading.paragraphs())
    yield share > limits.max_duplicate_paragraph_share, "too_many_duplicate_paragraphs", share, evidence
    fails = characters > limits.max_duplicate_paragraph_character_share
    yield fails, "too_many_characters_in_duplicate_paragraphs", characters, evidence

    share, characters, evidence = _repeated(reading, reading.lines().pieces)
    yield share > limits.max_duplicate_line_share, "too_many_duplicate_lines", share, evidence
    fails = characters > limits.max_duplicate_line_character_share
    yield fails, "too_many_characters_in_duplicate_lines", characters, evidence


def _repeated(reading: Reading, pieces: Pieces) -> tuple[float, float, Callable[[], str]]:
    """The share of pieces seen before, their share of all characters, and the piece seen most often."""
    characters = pieces.repeated_characters / len(reading.text)
    commonest = pieces.commonest
    return (
        (pieces.count - pieces.distinct) / pieces.count,
        characters,
        lambda: reading.text[commonest.begin : commonest.end][:_LONGEST_EVIDENCE],
    )


def _ngram_rules(reading: Reading, limits: RepetitionLimits) -> Iterator[Finding]:
    """The rules about n-grams, by growing n: whether one fails, its name, its value and the n-gram."""
    frequent, duplicate = dict(limits.frequent_ngrams), dict(limits.duplicate_ngrams)
    wanted = sorted({*frequent, *duplicate})
    for n, of in enumerate(reading.ngrams(wanted[0], wanted[-1]), wanted[0]) if wanted else ():
        if n in frequent:
            # Characters of the n-gram as often as it stands, with the n - 1 blanks between its words. "a b a b a b":
            # the 2-gram "a b" has 2 + 1 characters, 3 times, of 11: .82.
            value = (of.frequent_characters + n - 1) * of.frequent_count / len(reading.text)
            yield value > frequent[n], f"too_frequent_{n}_gram", value, partial(_ngram, reading, of.frequent_start, n)
        if n in duplicate:
            value = of.duplicate_characters / len(reading.text)
            evidence = partial(_ngram, reading, of.duplicate_start, n)
            yield value > duplicate[n], f"too_many_duplicate_{n}_grams", value, evidence


def _ngram(reading: Reading, start: int, n: int) -> str:
    return " ".join(reading.tokens()[start : start + n])[:_LONGEST_EVIDENCE]
