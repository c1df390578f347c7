"""Several processes are one run: the same tokens, the same steps, whether weights are copied or sharded."""

import json
import os
import socket
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import torch
from read_world import digests
from small_runs import command, final_state, rows_of, run

from trainer.run.distributed import World, WorldError, any_of, choose_device, choose_parallel, first_says, load_weights
from trainer.train import main

ROOT = Path(__file__).parents[3]
TRUTHS = ("false", "true")
WORLDS = (2, 3, 4, 8)
WORKER = Path(__file__).with_name("train_world.py")


@pytest.mark.parametrize(
    "asked, local_rank, cards, chosen",
    [
        ("auto", 0, 0, "cpu"),
        ("auto", 3, 8, "cuda:3"),
        ("cpu", 1, 8, "cpu"),
        ("cuda", 1, 2, "cuda:1"),
        ("cuda:1", 0, 2, "cuda:1"),
    ],
)
def test_the_device_follows_from_what_is_asked_and_what_is_there(asked, local_rank, cards, chosen):
    assert choose_device(asked, local_rank, cards) == chosen


@pytest.mark.parametrize("asked, cards", [("cuda", 0), ("cuda:2", 2), ("tpu", 0), ("cuda:x", 1), ("cuda:²", 3)])
def test_a_device_that_is_not_there_is_named(asked, cards):
    with pytest.raises(WorldError, match=f"device={asked}"):
        choose_device(asked, 0, cards)


@pytest.mark.parametrize(
    "asked, size, parameters, chosen",
    [
        ("auto", 1, 10**12, "none"),
        ("fsdp", 1, 10**6, "none"),
        ("auto", 8, 124_000_000, "ddp"),
        ("auto", 8, 13_000_000_000, "fsdp"),
        ("ddp", 8, 13_000_000_000, "ddp"),
        ("fsdp", 2, 10, "fsdp"),
    ],
)
def test_weights_are_copied_until_they_are_many(asked, size, parameters, chosen):
    assert choose_parallel(asked, size, parameters) == chosen


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_reads_the_same_global_stream(small_shards, world):
    alone = digests(small_shards.folder, 0, 1)
    assert [len(step) for step in alone] == [8, 9, 9, 10, 11, 11]
    parts = [digests(small_shards.folder, rank, world) for rank in range(world)]
    assert [list(chain(*step)) for step in zip(*parts, strict=True)] == alone


