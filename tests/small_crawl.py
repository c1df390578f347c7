"""A small crawl for the tests: archives, their columnar index as Common Crawl writes it, and a server of ranges."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from loopback import Hit, Reply

from corpus.files.warc import WrittenRecord
from corpus.sample.prose import english_article
from corpus.urls import address

INDEX_SCHEMA = pa.schema(
    [
        ("url_surtkey", pa.string()),
        ("url", pa.string()),
        ("fetch_time", pa.timestamp("ms")),
        ("fetch_status", pa.int16()),
        ("content_mime_detected", pa.string()),
        ("warc_filename", pa.string()),
        ("warc_record_offset", pa.int32()),
        ("warc_record_length", pa.int32()),
    ]
)
START = datetime(2016, 1, 1, tzinfo=UTC)


def surtkey(url: str) -> str:
    """Common Crawl's key: like our SURT, but the path in lower case and the root with its slash."""
    surt = address(url).surt.lower()
    return surt + "/" if surt.endswith(")") else surt


def page(url: str, number: int) -> bytes:
    paragraphs = "".join(f"<p>{line}</p>" for line in english_article(number).text.split("\n") if line)
    body = f"<html><head><title>{number}</title></head><body><article>{paragraphs}</article></body></html>".encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def row(url: str, day: int, warc: str = "a/0.warc.gz", offset: int = 0, length: int = 9, **more) -> dict:
    """A row of the index, `day` days after `START`."""
    columns = (surtkey(url), url, START + timedelta(days=day), 200, "text/html", warc, offset, length)
    return {**dict(zip(INDEX_SCHEMA.names, columns, strict=True)), **more}


def write_index(path: Path, rows: Sequence[dict], group: int = 1000, schema: pa.Schema = INDEX_SCHEMA) -> Path:
    """Rows sorted by their key, in row groups, as Common Crawl has them."""
    ordered = sorted(rows, key=lambda each: (each["url_surtkey"] or "", each["fetch_time"]))
    pq.write_table(pa.Table.from_pylist(ordered, schema), path, row_group_size=group)
    return path


@dataclass
class Crawl:
    """Archives by name, and the rows of the index."""

    files: dict[str, bytes]
    rows: list[dict]


def crawl(urls: Sequence[tuple[str, int]], files: int = 3) -> Crawl:
    """Captures of (URL, day), spread over archives, with a record between any two that nobody asks for."""
    archives, rows = {f"crawl/{number}.warc.gz": bytearray() for number in range(files)}, []
    for number, (url, day) in enumerate(urls):
        name = f"crawl/{number % files}.warc.gz"
        date = (START + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
        member = WrittenRecord("response", url, date, "application/http; msgtype=response", page(url, number)).member()
        rows.append(row(url, day, name, len(archives[name]), len(member)))
        archives[name] += member + WrittenRecord("metadata", url, date, "text/plain", b"x" * 50).member()
    return Crawl({name: bytes(data) for name, data in archives.items()}, rows)


def range_of(hit: Hit) -> tuple[int, int]:
    """First byte and last byte that a request asks for."""
    first, last = re.fullmatch(r"bytes=(\d+)-(\d+)", hit.headers["range"]).groups()
    return int(first), int(last)


def honest(files: dict[str, bytes]) -> Callable[[Hit], Reply]:
    """A server that answers ranges as RFC 9110 says."""

    def answer(hit: Hit) -> Reply:
        data = files.get(hit.path.removeprefix("/"))
        if data is None:
            return Reply(b"no such key", 404)
        first, last = range_of(hit)
        if first >= len(data):
            return Reply(b"", 416, {"Content-Range": f"bytes */{len(data)}"})
        last = min(last, len(data) - 1)
        headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}", "Content-Type": "application/gzip"}
        return Reply(data[first : last + 1], 206, headers)

    return answer
