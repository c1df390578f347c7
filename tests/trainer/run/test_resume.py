"""A run that was stopped, however it was stopped, goes on as if it had not been; and refuses to where it could not."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small_runs import command, final_state, rows_of, run, session, timeless

from trainer.run.loop import Stop, train
from trainer.train import main

ROOT = Path(__file__).parents[3]
DROPOUT = ["dropout=0.1", "validate_every=4", "save_every=3"]


class Quiet:
    """A listener that keeps the rows."""

    def __init__(self):
        self.kept = []

    def rows(self, rows):
        self.kept += rows

    def went_back(self, step):
        raise AssertionError("no loss jumps here")

    def saving(self):
        pass


class After(Stop):
    """Wants to stop after so many readings."""

    def __init__(self, readings):
        super().__init__()
        self.readings = readings

    @property
    def wanted(self):
        self.readings -= 1
        return self.readings <= 0


@pytest.fixture(scope="module")
def whole(small_shards, tmp_path_factory):
    """A run of eight steps with dropout that nothing interrupted."""
    output = tmp_path_factory.mktemp("whole")
    return output, run(small_shards.folder, output, "steps=8", *DROPOUT)


def test_stopped_after_any_step_the_curve_is_the_same_bit_for_bit(small_shards, tmp_path, whole):
    for step in range(1, 8):
        output = tmp_path / str(step)
        kept = Quiet()
        opened = session(small_shards.folder, output, "steps=8", *DROPOUT)
        assert not train(opened, After(step), kept)
        rows = [row["step"] for row in kept.kept]
        again = session(small_shards.folder, output, "steps=8", *DROPOUT)
        assert again.progress.step == step == rows[-1]
        assert train(again, Stop(), kept)
        assert timeless(kept.kept) == timeless(whole[1])
        expected, found = final_state(whole[0], 8), final_state(output, 8)
        assert expected.keys() == found.keys()
        assert all(torch.equal(value, found[name]) for name, value in expected.items())


def test_killed_without_warning_the_curve_is_the_same_bit_for_bit(small_shards, tmp_path):
    settings = ["steps=60", "batch_tokens=1024", *DROPOUT]
    undisturbed = run(small_shards.folder, tmp_path / "undisturbed", *settings)
    output = tmp_path / "killed"
    arguments = [sys.executable, "-m", "trainer.train", *command(small_shards.folder, output, *settings)]
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    metrics = output / "metrics.jsonl"
    while not (metrics.exists() and metrics.read_bytes().count(b"\n") > 10):
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert timeless(run(small_shards.folder, output, *settings)) == timeless(undisturbed)
    for name, value in final_state(tmp_path / "undisturbed", 60).items():
        assert torch.equal(value, final_state(output, 60)[name]), name


def test_a_damaged_checkpoint_is_passed_over_and_a_torn_line_cut_off(small_shards, tmp_path, whole, capsys):
    output = tmp_path / "run"
    shutil.copytree(whole[0], output)
    newest = output / "checkpoints" / "step_00000008" / "model.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    with (output / "metrics.jsonl").open("a") as file:
        file.write('{"step": 9, "lo')
    assert timeless(run(small_shards.folder, output, "steps=8", *DROPOUT)) == timeless(whole[1])
    assert "passed over" in capsys.readouterr().err


def test_a_finished_run_says_so_and_goes_on_with_more_steps(small_shards, tmp_path, whole, capsys):
    output = tmp_path / "run"
    shutil.copytree(whole[0], output)
    before = (output / "metrics.jsonl").read_bytes()
    assert main(command(small_shards.folder, output, "steps=8", *DROPOUT)) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert (output / "metrics.jsonl").read_bytes() == before
    rows = run(small_shards.folder, output, "steps=10", *DROPOUT)
    assert [row["step"] for row in rows] == list(range(1, 11))
    assert timeless(rows[:8]) == timeless(whole[1])


@pytest.mark.parametrize(
    "setting, words",
    [
        ("seed=5", "seed was 0, is now 5"),
        ("width=64", "width was 32, is now 64"),
        ("beta1=0.8", "beta1 was 0.9, is now 0.8"),
        ("batch_tokens=256", "batch_tokens was 128, is now 256"),
    ],
)
def test_another_configuration_is_refused_by_name(small_shards, whole, setting, words, capsys):
    before = (whole[0] / "metrics.jsonl").read_bytes()
    assert main([*command(small_shards.folder, whole[0], "steps=9", *DROPOUT), setting]) == 2
    assert words in capsys.readouterr().err
    assert (whole[0] / "metrics.jsonl").read_bytes() == before


def test_other_shards_are_refused_by_name(markov_shards, whole, capsys):
    assert main(command(markov_shards.folder, whole[0], "steps=9", *DROPOUT)) == 2
    error = capsys.readouterr().err
    assert "the tokenizer was small" in error and "the shards of books train are gone" in error


def test_weights_changed_in_mid_run_repeat_and_lose_nothing(small_shards, tmp_path):
    output = tmp_path / "run"
    first = run(small_shards.folder, output, "steps=6", *DROPOUT)
    rows = run(small_shards.folder, output, "steps=12", "weights=books:1,webtext:1", *DROPOUT)
    assert timeless(rows[:6]) == timeless(first)
    after = {name: count - first[-1]["source_tokens"][name] for name, count in rows[-1]["source_tokens"].items()}
    assert after["books"] == after["webtext"] == 6 * 128 // 2
    opened = session(small_shards.folder, output, "steps=12", "weights=books:1,webtext:1", *DROPOUT)
    located = opened.order.locate(0, 12 * 8)
    for number, name in enumerate(opened.order.names):
        mine = located.source == number
        seen = list(zip(located.epoch[mine].tolist(), located.start[mine].tolist(), strict=True))
        assert len(seen) == len(set(seen)) == rows[-1]["source_tokens"][name] // 16
        assert max(epoch for epoch, _ in seen) == 0


def test_other_machines_may_go_on_with_a_run(small_shards, tmp_path, whole):
    """Rows of a pass are no part of a run: the same steps within rounding, the same tokens exactly."""
    output = tmp_path / "run"
    opened = session(small_shards.folder, output, "steps=8", "validate_every=4", "save_every=3")
    kept = Quiet()
    train(opened, After(5), kept)
    assert opened.micro_rows == 8
    rows = run(small_shards.folder, tmp_path / "plain", "steps=8", "validate_every=4", "save_every=3")
    again = session(small_shards.folder, output, "steps=8", "validate_every=4", "save_every=3", "micro_batch=2")
    train(again, Stop(), kept)
    assert [row["source_tokens"] for row in kept.kept] == [row["source_tokens"] for row in rows]
    assert [row["loss"] for row in kept.kept] == pytest.approx([row["loss"] for row in rows], abs=1e-5)


def test_imported_weights_are_begun_with_if_their_shape_is_the_run_s(small_shards, tmp_path, capsys):
    source = session(small_shards.folder, tmp_path / "source", "steps=1", "seed=9")
    source.checkpoints.save(0, dict(source.model.named_parameters()), {}, {"shape": source.shape.to_json()})
    source.checkpoints.wait()
    opened = session(small_shards.folder, tmp_path / "source", "steps=1")
    assert opened.progress.step == 0
    for name, parameter in source.model.named_parameters():
        assert torch.equal(parameter, dict(opened.model.named_parameters())[name])
    assert main([*command(small_shards.folder, tmp_path / "source"), "width=16"]) == 2
    assert "imported weights that do not fit: width was 32, is now 16" in capsys.readouterr().err


def test_a_run_says_what_it_is(small_shards, whole):
    about = json.loads((whole[0] / "config.json").read_text())
    assert about["shape"]["vocab_size"] == small_shards.manifest.tokenizer.vocab_size
    assert about["fingerprint"] == small_shards.manifest.fingerprint
    assert about["tokenizer"] == dataclasses.asdict(small_shards.manifest.tokenizer)
    assert Path(about["data"]) == small_shards.folder.resolve()
    assert rows_of(whole[0])[-1].keys() >= {"step", "tokens", "loss", "rate", "gradient_norm", "epochs"}
    assert not os.path.exists(whole[0] / "tensorboard")
