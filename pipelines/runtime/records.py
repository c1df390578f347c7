"""Records and manifests of a stage: what is done, what is missing, and when it is finished.

A task leaves a record when its parts are in place. When every task of a stage has one, the records become the leaves of
the stage's manifest, whose root is written last: it holds the sums and the digests of the leaves, so that its size does
not grow with the corpus. Whoever plans a later stage reads the leaves; a leaf that is not what the root says makes the
stage unfinished, and it is finished again from the records that stand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, cast

import msgspec

from corpus.files.manifest import MANIFEST, Counts, ManifestError, Part, checked, write_bytes, write_manifest
from corpus.files.storage import folders_in, is_remote, read, sizes_in
from corpus.hashing import digest, file_digest
from pipelines.runtime.errors import StageError
from pipelines.runtime.run import BuildRun, StageFolder
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import STAGES, F, Outcome, Task

TASKS_PER_LEAF = 1000  # a leaf is some hundred kB; the root names them all


@dataclass(frozen=True)
class TaskRecord(Generic[F]):
    """The record of a finished task."""

    task: str
    label: str
    parts: tuple[Part, ...]
    counts: Counts
    facts: F


@dataclass(frozen=True)
class Leaf:
    """Some records in one file, as lines of JSON: the root knows its digest."""

    path: str
    tasks: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """The root of a stage's manifest. `order` is the digest of the names of its tasks, in their order."""

    stage: str
    fingerprint: str
    order: str
    tasks: int
    counts: Counts
    leaves: tuple[Leaf, ...]
    settings: Any
    libraries: tuple[tuple[str, str], ...]


class Finished(list[F]):
    """The facts of a finished stage's tasks, in their order, with what else its manifest says: `plan` takes these."""

    def __init__(self, name: str, records: Sequence[TaskRecord[F]], digest: str) -> None:
        super().__init__(record.facts for record in records)
        self.name, self.digest = name, digest
        self.counts = sum((record.counts for record in records), Counts())
        self.parts = [part for record in records for part in record.parts]


def record_type(stage: Stage[Any, F]) -> type[TaskRecord[F]]:
    """The type that a record of the stage is decoded to."""
    return cast(Any, TaskRecord)[stage.facts_type]


def write_record(task: Task[Any], outcome: Outcome[Any]) -> None:
    """Leave the record of a task; `ValueError` for facts that name a part of another task."""
    own = {part.path for part in outcome.parts}
    foreign = sorted({path for path in _part_paths(msgspec.to_builtins(outcome.facts))} - own)
    if foreign:
        raise ValueError(f"{task.stage}: facts name {foreign[0]}, which the task did not write")
    record = TaskRecord(task.name, task.unit.label, outcome.parts, outcome.counts, outcome.facts)
    data = msgspec.json.encode(record)
    write_bytes(task.record(), b"%s\n%s\n" % (data, digest(data).encode()))


def _part_paths(value: Any) -> Iterable[str]:
    """The paths of all parts in facts: whatever has the fields of a `Part`."""
    if isinstance(value, dict):
        if value.keys() == {"path", "rows", "bytes", "digest"}:  # the fields of `Part`
            yield value["path"]
        for item in value.values():
            yield from _part_paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from _part_paths(item)


def root_of(folder: StageFolder) -> Manifest | None:
    """The root of a finished stage, whatever its settings; None where there is none, or it is damaged."""
    return _read_root(folder)[0]


def _read_root(folder: StageFolder) -> tuple[Manifest | None, str]:
    """The root of a finished stage, and the digest of its file."""
    path = folder.home / MANIFEST
    try:
        data = read(path)
        return msgspec.convert(checked(data, path), Manifest), digest(data)
    except (FileNotFoundError, ManifestError, msgspec.ValidationError):
        return None, ""


