"""The end of every command: help at once, a sentence where PyTorch is not, and the code of each kind of error."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from run_folders import SHAPES, random_model, write_run
from small_runs import command, run

from trainer.command import FlagError, run_command
from trainer.run.checkpoint import CheckpointError
from trainer.run.loop import Diverged
from trainer.run.saved import DamagedError, UnreadableError

ROOT = Path(__file__).parents[2]
COMMANDS = ("train", "sample", "score", "export", "finetune")
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "safetensors"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def ran(*arguments, folder=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_help_needs_no_torch_and_answers_at_once(name, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    began = os.times().children_user
    done = ran(f"trainer.{name}", "--help", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 0 and "exit codes:" in done.stdout, done.stderr
    assert os.times().children_user - began < 0.5


@pytest.mark.parametrize("name", COMMANDS)
def test_without_torch_a_command_says_what_to_install(name, tmp_path, small_shards):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    (tmp_path / "items.jsonl").write_text("{}")
    arguments = {
        "train": command(small_shards.folder, tmp_path / "out", "steps=1"),
        "sample": [str(tmp_path / "run")],
        "score": [str(tmp_path / "run"), "--task", f"choice={tmp_path / 'items.jsonl'}"],
        "export": [str(tmp_path / "run"), "--output", str(tmp_path / "out")],
        "finetune": [
            *(str(tmp_path / "run"), "--task", "choice", "--train", "x", "--validation", "x"),
            *("--output", str(tmp_path / "out")),
        ],
    }[name]
    done = ran(f"trainer.{name}", *arguments, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 2 and "pip install 'corpusloom[train]'" in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_file_that_hides_our_package_is_named(tmp_path):
    (tmp_path / "corpus.py").write_text("")
    done = ran("trainer.sample", "run", folder=tmp_path)
    assert done.returncode == 2 and f"{tmp_path / 'corpus.py'} hides the package" in done.stderr


def raising(error):
    def act():
        raise error

    return act


@pytest.mark.parametrize(
    "error, code",
    [
        (FlagError("a flag"), 2),
        (DamagedError("damaged"), 3),
        (UnreadableError("away"), 3),
        (CheckpointError("full"), 5),
        (Diverged("nan"), 4),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 5),
        (OSError(errno.EIO, "Input/output error"), 3),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 3),
        (MemoryError(), 5),
        (torch.OutOfMemoryError("CUDA out of memory.\nlong\ntext"), 5),
        (torch.AcceleratorError("CUDA error: unspecified launch failure\nmore", 719), 5),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: can't allocate memory"), 5),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: str(value)[:20],
)
def test_every_kind_of_error_has_its_code_and_one_line(error, code, capsys):
    assert run_command("loom", raising(error)) == code
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and "bug" not in said


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("x"), RuntimeError("shapes"), ArithmeticError("div")])
def test_what_nobody_has_sorted_is_a_bug_and_its_traceback_goes_into_a_file(error, capsys):
    assert run_command("loom", raising(error)) == 1
    said = capsys.readouterr().err
    assert "This is a bug of ours" in said and "Traceback" not in said
    path = Path(said.split()[-1])
    assert "Traceback" in path.read_text() and type(error).__name__ in path.read_text()
    path.unlink()


@pytest.fixture
def inputs(tmp_path, small_shards):
    """A folder of every kind that a user may give by mistake, by name."""
    run(small_shards.folder, tmp_path / "run", "steps=1")
    write_run(tmp_path / "plain", random_model(SHAPES["gpt2"]), end_of_text=0)
    (tmp_path / "file").write_text("text")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize("given", ["nowhere", "file", "binary", "empty"])
@pytest.mark.parametrize("name", ["sample", "score", "export", "export --from", "finetune"])
def test_wrong_files_are_named_with_code_3(inputs, name, given, capsys):
    from importlib import import_module

    path, output = str(inputs / given), ["--output", str(inputs / "out")]
    lines = ["--train", path, "--validation", path]
    arguments = {
        "sample": [path],
        "score": [path, "--task", f"choice={path}"],
        "export": [path, *output],
        "export --from": ["--from", path, *output],
        "finetune": [path, "--task", "choice", *lines, *output],
    }[name]
    assert import_module(f"trainer.{name.split()[0]}").main(arguments) == 3
    said = capsys.readouterr().err
    assert path in said and "Traceback" not in said
    assert not (inputs / "out").exists()


@pytest.mark.parametrize("name", ["sample", "export", "score"])
def test_a_run_whose_weights_are_no_numbers_is_refused(tmp_path, name, capsys):
    from importlib import import_module

    model = random_model(SHAPES["gpt2"])
    with torch.no_grad():
        model.embedding.weight[3, 4] = float("nan")
    path = str(write_run(tmp_path / "run", model, end_of_text=0))
    more = {"export": ["--output", str(tmp_path / "out")], "score": ["--task", "choice=x"]}.get(name, [])
    assert import_module(f"trainer.{name}").main([path, *more]) == 3
    assert "not finite (model, embedding.weight)" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(inputs):
    command = [sys.executable, "-m", "trainer.sample", str(inputs / "plain"), "--prompt", "1", "--count", "3"]
    process = subprocess.Popen(
        [*command, "--tokens", "9"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(200) == 0
    assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("name", ["export", "finetune", "train", "export --from"])
def test_no_command_writes_into_a_folder_of_another_kind(inputs, name, small_shards, capsys):
    from importlib import import_module

    main = import_module(f"trainer.{name.split()[0]}").main
    assert import_module("trainer.export").main([str(inputs / "plain"), "--output", str(inputs / "export")]) == 0
    folders = {
        "export": [
            inputs / "run",
            inputs / "run" / "checkpoints" / "step_00000001",
            inputs / "run" / "checkpoints" / "x",
        ],
        "export --from": [inputs / "run", inputs / "export"],
        "finetune": [inputs / "run", inputs / "export"],
        "train": [inputs / "export", small_shards.folder],
    }[name]
    before = {path: path.read_bytes() for path in inputs.rglob("*") if path.is_file()}
    for output in folders:
        arguments = {
            "export": [str(inputs / "plain"), "--replace"],
            "export --from": ["--from", str(inputs / "export")],
            "finetune": [str(inputs / "run"), "--task", "choice", "--train", "x", "--validation", "x"],
            "train": ["--data", str(small_shards.folder), "--preset", "tiny"],
        }[name]
        assert main([*arguments, "--output", str(output)]) == 2
        said = capsys.readouterr().err
        assert str(output) in said and "give a new folder" in said
    assert {path: path.read_bytes() for path in inputs.rglob("*") if path.is_file()} == before


def test_an_export_is_replaced_only_when_it_is_said(inputs, capsys):
    from trainer.export import main

    arguments = [str(inputs / "plain"), "--output", str(inputs / "export")]
    assert main(arguments) == 0
    assert main(arguments) == 2 and "--replace" in capsys.readouterr().err
    assert main([*arguments, "--replace"]) == 0
