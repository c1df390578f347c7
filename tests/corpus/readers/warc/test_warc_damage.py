"""Archives clipped, flipped, filled with garbage, lied in, or blown up: the good records are read all the same."""

import gzip
import subprocess
import sys
import zlib

import pytest
import zstandard
from archive_bytes import ARC, CONTAINERS, GARBAGE, WARC, http, look, members, numbers, page_body, record

from corpus.document import Page, Quarantined
from corpus.hashing import digest
from corpus.readers.warc.pages import read_pages


def spread(length: int, count: int) -> list[int]:
    return [1 + (length - 2) * i // (count - 1) for i in range(count)]


@pytest.mark.parametrize("records", [WARC, ARC], ids=["warc", "arc"])
def test_damaged_members_cost_one_record_each(tmp_path, records):
    data, starts = members(records), [len(members(records[:i])) for i in range(9)]
    for position in spread(len(data), 40):
        hit = max(i for i in range(8) if starts[i] <= position)
        rest = [i for i in range(8) if i != hit and not (records is ARC and i == 0)]
        flipped = bytearray(data)
        flipped[position] ^= 0x55
        captures, damage, pages = look(tmp_path / "a", bytes(flipped))
        harmless = starts[hit] + 4 <= position < starts[hit] + 10  # time, level and system in the gzip header
        assert [n for n in numbers(captures) if n != hit] == rest
        assert harmless or ([row.offset for row in damage] == [starts[hit]] and hit not in numbers(captures))
        assert all(isinstance(page, Page) for page in pages)
        captures, damage, _ = look(tmp_path / "a", data[:position])
        assert numbers(captures) == [i for i in rest if i < hit]
        if position > starts[hit]:
            assert [row.offset for row in damage] == [starts[hit]]


@pytest.mark.parametrize(
    "container", ["plain", "one-member", "several-per-member", "blocked-gzip", "zstd-frames", "lz4"]
)
def test_any_damage_keeps_what_was_read_before_it(tmp_path, container):
    data = CONTAINERS[container](WARC)
    for position in spread(len(data), 40):
        for damaged in (
            data[:position],
            data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :],
            data[:position] + GARBAGE + data[position:],
            data[:position] + data[position + 40 :],
        ):
            captures, damage, _ = look(tmp_path / "a", damaged)
            if container == "plain":
                starts = [sum(map(len, WARC[:i])) for i in range(9)]
                assert {i for i in range(8) if starts[i + 1] <= position} <= set(numbers(captures))
            if damaged == data[:position]:
                assert numbers(captures) == list(range(len(captures)))
                assert damage or len(captures) == 8 or container in ("plain", "zstd-frames")  # cut between records


def test_a_broken_member_of_many_records_gives_the_records_before_the_break(tmp_path):
    data = CONTAINERS["one-member"](WARC)
    for position in spread(len(data), 40):
        inflated = zlib.decompressobj(31).decompress(data[:position])
        whole = [i for i in range(8) if sum(map(len, WARC[: i + 1])) < len(inflated)]
        captures, damage, _ = look(tmp_path / "a", data[:position])
        assert numbers(captures)[: len(whole)] == whole
        assert len(damage) == 1
        captures, damage, _ = look(tmp_path / "a", data[:position] + data)  # the next whole member is found
        assert numbers(captures)[-8:] == list(range(8))
        assert damage


@pytest.mark.parametrize("container", ["plain", "members", "one-member", "zstd"])
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(3, Content_Length=10**17)[:-200], {"bad_content_length", "truncated_record"}),
        (record(3, Content_Length=200)[:-200], {"bad_content_length"}),
        (record(3, Content_Length=None)[:-200], {"bad_content_length"}),
        (record(3, WARC_Type=None), {"bad_header"}),
        (record(3, version="WARK/1.0"), {"no_record"}),
        (b"WARC/1.0\r\nWARC-Type: response\r\n", {"bad_header", "truncated_record"}),
        (GARBAGE, {"no_record"}),
        (http(b"x" * (1 << 20)).replace(b"\r\n\r\n", b"\r\n") + b"\r\n\r\n", {"no_record"}),
        (record(3, http(b"").replace(b"\r\n\r\n", b"\r\n" + b"x" * (1 << 20))), {"bad_header"}),
    ],
)
def test_a_bad_record_costs_itself(tmp_path, container, bad, reason):
    pack = CONTAINERS[container]
    captures, damage, pages = look(tmp_path / "a", pack([*WARC[:3], bad, *WARC[4:]]))
    assert numbers(captures) == [0, 1, 2, 4, 5, 6, 7]
    assert all(isinstance(page, Page) for page in pages)
    assert [row.offset for row in damage] == [len((members if container == "members" else b"".join)(WARC[:3]))]
    assert damage[0].reason in reason


