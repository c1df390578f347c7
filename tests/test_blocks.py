"""Every block of README and docs runs as it stands, in order.

Those of the README (`sh`) in a folder that only `make demo` has filled, those of a page of docs (`console`) in one with
files of the reader's and what the README has made. What needs a network, a cluster or a card is left out, by the list
in `docs_folder`; its flags are held against the help of the command like all others.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")

from docs_folder import LEFT_OUT, README_WEB, left_out, place
from forked import run_module

from pipelines.refresh.definition import read_definition

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
    lines = [line.partition(" #")[0].strip() for line in text.replace("\\\n", " ").splitlines() if line[:1] != "#"]
    found = []
    while lines:
        line = lines.pop(0)
        while line.count("'") % 2:  # quoted over several lines
            line += " " + lines.pop(0)
        found.append(line)
    return found


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


@pytest.fixture(scope="module")
def readme(tmp_path_factory):
    """A folder in which every block of the README has run, one after the other, from the web that the demo writes."""
    folder = tmp_path_factory.mktemp("readme")
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert run_module("corpus.sample", [README_WEB], folder, around).returncode == 0
    for line in blocks(ROOT / "README.md", "sh"):
        if line and not ELSEWHERE.match(line) and line != f"web={README_WEB}":
            give(line.replace("$web", README_WEB), folder)
    return folder


def give(line, folder):
    """Run a line of a block as a reader gives it, but for what needs PyTorch where there is none."""
    words, _, said = line.partition(" > ")
    words = shlex.split(words)
    assert words[:2] == ["python", "-m"], f"a line that no test runs and no list leaves out: {line}"
    if words[2].startswith("trainer") and not find_spec("torch"):
        return
    around = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(folder / "hugging_face"), "HF_HUB_OFFLINE": "1"}
    ran = run_module(words[2], words[3:], folder, around)
    assert ran.returncode == 0, f"{line}\n{ran.stdout[-500:]}{ran.stderr[-1500:]}"
    if said:
        (folder / said.strip()).write_text(ran.stdout)


@pytest.mark.timeout(900)
def test_the_blocks_of_the_readme_run_one_after_the_other(readme):
    assert len([line for line in blocks(ROOT / "README.md", "sh") if line.startswith("python -m")]) > 12
    assert not find_spec("torch") or (readme / "data" / "run" / "metrics.jsonl").exists()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [page for page in PAGES[1:] if blocks(page, "console")], ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_one_after_the_other(page, readme, tmp_path):
    place(page.name, readme, tmp_path)
    for line in blocks(page, "console"):
        if line and not left_out(line):
            give(line, tmp_path)
    for number, program in enumerate(programs(page)):
        (tmp_path / f"block_{number}.py").write_text(program)
        give(f"python -m block_{number}", tmp_path)


def programs(page):
    """The blocks of a page that are Python."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_no_reason_to_leave_a_line_out_has_gone():
    lines = [line for page in PAGES for line in blocks(page, "console")]
    assert [pattern for pattern in LEFT_OUT if not any(re.search(pattern, line) for line in lines)] == []


def test_the_definition_shown_is_one(tmp_path):
    (shown,) = re.findall(r"^```toml\n(.*?)^```", (ROOT / "docs" / "refresh.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "corpus.toml").write_text(shown)
    assert read_definition(tmp_path / "corpus.toml").weights == {"webtext": 1}
