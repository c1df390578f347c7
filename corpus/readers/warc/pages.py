"""The second pass over a web archive: the pages asked for, with their bodies decoded and checked.

A capture may be worth reading and still not be what the server sent. What was wrong with it and did not cost it stands
in `Page.marks`, words with blanks between them:

| mark | |
|---|---|
| `incomplete` | the end of the body is missing: the crawler cut it (`WARC-Truncated`), or the server stopped |
| `wrong_length` | the record's Content-Length was wrong, and the next record said where it ends |
| `bad_block_digest` | the block is not the one that the record has the digest of |
| `bad_payload_digest` | the same of the payload |

A record in segments (WARC 1.1, section 7) is put together where they lie in one file.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from io import BufferedReader, BytesIO
from itertools import islice
from pathlib import Path

from fastwarc.warc import HeaderMap

from corpus.document import Page, Quarantined
from corpus.readers.containers import Container, container, open_record, walk_file, walk_from
from corpus.readers.opt_outs import opt_out_of
from corpus.readers.warc.captures import holds_http, iso_date, media_type_of, quarantine, record_type_of, url_of
from corpus.readers.warc.digests import matches
from corpus.readers.warc.http_body import BOMB_SAMPLE, Head, decode_body, describe_oversized, read_head
from corpus.readers.warc.inflate import Damaged, Inflated
from corpus.readers.warc.media_type import parse_media_type
from corpus.readers.warc.records import NO_RECORD, ArchiveRecord, Use, ended_early, first

# A record that was no HTTP message was not answered with a status; that it is there means that it was fetched.
_FETCHED = 200
_SEGMENTED = "segmented_record"
_MOST_RECORDS_BETWEEN = 200


def read_pages(
    path: str | Path, offsets: Sequence[int], name: str | None = None, max_body: int = 10 * 2**20
) -> Iterator[Page | Quarantined]:
    """For each of the ascending `offsets`, as `scan` gave them, its page, or why there is none, in this order.

    Bodies are freed of chunking and content encodings; one of more than `max_body` bytes, stored or
    inflated, is never held in memory. Of records that are no responses, the block is the body.
    Raises OSError if the file cannot be read, ValueError if the offsets do not ascend.
    """
    if list(offsets) != sorted(offsets):  # one pass over the file answers them
        raise ValueError(f"{path}: the {len(offsets)} offsets asked for do not ascend; sort them")
    name = str(path) if name is None else name
    with Path(path).open("rb") as file:
        kind = container(file)
        for offset, result in _results(file, kind, offsets, partial(_page, name=name, max_body=max_body)):
            if isinstance(result, Damaged) and result.reason == _SEGMENTED:
                result = _join_segments(Path(path), kind, offset, name, max_body)
            yield quarantine(result, name, offset)


def _results(
    file: BufferedReader, kind: Container, offsets: Sequence[int], use: Use[Page]
) -> Iterator[tuple[int, Page | Damaged]]:
    for index, offset in enumerate(offsets):
        stream = open_record(file, kind, offset)
        # One that cannot be sought (a compressed stream) is looked for in passing, and all after it.
        if stream is None:
            yield from _read_in_passing(file, kind, offsets[index:], use)
            return
        # In a plain file the record stands at `offset`, in the inflated member at 0.
        yield offset, first(stream, offset if stream is file else 0, use, offset)


def _page(record: ArchiveRecord, stream: BufferedReader, offset: int, name: str, max_body: int) -> Page:
    headers = record.headers
    # A record in one segment is whole.
    if _segment_number(headers) and not (_segment_number(headers) == 1 and _total_length(headers) == record.length):
        raise Damaged(_SEGMENTED, f"segment {_segment_number(headers)} of a record")
    head, data = read_head(stream.read, record.length) if holds_http(headers) else (Head(), b"")
    # `data` is the beginning of the block, the head and perhaps some of the body.
    rest = record.length - head.size
    if rest > max_body:
        raise _too_large(stream, rest, max_body)
    stored = data[head.size :] + stream.read(record.length - len(data))
    if len(stored) < rest:
        raise ended_early(stream, record)
    cut = bool(headers.get("WARC-Truncated"))
    body = decode_body(stored, head, max_body, cut)
    marks = {"incomplete": not body.whole, "wrong_length": record.measured}
    if record_type_of(headers) == "revisit":
        marks = {}  # what its headers say is said of another record
    else:
        marks |= _digest_marks(headers, data[: head.size], stored, body.data, cut)
    # "application/http" without a readable head: its status is 0, not "fetched".
    http = head.size or (headers.get("Content-Type") or "").strip().lower().startswith("application/http")
    content_type = media_type_of(headers, head)
    media = parse_media_type(content_type)
    is_text = record_type_of(headers) == "conversion" and (not media or media.essence == "text/plain")
    said = (head.values("X-Robots-Tag"), head.values("TDM-Reservation"))
    return Page(
        url=url_of(headers, "WARC-Target-URI"),
        date=iso_date(headers.get("WARC-Date")),
        status=head.status if http else _FETCHED,
        content_type=content_type,
        body=body.data,
        warc_file=name,
        warc_offset=offset,
        kind="text" if is_text else "html",
        marks=" ".join(mark for mark, holds in marks.items() if holds),
        opt_out=opt_out_of(*said, b"" if is_text else body.data),
    )


def _digest_marks(headers: HeaderMap, head: bytes, stored: bytes, decoded: bytes, cut: bool) -> dict[str, bool]:
    """Which digests of the record are not those of its bytes. A block that has its own needs no look at the payload."""
    block, payload = headers.get("WARC-Block-Digest") or "", headers.get("WARC-Payload-Digest") or ""
    # Whose is the digest of a segment's block: the segment's. That of the payload is the whole record's.
    if block and not _segment_number(headers):
        good = matches(block, [head + stored])
        if good or not payload:  # what the block's digest covers, the payload's covers too
            return {"bad_block_digest": not good}
    elif not payload:
        return {}
    bad_payload = not cut and not matches(payload, [stored, decoded])
    return {"bad_block_digest": bool(block) and not _segment_number(headers), "bad_payload_digest": bad_payload}


def _join_segments(path: Path, kind: Container, offset: int, name: str, max_body: int) -> Page | Damaged:
    """The page of a record in segments, of which the first is at `offset`."""
    segments = _Segments(offset, max_body)
    with path.open("rb") as file:
        for _, found in islice(walk_from(file, kind, offset, segments.take), _MOST_RECORDS_BETWEEN):
            if isinstance(found, Damaged):
                return found
            if segments.total:  # the last segment has said how long all are
                break
    block, headers = b"".join(segments.blocks), segments.headers
    if headers is None or len(segments.blocks) < 2 or segments.total not in (0, len(block)):
        return Damaged(_SEGMENTED, f"segment {len(segments.blocks) + 1} is not among the records that follow")
    record = ArchiveRecord(headers, 0, len(block), line_ends=2)
    headers.append("WARC-Segment-Total-Length", str(len(block)))
    if not segments.total:  # there may be more of it
        headers.append("WARC-Truncated", "unspecified")
    try:
        return _page(record, BufferedReader(BytesIO(block)), offset, name, max_body)
    except Damaged as damage:
        return damage


class _Segments:
    """The blocks of the record at `start`, taken as its segments are walked past."""

    def __init__(self, start: int, max_body: int) -> None:
        self.headers: HeaderMap | None = None
        self.blocks: list[bytes] = []
        self.total = 0  # bytes of the whole record, once its last segment has said so
        self._start, self._max_body, self._size = start, max_body, 0

    def take(self, record: ArchiveRecord, stream: BufferedReader, offset: int) -> None:
        """Keep the block if it is the next of the record."""
        number, origin = _segment_number(record.headers), record.headers.get("WARC-Segment-Origin-ID")
        if offset < self._start:
            return
        # Only the next segment of the same record.
        if number != len(self.blocks) + 1 or (self.headers and origin != self.headers.get("WARC-Record-ID")):
            return
        self._size += record.length
        if self._size > self._max_body:
            raise _too_large(stream, self._size, self._max_body)
        block = stream.read(record.length)
        if len(block) < record.length:
            raise ended_early(stream, record)
        self.headers = self.headers or record.headers
        self.blocks.append(block)
        self.total = _total_length(record.headers)


def _too_large(stream: BufferedReader, rest: int, max_body: int) -> Damaged:
    """What to call a block that is too long to be held: some of it is inflated, and dropped, to see its ratio."""
    raw = stream.raw
    if not isinstance(raw, Inflated):
        return describe_oversized(rest, rest, max_body)
    position, consumed = raw.tell(), raw.reader.consumed()
    # Read on far enough to see a bomb: its ratio is that of inflated to compressed bytes.
    stream.seek(stream.tell() + min(rest, max(max_body, BOMB_SAMPLE)))
    return describe_oversized(raw.tell() - position, raw.reader.consumed() - consumed, max_body)


def _read_in_passing(
    file: BufferedReader, kind: Container, offsets: Sequence[int], use: Use[Page]
) -> Iterator[tuple[int, Page | Damaged]]:
    """The asked for among all records of the file, where they cannot be sought one by one."""
    asked, index = set(offsets), 0
    missing = Damaged(NO_RECORD, "no record starts here")

    def use_if_asked(record: ArchiveRecord, stream: BufferedReader, offset: int) -> Page | None:
        return use(record, stream, offset) if offset in asked else None

    for offset, result in walk_file(file, kind, use_if_asked):
        while index < len(offsets) and offsets[index] <= offset:
            yield offsets[index], result if result and offsets[index] == offset else missing
            index += 1
        if index == len(offsets):
            return
    yield from ((offset, missing) for offset in offsets[index:])


def _segment_number(headers: HeaderMap) -> int:
    return _number(headers, "WARC-Segment-Number")


def _total_length(headers: HeaderMap) -> int:
    return _number(headers, "WARC-Segment-Total-Length")


def _number(headers: HeaderMap, name: str) -> int:
    """A header as a number; 0 without one."""
    written = (headers.get(name) or "").strip()
    return int(written) if re.fullmatch("[0-9]{1,18}", written) else 0
