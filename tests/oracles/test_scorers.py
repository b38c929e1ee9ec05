"""Scorers by name, for two and more classes, also where a class is missing."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    get_scorer,
    log_loss,
    make_scorer,
    roc_auc_score,
)

from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.registry import oracle_of
from gan_oversampler.oracles.scorers import accepts_weights, scorer_of
from tests.samples import NONE, problem, three


@pytest.mark.parametrize(
    "scoring",
    ["f1", "g_mean", "precision", "recall", "jaccard", "roc_auc", "balanced_accuracy", "average_precision"],
)
@pytest.mark.parametrize("table", [problem, three])
def test_usual_scorers_work_for_two_and_more_classes(table, scoring):
    train, holdout = table(), table(seed=1)
    score = oracle_of(scoring).fit(train, targets=[1]).score(holdout, train.of(1))
    assert 0.2 < score <= 1


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"])
def test_a_class_that_a_fold_has_only_on_one_side_is_left_out(scoring):
    """Rankings and probabilities are those of the classes that both sides have."""
    train, holdout = three(), three(1)
    both = holdout.at(np.flatnonzero(holdout.codes < 2))
    learner = LogisticRegression().fit(train.values, train.codes)
    oracle = DownstreamOracle(learner, scoring=scoring).fit(train, targets=[1])
    shares = learner.predict_proba(both.values)
    rarer = shares[:, 1] / shares[:, :2].sum(1)
    expected = {
        "roc_auc": roc_auc_score(both.codes, rarer),
        "average_precision": average_precision_score(both.codes, rarer),
        "neg_log_loss": -log_loss(both.codes, rarer),
        "neg_brier_score": -brier_score_loss(both.codes, rarer),
    }
    assert oracle.score(both, NONE) == pytest.approx(expected[scoring], rel=1e-6)
    unknown = DownstreamOracle(scoring=scoring).fit(train.at(np.flatnonzero(train.codes < 2)), targets=[1])
    assert unknown.score(holdout, NONE) == pytest.approx(unknown.score(both, NONE))


def test_g_mean_is_zero_when_a_class_is_never_found():
    train = problem()
    learner = LogisticRegression(C=1e-9)
    constant = DownstreamOracle(learner, scoring="g_mean", smooth=False).fit(train, targets=[1])
    assert constant.score(problem(seed=1), NONE) == 0
    # Probabilities are the shares of the classes: recalls of 150/162 and 12/162.
    smooth = DownstreamOracle(learner, scoring="g_mean").fit(train, targets=[1])
    assert smooth.score(problem(seed=1), NONE) == pytest.approx((150 * 12) ** 0.5 / 162, rel=1e-3)


def test_an_unknown_scorer_gets_a_hint():
    oracle = DownstreamOracle(scoring="balanced_acuracy").fit(problem(), targets=[1])
    with pytest.raises(ValueError, match="Did you mean 'balanced_accuracy'"):
        oracle.score(problem(), NONE)


WEIGHTED = ["accuracy", "average_precision", "balanced_accuracy", "f1", "f1_macro", "f1_weighted", "g_mean"]
WEIGHTED += ["jaccard", "neg_brier_score", "neg_log_loss", "precision", "recall"]
WEIGHTED += ["roc_auc", "roc_auc_ovo", "roc_auc_ovr"]


@pytest.mark.parametrize("table", [problem, three])
@pytest.mark.parametrize("scoring", WEIGHTED)
def test_usual_scorers_accept_weights(scoring, table):
    rows = table()
    n_classes = len(rows.classes)
    learner = LogisticRegression().fit(rows.values, rows.codes)
    scorer = scorer_of(scoring, n_classes, smooth=True)
    unweighted, doubled = scorer(learner, rows.values, rows.codes), np.full(len(rows), 2.0)
    if accepts_weights(scoring, n_classes):
        assert scorer(learner, rows.values, rows.codes, sample_weight=doubled) == pytest.approx(unweighted)
    else:
        assert (scoring, n_classes) == ("roc_auc_ovo", 3)


def test_scorer_objects_stay_as_they_are_and_take_weights_where_their_metric_does():
    for scorer in (get_scorer("accuracy"), make_scorer(accuracy_score)):
        assert accepts_weights(scorer, 3)
        assert scorer_of(scorer, 3, smooth=True) is scorer
    assert not accepts_weights(make_scorer(lambda y, predicted: 0.0), 3)
    assert not accepts_weights(lambda learner, x, y: 0.0, 3)
    assert accepts_weights(lambda learner, x, y, sample_weight=None: 0.0, 3)