@pytest.mark.parametrize("container", ["plain", "members", "one-member", "several-per-member", "zstd", "lz4"])
@pytest.mark.parametrize("written", [10**17, len(WARC[3]) + 900, 10_000_000, 200, 0, -5, "many", None, 10**30])
def test_of_a_wrong_length_the_next_record_decides(tmp_path, container, written):
    liar = record(3, Content_Length=written)
    captures, damage, pages = look(tmp_path / "a", CONTAINERS[container]([*WARC[:3], liar, *WARC[4:]]))
    assert numbers(captures) == list(range(8))
    assert damage == []
    assert [page.body for page in pages] == [page_body(i) for i in range(8)]
    assert [page.marks for page in pages] == [*[""] * 3, "wrong_length", *[""] * 4]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\r\n"], ids=["lf", "crcrlf"])
@pytest.mark.parametrize("container", ["plain", "members", "one-member", "zstd"])
def test_an_archive_that_was_copied_as_text_is_read(tmp_path, container, line_end):
    chunked = http(b"%x\r\n%s\r\n0\r\n\r\n" % (len(page_body(8)), page_body(8)), "Transfer-Encoding: chunked")
    text = record(9, b"line one\r\n\r\nline two", "conversion", Content_Type="text/plain")
    records = [each.replace(b"\r\n", line_end) for each in [*WARC, record(8, chunked), text]]
    captures, damage, pages = look(tmp_path / "a", CONTAINERS[container](records))
    assert numbers(captures) == list(range(10))
    assert damage == []
    assert [page.body for page in pages[:9]] == [page_body(i) for i in range(9)]
    assert pages[9].body.strip() == b"line one\r\n\r\nline two".replace(b"\r\n", line_end)
    assert all(page.marks == "wrong_length" for page in pages[:9])


def test_a_record_that_was_clipped_is_no_page(tmp_path):
    whole = b"".join(WARC)
    for position in spread(len(whole), 60):
        captures, damage, pages = look(tmp_path / "a", whole[:position])
        assert not any(isinstance(page, Page) and page.marks for page in pages)
        assert len(captures) + len(damage) == sum(position > sum(map(len, WARC[:i])) for i in range(8))


def test_garbage_between_members_is_one_row(tmp_path):
    head = members(WARC[:3])
    captures, damage, _ = look(tmp_path / "a", head + GARBAGE + members(WARC[3:]) + bytes(100))
    assert numbers(captures) == list(range(8))
    assert [row.offset for row in damage] == [len(head), len(head + GARBAGE + members(WARC[3:]))]


def test_blank_lines_around_records_do_not_matter(tmp_path):
    loose = [b"\r\n\r\n" + WARC[0], *(each[:-4] for each in WARC[1:4]), *(each + b"\r\n\n\n" for each in WARC[4:])]
    for pack in (members, b"".join):
        captures, damage, pages = look(tmp_path / "a", pack(loose))
        assert numbers(captures) == list(range(8))
        assert damage == []
        assert all(isinstance(page, Page) for page in pages)


def test_a_damaged_beginning_does_not_hide_the_rest(tmp_path):
    for pack in (members, b"".join):
        captures, damage, _ = look(tmp_path / "a", b"\xff\xff" + pack(WARC)[2:])
        assert numbers(captures) == list(range(1, 8))
        assert len(damage) == 1


