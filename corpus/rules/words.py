"""The one word split and the one sentence count of the heuristic steps.

The thresholds of Gopher and FineWeb are shares of words, so a threshold means nothing without the split
it was tuned with. Today's reference runs (datatrove, and FineWeb made with it) count spaCy's tokens:
punctuation marks are tokens of their own, "don't" is two, "U.S." and "10:30" are one. spaCy splits
0.6 MB/s; native code that follows its main rules (native/words.cpp) is a hundred times as fast. Tokens differ in
1.5 % of the places, most of them where "don't" is cut, which changes no count.

A word is a run of anything but white space and punctuation, not a run of `\\w`: the vowel signs of
Hindi and Thai are no `\\w`, and a split at them would cut every word to pieces. Scripts written without
spaces stay in one piece from mark to mark, as in spaCy's English tokenizer.
"""

from corpus.rules.native import Reading, read


def words(text: str) -> tuple[str, ...]:
    """The tokens of `text`: words and, each for itself, punctuation marks."""
    return read(text).tokens()


def count_sentences(line: str) -> int:
    """How many sentences one line holds; what stands after the last mark is one, an empty line has none."""
    return Reading(line).sentences()
