"""Pages out of records of every kind: sound ones that are seldom seen, and what marks say of the others."""

import base64
import gzip
import hashlib

import pytest
from archive_bytes import CONTAINERS, WARC, http, look, members, numbers, page_body, record

from corpus.document import Document, Page, Quarantined
from corpus.extraction.html import extract
from corpus.readers.warc.digests import matches
from corpus.readers.warc.pages import read_pages

WORDS = "The river froze in the third week of the winter and nobody could remember ice as thick as this. "
HTML = f"<!DOCTYPE html><html><title>Ice</title><body><article><p>{WORDS * 6}</article></html>".encode()
TEXT = (WORDS * 6).strip()


def one_page(tmp_path, data: bytes) -> Page | Quarantined:
    (tmp_path / "a.warc").write_bytes(data)
    return next(read_pages(tmp_path / "a.warc", [0], "name"))


@pytest.mark.parametrize("kind", ["resource", "conversion", "response"])
@pytest.mark.parametrize(
    "media", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml", "text/html, text/html"]
)
def test_html_without_a_response_around_it_is_a_page(tmp_path, kind, media):
    page = one_page(tmp_path, record(1, HTML, kind, Content_Type=media))
    assert isinstance(page, Page)
    assert (page.kind, page.status, page.body, page.marks) == ("html", 200, HTML, "")
    document = extract(page)
    assert isinstance(document, Document)
    assert document.text == TEXT


@pytest.mark.parametrize("media", ["text/plain", "text/plain; charset=utf-8", "TEXT/PLAIN", None])
def test_the_text_of_a_conversion_is_taken_as_it_is(tmp_path, media):
    page = one_page(tmp_path, record(1, b"a < b <p>", "conversion", Content_Type=media))
    assert isinstance(page, Page)
    assert page.kind == "text"
    assert extract(page).text == "a < b <p>"


def test_a_resource_may_hold_a_whole_response(tmp_path):
    page = one_page(tmp_path, record(1, http(HTML), "resource"))
    assert isinstance(page, Page)
    assert (page.status, page.content_type, page.body) == (200, "text/html; charset=utf-8", HTML)


def test_a_response_without_a_status_was_not_fetched(tmp_path):
    page = one_page(tmp_path, record(1, b"HTTP/1.1 OK\r\n\r\n" + HTML))
    assert isinstance(page, Page)
    assert extract(page).reason == "page.http_error"
    page = one_page(tmp_path, record(1, HTML))  # called application/http, and none
    assert isinstance(page, Page)
    assert page.status == 0


@pytest.mark.parametrize(
    ("media", "is_page"),
    [
        ("text/html,text/html", True),
        ("text/html charset=utf-8", True),
        ("html", True),
        ("text/plain, text/html; charset=utf-8", True),
        ("text/html, image/png", False),
        ("image/png, */*", False),
    ],
)
def test_odd_media_types(tmp_path, media, is_page):
    block = b"HTTP/1.1 200 OK\r\nContent-Type: " + media.encode() + b"\r\n\r\n" + HTML
    page = one_page(tmp_path, record(1, block))
    assert isinstance(page, Page)
    assert isinstance(extract(page), Document) == is_page


def digest_of(data: bytes, form: str) -> str:
    algorithm, _, shape = form.partition(" ")
    value = hashlib.new(algorithm.replace("-", ""), data).digest()
    shapes = {
        "base32": base64.b32encode(value).decode(),
        "bare": base64.b32encode(value).decode().rstrip("="),
        "hex": value.hex(),
        "HEX": value.hex().upper(),
        "base64": base64.b64encode(value).decode(),
    }
    return f"{algorithm}:{shapes[shape]}"


FORMS = [f"{algorithm} {shape}" for algorithm in ("sha1", "md5", "sha-256", "sha512") for shape in ("base32", "hex")]
FORMS += ["SHA256 HEX", "sha1 base64", "sha256 bare", "md5 bare"]


@pytest.mark.parametrize("form", FORMS)
def test_digests_are_checked_in_every_form(tmp_path, form):
    written = digest_of(http(HTML), form)
    assert one_page(tmp_path, record(1, http(HTML), WARC_Block_Digest=written)).marks == ""
    spoilt = HTML.replace(b"river", b"rivet")
    assert one_page(tmp_path, record(1, http(spoilt), WARC_Block_Digest=written)).marks == "bad_block_digest"
    written = digest_of(HTML, form)
    assert one_page(tmp_path, record(1, http(HTML), WARC_Payload_Digest=written)).marks == ""
    assert one_page(tmp_path, record(1, http(spoilt), WARC_Payload_Digest=written)).marks == "bad_payload_digest"


