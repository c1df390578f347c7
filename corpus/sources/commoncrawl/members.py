"""A record cut out of a range of bytes: is it the one that the index promised?

The index may be wrong, and so may a server. So a record counts when its bytes are one whole gzip member, no more and no
less, that holds a WARC record of the URL asked for. Inflating stops at a bound, as a bomb may lie anywhere.
"""

import re
import zlib

from corpus.urls import address

MOST_INFLATED = 2**27
_PIECE = 1 << 20
_HEAD = 1 << 15
# Some writers put the URL in angle brackets.
_TARGET = re.compile(rb"^WARC-Target-URI:[ \t]*<?([^\r\n>]*)", re.IGNORECASE | re.MULTILINE)


def wrong_with(data: bytes, length: int, url: str) -> tuple[str, str]:
    """Reason and detail of what is wrong with the `length` bytes of a record; two empty texts where nothing is.

    `range.beyond_the_file`, `no_gzip_member`, `broken_member`, `longer_than_a_member`, `too_large`, `no_record`,
    `another_page`.
    """
    if len(data) < length:
        return "range.beyond_the_file", f"{len(data)} of {length} bytes"
    if not data.startswith(b"\x1f\x8b"):
        return "range.no_gzip_member", f"it begins with {data[:8]!r}"
    member, head, size, piece = zlib.decompressobj(31), b"", 0, data  # 31: with gzip's header
    try:
        while piece and not member.eof and size <= MOST_INFLATED:
            inflated = member.decompress(piece, _PIECE)  # at most a megabyte at once: a bomb stops at the bound
            size += len(inflated)
            head += inflated[: max(_HEAD - len(head), 0)]
            piece = member.unconsumed_tail
    except zlib.error as error:
        return "range.broken_member", str(error)
    if size > MOST_INFLATED:
        return "range.too_large", f"more than {MOST_INFLATED} bytes inflated"
    if not member.eof:
        return "range.broken_member", f"{length} bytes do not hold the end of the member"
    if member.unused_data:
        return "range.longer_than_a_member", f"{len(member.unused_data)} bytes follow the member"
    return _wrong_record(head, url)


def _wrong_record(head: bytes, url: str) -> tuple[str, str]:
    fields = head.partition(b"\r\n\r\n")[0]
    target = _TARGET.search(fields)
    if not head.startswith(b"WARC/1.") or target is None:
        return "range.no_record", f"it inflates to {head[:40]!r}"
    found = target[1].decode("utf-8", "replace").strip()
    return ("", "") if _same_page(found, url) else ("range.another_page", found[:200])


def _same_page(found: str, url: str) -> bool:
    try:
        return found == url or address(found).surt == address(url).surt
    except ValueError:
        return False
