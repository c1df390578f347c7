"""The HTTP message inside a record: its head, and its body freed of chunking and content encodings.

Crawlers do not agree on what they store: some keep the bytes of the wire, some decode the body and keep the
header that says it is encoded, and servers lie on their own. So every coding is tried, and a body that does
not begin as its header says is taken as it is. A body that begins so and then breaks is damaged, except
where the crawler itself cut it (`WARC-Truncated`): then the readable beginning is the page.

Inflated bytes are counted while they come, so a bomb costs no memory; br goes through fastwarc, because
Google's `brotli` bounds its output only from version 1.2 on.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO

from fastwarc.stream_io import BrotliReader, ZstdReader

from corpus.readers.warc.inflate import FASTWARC_BUFFER, RAW_DEFLATE, ZLIB, Damaged, FastwarcReader, GzipMembers, Reader

BOMB_RATIO = 900  # inflated to compressed; deflate cannot exceed 1032, and a page of nothing but spaces comes near
BOMB_SAMPLE = 8 << 20  # so many inflated bytes of an oversized body are looked at, where there are as many
_BOMB_LEAST = 1 << 20  # of fewer inflated bytes no ratio is believed: buffers blur it

_STATUS = re.compile(rb"(?:HTTP/[\d.]+|ICY)(?:[ \t]+(\d{3})(?!\d))?", re.IGNORECASE)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CHUNK_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]{0,1000})?\r\n")
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FIRST_READ, _LONGEST_HEAD = 1 << 14, 1 << 20
_PIECE = 1 << 16
_MOST_CODINGS = 5


@dataclass(frozen=True, slots=True)
class Head:
    """Status and header fields of an HTTP response, `size` bytes long; status 0 and size 0 where there is none."""

    status: int = 0
    fields: dict[bytes, list[bytes]] = field(default_factory=dict)
    size: int = 0

    def value(self, name: str) -> str:
        """The first value of a header field, or ""; UTF-8 where it is valid, else Latin-1."""
        data = self.fields.get(name.lower().encode(), [b""])[0]
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def codings(self, name: str) -> list[str]:
        """The codings listed in a header field, lower case, in the order in which they were applied."""
        listed = b",".join(self.fields.get(name.lower().encode(), [])).decode("latin-1").lower()
        return [coding.strip() for coding in listed.split(",") if coding.strip()]


def read_head(read: Callable[[int], bytes], length: int) -> tuple[Head, bytes]:
    """The head of a block of `length` bytes, and the bytes of the block's beginning that were read for it.

    Raises `Damaged` if the block opens as HTTP but has no end of head within a megabyte.
    """
    data = read(min(length, _FIRST_READ))
    status = _STATUS.match(data)
    if not status:
        return Head(), data
    while not (end := _END_OF_HEAD.search(data)) and len(data) < min(length, _LONGEST_HEAD):
        piece = read(min(length - len(data), _LONGEST_HEAD))
        if not piece:
            break
        data += piece
    if not end and len(data) >= _LONGEST_HEAD:
        raise Damaged("bad_header", f"more than {_LONGEST_HEAD} bytes of HTTP header")
    size = end.end() if end else len(data)
    fields: dict[bytes, list[bytes]] = {}
    for line in _FOLD.sub(b" ", data[:size]).split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.strip().lower(), []).append(value.strip())
    return Head(int(status[1] or 0), fields, size), data


def decode_body(body: bytes, head: Head, max_body: int, cut: bool = False) -> bytes:
    """The body without its transfer and content codings, at most `max_body` bytes.

    `cut`: the crawler says it kept only the beginning. Raises `Damaged`: bad_chunk_length,
    bad_content_encoding, body_too_large, or decompression_bomb if it is too large `BOMB_RATIO` times over.
    """
    transfer = head.codings("Transfer-Encoding")
    if "chunked" in transfer:
        body = b"".join(_chunks(body, cut))
    codings = head.codings("Content-Encoding") + transfer
    for coding in reversed(codings[-_MOST_CODINGS:]):
        if body and coding in _READERS:
            body = _decoded(body, coding, max_body, cut)
    if len(body) > max_body:
        raise Damaged("body_too_large", f"{len(body)} bytes, at most {max_body} allowed")
    return body


def oversized(inflated: int, compressed: int, max_body: int) -> Damaged:
    """What to call a body of more than `max_body` bytes, `inflated` of which came from `compressed`."""
    if inflated >= _BOMB_LEAST and inflated >= BOMB_RATIO * compressed:
        return Damaged("decompression_bomb", f"{compressed} bytes become at least {inflated}")
    return Damaged("body_too_large", f"more than {max_body} bytes")


def _chunks(body: bytes, cut: bool) -> Iterator[bytes]:
    """The chunks of a body (RFC 9112 section 7.1); one that does not open with a chunk size is given as it is."""
    position, line = 0, _CHUNK_LINE.match(body)
    if not line:
        yield body
        return
    while line and (size := int(line[1], 16)):
        end = line.end() + size
        if end > len(body) and not cut:
            raise Damaged("bad_chunk_length", f"{size} bytes announced, {len(body) - line.end()} left")
        yield body[line.end() : end]
        position = end + 2 if body[end : end + 2] == b"\r\n" else end
        line = _CHUNK_LINE.match(body, position)
    if not line and not cut:
        raise Damaged("bad_chunk_length", f"no chunk size but {body[position : position + 16]!r} at byte {position}")


def _decoded(body: bytes, coding: str, max_body: int, cut: bool) -> bytes:
    """The body without one content coding; the body itself where it was never so encoded."""
    begun = body.startswith(_MAGIC.get(coding, b"\x00never"))
    broken = None
    for open_reader in _READERS[coding]:
        reader = open_reader(BytesIO(body))
        data = _read_all(reader, max_body)
        broken = reader.damage
        if isinstance(reader, GzipMembers) and reader.end:
            broken = None  # a whole member; browsers do not mind what follows it either
        if not broken or (data and cut):
            return data
        begun = begun or bool(data)
    if begun and not _looks_like_text(body):
        raise Damaged("bad_content_encoding", f"{coding}: {broken.detail if broken else ''}")
    return body


def _read_all(reader: Reader, max_body: int) -> bytes:
    pieces, size = [], 0
    while size < max(max_body + 1, BOMB_SAMPLE) and (piece := reader.read(_PIECE)):
        size += len(piece)
        if size <= max_body:
            pieces.append(piece)
        else:
            pieces.clear()
    if size > max_body:
        raise oversized(size, reader.consumed(), max_body)
    return b"".join(pieces)


def _looks_like_text(body: bytes) -> bool:
    return not _NOT_TEXT.search(body, 0, 512)


_READERS: dict[str, list[Callable[[BytesIO], Reader]]] = {
    "gzip": [GzipMembers],
    "x-gzip": [GzipMembers],
    "deflate": [partial(GzipMembers, wbits=ZLIB, one=True), partial(GzipMembers, wbits=RAW_DEFLATE, one=True)],
    "br": [lambda body: FastwarcReader(BrotliReader(body, buffer_size=FASTWARC_BUFFER), "br")],
    "zstd": [lambda body: FastwarcReader(ZstdReader(body, buffer_size=FASTWARC_BUFFER), "zstd")],
}
_MAGIC = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
