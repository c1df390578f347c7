"""Sorted runs: whatever the memory, the same documents in hash order, with few files open."""

import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_documents import documents, rows

from corpus.files.manifest import write_arrow
from corpus.shards import runs as runs_module
from corpus.shards.documents import Documents, join
from corpus.shards.runs import RunWriter, merge_runs, shard_stretch
from corpus.shards.write import shard_of

WHOLE = (0, 1 << 64)


def write_runs(folder, pieces, most):
    """The pieces through a `RunWriter`, every run in a file."""
    paths = []

    def write(table):
        paths.append(folder / f"{len(paths)}.arrow")
        write_arrow(paths[-1], folder, table)

    writer = RunWriter(most, write)
    for piece in pieces:
        writer.add(piece)
    writer.flush()
    return paths


def in_order(pieces):
    return sorted((row for piece in pieces for row in rows(piece)), key=lambda row: (row[3], row[0]))


def found(paths, low, high, most):
    return [row for piece in merge_runs(paths, low, high, most) for row in rows(piece)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=8), min_size=1, max_size=6),
    st.integers(1, 6000),
    st.integers(1, 6000),
    st.integers(1, 5),
)
def test_any_memory_gives_every_document_once_in_hash_order(tmp_path_factory, lengths, to_write, to_read, of):
    firsts = np.cumsum([0, *map(len, lengths)])
    pieces = [documents(some, int(first)) for some, first in zip(lengths, firsts, strict=False)]
    paths = write_runs(tmp_path_factory.mktemp("runs"), pieces, to_write)
    shards = [found(paths, *shard_stretch(number, of), to_read) for number in range(of)]
    assert [row for shard in shards for row in shard] == in_order(pieces)
    assert all(shard_of(row[0], of) == number for number, shard in enumerate(shards) for row in shard)


def test_less_memory_makes_more_and_smaller_runs_and_stretches(tmp_path, monkeypatch):
    pieces = [documents([100] * 10, first) for first in range(0, 200, 10)]
    (tmp_path / "one").mkdir()
    (one,) = write_runs(tmp_path / "one", pieces, 10**9)
    many = write_runs(tmp_path, pieces, 5000)
    assert len(many) == 20
    held = []
    stretch = runs_module._stretch
    monkeypatch.setattr(runs_module, "_stretch", lambda *given: held.append(stretch(*given)) or held[-1])
    assert found([one], *WHOLE, 10**9) == found(many, *WHOLE, 20_000) == in_order(pieces)
    sizes = [some.tokens.nbytes + 256 * len(some) for some in held]
    assert sizes[0] == 200 * 456
    assert len(sizes) > 5
    assert max(sizes[1:]) <= 20_000


def test_a_document_larger_than_the_memory_is_whole(tmp_path):
    pieces = [documents([5, 30_000, 7]), documents([20_000], 3)]
    paths = write_runs(tmp_path, pieces, 1000)
    assert found(paths, *WHOLE, 1000) == in_order(pieces)


def test_documents_of_one_key_stay_together(tmp_path):
    same = documents([50] * 6)
    tied = Documents(np.full(6, 12345, np.uint64), same.ids, same.tokens, same.offsets, same.n_bytes)
    paths = write_runs(tmp_path, [tied.part(3, 6), tied.part(0, 3)], 1)
    assert found(paths, *WHOLE, 100) == rows(tied)


def test_nothing_gives_nothing(tmp_path):
    assert write_runs(tmp_path, [documents([])], 1) == []
    assert found([], *WHOLE, 100) == []
    assert found(write_runs(tmp_path, [documents([3])], 1), 0, 1, 100) == []


@pytest.fixture
def few_open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_runs_need_no_more_open_files_than_one(tmp_path, few_open_files):
    pieces = [documents([3], first) for first in range(300)]
    paths = write_runs(tmp_path, pieces, 1)
    assert len(paths) == 300
    assert found(paths, *WHOLE, 2000) == in_order(pieces)


def test_joined_runs_keep_what_they_were_given(tmp_path):
    pieces = [documents([4, 5]), documents([6], 2)]
    (path,) = write_runs(tmp_path, pieces, 10**6)
    assert sorted(found([path], *WHOLE, 10**6)) == sorted(rows(join(pieces)))
