"""Writes the files of the embedded sample: WARC records, compressed dumps, and damage done with care.

The records are those of `corpus.files.warc`; dates come from the caller instead of the clock, and a file can be broken
where a test wants it. Levels and headers are fixed, so two runs give equal bytes.
"""

import bz2
import gzip
import lzma
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import zstandard

from corpus.files.warc import CRLF, WrittenRecord, sha1_digest

ENCODINGS = ("", "chunked", "gzip", "deflate", "gzip, chunked")
PUSHSHIFT_WINDOW_LOG = 31
REASONS = {
    200: "OK",
    301: "Moved Permanently",
    302: "Found",
    404: "Not Found",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Response:
    """What a server sends: a status, a type, a body, and how the body is wrapped (one of `ENCODINGS`)."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    location: str = ""
    encoding: str = ""

    def http(self) -> bytes:
        """The response as it stood on the wire."""
        body, headers = self.body, [f"HTTP/1.1 {self.status} {REASONS[self.status]}", "Server: lantern/0.9"]
        if self.content_type:
            headers.append(f"Content-Type: {self.content_type}")
        if self.location:
            headers.append(f"Location: {self.location}")
        if "gzip" in self.encoding:
            body = gzip.compress(body, 6, mtime=0)
            headers.append("Content-Encoding: gzip")
        if self.encoding == "deflate":
            body = zlib.compress(body, 6)
            headers.append("Content-Encoding: deflate")
        if "chunked" in self.encoding:
            body = _chunk(body)
            headers.append("Transfer-Encoding: chunked")
        else:
            headers.append(f"Content-Length: {len(body)}")
        return "\r\n".join(headers).encode("latin-1") + CRLF + CRLF + body


def _chunk(body: bytes) -> bytes:
    """Transfer coding in chunks of growing size, the first of them inside the head of the page."""
    out, start, size = b"", 0, 61  # 61, 183, 549 … bytes
    while start < len(body):
        chunk = body[start : start + size]
        out += f"{len(chunk):x}".encode() + CRLF + chunk + CRLF
        start, size = start + size, size * 3
    return out + b"0" + CRLF + CRLF


def warcinfo(name: str, date: str) -> WrittenRecord:
    """The record that opens a file and says who wrote it."""
    text = "software: corpusloom sample\r\nformat: WARC File Format 1.0\r\ndescription: an invented web\r\n"
    return WrittenRecord("warcinfo", "", date, "application/warc-fields", text.encode(), (("WARC-Filename", name),))


def response(url: str, date: str, answer: Response) -> WrittenRecord:
    """The capture of an answer."""
    extra = (("WARC-Payload-Digest", sha1_digest(answer.body)),)
    return WrittenRecord("response", url, date, "application/http; msgtype=response", answer.http(), extra)


def request(url: str, date: str) -> WrittenRecord:
    """The question that a crawler put, as archives keep it beside the answer."""
    host, _, path = url.partition("://")[2].partition("/")
    block = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: corpusloom-sample\r\nAccept-Encoding: gzip\r\n\r\n"
    return WrittenRecord("request", url, date, "application/http; msgtype=request", block.encode())


def revisit(url: str, date: str, first: WrittenRecord) -> WrittenRecord:
    """A later capture that found the payload of `first` unchanged, and so holds the headers only."""
    block = first.block.partition(CRLF + CRLF)[0] + CRLF + CRLF
    extra = (
        *first.extra,
        ("WARC-Profile", "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"),
        ("WARC-Refers-To-Target-URI", first.url),
        ("WARC-Refers-To-Date", first.date),
    )
    return replace(first, kind="revisit", url=url, date=date, block=block, extra=extra)


def conversion(url: str, date: str, text: str) -> WrittenRecord:
    """The ready-made text of a page, as WET files hold it."""
    return WrittenRecord("conversion", url, date, "text/plain", text.encode())


def write_warc(path: Path, records: list[WrittenRecord]) -> None:
    """Write a WARC file: one gzip member for each record where the name ends in `.gz`."""
    compressed = path.suffix == ".gz"
    path.write_bytes(b"".join(record.member() if compressed else record.warc() for record in records))


def write_damaged_warc(path: Path, records: list[WrittenRecord], broken: int) -> None:
    """Write a compressed WARC file in which member `broken` is spoilt in its middle and the last one is cut short."""
    members = [record.member() for record in records]
    spoilt = members[broken]
    middle = len(spoilt) // 2
    # As long as it was, so that the members after it stay where they are.
    members[broken] = spoilt[:middle] + b"\xff" * 40 + spoilt[middle + 40 :]
    members[-1] = members[-1][: len(members[-1]) * 2 // 3]
    path.write_bytes(b"".join(members))


def write_dump(path: Path, data: bytes, frames: int = 4) -> None:
    """Write a Reddit dump, compressed as its name says; `.zst` in several frames with Pushshift's window of 2 GiB."""
    if path.suffix == ".zst":
        step = len(data) // frames + 1
        path.write_bytes(b"".join(_frame(data[start : start + step]) for start in range(0, len(data), step)))
        return
    compressed = {
        ".xz": lambda: lzma.compress(data, preset=6),
        ".bz2": lambda: bz2.compress(data, 9),
        ".gz": lambda: gzip.compress(data, 6, mtime=0),
    }[path.suffix]()
    path.write_bytes(compressed)


def _frame(data: bytes) -> bytes:
    """One frame. Its size must not be known beforehand, or the frame would announce a window no larger than that."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        6, window_log=PUSHSHIFT_WINDOW_LOG, write_content_size=0, write_checksum=1
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(data) + compressor.flush()
