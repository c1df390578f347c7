"""Builds whose extraction child is killed from outside: the corpus has the same bytes."""

import os
import random
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import ROOT, arguments, contents

from corpus.extraction.isolation import child

KILLS = 5


def parents() -> dict[int, int]:
    """The parent of every process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def extraction_children(build: int) -> list[int]:
    """The extraction children below a process, known by the module in their command line."""
    known = parents()

    def descends(pid: int) -> bool:
        return pid == build or (pid in known and descends(known[pid]))

    def command(pid: int) -> bytes:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""

    return [pid for pid in known if child.__name__.encode() in command(pid).split(b"\0") and descends(pid)]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
@pytest.mark.parametrize("workers", [1, 2])
def test_kills_of_the_extraction_child_change_no_byte(sample, built, tmp_path, workers):
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    command = arguments(sample, tmp_path / "killed", f"--direct_num_workers={workers}")
    killed: set[int] = set()
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:

        def kill() -> None:
            while process.poll() is None and len(killed) < KILLS:
                for pid in extraction_children(process.pid):
                    time.sleep(chance.choice([0, 0.01, 0.2, 0.5]))
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed.add(pid)
                time.sleep(0.02)  # a look is at every process there is

        killer = threading.Thread(target=kill)
        killer.start()
        said = process.communicate(timeout=250)[1]
        killer.join()
    assert process.returncode == 0, said
    assert killed
    assert contents(tmp_path / "killed") == contents(built)
