"""The short form of `python -m benchmarks.refresh_faults`: one kill and one pair of the first refresh."""

import pytest

pytest.importorskip("apache_beam")

from forked import run_module


def test_a_killed_refresh_and_two_at_once_end_in_the_clean_release():
    ran = run_module("benchmarks.refresh_faults", ["--steps", "1", "--trials", "1", "--pairs", "1"])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 trials, 1 of them kills, and 1 pairs: 0 not right" in ran.stdout
    assert "0 not whole" in ran.stdout
