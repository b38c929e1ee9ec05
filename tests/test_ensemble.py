"""An ensemble averages classifiers of several draws, whatever the sampler."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn import FunctionSampler
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from imblearn.utils.estimator_checks import parametrize_with_checks as imbalanced_checks
from imblearn.utils.testing import all_estimators
from joblib import parallel_config
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from gan_oversampler import GAN, GANOversampler, PriorCorrectedClassifier
from gan_oversampler.ensemble import ResamplingEnsembleClassifier
from tests.samplers import UNTRAINED, quick
from tests.tables import mixed, numbers
from tests.test_calibration import Bayes, gaussians

X, Y = numbers(200, 30)


def untrained(**changes):
    """A sampler that draws as SMOTE does, fitted in a moment."""
    return quick(**{"gan": UNTRAINED, "max_steps": 0, "oracle": None, "baselines": (), **changes})


def ensemble(estimator=None, sampler=None, **changes):
    tree = DecisionTreeClassifier(max_depth=4)
    parameters = {"n_estimators": 3, "random_state": 0, **changes}
    return ResamplingEnsembleClassifier(estimator or tree, sampler or untrained(), **parameters)


class Witness(ClassifierMixin, BaseEstimator):
    """Remembers what it was fitted on."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.X_, self.y_, self.sample_weight_, self.groups_ = X, np.asarray(y), sample_weight, groups
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.tile(np.bincount(np.searchsorted(self.classes_, self.y_)) / len(self.y_), (len(X), 1))

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


# --- the mean


@pytest.mark.parametrize("sampler", [untrained(), SMOTE(), RandomUnderSampler(), SMOTETomek()])
def test_probabilities_are_the_mean_of_the_members(sampler):
    model = ensemble(sampler=sampler).fit(X, Y)
    members = [member.predict_proba(X) for member in model.estimators_]
    np.testing.assert_allclose(model.predict_proba(X), np.mean(members, axis=0), rtol=0, atol=1e-15)
    assert not np.array_equal(members[0], members[1])
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X).argmax(axis=1))


def test_the_brier_score_is_at_most_the_mean_of_the_members():
    """A convex loss of a mean is at most the mean loss, with equality only if all members agree."""
    unseen, labels = gaussians((170, 30), seed=1)
    model = ensemble(sampler=SMOTE(), n_estimators=5).fit(*gaussians((170, 30)))
    losses = [brier_score_loss(labels, m.predict_proba(unseen)[:, 1]) for m in model.estimators_]
    assert brier_score_loss(labels, model.predict_proba(unseen)[:, 1]) < np.mean(losses)


def test_more_draws_scatter_less_over_seeds():
    unseen = X + np.random.default_rng(1).normal(size=X.shape)
    scatter = {}
    for n_estimators in (1, 8):
        models = [ensemble(sampler=SMOTE(), n_estimators=n_estimators, random_state=i) for i in range(5)]
        scatter[n_estimators] = np.var([m.fit(X, Y).predict_proba(unseen) for m in models], axis=0).mean()
    assert scatter[8] < scatter[1] / 3


@pytest.mark.parametrize("sizes", [(900, 100), (700, 200, 100)])
def test_the_bayes_posterior_of_resampled_rows_becomes_that_of_the_original_rows(sizes):
    rows, labels = gaussians(sizes)
    bayes = Bayes(tuple(1.5 * np.arange(len(sizes))))
    model = ensemble(bayes, RandomOverSampler(), correct_prior=True).fit(rows, labels)
    grid = np.linspace(-3, 8, 50)[:, None]
    np.testing.assert_allclose(
        model.predict_proba(grid), bayes.fit(rows, labels).predict_proba(grid), atol=1e-12
    )
    np.testing.assert_allclose(model.shares_, np.array(sizes) / sum(sizes))
    np.testing.assert_allclose(model.seen_shares_, 1 / len(sizes))


def test_the_correction_can_be_learned_around_it():
    rows, labels = gaussians((900, 100))
    inside = ensemble(LogisticRegression(), RandomOverSampler(), correct_prior=True)
    around = PriorCorrectedClassifier(ensemble(LogisticRegression(), RandomOverSampler()), FunctionSampler())
    for model in (inside, around):
        assert model.fit(rows, labels).predict_proba(rows)[:, 1].mean() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("classifier", [LinearSVC(), SVC(), RidgeClassifier(), Perceptron()])
