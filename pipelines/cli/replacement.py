"""Nothing published is replaced by surprise.

A finished output folder says in `.settings.json` with which flags, inputs, code and libraries it was made. The same
command again finds the same settings and has nothing to do; another one is refused, and told the first setting that
differs, unless `--replace` is given. From the moment a replacement begins until its own manifest stands the folder is
unfinished: no reader can take the old manifest for the new parts.

A folder that is neither empty nor ours is refused whatever the flags are: the stages remove stale files from the
folders they own.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.differences import first_difference
from corpus.files.manifest import MANIFEST, TEMPORARY, ManifestError, read_checked, write_manifest
from corpus.files.provenance import Closure
from corpus.files.storage import is_remote
from corpus.json_types import JsonObject
from pipelines.runtime.task import STAGES

SETTINGS = ".settings.json"
# Where the first edition kept its stages.
_FIRST_EDITION = "stages"
# What a command publishes, and the file that stands when it is finished.
CORPUS, SHARDS, TOKENIZER, CAPTURES = "a corpus", "token shards", "a tokenizer", "captures"
INDEX = "a snapshot of an index"
MARKERS = {CORPUS: MANIFEST, CAPTURES: MANIFEST, INDEX: MANIFEST, SHARDS: "manifest.json", TOKENIZER: "training.json"}
_FLAGS, CODE = "flags", "code"


@dataclass
class Output:
    """The folder that a command publishes into; `settings` are those its bytes depend on, in the order of blame.

    `closure` is the code and the libraries of all its stages.
    """

    root: Path
    kind: str
    replace: bool = False
    settings: JsonObject = field(default_factory=dict)
    closure: Closure = field(default_factory=Closure)

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
            # Only in these two folders; what stages left half-written is cleared by the driver (`runtime.driver`).
            for path in [*self.root.glob(f"{TEMPORARY}*"), *(self.root / STAGES).glob(f"{TEMPORARY}*")]:
                path.unlink(missing_ok=True)  # half-written by a run that was killed
        known = _read(self.root / SETTINGS)
        if self.marker.exists():
            difference = self._difference(known)
            if difference and not self.replace:
                raise _refusal(
                    f"{self.root} is finished and holds {self.kind} made with other settings: {difference}. "
                    "Give --replace to rebuild it, or choose another --output"
                )
            # In this order: the marker goes, the settings are written, the build begins. A kill in between leaves a
            # folder without marker, which no reader takes for finished and the next command builds.
            if difference and write:
                self.marker.unlink()
                self._remove_first_edition()
        if write and not self.marker.exists():
            write_manifest(self.root / SETTINGS, {"kind": self.kind, _FLAGS: self._all()})

    def _all(self) -> JsonObject:
        return {**self.settings, CODE: dict(self.closure.files), "libraries": dict(self.closure.libraries)}

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
            raise _refusal(f"{self.root} holds {kind}, not {self.kind}; choose another --output")
        old = _FIRST_EDITION in names and SETTINGS not in names and _is_first_edition(self.root / _FIRST_EDITION)
        if old and not self.replace:
            raise _refusal(
                f"{self.root} was made by an earlier edition, which kept its work in {_FIRST_EDITION}/; give --replace "
                "to rebuild it, or choose another --output"
            )
        # Any one of the three is enough: a run that was killed early
        # has settings only, a copied corpus only its manifest.
        ours = old or {SETTINGS, STAGES, MARKERS[self.kind]} & names
        seen = sorted(name for name in names if not name.startswith("."))  # not .lock, not .DS_Store
        if seen and not ours:
            raise _refusal(
                f"{self.root} holds {seen[0]} and nothing that this command made; choose an empty folder as --output"
            )
        if old and not self.marker.exists():
            self._remove_first_edition()

    def _remove_first_edition(self) -> None:
        folder = self.root / _FIRST_EDITION
        if not is_remote(folder) and _is_first_edition(folder):
            shutil.rmtree(folder)


def _read(path: Path) -> JsonObject | None:
    try:
        return read_checked(path)
    except (FileNotFoundError, ManifestError):
        return None


def _is_first_edition(folder: Path) -> bool:
    """Whether the folder has stages with records of units, and is not somebody's own folder of that name."""
    return folder.is_dir() and any((stage / "units").is_dir() for stage in folder.iterdir())


def _refusal(message: str) -> CorpusloomError:
    return CorpusloomError(message, ExitCode.FLAGS)
