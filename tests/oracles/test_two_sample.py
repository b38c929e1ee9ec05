"""Critics: what they see, and what they are bounded by."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.privacy import PrivacyOracle
from gan_oversampler.oracles.two_sample import C2STOracle, DualityGapOracle, _auc, cross_validated_auc
from tests.samples import normal, one_class, score_of

# --- classifier two-sample test


def test_two_halves_of_a_sample_cannot_be_separated():
    scores = [score_of(C2STOracle(), *np.split(normal(900, 5, seed), 3)) for seed in range(5)]
    assert np.mean(scores) < 2 * 0.4 / np.sqrt(300)


@pytest.mark.parametrize(
    "change", [lambda x: x + 1, lambda x: 2 * x, lambda x: x / 2, lambda x: x[np.arange(len(x)) % 5]]
)
def test_shifts_spreads_and_collapse_are_found(change):
    for seed in range(3):
        train, real, fake = np.split(normal(600, 5, seed), 3)
        assert score_of(C2STOracle(), train, real, change(fake)) > 0.2


def test_the_area_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, scores = np.arange(40) % 2, rng.integers(6, size=40)  # ties included
    assert _auc(y, scores) == pytest.approx(roc_auc_score(y, scores))


@pytest.mark.parametrize("critic", [LogisticRegression(), KNeighborsClassifier(3), LinearSVC()])
def test_any_classifier_can_be_the_critic(critic):
    train, real, fake = np.split(normal(150, 3), 3)
    near, far = (score_of(C2STOracle(critic), train, real, fake + shift) for shift in (0, 9))
    assert near < 0.25 < far == 0.5
    assert not hasattr(critic, "classes_")


def test_more_synthetic_rows_than_real_ones_do_not_help_the_critic():
    # A critic of unequal sizes could answer by share alone; extra rows only calm the estimate.
    train, real = normal(40), normal(40, seed=1)
    few, many = (
        [score_of(C2STOracle(), train, real, normal(n, seed=seed)) for seed in range(2, 12)]
        for n in (40, 400)
    )
    assert np.mean(many) < np.mean(few) + 0.02


def test_perfect_and_perfectly_wrong_critics():
    zeros, ones = np.zeros((6, 1)), np.ones((6, 1))
    assert cross_validated_auc(zeros, ones, LogisticRegression) == 1
    assert cross_validated_auc(ones, ones, LogisticRegression) == 0.5


# --- duality gap


def test_the_gap_of_honest_rows_is_about_zero_and_grows_with_collapse():
    gaps = {n: [] for n in (1, 3, 10, 200)}
    for seed in range(6):
        train, real, fake = np.split(normal(600, 4, seed), 3)
        for n, found in gaps.items():
            found.append(score_of(DualityGapOracle(), train, real, fake[np.arange(200) % n]))
    means = [np.mean(found) for found in gaps.values()]
    assert means == sorted(means, reverse=True)
    assert abs(means[-1]) < 0.1
    assert means[2] > 3 * abs(means[-1]) + 0.2


def test_many_copies_of_training_rows_do_not_win_against_honest_rows():
    # Against training rows as the generator's best answer they would: the critic trusts what it knows.
    differences = []
    for seed in range(20):
        train, real, *fake = np.split(normal(240, 4, seed), 8)
        copies = train[np.random.default_rng(seed).integers(30, size=180)]
        copied, honest = (
            score_of(DualityGapOracle(), train, real, rows) for rows in (copies, np.concatenate(fake))
        )
        differences.append(copied - honest)
    assert np.mean(differences) > -2 * np.std(differences) / np.sqrt(20)


@pytest.mark.parametrize("make", [C2STOracle, PrivacyOracle])
def test_copies_are_no_better_than_honest_rows(make):
    gains = []
    for seed in range(20):
        train, real, *fake = np.split(normal(240, 4, seed), 8)
        copies = train[np.random.default_rng(seed).integers(30, size=180)]
        oracle = make().fit(one_class(train), targets=[1])
        copied, honest = (
            oracle.utility(one_class(real), one_class(rows)) for rows in (copies, np.concatenate(fake))
        )
        gains.append(copied - honest)
    assert np.mean(gains) < 2 * np.std(gains) / np.sqrt(20)


def test_the_gap_is_bounded_by_the_least_probability_of_a_critic():
    gap = score_of(DualityGapOracle(), normal(50), normal(50, seed=1), normal(50, seed=2) + 1e6)
    assert 5 < gap <= -np.log(1e-4)


def test_the_area_is_one_half_for_halves_of_a_sample_and_one_for_rows_far_away():
    values = np.random.default_rng(0).normal(size=(200, 2))
    rows = Rows(values, np.ones(200, int), np.array([0, 1]))
    oracle = C2STOracle().fit(rows, targets=[1])
    first, second = rows.at(np.arange(0, 200, 2)), rows.at(np.arange(1, 200, 2))
    assert oracle.auc(first, second) == pytest.approx(0.5, abs=0.1)
    assert oracle.auc(first, replace(second, values=second.values + 9)) == 1
    assert oracle.score(first, second) == abs(oracle.auc(first, second) - 0.5)