def _read_own(stage: Stage[Any, Any], folder: StageFolder) -> tuple[Manifest | None, str]:
    """As `_read_root`; None for a root of other settings or other code."""
    manifest, own = _read_root(folder)
    return (manifest if manifest and manifest.fingerprint == stage.fingerprint else None), own


def records_of(stage: Stage[Any, F], folder: StageFolder) -> list[TaskRecord[F]] | None:
    """The records of a finished stage, in the order of its tasks; None where it is not finished."""
    manifest, _ = _read_own(stage, folder)
    return manifest and _records_in(manifest, stage, folder)


def _records_in(manifest: Manifest, stage: Stage[Any, F], folder: StageFolder) -> list[TaskRecord[F]] | None:
    """The records in the leaves of a manifest; None where one of them is missing or damaged."""
    records: list[TaskRecord[F]] = []
    for leaf in manifest.leaves:
        try:
            data = read(folder.home / leaf.path)
        except FileNotFoundError:
            return None
        if digest(data) != leaf.digest:
            return None
        records += [msgspec.json.decode(line, type=record_type(stage)) for line in data.splitlines()]
    return records


def read_finished(stage: Stage[Any, F], folder: StageFolder) -> Finished[F] | None:
    """What a finished stage left; None where it is not finished."""
    manifest, own = _read_own(stage, folder)
    records = manifest and _records_in(manifest, stage, folder)
    return None if records is None else Finished(stage.name, records, own)


def is_complete(tasks: Sequence[Task[Any]], stage: Stage[Any, Any], folder: StageFolder) -> bool:
    """Whether the manifest stands for just these tasks, and all parts are in place."""
    manifest, _ = _read_own(stage, folder)
    if manifest is None or manifest.order != order_of(tasks):
        return False
    records = _records_in(manifest, stage, folder)
    parts = (part for record in records or () for part in record.parts)
    return records is not None and _Sizes(folder.root).hold(parts)


def order_of(tasks: Iterable[Task[Any]]) -> str:
    """The digest of the names of some tasks, in their order."""
    return digest(*(task.name for task in tasks))