def test_many_false_lengths_in_one_stream_do_not_cost_the_square(tmp_path):
    big = b"<p>padding</p>\n" * 30000
    liars = [record(i, http(big), Content_Length=10**9) for i in range(60)]
    captures, damage, _ = look(tmp_path / "a", gzip.compress(b"".join([*liars, *WARC]), 1, mtime=0))
    assert numbers(captures)[-8:] == list(range(8))
    assert len(captures) + len(damage) == 68


def test_an_archive_inside_a_record_is_not_taken_apart(tmp_path):
    inner = members(WARC[:4])
    records = [WARC[0], record(1, http(inner), "resource"), record(2, http(b"".join(WARC)), "resource"), *WARC[3:]]
    stored = b"".join(gzip.compress(each, 0, mtime=0) for each in records)
    for data in (stored, b"".join(records)):
        captures, damage, _ = look(tmp_path / "a", data)
        assert numbers(captures) == list(range(8))
        assert not damage


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"url": "http://example.org"}\n' * 10,
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
        gzip.compress(b'{"a": 1}\n' * 1000, mtime=0),
        zstandard.compress(b'{"a": 1}\n' * 1000),
        b"\r\n" * 100,
        b"WARC is a file format\n",
        b"http://example.org/ is a page\n" * 10,
    ],
)
def test_what_is_no_archive_is_one_row(tmp_path, data):
    captures, damage, _ = look(tmp_path / "a.warc.gz", data)
    assert captures == []
    assert [(row.offset, row.reason) for row in damage] == [(0, "not_an_archive")]


MEASURE = """
import resource, sys
from corpus.readers.warc.captures import Capture, scan
from corpus.readers.warc.pages import read_pages
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
captures = [each for each in scan(sys.argv[1]) if isinstance(each, Capture)]
pages = list(read_pages(sys.argv[1], [each.offset for each in captures], max_body=1 << 20))
print(*(getattr(page, "reason", "page") for page in pages), peak() - before)
"""


def zeros_in_gzip(*around: bytes, megabytes: int = 64) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    before, after = (*around, b"", b"")[:2]
    pieces = [packer.compress(before), *(packer.compress(bytes(1 << 20)) for _ in range(megabytes))]
    return b"".join([*pieces, packer.compress(after), packer.flush()])


@pytest.mark.parametrize("where", ["gzip member", "content encoding", "one member", "plain", "text in gzip"])
def test_a_bomb_costs_no_memory(tmp_path, where):
    size = 64 << 20
    opening = record(1, http(b""), Content_Length=len(http(b"")) + size)[:-4]
    archive = {
        "gzip member": lambda: members(WARC[:1]) + zeros_in_gzip(opening, b"\r\n\r\n") + members(WARC[2:3]),
        "content encoding": lambda: members(
            [WARC[0], record(1, http(zeros_in_gzip(), "Content-Encoding: gzip")), WARC[2]]
        ),
        "one member": lambda: zeros_in_gzip(WARC[0] + opening, b"\r\n\r\n" + WARC[2]),
        "plain": lambda: WARC[0] + opening + bytes(size) + b"\r\n\r\n" + WARC[2],
        "text in gzip": lambda: (
            members(WARC[:1])
            + gzip.compress(
                opening + (b"%032x" % 12345 + digest("x").encode()) * (size // 64) + b"\r\n\r\n", 1, mtime=0
            )
            + members(WARC[2:3])
        ),
    }[where]()
    (tmp_path / "bomb.warc").write_bytes(archive)
    run = [sys.executable, "-c", MEASURE, str(tmp_path / "bomb.warc")]
    *reasons, megabytes = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    bomb = where in ("gzip member", "content encoding", "one member")
    assert reasons == ["page", "decompression_bomb" if bomb else "body_too_large", "page"]
    assert int(megabytes) < 16


def test_the_cap_is_exact(tmp_path):
    (tmp_path / "a").write_bytes(record(1, http(b"x" * 1000)))
    assert isinstance(next(read_pages(tmp_path / "a", [0], max_body=1000)), Page)
    answer = next(read_pages(tmp_path / "a", [0], max_body=999))
    assert isinstance(answer, Quarantined)
    assert answer.reason == "body_too_large"
