"""Laws of smooth scores: sure probabilities give the score of the labels, small changes small ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.scorers import scorer_names, scorer_of
from gan_oversampler.oracles.smooth import SMOOTH, confusion_score, probabilities


def _f1(y, predicted, n_classes):
    average = "binary" if n_classes == 2 else "macro"
    labels = None if n_classes == 2 else range(n_classes)
    return f1_score(y, predicted, average=average, labels=labels, zero_division=0.0)


def _f1_macro(y, predicted, n_classes):
    return f1_score(y, predicted, average="macro", labels=range(n_classes), zero_division=0.0)


# What scikit-learn and imbalanced-learn say of predicted labels; recalls are those of the classes present.
PREDICTED = {
    "accuracy": lambda y, predicted, n_classes: accuracy_score(y, predicted),
    "balanced_accuracy": lambda y, predicted, n_classes: balanced_accuracy_score(y, predicted),
    "f1": _f1,
    "f1_macro": _f1_macro,
    "g_mean": lambda y, predicted, n_classes: geometric_mean_score(y, predicted, labels=np.unique(y)),
}


class Fixed(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose predictions are given."""

    def __init__(self, predicted, classes):
        self.predicted, self.classes_ = np.asarray(predicted), np.asarray(classes)

    def predict(self, x):
        return self.predicted


class FixedProbabilities(Fixed):
    def predict_proba(self, x):
        sure = (self.predicted[:, None] == self.classes_).astype(float)
        return self.predicted if self.predicted.ndim == 2 else sure


def _predictions(n_classes, n=60, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n)
    return y, np.where(rng.random(n) < 0.6, y, rng.integers(n_classes, size=n))


def _smooth(name, y, probabilities_nC):
    learner = FixedProbabilities(probabilities_nC, range(np.shape(probabilities_nC)[1]))
    return confusion_score(SMOOTH[name], learner, None, np.asarray(y))


def test_every_smooth_score_is_tested():
    assert set(PREDICTED) == set(SMOOTH)


# --- sure predictions


@pytest.mark.parametrize("learner", [Fixed, FixedProbabilities])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_of_sure_predictions_the_smooth_score_is_the_score(name, n_classes, learner):
    y, predicted = _predictions(n_classes)
    score = confusion_score(SMOOTH[name], learner(predicted, range(n_classes)), None, y)
    assert score == pytest.approx(PREDICTED[name](y, predicted, n_classes))
    # The scorer that the oracle takes without ``smooth`` says the same.
    assert score == pytest.approx(scorer_of(name, n_classes)(Fixed(predicted, range(n_classes)), None, y))


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("gone", [0, 1, 2])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_classes_may_be_missing_from_the_holdout(name, n_classes, gone):
    y, predicted = _predictions(n_classes)
    there = y != gone % n_classes
    score = confusion_score(SMOOTH[name], Fixed(predicted[there], range(n_classes)), None, y[there])
    assert score == pytest.approx(PREDICTED[name](y[there], predicted[there], n_classes))


@pytest.mark.parametrize("gone", [0, 1, 2])
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_classes_that_a_learner_never_saw_are_never_predicted(name, gone):
    y, predicted = _predictions(3)
    known = [code for code in range(3) if code != gone]
    predicted = np.where(predicted == gone, known[0], predicted)
    score = confusion_score(SMOOTH[name], FixedProbabilities(predicted, known), None, y)
    assert score == pytest.approx(PREDICTED[name](y, predicted, 3))


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_learner_of_one_class_has_a_score(name):
    y, _ = _predictions(2)
    score = confusion_score(SMOOTH[name], FixedProbabilities(0 * y, [0]), None, y)
    assert score == pytest.approx(PREDICTED[name](y, 0 * y, 2))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12))
def test_smooth_scores_lie_between_0_and_1_and_are_1_for_no_mistake(pairs):
    y, predicted = np.array(pairs).T
    for name in SMOOTH:
        assert 0 <= _smooth(name, y, np.eye(3)[predicted]) <= 1
        if len(set(y)) == 3:
            assert _smooth(name, y, np.eye(3)[y]) == 1


# --- probabilities


def test_probabilities_stand_in_the_column_of_their_class():
    learner = FixedProbabilities([[0.2, 0.8]], [0, 2])
    assert probabilities(learner, None).tolist() == [[0.2, 0.0, 0.8]]
    assert probabilities(Fixed([2, 0], [0, 2]), None).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_smooth_accuracy_is_the_mean_probability_of_the_truth(n_classes):
    y, _ = _predictions(n_classes)
    predicted = np.random.default_rng(1).dirichlet(np.ones(n_classes), size=len(y))
    truth = predicted[np.arange(len(y)), y]
    assert _smooth("accuracy", y, predicted) == pytest.approx(truth.mean())
    recalls = [truth[y == code].mean() for code in range(n_classes)]
    assert _smooth("balanced_accuracy", y, predicted) == pytest.approx(np.mean(recalls))
    assert _smooth("g_mean", y, predicted) == pytest.approx(np.prod(recalls) ** (1 / n_classes))


