"""Every command of the README, given badly: one sentence that says what to do, and the exit code for it."""

import os
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")

from forked import ROOT, run_module
from test_blocks import blocks

from corpus.errors import ExitCode

COMMANDS = [
    shlex.split(line.replace("$web", "web"))[2:]
    for line in blocks(ROOT / "README.md", "sh")
    if line.startswith("python -m")
]
COMMANDS = [pytest.param(command, id=f"{number}-{command[0]}") for number, command in enumerate(COMMANDS)]
READING = [command for command in COMMANDS if "corpus.sample" not in command.id]  # which writes and reads nothing
AROUND = {**os.environ, "PYTHONPATH": str(ROOT)}


def one_sentence(ran):
    """The sentence; with a cure after a semicolon."""
    assert ran.stdout == "" and "Traceback" not in ran.stderr, ran.stderr
    lines = ran.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), ran.stderr
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_flag_is_named(command, tmp_path):
    ran = run_module(command[0], [*command[1:], "--no-such-flag=1"], tmp_path, AROUND)
    said = one_sentence(ran)
    assert ran.returncode == ExitCode.FLAGS
    assert "--no-such-flag" in said and re.search("; see |--help", said), said
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("command", READING)
def test_a_missing_file_is_named_with_what_to_do(command, tmp_path):
    """In an empty folder every input is missing."""
    ran = run_module(command[0], command[1:], tmp_path, AROUND)
    said = one_sentence(ran)
    assert ran.returncode in (ExitCode.FLAGS, ExitCode.INPUT), said
    assert ";" in said, said
    named = [word.partition("=")[2] or word for word in command if "/" in word]
    assert any(Path(word.partition(":")[0]).name in said for word in named), said
