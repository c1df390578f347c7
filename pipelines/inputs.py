"""The files that a command was given: found, named, measured and known by their digest.

Two runs over the same files must name the same parts, so patterns are expanded here, sorted, and each file counted once
however it is spelled. Digests of unchanged files (same size and time of change) are taken from the last run.
"""

import glob
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from corpus.hashing import file_digest
from corpus.manifest import write_json
from pipelines.stage import StageError


@dataclass(frozen=True)
class InputFile:
    """One file: `name` is how it was given, and stands in rows that lead back to it."""

    name: str
    bytes: int
    digest: str = ""


def find_inputs(patterns: Sequence[str], flag: str) -> list[InputFile]:
    """The files of all patterns, by name; `StageError` (exit code 3) when a pattern finds none or one is unreadable."""
    names: dict[Path, str] = {}
    for pattern in patterns:
        found = sorted(glob.glob(pattern, recursive=True)) or ([pattern] if Path(pattern).exists() else [])
        files = [name for name in found if Path(name).is_file()]
        if not files:
            what = (
                "is a folder; give its files, as in" if Path(pattern).is_dir() else "finds no file; is it quoted, as in"
            )
            raise StageError(f"{flag} {pattern!r} {what} {flag} 'folder/*.gz'?", 3)
        for name in files:
            names.setdefault(Path(name).resolve(), name)
    for name in names.values():
        try:
            with Path(name).open("rb"):
                pass
        except OSError as error:
            raise StageError(f"{flag}: cannot read {name}: {error.strerror}; nothing was written", 3) from error
    return sorted((InputFile(name, Path(name).stat().st_size) for name in names.values()), key=lambda file: file.name)


def with_digests(files: Sequence[InputFile], memory: Path) -> list[InputFile]:
    """The files with their digests; `memory` is where digests of unchanged files are kept between runs."""
    try:
        known = json.loads(memory.read_bytes())
    except (FileNotFoundError, ValueError):
        known = {}

    def one(file: InputFile) -> InputFile:
        stamp = f"{Path(file.name).resolve()}:{file.bytes}:{Path(file.name).stat().st_mtime_ns}"
        digest = known.get(stamp) or file_digest(Path(file.name))
        fresh[stamp] = digest
        return InputFile(file.name, file.bytes, digest)

    fresh: dict[str, str] = {}
    with ThreadPoolExecutor(4) as pool:
        digested = list(pool.map(one, files))
    write_json(memory, {**known, **fresh})
    return digested


def payload_of(file: InputFile) -> dict[str, str]:
    """A file as a unit's payload has it; the digest makes the unit's name."""
    return {"file": str(Path(file.name).resolve()), "name": file.name, "digest": file.digest}
