"""Figures of a release: the stability index by hand."""

import pytest

from corpus.releases.figures import stability


def test_stability_is_the_worked_example():
    assert stability({"en": 3, "de": 1}, {"en": 2, "de": 2}) == pytest.approx(0.274653, abs=1e-6)


def test_a_distribution_is_stable_against_itself_and_against_nothing():
    assert stability({"en": 5, "de": 7}, {"en": 10, "de": 14}) == pytest.approx(0)
    assert stability({}, {"en": 1}) == stability({"en": 1}, {}) == 0


def test_a_new_language_moves_it():
    assert stability({"en": 90, "de": 10}, {"en": 100}) > 0.25
