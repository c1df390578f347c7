"""The range test: a rate that rises by a ratio, and what is read from the losses."""

import math

import pytest
from small_runs import run

from trainer.optim.range_test import lr_scale, read
from trainer.optim.schedule import Schedule


def test_the_rate_rises_over_five_decades():
    assert [lr_scale(done) for done in (0, 0.2, 0.6, 1, 2)] == pytest.approx([1e-5, 1e-4, 1e-2, 1, 1])
    assert Schedule("range-test", 0, 1000).lr_scale(400) == pytest.approx(1e-3)


def test_the_fastest_fall_is_where_the_curve_is_steepest():
    """A loss that falls from 5 to 1 around a rate of .001 and rises from .1 on."""
    rates = [10 ** (-5 + number / 100) for number in range(600)]
    losses = [1 + 4 / (1 + (rate / 1e-3) ** 2) + (30 * (math.log10(rate) + 1) if rate > 0.1 else 0) for rate in rates]
    found = read(rates, losses)
    # The mean looks ten steps back, a tenth of a decade.
    assert found is not None and 1e-3 < found.fastest < 1.6e-3
    assert 0.09 < found.least < 0.14 and found.loss == pytest.approx(1, abs=0.05)
    assert read(rates[:19], losses[:19]) is None
    assert read(rates[:50], [1 + number for number in range(50)]) is None
    assert read(rates, [math.nan] * 600) is None


def test_a_run_says_what_its_range_test_found(markov_shards, tmp_path, capsys):
    rows = run(markov_shards.folder, tmp_path, "schedule=range-test", "rate=1", "steps=60", "validate_every=0")
    assert rows[0]["rate"] == pytest.approx(1e-5) and rows[-1]["rate"] == pytest.approx(10 ** (-5 / 60))
    said = capsys.readouterr().err.split("try rate=")[1].split()[0]
    assert 1e-4 < float(said) < 1
