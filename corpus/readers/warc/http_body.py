"""The HTTP message inside a record: its head, and its body freed of chunking and content encodings.

Crawlers do not agree on what they store: some keep the bytes of the wire, some decode the body and keep the
header that says it is encoded, and servers lie on their own. So every coding is tried, and a body that does
not begin as its header says is taken as it is. A body that ends too early (no last chunk, half a gzip member,
fewer bytes than Content-Length) is a page as far as it goes, and says that it is not whole. One that breaks in
the middle is damaged, except where the crawler itself cut it (`WARC-Truncated`).

Inflated bytes are counted while they come, so a bomb costs no memory; br goes through fastwarc, because
Google's `brotli` bounds its output only from version 1.2 on.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO

from fastwarc.stream_io import BrotliReader, ZstdReader

from corpus.readers.warc.inflate import (
    FASTWARC_BUFFER,
    RAW_DEFLATE,
    ZLIB,
    Damaged,
    FastwarcReader,
    GzipMembers,
    InflatingReader,
)

BOMB_RATIO = 900  # inflated to compressed; deflate cannot exceed 1032, and a page of nothing but spaces comes near
BOMB_SAMPLE = 8 << 20  # so many inflated bytes of an oversized body are looked at, where there are as many
_BOMB_LEAST = 1 << 20  # of fewer inflated bytes no ratio is believed: buffers blur it

# ICY: the answer of SHOUTcast servers.
_STATUS = re.compile(rb"(?:HTTP/[\d.]+|ICY)(?:[ \t]+(\d{3})(?!\d))?", re.IGNORECASE)
# Line ends are CRLF by the book; servers write a bare LF, and archives that were copied as text have CR CR LF.
_END_OF_HEAD = re.compile(rb"\n\r*\n")
# Answers that another one follows: 1xx (RFC 9110 section 15.2), and a proxy's to CONNECT.
_INTERIM = re.compile(rb"HTTP/[\d.]+[ \t]+(?:1\d\d(?!\d)|200[ \t]+connection established)", re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]+")  # a field that goes on in the next line, as old servers wrote it
# "1a;name=value": the size in hex, an extension, the line end, which the chunk's own end has to match.
_CHUNK_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]{0,1000})?(\r*\n)")
# What may be left where a body was cut inside such a line.
_HALF_A_CHUNK_LINE = re.compile(rb"\r*+\n?[ \t]*[0-9A-Fa-f]{0,15}[ \t]*(?:;[^\r\n]{0,1000})?\r*")
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # control characters: no text has them
# Bytes read at first; of a head; of an interim status line.
_FIRST_READ, _LONGEST_HEAD, _LONGEST_STATUS = 1 << 14, 1 << 20, 64
_PIECE = 1 << 16
# Five layers: a page has one or two, a hostile one hundreds.
_MOST_CODINGS = 5


@dataclass(frozen=True, slots=True)
class Head:
    """Status and header fields of an HTTP response, `size` bytes long; status 0 and size 0 where there is none.

    Interim answers that were received before it (`100 Continue`) count into the size.
    """

    status: int = 0
    fields: dict[bytes, list[bytes]] = field(default_factory=dict)
    size: int = 0

    def value(self, name: str) -> str:
        """The first value of a header field, or ""; UTF-8 where it is valid, else Latin-1."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        """All values of a header field, in their order."""
        return [_field_text(data) for data in self.fields.get(name.lower().encode(), [])]

    def codings(self, name: str) -> list[str]:
        """The codings listed in a header field, lower case, in the order in which they were applied."""
        listed = b",".join(self.fields.get(name.lower().encode(), [])).decode("latin-1").lower()
        return [coding.strip() for coding in listed.split(",") if coding.strip()]


@dataclass(frozen=True, slots=True)
class Body:
    """A body without its codings; `whole` is False where its end is missing."""

    data: bytes
    whole: bool = True


def read_head(read: Callable[[int], bytes], length: int) -> tuple[Head, bytes]:
    """The head of a block of `length` bytes, and the bytes of the block's beginning that were read for it.

    Raises `Damaged` if the block opens as HTTP but has no end of head within a megabyte.
    """
    data, start = read(min(length, _FIRST_READ)), 0
    status = _STATUS.match(data)
    if not status:
        return Head(), data
    data, end = _with_end_of_head(data, start, read, length)
    while _INTERIM.match(data, start):
        if len(data) < end + _LONGEST_STATUS:  # so that the next status line is there as a whole
            data += read(min(length - len(data), _FIRST_READ))
        following = _STATUS.match(data, end)
        if not following:
            break
        status, start = following, end
        data, end = _with_end_of_head(data, start, read, length)
    fields: dict[bytes, list[bytes]] = {}
    for line in _FOLD.sub(b" ", data[start:end]).split(b"\n")[1:]:  # [1:]: without the status line
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.strip().lower(), []).append(value.strip())
    return Head(int(status[1] or 0), fields, end), data


def _with_end_of_head(data: bytes, start: int, read: Callable[[int], bytes], length: int) -> tuple[bytes, int]:
    """The block's beginning, read on to the blank line of the head at `start`, and where that head ends."""
    while not (end := _END_OF_HEAD.search(data, start)) and len(data) < min(length, _LONGEST_HEAD):
        piece = read(min(length - len(data), _LONGEST_HEAD))
        if not piece:
            break
        data += piece
    if not end and len(data) >= _LONGEST_HEAD:
        raise Damaged("bad_header", f"more than {_LONGEST_HEAD} bytes of HTTP header")
    return data, end.end() if end else len(data)


