"""One extraction child, seen from the worker that started it: start, ask, and how it ended.

It is given no more than it needs: three pipes, and an environment made from a list, without the credentials that
workers carry. Whether its end is the page's doing or the machine's is read from how it ended (`Ended.by_the_page`).
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypedDict

from corpus.document import Document, Page, Rejected
from corpus.extraction.isolation import child
from corpus.extraction.isolation.messages import BadAnswer, decode_answer, encode_pages, longest_answer

SECONDS_TO_START = 120.0

# What could shape an answer is fixed. PYTHONSAFEPATH: the working folder is not searched for modules.
_FIXED = {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1", "TZ": "UTC"}
_HANDED_ON = ("DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH", "PYTHONHOME")
_LONGEST_START = 1 << 16  # bytes of its first message
_BYTES_AT_ONCE, _PIECES_AT_ONCE = 1 << 20, 1000  # of one read, of one write

# The signals by which code ends its own process. Any other comes from outside: SIGKILL from the kernel when memory ends
# or from a hand, SIGTERM from a scheduler, SIGXCPU from a limit that the shell has set.
_OF_THE_PAGE = {"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGPROF", "SIGSEGV", "SIGSYS", "SIGTRAP"}


class Ended(Exception):
    """Raised when a child gives no answer: `how` is a signal's name, an exit code or what it did wrong."""

    def __init__(self, how: str, by_the_page: bool) -> None:
        super().__init__(how)
        self.how = how
        self.by_the_page = by_the_page


class NotStarted(Exception):
    """Raised when a child was never ready: how it ended, and the last line that it said."""

    def __init__(self, how: str, said: str, by_the_machine: bool) -> None:
        super().__init__(f"{how}: {said}" if said else how)
        self.by_the_machine = by_the_machine


class _Ready(TypedDict):
    """What a child says of itself before its first page: memory held, and by what it is confined."""

    memory_bytes: int
    confined: list[str]


class ExtractionChild:
    """A child that is ready. `wall_seconds` is how long it may be silent, a guard for a page that sleeps.

    `memory_bytes` is what it may allocate: less than was asked for where the user's own limit is lower.
    """

    def __init__(self, function: str, cpu_seconds: float, memory_bytes: int, wall_seconds: float) -> None:
        self.wall_seconds = wall_seconds
        self.answered = 0
        self._buffer = bytearray()
        self._process = _start([function, str(cpu_seconds), str(memory_bytes)])
        # `stderr` is read only where the child does not start.
        self._requests, self._answers = (pipe.fileno() for pipe in (self._process.stdin, self._process.stdout) if pipe)
        # Writing must not block: a child that hangs takes nothing, and `_wait` has the deadline.
        os.set_blocking(self._requests, False)
        ready = self._ready()
        self.memory_bytes: int = ready["memory_bytes"]
        self.confined: tuple[str, ...] = tuple(ready["confined"])
        self._bytes_at_start = self._resident()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, pages: Sequence[Page]) -> Iterator[Document | Rejected]:
        """The answers to a batch, in order and each as soon as it is there; Ended where one is missing.

        Whoever stops in the middle has to `kill` the child, or its answers wait for the next batch.
        """
        try:
            self._send(encode_pages(pages))
            for page in pages:
                data = self._message(longest_answer(page), self.wall_seconds)
                yield decode_answer(data, self.answered, page)
                self.answered += 1
        except BadAnswer as error:
            self.kill()
            raise Ended(f"refused answer: {error}", True) from error
        except TimeoutError:
            # A child that computes, or that was stopped, waits for the machine; one that sleeps does so by itself.
            # Asleep over its own page is the page's doing; running or stopped for 20 × its processor time is the
            # machine's.
            asleep = self._state() in ("S", "D", "")
            self.kill()
            raise Ended("wall clock", asleep) from None
        except (EOFError, OSError):
            how = self.close()
            # An exit code, or "closed its pipe", is an end by itself too.
            raise Ended(how, how in _OF_THE_PAGE or not how.startswith("SIG")) from None

    def has_grown(self, growth_bytes: int) -> bool:
        """Whether it holds so much more memory than at its start (never where the system does not say)."""
        return self._resident() > self._bytes_at_start + growth_bytes

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self.close()

    def close(self) -> str:
        """Let it end by itself, and say how it did: a signal's name, an exit code, or that it would not."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        return _ending(self._process)

    def _ready(self) -> _Ready:
        try:
            return json.loads(self._message(_LONGEST_START, SECONDS_TO_START))
        except TimeoutError:
            self.kill()
            raise NotStarted(f"not ready after {SECONDS_TO_START:.0f} s", "", True) from None
        except (EOFError, OSError, ValueError):
            how = _ending(self._process)  # before `stderr` is read: then it is complete
            said = self._process.stderr.read(_LONGEST_START) if self._process.stderr else b""
            self.close()
            last_line = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise NotStarted(how, last_line, how.startswith("SIG") and how not in _OF_THE_PAGE) from None

    def _send(self, pieces: Sequence[bytes]) -> None:
        """Write all of it; TimeoutError if the child takes nothing for `wall_seconds`."""
        left = deque(map(memoryview, pieces))
        while left:
            _wait(self._requests, select.POLLOUT, self.wall_seconds)
            # A thousand pieces: the kernel takes 1,024 at once (IOV_MAX).
            written = os.writev(self._requests, list(islice(left, _PIECES_AT_ONCE)))
            # Whole pieces that went leave the queue; the rest of one that went in part stays at its head.
            while left and written >= len(left[0]):
                written -= len(left.popleft())
            if written:
                left[0] = left[0][written:]

    def _message(self, longest: int, seconds: float) -> bytes:
        """The next message; TimeoutError after so many seconds, EOFError if the child ends first."""
        deadline = time.monotonic() + seconds
        length = int.from_bytes(self._take(child.LENGTH_BYTES, deadline), "little")
        if length > longest:
            raise BadAnswer("longer than any text of the page")
        return self._take(length, deadline)

    def _take(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            _wait(self._answers, select.POLLIN, deadline - time.monotonic())
            data = os.read(self._answers, _BYTES_AT_ONCE)
            if not data:
                raise EOFError
            self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _state(self) -> str:
        """The letter of proc(5): R computes, T was stopped, S and D sleep; empty where the system does not say."""
        try:
            # The name of the program, in brackets, may hold blanks and brackets itself: hence from the last one on.
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return ""

    def _resident(self) -> int:
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            return 0


def _start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    # The checkout or site-packages: `corpus` is found below it.
    root = str(Path(__file__).parents[3])
    environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    path = os.pathsep.join([root, *filter(os.path.isabs, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-S", "-m", child.__name__, *arguments],  # -S: the path below is all that `site` would add
        bufsize=0,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, **_FIXED, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the parent; the child ends when its input does
    )


def _wait(descriptor: int, event: int, seconds: float) -> None:
    """Until the pipe can be written or read; TimeoutError after so many seconds."""
    poll = select.poll()
    poll.register(descriptor, event)
    if seconds <= 0 or not poll.poll(1000 * seconds):
        raise TimeoutError


def _ending(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "closed its pipe"
    names = {number.value: number.name for number in signal.Signals}
    return names.get(-code, f"SIG{-code}") if code < 0 else f"exit code {code}"
