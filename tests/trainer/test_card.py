"""The prepared run on a card, small, on a CPU: each phase fails alone; numpy, PyTorch and safetensors are enough."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_bench import ABSENT

from benchmarks.trainer.card import PHASES, main, pack, run_phases
from benchmarks.trainer.tokens import write_learnable_shards

ROOT = Path(__file__).parents[2]
NAMES = [name for name, _, _ in PHASES]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The whole run in processes that lack every package but numpy, PyTorch and safetensors: (folder, results)."""
    folder = tmp_path_factory.mktemp("card")
    more = '"apache_beam", "upath", "fsspec", "zstandard", "tokenizers", "regex", "awkward"'
    (folder / "sitecustomize.py").write_text(ABSENT.replace('"apache_beam"', more))
    out = folder / "out"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trainer.card", "--small", "--out", str(out)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return out, json.loads((out / "results.json").read_text())


@pytest.mark.slow
@pytest.mark.timeout(1600)
def test_every_phase_runs_on_a_cpu_and_leaves_what_it_found(ran):
    out, results = ran
    assert list(results["phases"]) == NAMES and results["small"] is True
    assert all("found" in entry and "error" not in entry for entry in results["phases"].values())
    assert {path.name for path in out.iterdir()} >= {"results.json", "log.txt", "gpt2_metrics.jsonl"}
    found = {name: entry["found"] for name, entry in results["phases"].items()}
    assert found["parity"]["goals"][0]["value"] < 1e-4
    assert set(found["speed12"]) == {"reference", "reference with cuDNN", "ours"}
    assert found["speed12"]["reference"]["ours / this"] > 0
    assert found["resume"]["steps in both"] > 0 and found["resume"]["not equal to the bit"] == 0
    curve = found["gpt2"]["curve (training seconds, tokens, bits per byte)"]
    assert [seconds for seconds, _, _ in curve] == sorted(seconds for seconds, _, _ in curve)
    assert curve[-1][2] < curve[0][2]
    assert found["sample"]["samples"].count("---") == 2 and found["tests"] == {"skipped": "no card"}


class Phases:
    """A run whose phases succeed, fail or take long."""

    small = False

    def __init__(self):
        self.record = {"phases": {}}
        self.written = []

    def __getattr__(self, name):
        def phase(left):
            if name == "parity":
                raise RuntimeError("out of memory")
            return {"name": name}

        return phase

    def write(self):
        self.written.append(list(self.record["phases"]))


def test_a_phase_that_fails_or_would_be_late_is_a_line_and_the_others_go_on(capsys):
    run = Phases()
    assert run_phases(run, NAMES, seconds=61) == 1
    phases = run.record["phases"]
    assert phases["parity"]["error"].startswith("not begun: 6")
    assert phases["machine"]["found"] == {"name": "machine"} and phases["resume"]["found"] == {"name": "resume"}
    assert run.written == [NAMES[: number + 1] for number in range(len(NAMES))], "written anew after each"
    again = Phases()
    assert run_phases(again, NAMES, seconds=1e6) == 1
    assert again.record["phases"]["parity"]["error"] == "RuntimeError: out of memory"
    assert sum("error" in entry for entry in again.record["phases"].values()) == 1
    assert run_phases(Phases(), ["machine", "sample"], seconds=1e6) == 0
    assert "parity" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--out", "x", "--only", "machine,spead"], "--only spead: no such phase"),
        (["--out", "x", "--ref", "not/there.py"], "not/there.py is not there"),
        ([], "give --out FOLDER"),
    ],
)
def test_wrong_flags_are_named(arguments, words, capsys):
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_what_travels_is_the_reference_and_the_shards_that_the_manifest_names(tmp_path, capsys):
    from corpus.shards.read import open_shards

    data = write_learnable_shards(tmp_path / "shards", 10_000, 300)
    (data / "learnable" / "other.bin").write_bytes(b"not named")
    reference = tmp_path / "theirs.py"
    reference.write_text("class GPT: pass")
    assert pack(tmp_path / "packed", reference, data) == 0
    assert open_shards(tmp_path / "packed" / "shards").manifest == open_shards(data).manifest
    assert not (tmp_path / "packed" / "shards" / "learnable" / "other.bin").exists()
    assert (tmp_path / "packed" / "lib" / "safetensors" / "torch.py").exists()
    assert (tmp_path / "packed" / "model.py").exists() and "MiB of 64" in capsys.readouterr().out
    (tmp_path / "packed" / "large").write_bytes(bytes(1))
    os.truncate(tmp_path / "packed" / "large", 65 << 20)
    assert main(["--pack", str(tmp_path / "packed"), "--data", str(data)]) == 2
    assert "too large to travel" in capsys.readouterr().err
