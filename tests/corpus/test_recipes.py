"""A recipe is a tuple of steps that pickles, that a manifest can describe, and whose identity its lists belong to."""

import json
import pickle

import pytest

from corpus.document import Page, Rejected, run_steps
from corpus.recipes import RECIPES, gpt2_webtext
from corpus.sources.links import LinkRules


def page(url, **fields):
    return Page(url, "2016-01-01T00:00:00Z", 200, "text/html", b"", "a.warc", 0, **fields)


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
    result = run_steps(asked, gpt2_webtext(LinkRules()).page_steps)
    assert (result.reason if isinstance(result, Rejected) else None) == reason


def test_a_recipe_travels_and_describes_itself():
    for make in RECIPES.values():
        recipe = pickle.loads(pickle.dumps(make(LinkRules(), language_model="/somewhere/lid.176.ftz")))
        described = json.dumps(recipe.describe())
        assert "gopher" in described
        assert "/somewhere" not in described, "where a model lies is no part of a recipe"


def test_the_content_of_a_block_list_is_part_of_the_recipe(tmp_path):
    path = tmp_path / "domains"
    path.write_text("spam.example\n")
    one = gpt2_webtext(LinkRules(), blocked=(str(path),)).block_lists
    other = tmp_path / "others"
    other.write_text("ham.example\n")
    two = gpt2_webtext(LinkRules(), blocked=(str(other),)).block_lists
    assert one[str(path)] != two[str(other)]
