"""Weights and groups of rows in downstream scores."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier

from gan_oversampler.oracles import alternatives
from gan_oversampler.oracles.alternatives import (
    ALTERNATIVES,
    Labelled,
    fit_with_class_weights,
    fit_with_threshold,
)
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.panel import Neighbours
from gan_oversampler.oracles.scorers import scorer_of
from tests.samples import NONE, problem

RNG = np.random.default_rng(0)
TRAIN, HELDOUT = (problem(300, 30, seed=seed) for seed in (0, 1))
LEARNER = LogisticRegression(C=1e3, tol=1e-8, max_iter=2000)


def _both(rows):
    """The same rows with weights 1 to 3, and as often as they weigh."""
    times = RNG.integers(1, 4, len(rows))
    return replace(rows, weights=times.astype(float)), rows.at(np.repeat(np.arange(len(rows)), times))


@pytest.mark.parametrize("scoring", ["f1", "g_mean", "average_precision", "neg_log_loss", "roc_auc"])
def test_a_row_of_weight_three_counts_as_three_rows(scoring):
    oracle = DownstreamOracle(LEARNER, scoring=scoring)
    pairs = zip(_both(TRAIN), _both(HELDOUT), strict=True)
    weighted, repeated = (oracle.fit(train, targets=[1]).score(heldout, NONE) for train, heldout in pairs)
    assert weighted == pytest.approx(repeated, rel=1e-4)
    assert weighted != pytest.approx(oracle.fit(TRAIN, targets=[1]).score(HELDOUT, NONE), rel=1e-4)


def test_class_weights_undo_what_all_rows_of_a_class_weigh():
    own = np.where(TRAIN.codes == 1, 3.0, 1.0)
    own /= own.mean()
    balanced, told = (
        fit_with_class_weights(LogisticRegression(), Labelled(TRAIN.values, TRAIN.codes, w), None, 0)
        for w in (None, own)
    )
    np.testing.assert_allclose(told.coef_, balanced.coef_, rtol=1e-3)


def test_new_rows_weigh_as_much_as_their_class():
    rows = replace(TRAIN, weights=np.where(TRAIN.codes == 1, np.linspace(0, 4, 330), 1.0))
    new = rows.synthetic(rows.values[:5], np.array([0, 1, 1, 0, 1]))
    joined = rows.join(new).weights
    np.testing.assert_array_equal(joined[:330], rows.weights)
    means = [rows.weights[rows.codes == code].mean() for code in (0, 1)]
    np.testing.assert_allclose(joined[330:], np.take(means, new.codes))
    assert rows.at(np.arange(3)).join(rows.at(np.arange(2))).weights.shape == (5,)


def test_classifiers_without_weights_are_fitted_as_they_are_and_named():
    rows, _ = _both(TRAIN)
    oracles = [DownstreamOracle(KNeighborsClassifier(5)).fit(train, targets=[1]) for train in (rows, TRAIN)]
    scores = [oracle.score(HELDOUT, NONE) for oracle in oracles]
    assert scores[0] == scores[1]
    assert oracles[0].ignores_weights == ("KNeighborsClassifier()",)


def test_neighbours_of_the_panel_vote_with_their_weights():
    weights = RNG.integers(0, 3, 330).astype(float)
    learner = Neighbours(5).fit(TRAIN.values, TRAIN.codes, weights)
    x, y, w = (part[weights > 0] for part in (TRAIN.values, TRAIN.codes, weights))
    plain = KNeighborsClassifier(5).fit(x, y)
    nearest = plain.kneighbors(HELDOUT.values, return_distance=False)
    share = (w * y)[nearest].sum(axis=1) / w[nearest].sum(axis=1)
    np.testing.assert_allclose(learner.predict_proba(HELDOUT.values)[:, 1], share)
    alike = Neighbours(5).fit(x, y, np.full(len(y), 0.3))
    np.testing.assert_allclose(alike.predict_proba(HELDOUT.values), plain.predict_proba(HELDOUT.values))
    np.testing.assert_array_equal(alike.predict(HELDOUT.values), plain.predict(HELDOUT.values))
    assert not DownstreamOracle().fit(TRAIN, targets=[1]).ignores_weights


def test_a_threshold_is_tuned_for_rows_as_they_weigh():
    # Nothing tells the classes apart, so shares alone say where the threshold for accuracy lies.
    x, y = np.zeros((300, 1)), np.repeat([0, 1], [200, 100])
    scorer, weights = scorer_of("f1", 2, smooth=True), np.where(y == 1, 6.0, 1.0)
    found = [
        fit_with_threshold(LogisticRegression(), Labelled(x, y, w, sample_weight=w), scorer, 0)
        for w in (None, weights)
    ]
    repeated = np.repeat(np.arange(300), weights.astype(int))
    often = fit_with_threshold(LogisticRegression(), Labelled(x[repeated], y[repeated]), scorer, 0)
    np.testing.assert_allclose(found[1].weight_C, often.weight_C)
    assert found[1].weight_C[1] != pytest.approx(found[0].weight_C[1])


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_alternatives_are_scored_on_held_out_rows_as_they_weigh(name):
    weighted, repeated = _both(HELDOUT)
    oracle = DownstreamOracle().fit(_both(TRAIN)[0], targets=[1])
    found = [oracle.score_alternative(rows, name) for rows in (weighted, repeated, HELDOUT)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)
    assert found[0] != pytest.approx(found[2], rel=1e-3)


def test_large_held_out_parts_keep_their_weights():
    weights = np.where(HELDOUT.codes == 1, RNG.integers(1, 4, 330), 1.0)
    heldout = replace(HELDOUT, weights=weights)
    oracle = DownstreamOracle(LEARNER, max_rows=200).fit(TRAIN, targets=[1])
    scored = oracle.scored_rows(heldout)
    assert len(scored) == 100
    totals = np.bincount(scored.codes, scored.weights)
    np.testing.assert_allclose(totals, np.bincount(heldout.codes, weights))


def test_inner_folds_of_a_threshold_part_no_group(monkeypatch):
    groups, seen = np.arange(330) % 40, []

    def predicted(learner, x, y, *, cv, method, params):
        seen.extend(cv)
        return np.full((len(y), 2), 0.5)

    monkeypatch.setattr(alternatives, "cross_val_predict", predicted)
    data = Labelled(TRAIN.values, TRAIN.codes, groups=groups)
    fit_with_threshold(LogisticRegression(), data, scorer_of("f1", 2), 0)
    assert len(seen) == alternatives.N_INNER_FOLDS
    for train, heldout in seen:
        assert not set(groups[train]) & set(groups[heldout])
    expected = StratifiedGroupKFold(2, shuffle=True, random_state=0).split(data.x, data.y, groups)
    assert all(np.array_equal(*pair) for pair in zip(seen[0], next(expected), strict=True))