def test_smooth_f1_by_hand():
    # Found 0.9 + 0.3 of two rare rows, predicted 0.9 + 0.3 + 0.2 in all: F1 is 2 * 1.2 / (2 + 1.4).
    rare = np.array([0.9, 0.3, 0.2, 0.0])
    assert _smooth("f1", [1, 1, 0, 0], np.stack([1 - rare, rare], axis=1)) == pytest.approx(2.4 / 3.4)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_row_that_crosses_the_threshold_moves_the_score_a_little(name, n_classes):
    y, predicted = _predictions(n_classes, n=12)
    row, step = int(np.flatnonzero((y == 1) & (predicted == 1))[0]), 1e-3
    scores, labels = [], []
    for p in (0.5 - step, 0.5 + step):
        given = np.eye(n_classes)[predicted]
        given[row] = 0.0
        given[row, :2] = 1 - p, p
        scores.append(_smooth(name, y, given))
        labels.append(PREDICTED[name](y, given.argmax(1), n_classes))
    assert 0 < scores[1] - scores[0] < 2 * step
    assert labels[1] - labels[0] > 20 * step  # where labels count, the same row moves it a lot


@given(st.data())
def test_being_surer_of_the_truth_never_lowers_a_score(data):
    y, _ = _predictions(3, n=9)
    predicted = np.random.default_rng(data.draw(st.integers(0, 99))).dirichlet(np.ones(3), size=9)
    row, share = data.draw(st.integers(0, 8)), data.draw(st.floats(0, 1))
    surer = predicted.copy()
    surer[row] = (1 - share) * predicted[row] + share * np.eye(3)[y[row]]
    for name in SMOOTH:
        assert _smooth(name, y, surer) >= _smooth(name, y, predicted) - 1e-12


def test_smooth_scores_are_called_like_the_scorers_they_stand_for():
    assert set(SMOOTH) <= set(scorer_names())


# --- the oracle


def _clouds(n_classes, seed=0):
    counts = [60, 25, 15][:n_classes]
    codes = np.repeat(np.arange(n_classes), counts)
    values = np.random.default_rng(seed).normal(size=(len(codes), 2)) + codes[:, None]
    return Rows(values, codes, np.array(["x", "y", "z"][:n_classes]))


def _scores(learner, name, n_classes):
    """With ``smooth`` and without."""
    train, holdout = _clouds(n_classes), _clouds(n_classes, 1)
    return [
        DownstreamOracle(learner, scoring=name, smooth=smooth)
        .fit(train, targets=[1])
        .score(holdout, train.of(1))
        for smooth in (True, False)
    ]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_without_smooth_the_oracle_scores_predictions(name, n_classes):
    train, holdout = _clouds(n_classes), _clouds(n_classes, 1)
    both = train.join(train.of(1))
    predicted = LogisticRegression().fit(both.values, both.codes).predict(holdout.values)
    smooth, plain = _scores(LogisticRegression(), name, n_classes)
    assert plain == pytest.approx(PREDICTED[name](holdout.codes, predicted, n_classes))
    assert smooth != plain


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_classifiers_without_probabilities_are_scored_by_their_predictions(name, n_classes):
    smooth, plain = _scores(RidgeClassifier(), name, n_classes)
    assert smooth == pytest.approx(plain)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "neg_log_loss", "recall"])
def test_other_scorers_are_the_same_with_smooth(name):
    smooth, plain = _scores(LogisticRegression(), name, 2)
    assert smooth == plain


# --- weights


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_weighted_row_counts_as_much_as_its_copies(name, n_classes):
    y, predicted = _predictions(n_classes)
    first = np.flatnonzero(y == 0)[:3]
    kept = np.concatenate([np.flatnonzero(y > 0), first])
    copies = np.concatenate([kept, *[first] * 4])  # each of these three five times
    some, all_ = (Fixed(predicted[rows], range(n_classes)) for rows in (kept, copies))
    weights = (np.bincount(y[copies]) / np.bincount(y[kept]))[y[kept]]
    thinned = scorer_of(name, n_classes, smooth=True)(some, None, y[kept], sample_weight=weights)
    assert thinned == pytest.approx(confusion_score(SMOOTH[name], all_, None, y[copies]))
