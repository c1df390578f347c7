"""The short form of `python -m benchmarks.faults`: a trial of each kind, by its seed; twenty where slow tests run."""

import subprocess
import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import ROOT

KINDS = ("calls", "flips", "inputs", "kills")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("trials", [1, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(0)])])
def test_no_fault_publishes_anything_wrong(trials):
    """All kinds in one process: what takes long is the undisturbed build of each command, which they share."""
    flags = ["--trials", str(trials), "--kinds", ",".join(KINDS)]
    command = [
        sys.executable,
        "-m",
        "benchmarks.faults",
        *flags,
    ]  # it forks a child for each trial, so it is none itself
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 trials not right" in ran.stdout
    assert all(f"{kind}: {trials} trials" in ran.stdout for kind in KINDS)
