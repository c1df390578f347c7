"""The benchmark, small, on a CPU: every phase runs, without Arrow and the like, and says what it should."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import bench_calls
import numpy as np
import pytest
import torch

from benchmarks.trainer import restated
from benchmarks.trainer.__main__ import main, run_phases
from benchmarks.trainer.settings import gpt2, over_data, settings_for
from benchmarks.trainer.sides import CUDNN, OURS, REFERENCE, Spec, build, load_module
from benchmarks.trainer.speed import phases_2_and_3
from benchmarks.trainer.stand import Finding, Goal, Stand
from benchmarks.trainer.table import lines_of, table_of
from benchmarks.trainer.tokens import learnable, write_learnable_shards
from benchmarks.trainer.worker import Worker, WorkerError
from corpus.shards.layout import ShardError
from corpus.shards.read import open_shards
from trainer.model.presets import PRESETS

ROOT = Path(__file__).parent.parent.parent
# All phases of a benchmark in one fixture: on a busy machine that takes longer than a test may.
pytestmark = pytest.mark.timeout(1000)
# What a machine that trains may not have.
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"pyarrow", "xxhash", "blake3", "transformers", "apache_beam"}:
            raise ModuleNotFoundError(f"{name} is not on this machine", name=name)
sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """All phases run by the command, where numpy, PyTorch and safetensors are all there is: (output, JSON)."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "sitecustomize.py").write_text(ABSENT)
    command = [sys.executable, "-m", "benchmarks.trainer", "--small", "--only", "0,1,2,3,4,5,6,7,8"]
    command += ["--output", "bench.json"]
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads((folder / "bench.json").read_text())


def entry(ran, name):
    return ran[1]["phases"][name]


def test_every_phase_runs_on_a_cpu_and_needs_numpy_and_pytorch_alone(ran):
    assert list(ran[1]["phases"]) == ["0", "1", "2+3", "4", "5", "6", "7", "8"]
    for name, found in ran[1]["phases"].items():
        assert "error" not in found and found["rows"], f"phase {name}: {found}"
        assert not [row for row in found["rows"] if "error" in row], f"phase {name}: {found}"
        assert f"phase {name}: {found['title']}" in ran[0]


def test_small_figures_are_not_held_against_the_goals_but_stand_in_the_json(ran):
    assert "small sizes" in ran[0] and "goal at" not in ran[0]
    named = [goal["name"] for entry in ran[1]["phases"].values() for goal in entry["goals"]]
    assert len(named) == 9 and len(set(named)) == 9


