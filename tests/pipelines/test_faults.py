"""The short form of `python -m benchmarks.faults`: a few trials of each kind, by their seeds."""

import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import run


@pytest.mark.parametrize("kind", ["calls", "flips", "inputs", "kills"])
def test_no_fault_publishes_anything_wrong(kind):
    ran = run([sys.executable, "-m", "benchmarks.faults", "--trials", "2", "--kinds", kind])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 trials not right" in ran.stdout
    assert f"{kind}: 2 trials" in ran.stdout
