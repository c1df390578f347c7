"""Words: GPT-2's cut is tiktoken's on every character there is, and GPT-1's is that of its exported form."""

import random
import sys
import unicodedata
from collections import Counter

import pytest

from corpus.tokenizer.words import WordCounter, count_words, split_gpt1, split_gpt2

BLANKS = "a \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, it's  2019!", ["Hello", ",", " it", "'s", " ", " 2019", "!"]),
        ("DON'T they'll", ["DON", "'", "T", " they", "'ll"]),  # contractions are lower case only
        ("a\n\n b  ", ["a", "\n\n", " b", "  "]),
        ("½٣x²", ["½٣", "x", "²"]),
        ("<|endoftext|>", ["<|", "endoftext", "|>"]),
        ("", []),
    ],
)
def test_gpt2_cuts(text, words):
    assert split_gpt2(text) == words
    assert "".join(words) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [("The end. İt's\n\u00a0IT", ["the", "end", ".", "i̇t", "'", "s", "it"]), ("ΟΔΟΣ", ["οδοσ"]), ("  ", [])],
)
def test_gpt1_cuts(text, words):
    assert split_gpt1(text) == words


def test_gpt2_cuts_every_character_as_the_library_does():
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    # Characters that this Python's Unicode does not know yet are cut by the version each library was built with.
    points = [chr(p) for p in range(sys.maxunicode + 1) if unicodedata.category(chr(p)) not in ("Cn", "Cs", "Co")]
    assert len(points) > 140_000
    for start in range(0, len(points), 20_000):
        text = "".join(f"a{c}1{c} {c}{c}.{c}" for c in [*BLANKS, *points[start : start + 20_000]])
        assert split_gpt2(text) == [text[slice(*span)] for _, span in level.pre_tokenize_str(text)]


def test_counts_are_bytes_and_add_up():
    assert count_words(["a a é", "a"], "gpt2") == {b"a": 2, b" a": 1, " é".encode(): 1}
    assert count_words(["A a\n\té"], "sentencepiece") == {b"A": 1, b"a": 1, "é".encode(): 1}
    assert count_words(["a     b  c"], "sentencepiece") == {b"a": 1, b"   ": 1, b"b": 1, b"c": 1}
    with pytest.raises(ValueError, match="choose from gpt1, gpt2, sentencepiece"):
        count_words([], "words")


def test_counting_by_pieces_counts_the_words():
    chance = random.Random(3)
    texts = ["".join(chance.choices(" \n\t\x1c\x1f\u00a0\u3000\u2028\u0085ab1!'sé潮", k=40)) for _ in range(5000)]
    counted = Counter(word.encode() for text in texts for word in split_gpt2(text))
    assert count_words(texts, "gpt2") == dict(counted)


def test_a_counter_is_empty_after_what_it_held_was_taken():
    counter = WordCounter("gpt2")
    counter.add("the tide")
    assert len(counter) == 2
    assert counter.take() == {b"the": 1, b" tide": 1}
    assert (len(counter), counter.take()) == (0, {})
