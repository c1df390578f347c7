"""The records in an uncompressed archive stream, WARC and ARC, one after the other and past the damage.

A record is a header, a block of the declared length and a blank line. Only the length says where the next
record begins, and a wrong one goes unnoticed until something other than a record stands there. So a record
counts as whole when the next one, or the end of the file, follows it. Where something else does, the next words
that open a record are looked for, from the record's own block on: if a blank line stands before them, the block
was whole and its length wrong (an archive copied as text, with other line ends), else the record is damaged.

ARC (Heritrix's older format) is one header line, `URL IP date type length`; it is read as if it were WARC.
Both kinds are told apart record by record, by content.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO
from typing import TypeVar

from fastwarc.warc import HeaderMap

from corpus.quarantine import reason_of
from corpus.readers.warc.inflate import Damaged, GzipMembers, Inflated

Result = TypeVar("Result")

_WARC_LINE = rb"WARC/[01]\.\d{1,2}[ \t]*\r*\n"  # the version, whatever the line end
# URL, IP, date, type, length.
_ARC_LINE = rb"([A-Za-z][\w+.-]*:[^\r\n]*) ([\w.:-]+) (\d{14}|\d{12}) ([^\r\n]{0,400}?) ?(\d{1,18})[ \t]*\r*\n"
_ARC_RECORD = re.compile(_ARC_LINE)
NO_RECORD = "no_record"  # the reason where a record should start and something else stands
# Line ends of the record before may come first.
RECORD_START = re.compile(rb"[\r\n]{0,64}(?:" + _WARC_LINE + rb"|" + _ARC_LINE + rb")")
_WARC_SOMEWHERE = re.compile(_WARC_LINE)  # also inside a line: where a clipped record runs into the next
_LINE_END = re.compile(rb"\r*\n\Z")
_OWN_LINE_ENDS = {number: re.compile(rb"(?:\r*\n){%d}\Z" % number) for number in (1, 2)}
_LONGEST_END = 64
_ARC_ON_A_LINE = re.compile(rb"\n" + _ARC_LINE)
_LENGTH = re.compile(r"[ \t]*([0-9]{1,18})[ \t]*")
_LONGEST_LINE = 1 << 16
_LONGEST_HEADER = 32000  # fastwarc's limit is 32 KiB
_UNKNOWN_LENGTH = 1 << 60  # beyond every file
_FIRST_SEARCH = 1 << 12
_SEARCH = 1 << 16  # less than `Inflated` keeps, so that the way back to what was found is free


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """A record's header, and where its block lies: `length` bytes from position `block` on, then line ends.

    `header_end` are the line ends of the header: after a copy as text they are LF or CR CR LF, and the length, which
    the copy left alone, is too long or too short. `measured`: the length was wrong, and is not now.
    """

    headers: HeaderMap
    block: int
    length: int
    line_ends: int
    header_end: bytes = b"\r\n"
    measured: bool = False


Use = Callable[[ArchiveRecord, BufferedReader, int], Result]


def walk(
    stream: BufferedReader, use: Use[Result], offset_of: Callable[[int, int], int], start: int = 0
) -> Iterator[tuple[int, Result | Damaged]]:
    """Every record from position `start` on: its offset and what `use` made of it, or what was wrong with it.

    `offset_of(position, index)` is the record's name to the outside; `use(record, stream, offset)` may read
    the block or not. One result stands for each damaged stretch; inside a single gzip member the first one
    ends the walk, for the next member is a better place to go on.
    """
    position: int | None = start
    index = 0
    while position is not None:
        position = _skip_blank_lines(stream, position)[0]
        if not stream.peek(1):
            break
        offset, after = offset_of(position, index), position + 1  # a later search begins at least one byte on
        index += 1
        try:
            record = read_header(stream, position)
            after = record.block
            result = _use(record, stream, use, offset)
            result, position = _whole(result, record, stream, use, offset)
        except Exception as error:
            damage = as_damage(error)
            position = None if _is_one_member(stream) else find_record(stream, after)
            # Too short a file, and yet a record follows: the length was wrong.
            lying = damage.reason == "truncated_record" and position is not None
            result = Damaged("bad_content_length", damage.detail) if lying else damage
        yield offset, result
    broken = break_of(stream)
    if broken and not index:
        yield offset_of(start, 0), broken


def first(stream: BufferedReader, start: int, use: Use[Result], offset: int) -> Result | Damaged:
    """What `use` makes of the record at `start`, or what is wrong with it; a bomb is not read on."""
    try:
        record = read_header(stream, _skip_blank_lines(stream, start)[0])
        result = _use(record, stream, use, offset)
        if isinstance(result, Damaged) and result.reason == "decompression_bomb":
            return result
        return _whole(result, record, stream, use, offset)[0]
    except Exception as error:
        return as_damage(error)


def read_header(stream: BufferedReader, position: int) -> ArchiveRecord:
    """The header of the record at `position`; raises `Damaged` if there is none or it cannot be used."""
    stream.seek(position)
    line = stream.readline(_LONGEST_LINE)
    if not RECORD_START.match(line):
        broken = None if stream.peek(1) else break_of(stream)
        raise broken or Damaged(NO_RECORD, f"no record starts with {line[:40]!r}")
    arc = _ARC_RECORD.match(line)
    headers = _arc_headers(arc) if arc else _warc_headers(stream, line)
    declared = headers.get("Content-Length")
    if not headers.get("WARC-Type"):
        raise Damaged("bad_header", "no WARC-Type")
    length = _LENGTH.fullmatch(declared or "")
    line_end = _LINE_END.search(line)
    return ArchiveRecord(
        headers,
        block=stream.tell(),
        length=int(length[1]) if length else _UNKNOWN_LENGTH,
        line_ends=1 if arc else 2,
        header_end=line_end[0] if line_end else b"",
    )


def next_position(stream: BufferedReader, record: ArchiveRecord) -> int:
    """Where the next record is to be looked for; raises `Damaged` if this one is not whole."""
    end = record.block + record.length
    if record.length:
        if record.length == _UNKNOWN_LENGTH:
            raise Damaged("bad_content_length", f"Content-Length is {record.headers.get('Content-Length')!r}")
        known_end = stream.raw.end if isinstance(stream.raw, Inflated) else os.fstat(stream.fileno()).st_size
        if known_end is not None and end > known_end:  # no file system seeks to every number
            raise ended_early(stream, record)
        stream.seek(end - 1)
        if not stream.read(1):
            raise ended_early(stream, record)
    position, blank = _skip_blank_lines(stream, end)
    # What follows decides: nothing, a record, or something else.
    following = stream.readline(_LONGEST_LINE)
    if not following and (broken := break_of(stream)):
        raise broken
    if following and not RECORD_START.match(following):
        alone = _is_one_member(stream)
        if alone:
            stream.seek(1 << 62)  # is the member's checksum right?
        # Something else after a full blank line: the record is whole, and the damage is the next one's.
        if alone or blank.count(b"\n") < record.line_ends or record.header_end == b"\r\r\n":
            found = f"{blank + following[:40]!r} follows"
            raise break_of(stream) or Damaged("bad_content_length", f"{record.length} bytes declared, but {found}")
    return position


def _whole(
    result: Result | Damaged, record: ArchiveRecord, stream: BufferedReader, use: Use[Result], offset: int
) -> tuple[Result | Damaged, int | None]:
    """The result and where to go on, by the record's length; where that is wrong, what `use` makes of the true one."""
    try:
        return result, next_position(stream, record)
    except Damaged:
        measured, following = _measure(stream, record)
        if measured is None:
            raise
        # None: `use` wanted nothing of it.
        return _use(measured, stream, use, offset) if result is not None else result, following