class _Sizes(dict[str, dict[str, int]]):
    """The sizes of the files of each folder below `root`: one listing per folder, when it is first asked for."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def __missing__(self, folder: str) -> dict[str, int]:
        self[folder] = sizes_in(self.root / folder)
        return self[folder]

    def hold(self, parts: Iterable[Part]) -> bool:
        """Whether the parts are in place with their sizes; what is inside is checked by whoever reads it."""
        # ".stages/posts/posts/part-1.arrow" -> (part, ".stages/posts/posts", "part-1.arrow").
        places = ((part, *part.path.rpartition("/")[::2]) for part in parts)
        return all(self[folder].get(name) == part.bytes for part, folder, name in places)


def read_records(tasks: Sequence[Task[Any]], stage: Stage[Any, F], folder: StageFolder) -> list[TaskRecord[F] | None]:
    """The record of each task; None for one that is missing, unreadable, or whose parts are not in place."""
    there, sizes = sizes_in(folder.records), _Sizes(folder.root)
    found: list[TaskRecord[F] | None] = []
    for task in tasks:
        record = _read_record(task, stage) if task.record().name in there else None
        found.append(record if record and sizes.hold(record.parts) else None)
    return found


def _read_record(task: Task[Any], stage: Stage[Any, F]) -> TaskRecord[F] | None:
    """The record, which a second line with its digest vouches for."""
    try:
        # A torn record has one line or another digest: the task counts as not done.
        data, own = read(task.record()).splitlines()
        return msgspec.json.decode(data, type=record_type(stage)) if digest(data).encode() == own else None
    except (FileNotFoundError, ValueError, msgspec.DecodeError):
        return None


def damaged_parts(records: Iterable[TaskRecord[Any]], folder: StageFolder) -> list[Path]:
    """The parts of some records that have other bytes than were written; none in a store, which sees to that itself."""
    if is_remote(folder.root):
        return []
    parts = [part for record in records for part in record.parts]
    return [folder.root / part.path for part in parts if file_digest(folder.root / part.path) != part.digest]


def pending(tasks: Sequence[Task[Any]], stage: Stage[Any, Any], folder: StageFolder) -> list[Task[Any]]:
    """The tasks that have no record, the biggest first. A record without its parts is removed: workers trust those."""
    found = read_records(tasks, stage, folder)
    if stage.writes:  # what is published is read by nobody before the manifest vouches for it
        # Every byte of it is read: only here, after an interruption, and not in a run that finds its manifests whole.
        found = [record if record and not damaged_parts([record], folder) else None for record in found]
    left = [task for task, record in zip(tasks, found, strict=True) if record is None]
    there = sizes_in(folder.records)
    for task in left:
        if task.record().name in there:
            task.record().unlink(missing_ok=True)
    return sorted(left, key=lambda task: (-task.unit.size, task.name))


def finish(tasks: Sequence[Task[Any]], stage: Stage[Any, Any], run: BuildRun) -> None:
    """Add up the records, check that nothing is missing, remove what belongs to no task, write the manifest.

    `StageError` where a task left no record, the counts do not balance, or too much could not be read.
    """
    folder = run.folder(stage)
    found = read_records(tasks, stage, folder)
    records = [record for record in found if record is not None]
    if len(records) != len(tasks):
        raise StageError(f"{stage.name}: {len(tasks) - len(records)} of {len(tasks)} tasks left no record", 1)
    counts = sum((record.counts for record in records), Counts())
    counts.check(stage.name)
    check_damage(stage.name, counts, run.max_quarantined)
    # Leaves, then what belongs to nobody goes, then the root. A kill before the root leaves the stage unfinished with
    # all its records, and it is finished again from them.
    leaves = _write_leaves(records, folder)
    _remove_others(stage, folder, records, leaves)  # before the root: what it names stays
    manifest = Manifest(
        stage.name,
        stage.fingerprint,
        order_of(tasks),
        len(tasks),
        counts,
        leaves,
        stage.settings,
        stage.closure.libraries,
    )
    write_manifest(folder.home / MANIFEST, msgspec.to_builtins(manifest))


def check_damage(stage: str, counts: Counts, most: float) -> None:
    """`StageError` where more records than the share `most` could not be read."""
    if counts.quarantined > most * counts.received:
        raise StageError(
            f"{stage}: {counts.quarantined} of {counts.received} records could not be read, more than {most:.0%}; "
            f"they are listed below {STAGES}/{stage}/quarantined. Are the inputs what their flags say, and whole? "
            "Mend them, or allow more with --max-quarantined",
            3,
        )


def _write_leaves(records: Sequence[TaskRecord[Any]], folder: StageFolder) -> tuple[Leaf, ...]:
    leaves: list[Leaf] = []
    rest = iter(records)
    while some := list(islice(rest, TASKS_PER_LEAF)):
        data = b"".join(msgspec.json.encode(record) + b"\n" for record in some)
        path = f"leaves/{len(leaves):05}.jsonl"
        write_bytes(folder.home / path, data)
        leaves.append(Leaf(path, len(some), digest(data)))
    return tuple(leaves)


def _remove_others(
    stage: Stage[Any, Any], folder: StageFolder, records: Sequence[TaskRecord[Any]], leaves: Sequence[Leaf]
) -> None:
    """Remove parts of other settings, and half-written files, from the folders of the stage."""
    kept = {part.path for record in records for part in record.parts}
    home = folder.home.relative_to(folder.root).as_posix()
    kept |= {f"{home}/{leaf.path}" for leaf in leaves} | {f"{home}/records/{record.task}.json" for record in records}
    inner = [folder.home / name for name in folders_in(folder.home)]
    for place in (*inner, *(folder.root / name for name in stage.writes)):
        for name in sizes_in(place):
            path = place / name
            if path.relative_to(folder.root).as_posix() not in kept:
                path.unlink(missing_ok=True)