@pytest.mark.parametrize("table", [(200, 30), (200, 40, 20)])
def test_decision_functions_are_averaged_where_there_are_no_probabilities(classifier, table):
    rows, labels = gaussians(table)
    model = ensemble(classifier, SMOTE()).fit(rows, labels)
    assert not hasattr(model, "predict_proba")
    members = [member.decision_function(rows) for member in model.estimators_]
    np.testing.assert_allclose(model.decision_function(rows), np.mean(members, axis=0))
    likeliest = np.mean(members, axis=0)
    codes = likeliest.argmax(axis=1) if likeliest.ndim > 1 else (likeliest > 0).astype(int)
    np.testing.assert_array_equal(model.predict(rows), model.classes_[codes])
    assert (model.predict(rows) == labels).mean() > 0.5


# --- draws


@pytest.mark.parametrize("n_estimators", [1, 3])
def test_a_sampler_that_can_sample_is_fitted_once(monkeypatch, n_estimators):
    fits, train = [], GANOversampler._train
    monkeypatch.setattr(
        GANOversampler, "_train", lambda self, *a, **k: fits.append(1) or train(self, *a, **k)
    )
    ensemble(n_estimators=n_estimators).fit(X, Y)
    assert len(fits) == 1


def test_members_see_the_real_rows_and_new_rows_of_their_own():
    model = ensemble(Witness()).fit(X, Y)
    tables = [member.X_ for member in model.estimators_]
    for member, table in zip(model.estimators_, tables):
        np.testing.assert_array_equal(table[: len(X)], X)
        assert np.bincount(member.y_).tolist() == [170, 170]
    new = [{tuple(row) for row in table[len(X) :]} for table in tables]
    assert not (new[0] | new[1]) & new[2]
    assert not new[0] & new[1]


def test_a_fitted_sampler_is_used_as_it_is():
    sampler = untrained().fit(X, Y)
    model = ensemble(Witness(), FrozenEstimator(sampler)).fit(X, Y)
    assert model.sampler_.estimator is sampler
    assert np.bincount(model.estimators_[0].y_).tolist() == [170, 170]


@pytest.mark.parametrize("sampler", [untrained(), SMOTE(k_neighbors=3)])
def test_the_same_seed_gives_the_same_members_for_any_number_of_jobs(sampler):
    with parallel_config("threading"):
        alone, two, more = (
            ensemble(sampler=sampler, **changes).fit(X, Y).estimators_
            for changes in ({}, {"n_jobs": 2}, {"n_estimators": 4})
        )
    for others in (two, more):
        for member, other in zip(alone, others):
            np.testing.assert_array_equal(member.predict_proba(X), other.predict_proba(X))
    other = ensemble(sampler=sampler, random_state=1).fit(X, Y).estimators_[0]
    assert not np.array_equal(other.predict_proba(X), alone[0].predict_proba(X))


@pytest.mark.parametrize("sampler", [untrained(), SMOTE(k_neighbors=3), RandomOverSampler()])
@pytest.mark.parametrize(("most", "n"), [(0.5, 85), (40, 40), (500, 170), (1.0, 170)])
def test_members_see_all_rare_rows_and_a_part_of_the_others(sampler, most, n):
    model = ensemble(Witness(), sampler, max_samples=most).fit(X, Y)
    rare = {tuple(row) for row in X[Y == 1]}
    seen = [{tuple(row) for row in m.X_[m.y_ == 0]} for m in model.estimators_]
    for member, common in zip(model.estimators_, seen):
        assert np.bincount(member.y_).tolist() == [n, n]
        assert rare <= {tuple(row) for row in member.X_}
        assert common <= {tuple(row) for row in X[Y == 0]}
        assert len(common) == n
    assert (seen[0] == seen[1]) == (n == 170)


def test_a_part_keeps_the_ratios_of_several_classes():
    rows, labels = gaussians((300, 60, 20))
    sampler = untrained(sampling_strategy={1: 0.5, 2: 0.4})
    model = ensemble(Witness(), sampler, max_samples=0.5).fit(rows, labels)
    assert np.bincount(model.estimators_[0].y_).tolist() == [150, 75, 60]


