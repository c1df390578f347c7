"""The job of an earlier command that may still run: a driver that dies does not stop it on Spark, Flink or Prism.

A second job beside it would write the same bytes and do the work twice, and each would remove the other's half-written
files. So a driver leaves the name of its job in the output folder, and the next one asks the engine's job server what
has become of it. Jobs of the in-process engine end with their driver; the lock of the folder covers them.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc
from apache_beam.runners.runner import PipelineResult

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import read_json, write_json
from pipelines.runtime.run import BuildRun
from pipelines.runtime.task import STAGES

_SECONDS_TO_ANSWER = 10
_SECONDS_BETWEEN_LOOKS = 2.0
_ENDED = frozenset(map(beam_job_api_pb2.JobState.Enum.Value, ("DONE", "FAILED", "CANCELLED", "DRAINED", "UPDATED")))


@dataclass(frozen=True)
class RunningJob:
    """A job by the address of its job server and its id there."""

    endpoint: str
    job: str


def job_file(run: BuildRun) -> Path:
    """Where the name of the job is left."""
    return run.root / STAGES / "job.json"


def note_job(result: PipelineResult, run: BuildRun, endpoint: str) -> None:
    """Leave the name of a job that a job server runs; nothing for an engine without one."""
    job = getattr(result, "_job_id", None)  # private in Beam 2.77: results of its portable runner have it
    if endpoint and isinstance(job, str):
        write_json(job_file(run), asdict(RunningJob(endpoint, job)))


def settle(run: BuildRun, policy: str) -> None:
    """See that no earlier job builds this output: by `policy` refuse (exit code 6), wait for it, or cancel it."""
    named = read_json(job_file(run), None)
    if not named:
        return
    job = RunningJob(**named)
    if _runs(job):
        if policy == "refuse":
            raise CorpusloomError(
                f"the job {job.job} at {job.endpoint} still builds {run.root}; give --running-job wait or cancel, or "
                "choose another --output",
                ExitCode.HELD,
            )
        if policy == "cancel":
            _ask(job, "Cancel", beam_job_api_pb2.CancelJobRequest(job_id=job.job))
        # Also after a cancel, which takes effect some tasks later.
        while _runs(job):
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    job_file(run).unlink(missing_ok=True)


def _runs(job: RunningJob) -> bool:
    """Whether the job server says that the job has not ended; a server that is gone took its jobs with it."""
    answer = _ask(job, "GetState", beam_job_api_pb2.GetJobStateRequest(job_id=job.job))
    return answer is not None and answer.state not in _ENDED


def _ask(job: RunningJob, question: str, request: Any) -> Any:
    import grpc

    with grpc.insecure_channel(job.endpoint) as channel:
        service = beam_job_api_pb2_grpc.JobServiceStub(channel)
        try:
            return getattr(service, question)(request, timeout=_SECONDS_TO_ANSWER)
        except grpc.RpcError:
            return None
