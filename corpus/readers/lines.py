"""Lines of a compressed file, as bytes, with damage reported and read past.

Dumps of JSON lines come as .zst (windows up to 2 GiB, many frames, some of them to be skipped, as `pzstd` writes),
.xz, .lzma, .bz2, .gz or plain; the first bytes decide, not the name. UTF-16 and UTF-32 are read as UTF-8. A file
without lines is one row (`corpus.readers.foreign`), and so is an empty one. Lines end at b"\\n" and nowhere else:
titles hold U+2028 and U+0085, at which `str.splitlines` would cut, and a chunk decoded on its own breaks characters
at its edges.

A compressed file is a row of frames (members, streams). When one is damaged, what it gave before the damage is
kept, and reading goes on at the next frame that opens. Memory is bounded: input is fed in small pieces, and a line
longer than `MAX_LINE` is reported and skipped.
"""

import bz2
import json
import lzma
import zlib
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson
import zstandard

from corpus.document import Quarantined
from corpus.json_types import JsonObject
from corpus.quarantine import guard
from corpus.readers.foreign import SNIFFED, find_foreign, opens_text

Parsed = TypeVar("Parsed")

MAX_LINE = 64 * 2**20
_BOM = b"\xef\xbb\xbf"
# One piece of input. Zstandard can open 4 bytes to 128 KiB, so 4 KiB may become 128 MiB and no more.
_PIECE = 4096
_PLAIN_PIECE = 1 << 20


@dataclass(frozen=True)
class _Compression:
    """`magic` opens a frame; `skipped` are the openings of frames that hold no data, one of which may come first."""

    name: str
    magic: bytes
    opener: Callable[[], Any]
    skipped: tuple[bytes, ...] = ()

    def opens(self, start: bytes) -> bool:
        return start.startswith((self.magic, *self.skipped))


