"""Critics, neighbours and copies: what oracles see that compare samples of one class."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from gan_oversampler.oracles.manifold import PRDC, PRDCOracle, prdc
from gan_oversampler.oracles.privacy import PrivacyOracle, closest_record, copy_rate
from gan_oversampler.oracles.two_sample import C2STOracle, DualityGapOracle, _auc, auc_of_telling
from tests.samples import normal, one_class, problem


def _score(oracle, train, holdout, synthetic):
    return oracle.fit(one_class(train), targets=[1]).score(one_class(holdout), one_class(synthetic))


# --- classifier two-sample test


def test_two_halves_of_a_sample_cannot_be_told_apart():
    scores = [_score(C2STOracle(), *np.split(normal(900, 5, seed), 3)) for seed in range(5)]
    assert np.mean(scores) < 2 * 0.4 / np.sqrt(300)


@pytest.mark.parametrize(
    "change", [lambda x: x + 1, lambda x: 2 * x, lambda x: x / 2, lambda x: x[np.arange(len(x)) % 5]]
)
def test_shifts_spreads_and_collapse_are_told(change):
    for seed in range(3):
        train, real, fake = np.split(normal(600, 5, seed), 3)
        assert _score(C2STOracle(), train, real, change(fake)) > 0.2


def test_the_area_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, scores = np.arange(40) % 2, rng.integers(6, size=40)  # ties included
    assert _auc(y, scores) == pytest.approx(roc_auc_score(y, scores))


@pytest.mark.parametrize("critic", [LogisticRegression(), KNeighborsClassifier(3), LinearSVC()])
def test_any_classifier_can_be_the_critic(critic):
    train, real, fake = np.split(normal(150, 3), 3)
    near, far = (_score(C2STOracle(critic), train, real, fake + shift) for shift in (0, 9))
    assert near < 0.25 < far == 0.5
    assert not hasattr(critic, "classes_")


def test_more_synthetic_rows_than_real_ones_do_not_help_the_critic():
    # A critic of unequal sizes could answer by share alone; extra rows only calm the estimate.
    train, real = normal(40), normal(40, seed=1)
    few, many = (
        [_score(C2STOracle(), train, real, normal(n, seed=seed)) for seed in range(2, 12)] for n in (40, 400)
    )
    assert np.mean(many) < np.mean(few) + 0.02


@pytest.mark.parametrize("make", [C2STOracle, DualityGapOracle])
def test_a_critic_must_classify(make):
    with pytest.raises(ValueError, match=r"'estimator' must be a classifier. Got Ridge"):
        make(Ridge()).validate(2)


def test_a_class_of_one_held_out_row_is_left_out():
    train, holdout, synthetic = (problem(40, 12, seed=seed) for seed in range(3))
    lone = holdout.of(0).join(holdout.of(1).at(np.arange(1)))
    for make in (C2STOracle, PRDCOracle):
        both, one = (make().fit(train, targets=targets) for targets in ([0, 1], [0]))
        assert both.score(lone, synthetic) == one.score(lone, synthetic)
        assert np.isnan(make().fit(train, targets=[1]).score(lone, synthetic))


def test_perfect_and_perfectly_wrong_critics():
    zeros, ones = np.zeros((6, 1)), np.ones((6, 1))
    assert auc_of_telling(zeros, ones, LogisticRegression) == 1
    assert auc_of_telling(ones, ones, LogisticRegression) == 0.5


# --- duality gap


def test_the_gap_of_honest_rows_is_about_zero_and_grows_with_collapse():
    gaps = {n: [] for n in (1, 3, 10, 200)}
    for seed in range(6):
        train, real, fake = np.split(normal(600, 4, seed), 3)
        for n, found in gaps.items():
            found.append(_score(DualityGapOracle(), train, real, fake[np.arange(200) % n]))
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
            _score(DualityGapOracle(), train, real, rows) for rows in (copies, np.concatenate(fake))
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


def test_the_gap_is_bounded_by_what_a_critic_may_say():
    gap = _score(DualityGapOracle(), normal(50), normal(50, seed=1), normal(50, seed=2) + 1e6)
    assert 5 < gap <= -np.log(1e-4)


# --- precision, recall, density, coverage


@pytest.mark.parametrize("k", [1, 5, 50])
def test_a_sample_with_itself_has_precision_recall_density_and_coverage_one(k):
    rows = normal(60)
    assert prdc(rows, rows, k) == pytest.approx(PRDC(1, 1, 1, 1))


def test_equal_rows_are_within_reach_of_each_other():
    rows = np.repeat(normal(5), 8, axis=0)
    found = prdc(rows, rows, 3)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    # Each of eight equal rows is reached by all eight; the norm counts three.
    assert found.density == pytest.approx(8 / 3)


def test_neighbours_are_as_many_as_there_are():
    rows = normal(3)
    assert prdc(rows, rows, 5) == prdc(rows, rows, 2)
    assert prdc(rows[:1], rows[:1], 5)[:2] == (1, 1)


def test_rows_far_away_overlap_nowhere():
    assert prdc(normal(30), normal(30, seed=1) + 99) == PRDC(0, 0, 0, 0)


def test_a_mode_that_is_missing_costs_coverage_not_precision():
    real = np.concatenate([normal(50), normal(50, seed=1) + 20])
    found = prdc(real, normal(100, seed=2))
    assert found.precision > 0.8
    assert found.coverage <= 0.5
    assert found.recall <= 0.5


def test_one_outlier_has_recall_but_no_coverage():
    # Naeem et al.: a far synthetic row reaches over all real ones, and covers none.
    real, fake = normal(50), np.concatenate([normal(5, seed=1) + 30, normal(5, seed=2) - 30])
    found = prdc(real, fake, 5)
    assert found.recall == 1
    assert found.coverage == 0


def test_coverage_of_honest_rows_is_what_naeem_et_al_derive():
    # 1 - (n-1)...(n-k) / (2n-1)...(2n-k), for two samples of n rows
    n, k = 50, 3
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    found = [prdc(normal(n, seed=seed), normal(n, seed=seed + 99), k).coverage for seed in range(40)]
    assert np.mean(found) == pytest.approx(expected, abs=3 * np.std(found) / np.sqrt(40))


def test_coverage_does_not_grow_with_the_number_of_synthetic_rows():
    train, real = normal(60), normal(60, seed=1)
    few, many = (
        np.mean([_score(PRDCOracle(k=2), train, real, normal(n, seed=seed)) for seed in range(2, 12)])
        for n in (60, 600)
    )
    assert many == pytest.approx(few, abs=0.03)


@pytest.mark.parametrize("measure", PRDC._fields)
def test_every_measure_can_be_the_score(measure):
    train, real, fake = np.split(normal(120), 3)
    assert _score(PRDCOracle(measure), train, real, fake) == pytest.approx(getattr(prdc(real, fake), measure))


def test_an_unknown_measure_gets_a_hint():
    with pytest.raises(ValueError, match=r"Unknown measure 'covered'. Did you mean 'coverage'"):
        PRDCOracle("covered").validate(2)


# --- privacy


def test_copies_trip_the_guard_and_real_rows_do_not():
    train, real, fake = np.split(normal(600, 5), 3)
    assert _score(PrivacyOracle(), train, real, train[::2]) == 0
    assert _score(PrivacyOracle(), train, real, fake) > 0.8
    assert _score(PrivacyOracle(), train, real, train.astype(np.float32)) == 0


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_each_copy_counts(share):
    train, real, fake = np.split(normal(600, 5), 3)
    mixed = np.concatenate([train[: int(200 * share)], fake[int(200 * share) :] + 9])
    assert _score(PrivacyOracle(), train, real, mixed) == pytest.approx(1 - share)


def test_near_copies_are_less_private_the_nearer_they_are():
    train, real = np.split(normal(400, 5), 2)
    noise = normal(200, 5, seed=3)
    scores = [_score(PrivacyOracle(), train, real, train + width * noise) for width in (0.01, 0.1, 0.3, 3)]
    assert scores == sorted(scores)
    assert scores[0] < 0.05
    assert scores[-1] == 1


def test_where_unseen_rows_repeat_seen_ones_copies_are_no_breach():
    # Three yes-no questions: eight different rows, all of them known.
    rng = np.random.default_rng(0)
    train, real, fake = rng.integers(2, size=(3, 200, 3))
    assert copy_rate(closest_record(real, train)) == 1
    assert _score(PrivacyOracle(), train, real, fake) == 1


def test_copies_of_other_classes_count_too():
    train, holdout = problem(), problem(seed=1)
    stolen = one_class(train.of(0).values[:30])
    assert PrivacyOracle().fit(train, targets=[1]).score(holdout, stolen) == 0


def test_a_copy_has_distance_zero_however_long_the_rows():
    rows = 1e4 + normal(300, 200)
    assert (closest_record(rows[:50], rows) == 0).all()
