"""One stage: units of work in, immutable parts out, the manifest last.

A stage is one Beam pipeline over the names of its units. Each unit reads its input, writes its parts under names
made from what it read, and at the very end a record of them; text never leaves the worker that reads it. When every
unit has its record, the counts are added up and must balance, files that belong to no unit are removed, and the
manifest is written. So a killed run loses the units it was working on and nothing else, and a finished stage is
recognised without looking into its parts. Errors are written as records too: they reach the driver whole, whatever
engine ran the worker.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from corpus.files.manifest import (
    MANIFEST,
    TEMPORARY,
    Counts,
    ManifestError,
    Part,
    code_version,
    read_checked,
    read_manifest,
    write_manifest,
)
from corpus.files.storage import is_remote, local, place, size_of
from corpus.files.transient import patiently
from corpus.files.unchanged import unchanged
from corpus.hashing import digest, file_digest
from corpus.recipes import library_versions
from pipelines.runtime.errors import StageError, leave_record

RECORD = ".json"
ERROR = ".error"
PROGRESS = ".progress"
# Questions to a store take a tenth of a second each, nearly all of it waiting.
_QUESTIONS_AT_ONCE = 32


@dataclass(frozen=True)
class Unit:
    """A piece of work: what to read (`payload`, plain JSON), what to call it, and how big it is beside others.

    `file` in the payload says where the input lies today and takes no part in the unit's name; its digest does.
    """

    payload: dict[str, Any]
    label: str
    size: int = 1


@dataclass(frozen=True)
class Outcome:
    """What a unit made: its parts, its counts, and facts that later stages plan with (plain JSON)."""

    parts: tuple[Part, ...]
    counts: Counts
    facts: dict[str, Any] = field(default_factory=dict)


Work = Callable[["Task"], Outcome]
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Stage:
    """A stage of a build: the folders under `root` that are its own, and what its outcome depends on.

    `settings` is everything besides the units that decides the bytes (recipe, limits, versions, digests of earlier
    manifests); another setting makes other names, so nothing stale is ever taken over. A further worker process is
    started for each `worth_a_worker` of unit size: below it, its start takes longer than the work.
    """

    name: str
    root: Path
    folders: tuple[str, ...]
    settings: dict[str, Any]
    max_quarantined: float = 1.0
    worth_a_worker: int = 1

    @property
    def home(self) -> Path:
        """The folder of this stage's manifest."""
        return self.root / ".stages" / self.name

    @property
    def records(self) -> Path:
        """The folder of the units' records."""
        return self.home / "units"

    @property
    def pending(self) -> Path:
        """The file that tells the workers what to do."""
        return self.home / "pending.jsonl"

    @property
    def fingerprint(self) -> str:
        """The digest of the settings."""
        return digest(self.name, json.dumps(self.settings, sort_keys=True))

    def task(self, unit: Unit) -> "Task":
        """The unit, with the name that its parts will have."""
        named = {key: value for key, value in unit.payload.items() if key != "file"}
        name = digest(self.fingerprint, json.dumps(named, sort_keys=True))[:24]
        return Task(name, unit, str(self.root), str(self.records), build_version())


@dataclass(frozen=True)
class Task:
    """What a worker is given: a unit, its name, two folders, and the version of the build. Plain values, so that it
    travels anywhere; the folders are places (`corpus.files.storage`) that driver and workers share.
    """

    name: str
    unit: Unit
    root_path: str
    records_path: str
    version: str

    @property
    def root(self) -> Path:
        """Where parts are written."""
        return place(self.root_path)

    def input(self) -> Path:
        """The file that the payload names."""
        return place(self.unit.payload["file"])

    def part(self, folder: str, suffix: str = ".parquet") -> Path:
        """The place of this unit's part in one of the stage's folders."""
        return self.root / folder / f"part-{self.name}{suffix}"

    def record(self, suffix: str) -> Path:
        """The place of one of this unit's records."""
        return place(self.records_path) / f"{self.name}{suffix}"


@cache
def build_version() -> str:
    """The digest of this package's source and of the libraries that decide bytes; driver and workers must agree."""
    return digest(json.dumps([code_version(), library_versions()], sort_keys=True))


def execute(task: Task, work: Work) -> None:
    """Do one unit and leave its record, or the record of its error. Runs on the worker.

    A unit that has its record is left alone: engines repeat a task whose worker they lost, and all it had done.
    """
    records = place(task.records_path)
    if any(records.glob(f"*{ERROR}")) or task.record(RECORD).exists():
        return
    try:
        _check_version(task)
        with _input_of(task):
            outcome = patiently(work, task)
        outcome.counts.check(task.unit.label)
        write_manifest(task.record(RECORD), {"label": task.unit.label, **_json_of(outcome)})
    except Exception as error:  # every error becomes a record: the driver reports it, and no engine retries it
        leave_record(task.record(ERROR), error, task.unit.label)


def _input_of(task: Task) -> AbstractContextManager[None]:
    """Holds the input to its digest while the unit is done, where the unit has one."""
    payload = task.unit.payload
    if not {"file", "digest"} <= payload.keys():
        return nullcontext()
    return unchanged(local(task.input()), payload["digest"], str(payload.get("name", payload["file"])))


