"""Clusters in rounds of stars are the same on another engine: what a round has to do follows from the one before it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.engines.loopback import in_process
from benchmarks.engines.trial import differences, digests
from pipelines.engines.boot import ROOT

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
HERE = Path(__file__).parent


def build(engine, output):
    around = {**engine.environment, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
    command = [sys.executable, str(HERE / "rounds_build.py"), str(output), *engine.flags]
    ran = subprocess.run(command, env=around, capture_output=True, text=True, errors="replace")
    assert ran.returncode == 0, ran.stderr
    return digests(output)


@pytest.mark.short
@pytest.mark.parametrize("engine", ["spark-local"], indirect=True)
def test_rounds_of_stars_write_the_same_bytes(engine, tmp_path):
    with in_process(1) as home:
        expected = build(home, tmp_path / "here")
    groups = [name for name in expected if name.startswith(".stages/large_stars_2/edges/")]
    assert len(groups) > 1, "the graph needs a second round, in several groups"
    assert differences(build(engine, tmp_path / "there"), expected) == []
