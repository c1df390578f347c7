"""WebText as another commit builds it, beside this one: seconds, processor seconds, and the jobs that an engine saw.

    python -m benchmarks.skeleton --other COMMIT                  # the demo's web on each engine of this machine
    python -m benchmarks.skeleton --other COMMIT --data FOLDER    # and half of the real pages, one and two workers

Both sides run the same command line on the same inputs with the same libraries, by turns, so that a busy machine is
unfair to neither. Processor seconds are those of a command and of all processes that it waited for; the process of a
job server is not among them, so for Spark and Flink the clock counts, their server being up before the first command.
The other commit is checked out below a folder of its own.
"""

import argparse
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc
from fastwarc.warc import ArchiveIterator, WarcRecordType

from benchmarks.engines.loopback import ENGINES, LoopbackEngine
from corpus.files.provenance import PACKAGES
from corpus.sample.write import write_sample
from pipelines.engines.boot import ROOT
from pipelines.engines.cache import EngineFailed, EngineMissing

SMALL_PAGES, HALF = 20, 1109


@dataclass(frozen=True)
class Inputs:
    """The name of some inputs in the table, and the flags that lead to them."""

    name: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    seconds: float
    processor_seconds: float
    jobs: int | None


def run(tree: Path, inputs: Inputs, output: Path, engine: LoopbackEngine) -> Cost:
    """One build by the code in `tree`; raises RuntimeError with what it said if it fails."""
    command = [sys.executable, "-m", "pipelines.build_webtext", *inputs.flags, "--output", str(output), *engine.flags]
    environment = {**engine.environment, "PYTHONPATH": str(tree)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled before, as installed ones are
    subprocess.run([sys.executable, "-m", "compileall", "-q", *PACKAGES], cwd=tree, env=environment, check=True)
    jobs = jobs_seen(engine)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ran = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, errors="replace")
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stderr[-2000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, used, None if jobs is None else len((jobs_seen(engine) or jobs) - jobs))


def jobs_seen(engine: LoopbackEngine) -> frozenset[str] | None:
    """The jobs that the job server of an engine remembers (the last ten that ended); None where there is no server."""
    endpoint = next((flag.partition("=")[2] for flag in engine.flags if flag.startswith("--job_endpoint=")), "")
    if not endpoint:
        return None
    with grpc.insecure_channel(endpoint) as channel:
        stub = beam_job_api_pb2_grpc.JobServiceStub(channel)
        return frozenset(job.job_id for job in stub.GetJobs(beam_job_api_pb2.GetJobsRequest()).job_info)


def compare(
    trees: Mapping[str, Path], inputs: Inputs, engine: LoopbackEngine, runs: int, folder: Path
) -> dict[str, list[Cost]]:
    """`runs` builds of each side, by turns, each into a new folder; then the last once more, with nothing to do."""
    costs: dict[str, list[Cost]] = {name: [] for name in trees}
    for number in range(runs):
        for name, tree in trees.items():
            costs[name].append(run(tree, inputs, folder / f"{name}-{number}", engine))
    for name, tree in trees.items():
        again = run(tree, inputs, folder / f"{name}-{runs - 1}", engine)
        print(f"    {name:<6} again, nothing to do: {again.seconds:6.1f} s, jobs {again.jobs}", flush=True)
    return costs


def table(inputs: Inputs, engine: LoopbackEngine, costs: Mapping[str, Sequence[Cost]]) -> Iterator[str]:
    """The medians of both sides and their ratio."""
    medians = {}
    for name, found in costs.items():
        clock, used = (statistics.median(getattr(cost, field) for cost in found) for field in
                       ("seconds", "processor_seconds"))  # fmt: skip
        medians[name] = clock, used
        jobs = "" if found[0].jobs is None else f", {found[0].jobs} jobs"
        yield f"{inputs.name:<12} {engine.name:<15} {name:<6} {clock:7.1f} s {used:7.1f} processor s{jobs}"
    (other, used_then), (this, used_now) = medians["other"], medians["this"]
    yield (
        f"{inputs.name:<12} {engine.name:<15} ratio  {other / this:7.2f} x as fast, "
        f"{used_now / used_then:.2f} of the processor s"
    )


def demo_web(folder: Path) -> Inputs:
    """The demo's web."""
    web = write_sample(folder / "web")
    return Inputs("demo", ("--submissions", web.submissions, "--pages", web.pages))


def real_pages(data: Path, folder: Path, name: str, pages: int) -> Inputs:
    """The first `pages` records of the real pages, each a gzip member of its own, and the dump that links to them."""
    archive, out = data / "pages" / "pages.warc.gz", folder / f"{name}.warc.gz"
    with archive.open("rb") as file:
        responses = ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=False)
        end = next(itertools.islice((record.stream_pos for record in responses), pages, None))
    out.write_bytes(archive.read_bytes()[:end])
    return Inputs(name, ("--submissions", str(data / "reddit" / "RS_sample.zst"), "--pages", str(out)))


def other_tree(commit: str, folder: Path) -> Path:
    """The files of another commit of this repository."""
    folder.mkdir()
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=packed, check=True)
    return folder


def main() -> int:
    """Print the tables."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--other", required=True, metavar="COMMIT", help="the commit to compare with")
    flags.add_argument("--data", type=Path, metavar="FOLDER", help="pages/pages.warc.gz and reddit/RS_sample.zst")
    flags.add_argument("--engines", default="x1,spark-local,flink", help="for the demo's web (default %(default)s)")
    flags.add_argument("--runs", type=int, default=3, help="builds of each side (default %(default)s)")
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        trees = {"other": other_tree(given.other, folder / "other"), "this": ROOT}
        trials = [(demo_web(folder), name) for name in given.engines.split(",")]
        if given.data:
            data = given.data.resolve()  # each side runs in a folder of its own
            small = real_pages(data, folder, f"{SMALL_PAGES} pages", SMALL_PAGES)
            half = real_pages(data, folder, f"{HALF:,} pages", HALF)
            trials += [(small, "x1"), (half, "x1"), (half, "x2")]
        for number, (inputs, name) in enumerate(trials):
            home = folder / f"trial-{number}"
            home.mkdir()
            try:
                with ENGINES[name](home) as engine:
                    costs = compare(trees, inputs, engine, given.runs, home)
            except (EngineMissing, EngineFailed) as error:
                print(f"{name}: {error}", flush=True)
                continue
            print("\n".join(table(inputs, engine, costs)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
