"""The extraction child: answers pages until its input ends.

    python -m corpus.extraction.isolation.child MODULE:FUNCTION CPU_SECONDS MEMORY_BYTES

Whoever wants to find it (to kill it in a test, say) looks for this module's name in the command lines of a worker's
children. It is a fresh interpreter, not a fork: workers have threads. What it needs is imported before the first page,
by answering one; then come the limits, and nothing of the machine is left but processor time and memory.

Answers depend on the page alone, so the limits that shape them (stack, hash seed, locale) are fixed, not inherited.
"""

import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from corpus.document import Document, Page, Rejected
from corpus.extraction.isolation.confinement import confine
from corpus.extraction.isolation.messages import encode_answer, longest_answer, read_pages

LENGTH_BYTES = 8  # every answer follows its length
STACK_BYTES = 8 << 20  # how deep C code may recurse; the usual default

Extract = Callable[[Page], Document | Rejected]

# Its answer is thrown away.
_FIRST = Page("http://localhost/", "", 200, "text/html", b"<title>a</title><p>Imports everything.", "", 0)


def serve(function: str, cpu_seconds: float, memory_bytes: int) -> None:
    """Say that it is ready and what holds it, then answer batch after batch, each page as soon as it is done."""
    requests, answers, null = _pipes_of_our_own()
    module, _, name = function.partition(":")
    extract: Extract = getattr(import_module(module), name)
    try:
        extract(_FIRST)
    except ImportError:
        raise  # an installation that lacks a part of ours would reject every page
    except Exception:
        pass
    # Everything imported so far leaves the garbage collector's view: no collection walks through it again.
    gc.freeze()
    memory = _limit(memory_bytes)
    _send(answers, json.dumps({"memory_bytes": memory, "confined": confine()}).encode())
    # From here on libraries that complain would fill the pipe, which nobody reads.
    os.dup2(null, 2)
    for number, page in enumerate(_pages(requests)):
        # ITIMER_PROF counts processor time of the process, C code included, and ends it by SIGPROF: no handler could
        # run in C.
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        answer = _answer(extract, number, page)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _send(answers, answer)
    os._exit(0)  # without the time that a big interpreter takes to clear up


def _answer(extract: Extract, number: int, page: Page) -> bytes:
    try:
        try:
            answer = encode_answer(number, extract(page))
        except MemoryError:
            raise
        except Exception as error:
            return encode_answer(number, page.reject("extract.failed", evidence=type(error).__name__))
        # More than any honest answer; the parent would refuse it and end the child.
        if len(answer) > longest_answer(page):
            return encode_answer(number, page.reject("extract.failed", len(answer), "longer than any text of the page"))
        return answer
    except MemoryError:
        os.abort()  # the parent decides whether it is about this page: the heap may be the earlier pages'


def _pipes_of_our_own() -> tuple[BinaryIO, int, int]:
    """Nothing that a library prints may get among the answers: its standard input and output are /dev/null."""
    requests, answers, null = os.fdopen(os.dup(0), "rb"), os.dup(1), os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    return requests, answers, null


def _send(descriptor: int, data: bytes) -> None:
    view = memoryview(len(data).to_bytes(LENGTH_BYTES, "little") + data)
    # A pipe takes 64 kB at once; the rest follows when the parent has read.
    while view:
        view = view[os.write(descriptor, view) :]


def _pages(requests: BinaryIO) -> Iterator[Page]:
    """Every page until the input ends. A batch is read whole first: the parent writes all of it before it reads."""
    with suppress(EOFError):
        while True:
            yield from read_pages(requests)


def _limit(memory_bytes: int) -> int:
    """Bound the child's memory and its processor time per page; the bytes that it may allocate from now on.

    A crash leaves no core file, the timer kills, and where memory ends the kernel takes this process first.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    held = Path("/proc/self/statm")  # elsewhere the limit is on all of it
    # Its first number: pages of address space.
    already = int(held.read_text().split()[0]) * resource.getpagesize() if held.exists() else 0
    got = _lower(resource.RLIMIT_AS, already + memory_bytes)
    _lower(resource.RLIMIT_STACK, STACK_BYTES)
    _lower(resource.RLIMIT_CORE, 0)
    # A parent that ignores or blocks the signal would hand that on.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    return got - already


def _lower(limit: int, wanted: int) -> int:
    hard = resource.getrlimit(limit)[1]
    # Never above the hard limit, which may be the user's own; the parent compares what it gets.
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(limit, (soft, hard))
    return soft


if __name__ == "__main__":
    serve(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
