"""Resident memory of a worker while it does a task: an observation for the report, in no record and no digest.

The kernel keeps the most that a process ever had (`VmHWM`), which says nothing of a later stage that needs less. So a
thread looks twenty times a second while a task runs, and the kernel's mark counts where the task has raised it. (The
mark could be set back, but then whoever measures the whole command from outside would be told too little.)
"""

import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from corpus.files.storage import is_remote, sizes_in
from pipelines.runtime.task import Task

MEMORY_SUFFIX = ".memory"
_STATUS = Path("/proc/self/status")
_EVERY = 0.05


@contextmanager
def watched_memory(task: Task[Any]) -> Iterator[None]:
    """Note the peak of this process while the block runs, one small file a process and stage; none in a store."""
    if is_remote(task.root_path) or not _STATUS.is_file():
        yield
        return
    (now, before), stop = resident(), threading.Event()
    peaks = [now]

    def look() -> None:
        while not stop.wait(_EVERY):
            peaks[0] = max(peaks[0], resident()[0])

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        now, most = resident()
        _note(task, max(peaks[0], now, most if most > before else 0))


def resident() -> tuple[int, int]:
    """The bytes that this process has in memory, and the most it ever had; 0 where the kernel does not say."""
    with suppress(OSError):
        said = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return 1024 * int(said["VmRSS"].split()[0]), 1024 * int(said["VmHWM"].split()[0])
    return 0, 0


def peak_noted(records: Path) -> int:
    """The most that any process noted beside the records of a stage; 0 for nothing noted."""
    names = [name for name in sizes_in(records) if name.endswith(MEMORY_SUFFIX)]
    return max((_read(records / name) for name in names), default=0)


def _note(task: Task[Any], peak: int) -> None:
    path = task.record().parent / f"{platform.node()}-{os.getpid()}{MEMORY_SUFFIX}"
    with suppress(OSError):  # an observation is no reason to end the work
        if peak > _read(path):
            path.write_text(str(peak))


def _read(path: Path) -> int:
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return 0
