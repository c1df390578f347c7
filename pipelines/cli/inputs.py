"""The files that a command was given: found, named, measured and known by their digest.

Two runs over the same files must name the same parts, so patterns are expanded here, sorted, and each file counted once
however it is spelled. Digests of unchanged files are taken from the last run. Those of objects in a store are made by
the workers, a stage of its own: whole archives do not travel to the machine that gave the command.
"""

import glob
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from corpus.files.manifest import Counts, ManifestError, read_checked, write_manifest
from corpus.files.sealed import stamp_of
from corpus.files.storage import in_utf8, is_remote, local, name_of, place, version_of
from corpus.files.unchanged import is_settled, steady_digest
from corpus.hashing import file_digest
from pipelines.cli.replacement import WORK
from pipelines.runtime.errors import StageError
from pipelines.runtime.stage import Outcome, Task, Unit
from pipelines.runtime.stages import Stages


@dataclass(frozen=True)
class InputFile:
    """One file: `name` is how it was given (an object's key), and stands in rows; `file` says where it lies today."""

    name: str
    bytes: int
    digest: str = ""
    file: str = ""


def find_inputs(patterns: Sequence[str], flag: str) -> list[InputFile]:
    """The files of all patterns, by name; `StageError` (exit code 3) when a pattern finds none or one is unreadable."""
    found = {file.file: file for pattern in reversed(patterns) for file in reversed(_matches(pattern, flag))}
    files = sorted(found.values(), key=lambda file: (file.name, file.file))
    if empty := [file.name for file in files if not file.bytes]:
        raise StageError(f"{flag}: {empty[0]} is empty; fetch it again, or leave it out", 3)
    for before, after in pairwise(files):
        if before.name == after.name:
            raise StageError(
                f"{flag}: {before.file} and {after.file} have one name, {after.name}, so a row could not lead back to "
                "its file; give a copy of one of them under another name",
                3,
            )
    return files


def _matches(pattern: str, flag: str) -> list[InputFile]:
    files = _objects(pattern, flag) if is_remote(pattern) else _files(pattern, flag)
    if not files:
        folder = not is_remote(pattern) and Path(pattern).is_dir()
        what = "is a folder; give its files, as in" if folder else "finds no file; is it quoted, as in"
        raise StageError(f"{flag} {pattern!r} {what} {flag} 'folder/*.gz'?", 3)
    return files


def _files(pattern: str, flag: str) -> list[InputFile]:
    found = sorted(glob.glob(pattern, recursive=True)) or ([pattern] if Path(pattern).exists() else [])
    files = []
    for name in found:
        if Path(name).is_file():
            try:
                with Path(name).open("rb"):
                    size, there = Path(name).stat().st_size, str(Path(name).resolve())
                files.append(InputFile(in_utf8(name), size, file=there))
            except OSError as error:
                raise StageError(f"{flag}: cannot read {name}: {error.strerror}; nothing was written", 3) from error
    return files


def _objects(pattern: str, flag: str) -> list[InputFile]:
    if pattern.startswith(("http://", "https://")):
        cure = "download it first, or give the store's own address, as in s3://bucket/key"
        raise StageError(f"{flag} {pattern}: a web address is not read; {cure}", 2)
    there = cast(Any, place(pattern))
    found = there.fs.glob(there.path, detail=True)
    objects = [(there.fs.unstrip_protocol(key), info) for key, info in sorted(found.items()) if info["type"] == "file"]
    return [InputFile(name_of(name), info["size"], file=name) for name, info in objects]


@dataclass(frozen=True)
class DigestObject:
    """Work on one object: payload `file`, `name`, `version`."""

    def __call__(self, task: Task) -> Outcome:
        """Its digest, as a fact."""
        digest = file_digest(local(task.input()))
        return Outcome((), Counts(1, 1), {"digest": digest, "version": task.unit.payload["version"]})


def with_digests(files: Sequence[InputFile], stages: Stages) -> list[InputFile]:
    """The files with their digests; those of unchanged files are remembered between runs."""
    memory, began = stages.root / WORK / "inputs.json", time.time_ns()
    with ThreadPoolExecutor(8) as threads:
        stamps = list(threads.map(_stamp, files))
        known = _remembered(memory)
        missing = [(file, stamp) for file, stamp in zip(files, stamps, strict=True) if stamp not in known]
        here = [(file, stamp) for file, stamp in missing if not is_remote(file.file)]
        digests = threads.map(lambda item: steady_digest(Path(item[0].file), item[0].name), here)
        fresh = {stamp: digest for (_, stamp), digest in zip(here, digests, strict=True)}
    units = [
        Unit({"file": file.file, "name": file.name, "version": stamp}, file.name, max(file.bytes, 1))
        for file, stamp in missing
        if is_remote(file.file)
    ]
    if units:
        stages.map("inputs", (), units, DigestObject())
        fresh |= {fact["version"]: fact["digest"] for fact in stages.facts("inputs")}
    known |= fresh
    write_manifest(memory, {stamp: digest for stamp, digest in known.items() if _is_settled(stamp, began)})
    return [replace(file, digest=known[stamp]) for file, stamp in zip(files, stamps, strict=True)]


def _stamp(file: InputFile) -> str:
    """A text that changes when the input does, without reading it."""
    if is_remote(file.file):
        return f"{file.file}:{version_of(place(file.file))}"
    return ":".join([in_utf8(file.file), *map(str, stamp_of(Path(file.file)))])


def _is_settled(stamp: str, now_ns: int) -> bool:
    """Whether a digest may be remembered under the stamp; the versions of a store say themselves when they change."""
    if is_remote(stamp):
        return True
    return is_settled(tuple(int(number) for number in stamp.rsplit(":", 4)[1:]), now_ns)


def _remembered(memory: Path) -> dict[str, str]:
    try:
        return read_checked(memory)
    except (FileNotFoundError, ManifestError):
        return {}


def payload_of(file: InputFile) -> dict[str, str]:
    """A file as a unit's payload has it; the digest makes the unit's name."""
    return {"file": file.file, "name": file.name, "digest": file.digest}


def digests_of(files: Sequence[InputFile]) -> list[dict[str, str]]:
    """The files as the settings of an output have them."""
    return [{"name": file.name, "digest": file.digest} for file in files]
