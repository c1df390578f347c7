"""Logistic regression, calibration and the area under the curve, beside what can be computed another way."""

import numpy as np
import pytest

from classifiers.calibrate import Calibration, calibrated, curve, sigmoid
from classifiers.logistic import Loss, bags_of, fit, minimise
from classifiers.measures import auc, histogram, roc
from classifiers.model import whole_numbers


def test_logits_and_gradient_of_the_worked_example():
    bags = bags_of(np.array([3, 1, 3, 1], np.int32), np.array([0, 3, 3, 4]), mean=True)
    assert bags.features.tolist() == [1, 3, 1]
    weights = np.array([0.0, 6.0, 0.0, 3.0])
    assert bags.logits(weights, 1.0).tolist() == [5.0, 1.0, 7.0]
    assert bags.gradient(np.array([3.0, 9.0, 1.0]), 4).tolist() == [0.0, 2.0, 0.0, 2.0]


def test_lbfgs_finds_the_bottom_of_a_narrow_valley():
    """Rosenbrock's function, whose minimum 0 lies at (1, 1)."""

    def rosenbrock(point):
        x, y = point
        slope = np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
        return float((1 - x) ** 2 + 100 * (y - x * x) ** 2), slope

    assert minimise(rosenbrock, np.array([-1.2, 1.0]), steps=200, least_gain=0.0) == pytest.approx([1, 1], abs=1e-3)


def test_the_gradient_of_the_fit_is_zero_where_it_ends():
    """Labels drawn by a known weight: the fit finds it, and no step improves on it."""
    rng = np.random.default_rng(3)
    features = rng.integers(0, 4, 20_000).astype(np.int32)
    bags = bags_of(features, np.arange(0, 20_001, 2), mean=True)
    truth = np.array([-2.0, 0.0, 1.0, 3.0])
    labels = rng.random(10_000) < sigmoid(bags.logits(truth, 0.5))
    weights, bias = fit(bags, [Loss(labels * 1.0)], np.full(10_000, 1e-4), 4, 1e-6)
    found = bags.logits(weights, bias)
    assert np.abs(found - bags.logits(truth, 0.5)).max() < 0.3
    assert abs(float(np.mean(sigmoid(found) - labels))) < 2e-3


def test_a_student_of_soft_scores_comes_nearer_to_its_teacher():
    features = np.arange(6, dtype=np.int32)
    bags = bags_of(features, np.arange(7), mean=False)
    labels, taught = np.array([1.0, 1, 1, 0, 0, 0]), np.array([0.9, 0.6, 0.4, 0.5, 0.2, 0.1])
    shares = np.full(6, 1 / 6)
    hard = sigmoid(bags.logits(*fit(bags, [Loss(labels)], shares, 6, 1e-3)))
    at_two = 1 / (1 + np.exp(-np.log(taught / (1 - taught)) / 2))
    soft = sigmoid(bags.logits(*fit(bags, [Loss(labels, 0.2), Loss(at_two, 0.8, 2.0)], shares, 6, 1e-3)))
    assert np.abs(soft - taught).mean() < np.abs(hard - taught).mean() / 2


def test_calibration_recovers_a_scale():
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 2, 20_000)
    labels = rng.random(20_000) < sigmoid(3 * logits)
    found = calibrated(logits, labels)
    assert found.scale == pytest.approx(3, abs=0.2)
    for point in curve(found(logits), labels):
        assert point.mean_score == pytest.approx(point.positive_share, abs=0.08)


def test_calibration_gives_each_class_half():
    """Ten times as many negatives move no score: .5 stays where the densities of the two are equal."""
    rng = np.random.default_rng(6)
    logits = np.concatenate([rng.normal(1, 1, 1000), rng.normal(-1, 1, 10_000)])
    found = calibrated(logits, np.repeat([True, False], [1000, 10_000]))
    assert found(np.array([0.0]))[0] == pytest.approx(0.5, abs=0.03)


def test_scores_are_rounded_so_that_processors_agree():
    scores = Calibration(1.0, 0.0)(np.array([0.1, 0.1 + 1e-12]))
    assert scores[0] == scores[1] == round(float(scores[0]), 6)


def test_the_area_counts_pairs():
    assert auc(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == (1 + 1 + 1 + 0.5) / 4
    assert roc(np.array([1.0]), np.array([0.0])) == [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
    assert histogram(np.array([0.0, 0.04, 1.0]))[:: len(histogram(np.array([]))) - 1] == [2, 1]


def test_weights_as_whole_numbers_lose_half_a_step_at_most():
    weights = np.random.default_rng(0).normal(0, 50, (2, 1000))
    table, unit = whole_numbers(list(weights))
    assert np.abs(table * unit - weights).max() <= unit / 2
    assert np.log2(unit) == int(np.log2(unit))
