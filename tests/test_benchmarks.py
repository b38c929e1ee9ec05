"""Cells of the benchmark: what is compared, what is scored, and nothing that leaks."""

import math
from dataclasses import replace

import numpy as np
import pytest
from imblearn.metrics import geometric_mean_score
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn import metrics as reference
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

from benchmarks import classifiers, metrics, protocol, run
from benchmarks.audit import LeakError, audit
from benchmarks.classifiers import CLASSIFIERS
from benchmarks.fidelity import fidelity
from benchmarks.methods import METHODS, TITLES, Method
from benchmarks.preparation import Setting, on_raw
from benchmarks.protocol import Cell
from benchmarks.tables import (
    EMBEDDED,
)
from gan_oversampler import GANOversampler
from tests.small_benchmarks import QUICK, patched, tiny

# Cells


def test_a_cell_equals_the_pipeline_it_stands_for():
    table = tiny(categorical=("c",))
    train, test = protocol.split(table, protocol.N_FOLDS, 0)[0]
    steps = METHODS["smote"].steps(Setting.of(train, 0))
    after = FrozenEstimator(steps.after.fit(steps.before.fit_transform(train.X)))
    stages = [("before", steps.before), ("sampler", steps.sampler), ("after", after)]
    pipeline = Pipeline([*stages, ("classifier", CLASSIFIERS["tree"].make())]).fit(train.X, train.y)
    (row,) = protocol.evaluate(Cell(table, 0, 0, "smote", ("tree",)))
    assert math.isclose(row["f1"], reference.f1_score(test.y, pipeline.predict(test.X)), abs_tol=1e-6)


@pytest.mark.parametrize("categorical", [(), ("c",), ("a", "b", "c")])
@pytest.mark.parametrize(
    "method", ["class_weight", "random", "smoothed_bootstrap", "smote", "borderline", "ours_base_only"]
)
def test_methods_work_on_numbers_categories_and_few_rows(method, categorical):
    for row in protocol.evaluate(Cell(tiny(categorical, n_minority=6), 0, 0, method, QUICK)):
        assert row["error"] == ""


@pytest.mark.parametrize("method", ["svm_smote", "kmeans_smote", "adasyn", "smote_tomek", "smote_enn"])
def test_further_methods_work_on_numbers(method):
    table = EMBEDDED["wine-third"]()
    assert [row["error"] for row in protocol.evaluate(Cell(table, 0, 0, method, ("knn",)))] == [""]


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


def test_every_method_has_a_title_of_its_own():
    assert len(set(TITLES.values())) == len(METHODS)


def test_one_hot_groups_follow_the_numbers():
    setting = Setting.of(tiny(categorical=("a", "c")), 0)
    assert setting.one_hot_groups == ((1, 2, 3), (4, 5, 6))


# Scores


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


def test_fidelity_tells_copies_strangers_and_equals_apart():
    rng = np.random.default_rng(0)
    seen, held_out, equal = (rng.normal(size=(200, 2)) for _ in range(3))
    wide = rng.normal(size=(200, 40)) * 1e3  # here neighbours are found by inexact distances
    assert fidelity(wide[:50], wide, -wide, rng)["copies"] == 1.0
    copies = fidelity(seen, seen, held_out, rng)
    assert (copies["copies"], copies["dcr_ratio"]) == (1.0, 0.0)
    strangers = fidelity(equal + 50, seen, held_out, rng)
    assert math.isclose(strangers["c2st"], 1 - 199 / 399)
    assert (strangers["coverage"], strangers["copies"]) == (0.0, 0.0)
    fine = fidelity(equal, seen, held_out, rng)
    assert abs(fine["c2st"]) < 0.08
    assert fine["coverage"] > 0.9
    assert 0.7 < fine["dcr_ratio"] < 1.4


def test_telling_apart_is_measured_from_chance_however_few_rows_there_are():
    rng = np.random.default_rng(0)
    for n in (2, 3, 5):
        found = [
            fidelity(rng.normal(size=(30, 2)), rng.normal(size=(30, 2)), rng.normal(size=(n, 2)), rng)["c2st"]
            for _ in range(200)
        ]
        assert abs(np.mean(found)) < 0.05


