"""The loader: the tokens are those of the shards, the stream is one for any number of processes, damage comes first."""

import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from corpus.mixture import Mixture, Source
from corpus.shards.layout import ShardError
from corpus.shards.read import open_shards
from trainer.data.loader import Loader, pins_memory, validation_rows
from trainer.data.order import OrderError, SampleOrder
from trainer.data.packing import plan_packing
from trainer.model.loss import IGNORED

MIXTURE = Mixture((Source("webtext", 3), Source("books", 1)))
N_TOKENS = {"webtext": 7826, "books": 3848}


def order_of(sequence_length, planned=None):
    return SampleOrder(MIXTURE, N_TOKENS, sequence_length, 5, planned=planned)


def steps(loader, count):
    """The first steps, and the loader closed."""
    with loader:
        return list(islice(loader, count))


def rows_of(found):
    """The rows of steps end to end: tokens, targets, source as arrays, and the sample number of each row."""
    batches = [batch for step in found for batch in step]
    numbers = [batch.first + row for batch in batches for row in range(len(batch.tokens))]
    tensors = (torch.cat([getattr(batch, name) for batch in batches]) for name in ("tokens", "targets", "source"))
    return (*(tensor.numpy() for tensor in tensors), numbers)


@pytest.mark.parametrize("sequence_length", [1, 28, 199, 1300, 3800])
def test_a_batch_is_the_tokens_of_the_shards(small_shards, sequence_length):
    """Windows of every length, over the borders of batches and shards, against the tokens that were written."""
    order = order_of(sequence_length)
    found = steps(Loader(small_shards.open(), order, lambda _: 16), 6)
    tokens, targets, source, numbers = rows_of(found)
    located = order.locate(0, 96)
    assert numbers == list(range(96))
    assert source.dtype == np.int32
    assert np.array_equal(source, located.source)
    for row, (name, start) in enumerate(zip(source.tolist(), located.start.tolist(), strict=True)):
        ring = np.tile(small_shards.tokens[order.names[name], "train"], 2)
        counted = located.counted[row]
        assert np.array_equal(tokens[row], ring[start : start + sequence_length])
        assert np.array_equal(targets[row, :counted], ring[start + 1 : start + counted + 1])
        assert (targets[row, counted:] == IGNORED).all()
    batch = found[0][0]
    assert batch.tokens.dtype == batch.targets.dtype == torch.int64
    assert batch.tokens.is_contiguous()
    assert batch.targets.is_contiguous()
    assert batch.documents is None


@pytest.mark.parametrize(("vocab_size", "width"), [(65_535, 2), (65_536, 2), (65_537, 4), (200_000, 4)])
def test_tokens_of_every_width_come_through(shards_of_lengths, vocab_size, width):
    """End-of-text is the largest id; on both sides of 65,536 it arrives as it was written."""
    shards = shards_of_lengths([1, 40, 3, 200, 1, 77], vocab_size)
    stream = shards.stream("texts")
    assert stream.tokens[0].dtype.itemsize == width
    order = SampleOrder(Mixture((Source("texts", 1),)), {"texts": 322}, 30, 2)
    tokens, _, _, _ = rows_of(steps(Loader(shards, order, lambda _: 9), 2))
    assert tokens.max() == vocab_size - 1
    assert tokens.min() > vocab_size - 300
    ring = np.tile(stream.window(0, stream.n_tokens), 2)
    for row, start in zip(tokens, order.locate(0, 18).start.tolist(), strict=True):
        assert np.array_equal(row, ring[start : start + 30])


