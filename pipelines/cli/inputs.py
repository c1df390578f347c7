"""The files that a command was given: found, named, measured and sampled.

Two runs over the same files must name the same parts, so patterns are expanded here, sorted, and each file counted once
however it is spelled.
"""

import glob
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from corpus.files.inputs import InputFile
from corpus.files.storage import in_utf8, is_remote, name_of, place
from corpus.files.transient import patiently
from pipelines.runtime.errors import StageError


def find_inputs(patterns: Sequence[str], flag: str) -> list[InputFile]:
    """The files of all patterns, by name; `StageError` (exit code 3) when a pattern finds none or one is unreadable."""
    # By its resolved path a file counts once. Backwards, so that of two spellings the first one given names it.
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


def find_below(patterns: Sequence[str], flag: str) -> list[InputFile]:
    """The files of all patterns, as `find_inputs`; of a folder all below it whose names do not begin with a dot."""
    names: list[str] = []
    for pattern in patterns:
        found = [] if is_remote(pattern) else sorted(glob.glob(pattern, recursive=True)) or [pattern]
        for path in map(Path, found):
            below = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
            visible = [file for file in below if not any(part.startswith(".") for part in file.relative_to(path).parts)]
            if not visible:
                raise StageError(f"{flag}: there is no file in {path}; give a folder or files that are there", 3)
            # `find_inputs` expands patterns: a file called a[1].txt must not be one.
            names += [glob.escape(str(file)) for file in visible]
        names += [pattern] if is_remote(pattern) else []
    return find_inputs(names, flag)


def _matches(pattern: str, flag: str) -> list[InputFile]:
    files = _objects(pattern, flag) if is_remote(pattern) else _files(pattern, flag)
    if not files:
        folder = not is_remote(pattern) and Path(pattern).is_dir()
        what = "is a folder; give its files, as in" if folder else "finds no file; is it quoted, as in"
        raise StageError(f"{flag} {pattern!r} {what} {flag} 'folder/*.gz'?", 3)
    return files


def _files(pattern: str, flag: str) -> list[InputFile]:
    # A name with [ or * in it that is a file, and no pattern that finds any, is taken as it is.
    found = sorted(glob.glob(pattern, recursive=True)) or ([pattern] if Path(pattern).exists() else [])
    files = []
    for name in found:
        if Path(name).is_file():
            try:
                # Opened and not only looked at: a file that may not be read is an error now, not of a worker later.
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
    # One listing with sizes, in place of a request for each object.
    found = there.fs.glob(there.path, detail=True)
    objects = [(there.fs.unstrip_protocol(key), info) for key, info in sorted(found.items()) if info["type"] == "file"]
    return [InputFile(name_of(name), info["size"], file=name) for name, info in objects]


def sample_files(files: Sequence[InputFile]) -> list[InputFile]:
    """The files with their samples, by which they are known (`corpus.files.inputs`)."""
    # A sample is a few reads from several places: waiting for a store, mostly, so threads do.
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda file: patiently(file.with_sample), files))


def names_of(groups: Sequence[Sequence[str]]) -> list[str]:
    """The patterns of a flag that may be given repeatedly, with several each time."""
    return [name for group in groups for name in group]


def samples_of(files: Sequence[InputFile]) -> list[dict[str, str]]:
    """The files as the settings of an output have them."""
    return [{"name": file.name, "digest": file.sample} for file in files]
