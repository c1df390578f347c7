"""Failing calls of the file system, in the process that runs a command, without a library of C between.

Python announces what it is about to do to its audit hooks (PEP 578), and a hook that raises is the failed call: the
caller sees an `OSError` with the number that a real disk would give, from `open`, `rename`, `mkdir`, `listdir`. Syncs
are not announced and are wrapped. Arrow writes by its own C++ code; those writes meet a limit of the kernel on the size
of a file. A hook cannot be taken out again, so a fault lives in a process that is forked for it.
"""

import os
import resource
import signal
import sys
from dataclasses import dataclass
from typing import Any

# What the command prints must still find room.
_LEAST_KILOBYTES = 4
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.listdir", "os.scandir", "fsync", "size")


@dataclass(frozen=True)
class Fault:
    """Call number `nth` (from 0) of `event` below `folder` fails with `number`; if `lasting`, all later ones too.

    The event "size" is the limit on the size of a file instead, `nth` kilobytes above those of the log.
    """

    event: str
    number: int
    nth: int
    folder: str
    lasting: bool = False

    def __str__(self) -> str:
        every = " and all after" if self.lasting else ""
        name = "EFBIG" if self.event == "size" else os.strerror(self.number)
        return f"{self.event} number {self.nth}{every}: {name}"


def inject(fault: Fault) -> None:
    """Let the fault happen in this process from now on."""
    if fault.event == "size":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ((fault.nth + _LEAST_KILOBYTES) * 1024, resource.RLIM_INFINITY))
        return
    counter = _Counter(fault)
    if fault.event == "fsync":
        real = os.fsync

        def fsync(descriptor: Any) -> None:
            counter.meet(os.readlink(f"/proc/self/fd/{descriptor}"))
            real(descriptor)

        os.fsync = fsync
        return

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == fault.event and arguments:
            counter.meet(arguments[0])

    sys.addaudithook(hook)


class _Counter:
    """Counts the calls below the folder and fails the one that is meant."""

    def __init__(self, fault: Fault) -> None:
        self.fault, self.calls, self.inside = fault, 0, False

    def meet(self, path: Any) -> None:
        if self.inside or not isinstance(path, str | bytes | os.PathLike):
            return
        self.inside = True  # what follows may itself open files
        try:
            name = os.fsdecode(path)
        finally:
            self.inside = False
        if not name.startswith(self.fault.folder):
            return
        at, self.calls = self.calls, self.calls + 1
        if at == self.fault.nth or (self.fault.lasting and at > self.fault.nth):
            raise OSError(self.fault.number, os.strerror(self.fault.number), name)
