"""Nothing published is replaced by surprise.

A finished output folder says in `.settings.json` with which flags, inputs, code and libraries it was made. The same
command again finds the same settings and has nothing to do; another one is refused, and told the first setting that
differs, unless `--replace` is given. From the moment a replacement begins until its own manifest stands the folder is
unfinished: no reader can take the old manifest for the new parts.

A folder that is neither empty nor ours is refused whatever the flags are: the stages remove stale files from the
folders they own.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import MANIFEST, TEMPORARY, ManifestError, code_version, read_checked, write_manifest
from corpus.files.storage import is_remote
from corpus.recipes import library_versions

SETTINGS = ".settings.json"
WORK = ".stages"
# Where the first edition kept its stages.
_FIRST_EDITION = "stages"
# What a command publishes, and the file that stands when it is finished.
CORPUS, SHARDS, TOKENIZER = "a corpus", "token shards", "a tokenizer"
MARKERS = {CORPUS: MANIFEST, SHARDS: "manifest.json", TOKENIZER: "training.json"}
_FLAGS = "flags"


@dataclass
class Output:
    """The folder that a command publishes into; `settings` are those its bytes depend on, in the order of blame."""

    root: Path
    kind: str
    replace: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def marker(self) -> Path:
        """The file that says that the folder is finished."""
        return self.root / MARKERS[self.kind]

    def check(self, write: bool = True) -> None:
        """Refuse to replace what is there by something else; `CorpusloomError` (2) with the first difference.

        With `write` the settings are put down, and what is to be replaced is no longer published.
        """
        self._refuse_others()
        if write:
            for path in [*self.root.glob(f"{TEMPORARY}*"), *(self.root / WORK).glob(f"{TEMPORARY}*")]:
                path.unlink(missing_ok=True)  # half-written by a run that was killed
        known = _read(self.root / SETTINGS)
        if self.marker.exists():
            difference = self._difference(known)
            if difference and not self.replace:
                raise _refused(
                    f"{self.root} is finished and holds {self.kind} made with other settings: {difference}. "
                    "Give --replace to build it anew, or choose another --output"
                )
            if difference and write:
                self.marker.unlink()
                self._remove_first_edition()
        if write and not self.marker.exists():
            write_manifest(self.root / SETTINGS, {"kind": self.kind, _FLAGS: self._all()})

    def add(self, later: Mapping[str, Any]) -> None:
        """Settings that are known only when the work has begun, such as the digests of the inputs; checks again."""
        self.settings |= later
        self.check()

    def _all(self) -> dict[str, Any]:
        software = {"corpusloom": code_version(), "libraries": library_versions()}
        return {**self.settings, **software}

    def _difference(self, known: Mapping[str, Any] | None) -> str:
        if known is None or not isinstance(known.get(_FLAGS), dict):
            return f"with which settings is not recorded, {SETTINGS} being absent or damaged"
        return first_difference(known[_FLAGS], self._all())

    def _refuse_others(self) -> None:
        """A folder of another kind, of the first edition, or of somebody else."""
        if not self.root.is_dir():
            return
        names = {path.name for path in self.root.iterdir()}
        kind = (_read(self.root / SETTINGS) or {}).get("kind", self.kind)
        if kind != self.kind:
            raise _refused(f"{self.root} holds {kind}, not {self.kind}; choose another --output")
        old = _FIRST_EDITION in names and SETTINGS not in names and _is_first_edition(self.root / _FIRST_EDITION)
        if old and not self.replace:
            raise _refused(
                f"{self.root} was made by an earlier edition, which kept its work in {_FIRST_EDITION}/; give --replace "
                "to build it anew, or choose another --output"
            )
        ours = old or {SETTINGS, WORK, MARKERS[self.kind]} & names
        seen = sorted(name for name in names if not name.startswith("."))
        if seen and not ours:
            raise _refused(
                f"{self.root} holds {seen[0]} and nothing that this command made; choose an empty folder as --output"
            )
        if old and not self.marker.exists():
            self._remove_first_edition()

    def _remove_first_edition(self) -> None:
        folder = self.root / _FIRST_EDITION
        if not is_remote(folder) and _is_first_edition(folder):
            shutil.rmtree(folder)


def first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first setting that differs, as a clause; nothing where none does.

    A setting that only the record has is one that becomes known later in the run (`Output.add`).
    """
    for name, value in now.items():
        if name in before and (found := _difference(name, before[name], _plain(value))):
            return found
    return ""


def _difference(name: str, before: Any, now: Any) -> str:
    if before == now:
        return ""
    if isinstance(before, dict) and isinstance(now, dict):
        key = next(key for key in sorted({*before, *now}) if before.get(key) != now.get(key))
        return f"{name} ({key}) was {before.get(key, 'absent')}, now {now.get(key, 'absent')}"
    if isinstance(before, list) and isinstance(now, list):
        return f"{name}: {_list_difference(before, now)}"
    return f"{name} was {_shown(before)}, now {_shown(now)}"


def _list_difference(before: list[Any], now: list[Any]) -> str:
    gone = next((item for item in before if item not in now), None)
    new = next((item for item in now if item not in before), None)
    named = {item["name"] for item in before if isinstance(item, dict)}
    if isinstance(new, dict) and new["name"] in named:
        return f"{new['name']} has other bytes now"
    if new is not None:
        return f"{_shown(new)} was not given then"
    return f"{_shown(gone)} was given then, and is not now" if gone is not None else "the order was another"


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "name" in value:
        return str(value["name"])
    if value in (None, "", [], False):
        return "not given"
    return "given" if value is True else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return read_checked(path)
    except (FileNotFoundError, ManifestError):
        return None


def _is_first_edition(folder: Path) -> bool:
    """Whether the folder has stages with records of units, and is not somebody's own folder of that name."""
    return folder.is_dir() and any((stage / "units").is_dir() for stage in folder.iterdir())


def _refused(message: str) -> CorpusloomError:
    return CorpusloomError(message, ExitCode.FLAGS)
