"""Real datatrove blocks as steps: what they decide, what they edit, how they travel, and what is refused."""

# ruff: noqa: E402

import pickle
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document, Rejected, run_steps
from corpus.rules import datatrove as from_datatrove
from corpus.rules import gopher
from corpus.rules.words import words

pytest.importorskip("datatrove", reason="datatrove is not installed: pip install 'corpusloom[datatrove]'")
cloudpickle = pytest.importorskip("cloudpickle")

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import (
    C4ParagraphFilter,
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LambdaFilter,
    RegexFilter,
    SamplerFilter,
)
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.word_tokenizers import WordTokenizer


class OurWords(WordTokenizer):
    """A tokenizer that needs no spaCy: our words, and one sentence to a line."""

    def word_tokenize(self, text):
        return list(words(text))

    def sent_tokenize(self, text):
        return [text]

    def span_tokenize(self, text):
        return [(0, len(text))]


def document(text: str, **fields) -> Document:
    return replace(Document(id="a", url="https://example.org/a", text=text), **fields)


def first_word_is_hello(theirs) -> bool:
    return theirs.text.startswith("hello")


@pytest.mark.parametrize(
    ("make_block", "text", "reason", "evidence"),
    [
        (partial(RegexFilter, "(?i)lorem"), "hello", None, None),
        (partial(RegexFilter, "(?i)lorem"), "hello Lorem", "datatrove_regex.rejected", ""),
        (partial(LambdaFilter, first_word_is_hello), "hello", None, None),
        (partial(LambdaFilter, first_word_is_hello), "goodbye", "datatrove_lambda.rejected", ""),
        (
            C4ParagraphFilter,
            "one line",
            "datatrove_c4_paragraph.less_than_3_paragraphs",
            "< 3 paragraphs",
        ),
        (
            partial(GopherQualityFilter, language=OurWords()),
            "hello",
            "datatrove_gopher_quality.gopher_short_doc",
            "gopher_short_doc",
        ),
        (partial(GopherQualityFilter, language=OurWords()), "the river and the sea " * 10, None, None),
        (
            partial(GopherRepetitionFilter, language=OurWords()),
            "word " * 100,
            "datatrove_gopher_repetition.top_2_gram",
            "top_2_gram",
        ),
        (
            partial(FineWebQualityFilter, language=OurWords()),
            "no mark at the end of the line\n" * 9,
            "datatrove_fine_web_quality.line_punct_ratio",
            "line_punct_ratio",
        ),
        (
            partial(C4QualityFilter, language=OurWords()),
            "Here is code {.",
            "datatrove_c4_quality.curly_bracket",
            "curly_bracket",
        ),
    ],
)
def test_a_filter_decides(make_block, text, reason, evidence):
    page = document(text)
    result = from_datatrove.step(make_block)(page)
    if reason is None:
        assert result is page
    else:
        assert result == page.reject(reason, evidence=evidence)
        assert reason.count(".") == 1


def test_a_filter_may_edit_what_it_keeps():
    keep_lines = from_datatrove.step(partial(C4QualityFilter, min_num_sentences=1, language=OurWords()))
    page = document("Here is a line.\nno end mark here\nAnd one more.", karma=3)
    assert keep_lines(page) == document("Here is a line.\nAnd one more.", karma=3)


def label(theirs) -> bool:
    """Sees the known fields alone, and sets the language as datatrove's own language filter does."""
    assert theirs.metadata["url"] == "https://example.org/a" and theirs.metadata["karma"] == 3
    assert "language" not in theirs.metadata and "link_url" not in theirs.metadata
    theirs.metadata.update(language="eo", language_score=0.5, unknown="is dropped")
    return True


def test_metadata_goes_in_and_comes_back():
    result = from_datatrove.step(partial(LambdaFilter, label))(document("saluton", karma=3))
    assert result == document("saluton", karma=3, language="eo", language_probability=0.5)