def _field_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decode_body(body: bytes, head: Head, max_body: int, cut: bool = False) -> Body:
    """The body without its transfer and content codings, at most `max_body` bytes.

    `cut`: the crawler says it kept only the beginning. Raises `Damaged`: bad_chunk_length,
    bad_content_encoding, body_too_large, or decompression_bomb if it is too large `BOMB_RATIO` times over.
    """
    transfer = head.codings("Transfer-Encoding")
    # As they were applied: first those of the content, then those of the transfer. They are undone in reverse.
    codings = head.codings("Content-Encoding") + transfer
    # Whole, if nothing says otherwise: with codings their own end tells, else the declared length.
    decoded = Body(body, not cut and bool(codings or len(body) >= _declared_length(head)))
    if "chunked" in transfer:
        decoded = _unchunk(decoded, cut)
    for coding in reversed(codings[-_MOST_CODINGS:]):
        if decoded.data and coding in _READERS:
            decoded = _decode(decoded, coding, max_body, cut)
    if len(decoded.data) > max_body:
        raise Damaged("body_too_large", f"{len(decoded.data)} bytes, at most {max_body} allowed")
    return decoded


def _declared_length(head: Head) -> int:
    written = head.value("Content-Length")
    return int(written) if re.fullmatch("[0-9]{1,18}", written) else 0


def describe_oversized(inflated: int, compressed: int, max_body: int) -> Damaged:
    """What to call a body of more than `max_body` bytes, `inflated` of which came from `compressed`."""
    if inflated >= _BOMB_LEAST and inflated >= BOMB_RATIO * compressed:
        return Damaged("decompression_bomb", f"{compressed} bytes become at least {inflated}")
    return Damaged("body_too_large", f"more than {max_body} bytes")


