"""Programs that run beside a build: started on loopback, waited for, and ended with everything they started.

Each daemon leads a process group of its own, so that the executors and Python workers below it end with it; what it
says goes to a file, whose last lines make the error when it does not come up.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.engines.cache import EngineFailed, EngineMissing

LOOPBACK = "127.0.0.1"
SECONDS_TO_COME_UP = 120
SECONDS_TO_END = 10
LAST_LINES = 20
_PR_SET_PDEATHSIG = 1
OPENED = (
    *("java.io", "java.lang", "java.lang.invoke", "java.lang.reflect", "java.net", "java.nio", "java.util"),
    *("java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action"),
    "sun.util.calendar",
)


def free_port() -> int:
    """A port of the loopback interface that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


@contextmanager
def daemon(
    command: Sequence[str | Path], log: Path, ready: Callable[[], bool], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block runs, entered when `ready`; `EngineFailed` when it ends or is silent too long."""
    words = [str(word) for word in command]
    with log.open("ab") as said:
        process = subprocess.Popen(
            words,
            stdout=said,
            stderr=said,
            env={**os.environ, **environment},
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    try:
        _wait(process, words[0], log, ready)
        yield process
    finally:
        end(process)


def _end_with_parent() -> None:
    """Ask the kernel to end this process when its parent is gone, however that came about."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait(process: subprocess.Popen[bytes], name: str, log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_TO_COME_UP
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
            raise EngineFailed(f"{name} did not come up (exit code {process.poll()}); {log} ends with:\n{last}")
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a daemon and its whole process group: by asking, and by force after a while."""
    for number, seconds in ((signal.SIGTERM, SECONDS_TO_END), (signal.SIGKILL, SECONDS_TO_END)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        if not _group_lives(process.pid):
            return


def _group_lives(group: int) -> bool:
    deadline = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def java() -> str:
    """The Java program; `EngineMissing` without one."""
    found = shutil.which("java")
    if not found:
        raise EngineMissing("needs java on the path; install it (see docs/engines.md)")
    return found


def brief() -> list[str]:
    """The flags of a Java program that lives for minutes: compiled lightly, collected by one thread."""
    return ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


def opens() -> list[str]:
    """The flags that let Spark and Flink, older than the rule, look into packages of Java 17."""
    return [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
