"""Class weights and thresholds: what helps classifiers with rare classes without new rows."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from gan_oversampler.oracles.alternatives import (
    ALTERNATIVES,
    Labelled,
    ReweightedClassifier,
    fit_with_class_weights,
    fit_with_threshold,
)
from gan_oversampler.oracles.cas import CASRealOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.registry import ORACLES
from gan_oversampler.oracles.scorers import scorer_of
from tests.samples import NONE, problem, three

TRAIN, HELDOUT = problem(300, 30), problem(300, 30, seed=1)
X, Y = TRAIN.values, TRAIN.codes
F1 = scorer_of("f1", 2)


def _weighted(learner):
    return fit_with_class_weights(learner, Labelled(X, Y), F1, 0)


# --- weights of probabilities


def test_weights_multiply_the_odds():
    learner = LogisticRegression().fit(X, Y)
    p, q = (m.predict_proba(X) for m in (learner, ReweightedClassifier(learner, np.array([1.0, 4.0]))))
    np.testing.assert_allclose(q.sum(axis=1), 1)
    np.testing.assert_allclose(q[:, 1] / q[:, 0], 4 * p[:, 1] / p[:, 0])


def test_a_weight_moves_the_threshold():
    learner = LogisticRegression().fit(X, Y)
    moved = ReweightedClassifier(learner, np.array([1.0, 4.0]))
    np.testing.assert_array_equal(moved.predict(X), learner.predict_proba(X)[:, 1] > 0.2)


# --- class weights


def test_rows_are_weighted_where_a_classifier_takes_weights():
    expected = LogisticRegression(class_weight="balanced").fit(X, Y)
    np.testing.assert_allclose(_weighted(LogisticRegression()).coef_, expected.coef_)
    shares = _weighted(GaussianNB()).class_prior_
    np.testing.assert_allclose(shares, 0.5)


def test_the_step_of_a_pipeline_is_weighted():
    pipe = _weighted(make_pipeline(StandardScaler(), LogisticRegression()))
    assert pipe[-1].class_weight == "balanced"
    assert pipe.predict(X).mean() > 1.5 * Y.mean()


def test_votes_of_nearest_neighbours_are_weighted():
    # One rare and four common neighbours: 1 * 11 / (1 * 11 + 4 * 1.1) with weights 330 / (2 * n).
    learner = _weighted(KNeighborsClassifier(5))
    plain = KNeighborsClassifier(5).fit(X, Y).predict_proba(X)[:, 1]
    found = learner.predict_proba(X)[:, 1]
    np.testing.assert_allclose(found[plain == 0.2], 10 / 14)
    np.testing.assert_array_equal(found[plain == 0], 0)


# --- thresholds


@pytest.mark.parametrize("smooth", [True, False], ids=["smooth", "hard"])
def test_a_tuned_threshold_helps_on_new_rows_and_leaves_the_classifier_alone(smooth):
    scorer = scorer_of("g_mean", 2, smooth=smooth)
    learner = fit_with_threshold(LogisticRegression(), Labelled(X, Y), scorer, 0)
    plain = LogisticRegression().fit(X, Y)
    np.testing.assert_array_equal(learner.learner.coef_, plain.coef_)
    tuned, usual = (scorer(model, HELDOUT.values, HELDOUT.codes) for model in (learner, plain))
    assert tuned > usual + 0.05


def test_the_threshold_is_the_best_for_the_score_that_is_asked_for():
    # Recalls of both classes ask for a lower threshold than F1 does, accuracy for none.
    rates = [
        fit_with_threshold(LogisticRegression(), Labelled(X, Y), scorer_of(name, 2), 0).predict(X).mean()
        for name in ("accuracy", "f1", "balanced_accuracy")
    ]
    assert rates == sorted(rates)
    assert rates[0] < rates[2]


def test_a_ranking_keeps_its_threshold():
    scorer = scorer_of("average_precision", 2)
    learner = fit_with_threshold(LogisticRegression(), Labelled(X, Y), scorer, 0)
    np.testing.assert_array_equal(learner.weight_C, 1)


def test_three_classes_are_weighted_by_a_power_of_their_sizes():
    rows = three()
    scorer = scorer_of("g_mean", 3)
    learner = fit_with_threshold(
        LogisticRegression(max_iter=500), Labelled(rows.values, rows.codes), scorer, 0
    )
    exponents = np.log(learner.weight_C[1:]) / np.log(rows.counts[1:] / rows.counts[0])
    np.testing.assert_allclose(exponents, exponents[0])


@pytest.mark.parametrize("learner", [LinearSVC(), DummyClassifier(strategy="prior")])
def test_where_no_threshold_can_be_tuned_the_classifier_is_fitted_as_it_is(learner):
    few = np.r_[np.flatnonzero(Y == 0)[:20], np.flatnonzero(Y == 1)[:1]]
    assert fit_with_threshold(learner, Labelled(X[few], Y[few]), F1, 0) is learner


# --- of an oracle


@pytest.mark.parametrize("smooth", [True, False])
def test_a_downstream_oracle_scores_its_panel(smooth):
    oracle = DownstreamOracle(LogisticRegression(), scoring="balanced_accuracy", smooth=smooth)
    oracle.fit(TRAIN, targets=[1])
    nothing = oracle.score(HELDOUT, NONE)
    for name in oracle.alternatives:
        assert oracle.score_alternative(HELDOUT, name) > nothing + 0.05
    if not smooth:
        expected = LogisticRegression(class_weight="balanced").fit(X, Y).predict(HELDOUT.values)
        found = oracle.score_alternative(HELDOUT, "class_weight")
        assert found == pytest.approx(balanced_accuracy_score(HELDOUT.codes, expected))


def test_class_weights_are_scored_by_f1_of_the_rare_class():
    oracle = DownstreamOracle(LogisticRegression(), smooth=False).fit(TRAIN, targets=[1])
    expected = LogisticRegression(class_weight="balanced").fit(X, Y).predict(HELDOUT.values)
    found = oracle.score_alternative(HELDOUT, "class_weight")
    assert found == pytest.approx(f1_score(HELDOUT.codes, expected))


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_the_same_rows_get_the_same_score(name):
    oracle = DownstreamOracle(max_rows=100).fit(TRAIN, targets=[1])
    first = oracle.score_alternative(HELDOUT, name)
    assert oracle.score_alternative(HELDOUT, name) == first
    assert np.isfinite(first)


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_scorers_of_users_labels_score_alternatives(name):
    oracle = DownstreamOracle(scoring=lambda learner, x, y: float(np.mean(learner.predict(x) == y)))
    assert 0.5 < oracle.fit(TRAIN, targets=[1]).score_alternative(HELDOUT, name) <= 1


def test_oracles_of_synthetic_rows_have_no_alternatives():
    assert [name for name, make in ORACLES.items() if make().alternatives] == ["downstream"]
    with pytest.raises(NotImplementedError, match="CASRealOracle scores synthetic rows only"):
        CASRealOracle().score_alternative(HELDOUT, "threshold")


# --- rows with weights and groups


class Recording(DummyClassifier):
    """Notes the weights of the rows that it is fitted to."""

    def fit(self, x, y, sample_weight=None):
        self.seen = sample_weight
        return super().fit(x, y, sample_weight)


def test_class_totals_are_equal_whatever_rows_weigh():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    own = np.where(y == 1, 6.0, 1.0) * np.random.default_rng(0).uniform(0.5, 1.5, 100)
    own[y == 2] = 0.0
    x = np.zeros((100, 1))
    seen = fit_with_class_weights(Recording(), Labelled(x, y, own), F1, 0).seen
    totals = np.bincount(y, seen)
    assert totals[0] == pytest.approx(totals[1])
    assert totals[2] == 0
    np.testing.assert_allclose(seen[y == 1] / seen[60], own[y == 1] / own[60])  # within a class as they were


@pytest.mark.parametrize("n_common", [1, 6])
def test_with_too_few_groups_of_a_class_the_threshold_stays(n_common):
    groups = np.where(Y == 1, n_common, np.arange(len(Y)) % n_common)
    learner = LogisticRegression()
    assert fit_with_threshold(learner, Labelled(X, Y, groups=groups), F1, 0) is learner
