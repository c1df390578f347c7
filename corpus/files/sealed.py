"""Files that carry their own digest: whoever opens one knows that it is, to the bit, what was written.

Arrow has no checksums (of 200 flipped bits 190 went unseen, and one ended the process), Parquet has them for its pages
alone. Both have a footer with room for a text of ours. The file is written with a seal of zeros there, its BLAKE3
digest is taken, and the zeros give way to the digest; a reader does the same backwards. The file stays a plain Arrow or
Parquet file for everybody else, and no list of digests has to travel beside it.

A file is checked when a process opens it first, and again only if it has changed since.
"""

import os
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from corpus.errors import CorpusloomError

_MARK = b"corpusloom-seal:"
_LENGTH = 2 * blake3.digest_size  # BLAKE3's 32 bytes in hex: 64 characters
_ZEROS = b"0" * _LENGTH
# What a writer puts into the footer.
FOOTER = {"seal": (_MARK + _ZEROS).decode()}
_PIECE = 1 << 20
# The last bytes of a file: the length of its footer, and what it is.
_ARROW, _PARQUET = b"ARROW1", b"PAR1"
_checked: dict[str, tuple[int, ...]] = {}


class DamagedFile(CorpusloomError):
    """A file of ours that is not what was written: cut off, or with other bytes."""

    def __init__(self, path: Path | str, cause: str) -> None:
        super().__init__(f"{path} is damaged: {cause}. Remove it and run the command that made it again")


def seal(path: Path) -> None:
    """Put the digest of a finished file with an empty seal into it."""
    at = _place_of_seal(path)
    if at < 0:
        raise ValueError(f"{path}: its writer left no room for a seal")
    digest = _digest(path, at)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(digest)


def check_seal(path: Path, named: Path | str = "", required: bool = True) -> None:
    """`DamagedFile` where the file is not what was sealed; `named` is what to call it, if it is a fetched copy.

    Unless a seal is `required`, a whole file without one passes: corpora of the first edition have none.
    """
    stamp = stamp_of(path)
    if _checked.get(str(path)) == stamp:
        return
    at = _place_of_seal(path, named)
    if at < 0 and not required:
        return
    if at < 0:
        raise DamagedFile(named or path, "it carries no seal, so it was not written by this version")
    with path.open("rb") as file:
        file.seek(at)
        written = file.read(_LENGTH)
    if _digest(path, at) != written:
        raise DamagedFile(named or path, "its bytes are not those that were written")
    _checked[str(path)] = stamp


def stamp_of(path: Path) -> tuple[int, ...]:
    """Numbers that change whenever the file is written to: a program can set the time of the last change of the
    content, but not that of the last change of the inode.
    """
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _place_of_seal(path: Path, named: Path | str = "") -> int:
    """Where the 64 characters of the seal stand, in the footer of the file; -1 where there is none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        # The end of a file:
        #
        #     Parquet   … footer | its length, 4 bytes | PAR1
        #     Arrow     … footer | its length, 4 bytes | ARROW1
        file.seek(max(size - 10, 0))
        end = file.read()
        if end.endswith(_PARQUET):
            footer = int.from_bytes(end[-8:-4], "little") + 8  # the footer, its length and the mark
        elif end.endswith(_ARROW):
            footer = int.from_bytes(end[-10:-6], "little") + 10
        else:
            raise DamagedFile(named or path, f"it ends after {size:,} bytes without a footer, as if it were cut off")
        start = max(size - footer, 0)
        file.seek(start)
        # From behind: text of the data may hold the mark, the footer's own is the last.
        at = file.read(footer).rfind(_MARK)
    return start + at + len(_MARK) if at >= 0 else -1


def _digest(path: Path, at: int) -> bytes:
    """The hex digest of the file with zeros for its seal; in pieces, because a mapped file would count as memory."""
    hasher = blake3()
    with path.open("rb") as file:
        _update(hasher, file, at)
        hasher.update(_ZEROS)
        file.seek(at + _LENGTH)
        _update(hasher, file, os.fstat(file.fileno()).st_size - at - _LENGTH)
    return hasher.hexdigest().encode()


def _update(hasher: blake3, file: BinaryIO, length: int) -> None:
    while length > 0:
        piece = file.read(min(length, _PIECE))
        if not piece:
            return  # the file became shorter while it was read
        hasher.update(piece)
        length -= len(piece)
