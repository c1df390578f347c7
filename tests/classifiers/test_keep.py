"""The Pareto rule: its probability, and that it is nested, monotone and free of order."""

import numpy as np
import pytest

from classifiers.keep import fitted_alpha, is_kept, keep_probability, keep_rate, mismatch

IDS = [f"commoncrawl/{number:032x}" for number in range(100_000)]


@pytest.mark.parametrize("score", [0.0, 0.5, 0.9, 1.0])
def test_as_many_stay_as_the_paper_says(score):
    """Within three standard deviations of (2 − s)^−9 on 100,000 documents."""
    expected = (2 - score) ** -9
    found = sum(is_kept(name, score, 9.0, "1") for name in IDS) / len(IDS)
    assert abs(found - expected) <= 3 * (expected * (1 - expected) / len(IDS)) ** 0.5


def test_it_is_the_papers_rule_in_law():
    """`np.random.pareto(9) > 1 − score`."""
    drawn = np.random.default_rng(0).pareto(9, 400_000)
    for score in (0.3, 0.8):
        assert np.mean(drawn > 1 - score) == pytest.approx(keep_probability(score, 9.0), abs=0.003)


def test_a_higher_score_loses_no_document_and_a_smaller_alpha_keeps_more():
    some = IDS[:5000]
    for low, high in ((0.2, 0.6), (0.6, 0.95)):
        assert {i for i in some if is_kept(i, low, 9.0, "1")} <= {i for i in some if is_kept(i, high, 9.0, "1")}
    assert {i for i in some if is_kept(i, 0.7, 9.0, "1")} < {i for i in some if is_kept(i, 0.7, 3.0, "1")}


def test_another_seed_is_another_draw():
    some = IDS[:1000]
    assert [is_kept(i, 0.9, 9.0, "1") for i in some] != [is_kept(i, 0.9, 9.0, "2") for i in some]


def test_the_fitted_alpha_gives_the_kept_negatives_the_scores_of_the_positives():
    """Negatives spread evenly; positives as what alpha 6 keeps of them."""
    rng = np.random.default_rng(1)
    negative = rng.random(20_000)
    positive = negative[rng.random(20_000) < (2 - negative) ** -6.0]
    found = fitted_alpha(positive, negative)
    assert found == pytest.approx(6.0, abs=0.5)
    assert mismatch(positive, negative, found) < mismatch(positive, negative, 9.0) < mismatch(positive, negative, 0.0)


def test_the_keep_rate_is_the_mean_probability():
    assert keep_rate(np.array([0.0, 1.0]), 9.0) == pytest.approx((2**-9 + 1) / 2)
    assert keep_rate(np.array([]), 9.0) == 0.0