_COMPRESSIONS = (
    _Compression(
        "zstd",
        b"\x28\xb5\x2f\xfd",
        # 2 GiB: `zstd --long=31`, as Pushshift's dumps are.
        lambda: zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj(),
        # Frames that hold no data have 16 numbers of their own.
        tuple(bytes([number]) + b"\x2a\x4d\x18" for number in range(0x50, 0x60)),
    ),
    _Compression("xz", b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)),
    _Compression("lzma", b"\x5d\x00\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE)),
    _Compression("bzip2", b"BZh", bz2.BZ2Decompressor),
    _Compression("gzip", b"\x1f\x8b\x08", lambda: zlib.decompressobj(31)),  # 31: gzip header, the largest window
)
# Byte order marks, then the first character of JSON or XML beside a NUL. The longer first: FF FE begins UTF-32 too.
_ENCODINGS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    **{bytes([first, 0]): "utf-16-le" for first in b"{[<"},
    **{bytes([0, first]): "utf-16-be" for first in b"{[<"},
}
_ERRORS = (zstandard.ZstdError, lzma.LZMAError, zlib.error, OSError, EOFError, ValueError)


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; `offset` counts bytes of the inflated stream."""

    offset: int
    data: bytes


def is_compressed(start: bytes) -> bool:
    """Whether a file that begins with these eight bytes is one of the compressed kinds that are read here."""
    return any(kind.opens(start) for kind in _COMPRESSIONS)


def read_whole(path: Path, name: str = "") -> Iterator[bytes | Quarantined]:
    """The bytes of the file, inflated, in pieces, and one `Quarantined` for each damaged stretch."""
    with path.open("rb") as file:
        magic = file.read(8)
        compression = next((kind for kind in _COMPRESSIONS if kind.opens(magic)), None)
        file.seek(0)
        yield from _inflate(file, compression, name or str(path)) if compression else _plain(file)


def read_lines(path: Path, name: str = "", start: int = 0, end: int | None = None) -> Iterator[Line | Quarantined]:
    """Every non-blank line of the file, and one `Quarantined` for each damaged stretch or overlong line.

    A whole file without a line is one `Quarantined` too. `start` and `end` are bytes of the file as it lies, where a
    frame (or, in a plain file, a line) begins; offsets of lines count from `start`, in UTF-8.
    """
    name = name or str(path)
    with path.open("rb") as whole:
        magic = whole.read(8)
        compression = next((kind for kind in _COMPRESSIONS if kind.opens(magic)), None)
        file: Any = whole if end is None else _Until(whole, end)
        file.seek(start)
        pieces = _inflate(file, compression, name) if compression else _plain(file)
        # A span's head is no file's head: no look at encodings or foreign kinds.
        if start or end is not None:
            yield from _split(pieces, name)
            return
        lines = _lines_of_text(pieces, name)
        first = next(lines, None) or Quarantined(name, 0, "empty_file", f"no line in {whole.tell()} bytes")
        yield from chain([first], lines)


def _lines_of_text(pieces: Iterator[bytes | Quarantined], name: str) -> Iterator[Line | Quarantined]:
    """The lines of a whole file; where its first bytes are no text, a row and the lines that may follow."""
    ahead: list[bytes | Quarantined] = []
    sample = b""
    # As many pieces as make 4,096 bytes; they are given again with the rest.
    while len(sample) < SNIFFED and (piece := next(pieces, None)) is not None:
        ahead.append(piece)
        sample += piece if isinstance(piece, bytes) else b""
    stream = chain(ahead, pieces)
    encoding = next((name for mark, name in _ENCODINGS.items() if sample.startswith(mark)), "")
    if encoding:
        stream = _in_utf8(stream, encoding)
    elif foreign := find_foreign(sample[:SNIFFED]):
        yield Quarantined(name, 0, foreign.reason, foreign.detail)
        if foreign.last:
            yield from (piece for piece in ahead if isinstance(piece, Quarantined))
        else:
            yield from _from_text_on(_split(stream, name))
        return
    yield from _split(stream, name)


def _in_utf8(pieces: Iterator[bytes | Quarantined], encoding: str) -> Iterator[bytes | Quarantined]:
    """Lines are cut at the byte b"\\n", and tags are looked for in bytes."""
    decoder = getincrementaldecoder(encoding)("replace")
    for piece in pieces:
        yield piece if isinstance(piece, Quarantined) else decoder.decode(piece).encode()


def _from_text_on(lines: Iterator[Line | Quarantined]) -> Iterator[Line | Quarantined]:
    """What follows binary bytes: damage, and the lines from the first on that is text."""
    open_ = False
    for line in lines:
        open_ = open_ or (isinstance(line, Line) and opens_text(line.data))
        if open_ or isinstance(line, Quarantined):
            yield line


@dataclass
class _Until:
    """A file that ends at a byte before its end."""

    file: BinaryIO
    end: int

    def read(self, size: int) -> bytes:
        return self.file.read(max(0, min(size, self.end - self.file.tell())))

    def seek(self, place: int) -> int:
        return self.file.seek(place)

    def tell(self) -> int:
        return self.file.tell()


def read_records(
    path: Path, name: str, parse: Callable[[Line, str], Parsed | Quarantined]
) -> Iterator[Parsed | Quarantined]:
    """What `parse(line, name)` makes of every line of the file; a row for what cannot be read, or makes it raise."""

    def parsed(line: Line) -> Parsed | Quarantined:
        return parse(line, name)

    for number, line in enumerate(read_lines(path, name)):
        # The first line alone: "<" begins an error page of a server that was asked for JSON.
        if number == 0 and isinstance(line, Line) and line.data.lstrip().startswith(b"<"):
            yield Quarantined(name, line.offset, "markup", f"no JSON but {line.data[:40]!r}, as servers answer errors")
            return
        yield line if isinstance(line, Quarantined) else guard(parsed, line, name, line.offset)


def parse_object(line: Line, name: str) -> JsonObject | Quarantined:
    """The JSON object on a line. Lone surrogates and stray bytes in one field are no reason to lose the others."""
    try:
        record = orjson.loads(line.data.removeprefix(_BOM))
    # orjson refuses what the standard library takes (lone surrogates, NaN, huge numbers).
    except orjson.JSONDecodeError as error:
        try:
            record = json.loads(line.data.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            return Quarantined(name, line.offset, "bad_json", str(error))
    if not isinstance(record, dict):
        return Quarantined(name, line.offset, "not_an_object", type(record).__name__)
    return record


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PLAIN_PIECE):
        yield piece


def _inflate(file: BinaryIO, kind: _Compression, name: str) -> Iterator[bytes | Quarantined]:
    """The inflated pieces of every frame; damage is reported where its frame begins in the file."""
    # `frame` is where the frame at hand begins in the file, `fed` how much of it the inflater has.
    frame, inflater, pending, fed = file.tell(), kind.opener(), b"", 0
    while True:
        piece = pending or file.read(_PIECE)
        pending = b""
        if not piece:
            if fed:
                yield Quarantined(name, frame, f"truncated_{kind.name}", "the last frame has no end")
            return
        if not fed:  # zeros fill up to the next frame, or to the end of a block
            piece = piece.lstrip(b"\0")
            frame = file.tell() - len(piece)
        try:
            inflated = inflater.decompress(piece)
        except _ERRORS as error:
            yield Quarantined(name, frame, f"bad_{kind.name}", str(error))
            frame = _next_frame(file, kind, frame + 1)
            if frame < 0:
                return
            inflater, fed = kind.opener(), 0
            continue
        fed += len(piece)  # of the frame, in compressed bytes
        if inflated:
            yield inflated
        if inflater.eof:
            # The rest of the piece begins the next frame.
            pending, inflater, fed = inflater.unused_data, kind.opener(), 0


def _next_frame(file: BinaryIO, kind: _Compression, start: int) -> int:
    """Put the file at the next place from `start` on where a frame seems to begin; -1 at the end of the file."""
    position, tail = start, b""
    file.seek(start)
    while piece := file.read(_PLAIN_PIECE):
        found = (tail + piece).find(kind.magic)
        if found >= 0:
            place = position - len(tail) + found
            file.seek(place)
            return place
        position += len(piece)
        # The magic may lie across two pieces: of three bytes the last two are looked at again.
        tail = (tail + piece)[-len(kind.magic) + 1 :]
    return -1


def _split(pieces: Iterator[bytes | Quarantined], name: str) -> Iterator[Line | Quarantined]:
    """Cut the stream at b"\\n". Damage ends the line it falls into: half a line is no line."""
    held: list[bytes] = []
    held_bytes = offset = 0
    for piece in pieces:
        if isinstance(piece, Quarantined):
            yield piece
            offset += held_bytes
            held, held_bytes = [], 0
            continue
        # Without an end the last part waits: "a\nb" gives a, and holds b.
        *whole, rest = piece.split(b"\n")
        for part in whole:
            yield from _line(offset, b"".join((*held, part)), held_bytes + len(part), name)
            offset += held_bytes + len(part) + 1
            held, held_bytes = [], 0
        held_bytes += len(rest)
        if held_bytes <= MAX_LINE:
            held.append(rest)
        else:
            held = []  # only its length is counted on
    yield from _line(offset, b"".join(held), held_bytes, name)


def _line(offset: int, data: bytes, length: int, name: str) -> Iterator[Line | Quarantined]:
    if length > MAX_LINE:
        yield Quarantined(name, offset, "overlong_line", f"{length} bytes, at most {MAX_LINE} are read")
    elif data.strip():
        yield Line(offset, data)
