"""The driver of a build: what is missing becomes one job, is watched, and its errors are reported.

The driver does no work of a stage. It looks which stages are finished (if all are, no job starts at all), clears what a
killed run left half-written, hands the others to the engine as one pipeline, and reads what the workers left. It may be
killed at any moment: what has a record stays done, and the same command does the rest.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from corpus.files.manifest import TEMPORARY, read_json
from corpus.files.run_file import note_stages
from corpus.files.storage import is_remote, scratch, sizes_in
from pipelines.runtime.engine import (
    exported_to,
    is_local,
    is_written_by_a_server,
    job_endpoint,
    most_workers,
    output_to,
    start,
    workers_ready,
)
from pipelines.runtime.errors import StageError, error_within
from pipelines.runtime.execute import tasks_of, write_code
from pipelines.runtime.job import build_job
from pipelines.runtime.outlook import read_outlook
from pipelines.runtime.progress import show_progress
from pipelines.runtime.records import damaged_parts, is_complete, pending, records_of
from pipelines.runtime.resident import MEMORY_SUFFIX
from pipelines.runtime.run import BuildRun
from pipelines.runtime.running_job import job_file, note_job, settle
from pipelines.runtime.stage import Stage, in_order
from pipelines.runtime.task import PROGRESS_SUFFIX, STAGES
from pipelines.runtime.watched_worker import a_worker_died

WORKER_LOG = "workers.log"
# How often a job is started when its worker processes are killed, or when an engine gives it up after some tasks.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Missing:
    """The stages that are not finished, in order, and how many worker processes their known tasks pay for."""

    stages: list[Stage[Any, Any]]
    workers: int = 1


@dataclass(frozen=True)
class Handing:
    """The settings of a job's start. `flags` are Beam's; `workers` is how many processes the inputs pay for.

    `wait` says whether to wait for its end, `running_job` what to do with one of an earlier command that still runs.
    """

    flags: Sequence[str] = ()
    workers: int = 1
    wait: bool = True
    running_job: str = "refuse"

    @property
    def exports(self) -> bool:
        """Whether the job is only written to a file."""
        return bool(exported_to(self.flags))


def run_stages(last: Stage[Any, Any], run: BuildRun, handing: Handing) -> bool:
    """Bring the stage `last`, and all that it depends on, to its end; False where that was done already.

    `StageError` with the exit code of the command where a task failed.
    """
    # settle       no job of an earlier command may still write here
    # unlink       the output is unfinished from now on
    # _clear       only once no other job runs: it removes what looks half-written
    # write_code   before the job: workers compare theirs with it
    # attempts     each over what is still missing
    stages = in_order(last)
    settle(run, handing.running_job)
    missing = find_missing(stages, run)
    if not missing.stages:
        return False
    (run.root / run.published).unlink(missing_ok=True)  # half an output must not look whole
    _clear(stages, run)
    write_code(stages, run)
    for attempt in range(1, _ATTEMPTS + 1):
        lost = _attempt(missing, run, handing)
        raise_errors(stages, run)
        if handing.exports or not handing.wait:
            return True
        missing = find_missing(stages, run)
        if not missing.stages or lost is None:
            break
        if attempt == _ATTEMPTS and is_local(handing.flags):
            raise StageError(
                f"worker processes were killed {attempt} times, most likely because memory ran out; the stage "
                f"{missing.stages[0].name} is not finished. Give the machine more, or run with --direct_num_workers=1",
                5,
            ) from lost
        if attempt == _ATTEMPTS:
            raise lost
    if missing.stages:
        raise StageError(f"the job ended, and the stage {missing.stages[0].name} is not finished; see {_log(run)}", 1)
    run.code.unlink(missing_ok=True)
    note_stages(run.root, {stage.name: read_outlook(run.folder(stage)).took for stage in stages})
    return True


def find_missing(stages: Sequence[Stage[Any, Any]], run: BuildRun) -> Missing:
    """The stages without a manifest for just these inputs, settings and code, and those that read them."""
    found: list[Stage[Any, Any]] = []
    workers = 1
    for stage in stages:
        # What it reads will be made again, so its tasks are not known before: no need to look.
        if any(other in found for other in stage.reads):
            found.append(stage)
            continue
        tasks, folder = tasks_of(stage, run), run.folder(stage)
        if not is_complete(tasks, stage, folder):
            found.append(stage)
            if stage.units_per_worker:
                size = sum(task.unit.size for task in pending(tasks, stage, folder))
                workers = max(workers, size // stage.units_per_worker)
    if found and _remove_damaged([stage for stage in stages if stage.writes and stage not in found], run):
        # A stage whose part has just been removed is not complete any more; its readers follow it.
        return find_missing(stages, run)
    return Missing(found, workers)


def _remove_damaged(stages: Sequence[Stage[Any, Any]], run: BuildRun) -> bool:
    """Remove published parts of an earlier run that have other bytes now, so that they are made again; whether any had.

    Nobody reads them before the manifest of the whole vouches for them; parts for later stages are checked when read.
    """
    damaged = [
        path for each in stages for path in damaged_parts(records_of(each, run.folder(each)) or (), run.folder(each))
    ]
    for path in damaged:
        path.unlink()
    return bool(damaged)


def _attempt(missing: Missing, run: BuildRun, handing: Handing) -> Exception | None:
    """Run a job to its end. What comes back is how it was lost, where another attempt may end better.

    That is so where a local worker died, and where an engine gave the job up after tasks had left records: Spark, for
    one, retries the task of a killed worker on the same machine, four times within a second, and then gives up.
    """
    flags, stages = handing.flags, missing.stages
    workers = max(min(most_workers(flags), max(missing.workers, handing.workers)), 1) if is_local(flags) else 1
    # Names only: a job that left a new record has made progress, and is worth another attempt.
    before = _records(stages, run)
    with workers_ready(workers, _log(run)), show_progress(stages, run), output_to(_log(run)):
        try:
            result = start(lambda pipeline: build_job(pipeline, stages, run), flags, workers)
            note_job(result, run, job_endpoint(flags))
            if is_written_by_a_server(flags) or (handing.wait and not handing.exports):
                result.wait_until_finish()  # the in-process engine has ended by here; this waits for others
                job_file(run).unlink(missing_ok=True)
            return None
        except Exception as error:
            if lost := error_within(str(error)):  # its record could not be written
                raise lost from error
            # A lost worker, or work that got on: try again. Anything else is the stage's own error, or a bug.
            if a_worker_died() if is_local(flags) else _records(stages, run) - before:
                return error
            raise_errors(stages, run)
            raise


def _records(stages: Sequence[Stage[Any, Any]], run: BuildRun) -> set[str]:
    """The names of all records of tasks, one by one or in leaves."""
    folders = [folder for stage in stages for folder in (run.folder(stage).records, run.folder(stage).leaves)]
    return {name for folder in folders for name in sizes_in(folder) if name.endswith(".json")}


def _log(run: BuildRun) -> Path:
    return scratch() / WORKER_LOG if is_remote(run.root) else run.root / STAGES / WORKER_LOG


def _clear(stages: Sequence[Stage[Any, Any]], run: BuildRun) -> None:
    """Remove the errors and half-written files of earlier runs; only a driver may, an engine repeats what it likes."""
    (run.root / STAGES).mkdir(parents=True, exist_ok=True)
    # Folder -> patterns beside `.tmp-*`, which is cleared everywhere.
    patterns = {run.root: (), run.root / STAGES: ("code-*.json",)}
    for stage in stages:
        patterns |= {
            run.folder(stage).home: ("error-*.json",),
            run.folder(stage).records: (f"*{PROGRESS_SUFFIX}", f"*{MEMORY_SUFFIX}"),
        }
    for folder, more in patterns.items():
        for name in sizes_in(folder):
            if any(fnmatchcase(name, pattern) for pattern in (f"{TEMPORARY}*", *more)):
                (folder / name).unlink(missing_ok=True)


def raise_errors(stages: Sequence[Stage[Any, Any]], run: BuildRun) -> None:
    """Report the error that stopped the first stage that has one."""
    for stage in stages:
        error = read_json(run.error(stage), None)
        if error:
            if error["trace"]:
                log = run.folder(stage).home / "error.log"
                log.write_text(error["trace"], encoding="utf-8")
                error["message"] += f" (traceback: {log})"
            raise StageError(error["message"], error["code"])


def new_run(root: Path, published: str, max_quarantined: float = 1.0) -> BuildRun:
    """A run into the folder `root`, with a name that no other run has."""
    place = root if is_remote(root) else root.absolute()  # workers of other engines run in other folders
    return BuildRun(str(place), f"{time.time_ns():x}-{os.getpid()}", published, max_quarantined)
