"""Files that hold no lines of text, known by their first bytes: one row each, with what to do about it.

A folder of dumps holds other things too: the error page that a failed download left behind, a pointer of Git LFS, an
archive still to be unpacked, a database. Cut at line ends, each would be thousands of broken lines.
"""

import re
from dataclasses import dataclass

SNIFFED = 4096

_HTML = re.compile(
    rb"\s*(?:<!--.{0,1000}?-->\s*)?<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE | re.DOTALL
)
_LFS = re.compile(rb"version https://git-lfs[^\n]*\noid ")
_ARCHIVES = (
    (b"PK\x03\x04", "zip archive"),
    (b"PK\x05\x06", "zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "rar archive"),
    (b"\x04\x22\x4d\x18", "lz4 stream"),
    (b"\x02\x21\x4c\x18", "lz4 stream"),
    (b"\xff\x06\x00\x00sNaPpY", "snappy stream"),
    (b"\x1f\x9d", ".Z file of compress"),
    (b"\x1f\x8b", "gzip file, compressed twice"),
    (b"\x28\xb5\x2f\xfd", "zstd file, compressed twice"),
    (b"BZh", "bzip2 file, compressed twice"),
    (b"\xfd7zXZ\x00", "xz file, compressed twice"),
    (b"PAR1", "Parquet file"),
    (b"ARROW1", "Arrow file"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"%PDF-", "PDF file"),
)
_TAR = slice(257, 262)  # where the header of a tar archive says "ustar"
# NUL, bell and backspace are rare in text; tab, line ends, form feed and escape (of terminal logs) do not count.
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\x0b\x0c\r\x1b"))
_MOST_CONTROLS = 0.05  # compressed bytes have .11; text with a broken byte here and there far fewer


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file is instead of lines; `reason` and `detail` are those of its row.

    `last`: nothing after its beginning can be lines either. Otherwise they may begin further on, after a stretch that
    a broken disk or download filled with other bytes.
    """

    reason: str
    detail: str
    last: bool


def find_foreign(start: bytes) -> Foreign | None:
    """What the file with these first bytes (`SNIFFED` of them, inflated) is, if it holds no lines of text."""
    if _HTML.match(start):
        return Foreign("html_page", "an HTML page, most likely the error page of a failed download", True)
    if _LFS.match(start):
        return Foreign("git_lfs_pointer", "a pointer of Git LFS; fetch the file itself", True)
    # A tar archive has no magic at its start, but the name of its first file.
    kind = "tar archive" if start[_TAR] == b"ustar" else ""
    kind = kind or next((kind for magic, kind in _ARCHIVES if start.startswith(magic)), "")
    if kind:
        return Foreign("unknown_container", f"a {kind}; unpack it and give what is inside", True)
    if is_binary(start):
        return Foreign("binary", f"no text: it begins with {start[:16].hex(' ')}", False)
    return None


def is_binary(data: bytes) -> bool:
    """Whether too many of the bytes are control characters for text."""
    # `translate(None, …)` drops them: the difference is their number.
    return len(data) - len(data.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(data)


def opens_text(line: bytes) -> bool:
    """Whether a line after binary bytes is text again: JSON or XML begins, in UTF-8 and without control characters."""
    if not line.lstrip().startswith((b"{", b"<")) or len(line) != len(line.translate(None, _CONTROLS)):
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
