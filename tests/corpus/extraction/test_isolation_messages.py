"""The messages to and from the child: what goes in comes out, and what no honest child says is refused."""

from io import BytesIO

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.document import Page, Rejected
from corpus.extraction.isolation.messages import BadAnswer, decode_answer, encode_answer, encode_pages, read_pages

TEXT = st.text(st.characters())  # with lone surrogates, as in broken addresses
PAGES = st.builds(
    Page,
    TEXT,
    TEXT,
    st.integers(-1, 999),
    TEXT,
    st.binary(max_size=300),
    TEXT,
    st.integers(0, 2**70),
    marks=TEXT,
    domain=TEXT,
)
PAGE = Page("http://a.example/", "2020", 200, "text/html", b"<p>words", "a.warc", 3)


@given(st.lists(PAGES, max_size=5))
def test_pages_arrive_as_they_were_sent(pages):
    stream = BytesIO(b"".join(encode_pages(pages)) * 2)
    assert [read_pages(stream), read_pages(stream)] == [pages, pages]
    with pytest.raises(EOFError):
        read_pages(stream)


UTF8 = st.text(st.characters(exclude_categories=["Cs"]))


@given(UTF8, UTF8, st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1))
def test_answers_arrive_as_they_were_given(text, title, value):
    document = PAGE.document(text, title)
    for result in (document, document.reject("extract.no_text", value, text)):
        assert decode_answer(encode_answer(5, result), 5, PAGE) == result


GOOD = {"number": 0, "fields": {"text": "words"}, "rejected": None}


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"{", b"\x80\x04\x95.", b"null", b"[]", b"[" * 100_000, b'{"number":0}', b'"' + b"\xff" + b'"',
        {**GOOD, "number": 1}, {**GOOD, "more": 1}, {**GOOD, "number": "0"}, {**GOOD, "fields": []},
        {**GOOD, "fields": {}}, {**GOOD, "fields": {"text": 1}}, {**GOOD, "fields": {"text": None}},
        {**GOOD, "fields": {"text": "a", "id": "another"}}, {**GOOD, "fields": {"text": "a", "url": "http://b/"}},
        {**GOOD, "fields": {"text": "a", "karma": 9}}, {**GOOD, "fields": {"text": "a", "__class__": "b"}},
        {**GOOD, "fields": {"text": "a", "language_probability": "b"}},
        {**GOOD, "fields": {"text": "a", "title": True}},
        {**GOOD, "rejected": "why"}, {**GOOD, "rejected": []}, {**GOOD, "rejected": ["a.b", 1]},
        {**GOOD, "rejected": ["a", 1, ""]}, {**GOOD, "rejected": ["../a.b", 1, ""]}, {**GOOD, "rejected": [1, 1, ""]},
        {**GOOD, "rejected": ["a.b", "1", ""]}, {**GOOD, "rejected": ["a.b", True, ""]},
        {**GOOD, "rejected": ["a.b", 1, None]}, {**GOOD, "rejected": ["a.b", 1, "e" * 20_000]},
    ],
)  # fmt: skip
def test_what_no_honest_child_says_is_refused(answer):
    data = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    with pytest.raises(BadAnswer):
        decode_answer(data, 0, PAGE)


@given(st.binary(max_size=200) | st.builds(orjson.dumps, st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | UTF8,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "text", "title", "id"]) , inner),
)))  # fmt: skip
def test_any_bytes_at_all_are_an_answer_or_are_refused(data):
    try:
        result = decode_answer(data, 0, PAGE)
    except BadAnswer:
        return
    document = result.document if isinstance(result, Rejected) else result
    assert document.id == PAGE.document().id
