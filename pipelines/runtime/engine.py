"""The engine that runs a job: Beam's in-process runner unless a flag names another.

Never `DirectRunner`, which tries to download one. Several workers are processes of their own, since Python's lock lets
only one thread compute; they start once a job and end with it.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MethodType
from typing import Any
from weakref import WeakKeyDictionary

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
    TypeOptions,
)
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.runners.runner import PipelineResult
from apache_beam.transforms import environments, userstate

from pipelines.runtime.watched_worker import watch_workers
from pipelines.runtime.worker_process import forked_workers

LOCAL_RUNNERS = (None, "DirectRunner", "FnApiRunner")
# With one of these flags a pipeline is written to a file, for a scheduler to run, and not run.
EXPORTS = ("--output_executable_path", "--template_location")


class Options(PipelineOptions):
    """Beam's options, each view of them made once: Beam asks for one several times a
    transform, and each is an argument parser.

    Views share their values, so it makes no difference who holds which.
    """

    def view_as(self, cls: type[Any]) -> Any:
        """The view of this class."""
        views: dict[type[Any], Any] = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]


def specs_once_a_class(find: Callable[[Any], tuple[set[Any], set[Any]]]) -> Callable[[Any], tuple[set[Any], set[Any]]]:
    """`find` is Beam's `get_dofn_specs`: which states and timers a DoFn has, read from the signature of every method.

    Beam asks eight times for each DoFn of a job, which was two fifths of the processor time of a small build.
    """
    known: WeakKeyDictionary[type[Any], tuple[set[Any], set[Any]]] = WeakKeyDictionary()

    def specs(dofn: Any) -> tuple[set[Any], set[Any]]:
        if any(isinstance(value, MethodType) for value in vars(dofn).values()):
            return find(dofn)  # such a method is of this object, not of its class
        if type(dofn) not in known:
            known[type(dofn)] = find(dofn)
        states, timers = known[type(dofn)]
        return {*states}, {*timers}

    return specs


userstate.get_dofn_specs = specs_once_a_class(userstate.get_dofn_specs)


def is_local(flags: Sequence[str]) -> bool:
    """Whether the flags name no other engine than the in-process one."""
    return PipelineOptions(list(flags)).view_as(StandardOptions).runner in LOCAL_RUNNERS


def is_written_by_a_server(flags: Sequence[str]) -> bool:
    """Whether a job server writes the job to a file: as a job of its own, which must have ended before one leaves."""
    return any(flag.startswith(EXPORTS[0]) for flag in flags)


def exported_to(flags: Sequence[str]) -> str:
    """The file that the flags ask to write the job to, "" where it is to be run."""
    named: dict[str, str] = {name: value for name, _, value in (flag.partition("=") for flag in flags)}
    return next((named[flag] for flag in EXPORTS if named.get(flag)), "")


def job_endpoint(flags: Sequence[str]) -> str:
    """The address of the job server that the flags name, "" where they name none."""
    return PipelineOptions(list(flags)).view_as(PortableOptions).job_endpoint or ""


def start(build: Callable[[beam.Pipeline], None], flags: Sequence[str], workers: int) -> PipelineResult:
    """Begin a job; `workers` processes do it where the engine is the in-process one, which also ends it."""
    # Engines start further workers as `python`; it must be the interpreter of this environment.
    here, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != here:
        os.environ["PATH"] = os.pathsep.join([here, path])
    options = Options(list(flags))
    options.view_as(TypeOptions).pipeline_type_check = False  # a job is made by `build_job` alone, which a test checks
    runner: Any = options.view_as(StandardOptions).runner
    if runner in LOCAL_RUNNERS:
        runner = _local_runner(options.view_as(DirectOptions), workers)
    pipeline = beam.Pipeline(runner=runner, options=options)
    build(pipeline)
    return pipeline.run()


def most_workers(flags: Sequence[str]) -> int:
    """The number of local worker processes that the flags allow: all cores unless one says otherwise."""
    given = any(flag.startswith("--direct_num_workers") for flag in flags)
    # Beam's own default is 1, which cannot be told from a 1 that was given.
    wanted = PipelineOptions(list(flags)).view_as(DirectOptions).direct_num_workers if given else 0
    return wanted or os.cpu_count() or 1


def _local_runner(direct: DirectOptions, workers: int) -> FnApiRunner:
    direct.direct_num_workers = workers
    # In this process: a second one would cost seconds to start, and nothing would run beside it.
    if workers == 1:
        return FnApiRunner()
    watch_workers()
    subprocesses: Any = environments.SubprocessSDKEnvironment  # its decorator hides the class from type checkers
    return FnApiRunner(default_environment=subprocesses.from_command_string(""))  # `WatchedWorker` has its own


@contextmanager
def workers_ready(count: int, log: Path) -> Iterator[None]:
    """Have worker processes ready that print to `log`, where a job is worth more than one and this process may fork."""
    with ExitStack() as ready:
        with output_to(log):
            ready.enter_context(forked_workers(count if count > 1 else 0))
        yield


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Send what this process and the workers it starts print to a file: Beam's workers talk at length.

    The file descriptors are redirected, not `sys.stderr`, because worker processes inherit those.
    """
    # 1 and 2 are standard output and error; their copies bring them back at the end.
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