def test_a_payload_may_be_digested_before_or_after_its_codings_are_undone(tmp_path):
    packed = gzip.compress(HTML, mtime=0)
    for content in (packed, HTML):
        page = one_page(
            tmp_path,
            record(1, http(packed, "Content-Encoding: gzip"), WARC_Payload_Digest=digest_of(content, "sha1 base32")),
        )
        assert (page.body, page.marks) == (HTML, "")


def test_a_digest_that_says_nothing_marks_nothing():
    for written in ("", "sha1:", "sha1:ABC", "crc32:00000000", "sha1:" + "!" * 32, "n/a", "sha1:" + "A" * 5000):
        assert matches(written, [b"content"]), written
    assert matches(hashlib.sha1(b"content").hexdigest(), [b"content"])
    assert not matches(hashlib.sha1(b"other").hexdigest(), [b"content"])


def test_what_the_crawler_cut_is_incomplete_and_its_payload_not_compared(tmp_path):
    digest = digest_of(HTML, "sha1 base32")
    page = one_page(tmp_path, record(1, http(HTML[:300]), WARC_Truncated="length", WARC_Payload_Digest=digest))
    assert (page.body, page.marks) == (HTML[:300], "incomplete")


def segments(*sizes: int, total: bool = True) -> list[bytes]:
    """A response in segments, the last of them what the sizes leave."""
    block, pieces = http(HTML), []
    for size in sizes:
        pieces.append(block[:size])
        block = block[size:]
    pieces.append(block)
    origin = "<urn:uuid:1>"
    made = [record(50, pieces[0], WARC_Record_ID=origin, WARC_Segment_Number=1)]
    for number, piece in enumerate(pieces[1:], 2):
        last = {"WARC_Segment_Total_Length": len(http(HTML))} if total and number == len(pieces) else {}
        headers = {"WARC_Segment_Origin_ID": origin, "WARC_Segment_Number": number, "WARC_Record_ID": f"<urn:{number}>"}
        made.append(record(50 + number, piece, "continuation", **headers, **last))
    return made


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_record_in_segments_is_one_page(tmp_path, container):
    first, second, third = segments(30, 200)
    records = [WARC[0], first, WARC[1], second, third, WARC[2]]
    if container == "several-per-member":
        records += [WARC[3], WARC[4]]
    captures, damage, pages = look(tmp_path / "a", CONTAINERS[container](records))
    assert damage == []
    assert (pages[1].body, pages[1].marks) == (HTML, "")
    assert [page.body for page in pages if isinstance(page, Page)][0::2][:2] == [page_body(0), page_body(1)]
    assert [capture.record_type for capture in captures][:6].count("continuation") == 2


@pytest.mark.parametrize("left_out", [1, 2])
def test_a_record_with_a_segment_missing_is_a_row(tmp_path, left_out):
    records = segments(30, 200)
    del records[left_out]
    row = one_page(tmp_path, members(records))
    if left_out == 1:
        assert isinstance(row, Quarantined)
        assert (row.reason, row.offset) == ("segmented_record", 0)
    else:
        assert row.marks == "incomplete", "what is there may not be all"
    assert isinstance(one_page(tmp_path, members(records[:1])), Quarantined)


def test_segments_without_a_total_length_may_not_be_all(tmp_path):
    page = one_page(tmp_path, members(segments(100, total=False)))
    assert (page.body, page.marks) == (HTML, "incomplete")


def test_a_single_segment_is_a_whole_record(tmp_path):
    only = record(1, http(HTML), WARC_Segment_Number=1, WARC_Segment_Total_Length=len(http(HTML)))
    assert one_page(tmp_path, only).body == HTML


def test_segments_are_not_held_beyond_the_limit(tmp_path):
    (tmp_path / "a").write_bytes(members(segments(200)))
    [row] = read_pages(tmp_path / "a", [0], max_body=300)
    assert isinstance(row, Quarantined)
    assert row.reason == "body_too_large"


def test_a_page_that_makes_its_reader_raise_costs_itself(tmp_path, monkeypatch):
    from corpus.readers.warc import pages as module

    def raising(body, head, max_body, cut):
        if page_body(3) in body:
            raise KeyError("never thought of")
        return decode(body, head, max_body, cut)

    decode = module.decode_body
    monkeypatch.setattr(module, "decode_body", raising)
    for container in ("plain", "members", "one-member"):
        captures, damage, found = look(tmp_path / "a", CONTAINERS[container](WARC))
        assert numbers(captures) == list(range(8))
        assert damage == []
        assert [isinstance(page, Page) for page in found] == [True] * 3 + [False] + [True] * 4
        assert found[3].reason == "raised_KeyError"
