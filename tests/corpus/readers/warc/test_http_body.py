"""Bodies as servers and crawlers really store them: encoded, chunked, both, neither, and lied about."""

import gzip
import zlib
from functools import partial
from io import BytesIO

import brotli
import pytest
import zstandard

from corpus.hashing import digest
from corpus.readers.warc.http_body import Body, decode_body, read_head
from corpus.readers.warc.inflate import Damaged

HTML = b"<!DOCTYPE html><title>t</title>" + b"".join(b"<p>%s</p>\n" % digest(str(i)).encode() for i in range(9000))
RAW = zlib.compressobj(6, zlib.DEFLATED, -15)
ENCODED = {
    "gzip": gzip.compress(HTML, mtime=0),
    "x-gzip": gzip.compress(HTML, mtime=0),
    "deflate": zlib.compress(HTML),
    "raw deflate": RAW.compress(HTML) + RAW.flush(),
    "br": brotli.compress(HTML, quality=5),
    "zstd": zstandard.compress(HTML),
}
LIMIT = 1 << 20


def chunked(body: bytes, size: int = 1000, last: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%X;name=value\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + last


def decode(body: bytes, *headers: str, cut: bool = False, max_body: int = LIMIT) -> bytes:
    return decoded(body, *headers, cut=cut, max_body=max_body).data


def decoded(body: bytes, *headers: str, cut: bool = False, max_body: int = LIMIT) -> Body:
    block = "\r\n".join(("HTTP/1.1 200 OK", *headers, "", "")).encode() + body
    head, data = read_head(BytesIO(block).read, len(block))
    assert block.startswith(data)
    return decode_body(block[head.size :], head, max_body, cut)


@pytest.mark.parametrize("coding", ENCODED)
def test_every_coding_gives_the_plain_body(coding):
    name, body = coding.removeprefix("raw "), ENCODED[coding]
    assert decode(body, f"Content-Encoding: {name}") == HTML
    assert decode(chunked(body), f"content-encoding: {name.upper()}", "transfer-encoding: chunked") == HTML
    assert decode(chunked(body, size=1), f"Transfer-Encoding: {name}, chunked") == HTML
    assert decode(gzip.compress(body, mtime=0), f"Content-Encoding: {name}, gzip") == HTML
    assert decode(gzip.compress(body, mtime=0), f"Content-Encoding: {name}", "Content-Encoding: gzip") == HTML


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "identity", "utf-8", "sdch", ""])
@pytest.mark.parametrize("body", [HTML, b"", b"plain words", b'{"a": 1}', b"\x89PNG\r\n\x1a\n" + bytes(range(256))])
def test_a_body_that_is_not_so_encoded_is_taken_as_it_is(coding, body):
    assert decode(body, f"Content-Encoding: {coding}") == body
    assert decode(body, f"Content-Encoding: {coding}", "Transfer-Encoding: chunked") == body


