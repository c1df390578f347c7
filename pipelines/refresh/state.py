"""The state of a corpus between refreshes: `index/`, small files that are each replaced in one step.

index/snapshots.json    every input file that was ever seen, and what became of it
index/tombstones.json   what was forgotten, for ever
index/held.json         files that a rollback took out, by their samples
index/settings.json     recipes, flags and code of the last refresh, as digests
index/clean.json        parts that were searched for forgotten rows and have none
index/searched.json     releases that were searched and have none
index/history.jsonl     releases with their times, for people
"""

import json
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import ManifestError, read_checked, write_manifest
from corpus.releases.manifest import InputState
from corpus.releases.tombstones import Tombstones

T = TypeVar("T")
_IRREPLACEABLE = frozenset({"tombstones.json", "held.json"})  # the others are found again by looking


@dataclass(frozen=True)
class Event:
    """A line of the history. `time` in seconds since 1970, `seconds` how long it took."""

    release: int
    made: str
    time: float
    seconds: float
    said: str = ""


@dataclass(frozen=True)
class State:
    """The folder `index/` of a corpus."""

    folder: Path

    def seen(self) -> tuple[InputState, ...]:
        """The input files as they were last seen."""
        return self._read("snapshots.json", tuple[InputState, ...], ())

    def note_seen(self, inputs: Sequence[InputState]) -> None:
        """Remember the input files."""
        self._write("snapshots.json", inputs)

    def tombstones(self) -> Tombstones:
        """What was forgotten."""
        return self._read("tombstones.json", Tombstones, Tombstones())

    def bury(self, tombstones: Tombstones) -> None:
        """Remember what was forgotten."""
        self._write("tombstones.json", tombstones)

    def held(self) -> frozenset[str]:
        """The samples of the files that a rollback took out."""
        return frozenset(self._read("held.json", tuple[str, ...], ()))

    def hold(self, samples: Iterable[str]) -> None:
        """Remember which files stay out."""
        self._write("held.json", sorted(set(samples)))

    def settings(self) -> dict[str, str]:
        """Source → the digest of recipe, flags and code as of the last refresh."""
        return self._read("settings.json", dict[str, str], {})

    def note_settings(self, settings: dict[str, str]) -> None:
        """Remember what the last refresh was made with."""
        self._write("settings.json", settings)

    def searched(self) -> dict[str, str]:
        """Release → digest of the tombstones of which it was searched and has none."""
        return self._read("searched.json", dict[str, str], {})

    def note_searched(self, releases: dict[str, str]) -> None:
        """Remember which releases were searched."""
        self._write("searched.json", releases)

    def clean(self) -> dict[str, str]:
        """Digest of a part → digest of the tombstones of which it has none."""
        return self._read("clean.json", dict[str, str], {})

    def note_clean(self, parts: dict[str, str]) -> None:
        """Remember which parts were searched."""
        self._write("clean.json", parts)

    def history(self) -> list[Event]:
        """The releases with their times, the oldest first; a line cut off by a kill is left out."""
        events = []
        with suppress(FileNotFoundError):
            for line in (self.folder / "history.jsonl").read_bytes().splitlines():
                with suppress(msgspec.DecodeError):
                    events.append(msgspec.json.decode(line, type=Event))
        return events

    def note_event(self, release: int, made: str, seconds: float, said: str = "") -> None:
        """Append a line to the history."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(Event(release, made, round(time.time(), 3), round(seconds, 3), said)))
        # Appended and flushed: a kill leaves at most half a line, at the end, which `history` leaves out.
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def next_number(self, there: Sequence[int]) -> int:
        """A number that no release ever had."""
        # Not only from the folders: release 7 may have been purged, and a reader must never see another 7.
        return 1 + max([0, *there, *(event.release for event in self.history())])

    def _read(self, name: str, kind: type[T], otherwise: T) -> T:
        path = self.folder / name
        try:
            # Each file is {"holds": …} with a digest of itself, so a damaged one is known.
            return msgspec.convert(read_checked(path)["holds"], kind)
        except FileNotFoundError:
            return otherwise
        except (ManifestError, KeyError, msgspec.ValidationError) as error:
            if name not in _IRREPLACEABLE:
                return otherwise
            cure = "put it back from a backup: without it, what was forgotten could come back"
            raise CorpusloomError(f"{path} is damaged ({error}); {cure}", ExitCode.INPUT) from error

    def _write(self, name: str, value: Any) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_manifest(self.folder / name, {"holds": msgspec.to_builtins(value)})
