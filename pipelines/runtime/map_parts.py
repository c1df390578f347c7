"""Units of work through Beam: names go in, nothing but names comes out.

The element is a task, a few hundred bytes; a worker reads one input and writes one part, and text never enters a
shuffle. In the in-process runner this means constant memory for any size of corpus. Tasks reach the workers by a
file (`pipelines.runtime.spread`), so the graph of a stage is as small for a hundred thousand files as for one.
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms import environments

from corpus.files.storage import is_remote, scratch
from pipelines.runtime.errors import StageError, error_within
from pipelines.runtime.progress import watched
from pipelines.runtime.spread import Spread, task_of, write_lines
from pipelines.runtime.stage import ERROR, RECORD, Stage, Task, Unit, Work, complete_manifest, execute, prepare, publish
from pipelines.runtime.watched_worker import is_death, watch_workers
from pipelines.runtime.worker import DRIVER

LOCAL_RUNNER = "FnApiRunner"
CHATTER = "workers.log"
# How often a stage is run when its worker processes are killed.
_ATTEMPTS = 3
Build = Callable[[beam.Pipeline], Any]


class DoTask(beam.DoFn):
    """Do one task. What it made is on disk when its name comes out."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def process(self, element: str) -> Iterator[str]:
        """One task in, as a line of JSON; its name out."""
        task = task_of(element)
        execute(task, self.work)
        yield task.name


class MapParts(beam.PTransform):
    """A pipeline's root → the names of the tasks done, of those that stand in the file `tasks`."""

    def __init__(self, tasks: Path | str, work: Work) -> None:
        super().__init__()
        self.tasks, self.work = tasks, work

    def expand(self, input_or_inputs: Any) -> Any:
        """Every worker takes tasks as it gets them; the order is nobody's business."""
        return input_or_inputs | "Spread" >> Spread(self.tasks) | "Do" >> beam.ParDo(DoTask(self.work))


def run_stage(stage: Stage, units: Sequence[Unit], work: Work, flags: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Run a map-only stage to its manifest; at once when it is finished, and only what is missing otherwise.

    The second value says whether there was anything to do.
    """
    tasks = [stage.task(unit) for unit in units]
    manifest = complete_manifest(stage, tasks)
    if manifest is not None:
        return manifest, False
    pending = prepare(stage, tasks)
    if pending:
        parallel = min(len(pending), sum(task.unit.size for task in pending) // stage.worth_a_worker)
        write_lines(stage.pending, pending)
        _run(stage, tasks, pending, lambda root: root | stage.name >> MapParts(stage.pending, work), flags, parallel)
    return publish(stage, tasks), True


def run_shuffle(
    stage: Stage,
    units: Sequence[Unit],
    elements: Sequence[Any],
    transform: Callable[[list[Task]], beam.PTransform],
    flags: Sequence[str],
) -> tuple[dict[str, Any], bool]:
    """Run a stage whose units are the groups of a shuffle: `transform(tasks)` takes `elements` and does every task.

    The elements (plain JSON) stand in the file `stage.pending` and come as its lines. What is shuffled are keys, in
    memory; so one process does it locally, and a killed run starts the stage anew.
    """
    tasks = [stage.task(unit) for unit in units]
    manifest = complete_manifest(stage, tasks)
    if manifest is not None:
        return manifest, False
    pending = prepare(stage, tasks)
    write_lines(stage.pending, elements)
    shuffle = transform(tasks)
    _run(stage, tasks, pending, lambda root: root | Spread(stage.pending) | stage.name >> shuffle, flags, 1)
    return publish(stage, tasks), True


def _run(
    stage: Stage, tasks: Sequence[Task], pending: Sequence[Task], build: Build, flags: Sequence[str], parallel: int
) -> None:
    log = stage.home / CHATTER
    with watched(stage.name, stage.records, tasks, pending), chatter_in(scratch() / CHATTER if is_remote(log) else log):
        _run_until_done(stage, pending, lambda: run_pipeline(build, flags, parallel))
    raise_errors(stage)


def _run_until_done(stage: Stage, pending: Sequence[Task], run: Callable[[], None]) -> None:
    """Run, and again when a worker process of the in-process engine died: units that have a record stay done."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return run()
        except Exception as error:
            if lost := error_within(str(error)):
                raise lost from error
            if not is_death(error):
                raise
            if attempt == _ATTEMPTS:
                left = [task.unit.label for task in pending if not task.record(RECORD).exists()]
                raise StageError(
                    f"{stage.name}: worker processes were killed {attempt} times, most likely because memory ran out; "
                    f"{len(left)} units are left, the first {left[0] if left else 'none'}. Give the machine more, "
                    "or run with --direct_num_workers=1",
                    5,
                ) from error


def run_pipeline(build: Build, flags: Sequence[str], parallel: int) -> None:
    """Run one Beam pipeline to its end. `build` takes the pipeline's root; `parallel` says how many elements share it.

    The engine is the in-process runner unless a flag names another, and never `DirectRunner`, which tries to
    download one. Several workers are processes of their own, since Python's lock lets only one thread compute.
    """
    # Engines start further workers as `python`; it must be the interpreter of this environment.
    here, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != here:
        os.environ["PATH"] = os.pathsep.join([here, path])
    options = PipelineOptions(list(flags))
    runner = options.view_as(StandardOptions).runner
    if runner in (None, "DirectRunner", LOCAL_RUNNER):
        runner = _local_runner(options.view_as(DirectOptions), flags, parallel)
    pipeline = beam.Pipeline(runner=runner, options=options)
    build(pipeline)
    pipeline.run().wait_until_finish()


def _local_runner(direct: DirectOptions, flags: Sequence[str], parallel: int) -> FnApiRunner:
    """The in-process runner with as many worker processes as there is work for, all cores unless a flag says fewer."""
    given = any(flag.startswith("--direct_num_workers") for flag in flags)
    wanted = (direct.direct_num_workers if given else 0) or os.cpu_count() or 1
    direct.direct_num_workers = max(min(wanted, parallel), 1)
    if direct.direct_num_workers == 1:
        return FnApiRunner()
    os.environ[DRIVER] = str(os.getpid())
    watch_workers()
    command = f"exec {shlex.quote(sys.executable)} -m pipelines.runtime.worker"
    subprocesses: Any = environments.SubprocessSDKEnvironment  # its decorator hides the class from type checkers
    return FnApiRunner(default_environment=subprocesses.from_command_string(command))


@contextmanager
def chatter_in(path: Path) -> Iterator[None]:
    """Send what this process and the workers it starts print to a file: Beam's workers talk at length.

    The file descriptors are redirected, not `sys.stderr`, because worker processes inherit those.
    """
    kept = [os.dup(number) for number in (1, 2)]
    with path.open("ab") as file:
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            yield
        finally:
            for number, original in zip((1, 2), kept, strict=True):
                os.dup2(original, number)
                os.close(original)


def raise_errors(stage: Stage) -> None:
    """Report the first error that a worker left, by name so that reruns report the same one."""
    import json

    for path in sorted(stage.records.glob(f"*{ERROR}")):
        error = json.loads(path.read_bytes())
        if error["trace"]:
            (stage.home / "error.log").write_text(error["trace"], encoding="utf-8")
            error["message"] += f" (traceback: {stage.home / 'error.log'})"
        raise StageError(error["message"], error["code"])
