"""The memory of workers, noted stage by stage beside what is in digests."""

import pytest

pytest.importorskip("apache_beam")

import numpy as np
from squares import build, stages

from corpus.files.run_file import read_run
from corpus.files.storage import sizes_in
from pipelines.runtime.resident import MEMORY_SUFFIX, peak_noted, resident, watched_memory
from pipelines.runtime.stage import in_order

pytestmark = pytest.mark.skipif(resident() == (0, 0), reason="this kernel does not say how much memory a process has")


def test_the_peak_is_that_of_the_task_and_not_of_what_came_before(tmp_path):
    task = in_order(stages(tmp_path))[0].tasks([], str(tmp_path))[0]
    records = task.record().parent
    records.mkdir(parents=True)
    ballast = np.ones(400_000_000, np.uint8)  # the most that this process ever had, before the task
    del ballast
    with watched_memory(task):
        held = np.ones(100_000_000, np.uint8)
    small = peak_noted(records)
    assert resident()[0] - 20_000_000 < small < resident()[1] - 200_000_000
    with watched_memory(task):
        more = np.ones(300_000_000, np.uint8)
        more = None
    del held, more
    assert peak_noted(records) >= small
    assert [name for name in sizes_in(records) if name.endswith(MEMORY_SUFFIX)]


def test_a_build_notes_the_memory_of_each_stage_and_leaves_no_file_of_it(tmp_path):
    last = stages(tmp_path / "log")
    root = tmp_path / "out"
    assert build(root, last)
    said = read_run(root).stages
    assert set(said) == {stage.name for stage in in_order(last)}
    assert all(10_000_000 < each.peak_bytes < 10**11 for each in said.values()), said
    assert not list(root.rglob(f"*{MEMORY_SUFFIX}"))
