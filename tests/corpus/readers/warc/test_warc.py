"""Archives in every container, read through; and the real files beside the project, as manifest and warcio see them."""

import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from archive_bytes import CONTAINERS, FAMILIES, WARC, http, look, members, page_body, record
from warcio.archiveiterator import ArchiveIterator as WarcioIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from corpus.document import Page, Quarantined
from corpus.errors import ExitCode
from corpus.readers.warc.__main__ import main
from corpus.readers.warc.captures import Capture, iso_date, scan
from corpus.readers.warc.pages import read_pages

CRAWL = Path(__file__).resolve().parents[5] / "shared" / "data" / "crawl"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("container", CONTAINERS)
def test_scan_and_read_pages_agree_in_every_container(tmp_path, container, family):
    records = FAMILIES[family]
    captures, damage, pages = look(tmp_path / "archive.bin", CONTAINERS[container](records))
    assert damage == []
    assert len(captures) == 8
    assert {capture.date for capture in captures} == {"2020-01-01T00:00:00Z"}
    for page in pages[1:]:
        assert isinstance(page, Page)
        assert (page.status, page.kind, page.content_type) == (200, "html", "text/html; charset=utf-8")
        assert page.body == page_body(int(page.url.rpartition("/")[2]))
    some = [captures[i].offset for i in (1, 2, 6)]
    assert list(read_pages(tmp_path / "archive.bin", some, "name")) == [pages[i] for i in (1, 2, 6)]
    assert captures[0].record_type == ("warcinfo" if family == "arc" else "response")


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_containers_tell_offsets_as_promised(tmp_path, container):
    captures, _, _ = look(tmp_path / "archive.bin", CONTAINERS[container](WARC))
    inflated = [sum(map(len, WARC[:i])) for i in range(8)]
    sizes = [len(gzip.compress(each, mtime=0)) for each in WARC]
    starts = [sum(sizes[:i]) for i in range(8)]
    if container == "several-per-member":
        second, third = len(members([WARC[0]])), len(members([WARC[0], b"".join(WARC[1:4])]))
        fourth = third + sizes[4]
        inflated = [0, second, second + 1, second + 2, third, fourth, fourth + 1, fourth + 2]
    assert [capture.offset for capture in captures] == (starts if container == "members" else inflated)


def test_a_capture_says_what_the_headers_say(tmp_path):
    moved = http(b"", "Location: ../b c?d=1", status="301 Moved Permanently")
    revisit = {"WARC_Refers_To_Target_URI": "<http://example.org/first>", "WARC_Refers_To_Date": "2019-05-06T07:08:09Z"}
    records = [
        record(0, b"software: me\r\n", "warcinfo", WARC_Target_URI=None, Content_Type="application/warc-fields"),
        record(1, moved, WARC_Target_URI="<http://example.org/a/x>", WARC_Payload_Digest="sha1:ABC"),
        record(2, http(b""), "revisit", **revisit),
        record(3, http(b""), "revisit"),
        record(4, b"plain text", "conversion", Content_Type="text/plain"),
        record(5, b"\x89PNG", "resource", Content_Type="image/png", WARC_Target_URI="http://example.org/a b"),
        record(6, b"more", "continuation"),
        record(7, b"192.0.2.1", Content_Type="text/dns", WARC_Target_URI="dns:example.org", WARC_Date="yesterday"),
    ]
    captures, damage, pages = look(tmp_path / "a.warc.gz", members(records))
    assert not damage
    info, redirect, again, same, text, image, other, dns = captures
    assert (info.record_type, info.url, info.status) == ("warcinfo", "", 0)
    assert (redirect.url, redirect.status) == ("http://example.org/a/x", 301)
    assert (redirect.location, redirect.payload_digest) == ("http://example.org/b%20c?d=1", "sha1:ABC")
    assert (again.refers_to, again.refers_to_date) == ("http://example.org/first", "2019-05-06T07:08:09Z")
    assert (same.record_type, same.status, same.refers_to) == ("revisit", 200, "http://example.org/3")
    assert (text.record_type, text.status, text.content_type) == ("conversion", 0, "text/plain")
    assert (image.url, image.content_type) == ("http://example.org/a b", "image/png")
    assert other.record_type == "continuation"
    assert (dns.content_type, dns.date, dns.status) == ("text/dns", "", 0)
    assert isinstance(pages[4], Page)
    assert (pages[4].kind, pages[4].body) == ("text", b"plain text")


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
        ("2020-01-02T03:04:05.999999999Z", "2020-01-02T03:04:05Z"),
        ("2020-01-02T03:04:05+02:00", "2020-01-02T01:04:05Z"),
        ("2020-01-02", "2020-01-02T00:00:00Z"),
        ("2020-01", "2020-01-01T00:00:00Z"),
        ("2020", "2020-01-01T00:00:00Z"),
        ("20200102030405", "2020-01-02T03:04:05Z"),
        ("202001020304", "2020-01-02T03:04:00Z"),
        ("2020-13-45T99:00:00Z", ""),
        ("0001-01-01T00:00:00+10:00", ""),
        ("n/a", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_dates(written, date):
    assert iso_date(written) == date


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("http://other.example/x", "http://other.example/x"),
        ("/x", "http://example.org/x"),
        ("//other.example", "http://other.example/"),
        ("http://[bad", ""),
        ("", ""),
    ],
)
def test_redirect_targets(tmp_path, location, target):
    data = record(1, http(b"", f"Location: {location}", status="302 Found"))
    assert look(tmp_path / "a", data)[0][0].location == target


