"""Worker processes as the driver starts them, each trial in a process of its own: pytest's has threads."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.errors import CorpusloomError
from corpus.files.lock import locked
from pipelines.engines.boot import ROOT

ORDERED = """
import os, sys, threading, time
from pipelines.runtime import worker_process
from pipelines.runtime.worker_process import forked_workers, start_worker, _ready
worker_process.serve = lambda orders: print(os.getpid(), orders.readline().decode().strip(), flush=True)
"""


def run(script):
    """What a script says."""
    ran = subprocess.run([sys.executable, "-c", ORDERED + script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_a_forked_worker_gets_its_orders_and_is_waited_for():
    said = run(
        "with forked_workers(2):\n    worker = start_worker({'A': 'b'})\n    print(worker.wait(), worker.number)"
    )
    (pid, *order), answer = said[0].split(maxsplit=1), said[1]
    assert order == ['{"A": "b"}'] and answer == f"0 {pid}"
    assert len(said[2].split()) == 1  # the other one ended without orders


def test_a_process_with_another_thread_is_not_forked():
    script = (
        "threading.Thread(target=time.sleep, args=(1,)).start()\nwith forked_workers(2): print(len(_ready.workers))"
    )
    assert run(script) == ["0"]


def test_a_process_whose_server_runs_is_not_forked():
    script = "with forked_workers(1): start_worker({}).wait()\nwith forked_workers(1): print(len(_ready.workers))"
    assert run(script)[-1] == "0"


def test_a_worker_that_raises_has_an_exit_code():
    script = "worker_process.serve = lambda orders: 1 / 0\nwith forked_workers(1): print(start_worker({}).wait())"
    assert run(script) == ["1"]


def test_a_worker_that_was_killed_while_it_waited_is_found_by_who_waits_for_its_end():
    script = (
        "with forked_workers(1):\n    os.kill(_ready.workers[0].number, 9); time.sleep(.2)\n"
        "    worker = start_worker({}); print(worker.wait()); worker.orders.close()"
    )
    assert run(script) == ["-9"]


def test_a_forked_worker_does_at_its_end_what_it_began_and_not_what_its_driver_did():
    script = (
        "import atexit\nnames = ['the driver']\natexit.register(lambda: print('end of', *names, flush=True))\n"
        "def serve(orders):\n    orders.readline(); atexit.register(print, 'end of the worker', flush=True)\n"
        "worker_process.serve = serve\nwith forked_workers(1): start_worker({}).wait()"
    )
    assert run(script) == ["end of the worker", "end of the driver"]


def test_a_new_interpreter_without_orders_ends():
    command = [sys.executable, "-m", "pipelines.runtime.worker"]
    assert subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=60).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_forked_workers_end_with_a_driver_that_is_killed():
    script = ORDERED + (
        "worker_process.serve = lambda orders: os.read(orders.fileno(), 1)\n"
        "with forked_workers(3): print(*(each.number for each in _ready.workers), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
        workers = [int(word) for word in driver.stdout.readline().split()]
        assert len(workers) == 3
        driver.send_signal(signal.SIGKILL)
    ended = time.monotonic() + 20
    while any(runs(worker) for worker in workers) and time.monotonic() < ended:
        time.sleep(0.01)
    assert not any(runs(worker) for worker in workers)


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_forked_worker_does_not_hold_the_output_of_a_killed_driver(tmp_path):
    script = ORDERED + (
        "from pathlib import Path\nfrom corpus.files.lock import locked\n"
        "worker_process.serve = lambda orders: time.sleep(60)\n"
        f"with locked(Path({str(tmp_path)!r})), forked_workers(1):\n"
        "    print(_ready.workers[0].number, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
        worker = int(driver.stdout.readline())
        with pytest.raises(CorpusloomError), locked(tmp_path):
            pass
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        with locked(tmp_path):
            assert runs(worker)
        os.kill(worker, signal.SIGKILL)


def runs(process):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
