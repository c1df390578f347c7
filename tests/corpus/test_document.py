"""A step returns a document or says why not; rows and fields are the same thing."""

import json
from dataclasses import replace

import pytest

from corpus.document import Document, Page, Rejected, run_steps
from corpus.rules.gopher import quality
from corpus.schema import KEPT_SCHEMA, REJECTED_SCHEMA, extracted_row, from_extracted, kept_row, rejected_row

PROSE = "The boats of the harbour have to be mended with tar, and that takes all of the winter. " * 4

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


def test_what_a_rule_measured_stays_with_a_document_up_to_the_rule_that_fails():
    kept = quality(Document("1", "u", PROSE))
    assert isinstance(kept, Document)
    found = dict(kept.measures)
    assert found["gopher.too_few_words"] == found["gopher.too_many_words"] == 72
    rejected = quality(Document("1", "u", "The and of. " * 3))
    assert isinstance(rejected, Rejected)
    assert rejected.document.measures == (("gopher.too_few_words", 9),)
    assert from_extracted(extracted_row(kept)) == replace(kept, measures=tuple(json.loads(measures_of(kept)).items()))


def measures_of(document):
    return kept_row(document)["measures"]


def test_measures_are_one_json_object_with_six_digits():
    document = Document("1", "u", "text", measures=(("a.b", 2 / 3), ("a.c", 12), ("a.d", 1234567)))
    assert measures_of(document) == '{"a.b":0.666667,"a.c":12.0,"a.d":1234570.0}'
    assert measures_of(Document("1", "u", "text")) == ""