def test_windows_over_every_border_of_an_epoch(small_shards):
    """In one epoch of each source every batch and shard border inside the windows is crossed, and every token right."""
    order = order_of(64)
    tokens, targets, source, numbers = rows_of(steps(Loader(small_shards.open(), order, lambda _: 62), 4))
    located = order.locate(0, 248)
    for position, name in enumerate(order.names):
        stream, seen = small_shards.tokens[name, "train"], small_shards.open().stream(name)
        mine = np.flatnonzero((source == position) & (located.epoch == 0))
        assert len(mine) == order.n_windows(name)
        places = (located.start[mine][:, None] + np.arange(65)) % len(stream)
        assert np.array_equal(tokens[mine], stream[places[:, :-1]])
        counts = np.arange(64) < located.counted[mine][:, None]
        assert np.array_equal(targets[mine], np.where(counts, stream[places[:, 1:]], IGNORED))
        assert np.array_equal(np.sort(places[:, 1:][counts]), np.arange(len(stream)))
        assert len(seen.first_token) > 15
    assert numbers == list(range(248))


@pytest.mark.parametrize("world", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("micro_rows", [None, 1, 5])
def test_any_number_of_processes_reads_the_same_stream(small_shards, world, micro_rows):
    """The parts of the ranks, step by step, end to end, are the batch of one process; sizes of steps may change."""
    shards, order = small_shards.open(), order_of(32)

    def sizes(samples):
        return 8 if samples < 24 else 24

    one = steps(Loader(shards, order, sizes), 6)
    parts = [
        steps(Loader(shards, order, sizes, rank=rank, world=world, micro_rows=micro_rows), 6) for rank in range(world)
    ]
    for number, whole in enumerate(one):
        expected = rows_of([whole])
        together = rows_of([part[number] for part in parts])
        assert all(np.array_equal(mine, theirs) for mine, theirs in zip(together, expected, strict=True))
        for part in parts:
            counts = [len(batch.tokens) for batch in part[number]]
            assert not counts or max(counts) <= (micro_rows or 24)


@pytest.mark.parametrize("step", range(6))
def test_a_run_goes_on_from_one_number(small_shards, step):
    """`samples_seen` after any step is all that a resumed run needs, on other processes and micro-batches too."""
    shards, order = small_shards.open(), order_of(32)

    def sizes(samples):
        return 4 + samples % 5

    loader = Loader(shards, order, sizes)
    whole = []
    with loader:
        for _ in range(8):
            if len(whole) == step:
                seen = loader.samples_seen
            whole.append(next(loader))
    again = steps(Loader(shards, order, sizes, first=seen), 8 - step)
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(rows_of(again), rows_of(whole[step:]), strict=True))
    parts = [steps(Loader(shards, order, sizes, first=seen, rank=rank, world=2, micro_rows=2), 1) for rank in (0, 1)]
    assert np.array_equal(rows_of([parts[0][0], parts[1][0]])[0], rows_of(whole[step : step + 1])[0])


def test_a_change_of_weights_holds_from_its_sample(small_shards):
    order = order_of(32).with_weights(40, Mixture((Source("books", 1),)))
    _, _, source, _ = rows_of(steps(Loader(small_shards.open(), order, lambda _: 10), 6))
    assert source[:40].tolist() == order_of(32).locate(0, 40).source.tolist()
    assert set(source[40:].tolist()) == {1}


def test_a_batch_that_is_kept_is_not_overwritten(small_shards):
    """The ring is used again, the tensors that were handed out are not."""
    with Loader(small_shards.open(), order_of(32), lambda _: 4, ring=1) as loader:
        first = next(loader)[0]
        before = first.tokens.clone()
        for _ in range(10):
            next(loader)
        assert torch.equal(first.tokens, before)


def test_larger_steps_make_the_ring_grow_and_smaller_ones_are_right(small_shards):
    sizes = {0: 2, 2: 50, 52: 3}
    found = steps(Loader(small_shards.open(), order_of(16), lambda samples: sizes.get(samples, 9), ring=2), 6)
    assert [len(step[0].tokens) for step in found] == [2, 50, 3, 9, 9, 9]
    whole = steps(Loader(small_shards.open(), order_of(16), lambda _: 82), 1)
    assert np.array_equal(rows_of(found)[0], rows_of(whole)[0])


