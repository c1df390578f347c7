"""Archives written byte by byte, for the tests of their reader: records, ways to pack them, one look at them."""

import gzip
import io
from pathlib import Path

import zstandard
from fastwarc.stream_io import Lz4Writer

from corpus.document import Page, Quarantined
from corpus.hashing import digest
from corpus.readers.warc.captures import Capture, scan
from corpus.readers.warc.pages import read_pages

GARBAGE = b"these bytes are no record\nof any kind \x00\x01\x02\n" * 3


def page_body(number: int) -> bytes:
    words = " ".join(digest(f"{number}/{i}") for i in range(40))
    return f"<html><title>page {number}</title><p>{words}</p></html>".encode()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(
    number: int, block: bytes | None = None, kind: str = "response", eol: str = "\r\n", **headers: object
) -> bytes:
    """One WARC record; a header given as None is left out."""
    block = http(page_body(number)) if block is None else block
    fields = {
        "WARC-Type": kind,
        "WARC-Target-URI": f"http://example.org/{number}",
        "WARC-Date": "2020-01-01T00:00:00Z",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": len(block),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    version = fields.pop("version", "WARC/1.0")
    lines = [str(version), *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return eol.join((*lines, "", "")).encode() + block + (2 * eol).encode()


def arc_record(number: int) -> bytes:
    block = http(page_body(number))
    return f"http://example.org/{number} 192.0.2.1 20200101000000 text/html {len(block)}\n".encode() + block + b"\n"


ARC_DESCRIPTION = b"1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n"
WARC = [record(i) for i in range(8)]
WARC_11 = [record(i, version="WARC/1.1", WARC_Date="2020-01-01T00:00:00.123456Z") for i in range(8)]
LF_ONLY = [record(i, eol="\n") for i in range(8)]
ARC = [
    b"filedesc://x.arc 0.0.0.0 20200101000000 text/plain %d\n" % len(ARC_DESCRIPTION) + ARC_DESCRIPTION + b"\n",
    *(arc_record(i) for i in range(1, 8)),
]
FAMILIES = {"warc-1.0": WARC, "warc-1.1": WARC_11, "lf-only": LF_ONLY, "arc": ARC}


def members(records: list[bytes]) -> bytes:
    return b"".join(gzip.compress(each, mtime=0) for each in records)


def lz4(records: list[bytes]) -> bytes:
    packed = io.BytesIO()
    writer = Lz4Writer(packed)
    writer.write(b"".join(records))
    writer.close()
    return packed.getvalue()


def blocked(records: list[bytes]) -> bytes:
    whole = b"".join(records)
    return members([whole[i : i + 700] for i in range(0, len(whole), 700)])


CONTAINERS = {
    "plain": b"".join,
    "members": members,
    "one-member": lambda records: gzip.compress(b"".join(records), mtime=0),
    "several-per-member": lambda records: members(
        [records[0], b"".join(records[1:4]), records[4], b"".join(records[5:])]
    ),
    "blocked-gzip": blocked,
    "zstd": lambda records: zstandard.compress(b"".join(records)),
    "zstd-frames": lambda records: b"".join(zstandard.compress(each) for each in records),
    "lz4": lz4,
}


def look(path: Path, data: bytes) -> tuple[list[Capture], list[Quarantined], list[Page | Quarantined]]:
    """What `scan` finds, and what `read_pages` gives for all of it; that much must hold for any bytes at all."""
    path.write_bytes(data)
    found = list(scan(path, "name"))
    captures = [each for each in found if isinstance(each, Capture)]
    damage = [each for each in found if isinstance(each, Quarantined)]
    offsets = [capture.offset for capture in captures]
    assert offsets == sorted(set(offsets))
    assert all(row.file == "name" and row.offset >= 0 and row.reason for row in damage)
    pages = list(read_pages(path, offsets, "name"))
    assert len(pages) == len(offsets)
    for capture, page in zip(captures, pages, strict=True):
        if isinstance(page, Page):
            assert (page.url, page.warc_offset, page.warc_file) == (capture.url, capture.offset, "name")
        else:
            assert (page.file, page.offset) == ("name", capture.offset)
    return captures, damage, pages


def numbers(captures: list[Capture]) -> list[int]:
    return [int(capture.url.rpartition("/")[2]) for capture in captures if capture.url.startswith("http")]
