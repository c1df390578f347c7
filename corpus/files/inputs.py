"""Input files: named as they were given, known by their size and a sample of their bytes.

A crawl is read once, by the worker that needs it; a pass of its own over terabytes for a digest would cost as much as
the work. So an input's identity is its name, its size and the digest of pieces spread over it, all of it where it is
small. An object in a store is known by the same pieces, fetched as ranges: a copy in another place makes the same
corpus. The digest of the whole is made by the worker that reads the whole, and stands in the manifest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.identity import no_identity
from corpus.files.sealed import stamp_of
from corpus.files.storage import is_remote, place
from corpus.hashing import digest

# 4 MiB in all: a file up to that is read whole, of a larger one so much.
PIECES, PIECE_BYTES = 64, 1 << 16
_CURE = "wait until it is complete or restore it, then give the same command again"


class ChangedInput(CorpusloomError):
    """An input that is another one than when the command began."""

    code = ExitCode.INPUT


@dataclass(frozen=True)
class InputFile:
    """One file: `name` is how it was given (an object's key), and stands in rows; `file` says where it lies today."""

    name: str
    bytes: int
    sample: str = ""
    file: str = no_identity(default="")

    @property
    def place(self) -> Path:
        """Where it lies, here or in a bucket."""
        return place(self.file)

    def with_sample(self) -> "InputFile":
        """The same file with its size and its sample as they are now."""
        size = self.place.stat().st_size
        return replace(self, bytes=size, sample=_sample(self.place, size))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the file to its sample while the block reads it; `ChangedInput` where it changed before or meanwhile.

        An error in the block counts for nothing where the file has changed: a cut-off input may raise anything.
        """
        # `finally`, so that a changed input is named in place of the error that it caused.
        stamp = self._check()
        try:
            yield
        finally:
            if self._check() != stamp:
                raise ChangedInput(f"{self.name} was written to while it was read; {_CURE}")

    def _check(self) -> tuple[int, ...]:
        """The stamp of the file, which has the sample that it is known by."""
        try:
            # The inode's time of change sees writes that put size and content back; a store has none, and objects do
            # not change.
            now, stamp = self.with_sample(), () if is_remote(self.file) else stamp_of(self.place)
        except FileNotFoundError:
            raise ChangedInput(f"{self.name} is gone; put it back, then give the same command again") from None
        if now.sample != self.sample:
            raise ChangedInput(f"{self.name} has changed since the command began; {_CURE}")
        return stamp


def _sample(path: Path, size: int) -> str:
    """The digest of `PIECES` pieces, the first at the start and the last at the end; of everything in a small file.

    Of 10 MB with 64 pieces of 64 kB, 4.2 MB are read: every 157 kB begins a piece.
    """
    # Of 10,000,000 bytes: from 0, 157,689, 315,379 … 9,934,464 on, each 65,536 long; the last one ends with the file.
    if size <= PIECES * PIECE_BYTES:
        ranges = [(0, size)]
    else:
        starts = [(size - PIECE_BYTES) * number // (PIECES - 1) for number in range(PIECES)]
        ranges = [(start, start + PIECE_BYTES) for start in starts]
    read = _read_remote if is_remote(path) else _read_local
    return digest(str(size), *read(path, ranges))


def _read_local(path: Path, ranges: list[tuple[int, int]]) -> list[bytes]:
    pieces = []
    with path.open("rb") as file:
        for start, stop in ranges:
            file.seek(start)
            pieces.append(file.read(stop - start))
    return pieces


def _read_remote(path: Path, ranges: list[tuple[int, int]]) -> list[bytes]:
    there = cast(Any, path)
    starts, stops = zip(*ranges, strict=True)
    return there.fs.cat_ranges([there.path] * len(ranges), list(starts), list(stops))
