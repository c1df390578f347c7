"""A step returns a document or says why not; rows and fields are the same thing."""

from dataclasses import replace

import pytest

from corpus.document import Document, Page, Rejected, run_steps
from corpus.schema import KEPT_SCHEMA, REJECTED_SCHEMA, kept_row, rejected_row

CONTRACT_KEPT = (
    "id url canonical_url title text source snapshot date language language_probability karma first_posted "
    "warc_file warc_offset cluster"
)
CONTRACT_REJECTED = "id url canonical_url step rule value other_id warc_file warc_offset"


def short(document):
    return document.reject("test.too_short", len(document.text)) if len(document.text) < 5 else document


def louder(document):
    return document.with_text(document.text.upper())


def test_steps_run_in_order_up_to_the_first_rejection():
    assert run_steps(Document("1", "u", "long enough"), (short, louder)).text == "LONG ENOUGH"
    rejected = run_steps(Document("1", "u", "abc"), (louder, short, louder))
    assert isinstance(rejected, Rejected)
    assert (rejected.step, rejected.rule, rejected.value, rejected.document.text) == ("test", "too_short", 3, "ABC")


def test_the_columns_others_read_are_there():
    assert set(CONTRACT_KEPT.split()) <= set(KEPT_SCHEMA.names)
    assert set(CONTRACT_REJECTED.split()) <= set(REJECTED_SCHEMA.names)


def test_rows_fill_their_schemas():
    document = Document("1", "u", "text", karma=3)
    assert list(kept_row(document)) == KEPT_SCHEMA.names
    assert set(rejected_row(document.reject("a.b", 1.0, "why", "2"))) == set(REJECTED_SCHEMA.names)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"warc_file": "other.warc", "warc_offset": 99}, True),
        ({"marks": "cut_off", "snapshot": "x"}, True),
        ({"body": b"other"}, False),
        ({"date": "2017-01-01T00:00:00Z"}, False),
        ({"url": "http://b.example/"}, False),
    ],
)
def test_an_id_says_what_was_captured_not_where_it_lay(change, same):
    page = Page("http://a.example/", "2016-01-01T00:00:00Z", 200, "text/html", b"body", "a.warc", 7)
    assert (replace(page, **change).document().id == page.document().id) == same
