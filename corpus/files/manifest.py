"""Files that appear whole, and the manifest that says what a folder is and how it came about.

A file is written under a temporary name and published in one step (`corpus.files.storage`): a reader sees all of it or
nothing. A folder counts as finished when its `_MANIFEST.json` stands; it is written last and names every part
with rows, bytes and digest. Readers go through the manifest, so what a killed run left behind is never read. No
wall-clock time, host or path of a worker enters a data file or a manifest: the same input gives the same bytes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.errors import CorpusloomError
from corpus.files.sealed import FOOTER, DamagedFile, check_seal, seal
from corpus.files.storage import local, publish, read, size_of, temporary_beside
from corpus.hashing import digest, file_digest

MANIFEST = "_MANIFEST.json"
_OWN_DIGEST = "digest"
TEMPORARY = ".tmp-"  # hidden from globs that look for parts, and swept by the next run
_ROWS_PER_GROUP = 1000  # what a row group has; memory of a writer


class ManifestError(CorpusloomError):
    """A folder that is not what its manifest says, or that has none."""


class Unbalanced(Exception):
    """Counts that do not add up: a document was lost, or counted twice."""


class PartEntry(TypedDict):
    """A `Part` in a manifest."""

    path: str
    rows: int
    bytes: int
    digest: str


# `Counts` in a manifest, where `received` is "in": no name that a class of Python could have.
CountsEntry = TypedDict(
    "CountsEntry", {"in": int, "kept": int, "rejected": int, "quarantined": int, "reasons": dict[str, int]}
)


@dataclass(frozen=True)
class Part:
    """One immutable file: its path relative to the folder of the manifest, and what must be in it."""

    path: str
    rows: int
    bytes: int
    digest: str

    @property
    def identity(self) -> str:
        """The content; where it lies is another matter."""
        return self.digest

    def to_json(self) -> PartEntry:
        """The form that stands in a manifest."""
        return {"path": self.path, "rows": self.rows, "bytes": self.bytes, "digest": self.digest}


@dataclass(frozen=True)
class Counts:
    """What came in and where it went. `reasons` splits `rejected` by `step.rule`."""

    received: int = 0
    kept: int = 0
    rejected: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Counts") -> "Counts":
        reasons = dict(self.reasons)
        for reason, count in other.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Counts(
            self.received + other.received,
            self.kept + other.kept,
            self.rejected + other.rejected,
            self.quarantined + other.quarantined,
            dict(sorted(reasons.items())),
        )

    def check(self, where: str) -> None:
        """Refuse counts that do not add up: something was lost or counted twice."""
        out = self.kept + self.rejected + self.quarantined
        if self.received != out or self.rejected != sum(self.reasons.values()):
            raise Unbalanced(
                f"{where}: {self.received} in, but {self.kept} kept + {self.rejected} rejected + {self.quarantined} "
                f"quarantined = {out}, and the reasons add up to {sum(self.reasons.values())}"
            )

    def to_json(self) -> CountsEntry:
        """The form that stands in a manifest."""
        return {"in": self.received, "kept": self.kept, "rejected": self.rejected, "quarantined": self.quarantined,
                "reasons": dict(self.reasons)}  # fmt: skip

    @staticmethod
    def from_json(values: CountsEntry) -> "Counts":
        """The inverse of `to_json`."""
        return Counts(values["in"], values["kept"], values["rejected"], values["quarantined"], values["reasons"])


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A temporary file to write to; on leaving without an error it becomes `path`, whole and lasting."""
    temporary = temporary_beside(path, TEMPORARY)
    try:
        yield temporary
        publish(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()  # after `publish` it is gone already


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step."""
    with appearing(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Put a value at `path` as JSON with sorted keys, in one step.

    A path on disk need be no UTF-8. Python then holds a lone surrogate, which `backslashreplace` writes as JSON does.
    """
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    write_bytes(path, (text + "\n").encode("utf-8", "backslashreplace"))


def read_json(path: Path, otherwise: Any) -> Any:
    """The value at `path`; `otherwise` when there is none or it is no JSON."""
    try:
        return json.loads(read(path))
    except (FileNotFoundError, ValueError):
        return otherwise


def write_manifest(path: Path, value: Mapping[str, object]) -> None:
    """Put a manifest, a record or settings at `path`, with the digest of what it says."""
    write_json(path, {**value, _OWN_DIGEST: _digest_of(value)})


def read_checked(path: Path) -> dict[str, Any]:
    """What `write_manifest` wrote; `ManifestError` where it says something else, `FileNotFoundError` without it.

    A file without a digest is taken as it is: people and other tools write manifests too.
    """
    return checked(read(path), path)


def checked(data: bytes, path: Path) -> dict[str, Any]:
    """What `write_manifest` wrote, from the bytes read at `path`; `ManifestError` where it says something else."""
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ManifestError(f"{path} is damaged: {error}; remove it and run the command that made it again") from error
    if not isinstance(value, dict):
        raise ManifestError(f"{path} is damaged: it holds no JSON object; run the command that made it again")
    own = value.pop(_OWN_DIGEST, None)
    if own is not None and own != _digest_of(value):
        raise ManifestError(
            f"{path} is damaged: what it says is not what was written; remove it and run the command that made it again"
        )
    return value


def _digest_of(value: Mapping[str, object]) -> str:
    return digest(json.dumps(value, sort_keys=True, separators=(",", ":")))


def part_of(path: Path, folder: Path, rows: int) -> Part:
    """The entry of a finished file."""
    file = local(path)
    return Part(path.relative_to(folder).as_posix(), rows, file.stat().st_size, file_digest(file))


class RowWriter:
    """Rows into one Parquet file (zstd, page checksums), a group at a time: memory does not grow with the file."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        options = {"compression": "zstd", "write_page_checksum": True, "store_schema": True}
        self._path = path
        self._writer = pq.ParquetWriter(path, schema, **options)
        self._group: list[Mapping[str, object]] = []
        self.rows = 0

    def add(self, row: Mapping[str, object]) -> None:
        """One more row."""
        self._group.append(row)
        self.rows += 1
        if len(self._group) == _ROWS_PER_GROUP:  # memory is one group of rows
            self._flush()

    def close(self) -> None:
        """Write what is left, and the seal; a file without rows has its columns and no row group.

        A row group of no rows is a file that `datasets` cannot read.
        """
        if self._group:
            self._flush()
        self._writer.add_key_value_metadata(FOOTER)
        self._writer.close()
        seal(self._path)

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._group, self._writer.schema))
        self._group = []


def write_parquet(path: Path, folder: Path, schema: pa.Schema, rows: Iterable[Mapping[str, object]]) -> Part:
    """Write rows as one Parquet file, in one step."""
    with appearing(path) as temporary:
        writer = RowWriter(temporary, schema)
        for row in rows:
            writer.add(row)
        writer.close()
    return part_of(path, folder, writer.rows)


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a sealed Parquet file, a batch at a time; `DamagedFile` where it is not what was written."""
    file = open_parquet(path)
    for batch in file.iter_batches(batch_size=_ROWS_PER_GROUP, use_threads=False):
        yield from batch.to_pylist()


def open_parquet(path: Path) -> pq.ParquetFile:
    """A sealed Parquet file, checked and opened."""
    file = local(path)
    check_seal(file, path)
    return pq.ParquetFile(file, page_checksum_verification=True)


def open_published(path: Path, **options: Any) -> pq.ParquetFile:
    """A part of a published corpus, opened; checked by its seal, or page by page where it is of the first edition."""
    file = local(path)
    check_seal(file, path, required=False)
    return pq.ParquetFile(file, page_checksum_verification=True, **options)


def parquet_footer(path: Path) -> Any:
    """The metadata of a Parquet file, without a look at its pages; `DamagedFile` where they cannot be read."""
    try:
        return pq.read_metadata(local(path))
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # a failure of the disk, not of the file
            raise
        raise DamagedFile(path, str(error).splitlines()[0]) from error


def write_arrow(path: Path, folder: Path, table: pa.Table) -> Part:
    """Write a table as one Arrow record batch, so that a reader maps each column as one array."""
    with appearing(path) as temporary:
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema, metadata=FOOTER) as writer:
            for batch in table.combine_chunks().to_batches():
                writer.write_batch(batch)
        seal(temporary)
    return part_of(path, folder, table.num_rows)


def map_arrow(path: Path) -> pa.Table:
    """A sealed Arrow file, mapped: its columns are read from disk when touched, and shared by all workers.

    `DamagedFile` where it is not what was written.
    """
    check_seal(local(path), path)
    return pa.ipc.open_file(pa.memory_map(str(local(path)))).read_all()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished folder; `ManifestError` for an unfinished one."""
    path = folder / MANIFEST
    try:
        return read_checked(path)
    except FileNotFoundError:
        raise ManifestError(f"{folder}: no {MANIFEST}; the build is unfinished, run its command again") from None


def verify(folder: Path) -> list[str]:
    """Check every part that the manifest names; what is wrong, one sentence a part (empty: all is right)."""
    wrong = []
    for entry in read_manifest(folder)["parts"]:
        part = Part(**entry)
        path = folder / part.path
        if (size := size_of(path)) < 0:
            wrong.append(f"{path}: missing")
        elif size != part.bytes or file_digest(local(path)) != part.digest:
            wrong.append(f"{path}: its bytes are not those of the manifest")
    return wrong
