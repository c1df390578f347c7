"""Ranges: coalesced within bounds, answers believed only if they are the range, records only if they are whole."""

import gzip
import zlib
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.fetching.client import Answer
from corpus.fetching.targets import target_of
from corpus.files.warc import WrittenRecord
from corpus.sources.commoncrawl.members import wrong_with
from corpus.sources.commoncrawl.ranges import plan_ranges
from corpus.sources.commoncrawl.reading import ranges_of, wrong_answer

URL = "http://a.org/x"
MEMBER = WrittenRecord(
    "response", URL, "2016-01-01T00:00:00Z", "application/http", b"HTTP/1.1 200 OK\r\n\r\nWarp"
).member()


def captures(*places: tuple[str, int, int]) -> pa.Table:
    rows = [{"warc": warc, "offset": start, "length": stop - start, "url": f"http://{start}.org/"}
            for warc, start, stop in sorted(places)]  # fmt: skip
    schema = pa.schema([("warc", pa.string()), ("offset", pa.int64()), ("length", pa.int64()), ("url", pa.string())])
    return pa.Table.from_pylist(rows, schema)


def planned(table, gap, longest=10**6):
    ranges = ranges_of(plan_ranges(table, gap, longest)[0])
    return [(each.warc, each.start, each.stop, len(each.records)) for each in ranges]


def test_records_close_together_become_one_range():
    table = captures(("a", 0, 10), ("a", 10, 30), ("a", 50, 60), ("b", 60, 70))
    assert planned(table, 5) == [("a", 0, 30, 2), ("a", 50, 60, 1), ("b", 60, 70, 1)]
    assert planned(table, 20) == [("a", 0, 60, 3), ("b", 60, 70, 1)]
    assert planned(table, 100, 40) == [("a", 0, 30, 2), ("a", 50, 60, 1), ("b", 60, 70, 1)]
    assert planned(captures(), 5) == []


def test_links_to_one_record_read_it_once():
    table = pa.concat_tables([captures(("a", 0, 10))] * 3 + [captures(("a", 20, 30))])
    records, record = plan_ranges(table)
    assert (records.num_rows, record.tolist()) == (2, [0, 0, 0, 1])


PLACES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 300), st.integers(1, 60)).map(lambda p: (p[0], p[1], p[1] + p[2]))
)


@given(PLACES, st.integers(0, 50), st.integers(1, 100))
def test_every_record_lies_in_its_range_and_ranges_are_no_longer_than_they_may_be(places, gap, longest):
    table = captures(*places)
    records, record = plan_ranges(table, gap, longest)
    rows = records.to_pylist()
    assert {(row["warc"], row["offset"], row["length"]) for row in rows} == {(w, a, b - a) for w, a, b in places}
    for each in rows:
        assert each["start"] <= each["offset"] and each["offset"] + each["length"] <= each["stop"]
        assert each["stop"] - each["start"] <= max(longest, each["length"])
    for number, of in zip(range(table.num_rows), record.tolist(), strict=True):
        assert table["offset"][number].as_py() == rows[of]["offset"]
    assert [row["range"] for row in rows] == sorted(row["range"] for row in rows)


def answer(status: int, content_range: str, body: bytes) -> Answer:
    headers = ((b"Content-Range", content_range.encode("utf-8", "surrogatepass")),)
    return Answer(target_of(URL), status, "", headers, body, b"", "", datetime.now(UTC), 0.0)


@pytest.mark.parametrize(
    ("status", "content_range", "size", "wrong"),
    [
        (206, "bytes 10-19/100", 10, ""),
        (206, "Bytes 10-19/*", 10, ""),
        (206, "bytes 10-14/15", 5, ""),  # the file ends there, and the server says so
        (206, "bytes 10-14/100", 5, "range.another_range"),
        (206, "bytes 11-20/100", 10, "range.another_range"),
        (206, "bytes 0-9/100", 10, "range.another_range"),
        (206, "bytes 10-29/100", 20, "range.another_range"),
        (206, "bytes 10-9/100", 0, "range.another_range"),
        (206, "bytes 10-9/10", 0, "range.another_range"),
        (206, "", 10, "range.another_range"),
        (206, "bytes */100", 10, "range.another_range"),
        (206, "10-19/100", 10, "range.another_range"),
        (206, "bytes 10-19", 10, "range.another_range"),
        (206, "bytes ١٠-١٩/100", 10, "range.another_range"),
        (206, "bytes 10-19/100", 9, "range.incomplete"),
        (206, "bytes 10-19/100", 11, "range.incomplete"),
        (200, "", 100, "range.whole_file"),
        (404, "", 3, ""),
        (416, "bytes */5", 0, ""),
    ],
)
def test_an_answer_to_bytes_10_to_20(status, content_range, size, wrong):
    assert wrong_answer(answer(status, content_range, b"x" * size), 10, 20) == wrong


@given(st.text(), st.integers(0, 10**6), st.integers(1, 10**6), st.binary(max_size=20))
def test_no_text_is_taken_for_the_range_but_the_range(content_range, start, size, body):
    wrong = wrong_answer(answer(206, content_range, body), start, start + size)
    assert wrong or content_range.lower().replace("\t", " ").split()[-1].startswith(f"{start}-{start + len(body) - 1}/")


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 120), st.integers(0, 99), st.integers(1, 50))
def test_a_range_is_believed_only_if_it_is_the_one_that_was_asked_for(first, last, total, start, size):
    body = b"x" * max(last - first + 1, 0)
    believed = not wrong_answer(answer(206, f"bytes {first}-{last}/{total}", body), start, start + size)
    assert believed == (first == start and last == min(start + size, total) - 1 and last >= first)


@pytest.mark.parametrize(
    ("data", "length", "url", "wrong"),
    [
        (MEMBER, len(MEMBER), URL, ""),
        (MEMBER, len(MEMBER), "https://www.a.org/x/", ""),
        (MEMBER, len(MEMBER) + 1, URL, "range.beyond_the_file"),
        (b"", 9, URL, "range.beyond_the_file"),
        (MEMBER[:-1], len(MEMBER) - 1, URL, "range.broken_member"),
        (MEMBER[1:], len(MEMBER) - 1, URL, "range.no_gzip_member"),
        (b"<html>" * 9, 54, URL, "range.no_gzip_member"),
        (MEMBER + b"x", len(MEMBER) + 1, URL, "range.longer_than_a_member"),
        (MEMBER[:20] + b"\xff\xff" + MEMBER[22:], len(MEMBER), URL, "range.broken_member"),
        (gzip.compress(b"WARC", mtime=0), 24, URL, "range.no_record"),
        (MEMBER, len(MEMBER), "http://a.org/y", "range.another_page"),
        (MEMBER, len(MEMBER), "http://b.org/x", "range.another_page"),
    ],
)
def test_a_record_counts_if_it_is_whole_and_the_one_asked_for(data, length, url, wrong):
    assert wrong_with(data, length, url)[0] == wrong


def test_a_bomb_is_not_inflated():
    piece, deflate = b"\0" * 2**20, zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(deflate.compress(piece) for _ in range(200)) + deflate.flush()
    assert wrong_with(bomb, len(bomb), URL)[0] == "range.too_large"


@given(st.binary(max_size=200), st.integers(0, len(MEMBER)))
def test_any_bytes_have_a_verdict(noise, at):
    for data in (noise, b"\x1f\x8b" + noise, MEMBER[:at] + noise + MEMBER[at:]):
        reason, _ = wrong_with(data, len(data), URL)
        assert reason or data == MEMBER
