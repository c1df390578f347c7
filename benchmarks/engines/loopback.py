"""Engines on one machine: each as a running thing and the flags that lead a build to it.

    with spark_cluster(folder) as engine:
        run([*command, *engine.flags], env=engine.environment)

One job server stays up for all stages of all builds (`--job_endpoint`): else every command, and with Flink every
stage, starts a JVM. The standalone cluster is a real one but for the network: a master, two workers of one core, an
executor in each for every stage, and a Python worker of its own below each executor. `tests/engines` and
`benchmarks.engines` run the builds on these.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engines.daemons import LOOPBACK, answers, brief, daemon, free_port, java, opens
from pipelines.engines import programs
from pipelines.engines.boot import launcher

# A second process of Beam's own runs the user's code, not a thread of the driver.
OWN_PROCESS = ("--environment_type=LOOPBACK", "--experiments=use_loopback_process_worker=True")
# Sources split, and stages fuse, only when the graph is optimised before it is handed over; Prism does that itself.
OPTIMISED = ("--experiments=pre_optimize=all",)
# Workers outlive a task by so many milliseconds: starting one takes longer than most tasks of a small build.
KEPT = ("--environment_cache_millis=5000",)
CORES = 2
SPARK_CONF = {"spark.ui.enabled": "false", "spark.default.parallelism": str(CORES), "spark.driver.host": LOOPBACK}
HEAP, EXECUTOR_HEAP, DAEMON_HEAP = "1g", "1g", "256m"


@dataclass(frozen=True)
class LoopbackEngine:
    """A running engine: its name in tables, the flags for a build, and the environment the build must run in."""

    name: str
    flags: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def environment() -> dict[str, str]:
    """The environment of this process, `python` in it being this interpreter: Beam starts workers by that name."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "SPARK_LOCAL_IP": LOOPBACK}


@contextmanager
def in_process(workers: int) -> Iterator[LoopbackEngine]:
    """The in-process runner; nothing to start."""
    yield LoopbackEngine(f"in-process x{workers}", (f"--direct_num_workers={workers}",), environment())


@contextmanager
def spark_local(folder: Path) -> Iterator[LoopbackEngine]:
    """Spark inside the job server, with two threads, each with a Python worker."""
    with _spark_job_server(f"local[{CORES}]", folder, SPARK_CONF) as port:
        flags = ("--runner=SparkRunner", f"--job_endpoint={LOOPBACK}:{port}", f"--sdk_worker_parallelism={CORES}")
        yield LoopbackEngine(f"Spark local[{CORES}]", (*flags, *OWN_PROCESS, *OPTIMISED, *KEPT), environment())


@contextmanager
def spark_cluster(folder: Path) -> Iterator[LoopbackEngine]:
    """A standalone Spark cluster: a master, two workers of one core, and the job server as its driver."""
    with spark_daemons(folder) as master, _spark_job_server(master, folder, cluster_conf()) as port:
        flags = ("--runner=SparkRunner", f"--job_endpoint={LOOPBACK}:{port}", *process_flags(folder))
        yield LoopbackEngine("Spark cluster 2x1", flags, environment())


def process_flags(folder: Path) -> tuple[str, ...]:
    """The flags that let each executor start one Python worker, this interpreter with this code."""
    command = json.dumps({"command": str(launcher(folder / "boot"))})
    process = ("--environment_type=PROCESS", f"--environment_config={command}", "--sdk_worker_parallelism=1")
    return (*process, *OPTIMISED, *KEPT)


def cluster_conf() -> dict[str, str]:
    """What Spark is told about jobs on the standalone cluster."""
    executors = {"spark.executor.memory": EXECUTOR_HEAP, "spark.executor.cores": "1"}
    return {**SPARK_CONF, **executors, "spark.executor.extraJavaOptions": " ".join([*opens(), *brief()])}


