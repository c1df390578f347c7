"""Checkpoints: whole or not there, whatever happens in between."""

import errno
import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from trainer.run.checkpoint import CheckpointError, Checkpoints
from trainer.run.saved import DamagedError, UnreadableError, load_checkpoint, newest_whole, steps_in

ROOT = Path(__file__).parent.parent.parent.parent
torch.set_num_threads(1)


def tensors(step):
    return {"weight": torch.full((50, 4), float(step)), "steps": torch.tensor(float(step))}


def save(checkpoints, step, **state):
    checkpoints.save(step, tensors(step), tensors(-step), {"step": step, **state})
    checkpoints.wait()


def newest(checkpoints):
    return newest_whole(checkpoints.folder, checkpoints.say)[0]


def steps_of(folder):
    return sorted(int(path.name[5:]) for path in folder.glob("step_*"))


def test_what_is_saved_is_loaded_to_the_bit(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    losses = [0.1 + 0.2, 1 / 3, 5e-324, 1e308]
    save(checkpoints, 1234, losses=losses, names={"ü": None})
    saved = newest(checkpoints)
    assert (saved.step, saved.path) == (1234, tmp_path / "step_00001234")
    assert saved.state == {"step": 1234, "losses": losses, "names": {"ü": None}}
    assert torch.equal(saved.model["weight"], tensors(1234)["weight"])
    assert torch.equal(saved.optimizer["steps"], torch.tensor(-1234.0))
    assert (tmp_path / "latest").read_text() == "step_00001234\n"
    assert sorted(path.name for path in saved.path.iterdir()) == [
        "model.safetensors",
        "optimizer.safetensors",
        "state.json",
    ]
    assert load_checkpoint(saved.path, parts=("model",)).optimizer == {}


def test_an_empty_folder_has_no_checkpoint(tmp_path):
    assert newest(Checkpoints(tmp_path / "not there")) is None


def test_training_may_go_on_while_a_checkpoint_is_written(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    weight, state = torch.zeros(1_000_000), {"loss": [1.0]}
    checkpoints.save(1, {"weight": weight}, {}, state)
    writing = [thread for thread in threading.enumerate() if thread.name == "checkpoint 1"]
    weight.fill_(9)
    state["loss"].append(2.0)
    checkpoints.wait()
    saved = newest(checkpoints)
    assert writing or saved  # a fast disk may have ended the thread already
    assert not saved.model["weight"].any() and saved.state == {"loss": [1.0]}


def test_the_last_ones_stay_and_those_of_every_so_many_steps(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=2, keep_every=4)
    for step in range(1, 12):
        save(checkpoints, step)
    assert steps_of(tmp_path) == [4, 8, 10, 11]
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("step_")) == ["latest"]


def test_the_best_one_stays_until_another_is_better(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=1)
    for step in range(1, 7):
        checkpoints.save(step, tensors(step), {}, {}, best=step in (2, 5))
        checkpoints.wait()
        assert steps_of(tmp_path) == [[1], [2], [2, 3], [2, 4], [5], [5, 6]][step - 1]
    assert (tmp_path / "best").read_text() == "step_00000005\n"
    assert newest(checkpoints).step == 6


def test_a_step_saved_again_replaces_the_one_before(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 3, attempt=1)
    save(checkpoints, 3, attempt=2)
    assert newest(checkpoints).state["attempt"] == 2


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("harm", [flip, Path.unlink, lambda path: os.truncate(path, 5)], ids=["flip", "gone", "cut"])
def test_a_damaged_checkpoint_is_passed_over_with_a_word(tmp_path, name, harm):
    said = []
    checkpoints = Checkpoints(tmp_path, say=said.append)
    save(checkpoints, 1)
    save(checkpoints, 2)
    harm(tmp_path / "step_00000002" / name)
    with pytest.raises(DamagedError, match="step_00000002 is no whole checkpoint"):
        load_checkpoint(tmp_path / "step_00000002")
    assert newest(checkpoints).path == tmp_path / "step_00000001"
    assert len(said) == 1 and "passed over" in said[0] and "step_00000002" in said[0]


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_a_run_goes_back_past_is_renamed_with_all_its_bytes(tmp_path):
    said = []
    checkpoints = Checkpoints(tmp_path, keep_last=3, say=said.append)
    for step in (1, 2, 3):
        checkpoints.save(step, tensors(step), {}, {}, best=step == 3)
    checkpoints.wait()
    for step in (2, 3):
        flip(tmp_path / f"step_{step:08d}" / "model.safetensors")
    before = {step: files_of(tmp_path / f"step_{step:08d}") for step in (2, 3)}
    assert newest(checkpoints).step == 1 and steps_of(tmp_path) == [1, 2, 3], "to look is not to rename"
    assert checkpoints.take_up().step == 1
    assert steps_of(tmp_path) == [1]
    assert {step: files_of(tmp_path / f"damaged-step_{step:08d}") for step in (2, 3)} == before
    assert len([sentence for sentence in said if sentence.startswith("renamed: ")]) == 2
    checkpoints.keep_last = 1
    for step in (2, 3):
        save(checkpoints, step)
    flip(tmp_path / "step_00000003" / "model.safetensors")
    save(checkpoints, 4)
    assert steps_of(tmp_path) == [4] and not (tmp_path / "best").exists()
    assert {step: files_of(tmp_path / f"damaged-step_{step:08d}") for step in (2, 3)} == before


def test_a_second_damage_at_the_same_step_gets_a_name_of_its_own(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=3)
    for _ in range(2):
        save(checkpoints, 1)
        save(checkpoints, 2)
        flip(tmp_path / "step_00000002" / "optimizer.safetensors")
        assert checkpoints.take_up().step == 1
    assert {path.name for path in tmp_path.glob("damaged-*")} == {"damaged-step_00000002", "damaged-step_00000002-2"}


@pytest.mark.parametrize("harm", ["flip", "weights", "moments", "gone"])
def test_where_no_checkpoint_is_whole_nothing_is_begun_and_nothing_touched(tmp_path, harm):
    checkpoints = Checkpoints(tmp_path)
    bad = {"weight": torch.tensor([1.0, float("nan")])}
    checkpoints.save(5, bad if harm == "weights" else tensors(5), bad if harm == "moments" else tensors(5), {})
    checkpoints.wait()
    if harm == "flip":
        flip(tmp_path / "step_00000005" / "state.json")
    if harm == "gone":
        (tmp_path / "step_00000005").rename(tmp_path / "elsewhere")
    before = files_of(tmp_path)
    with pytest.raises(DamagedError, match=r"no whole checkpoint.*another --output"):
        checkpoints.take_up()
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE, errno.EMFILE, errno.ENOMEM])
@pytest.mark.parametrize("name", ["state.json", "model.safetensors", "optimizer.safetensors"])
def test_what_cannot_be_read_now_is_not_damaged_and_ends_the_start(tmp_path, monkeypatch, number, name):
    checkpoints = Checkpoints(tmp_path, say=pytest.fail)
    save(checkpoints, 1)
    save(checkpoints, 2)
    before = files_of(tmp_path)
    opened = io.open

    def refusing(file, *arguments, **options):
        if str(file).endswith(f"step_00000002/{name}"):
            raise OSError(number, os.strerror(number), str(file))
        return opened(file, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(io, "open", refusing)
        with pytest.raises(UnreadableError, match=rf"step_00000002 cannot be read \(.*{name}: .*nothing was changed"):
            checkpoints.take_up()
    assert files_of(tmp_path) == before
    assert checkpoints.take_up().step == 2


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 1)

    def refusing(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(UnreadableError, match="cannot be read"):
        steps_in(tmp_path)


def test_weights_that_are_no_numbers_are_passed_over_for_the_ones_before(tmp_path):
    said = []
    checkpoints = Checkpoints(tmp_path, keep_last=3, say=said.append)
    save(checkpoints, 1)
    for step, value in ((2, float("inf")), (3, float("nan"))):
        checkpoints.save(step, {"weight": torch.tensor([0.0, value])}, {}, {})
    checkpoints.wait()
    assert newest(checkpoints).step == 1
    assert [("not finite" in sentence) for sentence in said[-2:]] == [True, True]


def test_a_changed_figure_in_the_state_is_found(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 1, loss=2.5)
    path = tmp_path / "step_00000001" / "state.json"
    path.write_text(path.read_text().replace("2.5", "2.6"))
    json.loads(path.read_text())
    with pytest.raises(DamagedError, match="SHA-256"):
        load_checkpoint(path.parent)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folder of the killed savers, and the signal that ended each."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, str(Path(__file__).with_name("killed_saves.py")), str(folder)]
    ran = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return folder, dict(line.split() for line in ran.stdout.splitlines())


@pytest.mark.parametrize(
    ("point", "step"), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 2)], ids=lambda value: str(value)
)
def test_a_save_killed_at_any_point_leaves_a_loadable_checkpoint(killed, point, step):
    folder, signals = killed
    assert signals[str(point)] == str(int(signal.SIGKILL if point else signal.SIGXFSZ))
    checkpoints = Checkpoints(folder / str(point), say=pytest.fail)
    saved = newest(checkpoints)
    assert (saved.step, saved.state) == (step, {"loss": step / 3})
    assert torch.equal(saved.model["weight"], torch.full((1000, 64), float(step)))
    named = (checkpoints.folder / "latest").read_text().strip()
    assert load_checkpoint(checkpoints.folder / named).step in (1, 2)
    left = [path.name for path in checkpoints.folder.iterdir() if path.name.startswith(".tmp-")]
    assert bool(left) == (point not in (5, 7))
    save(checkpoints, 3)
    assert newest(checkpoints).step == 3
    assert not [path for path in checkpoints.folder.iterdir() if path.name.startswith(".tmp-")]


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 1)
    huge = torch.zeros(1).expand(10**15)  # four petabytes, of which four bytes exist
    with pytest.raises(CheckpointError, match=r"no room .* step 2 .*step_00000001 is whole.*keep_last"):
        checkpoints.save(2, {"weight": huge}, {}, {})
    assert newest(checkpoints).step == 1


def test_a_file_that_cannot_grow_is_a_clear_error_at_the_next_save(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        checkpoints.save(2, {"weight": torch.zeros(1_000_000)}, {}, {})
        with pytest.raises(CheckpointError, match=r"no room .* step 2 .*step_00000001 is whole"):
            checkpoints.save(3, tensors(3), {}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert newest(checkpoints).step == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step_00000001"]
    save(checkpoints, 3)
    assert newest(checkpoints).step == 3


def test_keeping_none_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="keep_last is 0"):
        Checkpoints(tmp_path, keep_last=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no card")
def test_a_checkpoint_from_a_card_is_of_the_moment_it_was_asked_for(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    weight = torch.zeros(1 << 22, device="cuda")
    for step in (1, 2):
        weight.fill_(step)
        checkpoints.save(step, {"weight": weight}, {}, {})
        weight.fill_(9)
        checkpoints.wait()
        assert newest(checkpoints).model["weight"].unique().tolist() == [step]
