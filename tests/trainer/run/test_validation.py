"""Bits per byte: by hand where a hand suffices, and the unigram model beside."""

import math

import numpy as np
import pytest
import torch
from small_runs import session

from corpus.shards.layout import VALIDATION
from trainer.run.distributed import World
from trainer.run.validation import (
    bits_per_byte,
    held_out,
    mix,
    part_of,
    token_frequencies,
    unigram_baselines,
    validate,
)


def uniform(vocabulary):
    """A model that knows nothing: log V nats for every token."""
    return lambda tokens, targets: torch.full(targets.shape, math.log(vocabulary))


def test_a_model_that_knows_nothing_needs_log2_v_bits_a_token(small_shards):
    shards = small_shards.open()
    held = held_out(shards, 16, 10**6)
    found = validate(uniform(1000), held, 4, World())
    assert [each.source for each in held] == ["books", "webtext"]
    for each in held:
        entry = next(s for s in shards.manifest.sources if (s.name, s.split) == (each.source, VALIDATION))
        assert found[each.source] == pytest.approx(math.log2(1000) * entry.n_tokens / entry.n_bytes, rel=1e-6)


def test_every_token_but_the_first_is_predicted_once(small_shards):
    held = {each.source: each for each in held_out(small_shards.open(), 16, 10**6)}
    for source, each in held.items():
        stream = small_shards.tokens[(source, VALIDATION)]
        n_rows = (len(stream) - 1) // 16
        assert np.array_equal(each.rows[:, 1:].ravel(), stream[1 : 1 + 16 * n_rows])
        assert np.array_equal(each.rows[:, :-1].ravel(), stream[: 16 * n_rows])
    some = held_out(small_shards.open(), 16, 64)
    assert [each.rows.shape for each in some] == [(4, 17), (4, 17)]


def test_the_rows_of_a_batch_do_not_matter(small_shards, tmp_path):
    opened = session(small_shards.folder, tmp_path, "steps=1")
    opened.model.eval()
    with torch.no_grad():
        found = [validate(opened.model.token_losses, opened.held, rows, World()) for rows in (1, 3, 100)]
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_processes_share_the_rows_and_call_equally_often(size):
    rows, calls = np.arange(7 * 5).reshape(7, 5) % 11, [0] * size
    sums = torch.zeros(2)
    for rank in range(size):

        def losses(tokens, targets, rank=rank):
            calls[rank] += 1
            return targets.float()

        sums = sums + part_of(losses, rows, 2, World(rank, size))
    assert sums.tolist() == [rows[:, 1:].sum(), rows[:, 1:].size]
    assert len(set(calls)) == 1


def test_a_source_too_short_for_a_row_is_left_out(small_shards):
    assert [each.source for each in held_out(small_shards.open(), 900, 10**6)] == ["webtext"]
    assert held_out(small_shards.open(), 100_000, 10**6) == []


def test_the_unigram_model_reaches_the_entropy_of_the_frequencies(markov_shards):
    shards = markov_shards.open()
    held = held_out(shards, 64, 10**6)
    found = unigram_baselines(shards, held, {"markov": 1.0})["markov"]
    per_token = markov_shards.unigram_entropy / math.log(2)
    assert found == pytest.approx(per_token * held[0].tokens_per_byte, rel=0.01)


def test_frequencies_are_the_mixture_s_and_no_token_is_impossible(small_shards):
    shards = small_shards.open()
    known = np.exp(token_frequencies(shards, {"webtext": 0.75, "books": 0.25}))
    assert known.sum() == pytest.approx(1.0)
    assert known.min() > 0
    share = sum(
        weight * np.mean(small_shards.tokens[(name, "train")] == 999)
        for name, weight in (("webtext", 0.75), ("books", 0.25))
    )
    total = sum(len(small_shards.tokens[(name, "train")]) for name in ("webtext", "books"))
    assert known[999] == pytest.approx((share * total + 1) / (total + 1000))


def test_one_number_of_all_is_the_mean_by_shares():
    assert mix({"web": 1.0, "books": 3.0}, {"web": 0.75, "books": 0.25}) == 1.5
    assert mix({"web": 1.0}, {"web": 0.75, "books": 0.25}) == 1.0
    assert mix({"old": 1.0, "gone": 2.0}, {"web": 1.0}) == 1.5
    assert bits_per_byte(math.log(2), 0.25) == 0.25
