"""The cut of a text into words before the merges, and the count of each word.

A merge never crosses a word, so training needs no more of a text than its word counts, which add up over documents
in any order. GPT-2's words come from one regular expression; its contractions are lower case only, because
IGNORECASE was forgotten when the original was trained (OpenAI's own comment), and the pattern cannot be mended
without changing the ids. GPT-1's words are lower-cased and cut at blanks and punctuation; the blanks are lost.
What GPT-1 did to its text before that (ftfy, spaces, dashes) is a recipe over documents and not done here.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

# Contractions; a blank and letters, digits, or marks; blanks but the last before a word; blanks at the end.
# "Hello  world's" is "Hello", " ", " world", "'s".
GPT2_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def split_gpt2(text: str) -> list[str]:
    """The words of a text as GPT-2 cuts it; joined, they are the text again."""
    return _gpt2_pattern().findall(text)


def split_gpt1(text: str) -> list[str]:
    """The words of a text as GPT-1's tokenizer cuts it: lower case, no blanks, each punctuation mark a word.

    Done by the very parts that the exported tokenizer.json names, so that training and use cannot differ.
    """
    lower, cut = _gpt1_parts()
    return [word for word, _ in cut.pre_tokenize_str(lower.normalize_str(text))]


def split_sentencepiece(text: str) -> list[str]:
    """The words of a text as sentencepiece's trainer is given them: no blanks, but the inside of runs of spaces.

    The trainer puts a blank before each word. Of a run of n spaces one is the following word's own; the n - 2 between
    the first and the last, with the blank before them, are the n - 1 that stand alone and become indentation pieces.
    """
    return _RUNS_AND_WORDS.findall(text)


_RUNS_AND_WORDS = re.compile(r"(?<= ) +(?= )|\S+")  # "a    b  c": of four blanks two, of two none
SPLITS: dict[str, Callable[[str], list[str]]] = {
    "gpt2": split_gpt2,
    "gpt1": split_gpt1,
    "sentencepiece": split_sentencepiece,
}


class WordCounter:
    """How often each word of a kind occurs in the texts so far; `kind` is "gpt2", "gpt1" or "sentencepiece".

    GPT-2's words are counted by way of the pieces that end where a blank follows what is none. No word goes over such a
    place, whatever stands around it: so the slow pattern is needed once for each distinct piece, and the pieces are
    cut by a fast one.
    """

    def __init__(self, kind: str) -> None:
        if kind not in SPLITS:
            raise ValueError(f"no words are counted for kind {kind!r}; choose from {', '.join(sorted(SPLITS))}")
        self._split = SPLITS[kind]
        self._cut = _pieces_pattern().findall if kind == "gpt2" else self._split
        self._in_pieces = kind == "gpt2"
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Count the words of a text."""
        self._counts.update(self._cut(text))

    def __len__(self) -> int:
        """About how much is held: distinct words, or the pieces that they are counted by."""
        return len(self._counts)

    def take(self) -> dict[bytes, int]:
        """The counts so far, by the words' UTF-8; the counter is empty after."""
        counts: dict[bytes, int] = {}
        while self._counts:
            piece, count = self._counts.popitem()  # popped, so that both forms are never held together
            for word in self._split(piece) if self._in_pieces else (piece,):
                data = word.encode()
                counts[data] = counts.get(data, 0) + count
        return counts


def count_words(texts: Iterable[str], kind: str) -> dict[bytes, int]:
    """How often each word occurs in the texts, as UTF-8; `kind` is "gpt2", "gpt1" or "sentencepiece"."""
    counter = WordCounter(kind)
    for text in texts:
        counter.add(text)
    return counter.take()


@cache
def _pieces_pattern() -> re.Pattern[str]:
    # What the pattern's own library takes for a blank: Python's \s has U+001C to U+001F as well.
    blanks = "".join(re.escape(chr(point)) for point in range(0x3001) if _is_blank(chr(point)))
    return re.compile(f"[{blanks}]*[^{blanks}]+|[{blanks}]+")  # blanks and what follows them, or blanks at the end


def _is_blank(character: str) -> bool:
    import regex

    return regex.match(r"\s", character) is not None


@cache
def _gpt2_pattern() -> Any:
    import regex

    return regex.compile(GPT2_PATTERN)


@cache
def _gpt1_parts() -> tuple[Any, Any]:
    from tokenizers import normalizers, pre_tokenizers

    return normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
