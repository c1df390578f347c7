"""A recipe from a file of the user's own: it travels with its text, and what is wrong with it is one sentence."""

import os
import pickle
import subprocess
import sys

import pytest

from corpus.document import Document, Rejected, run_steps
from corpus.errors import CorpusloomError
from corpus.files.identity import identity_of
from corpus.files.provenance import ROOT, closure_of
from corpus.recipes.load import load_recipe
from corpus.recipes.recipe import Choices

OWN = '''
from dataclasses import dataclass
from functools import partial

from corpus.recipes.recipe import Recipe
from corpus.rules.prose import fix


@dataclass(frozen=True)
class Limits:
    least: int = 3


def long_enough(document, limits):
    """At least so many words."""
    count = len(document.text.split())
    return document if count >= limits.least else document.reject("own.too_short", count)


def make(choices):
    return Recipe("own", "us", text_steps=(fix, partial(long_enough, limits=Limits())))
'''


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def test_its_steps_decide(own):
    recipe = load_recipe(f"{own}:make", "pages", Choices())
    rejected = run_steps(Document("1", "u", "too short"), recipe.text_steps)
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.value) == ("own.too_short", 2)
    assert isinstance(run_steps(Document("1", "u", "long enough now"), recipe.text_steps), Document)


def test_the_text_is_in_the_manifest_and_in_the_identity(own):
    one = load_recipe(f"{own}:make", "pages", Choices())
    assert one.describe()["source"] == OWN
    assert one.describe()["text_steps"][1]["limits"] == {"least": 3}
    assert str(own.parent) not in str(one.describe())
    own.write_text(OWN.replace("least: int = 3", "least: int = 4"))
    two = load_recipe(f"{own}:make", "pages", Choices())
    assert identity_of(one.text_steps[0]) == identity_of(two.text_steps[0])
    assert identity_of(one.text_steps[1]) != identity_of(two.text_steps[1])
    files = dict(closure_of(one.text_steps).files)
    assert "corpus/rules/prose.py" in files
    assert any(name.startswith("recipe_") for name in files)


def test_a_process_that_has_no_such_file_runs_its_steps(own, tmp_path):
    recipe = load_recipe(f"{own}:make", "pages", Choices())
    (tmp_path / "pickled").write_bytes(pickle.dumps((recipe.text_steps, closure_of(recipe.text_steps).digest)))
    own.unlink()
    code = (
        "import pickle, sys; from pathlib import Path; from corpus.document import Document, run_steps\n"
        "from corpus.files.provenance import closure_of\n"
        "steps, digest = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
        "print(run_steps(Document('1', 'u', 'a b'), steps).reason, closure_of(steps).digest == digest)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "pickled")]
    ran = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert ran.stdout.split() == ["own.too_short", "True"], ran.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("finewep", "did you mean fineweb"),
        ("nothing-like-it", "give one of gpt2-webtext"),
        ("gpt3-books", "it is one for books"),
        ("{own}", "which recipe of the file"),
        ("{own}:", "it has long_enough, make"),
        ("{own}:other", "the file has no 'other'; it has long_enough, make"),
        ("{own}:long_enough", "a recipe is made of a Choices"),
        ("{own}:Limits", "it is a Limits, and no Recipe"),
        ("{folder}/none.py:make", "No such file"),
    ],
)
def test_what_is_wrong_is_one_sentence(own, name, says):
    with pytest.raises(CorpusloomError, match=r"^--recipe ") as raised:
        load_recipe(name.format(own=own, folder=own.parent), "pages", Choices())
    assert says in str(raised.value)
    assert raised.value.code == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def make(choices:\n", "SyntaxError in line 1"),
        ("import nothing_like_it\n", "No module named 'nothing_like_it'"),
        ("\n\nmake = 1 / 0\n", "ZeroDivisionError in line 3"),
        (OWN.replace("(fix, partial", "(lambda document: document, partial"), "define it with `def`"),
        (OWN.replace("text_steps", "extraction"), "pages have none"),
        ("make = 5\n", "it is a int"),
    ],
)
def test_a_file_that_does_not_run_says_where(own, text, says):
    own.write_text(text)
    with pytest.raises(CorpusloomError) as raised:
        load_recipe(f"{own}:make", "pages", Choices())
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_datatrove_block_is_a_step_of_such_a_file(own):
    pytest.importorskip("datatrove")
    own.write_text(
        "from functools import partial\n"
        "from datatrove.pipeline.filters import RegexFilter\n"
        "from corpus.recipes.recipe import Recipe\n"
        "from corpus.rules import datatrove\n"
        "def make(choices):\n"
        "    return Recipe('own', 'us', text_steps=(datatrove.step(partial(RegexFilter, 'reserved')),))\n"
    )
    recipe = pickle.loads(pickle.dumps(load_recipe(f"{own}:make", "pages", Choices())))
    assert run_steps(Document("1", "u", "all rights reserved"), recipe.text_steps).step == "datatrove_regex"
    assert "RegexFilter" in str(recipe.describe())
