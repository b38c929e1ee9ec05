"""A cell of the benchmark is what its protocol says."""

import math

import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline, make_pipeline
from sklearn import metrics as reference
from sklearn.frozen import FrozenEstimator

from benchmarks import classifiers, protocol
from benchmarks.classifiers import CLASSIFIERS
from benchmarks.methods import METHODS, Method, five_draws
from benchmarks.preparation import Setting, on_encoded, on_raw
from benchmarks.protocol import Cell
from gan_oversampler import GANOversampler, ResamplingEnsembleClassifier
from tests.benchmarks.small_benchmarks import QUICK, patched, tiny


def test_a_cell_equals_the_pipeline_it_stands_for():
    table = tiny(categorical=("c",))
    train, test = protocol.split(table, protocol.N_FOLDS, 0)[0]
    steps = METHODS["smote"].steps(Setting.of(train, 0))
    after = FrozenEstimator(steps.after.fit(steps.before.fit_transform(train.X)))
    stages = [("before", steps.before), ("sampler", steps.sampler), ("after", after)]
    pipeline = Pipeline([*stages, ("classifier", CLASSIFIERS["tree"].make())]).fit(train.X, train.y)
    (row,) = protocol.evaluate(Cell(table, 0, 0, "smote", ("tree",)))
    assert math.isclose(row["f1"], reference.f1_score(test.y, pipeline.predict(test.X)), abs_tol=1e-6)


def _untrained(setting):
    sampler = GANOversampler(max_steps=0, oracle=None, baselines=(), random_state=setting.random_state)
    return on_raw(setting, sampler)


@pytest.mark.parametrize("one_draw", [METHODS["smote"], Method("untrained", _untrained)])
def test_a_cell_of_five_draws_equals_the_ensemble_it_stands_for(one_draw, monkeypatch):
    patched(monkeypatch, five=five_draws("five draws", one_draw))
    table = tiny(categorical=("c",))
    train, test = protocol.split(table, protocol.N_FOLDS, 0)[0]
    steps = one_draw.steps(Setting.of(train, 0))
    rows = steps.before.fit_transform(train.X)
    member = make_pipeline(FrozenEstimator(steps.after.fit(rows)), CLASSIFIERS["tree"].make())
    sampler = steps.sampler
    if isinstance(sampler, GANOversampler):
        sampler = FrozenEstimator(sampler.fit(rows, train.y))
    voting = ResamplingEnsembleClassifier(member, sampler, n_estimators=5, random_state=0).fit(rows, train.y)
    scores = voting.predict_proba(steps.before.transform(test.X))[:, 1]
    (row,) = protocol.evaluate(Cell(table, 0, 0, "five", ("tree",)))
    expected = reference.average_precision_score(test.y, scores)
    assert math.isclose(row["average_precision"], expected, abs_tol=1e-6)


def test_class_weights_weigh():
    weighted, plain = (protocol.resample(name, tiny(), tiny(), 0) for name in ("class_weight", "none"))
    models = [
        classifiers.fit("logistic", fold.X, fold.y, weighted=fold.weighted) for fold in (weighted, plain)
    ]
    assert (models[0].predict_proba(plain.X)[:, 1] > models[1].predict_proba(plain.X)[:, 1]).all()
    assert (weighted.prior(models[0]), plain.prior(models[1])) == (0.5, 0.2)
    assert weighted.prior(classifiers.fit("knn", plain.X, plain.y, weighted=True)) == 0.2


def test_new_rows_are_those_that_the_sampler_drew():
    for method, n_new in (("random", 60), ("smote", 60), ("smote_tomek", 60), ("none", 0)):
        fold = protocol.resample(method, tiny(), tiny(), 0)
        assert abs(len(fold.new) - n_new) <= 10  # cleaning may take a few
        assert len(fold.seen) == 20


def test_inner_folds_too_small_for_a_sampler_leave_the_other_scores(monkeypatch):
    patched(monkeypatch, five=Method("five", lambda setting: on_encoded(setting, SMOTE(k_neighbors=5))))
    for row in protocol.evaluate(Cell(tiny(n_minority=9), 0, 0, "five", QUICK, tuned=True)):
        assert row["tuning_error"].startswith("ValueError")
        assert (row["error"], math.isnan(row["f1_tuned"])) == ("", True)
        assert 0 <= row["f1"] <= 1
