"""A process that does what it is told, one call at a time, and keeps what it has built.

Each side of a comparison lives in its own, so that neither finds the other's memory, compiler cache or kernels warm,
and an error, even one that leaves the card unusable to its process, ends one call and not the benchmark.
"""

import gc
import multiprocessing
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_GRACE = 10.0


class WorkerError(Exception):
    """A call that failed: the last line of its error, or that there was no answer."""


class Worker:
    """A process of its own, with `threads` for PyTorch (0: its choice); `seconds` is the time it has for an answer.

    What is called is a function of a module; its first argument is a dictionary that lives as long as the process.
    """

    def __init__(self, threads: int = 0, seconds: float = 300) -> None:
        self.threads, self.seconds = threads, seconds
        self._process: Any = None
        self._pipe: Connection | None = None

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.is_alive()

    def start(self, function: Callable[..., Any], **arguments: Any) -> None:
        """Begin `function(kept, **arguments)` over there; `result` waits for it."""
        if not self.alive:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self.threads))
            self._process.start()
            theirs.close()
        assert self._pipe is not None
        self._pipe.send((function, arguments))

    def result(self) -> Any:
        """What the call returned. WorkerError if it raised, died, or took longer than `seconds`."""
        assert self._pipe is not None
        try:
            if not self._pipe.poll(self.seconds):
                self._kill()
                raise WorkerError(f"no answer within {self.seconds:.0f} s; its process was ended")
            good, value = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            self.close()
            raise WorkerError("the process died without a word (out of memory?)") from error
        if not good:
            self.close()
            raise WorkerError(value)
        return value

    def call(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Start and wait."""
        self.start(function, **arguments)
        return self.result()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
        self.close()

    def close(self) -> None:
        """End the process, which may tidy up after itself."""
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.join(_GRACE)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process = None


def _serve(pipe: Connection, threads: int) -> None:
    """Answer calls until the pipe is closed, or one fails: after an error of a card no process is good for more."""
    if threads:
        import torch

        torch.set_num_threads(threads)
    kept: dict[str, Any] = {}
    while True:
        try:
            function, arguments = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            answer = True, function(kept, **arguments)
        except Exception as error:
            traceback.print_exc()
            pipe.send((False, f"{type(error).__name__}: {error}".splitlines()[0]))
            return
        pipe.send(answer)


def forget(kept: dict[str, Any]) -> None:
    """Drop all that the process keeps, what it has compiled, and the card's memory (in a worker).

    PyTorch compiles a function only so many times in one process and then runs it uncompiled, with no more than a
    warning: a sweep must not come near that.
    """
    import torch

    kept.clear()
    gc.collect()
    if "torch._dynamo" in sys.modules:
        torch.compiler.reset()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
