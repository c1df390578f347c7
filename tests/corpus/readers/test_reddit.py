"""Submissions through all changes of schema, and the real dumps where they lie beside the checkout."""

import json
from pathlib import Path

import pytest

from corpus.document import Quarantined
from corpus.readers.lines import Line
from corpus.readers.reddit import Submission, parse_line, read_submissions

DATA = Path(__file__).parents[4] / "shared" / "data" / "reddit"


def parse(record):
    data = record if isinstance(record, bytes) else json.dumps(record).encode()
    return parse_line(Line(42, data), "RS.zst")


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        ({"created_utc": "1483228802"}, "created", 1483228802),
        ({"created_utc": 1483228802.0}, "created", 1483228802),
        ({"created_utc": None}, "created", None),
        ({"score": 3.0}, "score", 3),
        ({"score": "17"}, "score", 17),
        ({"score": None}, "score", None),
        ({"score": True}, "score", None),
        ({"score": 1e999}, "score", None),
        ({}, "score", None),
        ({"url": None, "url_overridden_by_dest": "http://a.example"}, "url", "http://a.example"),
        ({"url": 7}, "url", ""),
        ({"name": "t3_abc"}, "id", "abc"),
        ({"domain": "self.science"}, "is_self", True),
        ({"is_self": None, "domain": "a.example"}, "is_self", False),
        ({"over_18": None}, "over_18", False),
        ({"author": "[deleted]"}, "deleted", True),
        ({"author": None}, "deleted", False),
        ({"selftext": "[removed]"}, "deleted", True),
        ({"removed_by_category": "moderator"}, "deleted", True),
        ({"_meta": {"was_deleted_later": True}}, "deleted", True),
        ({"promoted": True}, "promoted", True),
        ({"title": "a\u2028b\x85c"}, "title", "a\u2028b\x85c"),
        ({"retrieved_on": "1500000000"}, "retrieved", 1500000000),
        ({"retrieved_on": 10**30}, "retrieved", 0),
        ({"retrieved_on": -(2**63) - 1}, "retrieved", 0),
        ({"created_utc": 2**63}, "created", None),
        ({"created_utc": 1400000000000}, "created", None),
        ({"created_utc": -1}, "created", None),
        ({"created_utc": "9" * 400}, "created", None),
        ({"created_utc": float("nan")}, "created", None),
        ({"score": 2**64}, "score", None),
        ({"score": "-1e30"}, "score", None),
        ({}, "offset", 42),
    ],
)
def test_fields_drift(record, field, value):
    assert getattr(parse(record), field) == value


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (b'{"title": "\\ud83d alone"}', "? alone"),
        (b'{"title": "caf\xe9"}', "caf\ufffd"),
        (b'\xef\xbb\xbf{"title": "after a byte order mark"}', "after a byte order mark"),
    ],
)
def test_a_spoilt_title_does_not_cost_the_link(data, title):
    assert parse(data).title == title


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"id": "x"', "bad_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"[" * 100_000, "bad_json"),
        (b"\x00\x01", "bad_json"),
    ],
)
def test_a_bad_line_is_quarantined_with_its_place(data, reason):
    found = parse(data)
    assert isinstance(found, Quarantined)
    assert (found.file, found.offset, found.reason) == ("RS.zst", 42, reason)


def real(name):
    if not (DATA / name).is_file():
        pytest.skip(f"needs {name} in ../shared/data/reddit")
    return list(read_submissions(DATA / name, "dump"))


def test_real_xz_and_zst_dumps_hold_the_same_submissions():
    assert real("RS_v2_2005-07.xz") == real("RS_v2_2005-07.zst")


def test_a_real_dump_is_read_in_full():
    found = real("RS_top2013_real.zst")
    assert len(found) == 40_238
    assert all(isinstance(item, Submission) for item in found)
