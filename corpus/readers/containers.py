"""The packing of records in a file, told by content: plain, one gzip member each, or one compressed stream.

| container | a record's offset | reached by |
|---|---|---|
| plain   | where it stands in the file | seeking |
| members | where its gzip member starts (`+ 1`, `+ 2` for further records of that member) | seeking |
| gzip, zstd, lz4 | its position in the inflated bytes | reading from the start |

After a break in the compressed bytes, deflate cannot go on; the next member whose first bytes are a record
header is looked for. Blocked gzip (bgzip), whose members do not begin with records, is read as one stream.
"""

import os
import re
from collections.abc import Generator, Iterator
from functools import partial
from io import BufferedReader
from itertools import islice
from typing import Literal, TypeVar

from fastwarc.stream_io import Lz4Reader, ZstdReader

from corpus.readers.warc.inflate import (
    FASTWARC_BUFFER,
    MAGIC,
    Damaged,
    FastwarcReader,
    GzipMembers,
    Inflated,
    find_member,
    member_head,
)
from corpus.readers.warc.records import RECORD_START, ArchiveRecord, Use, find_record, walk

Result = TypeVar("Result")
Container = Literal["plain", "members", "gzip", "zstd", "lz4"]

_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")  # a frame, or one to skip
_LZ4 = b"\x04\x22\x4d\x18"


def container(file: BufferedReader) -> Container:
    """How the records of `file` are packed; something that holds none is "plain" or one compressed stream."""
    file.seek(0)
    head = file.read(1 << 14)
    if head.startswith(MAGIC):
        return "members" if _one_record_each(file) else "gzip"
    if head.startswith(_LZ4) or _ZSTD.match(head):
        return "lz4" if head.startswith(_LZ4) else "zstd"
    if RECORD_START.match(head):
        return "plain"
    member = find_member(file, 0, RECORD_START.match)  # the beginning is damaged, or this is no archive
    record = find_record(file, 1)
    # Whatever comes first: a record in the open, or a member that begins with one.
    return "plain" if member is None or (record is not None and record < member) else "members"


def walk_file(file: BufferedReader, kind: Container, use: Use[Result]) -> Iterator[tuple[int, Result | Damaged]]:
    """Every record of the file with its offset, as `walk` gives them."""
    if kind == "members":
        offset: int | None = 0
        while offset is not None:
            offset = yield from walk_member(file, offset, use)
    elif kind == "gzip":
        yield from _walk_gzip_stream(file, use)
    elif kind == "plain":
        yield from walk(file, use, _position)
    else:
        yield from walk(BufferedReader(Inflated(partial(_from_start, file, kind))), use, _position)


def walk_from(
    file: BufferedReader, kind: Container, offset: int, use: Use[Result]
) -> Iterator[tuple[int, Result | Damaged]]:
    """The records from the one at `offset` on; sought where the container allows it."""
    if kind == "plain":
        yield from walk(file, use, _position, offset)
    elif kind == "members" and member_head(file, offset):
        place: int | None = offset
        while place is not None:
            place = yield from walk_member(file, place, use)
    else:
        # In a stream, or where no member begins at `offset`, all is read and what lies before it is left out.
        yield from (found for found in walk_file(file, kind, use) if found[0] >= offset)


def walk_member(
    file: BufferedReader, offset: int, use: Use[Result]
) -> Generator[tuple[int, Result | Damaged], None, int | None]:
    """The record, or records, of the gzip member at `offset`; returns where the next member starts, if one does."""
    raw = _one_member(file, offset)
    # Records of one member have the offsets `offset`, `offset + 1` …: no other member begins there.
    yield from walk(BufferedReader(raw), use, lambda _, index: offset + index)
    end = _end(raw)
    if end is None:
        return find_member(file, offset + 1, RECORD_START.match)  # broken: its end is unknown
    file.seek(end)
    return end if file.read(1) else None


def open_record(file: BufferedReader, kind: Container, offset: int) -> BufferedReader | None:
    """The file if it is plain, or the gzip member at `offset`; None if its record cannot be sought directly."""
    if offset >= os.fstat(file.fileno()).st_size:
        return None
    if kind == "plain":
        return file
    if kind == "members" and RECORD_START.match(member_head(file, offset)):
        return BufferedReader(_one_member(file, offset))
    return None


def _one_record_each(file: BufferedReader) -> bool:
    """Whether the first gzip member holds one record, or, where it does not, another begins with one."""
    raw = _one_member(file, 0)
    # Two results suffice: one record and no more, or more.
    results = [result for _, result in islice(walk(BufferedReader(raw), _skip, _position), 2)]
    if results and not any(isinstance(result, Damaged) for result in results):
        return len(results) == 1
    end = _end(raw)
    if end is None:
        return find_member(file, 1, RECORD_START.match) is not None
    return bool(RECORD_START.match(member_head(file, end)))


def _walk_gzip_stream(file: BufferedReader, use: Use[Result]) -> Iterator[tuple[int, Result | Damaged]]:
    start: int | None = 0
    length = 0
    while start is not None:
        raw = Inflated(partial(GzipMembers, file, start))
        yield from walk(BufferedReader(raw), use, partial(_shift, length))
        # Offsets go on through damage as if the broken bytes were not there.
        length += raw.length
        start = find_member(file, raw.reader.member + 1, RECORD_START.match) if raw.damage else None


def _one_member(file: BufferedReader, offset: int) -> Inflated[GzipMembers]:
    return Inflated(partial(GzipMembers, file, offset, one=True))


def _end(raw: Inflated[GzipMembers]) -> int | None:
    """Where the member ends in the file; None if it is broken."""
    # Seeking beyond every end reads to it.
    raw.seek(1 << 62)  # the walk may have stopped before the end
    return None if raw.damage else raw.reader.end


def _from_start(file: BufferedReader, kind: Container) -> FastwarcReader:
    file.seek(0)
    open_reader = ZstdReader if kind == "zstd" else Lz4Reader
    return FastwarcReader(open_reader(file, buffer_size=FASTWARC_BUFFER), f"bad_{kind}")


def _skip(record: ArchiveRecord, stream: BufferedReader, offset: int) -> None:
    """Make nothing of a record: it is only to be walked past."""


def _position(position: int, index: int) -> int:
    return position


def _shift(length: int, position: int, index: int) -> int:
    return length + position