def test_a_file_that_cannot_be_opened_is_the_callers_matter(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(scan(tmp_path / "none.warc.gz"))
    with pytest.raises(IsADirectoryError):
        list(read_pages(tmp_path, [0]))


@pytest.mark.parametrize("container", CONTAINERS)
def test_an_offset_without_a_record_is_answered_too(tmp_path, container):
    path = tmp_path / "a"
    captures, _, pages = look(path, CONTAINERS[container](WARC))
    good = captures[6].offset
    answers = list(read_pages(path, [7, good, good, 10**18], "name"))
    assert answers[1:3] == [pages[6]] * 2
    assert [row.offset for row in (answers[0], answers[3]) if isinstance(row, Quarantined)] == [7, 10**18]
    with pytest.raises(ValueError, match="ascend"):
        list(read_pages(path, [good, 7]))


def test_warcio_writes_what_is_read_here(tmp_path):
    with (tmp_path / "a.warc.gz").open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "warcio"}))
        for number in range(5):
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            body = io.BytesIO(page_body(number))
            url = f"http://example.org/{number}"
            writer.write_record(writer.create_warc_record(url, "response", payload=body, http_headers=head))
    with (tmp_path / "a.warc.gz").open("rb") as file:
        records = WarcioIterator(file)
        offsets = [records.get_record_offset() for _ in records]
    captures, damage, pages = look(tmp_path / "a.warc.gz", (tmp_path / "a.warc.gz").read_bytes())
    assert not damage
    assert [capture.offset for capture in captures] == offsets
    assert [page.body for page in pages[1:] if isinstance(page, Page)] == [page_body(i) for i in range(5)]
    assert all(capture.payload_digest.startswith("sha1:") for capture in captures[1:])


def test_the_command_prints_a_table(tmp_path, capsys):
    (tmp_path / "good.warc").write_bytes(b"".join(WARC))
    (tmp_path / "clipped.warc").write_bytes(b"".join(WARC)[:-100])
    main([str(tmp_path / "good.warc"), str(tmp_path / "clipped.warc")])
    header, good, clipped, row = capsys.readouterr().out.splitlines()
    assert len(header) == len(good) == len(clipped)
    assert dict(zip(header.split()[1:], clipped.split()[1:], strict=True))["quarantined"] == "1"
    assert good.split()[1] == "8"
    assert f"at {sum(map(len, WARC[:7]))}: truncated_record" in row
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "none")])
    assert ended.value.code == ExitCode.INPUT
    assert "none" in capsys.readouterr().err


def crawl_files() -> list[Path]:
    return sorted(path for path in CRAWL.glob("*") if path.is_file()) if CRAWL.exists() else []


DAMAGED = {"resiliparse-clipped-truncated.warc.gz": 0}
NOT_COUNTED_THERE = {"ukwa-transfer_compression_brotli.warc"}  # the manifest's own reader stopped at the br body


@pytest.mark.skipif(not CRAWL.exists(), reason=f"real crawl files are not at {CRAWL}")
def test_real_crawl_files_hold_what_their_manifest_says(tmp_path):
    expected = {Path(row["file"]).name: row["records"] for row in json.loads((CRAWL / "manifest.json").read_text())}
    for path in crawl_files():
        if path.name == "manifest.json":
            continue
        captures, damage, pages = look(tmp_path / "copy", path.read_bytes())
        counts = Counter(capture.record_type for capture in captures)
        wanted = {kind: count for kind, count in expected[path.name].items() if kind != "note"}
        if path.name in DAMAGED:
            assert (len(captures), len(damage)) == (DAMAGED[path.name], 1), path.name
        elif path.name not in NOT_COUNTED_THERE:
            assert not damage, path.name
            assert {kind: counts[kind] for kind in wanted} == wanted, path.name
        assert all(isinstance(page, Page) for page in pages), path.name


@pytest.mark.skipif(not CRAWL.exists(), reason=f"real crawl files are not at {CRAWL}")
@pytest.mark.parametrize(
    "name",
    ["aut-blackbook-2008.arc.gz", "netarchivesuite-small_BNF.arc", "pywb-iana-revisits.warc.gz", "aut-issue-514.warc"],
)
def test_real_pages_equal_what_warcio_reads(name):
    with (CRAWL / name).open("rb") as file:
        records = WarcioIterator(file, arc2warc=True)
        bodies = {}
        for each in records:
            body = each.content_stream().read()  # before the offset is asked for, which skips it
            if each.rec_type == "response":
                bodies[records.get_record_offset()] = body
    responses = [
        each.offset for each in scan(CRAWL / name) if isinstance(each, Capture) and each.record_type == "response"
    ]
    pages = [page for page in read_pages(CRAWL / name, responses) if isinstance(page, Page)]
    assert {page.warc_offset: page.body for page in pages} == bodies
