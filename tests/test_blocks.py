"""Every block of README and docs.

What is marked `sh` runs as it stands, in order, in a folder that only `make demo` has filled. What is marked `console`
needs a network, a cluster, a card or files of the reader's: its flags are held against the help of the command.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")

from forked import run_module

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# What a block of the README may ask for that is no command of ours: these install and check, and have their own tests.
ELSEWHERE = re.compile(r"make (demo|check|test-fast)\b|\. \.venv/bin/activate$")
SHOWN = re.compile(r"python -m ((?:corpus|classifiers|pipelines|trainer)[\w.]*)(.*)")
PROGRAM = """
import contextlib, io, json, runpy, sys
HEAVY = {"apache_beam", "datasets", "fsspec", "jinja2", "pandas", "pyarrow", "torch", "transformers", "upath"}
found = {}
for module in sys.argv[1:]:
    said = io.StringIO()
    sys.argv = [module, "--help"]
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert not end.code, (module, end.code)
    found[module] = [said.getvalue(), sorted(HEAVY & sys.modules.keys())]
print(json.dumps(found))
"""


def blocks(path, kind):
    """The lines of every block of a kind, continuation lines joined and comments cut off."""
    text = "\n".join(re.findall(rf"^```{kind}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    lines = text.replace("\\\n", " ").splitlines()
    return [line.partition(" #")[0].strip() for line in lines if not line.startswith("#")]


def modules_shown():
    shown = "\n".join(line for page in PAGES for kind in ("sh", "console") for line in blocks(page, kind))
    return sorted({module for module, _ in SHOWN.findall(shown)})


@pytest.fixture(scope="module")
def helps():
    """Module → its help, and what of the heavy libraries was imported until it was written."""
    from pipelines.cli.console import VERBS

    modules = sorted({*modules_shown(), *(module for module, _ in VERBS.values())})
    ran = subprocess.run([sys.executable, "-c", PROGRAM, *modules], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_no_help_imports_a_heavy_library(helps):
    """So each answers in a fifth of a second; in one process, so that one that does is named with those after it."""
    assert {module: heavy for module, (_, heavy) in helps.items() if heavy} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_flag_shown_is_in_the_help(page, helps):
    for line in [*blocks(page, "sh"), *blocks(page, "console")]:
        shown = re.match(
            r"(?:\w+=\S+ |\w+=\$\()?.*?python -m ((?:corpus|classifiers|pipelines|trainer)[\w.]*)(.*)", line
        )
        if shown and shown[1] != "pipelines.refresh" and shown[1] != "pipelines.engines":
            ours = [flag for flag in re.findall(r"\s(--[a-z-]+)(?=[\s=]|$)", shown[2]) if "_" not in flag]
            known = helps[shown[1]][0]
            missing = [flag for flag in ours if flag not in known and f"{flag}=" not in shown[2]]
            assert not missing, f"{page.name}: `{line}`: {missing}"


def test_python_outside_the_environment_is_told_how_to_enter_it():
    """-S hides the libraries of this environment, as another Python does not have them."""
    command = ["pipelines.build_webtext", "--submissions", "x", "--pages", "y", "--output", "z"]
    ran = subprocess.run([sys.executable, "-S", "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert ". .venv/bin/activate" in ran.stderr and len(ran.stderr.splitlines()) == 1


@pytest.mark.timeout(900)
def test_the_blocks_of_the_readme_run_one_after_the_other(tmp_path):
    """As a reader gives them, from a folder with the demo's web; without PyTorch those of the trainer are left out."""
    around = {**os.environ, "PYTHONPATH": str(ROOT), "web": "data/demo/web"}
    assert run_module("corpus.sample", ["data/demo/web"], tmp_path, around).returncode == 0
    lines = [line for page in PAGES for line in blocks(page, "sh") if line]
    assert len([line for line in lines if line.startswith("python -m")]) > 12
    for line in lines:
        if ELSEWHERE.match(line) or re.fullmatch(r"\w+=\S+", line):
            continue
        words = [word.replace("$web", around["web"]) for word in shlex.split(line)]
        assert words[:2] == ["python", "-m"], f"a block marked sh has a line that no test runs: {line}"
        ran = run_module(words[2], words[3:], tmp_path, around)
        assert ran.returncode == 0, f"{line}\n{ran.stdout[-500:]}{ran.stderr[-1500:]}"
    assert (tmp_path / "data" / "run" / "metrics.jsonl").exists()
