"""The outlook of a stage: how much there is to do in this run, when it began and ended. For people, not for the data.

Plan and finish happen on workers, so the driver learns of them by a file beside the records, as it learns of tasks.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from corpus.files.manifest import write_json
from corpus.files.run_file import StageRun
from corpus.files.storage import is_there, read
from pipelines.runtime.run import StageFolder
from pipelines.runtime.task import Task


@dataclass(frozen=True)
class StageProgress:
    """`tasks` of the stage, of which `names` (name → size) were to do in run `run`; times in seconds since 1970, 0 for
    not yet. `peak_bytes` is the most memory that a worker process had, 0 for not known.
    """

    run: str = ""
    tasks: int = 0
    names: dict[str, int] = field(default_factory=dict)
    began: float = 0.0
    ended: float = 0.0
    peak_bytes: int = 0

    @property
    def took(self) -> StageRun:
        """The time between plan and end, and the memory."""
        return StageRun(max(self.ended - self.began, 0.0), self.peak_bytes)


def note_start(folder: StageFolder, run: str, tasks: int, left: Sequence[Task[Any]]) -> None:
    """Say what there is to do in a run; where nothing is, what an earlier run noted stays."""
    # A stage of nothing to do keeps the seconds that it took when it was done: `run.json` and the report show them.
    if left or not is_there(folder.outlook):
        names = {task.name: task.unit.size for task in left}
        write_json(folder.outlook, {"run": run, "tasks": tasks, "names": names, "began": time.time(), "ended": 0.0})


def note_end(folder: StageFolder, peak_bytes: int) -> None:
    """Say that the stage is finished, and how much memory a worker had."""
    found = read_outlook(folder)
    if not found.ended:
        write_json(folder.outlook, {**msgspec.to_builtins(found), "ended": time.time(), "peak_bytes": peak_bytes})


def read_outlook(folder: StageFolder) -> StageProgress:
    """What was last noted; an empty outlook where nothing was."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(read(folder.outlook), type=StageProgress)
    return StageProgress()