def _unchunk(body: Body, cut: bool) -> Body:
    """The chunks of a body (RFC 9112 section 7.1); one that does not open with a chunk size is given as it is.

    The line end after a chunk is that of the line before it. So a size that is wrong by one is not taken for right.
    """
    data, position, pieces = body.data, 0, list[bytes]()
    line = _CHUNK_LINE.match(data)
    # "face\nis a word" begins like a chunk of 0xface bytes; with bare line ends the next chunk has to fit, too.
    if not line or (line[2] == b"\n" and not _fits(data, _after_chunk(data, line))):
        return body  # the first word of a text may look like a size
    # A size of 0 is the last chunk.
    while line and (size := int(line[1], 16)):
        end = line.end() + size
        pieces.append(data[line.end() : end])
        position = _after_chunk(data, line)
        line = _CHUNK_LINE.match(data, position)
    if not line and not cut and not _HALF_A_CHUNK_LINE.fullmatch(data, min(position, len(data))):
        raise Damaged("bad_chunk_length", f"no chunk size but {data[position : position + 16]!r} at byte {position}")
    return Body(b"".join(pieces), body.whole and line is not None)  # no last chunk: the end is missing


def _fits(data: bytes, position: int) -> bool:
    """Whether another chunk, or the end of the body, is where a chunk ends."""
    return position == len(data) or _CHUNK_LINE.match(data, position) is not None


def _after_chunk(data: bytes, line: re.Match[bytes]) -> int:
    """Where the line after a chunk begins, if the size in `line` is right."""
    end = line.end() + int(line[1], 16)
    # After a line with LF the chunk may still end with CRLF; never the other way round.
    ends = (line[2], b"\r\n") if line[2] == b"\n" else (line[2],)
    return end + next((len(each) for each in ends if data.startswith(each, end)), 0)


def _decode(body: Body, coding: str, max_body: int, cut: bool) -> Body:
    """The body without one content coding; the body itself where it was never so encoded."""
    # "\x00never": no body begins like this, so nothing is known of codings without a magic.
    begun = body.data.startswith(_MAGIC.get(coding, b"\x00never"))
    broken = None
    # "deflate" is zlib by the book and raw deflate by some servers: each is tried.
    for open_reader in _READERS[coding]:
        reader = open_reader(BytesIO(body.data))
        data = _read_all(reader, max_body)
        broken = reader.damage
        if isinstance(reader, GzipMembers) and reader.end:
            broken = None  # a whole member; browsers do not mind what follows it either
        if not broken:
            return Body(data, body.whole)
        if data and (cut or (_ends_early(reader, body.data) and not _looks_like_text(body.data))):
            return Body(data, False)
        begun = begun or bool(data)  # it gave bytes: it was encoded
    # A body that never was what its header says is taken as it is, unless it is binary and begun.
    if begun and not _looks_like_text(body.data):
        raise Damaged("bad_content_encoding", f"{coding}: {broken.detail if broken else ''}")
    return body


def _ends_early(reader: InflatingReader, body: bytes) -> bool:
    """Whether all that is wrong with a compressed body is that its end is missing."""
    damage = reader.damage
    assert damage
    if damage.reason == "br":  # gives one reason for everything
        return reader.consumed() >= len(body)
    return damage.reason == "truncated_record" or damage.detail == "incomplete frame"


def _read_all(reader: InflatingReader, max_body: int) -> bytes:
    pieces, size = [], 0
    while size < max(max_body + 1, BOMB_SAMPLE) and (piece := reader.read(_PIECE)):
        size += len(piece)
        if size <= max_body:
            pieces.append(piece)
        else:
            pieces.clear()
    if size > max_body:
        raise describe_oversized(size, reader.consumed(), max_body)
    return b"".join(pieces)


def _looks_like_text(body: bytes) -> bool:
    return not _NOT_TEXT.search(body, 0, 512)


_READERS: dict[str, list[Callable[[BytesIO], InflatingReader]]] = {
    "gzip": [GzipMembers],
    "x-gzip": [GzipMembers],
    "deflate": [partial(GzipMembers, wbits=ZLIB, one=True), partial(GzipMembers, wbits=RAW_DEFLATE, one=True)],
    "br": [lambda body: FastwarcReader(BrotliReader(body, buffer_size=FASTWARC_BUFFER), "br")],
    "zstd": [lambda body: FastwarcReader(ZstdReader(body, buffer_size=FASTWARC_BUFFER), "zstd")],
}
_MAGIC = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
