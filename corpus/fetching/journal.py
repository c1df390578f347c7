"""An archive that grows record by record, and the journal that says what is in it: what a killed run goes on from.

    .journal/00000.jsonl      one line an entry: what was asked, how it ended, where its bytes lie in the archive
    .journal/00000.warc.gz    the bytes, while the archive grows; hidden, so that no pattern finds half an archive
    pages-00000.warc.gz       the same file once it is full, or the run is over

Bytes are written first and then their line, each in one call. A kill in between leaves bytes that no line names; they
are cut off at the next start, with a line that was written in part. So what the journal has is whole, and what it lacks
was not stored. Archives reach the disk before they are published, so that a power cut cannot leave a journal that
promises more than there is.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from corpus.errors import CorpusloomError

Entry = dict[str, Any]


@dataclass
class FetchJournal:
    """One growing archive after the other in `folder`, called `name-00000.warc.gz` when published.

    An archive is full at `archive_bytes` and begins with what `opening` makes of its name. The entries of all earlier
    runs are read by `entries`, once, before the first `append`.
    """

    folder: Path
    name: str
    archive_bytes: int = 2**30
    opening: Callable[[str], bytes] = field(default=lambda name: b"", repr=False)
    _number: int = 0
    _size: int = 0
    _lines: BinaryIO | None = field(default=None, repr=False)
    _archive: BinaryIO | None = field(default=None, repr=False)

    @property
    def home(self) -> Path:
        """The hidden folder."""
        return self.folder / ".journal"

    def archive(self, number: int) -> str:
        """The published name of an archive."""
        return f"{self.name}-{number:05}.warc.gz"

    def entries(self) -> Iterator[Entry]:
        """The entries in their order; each has `archive`, `offset` and `length` (0 where it has no bytes).

        Raises `CorpusloomError` where an archive no longer has what its journal says.
        """
        # In the end `_number` and `_size` are those of the archive that grows on.
        journals = sorted(self.home.glob("*.jsonl"))
        for journal in journals:
            self._number, self._size = int(journal.stem), 0
            for entry in _whole_lines(journal):
                yield entry
                # Entries come in the order of their bytes; those without bytes have a length of 0.
                self._size = max(self._size, entry["offset"] + entry["length"])
            self._check()
        if journals and not self._growing(self._number).exists():
            self._number, self._size = self._number + 1, 0  # published; else its archive goes on

    def append(self, entry: Entry, data: bytes = b"") -> Entry:
        """Store bytes and their entry, which is returned with the place of the bytes."""
        if self._lines is None or self._archive is None:
            self._open()
        assert self._lines and self._archive
        placed = {**entry, "archive": self._number, "offset": self._size, "length": len(data)}
        if data:
            # The bytes first: a kill before the line leaves bytes that no line names, and `_open` cuts them off.
            self._archive.write(data)
            self._archive.flush()
            self._size += len(data)
        self._lines.write(json.dumps(placed, separators=(",", ":")).encode() + b"\n")
        self._lines.flush()
        if self._size >= self.archive_bytes:
            self.publish()
        return placed

    def path(self, entry: Entry) -> Path:
        """Where the archive of an entry lies now."""
        growing = self._growing(entry["archive"])
        return growing if growing.exists() else self.folder / self.archive(entry["archive"])

    def publish(self) -> None:
        """Let the growing archive appear under its name; without bytes there is none."""
        growing = self._growing(self._number)
        if self._archive is None and growing.exists():
            self._open()
        if self._archive is None or self._lines is None:
            return
        for file in (self._archive, self._lines):
            os.fsync(file.fileno())
            file.close()
        if self._size:
            growing.replace(self.folder / self.archive(self._number))
        else:
            growing.unlink()
        self._archive = self._lines = None
        self._number, self._size = self._number + 1, 0

    def _growing(self, number: int) -> Path:
        return self.home / f"{number:05}.warc.gz"

    def _open(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        growing = self._growing(self._number)
        self._lines = (self.home / f"{self._number:05}.jsonl").open("ab")
        self._archive = growing.open("ab")
        # What the last run wrote without a line for it.
        self._archive.truncate(self._size)
        if not self._size:
            self._size = self._archive.write(self.opening(self.archive(self._number)))

    def _check(self) -> None:
        """The archive of the journal just read holds all that the journal names."""
        growing, published = self._growing(self._number), self.folder / self.archive(self._number)
        # Bytes beyond `_size` are no fault: they had no line yet.
        there = next((path.stat().st_size for path in (growing, published) if path.exists()), 0)
        if there < self._size:
            raise CorpusloomError(
                f"{published} should have {self._size:,} bytes and has {there:,}; restore it, or remove "
                f"{self.home / f'{self._number:05}.jsonl'} to fetch what it held again"
            )


def _whole_lines(path: Path) -> Iterator[Entry]:
    """The entries of a journal; a last line without its end is cut off."""
    data = path.read_bytes()
    # All of it up to the last line end; rfind's -1 for none gives b"".
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return map(json.loads, whole.splitlines())
