"""The compiled measures beside plain loops (`measures_reference`), on awkward texts and on any text at all."""

import gzip
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import measures_reference as reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document
from corpus.rules import c4
from corpus.rules.c4 import C4_CODE, C4_FINEWEB, C4Limits
from corpus.rules.characters import MARKS, classes
from corpus.rules.native import Reading, read
from corpus.rules.words import count_sentences

GOLD = Path(__file__).parents[4] / "shared" / "data" / "pages" / "pages.gold.jsonl.gz"
STOP_WORDS = ("the", "of", "İ", "漢字")
AWKWARD = (
    "Mr. Mrs. avs. vs. J. U.S.A. e.g. a.B A.B :// http://a.b/ x://... 1,000 10:30 2019–21 AT&T f(x @user covid-19 "
    "well-known 's 'll 'lls ’re O'Brien .. ... ..... … -- _a_ İstanbul ΟΔΟΣ 漢字 ไทย कि e\u0301 ٣ ² Ⅷ ß the of a a a b "
    "\U0001f389 \U00020000 \x00 \ud800 One. Two! ?” He」 。』 ！ । # ## ####### - • { [] [1] [٣] [edit] [citation "
    "JavaScript java[2]script lorem İpsum coo\u212aie policy terms of use use cookies long" + "g" * 40
).split(" ")
SPACES = [" ", " ", " ", "  ", "\n", "\n", "\n\n", "\n# ", "\n## ", "\n \n", "\r\n", "\x0b"]
SPACES += ["\x85", "\u2028", "\u00a0", ""]
PIECES = st.tuples(st.sampled_from(AWKWARD), st.sampled_from(SPACES))
TEXTS = st.lists(PIECES, max_size=80).map(lambda pieces: "".join(map("".join, pieces))) | st.text(
    st.characters(exclude_categories=())
)


def as_dict(measured, text):
    """The fields of a structure; a span as what stands there."""
    found = {name: getattr(measured, name) for name, *_ in measured._fields_}
    if "commonest" in found:
        found["commonest"] = text[found["commonest"].begin : found["commonest"].end]
    pieces = found.pop("pieces", None)
    return {**found, **(as_dict(pieces, text) if pieces else {})}


def check(text, shortest=1, longest=10):
    reading = Reading(text)
    tokens = reading.tokens()
    assert tokens == reference.words(text)
    assert as_dict(reading.counts(), text) == reference.counts(text)
    assert as_dict(reading.prose(STOP_WORDS), text) == reference.prose(text, STOP_WORDS)
    assert as_dict(reading.lines(30), text) == reference.lines(text, 30)
    assert as_dict(reading.paragraphs(), text) == reference.paragraphs(text)
    found = [as_dict(each, text) for each in reading.ngrams(shortest, longest)]
    assert found == [reference.ngrams(text, n) for n in range(shortest, min(longest, len(tokens)) + 1)]
    assert count_sentences(text) == reference.count_sentences(text)
    assert reading.sentences(10**9) == sum(map(reference.count_sentences, text.splitlines()))
    assert reading.sample(20) == reference.sample(text, 20)
    for limits in (C4_CODE, C4_FINEWEB, C4Limits(0, 0, max_word_length=30)):
        assert c4.lines(Document("1", "", text), limits).text == reference.c4_lines(text, limits)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_any_text_is_measured_as_by_plain_loops(text):
    check(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "ab", "c.", "\n"]), max_size=200).map(" ".join), st.integers(1, 4))
def test_texts_of_few_words_repeat_as_plain_loops_find(text, shortest):
    check(text, shortest, shortest + 6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*"AI.!?…।؟\"')]»”。！」） a\n", "Mr", "Mrs", "xMr", "St"]), max_size=40).map("".join))
def test_sentences_end_where_the_expression_says(line):
    assert count_sentences(line) == reference.count_sentences(line)


@pytest.mark.skipif(not GOLD.exists(), reason=f"{GOLD} is not here")
def test_real_texts_are_measured_as_by_plain_loops():
    with gzip.open(GOLD, "rt", encoding="utf-8") as rows:
        for row in islice(rows, 0, 1000, 10):
            check(json.loads(row)["text"])


def test_a_stop_word_is_in_any_number():
    many = tuple(f"w{number}" for number in range(100))
    assert Reading(" ".join(many)).prose(many).stop_words == 100


def test_a_reading_is_shared_by_steps():
    assert read("one text") is read("one text")


def test_threads_may_ask_one_reading():
    reading = Reading("word and word " * 20_000)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: reading.counts().tokens, range(4)))
    assert found == [60_000] * 4


def test_every_character_is_told_apart():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    for bit, pattern in enumerate((r"\s", f"[{MARKS}]", r"\w", r"\d")):
        assert (np.flatnonzero(classes() & 1 << bit) == [found.start() for found in re.finditer(pattern, every)]).all()
    beyond = every[0x40000:]
    assert beyond.lower() == beyond
