"""One task on a worker, and one stage planned and finished there: what the transforms of `job` call, without Beam.

An exception never leaves here, so no engine repeats what cannot succeed: it becomes the error of the stage in this run,
the stage ends as `failed`, the stages that read it plan nothing, and the job ends by itself. What does leave the
process, a killed worker or a lost machine, is the engine's to repeat; a task with a record is not done twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from corpus.files.inputs import InputFile
from corpus.files.manifest import write_json
from corpus.files.provenance import Closure, closure_of
from corpus.files.storage import is_there, read
from corpus.files.transient import patiently
from pipelines.runtime.errors import StageError, leave_record
from pipelines.runtime.outlook import note_end, note_start
from pipelines.runtime.records import Finished, finish, is_complete, pending, read_finished, write_record
from pipelines.runtime.resident import peak_noted, watched_memory
from pipelines.runtime.run import BuildRun
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.spill import FOLDER, spill
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import Task

OK, FAILED = "ok", "failed"


def tasks_of(stage: Stage[Any, Any], run: BuildRun) -> list[Task[Any]]:
    """The tasks of a stage; `StageError` where a stage that it reads is not finished."""
    return stage.tasks(facts_of(stage, run), run.root_path)


def facts_of(stage: Stage[Any, Any], run: BuildRun) -> list[Finished[Any]]:
    """For each stage that a stage reads, the facts of its tasks, in their order."""
    facts: list[Finished[Any]] = []
    for other in stage.reads:
        found = read_finished(other, run.folder(other))
        if found is None:
            raise StageError(f"{stage.name}: the stage {other.name} is not finished, or its leaves were changed", 1)
        facts.append(found)
    return facts


def plan(stage: Stage[Any, Any], run: BuildRun) -> list[tuple[int, Task[Any]]] | None:
    """The tasks that have no record, each with its number; None where an error was met, which then has its record.

    A number is the place among all tasks, with a record or without: an engine that lost a machine plans again, when
    more is done, and mixes what it planned now with what it planned then.
    """
    try:
        check_code(stage, run)
        tasks = tasks_of(stage, run)
        folder = run.folder(stage)
        left = [] if is_complete(tasks, stage, folder) else pending(tasks, stage, folder)
        folder.records.mkdir(parents=True, exist_ok=True)
        note_start(folder, run.identity, len(tasks), left)
        # 3 tasks, the second with a record: (0, first), (2, third).
        # Planned again when all but the third are done: (2, third).
        numbers = {task.name: number for number, task in enumerate(tasks)}
        return [(numbers[task.name], task) for task in left]
    except Exception as error:
        note_error(error, stage.name, stage, run)
        return None


def execute(task: Task[Any], stage: Stage[Any, Any], run: BuildRun, *more: Any) -> str:
    """Do a task and leave its record; the word for the barrier.

    A task that has its record is left alone: engines repeat a task whose worker they lost, and all it had done.
    """
    try:
        # The stage has failed already, so its result is not needed; or this task was done before its worker was lost.
        if is_there(run.error(stage)) or is_there(task.record()):
            return OK
        check_code(stage, run)
        with _inputs_held(task.unit), watched_memory(task):
            # Again on faults that pass by themselves (a store that is busy); `more` are the entries of a group.
            outcome = patiently(stage.work, task, *more)
        outcome.counts.check(task.unit.label)
        write_record(task, outcome)  # last: what has a record is done
        return OK
    except Exception as error:
        note_error(error, task.unit.label, stage, run)
        return FAILED


@contextmanager
def _inputs_held(unit: Any) -> Iterator[None]:
    """Hold the input files of a unit to what they were when the command began."""
    with ExitStack() as held:
        for each in fields(unit):
            value = getattr(unit, each.name)
            if isinstance(value, InputFile):
                held.enter_context(value.held())
        yield


def end(stage: Stage[Any, Any], run: BuildRun, words: Sequence[str]) -> str:
    """Finish a stage whose tasks have all ended; the word for the stages that read it."""
    # A task that comes after an error says ok without working (`execute`), so the file is looked for too.
    if FAILED in words or is_there(run.error(stage)):
        return FAILED
    try:
        tasks = tasks_of(stage, run)
        folder = run.folder(stage)
        peak = peak_noted(folder.records)
        # An engine may ask twice; what is finished stays as it is.
        if not is_complete(tasks, stage, folder):
            finish(tasks, stage, run)
        note_end(folder, peak)
        return OK
    except Exception as error:
        note_error(error, stage.name, stage, run)
        return FAILED


def encoded_pieces(stage: Stage[Any, Any], run: BuildRun) -> Iterator[str]:
    """The pieces that a shuffle cuts, each as a line of JSON."""
    assert isinstance(stage.work, ShuffleWork)
    yield from (msgspec.json.encode(piece).decode() for piece in stage.work.pieces(*facts_of(stage, run)))


def cut(line: str, stage: Stage[Any, Any], run: BuildRun) -> Iterator[tuple[int, bytes]]:
    """The batches of one piece, as they cross; what goes wrong becomes the error of the stage."""
    assert isinstance(stage.work, ShuffleWork)
    try:
        check_code(stage, run)
        yield from spill(stage.work.cut_line(line, run.root), run.folder(stage).home / FOLDER)
    except Exception as error:
        note_error(error, stage.name, stage, run)


def note_error(error: Exception, label: str, stage: Stage[Any, Any], run: BuildRun) -> None:
    """Leave an error for the driver to report."""
    leave_record(run.error(stage), error, label)


def write_code(stages: Sequence[Stage[Any, Any]], run: BuildRun) -> None:
    """Say which code and libraries the driver has; workers hold theirs against it."""
    write_json(run.code, {stage.name: msgspec.to_builtins(stage.closure) for stage in stages})


def check_code(stage: Stage[Any, Any], run: BuildRun) -> None:
    """`StageError` on a worker whose code or libraries are not the driver's: its parts would have other bytes."""
    differ = closure_of(stage.work).differences(_code(run.code)[stage.name])
    if differ:
        import platform

        more = f" and {len(differ) - 1} more" if len(differ) > 1 else ""
        raise StageError(
            f"{stage.name}: {differ[0]}{more} on the worker {platform.node()} is not what the command has; install the "
            "same version of corpusloom and of its libraries on every worker",
            2,
        )


@cache
def _code(path: Path) -> dict[str, Closure]:
    return msgspec.json.decode(read(path), type=dict[str, Closure])
