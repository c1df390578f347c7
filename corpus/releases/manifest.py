"""The manifest of a release: `_MANIFEST.json`, written before the folder appears under its number.

No time and no path of a machine stands in it: the same inputs, definition and history give the same bytes, so that a
run that was killed and started again can be held against one that was not. `content` is the digest of the data alone;
two releases with one content hold the same documents, tokens and tokenizer.
"""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from corpus.files.manifest import MANIFEST, ManifestError, Part, read_checked, write_manifest
from corpus.hashing import digest
from corpus.releases.figures import SourceFigures

FORMAT = 1


@dataclass(frozen=True)
class InputState:
    """A file of a snapshot and what became of it.

    `state` is taken, duplicate, empty, broken, withdrawn, announced or held; `late` where a newer snapshot of the
    source was taken before it.
    """

    source: str
    flag: str
    snapshot: str
    name: str
    bytes: int
    sample: str
    state: str
    detail: str = ""
    late: bool = False


@dataclass(frozen=True)
class SourceEntry:
    """A corpus of the release: its recipe by name, and the digest of all that decides it."""

    recipe: str
    settings: str
    documents: int


@dataclass(frozen=True)
class Release:
    """A release. `made` is refresh, rollback or forget; `of` the release that was rolled back to, `before` the last.

    `figures` are `corpus.releases.figures`; `forgotten` how many tombstones hold, and their digest.
    """

    release: int
    made: str
    sources: dict[str, SourceEntry]
    inputs: tuple[InputState, ...]
    parts: tuple[Part, ...]
    content: str
    before: int | None = None
    of: int | None = None
    tokenizer: str = ""
    shards: str = ""
    figures: dict[str, SourceFigures] = field(default_factory=dict)
    forgotten: int = 0
    tombstones: str = ""
    accepted: tuple[str, ...] = ()


def content_of(parts: tuple[Part, ...]) -> str:
    """The digest of the data among some parts."""
    data = sorted((part.path, part.digest) for part in parts)
    return digest(*(f"{path}\x00{known}" for path, known in data))  # the NUL parts path and digest


def write_release(folder: Path, release: Release) -> None:
    """Write the manifest of a release, the last of its files."""
    write_manifest(folder / MANIFEST, {"format": FORMAT, **msgspec.to_builtins(release)})


def read_release(folder: Path) -> Release:
    """The manifest of a whole release; `ManifestError` for a damaged one or none."""
    try:
        values = read_checked(folder / MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        raise ManifestError(f"{folder}: no {MANIFEST}, so it is no release; take one that stands") from None
    if values.get("format") != FORMAT:
        raise ManifestError(
            f"{folder / MANIFEST}: format {values.get('format')!r} is not {FORMAT}, which this code reads"
        )
    try:
        return msgspec.convert(values, Release)
    except msgspec.ValidationError as error:
        raise ManifestError(f"{folder / MANIFEST} is damaged: {error}") from error