# --- every sampler, every container


SAMPLERS = dict(all_estimators(type_filter="sampler"))
OF_CATEGORIES = {"SMOTEN", "SMOTENC"}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - OF_CATEGORIES))
def test_every_sampler_of_imbalanced_learn_works(name):
    quickest = {
        "InstanceHardnessThreshold": {"estimator": LogisticRegression()},
        "KMeansSMOTE": {"cluster_balance_threshold": 0.05},
    }
    sampler = SAMPLERS[name](**quickest.get(name, {}))
    model = ensemble(LogisticRegression(), sampler, n_estimators=2).fit(X, Y)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert p[Y == 1, 1].mean() > p[Y == 0, 1].mean()


@pytest.mark.parametrize("sampler", [SAMPLERS["SMOTEN"](), SAMPLERS["SMOTENC"]([1])])
def test_samplers_of_categories_work(sampler):
    codes = np.column_stack([X[:, 0].round(), X[:, 1] > 0]).astype(int).astype(float)
    model = ensemble(DecisionTreeClassifier(max_depth=3), sampler).fit(codes, Y)
    for member in model.estimators_:
        assert member.tree_.n_node_samples[0] == 340


@pytest.mark.parametrize("container", ["pandas", "polars", "pyarrow"])
def test_frames_of_every_kind_reach_the_members(container):
    frame, labels = mixed()
    frame = frame[["amount", "city", "member"]].assign(city=frame["city"].astype(str))
    table = frame
    if container != "pandas":
        library = pytest.importorskip(container)
        table = library.from_pandas(frame) if container == "polars" else library.Table.from_pandas(frame)
    # Of these containers imbalanced-learn's own samplers know pandas only.
    for sampler in (untrained(), RandomOverSampler())[: 1 + (container == "pandas")]:
        model = ensemble(Witness(), sampler, max_samples=0.5).fit(table, labels)
        assert {type(member.X_) for member in model.estimators_} == {type(table)}
        assert len(model.estimators_[0].X_) == len(model.estimators_[0].y_) == 105


def test_a_frame_with_categories_is_encoded_by_the_members():
    frame, labels = mixed()
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city"]), ("passthrough", ["amount"])
    )
    model = ensemble(make_pipeline(encoder, DecisionTreeClassifier())).fit(frame, labels)
    assert model.feature_names_in_.tolist() == list(frame.columns)
    assert (model.predict(frame) == np.asarray(labels)).mean() > 0.5


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_matrix, lambda rows: rows.tolist()])
def test_sparse_rows_and_lists_pass(make):
    dense = ensemble(LogisticRegression()).fit(X, Y).predict_proba(X)
    found = ensemble(LogisticRegression()).fit(make(X), Y).predict_proba(make(X))
    np.testing.assert_allclose(found, dense, atol=1e-6)


# --- metadata


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_new_rows_weigh_as_their_class_does_on_average(routing):
    weights = np.where(Y == 1, 3.0, 1.0) + np.arange(len(Y)) % 2
    witness = Witness().set_fit_request(sample_weight=True)
    sampler = untrained().set_fit_resample_request(sample_weight=True)
    for found in (sampler, SMOTE()):
        member = ensemble(witness, found).fit(X, Y, sample_weight=weights).estimators_[0]
        np.testing.assert_array_equal(member.sample_weight_[: len(X)], weights)
        np.testing.assert_allclose(member.sample_weight_[len(X) :], weights[Y == 1].mean())


def test_rows_that_weigh_nothing_are_no_seeds(routing):
    half = (np.arange(len(Y)) % 2).astype(float)
    sampler = untrained(gan=GAN(base="bootstrap", loss_weights={}))
    sampler.set_fit_resample_request(sample_weight=True)
    witness = Witness().set_fit_request(sample_weight=False)
    model = ensemble(witness, sampler).fit(X, Y, sample_weight=half)
    seeds = {tuple(row) for row in X[(Y == 1) & (half == 1)].astype(np.float32).round(4)}
    new = model.estimators_[0].X_[len(X) :].astype(np.float32).round(4)
    assert {tuple(row) for row in new} <= seeds


