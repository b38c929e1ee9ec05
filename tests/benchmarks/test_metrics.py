"""Scores are those of the libraries, thresholds the best, probabilities corrected by Bayes' rule."""

import math

import numpy as np
from imblearn.metrics import geometric_mean_score
from sklearn import metrics as reference

from benchmarks import metrics


def test_label_scores_are_those_of_the_libraries():
    rng = np.random.default_rng(0)
    for _ in range(20):
        y, predicted = rng.random(30) < 0.3, rng.random(30) < 0.4
        found = metrics.label_scores(y, predicted)
        assert math.isclose(found["f1"], reference.f1_score(y, predicted, zero_division=0))
        assert math.isclose(found["f1_majority"], reference.f1_score(~y, ~predicted, zero_division=0))
        assert math.isclose(found["balanced_accuracy"], reference.balanced_accuracy_score(y, predicted))
        assert math.isclose(found["g_mean"], geometric_mean_score(y, predicted), abs_tol=1e-12)
        assert math.isclose(found["mcc"], reference.matthews_corrcoef(y, predicted), abs_tol=1e-12)


def test_no_threshold_beats_the_tuned_one():
    rng = np.random.default_rng(0)
    y, scores = rng.random(40) < 0.3, rng.integers(0, 9, 40) / 8
    for name, threshold in metrics.best_thresholds(y, scores).items():
        best = metrics.label_scores(y, scores >= threshold)[name]
        others = [metrics.label_scores(y, scores >= other)[name] for other in np.linspace(-0.1, 1.1, 99)]
        assert best >= max(others)


def test_correcting_the_prior_undoes_resampling():
    # two normal densities: the posterior under one prior, corrected, is the posterior under the other
    x = np.linspace(-3, 3, 50)
    density = {1: np.exp(-((x - 1) ** 2) / 2), 0: np.exp(-((x + 1) ** 2) / 2)}

    def posterior(prior):
        return prior * density[1] / (prior * density[1] + (1 - prior) * density[0])

    assert np.allclose(metrics.to_prior(posterior(0.5), 0.5, 0.07), posterior(0.07))


def test_the_calibration_error_is_that_of_the_frequencies():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    y = (rng.uniform(size=len(p)) < p).astype(int)
    assert metrics.calibration_error(y, p) < 0.01
    assert math.isclose(metrics.calibration_error(y, p**2), np.mean(p) - np.mean(p**2), abs_tol=0.02)
    constant = np.repeat([0.0, 1.0], [97, 3])  # a tree that says 0 almost everywhere
    assert math.isclose(metrics.calibration_error(np.arange(100) >= 95, constant), 0.02)
