"""The mixture: shares are exact at every length, epochs are computed, and the order never changes in silence."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.mixture import (
    GPT3_MIX,
    Mixture,
    MixtureError,
    Source,
    apply_temperature,
    cap_epochs,
    describe,
    epochs,
    gpt3_table,
    order_of,
    parse_source,
    preset_named,
    repeat_warnings,
)

TOKENS = {"commoncrawl": 410_000, "webtext2": 19_000, "books1": 12_000, "books2": 55_000, "wikipedia": 3_000}


def mixture(*weights):
    return Mixture(tuple(Source(f"s{number}", weight) for number, weight in enumerate(weights)))


def test_the_order_of_gpt3_never_changes():
    source, number = order_of(GPT3_MIX).samples(0, 32)
    assert source.tolist() == [
        *(0, 0, 1, 0, 1, 0, 0, 2, 0, 3, 0, 0, 1, 0, 1, 0),
        *(0, 2, 0, 1, 0, 0, 3, 0, 1, 0, 0, 1, 0, 4, 0, 0),
    ]
    assert number[source == 1].tolist() == list(range(7))


@pytest.mark.parametrize(
    "weights",
    [(60, 22, 8, 8, 3), (1,), (7, 7, 7), (1000, 1), (1, 1000), (3, 5, 7, 11, 13), tuple(range(1, 23)), (997, 991, 2)],
)
def test_every_prefix_is_within_one_row_of_its_quota(weights):
    assert_within_one(mixture(*weights))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_every_prefix_of_any_mixture_is_within_one_row_of_its_quota(weights):
    assert_within_one(mixture(*weights))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 3), st.integers(400, 2000)), min_size=2, max_size=22))
def test_every_prefix_of_an_extreme_mixture_is_within_one_row_of_its_quota(weights):
    """Up to 22 sources, some with a thousandth of the weight of others."""
    assert_within_one(mixture(*weights))


def assert_within_one(mixed):
    """In whole numbers: |count · W - k · w| < W for every k of two periods, and each source counts 0, 1, 2, …"""
    source, number = order_of(mixed).samples(0, 2 * mixed.total)
    lengths = np.arange(1, 2 * mixed.total + 1)
    for position, entry in enumerate(mixed.sources):
        mine = source == position
        assert np.abs(np.cumsum(mine) * mixed.total - lengths * entry.weight).max() < mixed.total
        assert np.array_equal(number[mine], np.arange(2 * entry.weight))


@pytest.mark.parametrize("first", [0, 1, 100, 101, 12_345])
def test_any_sample_is_found_without_the_ones_before(first):
    order = order_of(GPT3_MIX)
    source, number = order.samples(0, first + 300)
    later = order.samples(first, 300)
    assert np.array_equal(later[0], source[first:])
    assert np.array_equal(later[1], number[first:])
    assert order.counts(first).tolist() == np.bincount(source[:first], minlength=5).tolist()


def test_a_far_sample_is_exact():
    source, number = order_of(GPT3_MIX).samples(101 * 10**13, 1)
    assert (source[0], number[0]) == (0, 60 * 10**13)
    assert order_of(GPT3_MIX).counts(101 * 10**13).tolist() == [w * 10**13 for w in (60, 22, 8, 8, 3)]


def test_weights_with_a_common_divisor_make_the_same_order():
    assert order_of(mixture(6, 4, 2)).source.tolist() == order_of(mixture(3, 2, 1)).source.tolist()


@pytest.mark.parametrize(
    ("text", "preset", "expected"),
    [
        ("webtext=corpus/webtext:22", "", Source("webtext", 22, "corpus/webtext")),
        ("books=gs://bucket/books:16", "", Source("books", 16, "gs://bucket/books")),
        ("books=a=b:c:1", "", Source("books", 1, "a=b:c")),
        ("webtext2=corpus/webtext", "gpt3-mix", Source("webtext2", 22, "corpus/webtext")),
        ("webtext2=corpus/webtext:5", "gpt3-mix", Source("webtext2", 5, "corpus/webtext")),
    ],
)
def test_a_source_is_parsed(text, preset, expected):
    assert parse_source(text, preset) == expected


@pytest.mark.parametrize(
    ("text", "preset", "says"),
    [
        ("webtext=corpus/webtext", "", "name=path:weight"),
        ("corpus/webtext:3", "", "name=path:weight"),
        ("webtext=corpus/webtext:2.5", "", "whole weight"),
        ("webtext=corpus/webtext:²", "", "whole weight"),
        (f"webtext=corpus/webtext:{'9' * 5000}", "", "whole weight"),
        ("webtext=corpus/webtext:-1", "", "whole weight"),
        ("webtext=corpus/webtext:0", "", "at least 1"),
        ("../etc=corpus/webtext:1", "", "no name"),
        ("other=corpus/other", "gpt3-mix", "webtext2"),
        ("a=b", "gpt4-mix", "no mixture"),
    ],
)
def test_a_source_that_cannot_be_is_refused(text, preset, says):
    with pytest.raises(MixtureError, match=says):
        parse_source(text, preset)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Mixture(()), "needs a source"),
        (lambda: Mixture((Source("a", 1), Source("a", 2))), "given twice"),
        (lambda: order_of(mixture(10**9, 10**9 + 1)), "round them"),
        (lambda: mixture(1).share("b"), "no source"),
        (lambda: apply_temperature(mixture(1), 0), "greater than 0"),
        (lambda: apply_temperature(mixture(1, 10**9), 1), "less than one part"),
        (lambda: epochs(mixture(1, 1), {"s0": 5}, 10), "s1: no tokens"),
        (
            lambda: cap_epochs(mixture(1, 1), {"s0": 10, "s1": 10}, 100, {"s0": 4, "s1": 4}),
            "no more than 80 tokens for 100;",
        ),
    ],
)
def test_a_mixture_that_cannot_be_is_refused(make, says):
    with pytest.raises(MixtureError, match=says):
        make()


def test_epochs_are_computed_from_normalised_weights():
    seen = epochs(GPT3_MIX, TOKENS, 300_000)
    assert GPT3_MIX.total == 101
    assert seen["webtext2"] == pytest.approx(22 / 101 * 300 / 19)
    assert sum(seen[name] * TOKENS[name] for name in TOKENS) == pytest.approx(300_000)


def test_the_table_of_gpt3_shows_what_it_states_and_what_follows():
    row = next(line for line in gpt3_table().splitlines() if line.startswith("webtext2"))
    assert row.split() == ["webtext2", "22", "19B", "2.9", "3.47", "3.44"]
    assert gpt3_table().endswith("101")
    assert preset_named("gpt3-mix") is GPT3_MIX


def test_more_than_four_epochs_are_warned_of():
    assert repeat_warnings(GPT3_MIX, TOKENS, 300_000) == []
    (sentence,) = repeat_warnings(GPT3_MIX, TOKENS, 350_000)
    assert sentence.startswith("webtext2 is seen 4.01 times in 350,000 tokens")
    assert f"warning: {sentence}" in describe(GPT3_MIX, TOKENS, 350_000)


@pytest.mark.parametrize(
    ("temperature", "weights"),
    [(1, (9000, 1000)), (2, (7500, 2500)), (10**9, (5000, 5000)), (0.5, (9878, 122))],
)
def test_temperature_flattens(temperature, weights):
    assert tuple(source.weight for source in apply_temperature(mixture(9, 1), temperature).sources) == weights


def test_caps_hand_on_what_they_take():
    tokens = {"s0": 100, "s1": 1000, "s2": 10_000}
    mixed = cap_epochs(mixture(5, 4, 1), tokens, 10_000, {"s0": 4, "s1": 4.0})
    assert [float(mixed.share(name)) for name in tokens] == [0.04, 0.4, 0.56]
    assert cap_epochs(mixture(5, 5), {"s0": 100, "s1": 100}, 100, {"s0": 4}).share("s0") == Fraction(1, 2)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(50, 5000)), min_size=2, max_size=6), st.integers(1, 4))
def test_rounding_never_lifts_a_source_over_its_cap(sources, cap):
    """One source has no cap, so there is always room; the others may lie just below theirs."""
    mixed = mixture(*(weight for weight, _ in sources))
    tokens = {f"s{number}": count for number, (_, count) in enumerate(sources)}
    budget = cap * sum(tokens.values())
    caps = dict.fromkeys(list(tokens)[1:], cap)
    result = cap_epochs(mixed, tokens, budget, caps)
    assert result.total == 10_000
    assert all(result.share(name) * budget <= cap * tokens[name] for name in caps)
