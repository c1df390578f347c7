"""The driver's side of worker processes: how they are started, and the pipe through which each gets its orders.

A new interpreter takes three seconds of processor time until it has imported what the driver has long imported, and
read the code that its stages depend on. A fork of the driver has all that at once. But a process with threads must not
be forked, since the child would have their locks and not them; and Beam's server is full of threads. So workers are
forked before it starts, where this process has no other thread yet; later, and beside stores, which have threads of
their own, they are new interpreters.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from pipelines.runtime.worker import serve


@dataclass(frozen=True)
class WorkerProcess:
    """A worker process by its number, which waits for its orders or has them.

    `wait` waits for its end and returns its exit code, negative for a signal.
    """

    number: int
    orders: IO[bytes]
    wait: Callable[[], int]


@dataclass
class _Ready:
    """The workers that were forked and have no orders yet; `may_fork` until Beam's server starts in this process."""

    workers: list[WorkerProcess] = field(default_factory=list)
    may_fork: bool = sys.platform == "linux"  # libraries of other systems do not all stand it


_ready = _Ready()


@contextmanager
def forked_workers(count: int) -> Iterator[None]:
    """Have `count` workers ready while the block runs, if this process may be forked. They print where it prints now.

    Those that got no orders end with the block.
    """
    if _ready.may_fork and threading.active_count() == 1:
        while len(_ready.workers) < count:
            _ready.workers.append(_fork())
    try:
        yield
    finally:
        for worker in _ready.workers:
            worker.orders.close()
        while _ready.workers:
            _ready.workers.pop().wait()


def _fork() -> WorkerProcess:
    reading, writing = os.pipe()
    number = os.fork()
    if number:
        os.close(reading)
        return WorkerProcess(number, os.fdopen(writing, "wb", 0), partial(_exit_code, number))
    # The child from here on; `_exit` in any case, or it would return into the driver's own stack.
    code = 1
    try:
        atexit._clear()  # what the driver does at its end is not this process's to do
        os.close(writing)
        for other in _ready.workers:  # else its pipe would not end with the driver, but with this process
            other.orders.close()
        serve(os.fdopen(reading, "rb"))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()  # what this one began: its extraction child is closed, and waited for
        sys.stderr.flush()
        os._exit(code)


def _exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def start_worker(environment: Mapping[str, str]) -> WorkerProcess:
    """A worker with these orders: one that was forked, else a new interpreter."""
    # Beam's server runs from here on, with threads.
    _ready.may_fork = False
    worker = _ready.workers.pop() if _ready.workers else _interpreter()
    with suppress(BrokenPipeError):  # killed while it waited: whoever waits for its end learns that
        worker.orders.write(json.dumps({**environment}).encode() + b"\n")
    return worker


def _interpreter() -> WorkerProcess:
    process = subprocess.Popen([sys.executable, "-m", "pipelines.runtime.worker"], stdin=subprocess.PIPE, bufsize=0)
    assert process.stdin
    return WorkerProcess(process.pid, process.stdin, process.wait)
