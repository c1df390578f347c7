"""The folder of releases: numbered, immutable, shared where they are equal, and one pointer that moves in one step.

    releases/1/ releases/2/ …       whole: a folder gets its number by a rename when everything is in it
    releases/current -> 2           a link that is replaced by a rename
    releases/.partial-3/            being made; whoever finds one removes it
    releases/.withdrawn-1/          holds what was forgotten and is kept by choice; hidden, so that nobody reads it

A part that two releases have is one file with two names (a hard link; a copy where the file system has none). So
nothing may ever be written into a file of a release: builds put new files beside old ones and rename them.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import MANIFEST, TEMPORARY
from corpus.numerals import whole_number
from corpus.releases.manifest import Release, read_release

CURRENT = "current"
_PARTIAL, _WITHDRAWN = ".partial-", ".withdrawn-"
# What is written once and renamed into place; anything else is small and copied.
LINKED = frozenset({".parquet", ".arrow"})


@dataclass(frozen=True)
class Releases:
    """The releases below `root`."""

    root: Path

    def folder(self, number: int) -> Path:
        """Where a release lies."""
        return self.root / str(number)

    def withdrawn(self, number: int) -> Path:
        """Where a release lies that is kept and not read."""
        return self.root / f"{_WITHDRAWN}{number}"

    def numbers(self) -> list[int]:
        """The whole releases, the oldest first."""
        return [number for number in self._numbered("") if (self.folder(number) / MANIFEST).is_file()]

    def withdrawn_numbers(self) -> list[int]:
        """The withdrawn releases, the oldest first."""
        return self._numbered(_WITHDRAWN)

    def _numbered(self, prefix: str) -> list[int]:
        """The numbers of all names that are the prefix and a number, as it is written here: neither 01 nor ²."""
        found = ((name, whole_number(name.removeprefix(prefix))) for name in self._names())
        return sorted(number for name, number in found if number is not None and name == f"{prefix}{number}")

    def read(self, number: int) -> Release:
        """The manifest of a release; `CorpusloomError` (3) naming those that there are."""
        if number not in self.numbers():
            there = ", ".join(map(str, self.numbers())) or "none"
            hint = "it was withdrawn, for it holds what was forgotten; " if number in self.withdrawn_numbers() else ""
            raise CorpusloomError(f"{self.root}: no release {number}; {hint}there are {there}", ExitCode.INPUT)
        return read_release(self.folder(number))

    @property
    def current(self) -> int | None:
        """The number that the pointer names, None before the first release."""
        with suppress(OSError, ValueError):
            return int((self.root / CURRENT).readlink().name)  # None: no link yet, or something else under its name
        return None

    def read_current(self) -> Release | None:
        """The manifest of the current release, None before the first."""
        return None if self.current is None else self.read(self.current)

    def begin(self, number: int) -> Path:
        """An empty folder to make a release in; it has no number yet."""
        folder = self.root / f"{_PARTIAL}{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def commit(self, partial: Path, number: int) -> Path:
        """Let the finished folder appear under its number, whole and lasting."""
        read_release(partial)
        _sync_tree(partial)
        partial.rename(self.folder(number))
        _sync(self.root)
        return self.folder(number)

    def point_to(self, number: int) -> None:
        """Move the pointer in one step: a reader sees the old release or the new one."""
        temporary = self.root / f"{TEMPORARY}{CURRENT}"
        # What a killed run left; two runs at once are kept apart by the lock of the output.
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(str(number))
        temporary.replace(self.root / CURRENT)
        _sync(self.root)

    def withdraw(self, number: int) -> None:
        """Keep a release and take it from its readers."""
        shutil.rmtree(self.withdrawn(number), ignore_errors=True)
        self.folder(number).rename(self.withdrawn(number))
        _sync(self.root)

    def remove(self, number: int) -> None:
        """Remove a release: first its number, so that no reader finds half of it."""
        # Renamed to a hidden name first: a reader never finds a release that lacks files.
        doomed = self.root / f"{_PARTIAL}removed-{number}"
        shutil.rmtree(doomed, ignore_errors=True)
        for folder in (self.folder(number), self.withdrawn(number)):
            if folder.exists():
                folder.rename(doomed)
                shutil.rmtree(doomed)
        _sync(self.root)

    def recover(self) -> bool:
        """Finish what a killed run began: remove halves, and point to the newest whole release; whether that moved.

        A release is only ever made to become the current one, so the newest is.
        """
        for path in self.halves():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        numbers = self.numbers()
        if numbers and self.current != numbers[-1]:
            self.point_to(numbers[-1])
            return True
        return False

    def halves(self) -> list[Path]:
        """What a killed run left."""
        return [self.root / name for name in self._names() if name.startswith((_PARTIAL, TEMPORARY))]

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self.root))
        except FileNotFoundError:
            return []


def share(source: Path, target: Path) -> None:
    """Give a file a second name where that is safe, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix in LINKED:
        with suppress(OSError):
            # EXDEV, EPERM or EMLINK: another file system, one without links, or too many of them; then a copy.
            os.link(source, target)
            return
    shutil.copyfile(source, target)


def visible_files(folder: Path) -> Iterator[Path]:
    """The files of a finished output that are for readers, in order of their paths; none of a hidden folder."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def shared_bytes(folder: Path, others: Iterable[Path]) -> tuple[int, int]:
    """The bytes of the files of a release, and how many of them other releases hold too."""
    known = {_inode(path) for other in others for path in visible_files(other)}
    files = list(visible_files(folder))
    return sum(path.stat().st_size for path in files), sum(
        path.stat().st_size for path in files if _inode(path) in known
    )


def _inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _sync_tree(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        # Files of those kinds reached the disk when they were published (`corpus.files.storage.publish`).
        if path.is_dir() or path.suffix not in LINKED:
            _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
