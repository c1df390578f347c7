"""An input is what it was said to be, before and after it is read.

A part is named by the digest of the file that it was made from. A file that still grows, or is replaced while a build
runs, would leave parts of its new bytes under the digest of the old ones, and every later run would take them over.
So a worker makes the digest itself, once for each state of the file, and looks again when it has read it. A state is
told by size, times and inode. Times are as coarse as the clock of the file system, so a file that changed just now is
not trusted to be in the state that was seen (the same trap as in git's index).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.sealed import stamp_of
from corpus.files.transient import patiently
from corpus.hashing import file_digest

_SETTLED_NS = 2 * 10**9
_known: dict[str, tuple[tuple[int, ...], str]] = {}


class ChangedInput(CorpusloomError):
    """An input that is another one than when the command began."""

    code = ExitCode.INPUT


@contextmanager
def unchanged(path: Path, expected: str, name: str) -> Iterator[None]:
    """The file has the digest `expected` when the block begins and when it ends; `ChangedInput` otherwise.

    An error in the block counts for nothing where the file has changed: a cut-off input may raise anything.
    """
    _check(path, expected, name)
    try:
        yield
    finally:
        _check(path, expected, name)


def steady_digest(path: Path, name: str) -> str:
    """The digest of a file that is not written to meanwhile; `ChangedInput` otherwise."""
    stamp = stamp_of(path)
    known = _known.get(str(path))
    if known and known[0] == stamp:
        return known[1]
    began = time.time_ns()
    digest = patiently(file_digest, path)
    if stamp_of(path) != stamp:
        raise ChangedInput(f"{name} is being written to; wait until it is complete, then give the same command again")
    if is_settled(stamp, began):
        _known[str(path)] = (stamp, digest)
    return digest


def is_settled(stamp: tuple[int, ...], now_ns: int) -> bool:
    """Whether the last change lies so far back that another one would have another time."""
    return now_ns - max(stamp[1], stamp[2]) > _SETTLED_NS


def _check(path: Path, expected: str, name: str) -> None:
    if not path.exists():
        raise ChangedInput(f"{name} is gone; put it back, then give the same command again")
    if steady_digest(path, name) != expected:
        raise ChangedInput(
            f"{name} has changed since the command began, or since its manifest was written; wait until it is complete "
            "or restore it, then give the same command again"
        )
