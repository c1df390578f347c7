"""Samples and scores during a run: written at every checkpoint, and training does not notice."""

import json
import shutil
import sys
from types import SimpleNamespace

import pytest
import torch
from small_runs import command, final_state, run, timeless

from trainer.run.metrics import MetricsError, wandb_writer
from trainer.train import main

SETTINGS = ["steps=4", "save_every=2", "validate_every=0", "dropout=0.1", "sequence_length=64", "batch_tokens=256"]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_is_sampled_and_scored_without_noticing(play_shards, tmp_path):
    items = tmp_path / "items.jsonl"
    rows = [{"query": f"I am {n}.", "choices": [" Ay", " No"], "gold": n % 2} for n in range(9)]
    items.write_text("".join(json.dumps(row) + "\n" for row in rows))
    looks = ["samples=2", "sample_prompt=ROMEO:", f"score_tasks=choice={items}", "score_items=6"]
    plain = run(play_shards, tmp_path / "plain", *SETTINGS)
    looked = run(play_shards, tmp_path / "looked", *SETTINGS, *looks)
    assert timeless(plain) == timeless(looked)
    one, other = final_state(tmp_path / "plain", 4), final_state(tmp_path / "looked", 4)
    assert all(torch.equal(one[name], other[name]) for name in one)
    samples, scores = lines(tmp_path / "looked" / "samples.jsonl"), lines(tmp_path / "looked" / "scores.jsonl")
    assert [(row["step"], row["sample"]) for row in samples] == [(2, 0), (2, 1), (4, 0), (4, 1)]
    assert all(row["text"].startswith("ROMEO:") for row in samples)
    assert [(row["step"], row["task"], row["items"]) for row in scores] == [(2, "choice", 6), (4, "choice", 6)]
    shutil.rmtree(tmp_path / "looked" / "checkpoints" / "step_00000004")
    run(play_shards, tmp_path / "looked", *SETTINGS, *looks)
    assert lines(tmp_path / "looked" / "samples.jsonl") == samples


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        (["samples=1"], 2, "the tokenizer is not in"),
        (["score_tasks=choice"], 2, "'choice' is no NAME=FILE"),
        (["score_tasks=choice=none.jsonl"], 3, "none.jsonl: cannot be read"),
        (["score_tasks=sums=none.jsonl"], 2, "no task is called 'sums'"),
        (["wandb=loom"], 2, "pip install wandb"),
    ],
)
def test_what_cannot_be_looked_at_ends_before_training(
    settings, code, says, markov_shards, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "wandb", None)
    found = main(command(markov_shards.folder, tmp_path, *SETTINGS, *settings))
    assert says in capsys.readouterr().err
    if "wandb" not in settings[0]:
        assert found == code
    assert not (tmp_path / "metrics.jsonl").exists() or not (tmp_path / "metrics.jsonl").read_text()


def test_numbers_of_a_step_go_to_weights_and_biases_together(tmp_path, monkeypatch):
    """Its own package is not installed here: what is checked is what it would be called with."""
    sent = []
    there = SimpleNamespace(log=lambda row, step: sent.append((step, row)), finish=lambda: sent.append("end"))
    module = SimpleNamespace(init=lambda **given: sent.append(given["project"]) or there)
    monkeypatch.setitem(sys.modules, "wandb", module)
    writer = wandb_writer("loom", tmp_path, {})
    for step, tag in ((1, "loss"), (1, "rate"), (2, "loss")):
        writer.add_scalar(tag, 0.5, step)
    writer.close()
    assert sent == ["loom", (1, {"loss": 0.5, "rate": 0.5}), (2, {"loss": 0.5}), "end"]
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MetricsError, match="pip install wandb"):
        wandb_writer("loom", tmp_path, {})