@contextmanager
def spark_daemons(folder: Path, workers: int = CORES) -> Iterator[str]:
    """A master and its workers on loopback, from Spark's own distribution; the block gets the master's address."""
    home = programs.spark_home()
    # Without the Scala version an executor looks for a source build of Spark and does not start.
    around = {**environment(), "SPARK_HOME": str(home), "SPARK_SCALA_VERSION": "2.12"}
    around["SPARK_LOCAL_DIRS"] = str(folder / "scratch")
    command = [java(), f"-Xmx{DAEMON_HEAP}", *brief(), *opens(), "-cp", f"{home}/jars/*"]
    port, log = free_port(), folder / "master.log"
    master = f"spark://{LOOPBACK}:{port}"

    def registered() -> bool:
        return log.read_text(errors="replace").count("Registering worker") == workers

    with ExitStack() as running:
        host = ["--host", LOOPBACK, "--webui-port", "0"]
        head = [*command, "org.apache.spark.deploy.master.Master", *host, "--port", str(port)]
        running.enter_context(daemon(head, log, lambda: answers(port), around))
        tidy = ["-Dspark.worker.cleanup.enabled=true", "-Dspark.worker.cleanup.interval=60"]
        tidy += ["-Dspark.worker.cleanup.appDataTtl=60"]
        for number in range(workers):
            share = ["--cores", "1", "--memory", "2G", "--work-dir", folder / f"worker-{number}", *host, master]
            ready = registered if number == workers - 1 else lambda: True
            hand = [*command[:2], *tidy, *command[2:], "org.apache.spark.deploy.worker.Worker", *share]
            running.enter_context(daemon(hand, folder / f"worker-{number}.log", ready, around))
        yield master


@contextmanager
def _spark_job_server(master: str, folder: Path, conf: Mapping[str, str]) -> Iterator[int]:
    properties = [f"-D{name}={value}" for name, value in conf.items()]
    ours = ["-jar", programs.job_server("spark"), "--spark-master-url", master]
    with _job_server([*opens(), *properties, *ours], folder) as port:
        yield port


@contextmanager
def flink(folder: Path) -> Iterator[LoopbackEngine]:
    """Flink inside its job server, with two task slots; it sorts on disk what does not fit in memory."""
    ours = [*opens(), "-jar", programs.job_server("flink"), "--flink-master", "[local]"]
    with _job_server(ours, folder) as port:
        flags = ("--runner=FlinkRunner", f"--job_endpoint={LOOPBACK}:{port}", f"--parallelism={CORES}")
        yield LoopbackEngine(
            f"Flink x{CORES}",
            (*flags, f"--sdk_worker_parallelism={CORES}", *OWN_PROCESS, *OPTIMISED),
            environment(),
        )


@contextmanager
def _job_server(arguments: list[str | Path], folder: Path) -> Iterator[int]:
    port, artifacts = free_port(), folder / "artifacts"
    ports = ["--job-host", LOOPBACK, "--job-port", str(port), "--artifact-port", "0", "--expansion-port", "0"]
    command = [java(), f"-Xmx{HEAP}", *brief(), *arguments, *ports, "--artifacts-dir", artifacts]
    with daemon(command, folder / "job-server.log", lambda: answers(port), environment()):
        yield port


@contextmanager
def prism(folder: Path) -> Iterator[LoopbackEngine]:
    """Prism, Beam's engine in Go, which keeps everything in memory."""
    port = free_port()
    command = [programs.prism(), f"--job_port={port}", "--web_port=0", "--serve_http=false"]
    with daemon(command, folder / "prism.log", lambda: answers(port), environment()):
        flags = ("--runner=PrismRunner", f"--job_endpoint={LOOPBACK}:{port}", *OWN_PROCESS)
        yield LoopbackEngine("Prism", flags, environment())


Start = Callable[[Path], AbstractContextManager[LoopbackEngine]]
ENGINES: dict[str, Start] = {
    "x1": lambda _: in_process(1),
    "x2": lambda _: in_process(CORES),
    "spark-local": spark_local,
    "spark-cluster": spark_cluster,
    "flink": flink,
    "prism": prism,
}
