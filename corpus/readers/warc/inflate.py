"""Compressed streams as web archives use them: read with flat memory up to the byte where they break.

A per-record archive is a row of gzip members, so a broken one costs one record if the reader knows where
the next begins. The libraries' gzip readers do not say where a member ends, drop the bytes inflated just
before an error, and take a clipped file for a finished one. `GzipMembers` does none of that, at a third of
the speed of fastwarc's inflate; so it reads single pages, odd files and damage, and `corpus.readers.warc.captures`
lets fastwarc run over what is healthy. zstd, lz4 and br are rare here and stay with fastwarc.
`Inflated` makes any such reader a file with `seek` and `tell`.
"""

import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from fastwarc.stream_io import WarcReader

MAGIC = b"\x1f\x8b\x08"
GZIP, ZLIB, RAW_DEFLATE = 31, 15, -15  # zlib's wbits: with gzip's header, with zlib's, with none
FASTWARC_BUFFER = 1 << 12
_CHUNK = 1 << 16
_SEARCH = 1 << 17
_KEPT = 1 << 18  # bytes behind the position that are kept, up to twice as many
_MOST_RESTARTS = 100


class Damaged(Exception):
    """What was wrong with a stretch of an archive: a short snake_case `reason` and a `detail` for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class InflatingReader(Protocol):
    """A compressed stream: `read` gives at most `size` bytes, and none at the end or where it broke."""

    damage: Damaged | None

    def read(self, size: int) -> bytes:
        """The next inflated bytes, at most `size` of them."""
        ...

    def consumed(self) -> int:
        """How many compressed bytes were needed so far."""
        ...


AnyReader = TypeVar("AnyReader", bound=InflatingReader)


class GzipMembers:
    """The gzip members of `file` from byte `start` on, or only the first of them.

    `damage` says what broke, if anything did: until then every byte that could be inflated was given.
    `member` is where the current member starts, `end` where the last whole one ended (file offsets).
    """

    def __init__(self, file: BinaryIO, start: int = 0, one: bool = False, wbits: int = GZIP) -> None:
        self.damage: Damaged | None = None
        self.member = self.end = self._start = start
        self.one = one
        self._file, self._wbits = file, wbits
        # `_next` is where the file is read next; `_pending` the bytes before it that are not inflated yet.
        self._pending, self._next = b"", start
        self._inflate: Any = None
        self._done = False

    def consumed(self) -> int:
        """How many compressed bytes were needed so far."""
        # So much of what was read is needed: without the bytes still pending.
        return self._next - len(self._pending) - self._start

    def read(self, size: int) -> bytes:
        """The next inflated bytes, at most `size`; none at the end of the members and where they broke."""
        while not self._done:
            if not self._pending and not self._fill():
                break
            if self._inflate is None:
                self._inflate, self.member = zlib.decompressobj(self._wbits), self._next - len(self._pending)
            data = self._step(size)
            if data:
                return data
        return b""

    def _fill(self) -> bool:
        self._file.seek(self._next)  # others may have moved the file
        self._pending = self._file.read(_CHUNK)
        self._next += len(self._pending)
        if not self._pending:
            self._done = True
            if self._inflate is not None:
                self.damage = Damaged("truncated_record", f"the file ends inside the gzip member at {self.member}")
        return bool(self._pending)

    def _step(self, size: int) -> bytes:
        inflate = self._inflate
        # A state to go back to: the call that fails has lost what it inflated.
        before = inflate.copy()
        try:
            data = inflate.decompress(self._pending, size)
        except zlib.error as error:
            return self._until_the_break(before, error)
        if inflate.eof:
            self._pending, self._inflate = inflate.unused_data, None
            self.end = self._next - len(self._pending)
            self._done = self.one
        else:
            self._pending = inflate.unconsumed_tail  # more than `size` would have come: the rest of the input waits
        return data

    def _until_the_break(self, inflate: Any, error: zlib.error) -> bytes:
        """zlib drops what it inflated in the call that fails, so the last bytes are fed in ever smaller pieces."""
        good: list[bytes] = []
        used, size = 0, len(self._pending)
        # A binary search for the break: 64 kB are tried in pieces of 32 kB, 16 kB … 1 byte; a piece that breaks is
        # undone.
        while size := size // 2:
            copy = inflate.copy()
            try:
                good.append(inflate.decompress(self._pending[used : used + size]))
                used += size
            except zlib.error:
                inflate = copy
        broken = self._next - len(self._pending) + used
        self._pending, self._done = b"", True
        self.damage = Damaged("bad_gzip", f"{error}; gzip member at {self.member}, broken at {broken}")
        return b"".join(good)


class FastwarcReader:
    """One of fastwarc's readers (zstd, lz4, br) as a `InflatingReader`.

    It loses what it inflated in the call that breaks, so it is asked for little at a time.
    """

    def __init__(self, reader: WarcReader, damage_reason: str) -> None:
        self.damage: Damaged | None = None
        self._reader, self._reason = reader, damage_reason

    def consumed(self) -> int:
        """How many compressed bytes were needed so far."""
        return self._reader.inner_tell()

    def read(self, size: int) -> bytes:
        """The next inflated bytes, at most `size`; none at the end and where the stream broke."""
        if self.damage:
            return b""
        try:
            return self._reader.read(min(size, FASTWARC_BUFFER))
        except OSError as error:
            if error.errno is not None:  # the disk, not the data
                raise
            self.damage = Damaged(self._reason, str(error))
            return b""


class Inflated(io.RawIOBase, Generic[AnyReader]):
    """What is inside a compressed stream, as a file: to seek forward is to read, to seek back is to start over.

    The last quarter of a megabyte is kept, so short ways back are free. A stream may be started over only so
    often (`restarts_left`), or a file full of lies would cost the square of its size. `length` is the furthest
    position reached, `end` where the stream was found to end, and `damage` what broke it there. Wrap it in
    `io.BufferedReader`.
    """

    def __init__(self, start: Callable[[], AnyReader]) -> None:
        self.reader = start()
        self.length = 0
        self.end: int | None = None
        self.damage: Damaged | None = None
        self.restarts_left = _MOST_RESTARTS
        self._start = start
        self._position = 0
        self._ahead = b""  # bytes after the position that were read already
        self._behind = bytearray()  # the last bytes before it

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always, at a price."""
        return True

    def tell(self) -> int:
        """The position in the inflated bytes."""
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer with the next bytes; 0 at the end or the break."""
        # Bytes that a seek back put ahead, else new ones.
        data = self._ahead or self.reader.read(len(buffer))
        if not data and len(buffer):
            self.end, self.damage = self._position, self.reader.damage
        data, self._ahead = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(data)] = data
        # Cut at twice the size, so that bytes are not moved at each read.
        self._behind += data[-_KEPT:]
        if len(self._behind) > 2 * _KEPT:
            del self._behind[:-_KEPT]
        self._position += len(data)
        self.length = max(self.length, self._position)
        return len(data)

    def seek(self, offset: int, start: int = io.SEEK_SET, /) -> int:
        """Go to `offset`, or to the end if that comes first."""
        target = offset + (self._position if start == io.SEEK_CUR else 0)
        back = self._position - target
        # A short way back: the last bytes move from behind to ahead.
        if 0 < back <= len(self._behind):
            self._ahead = bytes(self._behind[-back:]) + self._ahead
            del self._behind[-back:]
            self._position = target
        elif back > 0:  # a long way back: from the start
            self.reader, self._ahead, self._position = self._start(), b"", 0
            self._behind.clear()
            self.restarts_left -= 1
        scratch = memoryview(bytearray(_CHUNK))
        while self._position < target and self.readinto(scratch[: target - self._position]):
            pass
        return self._position


def member_head(file: BinaryIO, offset: int, size: int = 1 << 14) -> bytes:
    """The first inflated bytes, at most `size`, of the gzip member at `offset`; none if there is no member."""
    file.seek(offset)
    raw = file.read(size)
    if not raw.startswith(MAGIC):
        return b""
    try:
        # At most 16 kB out of 16 kB in: a bomb is not inflated for its head.
        return zlib.decompressobj(GZIP).decompress(raw, size)
    except zlib.error:
        return b""


def find_member(file: BinaryIO, start: int, wanted: Callable[[bytes], Any]) -> int | None:
    """Where the next gzip member at or after `start` begins whose first inflated bytes are `wanted`.

    Three bytes of magic also turn up by chance; that they inflate to a record header does not.
    """
    while True:
        file.seek(start)
        window = file.read(_SEARCH)
        at = window.find(MAGIC)
        while at >= 0:
            if wanted(member_head(file, start + at)):
                return start + at
            at = window.find(MAGIC, at + 1)
        if len(window) < _SEARCH:
            return None
        start += len(window) - len(MAGIC) + 1  # a magic may lie across two windows