def _check_version(task: Task) -> None:
    if task.version != build_version():
        import platform

        raise StageError(
            f"the worker on {platform.node()} has another version of this package or of its libraries than the command "
            f"({code_version()['version']} here); install the same on every worker",
            2,
        )


def finished(task: Task, with_digests: bool = True) -> Outcome | None:
    """The outcome of a unit that is done already: its record stands and its parts are what the record says."""
    try:
        outcome = _outcome_of(read_checked(task.record(RECORD)))
    except (FileNotFoundError, ManifestError, ValueError, KeyError, TypeError):
        return None
    for part in outcome.parts:
        path = task.root / part.path
        if size_of(path) != part.bytes:
            return None
        # A store keeps checksums itself, and an object in it is never half-written.
        if with_digests and not is_remote(path) and file_digest(path) != part.digest:
            return None
    return outcome


def _for_each(items: Iterable[Any], ask: Callable[[Any], _Found], where: Path) -> list[_Found]:
    """`ask` of every item, in order; many at once where each answer is a journey."""
    if not is_remote(where):
        return [ask(item) for item in items]
    with ThreadPoolExecutor(_QUESTIONS_AT_ONCE) as threads:
        return list(threads.map(ask, items))


def complete_manifest(stage: Stage, tasks: Sequence[Task]) -> dict[str, Any] | None:
    """The stage's manifest, if it stands for just these units and all parts are in place."""
    try:
        manifest = read_manifest(stage.home)
    except ManifestError:
        return None
    same = manifest.get("fingerprint") == stage.fingerprint and manifest.get("units") == sorted(t.name for t in tasks)
    if not same:
        return None
    sizes = _for_each(manifest["parts"], lambda part: size_of(stage.root / part["path"]), stage.root)
    return manifest if sizes == [part["bytes"] for part in manifest["parts"]] else None


def prepare(stage: Stage, tasks: Sequence[Task]) -> list[Task]:
    """Clear what a killed run left half-written; the units that still have to be done, the biggest first."""
    stage.records.mkdir(parents=True, exist_ok=True)
    half_written = [stage.home.glob(f"{TEMPORARY}*")]
    half_written += [stage.records.glob(pattern) for pattern in (f"*{ERROR}", f"*{PROGRESS}", f"{TEMPORARY}*")]
    for path in chain.from_iterable(half_written):
        path.unlink(missing_ok=True)
    found = _for_each(tasks, finished, stage.root)
    pending = [task for task, outcome in zip(tasks, found, strict=True) if outcome is None]
    for task in pending:  # a record without its parts would make a worker pass the unit over
        task.record(RECORD).unlink(missing_ok=True)
    return sorted(pending, key=lambda task: (-task.unit.size, task.name))


def publish(stage: Stage, tasks: Sequence[Task]) -> dict[str, Any]:
    """Add up what the units made, check that nothing is missing, clear the folder of strangers, write the manifest."""
    found = _for_each(tasks, lambda task: finished(task, with_digests=False), stage.root)
    outcomes = [outcome for outcome in found if outcome is not None]
    if len(outcomes) != len(tasks):
        raise StageError(f"{stage.name}: {len(tasks) - len(outcomes)} of {len(tasks)} units left no record", 1)
    counts = sum((outcome.counts for outcome in outcomes), Counts())
    counts.check(stage.name)
    _check_damage(stage, counts)
    parts = sorted((part for outcome in outcomes for part in outcome.parts), key=lambda part: part.path)
    _remove_strangers(stage, {part.path for part in parts}, {f"{task.name}{RECORD}" for task in tasks})
    manifest = {
        "stage": stage.name,
        "fingerprint": stage.fingerprint,
        "settings": stage.settings,
        "units": sorted(task.name for task in tasks),
        "counts": counts.to_json(),
        "parts": [asdict(part) for part in parts],
        "facts": {task.name: outcome.facts for task, outcome in zip(tasks, outcomes, strict=True)},
    }
    write_manifest(stage.home / MANIFEST, manifest)
    stage.pending.unlink(missing_ok=True)
    return manifest


def _check_damage(stage: Stage, counts: Counts) -> None:
    allowed = stage.max_quarantined * counts.came
    if counts.quarantined > allowed:
        raise StageError(
            f"{stage.name}: {counts.quarantined} of {counts.came} records could not be read, more than "
            f"{stage.max_quarantined:.0%}; they are listed in {stage.home / 'quarantined'}. Are the inputs what their "
            "flags say, and whole? Mend them, or allow more with --max-quarantined",
            3,
        )


def _remove_strangers(stage: Stage, paths: set[str], records: set[str]) -> None:
    """Remove parts of other settings, and half-written files, from the folders of this stage."""
    for folder in stage.folders:
        for path in sorted((stage.root / folder).glob("*")):
            if path.is_file() and path.relative_to(stage.root).as_posix() not in paths:
                path.unlink()
    for path in stage.records.iterdir():
        if path.name not in records:
            path.unlink()


def _json_of(outcome: Outcome) -> dict[str, Any]:
    parts = [asdict(part) for part in outcome.parts]
    return {"parts": parts, "counts": outcome.counts.to_json(), "facts": outcome.facts}


def _outcome_of(record: dict[str, Any]) -> Outcome:
    parts = tuple(Part(**part) for part in record["parts"])
    return Outcome(parts, Counts.from_json(record["counts"]), record["facts"])
