"""Storage: a folder of this machine, or a bucket of an object store, behind one interface.

A place is a `pathlib.Path` or, for `gs://`, `s3://`, `hdfs://` and whatever else fsspec speaks, a `UPath`, which has
the same methods. Readers map files and enter archives in the middle, so an object is fetched whole, once a machine, and
read as a file: a unit of work reads nearly all of its input anyway, and the bytes cannot depend on how they came.

A file is published in one step. In a folder that is a rename. A store has no rename, but its `put` is one step already,
and it is told to create and not to replace: of two attempts at one part the first stays, and no reader ever sees an
object change under its name.
"""

import filecmp
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from corpus.files.transient import patiently
from corpus.hashing import digest

SCRATCH = "CORPUSLOOM_SCRATCH"
SCRATCH_BYTES = "CORPUSLOOM_SCRATCH_BYTES"
# Fetched copies beyond this are removed, those not read for the longest time first.
_MOST_SCRATCH = 50 * 2**30
# What is read as a file of this machine, and not by `read`.
_MAPPED = (".arrow", ".parquet")


def place(text: str | Path) -> Path:
    """A path, or its twin in a bucket: `gs://bucket/folder`, `s3://bucket/folder`."""
    if not is_remote(text):
        return Path(text)
    from upath import UPath  # a tenth of a second, for stores alone

    # Listings are not remembered: workers on other machines write into the same folders.
    return cast(Path, UPath(str(text), use_listings_cache=False))


def lasting(text: str) -> Path:
    """`place`, whose name leads there from any current folder, or machine that reaches it."""
    return place(text) if is_remote(text) else Path(text).absolute()


def below(root: Path, path: str) -> Path:
    """The file at a path in a folder, or at one that leads there by itself."""
    return place(path) if is_remote(path) or os.path.isabs(path) else root / path


def is_remote(where: str | Path) -> bool:
    """Does it lie in a store, and not in a file system of this machine?"""
    # A UPath is no `pathlib.Path` (universal_pathlib 0.3), so the class tells; text is told by its "://".
    return "://" in where if isinstance(where, str) else not isinstance(where, Path)


def in_utf8(name: str) -> str:
    """A file's name as rows, manifests and terminals can hold it: bytes that are no UTF-8 as `caf\\xe9.gz`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def name_of(text: str) -> str:
    """What rows and parts call an input: a local path as it was given, an object by its key.

    `s3://commoncrawl/crawl-data/x.warc.gz` is `crawl-data/x.warc.gz`, as in the crawl's own lists; so a copy of it in
    another bucket, or in a folder, makes the same corpus to the byte.
    """
    return text.partition("://")[2].partition("/")[2] if is_remote(text) else text


def scratch() -> Path:
    """The folder of this machine for fetched copies: `$CORPUSLOOM_SCRATCH`, else one of the user's in `/tmp`."""
    given = os.environ.get(SCRATCH)
    folder = Path(given) if given else Path(tempfile.gettempdir()) / f"corpusloom-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read(path: Path) -> bytes:
    """The bytes of a small file or object, by one request; `FileNotFoundError` where there is none.

    A store's own `open` and `exists` ask two to four times: for the object, and for a folder of its name.
    """
    if not is_remote(path):
        return path.read_bytes()
    store, key = _store(path)
    return store.cat_file(key, max_concurrency=1)  # more would ask for the size first


def is_there(path: Path) -> bool:
    """Whether a small file or object is there, by one request."""
    if not is_remote(path):
        return path.exists()
    try:
        read(path)
    except FileNotFoundError:
        return False
    return True  # an empty object too


def local(path: Path) -> Path:
    """A file of this machine with the bytes at `path`: itself, or a copy that is fetched once and kept in `scratch`.

    A copy belongs to one version of an object (size and checksum, or time): another version is fetched again.
    """
    if not is_remote(path):
        return path
    copy = _copy_of(path)
    if copy.is_file():
        with suppress(OSError):
            # The time of the last use, by which `_make_room` decides; `noatime` mounts do not keep it by themselves.
            os.utime(copy)
        return copy
    store, key = _store(path)
    _make_room(store.info(key)["size"])
    # Hidden and of this process: two may fetch the same object at once.
    partial = copy.with_name(f".{copy.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        patiently(store.get_file, key, str(partial))
        partial.replace(copy)
    finally:
        partial.unlink(missing_ok=True)
    return copy


def local_folder(path: Path) -> Path:
    """A folder of this machine with the files of the one at `path` (not its folders): itself, or a copy like `local`'s.

    For a handful of small files that belong together, such as a tokenizer's.
    """
    if not is_remote(path):
        return path
    files = sorted((file for file in path.iterdir() if file.is_file()), key=lambda file: file.name)
    copy = _copies() / digest(str(path), *(f"{file.name}:{version_of(file)}" for file in files))
    if not copy.is_dir():
        with tempfile.TemporaryDirectory(dir=scratch()) as partial:
            inside = Path(partial) / "files"
            inside.mkdir()
            for file in files:
                (inside / file.name).write_bytes(file.read_bytes())
            with suppress(OSError):  # another process has just put it there
                inside.replace(copy)
    return copy


def temporary_beside(path: Path, prefix: str) -> Path:
    """Where to write what will be published at `path`: beside it, or in `scratch` when it lies in a store."""
    token = f"{prefix}{os.urandom(8).hex()}-"  # random, so that two attempts at one part never write to one file
    if is_remote(path):
        return scratch() / f"{token}{path.name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{token}{path.name}")