def _measure(stream: BufferedReader, record: ArchiveRecord) -> tuple[ArchiveRecord | None, int | None]:
    """The record with the length that the next one, or the end of the file, gives it; None if no blank line ends it."""
    raw = stream.raw
    if isinstance(raw, Inflated) and (raw.damage or raw.restarts_left <= 0):
        return None, None
    following = find_record(stream, record.block)
    end = following
    if end is None:
        end = stream.seek(1 << 62) if isinstance(raw, Inflated) else os.fstat(stream.fileno()).st_size
        clipped = record.block + record.length > end and record.length != _UNKNOWN_LENGTH
        copied = record.header_end != b"\r\n" and record.line_ends == 2
        if clipped and not copied and not _is_one_member(stream):
            return None, None
    start = max(record.block, end - _LONGEST_END)  # the line ends before the next record belong to this one
    stream.seek(start)
    line_ends = _OWN_LINE_ENDS[record.line_ends].search(stream.read(end - start))
    if not line_ends or break_of(stream):
        return None, None
    length = end - len(line_ends[0]) - record.block
    return replace(record, length=length, measured=True), following


def find_record(stream: BufferedReader, start: int) -> int | None:
    """Where the next words that open a record stand, at or after `start`; None if there are none.

    A compressed stream that was started over too often is searched only from where it stands.
    """
    raw = stream.raw
    if isinstance(raw, Inflated) and raw.restarts_left <= 0:
        start = max(start, stream.tell())
    start, window = start - 1, b""  # a line starts after a line end, so one byte before `start` is looked at
    stream.seek(start)
    size = _FIRST_SEARCH
    while piece := stream.read(size):
        window += piece
        size = _SEARCH
        warc = _WARC_SOMEWHERE.search(window, 1)
        # An ARC header only before the first WARC one.
        arc = _ARC_ON_A_LINE.search(window, 0, warc.start() if warc else len(window))
        if warc or arc:
            return start + (arc.start() + 1 if arc else warc.start() if warc else 0)
        keep = max(0, window.rfind(b"\n"), len(window) - _LONGEST_LINE)  # the last line may go on
        start, window = start + keep, window[keep:]
    return None