@pytest.mark.parametrize("coding", ENCODED)
@pytest.mark.parametrize("cut", [False, True])
def test_of_a_body_that_breaks_off_the_beginning_is_kept(coding, cut):
    name, body = f"Content-Encoding: {coding.removeprefix('raw ')}", ENCODED[coding]
    half = body[: len(body) * 9 // 10]
    beginning = decoded(half, name, cut=cut)
    assert len(beginning.data) > len(HTML) // 2
    assert HTML.startswith(beginning.data)
    assert not beginning.whole
    assert decoded(body, name).whole


@pytest.mark.parametrize("coding", ENCODED)
def test_a_body_that_breaks_in_the_middle_is_damaged(coding):
    name, body = f"Content-Encoding: {coding.removeprefix('raw ')}", ENCODED[coding]
    if coding in ("gzip", "deflate"):
        flipped = body[:5000] + bytes([body[5000] ^ 0xFF]) + body[5001:]
        with pytest.raises(Damaged, match="bad_content_encoding"):
            decode(flipped, name)


def test_what_follows_a_whole_gzip_member_is_left_out_and_further_members_are_read():
    assert decode(ENCODED["gzip"] + b"junk", "Content-Encoding: gzip") == HTML
    assert decode(ENCODED["gzip"] * 2, "Content-Encoding: gzip") == HTML * 2


@pytest.mark.parametrize(
    ("body", "damaged"),
    [
        (chunked(HTML), False),
        (chunked(HTML, last=b"000\r\nTrailer: x\r\n\r\n"), False),
        (chunked(HTML)[:-2], False),
        (chunked(HTML).replace(b"\r\n", b"\n"), False),
        (chunked(HTML).replace(b"\r\n", b"\r\r\n"), False),
        (chunked(HTML).replace(b"name=value\r\n", b"name=value\n"), False),
        (chunked(HTML).replace(b";name=value", b" "), False),
        (chunked(HTML).replace(b"3E8;", b"3E7;", 5), True),
        (chunked(HTML).replace(b"3E8;", b"3E9;", 5), True),
        (chunked(HTML, last=b"") + b"xyz\r\n", True),
        (b"-5\r\n" + HTML, None),
        (b"0x10\r\n" + HTML, None),
        (b"FEED\nthe cat\n", None),
    ],
)
def test_chunks(body, damaged):
    """`damaged` None: this was never chunked, whatever the header says."""
    if damaged is None:
        assert decode(body, "Transfer-Encoding: chunked") == body
    elif damaged:
        with pytest.raises(Damaged) as damage:
            decode(body, "Transfer-Encoding: chunked")
        assert damage.value.reason == "bad_chunk_length"
    else:
        assert decode(body, "Transfer-Encoding: chunked") == HTML


@pytest.mark.parametrize(
    "body",
    [
        chunked(HTML, last=b""),
        chunked(HTML, last=b"").removesuffix(b"\r\n"),
        chunked(HTML, last=b"0"),
        chunked(HTML, last=b"").replace(b"\r\n", b"\n"),
        chunked(HTML, size=10**6, last=b"").replace(b"\r\n", b"\n"),
        b"FFFFFFFFFFFFFFF\r\n" + HTML,
    ],
    ids=["no last chunk", "no line end", "half the last chunk", "bare LF", "one chunk", "never so long"],
)
def test_a_body_without_a_last_chunk_is_all_there_and_not_whole(body):
    assert decoded(body, "Transfer-Encoding: chunked") == Body(HTML, False)


@pytest.mark.parametrize("kept", [5000, 5016, 5017, 5018, 5019, 100_000])
def test_of_a_chunked_body_that_breaks_off_the_beginning_is_kept(kept):
    found = decoded(chunked(HTML)[:kept], "Transfer-Encoding: chunked")
    assert HTML.startswith(found.data)
    assert len(found.data) > kept * 0.97
    assert not found.whole


@pytest.mark.parametrize(
    ("headers", "cut", "whole"),
    [
        (("Content-Length: 9",), False, True),
        (("Content-Length: 10",), False, False),
        (("Content-Length: 8",), False, True),
        (("Content-Length: many",), False, True),
        (("Content-Length: " + "9" * 5000,), False, True),
        (("Content-Length: 100", "Content-Encoding: gzip"), False, True),
        ((), False, True),
        ((), True, False),
    ],
)
def test_fewer_bytes_than_declared_are_not_the_whole_body(headers, cut, whole):
    assert decoded(b"a page of", *headers, cut=cut) == Body(b"a page of", whole)


@pytest.mark.parametrize("kept", [3, 10, 500, 1012, 1020, 50000])
def test_of_a_chunked_body_that_was_cut_the_beginning_is_kept(kept):
    assert HTML.startswith(decode(chunked(HTML)[:kept], "Transfer-Encoding: chunked", cut=True)[: kept - 20])


@pytest.mark.parametrize(
    ("block", "status", "content_type", "rest"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=x\r\n\r\nbody", 200, "text/html; charset=x", b"body"),
        (b"HTTP/1.0 404 Not Found\nContent-Type: a/b\n\nbody\n\n", 404, "a/b", b"body\n\n"),
        (b"HTTP/2 301\r\n\r\n", 301, "", b""),
        (b"http/1.1  503  \r\ncontent-TYPE:x\r\n\r\nbody", 503, "x", b"body"),
        (b"ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\nbody", 200, "audio/mpeg", b"body"),
        (b"HTTP/1.1 OK\r\nContent-Type: a/b\r\n\r\nbody", 0, "a/b", b"body"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: a/b", 200, "a/b", b""),
        (b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Type: t\xe9xt\r\n\r\nbody", 200, "t\xe9xt", b"body"),
        (b"<html>no head at all</html>", 0, "", b"<html>no head at all</html>"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000 + b"Content-Type: late\r\n\r\nbody", 200, "late", b"body"),
        (b"", 0, "", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", b"body"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\nContent-Type: c/d\r\n\r\nHTTP/1.1 404 No\n\nx", 404, "", b"x"),
        (b"HTTP/1.1 100 \n\n" * 3 + b"HTTP/1.1 200 OK\nContent-Type: a/b\n\nbody", 200, "a/b", b"body"),
        (b"HTTP/1.0 200 Connection Established\r\n\r\nHTTP/1.1 301 M\r\n\r\n", 301, "", b""),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\nbytes", 101, "", b"bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 is a protocol", 200, "", b"HTTP/1.1 is a protocol"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", 100, "", b""),
        (b"HTTP/1.1 100 C\r\nX: " + b"y" * 16_353 + b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\nz", 200, "", b"z"),
        (b"HTTP/1.1 200 OK\r\r\nContent-Type: a/b\r\r\n\r\r\nbody", 200, "a/b", b"body"),
    ],
)
def test_heads(block, status, content_type, rest):
    head, _ = read_head(BytesIO(block).read, len(block))
    assert (head.status, head.value("Content-Type"), block[head.size :]) == (status, content_type, rest)


def test_a_head_without_an_end_is_damaged():
    block = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400000
    with pytest.raises(Damaged, match="bad_header"):
        read_head(BytesIO(block).read, len(block))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_too_much_is_told_from_a_bomb(coding):
    pack = {
        "gzip": gzip.compress,
        "deflate": partial(zlib.compress, level=6),
        "br": partial(brotli.compress, quality=1),
        "zstd": zstandard.compress,
    }[coding]
    for content, reason in ((bytes(10 << 20), "decompression_bomb"), (HTML * 4, "body_too_large")):
        with pytest.raises(Damaged) as damage:
            decode(pack(content), f"Content-Encoding: {coding}")
        assert damage.value.reason == reason
        assert decode(pack(content), f"Content-Encoding: {coding}", max_body=len(content)) == content


def test_a_bomb_inside_a_bomb():
    twice = gzip.compress(gzip.compress(bytes(24 << 20)), mtime=0)
    with pytest.raises(Damaged, match="decompression_bomb"):
        decode(twice, "Content-Encoding: gzip, gzip")