def test_documents_of_a_row_are_told_apart(small_shards):
    """Against the documents that the offsets of the shards name."""
    order, shards = order_of(199), small_shards.open()
    batch = steps(Loader(shards, order, lambda _: 64, documents=True), 1)[0][0]
    assert batch.documents is not None
    assert batch.documents.dtype == torch.int32
    for row, (position, start) in enumerate(zip(batch.source.tolist(), order.locate(0, 64).start, strict=True)):
        lengths = small_shards.lengths[order.names[position], "train"]
        twice = [*lengths, *lengths]
        document = np.repeat(np.arange(len(twice)), twice)[start : start + 199]
        assert np.array_equal(batch.documents[row].numpy(), document - document[0])


def test_rows_of_a_plan_hold_its_pieces(small_shards):
    """One epoch of each source: every target is the token after its own, of the same document; the rest is ignored."""
    shards = small_shards.open()
    plan = plan_packing(shards, 64)
    order = order_of(64, plan.planned)
    rows = max(4 * plan.sources["books"].n_rows, 2 * plan.sources["webtext"].n_rows)
    batch = steps(Loader(shards, order, lambda _: rows, plan=plan, documents=True), 1)[0][0]
    located = order.locate(0, rows)
    assert batch.documents is not None
    for row in range(rows):
        name = order.names[located.source[row]]
        source, number = plan.sources[name], located.start[row]
        stream, starts = small_shards.tokens[name, "train"], np.cumsum([0, *small_shards.lengths[name, "train"]])
        tokens, targets, documents = [], [], []
        for piece, (document, start, length) in enumerate(source.pieces[source.rows[number] : source.rows[number + 1]]):
            text = stream[starts[document] + start : starts[document] + start + length].tolist()
            tokens, targets = tokens + text, [*targets, *text[1:], IGNORED]
            documents += [piece] * length
        empty = 65 - len(tokens)
        assert batch.tokens[row].tolist() == (tokens + [999] * empty)[:64]
        assert batch.targets[row].tolist() == (targets + [IGNORED] * empty)[:64]
        assert batch.documents[row].tolist() == (documents + [65] * empty)[:64]
    assert batch.documents.dtype == torch.int32
    assert batch.documents.is_contiguous()
    for position, name in enumerate(order.names):
        first = located.start[(located.source == position) & (located.epoch == 0)]
        assert sorted(first.tolist()) == list(range(plan.sources[name].n_rows))


def test_a_flipped_bit_is_found_before_the_first_batch(tmp_path, small_shards):
    """One bit of a token in the middle of the last shard: no loader can be made over it."""
    folder = tmp_path / "shards"
    shutil.copytree(small_shards.folder, folder)
    shard = small_shards.manifest.sources[-1].shards[-1]
    batch = shard.batches[len(shard.batches) // 2]
    path = folder / shard.path
    data = bytearray(path.read_bytes())
    data[batch.values_offset + batch.n_tokens] ^= 1
    path.write_bytes(data)
    with pytest.raises(ShardError, match=f"{shard.path}: its bytes are not those of the manifest"):
        Loader(open_shards(folder), order_of(32), lambda _: 4)


def test_an_error_of_the_thread_reaches_the_caller(small_shards):
    def sizes(samples):
        if samples >= 8:
            raise RuntimeError("no more than eight")
        return 4

    with Loader(small_shards.open(), order_of(32), sizes) as loader:
        assert len(next(loader)[0].tokens) == len(next(loader)[0].tokens) == 4
        for _ in range(2):
            with pytest.raises(RuntimeError, match="no more than eight"):
                next(loader)
    with Loader(small_shards.open(), order_of(32), lambda _: 0) as loader:
        with pytest.raises(OrderError, match=r"batch_rows\(0\) is 0"):
            next(loader)


def test_closing_ends_the_thread_and_the_iteration(small_shards):
    loader = Loader(small_shards.open(), order_of(32), lambda _: 4)
    next(loader)
    loader.close()
    loader.close()
    assert list(loader) == []
    assert loader.samples_seen == 4
    assert not [thread for thread in threading.enumerate() if thread.name == "loader"]


def test_a_loader_that_is_forgotten_does_not_keep_the_process(small_shards):
    code = (
        "import sys; from pathlib import Path; from corpus.mixture import Mixture, Source\n"
        "from corpus.shards.read import open_shards; from trainer.data.loader import Loader\n"
        "from trainer.data.order import SampleOrder\n"
        "for name in ('pyarrow', 'blake3', 'xxhash', 'safetensors'): assert name not in sys.modules, name\n"
        "order = SampleOrder(Mixture((Source('books', 1),)), {'books': 3848}, 64, 5)\n"
        "print(next(Loader(open_shards(Path(sys.argv[1])), order, lambda _: 2))[0].tokens.shape)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(small_shards.folder)], capture_output=True, text=True)
    assert ran.stdout == "torch.Size([2, 64])\n", ran.stderr


def test_no_more_steps_are_prepared_than_the_ring_has_room_for(small_shards):
    asked = []

    def sizes(samples):
        asked.append(samples)
        return 4

    with Loader(small_shards.open(), order_of(32), sizes, ring=2) as loader:
        next(loader)
        deadline = time.monotonic() + 10
        while len(asked) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        assert asked == [0, 4, 8]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rank": 2, "world": 2}, "rank 2 of 2"),
        ({"ring": 0}, "ring 0"),
        ({"first": -1}, "first -1"),
        ({"micro_rows": 0}, "micro_rows is 0"),
        ({"order": replace(order_of(32), n_tokens={"webtext": 7826, "books": 3847})}, "books: the order is over 3847"),
        ({"split": "validation"}, "has 1788"),
    ],
)
def test_a_loader_that_cannot_be_is_refused(small_shards, change, says):
    options = {"order": order_of(32), "batch_rows": lambda _: 4} | change
    with pytest.raises(OrderError, match=says):
        Loader(small_shards.open(), **options)