def test_both_sides_are_timed_at_every_batch_and_the_ratio_is_of_the_same_batch(ran):
    rows = entry(ran, "2+3")["rows"]
    sides = [(row["side"], row["rows"], row["accumulated"]) for row in rows]
    assert sides == [(side, rows, 8 // rows) for rows in (2, 4) for side in (REFERENCE, CUDNN, OURS)]
    for one, other, ours in (rows[:3], rows[3:]):
        assert ours["/ reference"] == pytest.approx(ours["tokens/s"] / one["tokens/s"])
        assert ours["/ reference with cuDNN"] == pytest.approx(ours["tokens/s"] / other["tokens/s"])
    assert [row["kind"] for row in rows[:2]] == ["re-stated baseline", "re-stated baseline, cuDNN's attention first"]
    assert rows[0]["MFU %"] is None and rows[0]["of measured %"] > 0


def test_the_restated_recipe_and_ours_have_the_same_losses(ran):
    rows = entry(ran, "4")["rows"]
    assert rows[0]["reference"] > rows[-1]["reference"] + 0.05, "nothing was learned, so nothing was compared"
    assert max(row["|difference|"] for row in rows) < 1e-4


def test_kernels_agree_with_the_formula(ran):
    assert {row["verdict"] for row in entry(ran, "1")["rows"]} == {"good"}
    assert [row["what"] for row in entry(ran, "1")["rows"]][-1] == "loss"


def test_the_modern_preset_gets_its_share_of_the_tokens(ran):
    rows = entry(ran, "7")["rows"]
    seen = [row["tokens"] for row in rows if row["modern-124m bits/byte"] is not None]
    assert (seen[-1], rows[-1]["tokens"]) == (2_560, 4_096)
    assert rows[-1]["gpt2-124m bits/byte"] < rows[0]["gpt2-124m bits/byte"]


def test_what_the_loader_feeds_is_timed_beside_fixed_batches(ran):
    rows = {row["what"]: row for row in entry(ran, "6")["rows"]}
    assert list(rows) == ["dense", "banded", "fixed batches", "fed by the loader", "the loader alone, one thread"]
    assert all(row["tokens/s"] > 0 for row in rows.values())


def test_a_phase_that_fails_says_so_and_the_others_go_on(tmp_path, capsys):
    stand = Stand(over_data(settings_for("cpu", True, False), tmp_path, 5_000))
    assert stand.settings.shape.vocab_size == 5_120
    assert run_phases(stand, (4, 7), tmp_path / "bench.json") == 1
    phases = json.loads((tmp_path / "bench.json").read_text())["phases"]
    assert all("manifest.json" in phases[name]["error"] for name in ("4", "7"))
    assert not stand.workers
    assert capsys.readouterr().out.count("failed: ") == 2


def test_nothing_is_begun_when_the_minutes_are_over(tmp_path, capsys):
    stand = Stand(settings_for("cpu", True, False), minutes=1e-9)
    assert run_phases(stand, (0, 5), None) == 1
    assert capsys.readouterr().out.count("not begun: the 1e-09 minutes are over") == 2
    assert not stand.workers
    rows = phases_2_and_3(replace(stand, ceilings={"peak": None, "matrix_rate": 1.0}), (REFERENCE, OURS)).rows
    assert len(rows) == 4 and all("not begun" in row["error"] for row in rows)


def test_a_worker_keeps_what_it_builds_and_an_error_ends_one_call_and_not_the_benchmark():
    worker = Worker()
    assert [worker.call(bench_calls.add, number=number) for number in (1, 2)] == [1, 3]
    with pytest.raises(WorkerError, match=r"^ValueError: this cannot be$"):
        worker.call(bench_calls.fail)
    with pytest.raises(WorkerError, match="died without a word"):
        worker.call(bench_calls.die)
    worker.seconds = 0.2
    with pytest.raises(WorkerError, match=r"no answer within 0 s"):
        worker.call(bench_calls.sleep, seconds=60)
    worker.seconds = 60
    assert worker.call(bench_calls.add, number=5) == 5
    worker.close()


def test_the_goals_are_of_each_side_at_its_best_micro_batch():
    from benchmarks.trainer.speed import _goals

    def row(side, rows, rate):
        return {"side": side, "rows": rows, "accumulated": 192 // rows, "tokens/s": rate, "MFU %": rate / 10}

    rows = [row(REFERENCE, 12, 300.0), row(OURS, 12, 360.0), row(REFERENCE, 64, 400.0), row(OURS, 64, 450.0)]
    rows += [row(CUDNN, 32, 440.0), {"side": REFERENCE, "rows": 32, "accumulated": 6, "error": "full"}]
    goals = _goals(settings_for("cuda", False, True), rows)
    assert [goal.value for goal in goals] == [450 / 300, 450 / 400, 450 / 440, 45.0]
    assert [goal.met for goal in goals] == [True, True, False, True]
    assert [goal.value for goal in _goals(settings_for("cuda", False, True), rows[1:2])] == [None, None, None, 36.0]


def test_every_micro_batch_of_the_sweep_makes_the_same_step():
    for settings in (settings_for("cuda", False, True), settings_for("cpu", True, False)):
        assert {settings.step_rows % rows for rows in settings.sweep} == {0}


@pytest.mark.parametrize(("value", "most", "met"), [(1.1, False, True), (1.09, False, False), (0.01, True, True)])
def test_a_goal_is_met_at_its_bound(value, most, met):
    assert Goal("g", value, 0.01 if most else 1.1, most).met is met
    assert not Goal("g", None, 0.0).met


def test_a_table_shows_what_there_is_and_goals_only_where_they_are_judged():
    rows = [{"a": 1234, "b": None}, {"b": 0.12345, "c": "x"}]
    assert table_of(rows) == ["    a       b  c", "1,234       -", "       0.1235  x"]
    finding = Finding(({"a": 1},), (Goal("speed", 2.0, 1.1), Goal("loss", None, 0.01, True)))
    assert lines_of(finding, judged=False) == ["a", "1"]
    assert lines_of(finding, judged=True)[2:] == [
        "met  speed: 2 (goal at least 1.1)",
        "no figure  loss: - (goal at most 0.01)",
    ]


def test_the_shapes_on_a_card_are_those_of_the_published_models():
    settings = settings_for("cuda", False, True)
    for shape, preset, name in ((settings.shape, "gpt2-124m", 124), (settings.large, "gpt2-1558m", 1558)):
        published = PRESETS[preset].shape
        assert (shape.layers, shape.heads, shape.width) == (published.layers, published.heads, published.width)
        assert shape.n_parameters() / 1e6 == pytest.approx(name, rel=0.005)
        assert shape.padded_vocab_size == shape.vocab_size == 50304
        assert shape.flops_per_token() == pytest.approx({124: 0.855e9, 1558: 10.28e9}[name], rel=0.003)
    assert settings.sweep == (12, 32, 64) and settings.shipped_rows == 12


def test_the_two_sides_are_one_model(tmp_path):
    from benchmarks.trainer.parity import give_weights

    torch.set_num_threads(1)
    shape = gpt2(2, 2, 16, 8, 128)
    give_weights({}, Spec(REFERENCE, shape, "cpu", False), tmp_path / "weights")
    given = Path(restated.__file__)  # as a file: the way that nanoGPT's comes in
    sides = [build(Spec(side, shape, "cpu", False, given, tmp_path / "weights")) for side in (REFERENCE, OURS)]
    assert sides[0].kind == "restated.py as given"
    tokens = torch.randint(0, 128, (3, 8), generator=torch.Generator().manual_seed(0))
    losses = [[side.step([(tokens, tokens.roll(1, 1))] * 2).item() for _ in range(4)] for side in sides]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert losses[0][0] > losses[0][3]


@pytest.mark.parametrize(("text", "word"), [("class GPT: pass", "has no GPTConfig"), (None, "no Python file")])
def test_a_reference_without_the_interface_is_refused(tmp_path, text, word):
    path = tmp_path / "model.py"
    if text:
        path.write_text(text)
    with pytest.raises(ValueError, match=word):
        load_module(path)


def test_learnable_tokens_follow_one_another_half_of_the_time():
    tokens = learnable(200_000, 1_000, seed=1)
    assert tokens.min() >= 0 and tokens.max() < 1_000
    follows = (tokens[1:] == (tokens[:-1] * 31 + 7) % 1_000).mean()
    assert follows == pytest.approx(0.5 * 63 / 64, abs=0.01)
    assert np.array_equal(tokens, learnable(200_000, 1_000, seed=1))
    assert not np.array_equal(tokens, learnable(200_000, 1_000, seed=2))


def test_shards_written_without_arrow_are_shards(tmp_path):
    write_learnable_shards(tmp_path, 10_000, 300)
    shards = open_shards(tmp_path)
    train, validation = shards.stream("learnable"), shards.stream("learnable", "validation")
    assert (train.n_tokens, train.n_docs, validation.n_tokens) == (10_000, 20, 2_000)
    assert all(len(document) == 500 and document[-1] == 299 for document in train.documents())
    path = tmp_path / shards.manifest.sources[0].shards[0].path
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(ShardError):
        open_shards(tmp_path)


@pytest.mark.parametrize(
    "arguments", [["--only", "0,9"], ["--only", "all"], ["--ref", "not/there.py"], ["--data", "tests"]]
)
def test_wrong_flags_are_told(arguments, capsys):
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    assert code == 2
    said = capsys.readouterr().err
    assert any(words in said for words in ("no list of phases", "is not there", "no manifest.json"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no card")
def test_every_phase_runs_on_a_card(tmp_path):
    assert main(["--small", "--only", "0,1,2,3,4,5,6,8", "--output", str(tmp_path / "bench.json")]) == 0
    phases = json.loads((tmp_path / "bench.json").read_text())["phases"]
    assert {row["verdict"] for row in phases["1"]["rows"]} == {"good"}
    assert max(row["|difference|"] for row in phases["4"]["rows"]) < 0.02
