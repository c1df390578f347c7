"""The one word split and the one sentence count of the heuristic steps.

The thresholds of Gopher and FineWeb are shares of words, so a threshold means nothing without the split
it was tuned with. Today's reference runs (datatrove, and FineWeb made with it) count spaCy's tokens:
punctuation marks are tokens of their own, "don't" is two, "U.S." and "10:30" are one. spaCy splits
0.6 MB/s; one regular expression that follows its main rules splits 15 to 20 MB/s. Tokens differ in
1.5 % of the places, most of them where "don't" is cut, which changes no count.

A word is a run of anything but white space and punctuation, not a run of `\\w`: the vowel signs of
Hindi and Thai are no `\\w`, and a split at them would cut every word to pieces. Scripts written without
spaces stay in one piece from mark to mark, as in spaCy's English tokenizer.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_SYMBOLS = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code))[0] in "PS")
# What ends a word, inside the brackets of a class.
MARKS = re.escape(_SYMBOLS.replace("_", ""))
_CHARACTER = rf"[^\s{MARKS}]"
_CLITIC = r"(?:[smdt]|ll|re|ve)\b"
_TOKEN = re.compile(
    rf"""
      @?{_CHARACTER}+(?:                                # a word, and what may join the next one to it:
          \.(?=[a-z0-9]){_CHARACTER}+                   # example.org 3.14, but not "the end.Then"
        | \.(?=[A-Z]\.){_CHARACTER}                     # U.S
        | \.(?:(?<=\b[A-Z]\.) | (?<=\.[a-z]\.))        # J. U.S. e.g.
        | \.(?:(?<=\b(?:Mr|Ms|Dr|St|Jr|vs)\.) | (?<=\bMrs\.))
        | ://\S*{_CHARACTER}/?                          # a web address, without the full stop after it
        | ,(?<=\d,)(?=\d){_CHARACTER}+                  # 1,000
        | [:/–](?=\d){_CHARACTER}+                      # 10:30 1/2 2019–21
        | [&@(=\[]{_CHARACTER}+                         # AT&T f(x
        | -(?<=[^\W\d_]-)(?=\d){_CHARACTER}+            # covid-19, but "well", "-", "known" and "14", "-", "day"
        | ['’](?!{_CLITIC}){_CHARACTER}+                # O'Brien
      )*
    | ['’]{_CLITIC}                                     # 's 'll n't
    | \.{{2,}} | [-|=^+~/]{{2,}}                         # ... --- |---|
    | \S
    """,
    re.VERBOSE,
)
_HEADING_MARK = re.compile(r"^#{1,6} ", re.MULTILINE)  # docs/text.md
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_LETTERS = re.compile(rf"{_CHARACTER[:-1]}\d_]+")
_SENTENCE_END = re.compile(
    r"""
      (?<!\b[A-Z]) (?<!\b(?:Mr|Ms|Dr|St)) (?<!\bMrs)           # no sentence ends after an initial or a title
      (?<![.!?…।؟]) [.!?…।؟]++ ["'”’»)\]]*+ (?=\s+[^\sa-z] | \s*$)
    | [。！？｡]++ [”’」』）]*+
    """,
    re.VERBOSE,
)

# The marks that end a sentence in any script: Unicode's Sentence_Terminal, as FineWeb has it.
_TERMINAL_RANGES = """
21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e 1735-1736 17d4-17d6
17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049
2e2e 2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb
fe52 fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143
111c5-111c6 111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642
1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f 16af5
16b37-16b38 16b44 16e98 1bc9f 1da88
"""


def _characters(ranges: str) -> frozenset[str]:
    """The characters of a list of code points and ranges in hex, such as `21 3f 203c-203d`."""
    found: set[str] = set()
    for item in ranges.split():
        first, _, last = item.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found)


TERMINAL_PUNCTUATION = _characters(_TERMINAL_RANGES)


@lru_cache(maxsize=4)
def words(text: str) -> tuple[str, ...]:
    """The tokens of `text`: words and, each for itself, punctuation marks.

    The last few texts are remembered, so that steps that follow one another split a document once.
    """
    return tuple(_TOKEN.findall(text))


def without_heading_marks(text: str) -> str:
    """The text as a rule that counts symbols should see it: `## Title` is no use of the sign #."""
    return _HEADING_MARK.sub("", text) if "#" in text else text


def lexical(tokens: Iterable[str]) -> list[str]:
    """The tokens that are words, not marks: those with a letter or a digit in them."""
    return [token for token in tokens if token.isalnum() or _LETTER_OR_DIGIT.search(token)]


def count_letters(text: str) -> int:
    """How many characters are letters in any script, or the marks that belong to them."""
    return sum(map(len, _LETTERS.findall(text)))


def count_sentences(line: str) -> int:
    """How many sentences one line holds; what stands after the last mark is one, an empty line has none."""
    ends = [match.end() for match in _SENTENCE_END.finditer(line)]
    return len(ends) + bool(line[ends[-1] if ends else 0 :].strip())
