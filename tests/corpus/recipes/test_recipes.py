"""A recipe is a tuple of steps that pickles, that a manifest can describe, and whose identity its lists belong to."""

import importlib
import json
import pickle
from functools import partial

import pytest

from corpus.document import Document, Page, Rejected, run_steps
from corpus.recipes import RECIPES, c4, fineweb, gpt2_webtext, names_for, unfiltered
from corpus.recipes.recipe import Choices
from corpus.rules.language_model import find_model
from corpus.sample.prose import english_article

FINEWEB = [
    "language.only",
    "gopher.repetition",
    "gopher.quality",
    "c4.lines",
    "c4.page",
    "fineweb.quality",
    "personal_data.mask",
]
MADE = {name: importlib.import_module(f"corpus.recipes.{module}").make for name, (module, _) in RECIPES.items()}


def page(url, **fields):
    return Page(url, "2016-01-01T00:00:00Z", 200, "text/html", b"", "a.warc", 0, **fields)


def steps_of(recipe):
    """The names of the steps on the text, as `module.function`."""
    return [".".join(step["step"].split(".")[-2:]) for step in recipe.describe()["text_steps"]]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (page("https://a.example/x"), None),
        (page("https://github.com/a/b"), None),
        (page("https://www.google.com/"), None),
        (page("hard::a.example.html"), "url.not_http"),
        (page("ftp://a.example/x.txt"), "url.not_http"),
        (page("http://"), "url.malformed"),
        (page("https://imgur.com/x"), "url.blocked"),
        (page("https://en.wikipedia.org/wiki/Tide"), "wikipedia.host"),
        (page("https://fr.m.wikipedia.org/wiki/Mer"), "wikipedia.host"),
        (page("https://www.wikiwand.com/en/Tide"), "wikipedia.mirror"),
    ],
)
def test_pages_are_judged_before_their_text_is_taken_out(asked, reason):
    result = run_steps(asked, gpt2_webtext.make(Choices()).page_steps)
    assert (result.reason if isinstance(result, Rejected) else None) == reason


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_travels_and_describes_itself(name):
    recipe = pickle.loads(pickle.dumps(MADE[name](Choices(language_model="/somewhere/lid.176.ftz"))))
    described = json.dumps(recipe.describe())
    assert recipe.name == name
    assert recipe.cites
    assert list(recipe.describe()["release_notes"])[-1] == recipe.describe()["version"], "the newest is the version"
    assert "/somewhere" not in described, "where a model lies is no part of a recipe"


def test_the_content_of_a_block_list_is_part_of_the_recipe(tmp_path):
    path = tmp_path / "domains"
    path.write_text("spam.example\n")
    one = gpt2_webtext.make(Choices(blocked=(str(path),))).block_lists
    other = tmp_path / "others"
    other.write_text("ham.example\n")
    two = gpt2_webtext.make(Choices(blocked=(str(other),))).block_lists
    assert one[str(path)] != two[str(other)]


def test_published_steps_stand_in_their_order():
    assert steps_of(fineweb.make(Choices())) == FINEWEB
    assert steps_of(c4.make(Choices())) == ["c4.lines", "c4.page", "language.only"]


def test_published_limits():
    language, *_, lines, pages, _, masks = fineweb.make(Choices()).text_steps
    assert masks.keywords["kinds"] == ("email", "ip")
    assert language.keywords["limits"].min_probability == 0.65
    assert not lines.keywords["limits"].ends_in_mark
    assert pages.keywords["limits"].min_sentences == 5
    lines, pages, language = c4.make(Choices(bad_words=frozenset({"darn"}))).text_steps
    assert language.keywords["limits"].min_probability == 0.65
    assert (lines.keywords["limits"].min_words_per_line, pages.keywords["limits"].min_sentences) == (5, 3)
    assert pages.keywords["limits"].bad_words == {"darn"}
    near = fineweb.make(Choices()).near
    assert (near.bands, near.rows, near.shingle_words) == (14, 8, 5)


def test_c4_takes_what_it_publishes_to_take():
    good = english_article(1).text
    recipe = c4.make(Choices(bad_words=frozenset({"darn"}), language_model=str(find_model())))

    def end(text):
        result = run_steps(Document("1", "u", text), recipe.text_steps)
        return result.reason if isinstance(result, Rejected) else ""

    assert end(f"Home | About\n{good}") == ""
    assert end(f"{good}\nNow this is a darn good line.") == "c4.bad_word"
    assert end(f"{good}\nSome lorem ipsum stands here as filler.") == "c4.lorem_ipsum"
    assert end("One sentence of six words only.") == "c4.too_few_sentences"


def test_nothing_is_unfiltered_but_its_language_where_asked():
    model = str(find_model())
    (step,) = unfiltered.make(Choices(language_model=model)).text_steps
    kept = step(Document("1", "u", "buy buy buy"))
    assert isinstance(kept, Document)
    (step,) = unfiltered.make(Choices(languages=("de",), language_model=model)).text_steps
    assert step(Document("1", "u", "This is a text in plain English.")).reason == "language.other"


def test_every_recipe_is_for_something():
    kinds = {kind for _, kind in RECIPES.values()}
    assert sorted(name for kind in kinds for name in names_for(kind)) == sorted(RECIPES)
    assert all(isinstance(step, partial) or callable(step) for step in unfiltered.make(Choices()).page_steps)