def test_the_calibration_error_is_that_of_the_frequencies():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    y = (rng.uniform(size=len(p)) < p).astype(int)
    assert metrics.calibration_error(y, p) < 0.01
    assert math.isclose(metrics.calibration_error(y, p**2), np.mean(p) - np.mean(p**2), abs_tol=0.02)
    constant = np.repeat([0.0, 1.0], [97, 3])  # a tree that says 0 almost everywhere
    assert math.isclose(metrics.calibration_error(np.arange(100) >= 95, constant), 0.02)


# Leaks


@pytest.mark.parametrize("method", ["none", "smote", "ours_base_only"])
@pytest.mark.parametrize("categorical", [(), ("c",)])
def test_held_out_rows_change_nothing(method, categorical):
    audit(Cell(tiny(categorical), 0, 0, method))


def test_training_gans_under_an_oracle_does_not_see_held_out_rows(monkeypatch):
    trained = GANOversampler(max_steps=10, epoch_unit=5, random_state=0)
    patched(monkeypatch, trained=Method("trained", lambda setting: on_raw(setting, trained)))
    audit(Cell(tiny(), 0, 0, "trained"))


def test_the_oracle_is_shown_rows_of_the_training_fold_only(monkeypatch):
    shown: list[float] = []

    def spy(real, synthetic):
        shown.extend(real["id"])
        return 0.0

    table = tiny()
    table = replace(table, X=table.X.assign(id=np.arange(100) + 0.5))
    sampler = GANOversampler(oracle=spy, max_steps=0, random_state=0)
    patched(monkeypatch, spied=Method("spied", lambda setting: on_raw(setting, sampler)))
    (row,) = protocol.evaluate(Cell(table, 0, 0, "spied", ("knn",)))
    train, held_out = protocol.positions(table, protocol.N_FOLDS, 0)[0]
    assert row["error"] == ""
    assert set(shown) & set(train + 0.5)
    assert not set(shown) & set(held_out + 0.5)


def test_a_threshold_that_peeks_is_found(monkeypatch):
    cell, whole = Cell(tiny(), 0, 0, "none", tuned=True), []

    def remembering(table, n, seed):
        whole.append(table) if len(table.y) == 100 else None
        return split(table, n, seed)

    split = protocol.split
    monkeypatch.setattr(protocol, "split", remembering)
    audit(cell)
    monkeypatch.setattr(protocol, "thresholds", lambda cell, train: {"logistic": {"f1": peek(whole)}})
    with pytest.raises(LeakError):
        audit(cell)


def peek(tables):
    """A threshold that depends on all rows of the table."""
    return float(tables[-1].X.to_numpy().mean())


def _scaled_before_the_split(split):
    def leaky(table, n, seed):
        scaled = StandardScaler().set_output(transform="pandas").fit_transform(table.X)
        return split(replace(table, X=scaled, scaled=True), n, seed)

    return leaky


def _sampled_before_the_split(split):
    def leaky(table, n, seed):
        X, y = SMOTE(random_state=0).fit_resample(table.X, table.y)
        return split(replace(table, X=X, y=y), n, seed)

    return leaky


@pytest.mark.parametrize("plant", [_scaled_before_the_split, _sampled_before_the_split])
def test_a_planted_leak_is_found(monkeypatch, plant):
    monkeypatch.setattr(protocol, "split", plant(protocol.split))
    with pytest.raises(LeakError, match="sees more than the training fold"):
        audit(Cell(tiny(), 0, 0, "none"))


def test_an_audit_names_the_method_that_leaks(monkeypatch, capsys):
    monkeypatch.setattr(protocol, "split", _scaled_before_the_split(protocol.split))
    with pytest.raises(SystemExit, match="1"):
        run.main(["smoke", "--tables", "wine-third", "--methods", "none", "--audit"])
    assert "none: LEAK" in capsys.readouterr().out