def publish(temporary: Path, path: Path) -> None:
    """Let the file `temporary` appear at `path`, whole and lasting; it is gone from where it was."""
    if is_remote(path):
        _upload(temporary, path)
        if path.suffix in _MAPPED:  # whoever reads it next on this machine need not fetch it
            with suppress(OSError):
                temporary.replace(_copy_of(path))
        temporary.unlink(missing_ok=True)
        return
    # The content reaches the disk before its name does, and the name before anybody relies on it: a power cut leaves
    # the old file or the new one.
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def size_of(path: Path) -> int:
    """The bytes of a file or object, -1 where there is none."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return -1


def sizes_in(folder: Path) -> dict[str, int]:
    """The files directly in a folder, by name, with their bytes, from one listing; nothing where there is none."""
    return {name: size for name, size in _entries(folder) if size is not None}


def folders_in(folder: Path) -> list[str]:
    """The names of the folders directly in a folder, from one listing; none where there is none."""
    return [name for name, size in _entries(folder) if size is None]


def _entries(folder: Path) -> list[tuple[str, int | None]]:
    """What is directly in a folder: names, and the bytes of files."""
    try:
        if not is_remote(folder):
            with os.scandir(folder) as entries:
                return [found for each in entries for found in _entry(each)]
        store, key = _store(folder)
        listed = [(info["name"].rstrip("/"), info) for info in store.ls(key, detail=True, refresh=True)]
        return [
            (name.rpartition("/")[2], None if info["type"] == "directory" else info["size"])
            for name, info in listed
            if name != key.rstrip("/")  # some stores list the folder itself
        ]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _entry(each: "os.DirEntry[str]") -> list[tuple[str, int | None]]:
    """What `_entries` says of it; nothing of a broken link, or of a file that another process has just removed."""
    with suppress(FileNotFoundError):
        if each.is_dir():
            return [(each.name, None)]
        if each.is_file():
            return [(each.name, each.stat().st_size)]
    return []


def version_of(path: Path) -> str:
    """A text that changes when the file or object does, without reading it."""
    if is_remote(path):
        store, key = _store(path)
        info = store.info(key)
        # Whatever a store has: S3 an ETag, Google Cloud a checksum and a generation, others a time.
        marks = [info.get(name) for name in ("ETag", "etag", "md5Hash", "crc32c", "generation", "mtime")]
        return f"{info['size']}:{':'.join(str(mark) for mark in marks if mark)}"
    found = path.stat()
    return f"{found.st_size}:{found.st_mtime_ns}"


def _upload(temporary: Path, path: Path) -> None:
    store, key = _store(path)
    try:
        store.put_file(str(temporary), key, mode="create")
    except FileExistsError:
        # Another attempt at the same part has the same bytes: then the first stays. Records and manifests may differ.
        if not filecmp.cmp(local(path), temporary, shallow=False):  # a record or manifest that says something new
            store.put_file(str(temporary), key)


def _store(path: Path) -> tuple[Any, str]:
    """The file system of a place in a store, and its name there."""
    there = cast(Any, path)
    return there.fs, there.path


def _copy_of(path: Path) -> Path:
    return _copies() / f"{digest(str(path), version_of(path))}-{path.name}"


def _copies() -> Path:
    folder = scratch() / "copies"
    folder.mkdir(exist_ok=True)
    return folder


def _make_room(needed: int) -> None:
    """Remove old copies; one that a process has mapped stays readable to it."""
    most = int(os.environ.get(SCRATCH_BYTES, _MOST_SCRATCH)) - needed
    copies = []
    for copy in _copies().glob("[!.]*.*"):  # not those still being fetched, which begin with a dot
        with suppress(OSError):
            copies.append((copy.stat().st_atime_ns, copy.stat().st_size, copy))
    total = sum(size for _, size, _ in copies)
    for _, size, copy in sorted(copies):  # those not used for the longest time first
        if total <= most:
            return
        copy.unlink(missing_ok=True)
        total -= size
