"""Corrected probabilities are those of the original class shares."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from scipy.stats import norm
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline as plain_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from gan_oversampler import GANOversampler
from gan_oversampler.calibration import PriorCorrectedClassifier, log_odds, to_shares
from tests.tables import mixed, numbers


class Bayes(ClassifierMixin, BaseEstimator):
    """Knows the classes' densities, learns their shares: the posterior of the rows it is fitted on."""

    def __init__(self, means=()):
        self.means = means

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        joint = norm.pdf(np.asarray(X), self.means) * self.shares_
        return joint / joint.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def copies():
    return RandomOverSampler(random_state=0)


def gaussians(sizes, seed=0):
    """Rows of classes 0, 1, ... around 0, 1.5, ... in random order."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return rng.normal(1.5 * y)[:, None], y


# --- Bayes' rule


@pytest.mark.parametrize("sizes", [(900, 100), (20, 480), (700, 200, 100), (5, 60, 400, 35)])
def test_the_bayes_posterior_of_resampled_rows_becomes_that_of_the_original_rows(sizes):
    X, y = gaussians(sizes)
    bayes = Bayes(tuple(1.5 * np.arange(len(sizes))))
    model = PriorCorrectedClassifier(bayes, copies(), method="prior").fit(X, y)
    grid = np.linspace(-3, 8, 200)[:, None]
    truth = bayes.fit(X, y).predict_proba(grid)
    np.testing.assert_allclose(model.predict_proba(grid), truth, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(model.predict(grid), bayes.predict(grid))
    np.testing.assert_allclose(model.shares_, np.array(sizes) / sum(sizes))
    np.testing.assert_allclose(model.seen_shares_, 1 / len(sizes))
    assert np.abs(model.pipeline_.predict_proba(grid) - truth).max() > 0.1


def test_moving_to_other_shares_and_back_changes_nothing():
    p = np.random.default_rng(0).dirichlet(np.ones(3), size=50)
    a, b = np.array([0.2, 0.3, 0.5]), np.array([0.7, 0.2, 0.1])
    np.testing.assert_allclose(to_shares(to_shares(p, seen=a, wanted=b), seen=b, wanted=a), p, atol=1e-12)
    np.testing.assert_allclose(to_shares(p, seen=a, wanted=a), p, atol=1e-15)


def test_probabilities_equal_to_the_seen_shares_become_the_original_shares():
    seen, wanted = [0.25, 0.25, 0.5], [0.9, 0.06, 0.04]
    np.testing.assert_allclose(to_shares(np.array([seen]), seen=seen, wanted=wanted), [wanted])


def test_shares_that_sampling_leaves_alone_change_nothing():
    X, y = gaussians((300, 100))
    idle = FunctionSampler()
    model = PriorCorrectedClassifier(LogisticRegression(), idle, method="prior").fit(X, y)
    np.testing.assert_allclose(
        model.predict_proba(X), LogisticRegression().fit(X, y).predict_proba(X), atol=1e-12
    )


@pytest.mark.parametrize("sizes", [(9000, 1000), (9000, 2500, 500)])
@pytest.mark.parametrize(("method", "off"), [("prior", 0.01), ("sigmoid", 0.03)])
def test_mean_probabilities_are_the_original_shares(sizes, method, off):
    X, y = gaussians(sizes)
    model = PriorCorrectedClassifier(LogisticRegression(C=np.inf), copies(), method=method).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X).mean(axis=0), model.shares_, atol=off)
    assert np.abs(model.pipeline_.predict_proba(X).mean(axis=0) - model.shares_).max() > 0.15


@pytest.mark.parametrize("method", ["prior", "sigmoid"])
def test_with_two_classes_the_ranking_stays(method):
    X, y = gaussians((300, 60))
    model = PriorCorrectedClassifier(LogisticRegression(), copies(), method=method).fit(X, y)
    corrected, plain = model.predict_proba(X)[:, 1], model.pipeline_.predict_proba(X)[:, 1]
    assert roc_auc_score(y, corrected) == pytest.approx(roc_auc_score(y, plain), abs=1e-12)
    assert (np.argsort(corrected) == np.argsort(plain)).all()


@pytest.mark.parametrize("method", ["prior", "sigmoid"])
def test_names_and_order_of_classes_do_not_matter(method):
    X, y = gaussians((300, 100, 40))
    names, turned = np.array(["zebra", "mouse", "ant"], object), [2, 1, 0]
    model = PriorCorrectedClassifier(Bayes((0.0, 1.5, 3.0)), copies(), method=method)
    numbered = model.fit(X, y).predict_proba(X)
    named = clone(model).set_params(estimator=Bayes((3.0, 1.5, 0.0))).fit(X, names[y])
    assert named.classes_.tolist() == ["ant", "mouse", "zebra"]
    np.testing.assert_allclose(named.predict_proba(X)[:, turned], numbered, atol=1e-6)
    assert set(named.predict(X)) <= set(names)


# --- on real tables


def worst_tenth():
    X, progression = load_diabetes(return_X_y=True)
    return X, (progression >= 265).astype(int)


def malignant():
    X, y = load_breast_cancer(return_X_y=True)
    return X, 1 - y


@pytest.mark.parametrize(
    ("table", "classifier", "method"),
    [
        (malignant, LogisticRegression(max_iter=1000), "prior"),
        (malignant, RandomForestClassifier(50, random_state=0), "sigmoid"),
        (worst_tenth, LogisticRegression(max_iter=1000), "sigmoid"),
        (worst_tenth, RandomForestClassifier(50, random_state=0), "sigmoid"),
    ],
)
def test_brier_score_of_a_real_table_comes_back(table, classifier, method):
    X, y = table()
    pipe = plain_pipeline(StandardScaler(), classifier)
    model = PriorCorrectedClassifier(pipe, SMOTE(random_state=0), method=method)
    plain, uncorrected = _brier(pipe, X, y), _brier(make_pipeline(SMOTE(random_state=0), *pipe), X, y)
    corrected = _brier(model, X, y)
    assert corrected < uncorrected
    assert corrected < plain + 0.002


def _brier(model, X, y):
    return brier_score_loss(y, cross_val_predict(model, X, y, cv=5, method="predict_proba")[:, 1])


def test_the_gan_is_the_default_sampler_and_frames_of_every_kind_pass():
    X, y = mixed()
    assert isinstance(PriorCorrectedClassifier(LogisticRegression())._pipeline()[0], GANOversampler)
    marginal = Shares()
    sampler = GANOversampler(max_steps=0, oracle=None, random_state=0)
    model = PriorCorrectedClassifier(marginal, sampler, method="prior").fit(X, y)
    assert model.seen_shares_.tolist() == pytest.approx([1 / 3] * 3)
    assert model.predict_proba(X).mean(axis=0) == pytest.approx([70 / 120, 30 / 120, 20 / 120])
    assert model.feature_names_in_.tolist() == list(X.columns)
    assert model.n_features_in_ == 10


class Shares(ClassifierMixin, BaseEstimator):
    """Gives the shares it saw for every row."""

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        return np.tile(self.shares_, (len(X), 1))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


# --- pipelines


def test_a_pipeline_that_resamples_is_counted_where_its_classifier_stands():
    X, y = gaussians((300, 60))
    pipe = make_pipeline(StandardScaler(), RandomOverSampler(sampling_strategy=0.5, random_state=0), Bayes())
    pipe.set_params(bayes__means=(0.0, 2.0))
    model = PriorCorrectedClassifier(pipe, method="prior").fit(X, y)
    np.testing.assert_allclose(model.seen_shares_, [2 / 3, 1 / 3])
    rows = pipe.fit(X, y)[:-1][0].transform(X)
    truth = Bayes((0.0, 2.0)).fit(rows, y).predict_proba(rows)
    np.testing.assert_allclose(model.predict_proba(X), truth, atol=1e-12)
    assert [name for name, _ in pipe.steps] == ["standardscaler", "randomoversampler", "bayes"]


def test_a_sampler_given_comes_before_the_samplers_of_a_pipeline():
    X, y = gaussians((300, 60))
    pipe = make_pipeline(copies(), LogisticRegression())
    first = RandomOverSampler(sampling_strategy={1: 100}, random_state=0)
    model = PriorCorrectedClassifier(pipe, first, method="prior").fit(X, y)
    assert model.pipeline_.steps[0][1].sampling_strategy_ == {1: 40}
    assert model.seen_shares_.tolist() == [0.5, 0.5]


def test_a_pipeline_with_a_memory_is_counted_too(tmp_path):
    X, y = gaussians((300, 60))
    pipe = make_pipeline(copies(), LogisticRegression(), memory=str(tmp_path))
    for _ in range(2):
        model = PriorCorrectedClassifier(pipe, method="prior").fit(X, y)
        assert model.seen_shares_.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("sizes", [(300, 60), (3000, 600)])
def test_sigmoid_is_what_scikit_learn_fits_to_log_odds(sizes):
    X, y = gaussians(sizes)
    model = PriorCorrectedClassifier(LogisticRegression(), copies()).fit(X, y)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    # A logistic regression decides by its log-odds, so that scikit-learn calibrates these.
    theirs = CalibratedClassifierCV(make_pipeline(copies(), LogisticRegression()), cv=folds, ensemble=False)
    off = 5 / sum(sizes)  # one more row of each class is counted
    np.testing.assert_allclose(model.predict_proba(X), theirs.fit(X, y).predict_proba(X), rtol=0, atol=off)


@pytest.mark.parametrize("sizes", [(900, 100), (900, 100, 60)])
def test_log_odds_make_a_logistic_regression_as_good_as_without_resampling(sizes):
    X, y = gaussians(sizes)
    grid, centres = np.random.default_rng(1).normal(size=(500, 1)) * 2, tuple(1.5 * np.arange(len(sizes)))
    truth = Bayes(centres).fit(X, y).predict_proba(grid)
    model = PriorCorrectedClassifier(LogisticRegression(C=np.inf), SMOTE(random_state=0)).fit(X, y)
    uncorrected = model.pipeline_.predict_proba(grid)
    off, plain_off = (((p - truth) ** 2).mean() for p in (model.predict_proba(grid), uncorrected))
    assert off < 0.003 < 0.04 < plain_off


@given(st.integers(1, 10**6), st.integers(2, 5), st.integers(0, 99))
def test_log_odds_are_finite_and_rise_with_probabilities(n_rows, n_classes, seed):
    p = np.random.default_rng(seed).dirichlet(np.full(n_classes, 0.3), size=20)
    p[0] = np.eye(n_classes)[0]
    found = log_odds(p, n_rows)
    assert np.isfinite(found).all()
    assert (np.diff(found[np.argsort(p[:, 0]), 0]) >= 0).all()
    assert found[0, 0] == pytest.approx(np.log((n_rows + 1) / (n_classes - 1)))
    if n_classes == 2:
        np.testing.assert_allclose(found[:, 0], -found[:, 1], atol=1e-9)


def test_log_odds_of_many_rows_are_those_of_the_probabilities():
    p = np.array([[0.2, 0.8], [0.5, 0.5]])
    np.testing.assert_allclose(log_odds(p, 10**9), np.log(p / (1 - p)), atol=1e-6)


def test_folds_of_a_sorted_table_are_shuffled():
    X, y = gaussians((600, 120))
    order, fresh = np.argsort(X[:, 0]), gaussians((6000, 1200), seed=1)
    losses = []
    for cv in (3, StratifiedKFold(3)):
        model = PriorCorrectedClassifier(RandomForestClassifier(20, random_state=0), copies(), cv=cv)
        p = model.fit(X[order], y[order]).predict_proba(fresh[0])[:, 1]
        losses.append(brier_score_loss(fresh[1], p))
    assert losses[0] < losses[1]


def test_sigmoid_corrects_class_weights():
    X, y = gaussians((2000, 200))
    weighted = LogisticRegression(class_weight="balanced")
    model = PriorCorrectedClassifier(weighted, FunctionSampler()).fit(X, y)
    assert model.pipeline_.predict_proba(X)[:, 1].mean() > 0.2
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(1 / 11, abs=0.005)


def test_the_threshold_of_the_rare_share_gives_the_labels_of_balanced_rows():
    X, y = gaussians((300, 60))
    model = PriorCorrectedClassifier(LogisticRegression(), copies(), method="prior")
    balanced = FixedThresholdClassifier(model, threshold=60 / 360, response_method="predict_proba")
    labels = make_pipeline(copies(), LogisticRegression()).fit(X, y).predict(X)
    np.testing.assert_array_equal(balanced.fit(X, y).predict(X), labels)
    assert model.fit(X, y).predict(X).sum() < labels.sum()


# --- searches, clones and bad input


def test_searching_cloning_and_pickling():
    X, y = numbers()
    model = PriorCorrectedClassifier(LogisticRegression(), copies(), cv=2)
    grid = {"method": ["prior", "sigmoid"], "estimator__C": [0.1, 1.0]}
    search = GridSearchCV(model, grid, scoring="neg_brier_score", cv=2).fit(X, y)
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))


def test_a_refit_by_the_other_method_forgets_the_first():
    X, y = numbers()
    model = PriorCorrectedClassifier(LogisticRegression(), copies()).fit(X, y)
    fresh = clone(model).set_params(method="prior").fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.set_params(method="prior").fit(X, y).predict_proba(X), fresh)
    assert not hasattr(model, "calibrated_")


def test_names_of_columns_are_checked():
    X, y = load_breast_cancer(as_frame=True, return_X_y=True)
    model = PriorCorrectedClassifier(RandomForestClassifier(5), copies(), method="prior").fit(X, y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict_proba(X.rename(columns=str.upper))


def test_labels_may_be_a_series_with_an_index_of_its_own():
    X, y = gaussians((300, 60))
    series = pd.Series(np.where(y, "rare", "common"), index=np.arange(360) + 7)
    model = PriorCorrectedClassifier(LogisticRegression(), copies()).fit(X, series)
    assert model.classes_.tolist() == ["common", "rare"]


@pytest.mark.parametrize(
    ("model", "labels", "message"),
    [
        (PriorCorrectedClassifier(LinearSVC()), [0, 1], "implementing 'fit' and 'predict_proba'"),
        (PriorCorrectedClassifier(Bayes(), StandardScaler()), [0, 1], "implementing 'fit_resample'"),
        (PriorCorrectedClassifier(Bayes(), method="platt"), [0, 1], "'method' parameter"),
        (PriorCorrectedClassifier(Bayes(), copies()), [1, 1], "one class only"),
        (PriorCorrectedClassifier(Bayes(), copies(), cv=40), [0, 1], "40-fold"),
    ],
)
def test_errors_say_what_is_needed(model, labels, message):
    X, _ = numbers(60, 20)
    with pytest.raises(ValueError, match=message):
        model.fit(X, np.repeat(labels, 30))


@parametrize_with_checks(
    [
        PriorCorrectedClassifier(LogisticRegression(), copies(), method=method, cv=2)
        for method in ("prior", "sigmoid")
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)
