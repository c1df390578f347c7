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

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from corpus.document import Document, Rejected
from corpus.rules.words import lexical, without_heading_marks, words

_LETTER = re.compile(r"[^\W\d_]")
_BULLETS = ("•", "-")
_ELLIPSES = ("...", "…")
_PARAGRAPH_BREAK = re.compile(r"\n{2,}")
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
    for fails, rule, value in _quality_rules(document.text, limits):
        if fails:
            return document.reject(f"gopher.{rule}", value)
    return document


def _quality_rules(text: str, limits: QualityLimits) -> Iterator[tuple[bool, str, float]]:
    """Whether a rule fails, its name and the value that decided; worked out one by one, in the paper's order."""
    text = without_heading_marks(text)
    tokens = words(text)
    counted = lexical(tokens)
    yield len(counted) < limits.min_words, "too_few_words", len(counted)
    yield len(counted) > limits.max_words, "too_many_words", len(counted)

    length = sum(map(len, counted)) / max(1, len(counted))
    yield length < limits.min_mean_word_length, "words_too_short", length
    yield length > limits.max_mean_word_length, "words_too_long", length

    hashes = text.count("#") / max(1, len(tokens))
    yield hashes > limits.max_symbols_per_word, "too_many_hashes", hashes
    ellipses = sum(map(text.count, _ELLIPSES)) / max(1, len(tokens))
    yield ellipses > limits.max_symbols_per_word, "too_many_ellipses", ellipses

    lines = [line for line in text.splitlines() if line.strip()]
    bullets = _share(line.lstrip().startswith(_BULLETS) for line in lines)
    yield bullets > limits.max_bullet_line_share, "too_many_bullet_lines", bullets
    trailing = _share(line.rstrip().endswith(_ELLIPSES) for line in lines)
    yield trailing > limits.max_ellipsis_line_share, "too_many_ellipsis_lines", trailing

    alphabetic = _share(token.isalpha() or _LETTER.search(token) is not None for token in tokens)
    yield alphabetic < limits.min_alphabetic_word_share, "too_few_alphabetic_words", alphabetic
    stop_words = len(limits.stop_words.intersection(tokens))
    yield stop_words < limits.min_stop_words, "too_few_stop_words", stop_words


def _share(findings: Iterable[bool]) -> float:
    """The share of true findings; 0 where there are none."""
    found = list(findings)
    return sum(found) / max(1, len(found))


def repetition(document: Document, limits: RepetitionLimits = RepetitionLimits()) -> Document | Rejected:
    """Reject a text much of which is said more than once; the evidence is what is said."""
    if not document.text or document.text.isspace():
        return document.reject("gopher.no_text", 0)
    for rules in (_piece_rules, _ngram_rules):
        for fails, rule, value, evidence in rules(document.text, limits):
            if fails:
                return document.reject(f"gopher.{rule}", value, evidence[:_LONGEST_EVIDENCE])
    return document


def _piece_rules(text: str, limits: RepetitionLimits) -> Iterator[tuple[bool, str, float, str]]:
    """The rules about whole paragraphs and lines: whether one fails, its name, its value, the commonest piece."""
    share, characters, commonest = _duplicates(_PARAGRAPH_BREAK.split(text.strip()))
    characters /= len(text)
    yield share > limits.max_duplicate_paragraph_share, "too_many_duplicate_paragraphs", share, commonest
    fails = characters > limits.max_duplicate_paragraph_character_share
    yield fails, "too_many_characters_in_duplicate_paragraphs", characters, commonest

    share, characters, commonest = _duplicates(text.split("\n"))
    characters /= len(text)
    yield share > limits.max_duplicate_line_share, "too_many_duplicate_lines", share, commonest
    fails = characters > limits.max_duplicate_line_character_share
    yield fails, "too_many_characters_in_duplicate_lines", characters, commonest


def _duplicates(pieces: list[str]) -> tuple[float, float, str]:
    """The share of pieces seen before, the number of characters in them, and the piece seen most often.

    Empty pieces, and those of white space alone, are none; there must be another.
    """
    pieces = [piece for piece in pieces if piece and not piece.isspace()]
    counts = Counter(pieces)
    commonest, _ = counts.most_common(1)[0]
    characters = sum(map(len, pieces)) - sum(map(len, counts))
    return (len(pieces) - len(counts)) / len(pieces), characters, commonest


def _ngram_rules(text: str, limits: RepetitionLimits) -> Iterator[tuple[bool, str, float, str]]:
    """The rules about n-grams, by growing n: whether one fails, its name, its value and the n-gram."""
    tokens = words(text)
    ends = (0, *accumulate(map(len, tokens)))  # characters before each token, white space left out
    frequent, duplicate = dict(limits.frequent_ngrams), dict(limits.duplicate_ngrams)
    wanted = sorted({*frequent, *duplicate})
    for n, repeated in _repeated_ngrams(tokens, wanted[0], wanted[-1]) if wanted else ():
        if n in frequent:
            start, count = _most_frequent(repeated)
            value = (ends[start + n] - ends[start] + n - 1) * count / len(text)
            yield value > frequent[n], f"too_frequent_{n}_gram", value, " ".join(tokens[start : start + n])
        if n in duplicate:
            start, characters = _duplicate_characters(repeated, n, ends)
            value = characters / len(text)
            yield value > duplicate[n], f"too_many_duplicate_{n}_grams", value, " ".join(tokens[start : start + n])


def _repeated_ngrams(tokens: tuple[str, ...], shortest: int, longest: int) -> Iterator[tuple[int, dict[int, Hashable]]]:
    """For each n: n, and by growing place a name of the n-gram there, for those that stand elsewhere too.

    An (n+1)-gram can only be repeated where both n-grams in it are, so the places thin out as n grows: in prose
    a third of them are left at n = 2, and next to none at 5. One pass over the text, not one for each n.
    """
    ngrams = list(zip(*(tokens[skip:] for skip in range(shortest)), strict=False))
    counts = Counter(ngrams)
    names: dict[int, Hashable] = {place: ngram for place, ngram in enumerate(ngrams) if counts[ngram] > 1}
    for n in range(shortest, min(longest, len(tokens)) + 1):
        yield n, names
        places: dict[tuple[Hashable, Hashable], list[int]] = {}
        for place, name in names.items():
            if place + 1 in names:
                places.setdefault((name, names[place + 1]), []).append(place)
        repeated = (same for same in places.values() if len(same) > 1)
        names = dict(sorted((place, same[0]) for same in repeated for place in same))


def _most_frequent(names: dict[int, Hashable]) -> tuple[int, int]:
    """Where the most frequent n-gram first stands, and how often it occurs; of equals, the one that stands first."""
    if not names:
        return 0, 1
    winner, count = Counter(names.values()).most_common(1)[0]
    return next(place for place, name in names.items() if name == winner), count


def _duplicate_characters(names: dict[int, Hashable], n: int, ends: tuple[int, ...]) -> tuple[int, int]:
    """Where an n-gram first stands again, and how many characters all such n-grams hold, counting none twice."""
    seen: set[Hashable] = set()
    first, characters, free = 0, 0, 0
    for place, name in names.items():
        if place < free:
            continue
        if name in seen:
            first = first if characters else place
            characters += ends[place + n] - ends[place]
            free = place + n
        seen.add(name)
    return first, characters
