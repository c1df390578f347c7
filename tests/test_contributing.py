"""The diffs of CONTRIBUTING.md apply to this commit, and what they add runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.sample.prose import english_article

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DIFFS = dict(re.findall(r"^## An? (\w+)\n.*?^```diff\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
CHECKS = {
    "rule": """
from corpus.document import Document, Rejected, run_steps
from corpus.recipes.load import load_recipe
from corpus.recipes.recipe import Choices
from corpus.rules.language_model import find_model
steps = load_recipe("gpt3-commoncrawl", "pages", Choices(language_model=str(find_model()))).text_steps
loud = run_steps(Document("1", "u", "BUY NOW, BEFORE THE PRICE OF EVERY KETTLE IN THE TOWN GOES UP AGAIN. " * 3), steps)
assert isinstance(loud, Rejected) and loud.reason == "shouting.capitals", loud
calm = run_steps(Document("1", "u", "A calm line about the price of kettles in the town."), steps)
assert not isinstance(calm, Rejected), calm
""",
    "source": """
import json, sys
from pathlib import Path
from pipelines.build_letters import main
out = Path(sys.argv[1]) / "out"
assert main(["--letters", f"{sys.argv[1]}/list.mbox", "--output", str(out), "--direct_num_workers=1"]) == 0
manifest = json.loads((out / "_MANIFEST.json").read_bytes())
assert (manifest["source"], manifest["counts"]["corpus"]["kept"]) == ("letters", 2), manifest["counts"]
""",
    "recipe": """
from corpus.recipes.load import load_recipe
from corpus.recipes.recipe import Choices
recipe = load_recipe("tales", "pages", Choices())
assert [step["step"] for step in recipe.describe()["text_steps"]][1] == "corpus.recipes.tales.tells"
""",
    "engine": """
import sys
from pathlib import Path
from benchmarks.engines.loopback import ENGINES
from pipelines.build_books import main
book = f"{sys.argv[1]}/book.txt"
with ENGINES["portable"](Path(sys.argv[1])) as engine:
    assert main(["--books", book, "--output", f"{sys.argv[1]}/out", *engine.flags]) == 0
""",
}


@pytest.fixture
def copy(tmp_path) -> Path:
    """The packages as they are here, and the tests of engines."""
    ignore = shutil.ignore_patterns("__pycache__", "*.o")
    for name in ("corpus", "pipelines", "classifiers", "benchmarks", "tests/engines"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=ignore)
    letter = "From a@example.org Sat Jan  3 01:05:34 2015\nSubject: {}\n\n{}\n\n"
    articles = [english_article(number) for number in (1, 2)]
    letters = [letter.format(article.title, article.text.replace("\nFrom ", "\n>From ")) for article in articles]
    (tmp_path / "list.mbox").write_text("".join(letters), encoding="utf-8")
    (tmp_path / "book.txt").write_text(articles[0].text, encoding="utf-8")
    return tmp_path / "copy"


def test_all_four_are_shown():
    assert set(DIFFS) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_diff_applies_and_runs(copy, name):
    patch = ["git", "apply", "--unidiff-zero", "-p1", "-"]
    applied = subprocess.run(patch, cwd=copy, input=DIFFS[name], text=True, capture_output=True, check=False)
    assert applied.returncode == 0, f"the diff for a {name} does not apply any more:\n{applied.stderr}"
    around = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-c", CHECKS[name], str(copy.parent)]
    ran = subprocess.run(command, cwd=copy, env=around, text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout[-1500:] + ran.stderr[-1500:]


@pytest.mark.parametrize(
    ("name", "new", "registered"), [("rule", 1, 1), ("source", 3, 1), ("recipe", 1, 1), ("engine", 0, 2)]
)
def test_how_many_files_are_touched(name, new, registered):
    """A new thing is new files, and registrations of a line or so in others."""
    files = re.split(r"^diff --git ", DIFFS[name], flags=re.MULTILINE)[1:]
    made = [file for file in files if "--- /dev/null" in file]
    assert (len(made), len(files) - len(made)) == (new, registered)
