"""C4's rules by line and by page, in its presets, and against datatrove's filter."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document, Rejected, run_steps
from corpus.rules import c4
from corpus.rules.c4 import C4_CODE, C4_FINEWEB, C4_PAPER, C4Limits
from corpus.rules.words import count_sentences

GOLD = Path(__file__).parents[4] / "shared" / "data" / "pages" / "pages.gold.jsonl.gz"


def document(text: str, language: str = "en") -> Document:
    return Document(id="a", url="https://example.org/a", text=text, language=language)


@pytest.mark.parametrize(
    ("line", "limits", "left"),
    [
        ("Five words are in here.", C4_CODE, "Five words are in here."),
        ("Only four words here.", C4_CODE, ""),
        ("Only four words here.", C4_PAPER, "Only four words here."),
        ("Three words here.", C4_PAPER, "Three words here."),
        ("Two words.", C4_PAPER, ""),
        ("  Is there space around this line?  ", C4_CODE, "Is there space around this line?"),
        ('He said "this is a line!"', C4_CODE, 'He said "this is a line!"'),
        ("He said “this is a line!”", C4_CODE, ""),
        ("He said “this is a line!”", C4_FINEWEB, "He said “this is a line!”"),
        ("This line ends without a mark", C4_CODE, ""),
        ("This line ends without a mark", C4_FINEWEB, "This line ends without a mark"),
        ("This line trails off at last...", C4_CODE, ""),
        ("This line trails off at last...", C4_FINEWEB, "This line trails off at last..."),
        (f"A word of {'a' * 1000} may pass here.", C4_CODE, f"A word of {'a' * 1000} may pass here."),
        (f"A word of {'a' * 1001} may not pass.", C4_CODE, ""),
        ("Please enable JavaScript to see this page.", C4_CODE, ""),
        ("We have a Privacy Policy you should read.", C4_CODE, ""),
        ("This site uses cookies to follow you.", C4_CODE, ""),
        ("By this you accept the Terms of Use.", C4_CODE, ""),
        ("The town lies on a river.[12] [edit]", C4_CODE, ""),
        ("The town lies on a river.[12]", C4_CODE, "The town lies on a river."),
        ("The town [citation needed] lies on a river[].", C4_CODE, "The town  lies on a river."),
        ("The list a[i] is not a citation.", C4_CODE, "The list a[i] is not a citation."),
        ("Lorem ipsum comes with javascript in this line.", C4_CODE, "Lorem ipsum comes with javascript in this line."),
        ("The privacy policy stands in { here.", C4_CODE, "The privacy policy stands in { here."),
        ("The javascript stands in { for you.", C4_CODE, ""),
    ],
)
def test_lines_are_dropped_or_cleaned(line, limits, left):
    around = "Here is a line that stays."
    cleaned = c4.lines(document(f"{around}\n{line}\n{around}"), limits)
    assert cleaned.text == "\n".join(filter(None, (around, left, around)))


def test_a_page_of_good_lines_is_the_same_document():
    page = document("Here is a line that stays.\nAnd here is one more of them.")
    assert c4.lines(page) is page


@pytest.mark.parametrize(
    ("text", "limits", "reason", "value"),
    [
        ("", C4_CODE, "c4.too_few_sentences", 0),
        ("One. Two.", C4_CODE, "c4.too_few_sentences", 2),
        ("One. Two.\nThree.", C4_CODE, None, None),
        ("One. Two.\nThree. Four.", C4_PAPER, "c4.too_few_sentences", 4),
        ("One. Two.\nThree. Four.\nFive.", C4_PAPER, None, None),
        ("One. Two. Three. {", C4_CODE, "c4.curly_bracket", 1),
        ("One. Two. Three. } Four.", C4_CODE, None, None),
        ("One. Two. Three. LOREM IPSUM, lorem ipsum.", C4_CODE, "c4.lorem_ipsum", 2),
    ],
)
def test_a_page_is_rejected_with_its_number(text, limits, reason, value):
    result = c4.page(document(text), limits)
    assert ((result.reason, result.value) if isinstance(result, Rejected) else (None, None)) == (reason, value)


def test_the_longest_page():
    text = "A line of text. " * 11_875
    assert isinstance(c4.page(document(text)), Document)
    result = c4.page(document(text + "."))
    assert isinstance(result, Rejected)
    assert (result.reason, result.value) == ("c4.too_many_characters", 190_001)
    assert isinstance(c4.page(document(text + "."), C4_PAPER), Document)


@pytest.mark.parametrize(
    ("text", "language", "evidence"),
    [
        ("What a RAT. It ran. It hid.", "en", "rat"),
        ("What a rate. It ran. It hid.", "en", None),
        ("One brown rat! It ran. It hid.", "en", "brown rat"),
        ("A rat_race. It ran. It hid.", "en", None),
        ("鼠輩です。走る。隠れる。", "ja", "鼠"),
        ("鼠輩です。走る。隠れる。", "en", None),
    ],
)
def test_bad_words_are_whole_words_where_words_are_parted(text, language, evidence):
    limits = replace(C4_CODE, bad_words=frozenset({"rat", "brown rat", "鼠"}))
    result = c4.page(document(text, language), limits)
    assert (result.evidence if isinstance(result, Rejected) else None) == evidence


def test_the_presets_differ_as_the_paper_and_the_code_do():
    assert (C4_CODE.min_words_per_line, C4_CODE.min_sentences) == (5, 3)
    assert (C4_PAPER.min_words_per_line, C4_PAPER.min_sentences) == (3, 5)
    assert replace(C4_FINEWEB, ends_in_mark=True) == C4_PAPER


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
@pytest.mark.parametrize("limits", [C4_CODE, C4_FINEWEB, C4Limits(0, 0, 0, 0, False, (), frozenset({"("}))])
def test_no_text_raises(limits, text):
    cleaned = c4.lines(document(text), limits)
    result = c4.page(cleaned, limits)
    assert isinstance(result, Document) or result.reason.count(".") == 1
    assert c4.lines(cleaned, limits) == cleaned or "[" in text


# The independent reference: datatrove's filter, given the same count of sentences.


@pytest.fixture(scope="module")
def theirs():
    """Our three presets as datatrove's filter runs them: kept text, or None."""
    filters = pytest.importorskip("datatrove.pipeline.filters")
    from datatrove.data import Document as TheirDocument
    from datatrove.utils.word_tokenizers import WordTokenizer

    class OurSentences(WordTokenizer):
        def word_tokenize(self, text):
            raise AssertionError("C4 takes its words from str.split")

        sent_tokenize = word_tokenize

        def span_tokenize(self, text):
            return [(0, 0)] * (count_sentences(text) - 1) + [(0, len(text))]

    def kept(text: str, limits: C4Limits) -> str | None:
        block = filters.C4QualityFilter(
            filter_no_terminal_punct=limits.ends_in_mark,
            min_num_sentences=limits.min_sentences,
            min_words_per_line=limits.min_words_per_line,
            language=OurSentences(),
        )
        document = TheirDocument(text=text, id="a")
        return document.text if block.filter(document) is True else None

    return kept


