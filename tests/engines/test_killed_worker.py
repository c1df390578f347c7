"""Whatever is killed in mid-job, a worker, an executor or the driver, costs time and nothing else.

The task waits to be killed (`waiting_build`), so that no test depends on who is faster.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.engines.loopback import in_process, spark_cluster, spark_local
from benchmarks.engines.trial import differences, digests
from pipelines.engines.boot import ROOT
from pipelines.engines.cache import EngineMissing

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
HERE = Path(__file__).parent
SECONDS_TO_REACH_THE_TASK = 200


def build(engine, output, mark="", policy="refuse"):
    """Start the build in a process of its own."""
    around = {**engine.environment, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
    command = [sys.executable, str(HERE / "waiting_build.py"), str(output), str(mark), policy, *engine.flags]
    return subprocess.Popen(command, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end_of(process):
    """The exit code, and what was said, when the build has ended."""
    _, said = process.communicate()
    return process.returncode, said


def waiting_process(mark, driver):
    """The number of the process in which the task waits."""
    deadline = time.monotonic() + SECONDS_TO_REACH_THE_TASK
    while time.monotonic() < deadline and driver.poll() is None:
        if mark.exists() and (text := mark.read_text()):
            return int(text)
        time.sleep(0.05)
    driver.kill()
    raise AssertionError(f"the task was not reached: {driver.communicate()}")


def ancestor(process, word):
    """The process above this one whose command line holds the word."""
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        if word in Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
            return process
    raise AssertionError(f"no {word} above the task")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What an undisturbed build writes."""
    output = tmp_path_factory.mktemp("expected") / "out"
    with in_process(1) as engine:
        assert end_of(build(engine, output))[0] == 0
    return digests(output)


@pytest.mark.short
def test_a_killed_process_of_the_in_process_runner(expected, tmp_path):
    mark = tmp_path / "mark"
    with in_process(2) as engine:
        driver = build(engine, tmp_path / "out", mark)
        os.kill(waiting_process(mark, driver), signal.SIGKILL)
        code, said = end_of(driver)
    assert code == 0, said
    assert differences(digests(tmp_path / "out"), expected) == []


@pytest.mark.short
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_driver_of_the_in_process_runner(workers, expected, tmp_path):
    mark = tmp_path / "mark"
    with in_process(workers) as engine:
        driver = build(engine, tmp_path / "out", mark)
        waiting_process(mark, driver)
        driver.kill()
        driver.communicate()
        code, said = end_of(build(engine, tmp_path / "out", mark))
    assert code == 0, said
    assert differences(digests(tmp_path / "out"), expected) == []


@pytest.fixture
def daemons(tmp_path):
    folder = tmp_path / "daemons"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("victim", ["worker", "CoarseGrainedExecutorBackend"])
def test_a_killed_worker_or_executor_of_the_cluster(victim, expected, daemons, tmp_path, monkeypatch):
    """A Python worker of one executor, and a whole executor; Spark tries the lost tasks elsewhere."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    mark = tmp_path / "mark"
    try:
        with spark_cluster(daemons) as engine:
            driver = build(engine, tmp_path / "out", mark)
            process = waiting_process(mark, driver)
            os.kill(process if victim == "worker" else ancestor(process, victim), signal.SIGKILL)
            code, said = end_of(driver)
    except EngineMissing as missing:
        pytest.skip(f"Spark cluster: {missing}")
    assert code == 0, said
    assert differences(digests(tmp_path / "out"), expected) == []


@pytest.mark.short
def test_a_job_outlives_its_driver_and_the_next_one_finds_it(expected, daemons, tmp_path):
    """Refused at first, then cancelled; and nothing of the first job is in the way of the second."""
    mark = tmp_path / "mark"
    try:
        with spark_local(daemons) as engine:
            driver = build(engine, tmp_path / "out", mark)
            waiting_process(mark, driver)
            driver.kill()
            driver.communicate()
            refused = end_of(build(engine, tmp_path / "out", mark))
            code, said = end_of(build(engine, tmp_path / "out", mark, "cancel"))
    except EngineMissing as missing:
        pytest.skip(f"Spark: {missing}")
    assert refused[0] == 6, refused
    assert "still builds" in refused[1]
    assert code == 0, said
    assert differences(digests(tmp_path / "out"), expected) == []
