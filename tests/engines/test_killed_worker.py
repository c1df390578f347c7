"""A worker that is killed in mid-stage costs time and nothing else: the run ends by itself, with the same bytes."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipelines.engines.boot import ROOT
from pipelines.engines.cache import EngineMissing
from pipelines.engines.loopback import in_process, spark_cluster
from pipelines.engines.trial import command, differences, digests

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
PIPELINE, STAGE = "build_webtext", "documents"


def processes(*words):
    """(id, parent) of the processes whose command line holds all the words."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if all(word in line for word in words):
            found[int(folder.name)] = int(stat[1])
    return found


def descendants(of, *words):
    """The processes below `of` whose command line holds all the words."""
    parents = processes("")
    below = {of}
    for _ in range(10):
        below |= {process for process, parent in parents.items() if parent in below}
    return sorted(below & processes(*words).keys())


def build_with_a_death(engine, inputs, built, output, root, words):
    """Let the engine do one stage anew, and SIGKILL one process below `root` that has the words in its command.

    All other stages are those of the finished build, so that the death costs a stage and not thirteen.
    """
    shutil.copytree(built / PIPELINE, output / PIPELINE)
    stage = output / PIPELINE / ".stages" / STAGE
    shutil.rmtree(stage)
    line = [*command(PIPELINE, inputs, output), *engine.flags]
    around = {**engine.environment, "PYTHONPATH": str(ROOT)}
    driver = subprocess.Popen(line, cwd=output, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    killed = 0
    while driver.poll() is None and not killed:
        time.sleep(0.02)
        under_way = any(stage.glob("units/*.progress"))
        victims = descendants(root or driver.pid, *words) if under_way else []
        if victims:
            killed = victims[-1]
            os.kill(killed, signal.SIGKILL)
            assert not (stage / "_MANIFEST.json").exists()
    _, said = driver.communicate()
    assert killed, f"the stage ended before a worker could be killed: {said}"
    assert driver.returncode == 0, said
    return digests(output / PIPELINE)


@pytest.mark.short
def test_a_killed_process_of_the_in_process_runner(inputs, built, reference, tmp_path):
    with in_process(2) as engine:
        found = build_with_a_death(engine, inputs, built, tmp_path / "out", 0, ["pipelines.runtime.worker"])
    assert differences(found, reference[PIPELINE]) == []


@pytest.mark.parametrize("victim", ["pipelines.engines.boot", "CoarseGrainedExecutorBackend"])
def test_a_killed_worker_or_executor_of_the_cluster(victim, inputs, built, reference, tmp_path):
    """A Python worker of one executor, and a whole executor; Spark tries the lost tasks elsewhere."""
    daemons = tmp_path / "daemons"
    daemons.mkdir()
    try:
        with spark_cluster(daemons) as engine:
            found = build_with_a_death(engine, inputs, built, tmp_path / "out", os.getpid(), [victim])
    except EngineMissing as missing:
        pytest.skip(f"Spark cluster: {missing}")
    assert differences(found, reference[PIPELINE]) == []
