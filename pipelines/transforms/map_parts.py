"""Units of work through Beam: names go in, nothing but names comes out.

The element is a task, a few hundred bytes; a worker reads one input and writes one part, and text never enters a
shuffle. In the in-process runner this means constant memory for any size of corpus. `Create` reshuffles its
elements, so every worker gets its share.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

from pipelines.progress import watched
from pipelines.stage import ERROR, Stage, StageError, Task, Unit, Work, complete_manifest, execute, prepare, publish

LOCAL_RUNNER = "FnApiRunner"


class DoTask(beam.DoFn):
    """Do one task. What it made is on disk when its name comes out."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def process(self, element: Task) -> Iterator[str]:
        """One task in, its name out."""
        execute(element, self.work)
        yield element.name


class MapParts(beam.PTransform):
    """Tasks → the names of the tasks done."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work

    def expand(self, input_or_inputs: Any) -> Any:
        """Every worker takes tasks as it gets them; the order is nobody's business."""
        return input_or_inputs | "Spread" >> beam.Reshuffle() | "Do" >> beam.ParDo(DoTask(self.work))


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
        with watched(stage.name, stage.records, tasks, pending):
            run_pipeline(lambda root: root | "Tasks" >> beam.Create(pending) | MapParts(work), flags, parallel)
        raise_errors(stage)
    return publish(stage, tasks), True


def run_pipeline(build: Any, flags: Sequence[str], parallel: int) -> None:
    """Run one Beam pipeline to its end. `build` takes the pipeline's root; `parallel` says how many elements share it.

    The engine is the in-process runner unless a flag names another, and never `DirectRunner`, which tries to
    download one. Several workers are processes of their own, since Python's lock lets only one thread compute.
    """
    options = PipelineOptions(list(flags))
    standard, direct = options.view_as(StandardOptions), options.view_as(DirectOptions)
    if standard.runner in (None, "DirectRunner"):
        standard.runner = LOCAL_RUNNER
    if standard.runner == LOCAL_RUNNER:
        workers = max(min(direct.direct_num_workers or os.cpu_count() or 1, parallel), 1)
        direct.direct_num_workers = workers
        direct.direct_running_mode = "multi_processing" if workers > 1 else "in_memory"
        # Worker processes are started as bare `python`: it must be this environment's.
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    pipeline = beam.Pipeline(options=options)
    build(pipeline)
    pipeline.run().wait_until_finish()


def raise_errors(stage: Stage) -> None:
    """Report the first error that a worker left, by name so that reruns report the same one."""
    import json

    for path in sorted(stage.records.glob(f"*{ERROR}")):
        error = json.loads(path.read_bytes())
        if error["trace"]:
            (stage.home / "error.log").write_text(error["trace"], encoding="utf-8")
            error["message"] += f" (traceback: {stage.home / 'error.log'})"
        raise StageError(error["message"], error["code"])