def ours(text: str, limits: C4Limits) -> str | None:
    """The kept text without blank lines, or None; of any length, and with the apostrophe, datatrove's own end mark."""
    limits = replace(limits, end_marks=(*limits.end_marks, "'"), max_characters=10**9)
    result = run_steps(document(text), (partial(c4.lines, limits=limits), partial(c4.page, limits=limits)))
    return re.sub(r"\n{2,}", "\n", result.text) if isinstance(result, Document) else None


PIECES = [
    "Good",
    "day",
    "to",
    "you.",
    "now?",
    "ha!",
    "...",
    '"',
    "'",
    "JavaScript",
    "cookie policy",
    "{",
    "lorem ipsum",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, *PIECES[:6], "\n", "\n", "\n"]), max_size=60))
@pytest.mark.parametrize("limits", [C4_CODE, C4_PAPER, C4_FINEWEB])
def test_on_made_up_texts_datatrove_keeps_the_same(theirs, limits, pieces):
    text = " ".join(pieces)
    assert ours(text, limits) == theirs(text, limits)


def gold_texts() -> Iterator[str]:
    """Without citation marks: datatrove counts words before it takes them out, the code of C4 after."""
    with gzip.open(GOLD, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"].replace("[", "(")


@pytest.mark.skipif(not GOLD.exists(), reason=f"{GOLD} is not here")
@pytest.mark.parametrize("limits", [C4_CODE, C4_PAPER, C4_FINEWEB])
def test_on_real_texts_datatrove_keeps_the_same(theirs, limits):
    different = [text[:100] for text in islice(gold_texts(), 100) if ours(text, limits) != theirs(text, limits)]
    assert not different
