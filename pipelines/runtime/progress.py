"""The progress of a build: a live line on a terminal, a plain line every ten seconds elsewhere.

Workers may be processes on other machines, so progress goes the way results go: a stage notes what there is to do, a
task how far it is, in small files beside the records, and the driver adds the notes up.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from corpus.files.storage import is_remote, sizes_in
from corpus.live_line import PLAIN_EVERY, LiveLine
from pipelines.runtime.outlook import StageProgress, read_outlook
from pipelines.runtime.run import BuildRun
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import PROGRESS_SUFFIX

_LIVE_EVERY = 0.25


@contextmanager
def show_progress(stages: Sequence[Stage[Any, Any]], run: BuildRun) -> Iterator[None]:
    """Show the progress of a job while the block runs."""
    stop = threading.Event()
    meter = Meter(stages, run)
    # A stream of our own: standard error itself is turned aside while workers run.
    with os.fdopen(os.dup(2), "w") as stream:
        thread = threading.Thread(target=_show, args=(meter, stop, stream), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


class Meter:
    """How far a job is, by the notes of its stages and the records of their tasks."""

    def __init__(self, stages: Sequence[Stage[Any, Any]], run: BuildRun) -> None:
        self.stages, self.run = stages, run
        self.started = time.time()

    def line(self) -> str:
        """The first stage that is not finished, and how many are."""
        ended = 0
        for stage in self.stages:
            outlook = read_outlook(self.run.folder(stage))
            # Begun in this job and not ended in it. Times of an earlier run lie before `started`.
            if outlook.ended < self.started and outlook.began >= self.started:
                return f"[{ended + 1}/{len(self.stages)}] {stage.name:<11} {self._of_stage(stage, outlook)}"
            ended += outlook.ended >= self.started
        return f"[{ended}/{len(self.stages)}] {time.time() - self.started:.1f} s"

    def _of_stage(self, stage: Stage[Any, Any], outlook: StageProgress) -> str:
        there: dict[str, int] = {}
        with suppress(OSError):  # a glance that fails is no reason to end the work
            there = sizes_in(self.run.folder(stage).records)
        total = sum(outlook.names.values())
        done = tasks = 0
        for name, size in outlook.names.items():
            # One listing says which tasks are done; a task on its way has a note with how much of its size it has done.
            if f"{name}.json" in there:
                done, tasks = done + size, tasks + 1
            elif f"{name}{PROGRESS_SUFFIX}" in there:
                done += min(self._read_note(stage, name), size)
        rate = done / max(time.time() - outlook.began, 1e-3)
        left = f"ETA {(total - done) / rate:.0f} s" if rate else "ETA unknown"
        reused = outlook.tasks - len(outlook.names)
        more = f"  {reused} tasks reused" if reused else ""
        counted = getattr(stage.unit_type, "counted", "units")
        of_tasks = f"{tasks}/{len(outlook.names)} tasks"
        return f"{done:>9,}/{total:,} {counted}  {of_tasks}  {rate:,.0f} {counted} per s  {left} for this stage{more}"

    def _read_note(self, stage: Stage[Any, Any], name: str) -> int:
        try:
            return int((self.run.folder(stage).records / f"{name}{PROGRESS_SUFFIX}").read_text() or 0)
        except (OSError, ValueError):
            return 0


def _show(meter: Meter, stop: threading.Event, stream: TextIO) -> None:
    live = LiveLine(stream)
    every = _LIVE_EVERY if live.terminal and not is_remote(meter.run.root) else PLAIN_EVERY
    while not stop.wait(every):
        live.show(meter.line(), must=True)
    live.show(meter.line(), must=True)
    live.end()
