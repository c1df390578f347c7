"""A child process in which pages are parsed, so that a page can hang or crash it and nothing else.

Neither a thread nor a signal handler can stop C code; only a process that is killed can. The child is started with
`subprocess`, never forked, so it may be used inside threaded workers (gRPC in Beam, Spark). It lives for many pages:
a start costs half a second, a page 0.7 ms on the pipes (3 % of what extraction costs).

The limit is the child's own processor time, by a timer that the kernel keeps and that kills the child (ITIMER_PROF,
whose default action is to end the process). A wall clock would make the corpus depend on how busy the machine is; one
stands behind, twenty times as long, for a child that sleeps.

A child that dies in any other way has perhaps been brought down by the pages before (a heap in pieces) or from outside
(the kernel out of memory). So the page is given to a new child once, and only what kills that one too is rejected.
"""

import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from corpus.document import Document, Page, Rejected
from corpus.extraction.html import extract, main_text

CPU_SECONDS = 30.0
MEMORY_BYTES = 4 << 30
WALL_PER_CPU = 20

_SECONDS_TO_START = 120.0
_LENGTH_BYTES = 8  # a frame on the pipes: its length, then a pickle of one of our own classes


class Sandbox:
    """Runs `extract` in a child process; use it in a `with`, from one thread at a time.

    `cpu_seconds` is the processor time a page may take, `memory_bytes` what the child may allocate beyond what it
    holds when it is ready.
    """

    def __init__(self, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self.cpu_seconds = cpu_seconds
        self.memory_bytes = memory_bytes
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the child; None while there is none."""
        return self._child.pid if self._child else None

    def extract(self, page: Page) -> Document | Rejected:
        """What `corpus.extraction.html.extract` says of the page, or that it cannot say.

        `extract.timeout` has the seconds allowed as its value, `extract.crashed` how the child ended as its evidence.
        """
        request = pickle.dumps(page, pickle.HIGHEST_PROTOCOL)
        while True:
            is_new = self._child is None
            child = self._child or self._start()
            write, read = _descriptors(child)
            try:
                _send(write, request)
                return pickle.loads(_receive(read, WALL_PER_CPU * self.cpu_seconds))
            except TimeoutError:
                child.kill()
                self.close()
                return page.reject("extract.timeout", self.cpu_seconds, "wall clock")
            except (EOFError, OSError):
                ending = self.close()
            except BaseException:  # Ctrl-C: an answer still on its way must not be taken for the next page's
                child.kill()
                self.close()
                raise
            if ending == "SIGPROF":
                return page.reject("extract.timeout", self.cpu_seconds)
            if is_new:
                return page.reject("extract.crashed", evidence=ending)

    def close(self) -> str:
        """End the child and say how it ended: a signal's name, or its exit code. The next page starts another."""
        child, self._child = self._child, None
        if child is None:
            return ""
        try:
            child.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
        code = child.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _start(self) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-m", "corpus.extraction.sandbox", str(self.cpu_seconds), str(self.memory_bytes)]
        path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
        self._child = subprocess.Popen(
            arguments,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent; the child ends when its input does
        )
        try:
            _receive(_descriptors(self._child)[1], _SECONDS_TO_START)
        except (EOFError, OSError) as error:
            raise RuntimeError(
                f"the extraction child did not start ({self.close()}); to see why, run: {' '.join(arguments)}"
            ) from error
        return self._child


def _send(descriptor: int, data: bytes) -> None:
    view = memoryview(len(data).to_bytes(_LENGTH_BYTES, "little") + data)
    while view:
        view = view[os.write(descriptor, view) :]


def _descriptors(child: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Where to write to the child and where to read from it."""
    assert child.stdin and child.stdout
    return child.stdin.fileno(), child.stdout.fileno()


def _receive(descriptor: int, seconds: float) -> bytes:
    """One frame from the child: TimeoutError after so many seconds, EOFError if it ends first."""
    deadline = time.monotonic() + seconds
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    received = bytearray()
    wanted = _LENGTH_BYTES
    while len(received) < wanted:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(1000 * left):
            raise TimeoutError
        data = os.read(descriptor, wanted - len(received))
        if not data:
            raise EOFError
        received += data
        if len(received) == _LENGTH_BYTES == wanted:
            wanted += int.from_bytes(received, "little")
    return bytes(received[_LENGTH_BYTES:])


def _serve(cpu_seconds: float, memory_bytes: int) -> None:
    """The child: answer pages until the input ends. Nothing that a library prints may get among the answers."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    main_text("<p>Everything is imported before the first page, and before the limits.")
    _limit(memory_bytes)
    _send(answers, b"")
    while (page := _read_page(requests)) is not None:
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        try:
            answer = pickle.dumps(extract(page), pickle.HIGHEST_PROTOCOL)
        except MemoryError:
            os.abort()
        signal.setitimer(signal.ITIMER_PROF, 0)
        _send(answers, answer)


def _read_page(requests: BinaryIO) -> Page | None:
    head = requests.read(_LENGTH_BYTES)
    return pickle.loads(requests.read(int.from_bytes(head, "little"))) if len(head) == _LENGTH_BYTES else None


def _limit(memory_bytes: int) -> None:
    """Bound the address space, and make sure that the timer kills and that a crash leaves no core file."""
    held = Path("/proc/self/statm")
    if held.exists():  # elsewhere the limit is on all of it
        memory_bytes += int(held.read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})


if __name__ == "__main__":
    _serve(float(sys.argv[1]), int(sys.argv[2]))
