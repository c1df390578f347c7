"""The weights of a build: temperature and caps, the tables, and sources with nothing to train on."""

import pytest

pytest.importorskip("apache_beam")

from corpus.mixture import GPT3_MIX, Mixture, MixtureError, Source
from pipelines.runtime.errors import StageError
from pipelines.work.weighting import Weighting, need_tokens, parse_cap

MIXED = Mixture((Source("one", 9), Source("two", 1)))
TOKENS = {"one": 1000, "two": 100}


def weights(weighting, n_tokens=TOKENS):
    return [source.weight for source in weighting.effective(n_tokens).sources]


def test_without_flags_the_weights_are_those_given():
    assert Weighting(MIXED).effective(TOKENS) is MIXED
    assert "weights from" not in "\n".join(Weighting(MIXED).table(TOKENS))


def test_temperature_comes_first_and_caps_last():
    assert weights(Weighting(MIXED, temperature=2)) == [7500, 2500]
    capped = Weighting(MIXED, temperature=2, most_epochs=(("two", 1.5),), budget=1000)
    assert weights(capped) == [8500, 1500]
    table = "\n".join(capped.table(TOKENS))
    assert "weights from one 9, two 1: temperature 2, two at most 1.5 epochs" in table
    assert ["two", "1500", "15.00%", "100", "1.500"] in [line.split() for line in table.splitlines()]


def test_more_than_four_epochs_are_warned_of_in_the_table():
    assert "warning: two is seen 5.00 times" in "\n".join(Weighting(MIXED, budget=5000).table(TOKENS))


def test_the_published_mixture_is_shown_as_stated_and_as_computed():
    counts = dict.fromkeys((source.name for source in GPT3_MIX.sources), 10**6)
    table = "\n".join(Weighting(GPT3_MIX, published="gpt3-mix").table(counts))
    rows = [line.split() for line in table.splitlines()]
    assert ["webtext2", "22", "19B", "2.9", "3.47", "3.44"] in rows
    assert ["webtext2", "22", "21.78%", "1,000,000", "1.089"] in rows


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Weighting(MIXED, most_epochs=(("one", 2.0),)), "needs --budget"),
        (lambda: Weighting(MIXED, most_epochs=(("three", 2.0),), budget=1), "'three' is no source"),
        (lambda: Weighting(MIXED, most_epochs=(("one", 0.0),), budget=1), "above 0"),
        (lambda: Weighting(MIXED, temperature=0), "greater than 0"),
        (lambda: parse_cap("one"), "NAME=EPOCHS"),
        (lambda: parse_cap("one=two"), "NAME=EPOCHS"),
    ],
)
def test_flags_that_cannot_be_are_refused(make, says):
    with pytest.raises(MixtureError, match=says):
        make()


def test_a_cap_is_parsed():
    assert parse_cap("books=2.5") == ("books", 2.5)


@pytest.mark.parametrize(("documents", "says"), [(0, "no kept document"), (7, "all its 7 documents fell")])
def test_a_source_with_nothing_to_train_on_is_named(documents, says):
    with pytest.raises(StageError, match=f"two: .*{says}") as refused:
        need_tokens({"one": 5, "two": 0}, {"one": 1, "two": documents})
    assert refused.value.code == 3