def ended_early(stream: BufferedReader, record: ArchiveRecord) -> Damaged:
    """What to say of a record whose block is not all there."""
    return break_of(stream) or Damaged("truncated_record", f"{record.length} bytes declared, fewer are there")


def break_of(stream: BufferedReader) -> Damaged | None:
    """What broke the compressed stream under this one, if it is compressed, was read that far, and broke."""
    return stream.raw.damage if isinstance(stream.raw, Inflated) else None


def _is_one_member(stream: BufferedReader) -> bool:
    raw = stream.raw
    return isinstance(raw, Inflated) and isinstance(raw.reader, GzipMembers) and raw.reader.one


def _use(record: ArchiveRecord, stream: BufferedReader, use: Use[Result], offset: int) -> Result | Damaged:
    """What `use` says, or raises: damage inside the block does not mean that the record's length is wrong."""
    if record.length == _UNKNOWN_LENGTH:
        return Damaged("bad_content_length", f"Content-Length is {record.headers.get('Content-Length')!r}")
    stream.seek(record.block)
    try:
        return use(record, stream, offset)
    except Exception as error:
        return as_damage(error)


def as_damage(error: Exception) -> Damaged:
    """What a record raised, as damage; errors that are not the record's are raised again."""
    return error if isinstance(error, Damaged) else Damaged(*reason_of(error))


def _warc_headers(stream: BufferedReader, line: bytes) -> HeaderMap:
    lines, size = [], 0
    while line.strip():
        lines.append(line.rstrip(b"\r\n") + b"\r\n")  # HeaderMap reads no bare LF
        size += len(lines[-1])
        line = stream.readline(_LONGEST_LINE)
        if not line:
            raise break_of(stream) or Damaged("truncated_record", "the file ends inside a record header")
        if size > _LONGEST_HEADER:
            raise Damaged("bad_header", f"more than {_LONGEST_HEADER} bytes of header")
        if RECORD_START.match(line):
            raise Damaged("bad_header", "another record begins inside the header")
    headers = HeaderMap()
    headers.parse(BytesIO(b"".join(lines)))
    return headers


def _arc_headers(line: re.Match[bytes]) -> HeaderMap:
    """An ARC header line as WARC headers; the file's own description is its warcinfo."""
    url, _, date, kind, length = (group.decode("utf-8", "replace") for group in line.groups())
    headers = HeaderMap()
    headers.append("WARC-Type", "warcinfo" if url.startswith("filedesc:") else "response")
    headers.append("WARC-Target-URI", url)
    headers.append("WARC-Date", date)
    headers.append("Content-Type", kind.split(" ")[0])
    headers.append("Content-Length", length)
    return headers


def _skip_blank_lines(stream: BufferedReader, position: int) -> tuple[int, bytes]:
    """Go past line ends from `position` on: where the next other byte is, and the first line ends passed."""
    stream.seek(position)
    passed = b""
    while window := stream.peek(1):
        rest = window.lstrip(b"\r\n")
        blank = len(window) - len(rest)
        passed = passed or window[:blank]
        stream.seek(position + blank)
        position += blank
        if rest:
            break
    return position, passed[:64]