@pytest.mark.parametrize("most", [1.0, 0.5])
def test_metadata_of_real_rows_stay_with_them(routing, most):
    groups = np.arange(len(Y))
    witness = Witness().set_fit_request(groups=True)
    model = ensemble(witness, RandomOverSampler(), max_samples=most).fit(X, Y, groups=groups)
    for member in model.estimators_:
        np.testing.assert_array_equal(X[member.groups_], member.X_)


def test_groups_reach_the_sampler(routing):
    groups = np.arange(len(Y)) // 2
    sampler = untrained(oracle="energy").set_fit_resample_request(groups=True)
    ensemble(sampler=sampler).fit(X, Y, groups=groups)
    with pytest.raises(ValueError, match="groups"):
        ensemble(sampler=sampler).fit(X, Y, groups=groups[:-1])


@pytest.mark.parametrize(
    ("sampler", "message"), [(SMOTE(), "new rows have none"), (SMOTETomek(), "does not tell which rows")]
)
def test_metadata_that_rows_do_not_have_are_refused(routing, sampler, message):
    witness = Witness().set_fit_request(groups=True)
    with pytest.raises(ValueError, match=message):
        ensemble(witness, sampler).fit(X, Y, groups=Y)


def test_metadata_without_routing_are_refused():
    with pytest.raises(ValueError, match="sample_weight"):
        ensemble().fit(X, Y, sample_weight=np.ones(len(Y)))


# --- a citizen of scikit-learn


def test_parameters_of_parts_have_names():
    model = ensemble(LogisticRegression(), untrained())
    model.set_params(estimator__C=7, sampler__max_steps=3)
    again = clone(model)
    assert (again.estimator.C, again.sampler.max_steps) == (7, 3)
    assert not hasattr(again, "estimators_")


def test_searching_tuning_and_pickling():
    model = ensemble(LogisticRegression(), SMOTE())
    search = GridSearchCV(model, {"n_estimators": [1, 2], "estimator__C": [0.1, 1]}, cv=2).fit(X, Y)
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    tuned = TunedThresholdClassifierCV(ensemble(), scoring="f1", cv=2).fit(X, Y)
    assert 0 < tuned.best_threshold_ < 1


@pytest.mark.parametrize("sampler", [pytest.param(untrained(), marks=pytest.mark.slow), SMOTE()])
def test_skops_stores_it(sampler):
    io = pytest.importorskip("skops.io")
    model = ensemble(LogisticRegression(), sampler).fit(X, Y)
    stored = io.dumps(model)
    again = io.loads(stored, trusted=io.get_untrusted_types(data=stored))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_notebooks_show_it_with_a_link_to_its_page():
    page = ensemble()._repr_html_()
    assert "ResamplingEnsembleClassifier" in page
    assert "api/gan_oversampler.html#ResamplingEnsembleClassifier" in page


def test_the_default_sampler_is_the_gan():
    assert isinstance(ensemble().set_params(sampler=None)._sampler(), GANOversampler)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ensemble(n_estimators=0), "n_estimators"),
        (ensemble(max_samples=0.0), "max_samples"),
        (ensemble(sampler=DummyClassifier()), "implementing 'fit_resample'"),
        (ensemble(LinearSVC(), correct_prior=True), "no predict_proba"),
        (ensemble(sampler=FunctionSampler(func=lambda X, y: (X[y == 0], y[y == 0]))), "classes"),
    ],
)
def test_errors_say_what_is_needed(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)


def test_names_of_columns_are_checked():
    frame = pd.DataFrame(X).add_prefix("c")
    model = ensemble(KNeighborsClassifier()).fit(frame, Y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict_proba(frame.rename(columns=str.upper))


CHECKED = [ensemble(LogisticRegression(), RandomOverSampler(), n_estimators=2, correct_prior=True)]


@parametrize_with_checks(CHECKED)
def test_scikit_learn(estimator, check):
    check(estimator)


# One check draws other rows each time, of some of which a logistic regression does not converge.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:lbfgs failed")
@imbalanced_checks(CHECKED)
def test_imbalanced_learn(estimator, check):
    check(estimator)
