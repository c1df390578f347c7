"""Content-Type as servers write it, by the rules of the WHATWG."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.readers.warc.media_type import MediaType, content_type, parse_media_type


@pytest.mark.parametrize(
    ("written", "essence", "charset"),
    [
        ("text/html", "text/html", ""),
        ("  TEXT/Html ;charset=UTF-8", "text/html", "UTF-8"),
        ("text/html;;charset=gbk;", "text/html", "gbk"),
        ('text/html; x="a;charset=no"; charset="g\\bk" junk ; charset=second', "text/html", "gbk"),
        ("text/html;charset=;charset=x", "text/html", "x"),
        ("text/html; charset", "text/html", ""),
        ('text/html;charset="unclosed', "text/html", "unclosed"),
        ("text/html;\tcharset=windows-1252 ", "text/html", "windows-1252"),
        ("text/html;charset = utf-8", "text/html", ""),
        ("application/xhtml+xml", "application/xhtml+xml", ""),
    ],
)
def test_one_value(written, essence, charset):
    assert parse_media_type(written) == MediaType(essence, charset)


@pytest.mark.parametrize(
    "written",
    ["", "html", "/", "text/", "/html", "text /html", "text/html charset=utf-8", "text/ html", "té/html", "a/b/c"],
)
def test_what_is_no_media_type(written):
    assert parse_media_type(written) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["text/html"], "text/html"),
        (["text/html;  charset=x"], "text/html;  charset=x"),
        ([], ""),
        (["text/html,text/html"], "text/html"),
        (["text/html, text/html; charset=utf-8"], "text/html; charset=utf-8"),
        (["text/html; charset=gbk, text/html"], "text/html; charset=gbk"),
        (["text/html; charset=gbk, text/plain"], "text/plain"),
        (["text/plain; charset=gbk", "text/html"], "text/html"),
        (["text/html;charset=gbk", "text/plain", "text/html"], "text/html"),
        (["text/html, */*"], "text/html"),
        (["text/html, nonsense"], "text/html"),
        (["nonsense, other nonsense"], "other nonsense"),
        (['text/html; x="a,b/c", '], 'text/html; x="a,b/c"'),
        ([",text/html,"], "text/html"),
    ],
)
def test_of_several_values_the_last_that_is_one_counts(values, expected):
    assert content_type(values) == expected


@given(st.lists(st.text(st.sampled_from('ab/;=", \t\\\r\x00é*'), max_size=30), max_size=4))
def test_any_value_has_an_answer(values):
    assert isinstance(content_type(values), str)
