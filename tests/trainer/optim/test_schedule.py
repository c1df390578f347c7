"""Schedules and batch ramps: exact at chosen counts, and functions of nothing else."""

import math

import pytest

from trainer.optim.schedule import BatchRamp, Schedule, ScheduleError

GPT3 = {"warmup_tokens": 375_000_000, "decay_tokens": 260_000_000_000}


@pytest.mark.parametrize(
    ("schedule", "table"),
    [
        (
            Schedule("cosine", **GPT3),
            {
                0: 0.0,
                187_500_000: 0.5,
                375_000_000: 1.0,
                (375_000_000 + 260_000_000_000) // 2: 0.55,
                260_000_000_000: 0.1,
                300_000_000_000: 0.1,
            },
        ),
        (Schedule("linear", 100, 1100, 0.2), {0: 0.0, 50: 0.5, 100: 1.0, 350: 0.8, 600: 0.6, 1100: 0.2, 9999: 0.2}),
        (Schedule("constant", 10), {0: 0.0, 5: 0.5, 10: 1.0, 10**12: 1.0}),
        (Schedule("constant"), {0: 1.0, 1: 1.0}),
        (
            Schedule("warmup-stable-decay", 100, 1000, 0.0, cooldown=0.4),
            {0: 0.0, 25: 0.25, 100: 1.0, 600: 1.0, 800: 0.5, 900: 0.25, 1000: 0.0, 2000: 0.0},
        ),
        (Schedule("cosine", 0, 8, 0.0), {0: 1.0, 2: (1 + math.sqrt(0.5)) / 2, 4: 0.5, 8: 0.0}),
    ],
)
def test_the_share_of_the_rate_is_exact_at_these_token_counts(schedule, table):
    assert {tokens: schedule.lr_scale(tokens) for tokens in table} == pytest.approx(table, abs=1e-12)


def test_linear_of_gpt1_is_its_code_to_the_bit():
    schedule = Schedule("gpt1-linear", 20, 1000, 0.0)
    for tokens in range(1000):
        x, w = tokens / 1000, 20 / 1000
        assert schedule.lr_scale(tokens) == pytest.approx((x / w if x < w else 1) * (1 - x), abs=1e-15)
    assert schedule.lr_scale(0) == 0.0


@pytest.mark.parametrize("kind", ["cosine", "linear", "warmup-stable-decay"])
def test_the_share_never_rises_after_the_warm_up_nor_leaves_its_bounds(kind):
    schedule = Schedule(kind, 37, 1009, 0.1)
    shares = [schedule.lr_scale(tokens) for tokens in range(37, 1200)]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1.0, pytest.approx(0.1))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"kind": "triangle"}, "triangle"),
        ({"warmup_tokens": -1, "decay_tokens": 5}, "-1"),
        ({"warmup_tokens": 10, "decay_tokens": 10}, "after the warm-up"),
        ({"decay_tokens": 10, "final_share": 1.5}, "1.5"),
        ({"decay_tokens": 10, "cooldown": 0.0}, "cooldown"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_by_value(wrong, word):
    with pytest.raises(ScheduleError, match=word):
        Schedule(**wrong)


def test_the_batch_ramp_is_exact_at_these_sample_counts():
    ramp = BatchRamp(32_768, 524_288, 4_096_000_000, 2048)
    assert [rows for _, rows in ramp.stages] == [16, 96, 176, 256]
    # The line is at 56, 136 and 216 rows, half-way between two sizes, after a sixth, a half and five sixths.
    begins = [0, 333_334, 1_000_000, 1_666_667]
    assert [begin for begin, _ in ramp.stages] == begins
    for (begin, rows), before in zip(ramp.stages[1:], (16, 96, 176), strict=True):
        assert (ramp.rows_at(begin - 1), ramp.rows_at(begin)) == (before, rows)
    assert ramp.rows_at(10**9) == 256


@pytest.mark.parametrize(("first", "last"), [(16, 256), (16, 1600), (8, 24), (5, 7), (1, 2), (9, 9)])
def test_the_stair_follows_the_line_and_has_four_sizes_at_most(first, last):
    ramp = BatchRamp(first * 64, last * 64, 64 * 60_000, 64)
    rows = [ramp.rows_at(samples) for samples in range(0, 60_000, 7)]
    line = [first + (last - first) * samples / 60_000 for samples in range(0, 60_000, 7)]
    assert len(ramp.stages) <= 4 and rows[0] == first and rows[-1] == last and rows == sorted(rows)
    steepest = max(rows_ - before for before, rows_ in zip([first, *rows], rows, strict=False))
    assert max(abs(one - other) for one, other in zip(rows, line, strict=True)) <= steepest / 2 + 0.01


def test_a_ramp_with_multiples_keeps_to_whole_micro_batches_and_reaches_the_whole_batch():
    ramp = BatchRamp(8 * 64, 64 * 64, 100_000, 64, multiple=8)
    rows, samples = [], 0
    while samples * 64 < 120_000:
        rows.append(ramp.rows_at(samples))
        samples += rows[-1]
    assert rows[0] == 8 and rows[-1] == 64 and rows == sorted(rows)
    assert set(rows) == {8, 24, 40, 64}


def test_a_constant_batch_is_a_ramp_that_does_not_rise():
    assert {BatchRamp(1000, 1000, 0, 10).rows_at(samples) for samples in (0, 1, 10**9)} == {100}


@pytest.mark.parametrize(
    ("first", "last", "over", "multiple"), [(63, 640, 1000, 1), (640, 64, 1000, 1), (64, 640, -1, 1), (64, 640, 9, 2)]
)
def test_a_ramp_that_cannot_be_is_refused(first, last, over, multiple):
    with pytest.raises(ScheduleError):
        BatchRamp(first, last, over, 64, multiple)
