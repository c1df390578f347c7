"""Speed without what is paid once, and seconds that go on where a run was stopped."""

import time

import pytest
from small_runs import run, session

from trainer.run.clock import Clock, peak_memory
from trainer.run.distributed import World
from trainer.run.metrics import live_text


@pytest.fixture
def clock(small_shards, tmp_path):
    opened = session(small_shards.folder, tmp_path, "steps=1")
    return Clock(opened.shape, World(), training=10.0, wall=20.0)


def test_an_interval_with_a_new_size_has_no_speed_and_no_training_time(clock):
    found = []
    for rows in ([8, 8], [8, 8], [8, 12], [12, 8]):
        time.sleep(0.02)
        found.append(clock.read(rows))
        time.sleep(0.03)
        clock.restart()
    assert [each["tokens_per_second"] is None for each in found] == [True, False, True, False]
    assert [each["training_seconds"] == 10.0 for each in found] == [True, False, False, False]
    assert 0 < found[1]["tokens_per_second"] <= 16 * 16 / 0.02
    assert 10.04 <= found[3]["training_seconds"] < found[3]["wall_seconds"] - 10.0
    assert found[3]["wall_seconds"] >= 20.17
    assert all(each["peak_memory"] > 50e6 and each["mfu"] is None for each in found)


def test_peak_memory_on_a_cpu_is_that_of_the_process():
    before = peak_memory(World().device)
    block = bytearray(300_000_000)
    assert peak_memory(World().device) - before > 50e6 or before > 300e6
    del block


def test_a_run_has_its_seconds_in_every_row_and_they_go_on(small_shards, tmp_path):
    settings = ["validate_every=2", "save_every=2"]
    first = run(small_shards.folder, tmp_path, "steps=4", *settings)
    rows = run(small_shards.folder, tmp_path, "steps=8", *settings)
    assert rows[:4] == first
    assert [row["tokens_per_second"] is None for row in rows] == [True, *[False] * 3, True, *[False] * 3]
    for name in ("training_seconds", "wall_seconds"):
        seconds = [row[name] for row in rows]
        assert seconds == sorted(seconds) and seconds[-1] > seconds[3]
    assert rows[4]["training_seconds"] == rows[3]["training_seconds"], "the first interval of a process compiles"
    assert rows[-1]["wall_seconds"] > rows[-1]["training_seconds"]


def test_a_line_without_a_speed_shows_none():
    row = {"step": 1, "loss": 1.0, "rate": 1e-3, "tokens_per_second": None, "mfu": None}
    assert live_text(row, 10, float("inf")) == "step 1/10  loss 1.0000  rate 1.00e-03  ETA unknown"


def test_validation_is_called_as_training_is(small_shards, tmp_path, monkeypatch):
    opened = session(small_shards.folder, tmp_path, "steps=2", "validate_every=1", "compile=true")
    compiled = []
    monkeypatch.setattr("torch.compile", lambda function, dynamic: compiled.append((function, dynamic)) or function)
    assert opened.token_losses == opened.model.token_losses
    assert compiled == [(opened.model.token_losses, False)]
    plain = session(small_shards.folder, tmp_path / "plain", "steps=2", "compile=false")
    assert plain.token_losses == plain.model.token_losses and len(compiled) == 1
