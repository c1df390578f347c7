"""The contestants of the benchmark do the same work: windows of the same tokens, targets one further."""

import json
import sys

import numpy as np
import pytest
import torch

from benchmarks.windows import contestants, generate, loader_of, main


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("generated"), 30_000)


def test_the_flat_file_holds_the_tokens_of_the_shards(shards):
    stream = shards.stream("generated")
    flat = np.fromfile(shards.folder / "train.bin", np.uint16)
    assert np.array_equal(flat, stream.window(0, stream.n_tokens))
    assert 15_000 < len(flat) < 60_000


def test_every_contestant_gives_windows_and_their_targets(shards):
    flat = np.fromfile(shards.folder / "train.bin", np.uint16).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(flat, 33)
    places = {row.tobytes(): number for number, row in enumerate(windows)}
    with loader_of(shards, 5, 32) as loader:
        for name, give in contestants(shards, loader, 5, 32).items():
            found = []
            for _ in range(4):
                tokens, targets = give()
                assert tokens.dtype == targets.dtype == torch.int64, name
                assert tokens.is_contiguous(), name
                assert targets.is_contiguous(), name
                rows = torch.cat([tokens, targets[:, -1:]], dim=1).numpy()
                assert np.array_equal(rows[:, 1:], targets.numpy()), name
                found += [places[row.tobytes()] for row in rows]
            assert len(set(found)) > 10, name


def test_the_command_prints_every_contestant(monkeypatch, capsys):
    flags = "--tokens 30000 --rows 2 3 --length 32 --turns 1 --turn-tokens 200".split()
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["windows", *flags, "--json"])
    main()
    found = json.loads(capsys.readouterr().out)
    assert [(each["rows"], each["name"].split(",")[0]) for each in found[::2]] == [
        (rows, name) for rows in (2, 3) for name in ("nanoGPT's get_batch", "random windows", "loader")
    ]
    assert all(each["least"] <= each["speed"] <= each["greatest"] for each in found)
    monkeypatch.setattr(sys, "argv", ["windows", *flags])
    main()
    assert "per processor second" in capsys.readouterr().out
