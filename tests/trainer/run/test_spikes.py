"""A loss that jumps: what counts as one, and a run that goes back and past it."""

import math
import shutil

import pytest
import torch
from small_runs import command, final_state, run, timeless

from trainer.run import loop
from trainer.run.spikes import is_spike
from trainer.train import main

FLAT = [2.0, 2.2] * 10
SETTINGS = ["steps=34", "save_every=10", "validate_every=0", "spike=6", "rate=1e-4", "warmup_tokens=0"]


def test_a_spike_is_so_many_deviations_above_the_mean():
    # The mean is 2.1, the deviation .1.
    assert is_spike(FLAT, [2.1, 2.75], 6) and not is_spike(FLAT, [2.65], 6)
    assert is_spike([2.0] * 20, [2.02], 6) and not is_spike([2.0] * 20, [2.01], 6)
    assert not is_spike(FLAT[1:], [9.0], 6) and not is_spike(FLAT, [9.0], 0)
    assert is_spike([], [math.nan], 6) and not is_spike([], [math.nan], 0)


@pytest.fixture
def bad_batches(monkeypatch):
    """Adds to the loss of the steps that begin at these samples, as a batch that the model cannot bear would."""
    samples = {}
    take = loop.take_step

    def taken(session, batches, rows, share):
        result = take(session, batches, rows, share)
        return result + torch.tensor([samples.get(session.progress.samples, 0.0), 0.0])

    monkeypatch.setattr(loop, "take_step", taken)
    return samples


def test_a_run_goes_back_and_past_the_batches_of_a_spike(markov_shards, tmp_path, bad_batches, capsys):
    bad_batches[24 * 8] = 5.0
    rows = run(markov_shards.folder, tmp_path / "run", *SETTINGS)
    assert "the loss jumped: back to the checkpoint of step 20, and past" in capsys.readouterr().err
    assert [row["step"] for row in rows] == list(range(1, 35))
    # Steps 21 to 25 were taken, the last of them badly; step 21 is taken again with the batch after it.
    assert [row["tokens"] // 128 for row in rows] == [*range(1, 21), *range(26, 40)]


def test_a_killed_run_meets_the_same_spike_again(markov_shards, tmp_path, bad_batches):
    bad_batches[24 * 8] = 5.0
    keep = [*SETTINGS, "keep_last=9"]
    whole = run(markov_shards.folder, tmp_path / "whole", *keep)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    for step in (30, 34):
        shutil.rmtree(tmp_path / "killed" / "checkpoints" / f"step_{step:08d}")
    assert timeless(run(markov_shards.folder, tmp_path / "killed", *keep)) == timeless(whole)
    one, other = final_state(tmp_path / "whole", 34), final_state(tmp_path / "killed", 34)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_loss_that_is_no_number_is_gone_back_from_and_a_spike_at_every_turn_is_given_up(
    markov_shards, tmp_path, bad_batches, capsys
):
    bad_batches[24 * 8] = math.nan
    assert run(markov_shards.folder, tmp_path / "once", *SETTINGS)[-1]["step"] == 34
    bad_batches.update({sample * 8: 5.0 for sample in range(22, 99)})
    assert main(command(markov_shards.folder, tmp_path / "ever", *SETTINGS)) == 4
    assert "4 times after the checkpoint of step 20" in capsys.readouterr().err
    assert main(command(markov_shards.folder, tmp_path / "off", *SETTINGS, "spike=0", "steps=30")) == 0