def test_a_plan_and_an_order_that_do_not_belong_together_are_refused(small_shards):
    shards = small_shards.open()
    plan, other = plan_packing(shards, 32), plan_packing(shards, 64)
    for order, given in [(order_of(32), plan), (order_of(32, plan.planned), None), (order_of(32, plan.planned), other)]:
        with pytest.raises(OrderError, match="different packing plans"):
            Loader(shards, order, lambda _: 4, plan=given)
    with pytest.raises(OrderError, match="the plan is for 32 tokens of train"):
        Loader(shards, order_of(64, plan.planned), lambda _: 4, plan=plan)


@pytest.mark.parametrize(("most", "rows"), [(10**9, 27), (640, 10), (700, 10), (1, 1), (1727, 26), (1728, 27)])
def test_validation_rows_score_every_token_once(small_shards, most, rows):
    tokens = small_shards.tokens["webtext", "validation"]
    assert len(tokens) == 1788
    found = validation_rows(small_shards.open(), "webtext", "validation", 64, most)
    assert found.dtype == np.int64
    assert found.shape == (rows, 65)
    assert np.array_equal(found[:, :-1].ravel(), tokens[: 64 * rows])
    assert np.array_equal(found[:, 1:].ravel(), tokens[1 : 64 * rows + 1])


def test_a_split_too_short_for_a_row_has_none(small_shards):
    assert validation_rows(small_shards.open(), "books", "validation", 875, 10**6).shape == (0, 876)
    assert validation_rows(small_shards.open(), "books", "validation", 874, 10**6).shape == (1, 875)


def test_memory_is_pinned_only_for_a_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pins_memory("cuda")
    assert not pins_memory("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert not pins_memory("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a card: copies out of page-locked memory")
def test_a_card_gets_the_same_batches(small_shards):
    shards, order = small_shards.open(), order_of(64)
    host = steps(Loader(shards, order, lambda _: 32, documents=True), 12)
    card = steps(Loader(shards, order, lambda _: 32, documents=True, device="cuda", ring=2), 12)
    for mine, theirs in zip(card, host, strict=True):
        assert mine[0].tokens.is_cuda
        assert torch.equal(mine[0].tokens.cpu(), theirs[0].tokens)
        assert torch.equal(mine[0].targets.cpu(), theirs[0].targets)
        assert mine[0].documents is not None
        assert torch.equal(mine[0].documents.cpu(), theirs[0].documents)
