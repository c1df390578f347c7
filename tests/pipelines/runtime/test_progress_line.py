"""The line that shows how far a job is: its stage, how much of what is done, and how long that stage still takes."""

import re

import pytest

pytest.importorskip("apache_beam")

from squares import stages

from pipelines.runtime.driver import new_run
from pipelines.runtime.outlook import note_start
from pipelines.runtime.progress import Meter
from pipelines.runtime.stage import in_order
from pipelines.runtime.task import PROGRESS_SUFFIX


def test_a_line_names_what_is_counted_and_its_place_among_all_stages(tmp_path):
    run = new_run(tmp_path / "out", "done.json")
    every = in_order(stages(tmp_path))
    meter = Meter(every, run)
    tasks = every[0].tasks([], str(tmp_path))
    note_start(run.folder(every[0]), "r", len(tasks) + 2, tasks)
    assert f"/{len(tasks)} squares  0/{len(tasks)} tasks" in meter.line() and "ETA unknown" in meter.line()
    note = run.folder(every[0]).records / f"{tasks[0].name}{PROGRESS_SUFFIX}"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("1")
    line = meter.line()
    assert line.startswith(f"[1/{len(every)}] {every[0].name}")
    assert re.search(r" 1/\d+ squares .* squares per s  ETA \d+ s for this stage  2 tasks reused$", line), line
