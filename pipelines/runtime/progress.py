"""What a run says while it works: a live line on a terminal, a plain line every ten seconds elsewhere.

Workers may be processes on other machines, so progress goes the way results go: a unit notes how far it is in a
small file beside its record, and the driver adds the notes up.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from corpus.files.storage import is_remote
from pipelines.runtime.stage import ERROR, PROGRESS, RECORD, Task

NOTE_EVERY = 0.5
PLAIN_EVERY = 10.0


def note_progress(task: Task) -> Callable[[int], None]:
    """A function that a unit calls with how much of its size is done; it writes at most twice a second.

    Into a store it writes nothing: a note would be an object, and there only whole units count.
    """
    if is_remote(task.root_path):
        return lambda done: None
    path, last = task.record(PROGRESS), [time.monotonic()]

    def note(done: int) -> None:
        now = time.monotonic()
        if now - last[0] >= NOTE_EVERY:
            last[0] = now
            with suppress(OSError):
                path.write_text(str(done))

    return note


@contextmanager
def watched(name: str, records: Path, tasks: Sequence[Task], pending: Sequence[Task]) -> Iterator[None]:
    """Show the progress of a stage while the block runs."""
    stop = threading.Event()
    meter = _Meter(name, records, tasks, pending)
    # A stream of our own: standard error itself is turned aside while workers run.
    with os.fdopen(os.dup(2), "w") as stream:
        thread = threading.Thread(target=_show, args=(meter, stop, stream), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


class _Meter:
    """How much of a stage is done, by the records and notes of its units."""

    def __init__(self, name: str, records: Path, tasks: Sequence[Task], pending: Sequence[Task]) -> None:
        self.name, self.records, self.pending = name, records, list(pending)
        self.reused = len(tasks) - len(pending)
        self.total = sum(task.unit.size for task in pending) or 1
        self.started = time.monotonic()

    def line(self) -> str:
        done = units = 0
        there = self._there()
        for task in self.pending:
            if f"{task.name}{RECORD}" in there:
                done, units = done + task.unit.size, units + 1
            elif f"{task.name}{PROGRESS}" in there:
                done += min(self._noted(task), task.unit.size)
        seconds = max(time.monotonic() - self.started, 1e-3)
        rate = done / seconds
        left = f"ETA {(self.total - done) / rate:.0f} s" if rate else "ETA unknown"
        reused = f"  {self.reused} parts reused" if self.reused else ""
        errors = "  stopping: an error" if any(name.endswith(ERROR) for name in there) else ""
        return (
            f"{self.name:<11} {done:>9,}/{self.total:,}  {units}/{len(self.pending)} parts  {rate:,.0f}/s  "
            f"{left if done < self.total else f'{seconds:.1f} s'}{reused}{errors}"
        )

    def _there(self) -> set[str]:
        """The names of the records; a glance that fails is no reason to end the work."""
        try:
            return {path.name for path in self.records.iterdir()}
        except OSError:
            return set()

    def _noted(self, task: Task) -> int:
        try:
            return int((self.records / f"{task.name}{PROGRESS}").read_text() or 0)
        except (OSError, ValueError):
            return 0


def _show(meter: _Meter, stop: threading.Event, stream: TextIO) -> None:
    console = Console(file=stream)
    if console.is_terminal and not is_remote(meter.records):
        with Live(Text(meter.line()), console=console, refresh_per_second=4) as live:
            while not stop.wait(0.25):
                live.update(Text(meter.line()))
            live.update(Text(meter.line()))
        return
    while not stop.wait(PLAIN_EVERY):
        print(meter.line(), file=stream, flush=True)
    print(meter.line(), file=stream, flush=True)