@pytest.mark.parametrize(
    ("make_block", "text", "edited"),
    [
        (
            partial(PIIFormatter, email_replacement="email@example.com", ip_replacement="192.0.2.1"),
            "a@b.com, c@d.com at 8.8.8.8",
            "email@example.com, email@example.com at 192.0.2.1",
        ),
        (SymbolLinesFormatter, "one\n***\ntwo", "one\ntwo"),
        (FTFYFormatter, "cafÃ©", "café"),
        (FTFYFormatter, "café", "café"),
    ],
)
def test_a_formatter_edits(make_block, text, edited):
    edit = from_datatrove.step(make_block)
    assert edit(document(text)) == document(edited)
    assert edit(document(text)) == document(edited)  # and again: one replacement leaves no memory behind


class TrueToTheLetter(BaseFilter):
    """A block whose every verdict is a pair, which Python takes for true."""

    def filter(self, doc):
        return doc.text == "good", "it was not good"


def test_a_pair_is_not_taken_for_true():
    judge = from_datatrove.step(TrueToTheLetter)
    assert judge(document("good")) == document("good")
    result = judge(document("bad"))
    assert isinstance(result, Rejected)
    assert result.reason == "datatrove_true_to_the_letter.it_was_not_good"


def test_a_step_stands_in_a_recipe():
    recipe = (
        from_datatrove.step(PIIFormatter),
        partial(gopher.quality),
        from_datatrove.step(partial(RegexFilter, "x")),
    )
    result = run_steps(document("to be"), recipe)
    assert isinstance(result, Rejected)
    assert result.reason == "gopher.too_few_words"


@pytest.mark.parametrize("pickled", [pickle, cloudpickle])
def test_a_step_travels_light_and_works_in_a_fresh_process(pickled):
    step = from_datatrove.step(partial(RegexFilter, "lorem"))
    step(document("hello"))  # the block is built here, and must not travel
    luggage = pickled.dumps(step)
    assert len(luggage) < 300
    code = (
        f"import pickle; from corpus.document import Document; step = pickle.loads({luggage!r})\n"
        "print([type(step(Document('a', 'u', text))).__name__ for text in ('hello', 'lorem')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['Document', 'Rejected']"


def test_a_lambda_travels_by_cloudpickle():
    step = cloudpickle.loads(cloudpickle.dumps(from_datatrove.step(lambda: RegexFilter("lorem"))))
    assert isinstance(step(document("lorem")), Rejected)


def test_the_block_is_built_once_and_late():
    built = []

    def make_block():
        built.append(1)
        return RegexFilter("lorem")

    step = from_datatrove.step(make_block)
    assert not built
    assert [type(step(document(text))) for text in ("hello", "lorem", "hello")] == [Document, Rejected, Document]
    assert len(built) == 1


@pytest.mark.parametrize(
    ("not_liftable", "says"),
    [
        (JsonlReader, "JsonlReader is no filter or formatter"),
        (partial(JsonlReader, "folder"), "JsonlReader is no filter or formatter"),
        (JsonlWriter, "JsonlWriter is no filter or formatter"),
        (LocalPipelineExecutor, "LocalPipelineExecutor is no filter or formatter"),
        (partial(SamplerFilter, 0.5), "corpus.hashing.uniform"),
        (RegexFilter("lorem"), r"partial\(RegexFilter, ...\)"),
        ("RegexFilter", "does not build a block"),
        (dict, "dict is no filter or formatter"),
    ],
)
def test_what_is_no_block_for_one_document_is_refused(not_liftable, says):
    with pytest.raises(TypeError, match=says):
        from_datatrove.step(not_liftable)


@pytest.mark.parametrize(
    ("make_block", "says"),
    [
        (lambda: JsonlReader("folder"), "JsonlReader is no filter or formatter"),
        (lambda: None, "NoneType is no filter or formatter"),
        (lambda: RegexFilter("lorem", exclusion_writer=JsonlWriter("folder")), "exclusion_writer"),
    ],
)
def test_what_a_lambda_hides_is_refused_at_the_first_document(make_block, says):
    step = from_datatrove.step(make_block)
    with pytest.raises(TypeError, match=says):
        step(document("hello"))


def test_the_module_alone_does_not_import_datatrove():
    code = "import sys, corpus.rules.datatrove; print('datatrove' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_no_text_raises(text):
    for make_block in (partial(RegexFilter, "a"), PIIFormatter, partial(FineWebQualityFilter, language=OurWords())):
        result = from_datatrove.step(make_block)(document(text))
        assert isinstance(result, Document | Rejected)