@pytest.fixture(scope="module")
def streams(small_shards):
    """Number of processes → what they read together, step by step."""
    script = Path(__file__).with_name("read_world.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(small_shards.folder), *map(str, WORLDS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = [line.split() for line in ran.stdout.splitlines()]
    return {world: [digests for number, *digests in lines if int(number) == world] for world in WORLDS}


@pytest.mark.parametrize("world", WORLDS)
def test_any_number_of_processes_reads_the_stream_of_one(small_shards, streams, world):
    assert streams[world] == digests(small_shards.folder, 0, 1)


def start_world(size: int, *lines: list[str], worker: Path = WORKER) -> None:
    """Run the worker in `size` real processes over gloo; all must succeed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(worker), *map(json.dumps, lines)],
            cwd=ROOT,
            env={**os.environ, **world, "PYTHONPATH": str(ROOT), "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(size)
    ]
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * size, "\n".join(said)


@pytest.fixture(scope="module")
def two_processes(markov_shards, tmp_path_factory):
    """Twenty steps by one process, by two with copies and by two with shards, then five more of one by the other."""
    folder = tmp_path_factory.mktemp("world")
    settings = [
        "batch_tokens=208",
        "micro_batch=4",
        "validate_every=10",
        "save_every=20",
        "schedule=constant",
        "warmup_tokens=416",
    ]

    def line(name, *more):
        return command(markov_shards.folder, folder / name, *settings, *more)

    start_world(
        2,
        line("ddp", "steps=20", "parallel=ddp"),
        line("fsdp", "steps=20", "parallel=fsdp", "recompute=true"),
        line("fsdp", "steps=25", "parallel=ddp"),
    )
    one = run(markov_shards.folder, folder / "one", *settings, "steps=25")
    return folder, one, line


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_are_one_within_rounding(two_processes, parallel):
    """13 rows a step: neither the processes nor the passes divide them."""
    folder, one, _ = two_processes
    rows = rows_of(folder / parallel)[:20]
    assert [row["tokens"] for row in rows] == [row["tokens"] for row in one[:20]]
    for row, alone in zip(rows, one[:20], strict=True):
        assert abs(row["loss"] - alone["loss"]) <= 1e-6
        assert abs(row["gradient_norm"] - alone["gradient_norm"]) <= 1e-5
        if row["step"] == 10:
            assert row["bits_per_byte"]["markov"] == pytest.approx(alone["bits_per_byte"]["markov"], abs=1e-6)


def test_another_world_goes_on_where_one_stopped(two_processes):
    """Sharded by two, then copied by two, then one process alone: a single curve."""
    folder, one, line = two_processes
    assert main([*line("fsdp", "steps=25")]) == 0
    rows = rows_of(folder / "fsdp")
    assert [row["step"] for row in rows] == list(range(1, 26))
    assert max(abs(row["loss"] - alone["loss"]) for row, alone in zip(rows, one, strict=True)) <= 2e-6
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.1


def test_a_sharded_save_holds_one_gathered_tensor_at_a_time(markov_shards, tmp_path):
    """Of about thirty tensors and their moments, on both processes; what is saved is what one process would save."""
    settings = ["steps=2", "batch_tokens=128", "layers=3", "validate_every=0"]
    line = command(markov_shards.folder, tmp_path / "run", *settings, "parallel=fsdp")
    start_world(2, line, worker=Path(__file__).with_name("watched_save.py"))
    for rank in (0, 1):
        alive = json.loads((tmp_path / "run" / f"alive-{rank}.json").read_text())
        assert 0 < alive["largest"] < alive["total"] / 10
        # The process group may let go of the one before a moment later.
        assert alive["most"] <= 2 * alive["largest"]
    run(markov_shards.folder, tmp_path / "one", *settings)
    sharded, alone = (final_state(tmp_path / name, 2) for name in ("run", "one"))
    assert sharded.keys() == alone.keys()
    assert all(torch.allclose(value, alone[name], atol=1e-5) for name, value in sharded.items())


def test_a_sharded_save_without_room_ends_every_process(markov_shards, tmp_path, monkeypatch):
    from trainer.run.checkpoint import Checkpoints

    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.fault_of(1, 10) == ""
    assert "no room" in checkpoints.fault_of(1, 10**18)


@pytest.mark.parametrize("more", [[], ["dropout=0.2"], ["norm_place=post", "document_mask=true"]])
def test_recomputed_activations_change_no_step(small_shards, tmp_path, more):
    rows = {name: run(small_shards.folder, tmp_path / name, "steps=4", f"recompute={name}", *more) for name in TRUTHS}
    assert [row["loss"] for row in rows["true"]] == [row["loss"] for row in rows["false"]]
    kept, again = (final_state(tmp_path / name, 4) for name in TRUTHS)
    assert all(torch.equal(value, again[name]) for name, value in kept.items())


def test_more_processes_than_rows_are_refused(markov_shards, tmp_path):
    from trainer.run.config import ConfigError, read_config
    from trainer.run.session import open_session

    config = read_config("tiny", None, ["batch_tokens=128", "steps=1"])
    with pytest.raises(ConfigError, match="2 rows for 4 processes"):
        open_session(config, markov_shards.folder, tmp_path, World(size=4, rank=0), print)


def test_a_world_of_one_needs_no_process_group():
    world = World()
    assert world.first and any_of(True, world) and not any_of(False, world)
    assert first_says({"path": "x"}, world) == {"path": "x"}
    assert not torch.distributed.is_initialized()


def test_weights_of_another_model_are_refused():
    model = torch.nn.Linear(2, 2)
    with pytest.raises(WorldError, match="'bias'"):
        load_weights(model, {"weight": torch.zeros(2, 2)})
    load_weights(model, {"weight": torch.ones(2, 2), "bias": torch.ones(2)})
    assert torch.equal(model.weight, torch.ones(2, 2)) and torch.equal(model.bias, torch.ones(2))
