"""Packing: documents are whole where a row holds them, no token is lost in silence, and the plan is a file with a
digest."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.data.packing import PackingError, SourcePlan, best_fit, document_ids, load_plan, main, plan_packing


@pytest.mark.parametrize("length", [1, 2, 17, 64, 900])
def test_document_ids_are_those_of_the_offsets(small_shards, length):
    """Counting end-of-text finds the documents that the shards' offsets name, empty ones too."""
    stream = small_shards.open().stream("webtext")
    starts = np.arange(0, stream.n_tokens - length, max(1, length // 3))
    ids = document_ids(torch.from_numpy(stream.windows(starts, length)), 999)
    assert ids.dtype == torch.int32
    document = np.repeat(np.arange(stream.n_docs), small_shards.lengths["webtext", "train"])
    for start, row in zip(starts.tolist(), ids.numpy(), strict=True):
        assert np.array_equal(row, document[start : start + length] - document[start])


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 40).flatmap(lambda room: st.tuples(st.just(room), st.lists(st.integers(2, room), max_size=60))))
def test_each_piece_goes_into_the_fullest_row_that_holds_it(case):
    """Against a search through all rows, longest piece first."""
    capacity, lengths = case
    found = best_fit(np.array(lengths, np.int64), capacity)
    fill = {}
    for piece in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        rooms = [capacity - used for used in fill.values() if capacity - used >= lengths[piece]]
        row = int(found[piece])
        if rooms:
            assert capacity - fill[row] == min(rooms)
        else:
            assert row == len(fill)
        fill[row] = fill.get(row, 0) + lengths[piece]
    assert all(used <= capacity for used in fill.values())


@pytest.mark.parametrize("lengths", [[5, 0], [5, 11], [-1]])
def test_a_piece_that_fits_no_row_is_refused(lengths):
    with pytest.raises(PackingError, match="do not fit rows of 10"):
        best_fit(np.array(lengths), 10)


@pytest.mark.parametrize("sequence_length", [1, 7, 64, 700])
def test_every_token_with_one_before_it_is_a_target_once(small_shards, sequence_length):
    plan = plan_packing(small_shards.open(), sequence_length)
    assert set(plan.sources) == {"webtext", "books"}
    for name, source in plan.sources.items():
        lengths = small_shards.lengths[name, "train"]
        targets = [np.zeros(length, int) for length in lengths.tolist()]
        for document, start, length in source.pieces.tolist():
            assert 2 <= length <= sequence_length + 1
            targets[document][start + 1 : start + length] += 1
        assert all((times[1:] == 1).all() and times[0] == 0 for times in targets)
        held = [source.pieces[a:b, 2].sum() for a, b in zip(source.rows[:-1], source.rows[1:], strict=True)]
        assert 2 <= min(held) <= max(held) <= sequence_length + 1
        whole = lengths[(lengths > 1) & (lengths <= sequence_length + 1)]
        assert np.count_nonzero(source.pieces[:, 1] == 0) == np.count_nonzero(lengths > 1)
        assert len(whole) <= len(source.pieces)
        assert len(source.pieces) == (-(-(lengths - 1) // sequence_length)).sum()


def test_the_report_counts_what_is_cut_cropped_and_empty(shards_of_lengths):
    """Three documents of 5, 1 and 9 tokens in rows of 5: the last is cut in two, the lone end-of-text is cropped."""
    plan = plan_packing(shards_of_lengths([5, 1, 9]), 4)
    assert plan.sources["texts"].pieces.tolist() == [[0, 0, 5], [2, 0, 5], [2, 4, 5]]
    line = plan.describe().splitlines()[1].split()
    assert line == ["texts", "3", "33.33%", "3", "6.6667%", "0.0000%"]
    assert plan_packing(shards_of_lengths([3, 4]), 4).describe().split()[-2:] == ["0.0000%", "30.0000%"]


def test_most_documents_stay_whole_and_little_is_padding(shards_of_lengths):
    lengths = np.random.default_rng(0).lognormal(5, 1, 5000).astype(int) + 2
    plan = plan_packing(shards_of_lengths(lengths.tolist()), 1024)
    cut, crop, pad = (float(part.rstrip("%")) / 100 for part in np.array(plan.describe().split())[[8, 10, 11]])
    assert cut == pytest.approx(np.mean(lengths > 1025), abs=1e-4)
    assert crop == 0
    assert pad < 0.005


def test_a_plan_is_a_file_that_gives_the_same_rows(tmp_path, small_shards, capsys):
    shards = small_shards.open()
    plan = plan_packing(shards, 64)
    path = tmp_path / "plan.npz"
    assert main(["--data", str(small_shards.folder), "--sequence-length", "64", "--output", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed == f"{plan.describe()}\ndigest {plan.digest}\n"
    again = load_plan(path, shards)
    assert again.digest == plan.digest == plan_packing(shards, 64).digest
    assert again.planned == plan.planned
    for name, source in plan.sources.items():
        assert np.array_equal(again.sources[name].pieces, source.pieces)
        assert np.array_equal(again.sources[name].rows, source.rows)
    first = path.read_bytes()
    plan.save(path)
    assert path.read_bytes() == first
    assert [left.name for left in tmp_path.iterdir()] == ["plan.npz"]


@pytest.mark.parametrize("part", ["data", "output"])
def test_a_place_that_is_not_there_is_a_sentence(part, small_shards, tmp_path, capsys):
    absent = tmp_path / "absent" / "plan.npz"
    places = {"data": small_shards.folder, "output": tmp_path / "plan.npz", part: absent}
    flags = [word for name, place in places.items() for word in (f"--{name}", str(place))]
    assert main([*flags, "--sequence-length", "64"]) in (3, 5)
    said = capsys.readouterr().err
    assert "absent" in said and len(said.splitlines()) == 1


def test_the_digest_covers_everything(small_shards):
    plan = plan_packing(small_shards.open(), 64)
    books = plan.sources["books"]
    moved = books.pieces.copy()
    moved[0, 0] += 1
    others = [
        replace(plan, fingerprint="0"),
        replace(plan, split="validation"),
        replace(plan, sequence_length=65),
        replace(plan, sources={"books": books}),
        replace(plan, sources={**plan.sources, "books": SourcePlan(moved, books.rows, books.n_tokens, books.n_docs)}),
    ]
    assert len({plan.digest, *(other.digest for other in others)}) == 6


def test_a_plan_that_is_damaged_or_of_other_shards_is_refused(tmp_path, small_shards, markov_shards):
    path = tmp_path / "plan.npz"
    with pytest.raises(PackingError, match="no such plan; make it with"):
        load_plan(path, small_shards.open())
    plan_packing(small_shards.open(), 64).save(path)
    with pytest.raises(PackingError, match="made for shards"):
        load_plan(path, markov_shards.open())
    data = path.read_bytes()
    for at in range(0, len(data), 499):
        path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        try:
            read = load_plan(path, small_shards.open())
        except PackingError:
            continue
        assert read.digest == plan_packing(small_shards.open(), 64).digest
    with np.load(path_with(path, data)) as file:
        arrays = dict(file)
    arrays["books.pieces"] = arrays["books.pieces"][::-1]
    np.savez(path, **arrays)
    with pytest.raises(PackingError, match="another digest"):
        load_plan(path, small_shards.open())


def path_with(path, data):
    path.write_bytes(data)
    return path
