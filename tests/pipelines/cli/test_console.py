"""`corpusloom VERB` is `python -m MODULE`: the same help, the same exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.console import VERBS, main

ROOT = Path(__file__).parents[3]
CONSOLE = [sys.executable, "-c", "import sys; from pipelines.cli.console import main; sys.exit(main())"]


def run(*words):
    return subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)


@pytest.mark.parametrize("verb", ["build-webtext", "shards", "refresh", "classifier-train"])
def test_a_verb_has_the_help_of_its_module(verb):
    module, _ = VERBS[verb]
    ours, theirs = run(*CONSOLE, verb, "--help"), run(sys.executable, "-m", module, "--help")
    assert ours.returncode == theirs.returncode == 0, ours.stderr
    assert ours.stdout == theirs.stdout


def test_the_exit_code_is_that_of_the_command():
    ran = run(*CONSOLE, "build-webtext", "--pages", "x")
    assert ran.returncode == 2 and "--submissions" in ran.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_names_a_module(verb):
    path = ROOT / VERBS[verb][0].replace(".", "/")
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def test_a_mistyped_verb_names_the_nearest(capsys):
    assert main(["build-webtxt"]) == 2
    assert "build-webtext" in capsys.readouterr().err


def test_without_a_verb_the_verbs_are_listed(capsys):
    assert main([]) == 2 and main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(verb in listed for verb in VERBS)
