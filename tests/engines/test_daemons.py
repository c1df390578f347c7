"""A daemon is up when it says so, and is gone with its children, whether the block ends, fails, or is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.engines.daemons import daemon
from pipelines.engines.boot import ROOT
from pipelines.engines.cache import EngineFailed

# Starts a child of its own, says both numbers, and waits.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


def lives(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def numbers(log):
    return [int(word) for word in log.read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_daemon_ends_with_its_children(tmp_path):
    log = tmp_path / "log"
    with daemon([sys.executable, "-c", PARENT], log, lambda: len(numbers(log)) == 2, {}):
        assert all(map(lives, numbers(log)))
    assert not any(map(lives, numbers(log)))


def test_one_that_does_not_come_up_says_what_it_said(tmp_path):
    with pytest.raises(EngineFailed, match="no such port"):
        with daemon([sys.executable, "-c", "raise SystemExit('no such port')"], tmp_path / "log", lambda: False, {}):
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked in Linux's way")
def test_a_daemon_does_not_outlive_a_killed_owner(tmp_path):
    log = tmp_path / "log"
    owner = (
        "import sys, time; from pathlib import Path; from benchmarks.engines.daemons import daemon\n"
        f"log = Path({str(log)!r})\n"
        f"with daemon([sys.executable, '-c', {PARENT!r}], log, lambda: len(log.read_text().split()) == 2, {{}}):\n"
        "    print('up', flush=True); time.sleep(60)"
    )
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", owner], stdout=subprocess.PIPE, env=around)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    leader, child = numbers(log)
    while lives(leader):  # the timeout of the test is the limit
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
