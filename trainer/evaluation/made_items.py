"""Tasks that are made and not collected: GPT-3's arithmetic and its scrambled words (Brown et al., 2020, section 3.9).

Rows have the fields of the task `answer`, a context and the answer; every row follows from the seed and its number.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

Row = dict[str, str]


def _sum(digits: int, sign: str) -> Callable[[random.Random], Row]:
    """ "What is 48 plus 76?": both numbers are even over all of at most so many digits."""

    def row(rng: random.Random) -> Row:
        one, two = rng.randrange(10**digits), rng.randrange(10**digits)
        word, result = ("plus", one + two) if sign == "+" else ("minus", one - two)
        return {"context": f"Q: What is {one} {word} {two}?\nA:", "answer": str(result)}

    return row


def _product(rng: random.Random) -> Row:
    one, two = rng.randrange(100), rng.randrange(100)
    return {"context": f"Q: What is {one} times {two}?\nA:", "answer": str(one * two)}


def _three_digits(rng: random.Random) -> Row:
    """One-digit composite: 6+(4*8), the last two in parentheses."""
    one, two, three = (rng.randrange(10) for _ in range(3))
    first, second = (rng.choice("+-*") for _ in range(2))
    apply = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
    result = apply[first](one, apply[second](two, three))
    return {"context": f"Q: What is {one}{first}({two}{second}{three})?\nA:", "answer": str(result)}


ARITHMETIC: dict[str, Callable[[random.Random], Row]] = {
    **{f"{digits}d{sign}": _sum(digits, sign) for digits in (2, 3, 4, 5) for sign in "+-"},
    "2dx": _product,
    "1dc": _three_digits,
}


def arithmetic(kind: str, count: int, seed: int) -> Iterator[Row]:
    """`count` rows of one of `ARITHMETIC`'s kinds."""
    for number in range(count):
        # A text as the seed is hashed by SHA-512 and not by `hash`, so it is the same in every process.
        yield ARITHMETIC[kind](random.Random(f"{seed}/arithmetic/{kind}/{number}"))


def _cycle(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))  # from 1: at least one letter moves to the end
    return word[at:] + word[:at]


def _shuffler(ends: int) -> Callable[[str, random.Random], str]:
    """All letters but the first and the last, or the first two and the last two."""

    def scramble(word: str, rng: random.Random) -> str:
        letters = list(word[ends:-ends])
        rng.shuffle(letters)
        return word[:ends] + "".join(letters) + word[-ends:]

    return scramble


def _intersperse(word: str, rng: random.Random) -> str:
    """A blank or a mark between every two letters."""
    return "".join(letter + rng.choice(" .,!/?-") for letter in word[:-1]) + word[-1]


def _reverse(word: str, _: random.Random) -> str:
    return word[::-1]


# GPT-3's CL, A1, A2, RI and RW. A1 keeps the first and the last letter, A2 two at each end.
SCRAMBLES: dict[str, Callable[[str, random.Random], str]] = {
    "cycle": _cycle,
    "anagram1": _shuffler(1),
    "anagram2": _shuffler(2),
    "insertion": _intersperse,
    "reversed": _reverse,
}


def make_scrambled(kind: str, words: list[str], count: int, seed: int) -> Iterator[Row]:
    """`count` rows of one of `SCRAMBLES`' kinds over the words, in turn through a shuffle of them."""
    order = list(words)
    random.Random(f"{seed}/scramble/{kind}").shuffle(order)
    for number in range(min(count, len(order))):
        word = order[number]
        mixed = SCRAMBLES[kind](word, random.Random(f"{seed}/scramble/{kind}/{number}"))
        yield {"context": f"{mixed} =", "answer": word}


def frequent_words(text: str, most: int = 10_000) -> list[str]:
    """The most frequent words of a text, of 5 to 14 letters, as GPT-3 takes them; of equals the earlier by letters."""
    # Without the two looks around it a word of 20 letters would count as one of its first 14.
    counts = Counter(re.findall(r"(?<![a-z])[a-z]{5,14}(?![a-z])", text.lower()))
    return [word for word, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]]
