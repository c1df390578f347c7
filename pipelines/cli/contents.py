"""A look at the first bytes of an input: is it a web archive where posts are expected, or the reverse?

Both kinds come compressed under any name, and a reader that is given the other one finds thousands of damaged lines or
no record at all. The first bytes tell, before any work is done.
"""

import zlib
from collections.abc import Iterable
from pathlib import Path

import zstandard

from corpus.errors import CorpusloomError, ExitCode

ARCHIVE, JSON_LINES = "a web archive", "JSON lines"
_HEAD = 1 << 16  # bytes read, and inflated, at most: a bomb gets no further
_ARCHIVES = (b"WARC/", b"filedesc://")


def refuse_swapped(files: Iterable[Path], flag: str, unwanted: str, other_flag: str) -> None:
    """`CorpusloomError` (3) where a file of `flag` is of the kind that `other_flag` takes."""
    for path in files:
        if content_of(path) == unwanted:
            raise CorpusloomError(
                f"{flag} {path}: this is {unwanted}; are {flag} and {other_flag} swapped?", ExitCode.INPUT
            )


def content_of(path: Path) -> str:
    """`ARCHIVE`, `JSON_LINES`, or nothing where the first bytes are of neither."""
    with path.open("rb") as file:
        start = _inflate(file.read(_HEAD)).lstrip(b"\xef\xbb\xbf\r\n\t ")
    if start.startswith(_ARCHIVES):
        return ARCHIVE
    return JSON_LINES if start.startswith(b'{"') else ""


def _inflate(head: bytes) -> bytes:
    """The beginning of what the bytes inflate to; as they are where they are not compressed, or damaged."""
    try:
        if head.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(31).decompress(head, _HEAD)  # 31: a gzip header, the largest window
        if head.startswith(b"\x28\xb5\x2f\xfd"):  # the magic number of zstd
            # Pushshift's dumps have windows of 2 GiB. The decompressor
            # has no bound for what comes out, so little goes in.
            return zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj().decompress(head[:4096])
    except (zlib.error, zstandard.ZstdError):
        pass
    return head
