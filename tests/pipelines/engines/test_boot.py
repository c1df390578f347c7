"""The program that a cluster starts: this interpreter, this code, wherever it is called from."""

import subprocess

import pytest

pytest.importorskip("apache_beam")

from pipelines.engines.boot import launcher


def test_the_launcher_runs_from_anywhere_and_wants_what_the_engine_gives(tmp_path):
    path = launcher(tmp_path / "deep" / "boot")
    ran = subprocess.run([path, "--help"], cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "--provision_endpoint" in ran.stdout
    assert launcher(path) == path
