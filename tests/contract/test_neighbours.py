"""Together with other estimators: caches, ensembles, thresholds, calibration, searches, LightGBM."""

import numpy as np
import pandas as pd
import pytest
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.pipeline import make_pipeline
from sklearn.calibration import CalibratedClassifierCV
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.preprocessing import StandardScaler

from gan_oversampler import GAN, GANOversampler, PriorCorrectedClassifier
from gan_oversampler.gans.parts import Generator
from tests.samplers import UNTRAINED, quick
from tests.tables import cancer, mixed, numbers


def untrained(**changes):
    """A sampler that draws as SMOTE does, fitted in a moment."""
    return quick(**{"gan": UNTRAINED, "max_steps": 0, "oracle": None, "baselines": (), **changes})


def trained(**changes):
    """A sampler whose GAN is trained for a step or two and scored by a quick oracle."""
    return quick(**{"oracle": "energy", "baselines": (), **changes})


@pytest.fixture
def fits(monkeypatch):
    """The samplers that were fitted in this process and the numbers of their rows, in order."""
    seen, train = [], GANOversampler._train

    def counted(self, X, *args, **parameters):
        seen.append((self, len(X)))
        return train(self, X, *args, **parameters)

    monkeypatch.setattr(GANOversampler, "_train", counted)
    return seen


def test_a_pipeline_with_a_memory_trains_once(tmp_path, fits):
    X, y = cancer()
    pipeline = make_pipeline(trained(), LogisticRegression(max_iter=5000), memory=str(tmp_path))
    first = pipeline.fit(X, y).predict_proba(X)
    assert len(fits) == 1
    again = pipeline.set_params(logisticregression__max_iter=4000).fit(X, y).predict_proba(X)
    assert len(fits) == 1
    assert np.array_equal(again, first)
    # The pipeline holds the fitted sampler of the cache.
    assert pipeline[0].report_.history.equals(fits[0][0].report_.history)
    assert pipeline[0].sample(3).equals(fits[0][0].sample(3))
    pipeline.set_params(ganoversampler__gan__loss="hinge").fit(X, y)
    assert len(fits) == 2


def test_a_search_with_a_memory_trains_once_per_fold(tmp_path, fits):
    pipeline = make_pipeline(untrained(), LogisticRegression(), memory=str(tmp_path))
    GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1, 10]}, cv=2).fit(*numbers())
    assert len(fits) == 2 + 1  # folds, and all rows


def test_each_member_of_a_balanced_bagging_has_new_rows_of_its_own():
    X, y = numbers()
    bag = BalancedBaggingClassifier(n_estimators=3, sampler=untrained(), random_state=0).fit(X, y)
    samplers = [member[0] for member in bag.estimators_]
    assert len({sampler.random_state for sampler in samplers}) == 3
    assert len({tuple(sampler.sample(1)[0]) for sampler in samplers}) == 3
    assert bag.score(X, y) > 0.8


@pytest.mark.parametrize("model", ["pipeline", "corrected"])
def test_thresholds_are_tuned_on_rows_that_no_sampler_saw(model, fits):
    X, y = numbers()
    pipeline = make_pipeline(untrained(), LogisticRegression())
    if model == "corrected":
        pipeline = PriorCorrectedClassifier(LogisticRegression(), untrained(), method="prior")
    tuned = TunedThresholdClassifierCV(pipeline, scoring="f1", cv=2).fit(X, y)
    assert sorted(n_rows for _, n_rows in fits) == [45, 45, 90]
    assert 0 < tuned.best_threshold_ < 1
    assert tuned.best_score_ >= 0.5


def test_calibration_gives_the_original_shares_back_as_prior_correction_does():
    X, y = numbers(300, 30)
    pipeline = make_pipeline(untrained(), LogisticRegression())
    plain = pipeline.fit(X, y).predict_proba(X)[:, 1]
    calibrated = CalibratedClassifierCV(pipeline, cv=3).fit(X, y).predict_proba(X)[:, 1]
    corrected = PriorCorrectedClassifier(LogisticRegression(), untrained()).fit(X, y).predict_proba(X)[:, 1]
    assert plain.mean() > 0.15
    for better in (calibrated, corrected):
        assert better.mean() == pytest.approx(0.1, abs=0.03)
        assert brier_score_loss(y, better) < brier_score_loss(y, plain)


def test_calibration_of_a_corrected_classifier_changes_little():
    X, y = numbers(300, 30)
    corrected = PriorCorrectedClassifier(LogisticRegression(), untrained(), method="prior")
    both = CalibratedClassifierCV(corrected, cv=3).fit(X, y).predict_proba(X)[:, 1]
    assert both.mean() == pytest.approx(0.1, abs=0.03)


@pytest.mark.filterwarnings("ignore:No trained generator:UserWarning")
def test_successive_halving_gives_the_best_more_steps():
    pipeline = make_pipeline(trained(patience=9), LogisticRegression())
    search = HalvingRandomSearchCV(
        pipeline,
        {"ganoversampler__gan__loss": ["hinge", "relativistic"], "logisticregression__C": [0.1, 1.0]},
        resource="ganoversampler__max_steps",
        min_resources=2,
        max_resources=6,
        n_candidates=3,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(*numbers())
    assert (search.n_candidates_, search.n_resources_) == ([3, 1], [2, 6])
    assert search.best_estimator_[0].max_steps == 6
    assert search.best_estimator_[0].history_["step"].max() == 6


@pytest.mark.filterwarnings("ignore:OptunaSearchCV is experimental")
@pytest.mark.filterwarnings("ignore:`optuna.terminator`:FutureWarning")  # which OptunaSearchCV itself uses
@pytest.mark.filterwarnings("ignore:No trained generator:UserWarning")
def test_optuna_searches_parameters_of_the_sampler_and_of_its_gan():
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    choice, number = optuna.distributions.CategoricalDistribution, optuna.distributions.IntDistribution
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = integration.OptunaSearchCV(
        make_pipeline(trained(), LogisticRegression()),
        {
            "ganoversampler__max_steps": number(0, 4, step=2),
            "ganoversampler__gan__loss": choice(["hinge", "relativistic"]),
            "ganoversampler__sampling_strategy": choice([0.5, 1.0]),
        },
        cv=2,
        n_trials=3,
        random_state=0,
        error_score="raise",
    ).fit(*numbers())
    best = search.best_estimator_[0]
    assert search.best_score_ > 0.5
    assert {
        f"ganoversampler__{name}": best.get_params()[name]
        for name in ("max_steps", "gan__loss", "sampling_strategy")
    } == search.best_params_


def test_a_grid_reaches_parameters_of_nested_parts():
    sampler = trained(gan=GAN(batch_size=32, generator=Generator(widths=(8, 8))), max_steps=2)
    grid = {
        "ganoversampler__gan__generator__widths": [(8, 8), (16, 16)],
        "ganoversampler__gan__critic__dropout": [0.0, 0.5],
    }
    pipeline = make_pipeline(sampler, LogisticRegression())
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(*numbers())
    assert len(search.cv_results_["params"]) == 4
    assert (
        search.best_estimator_[0].gan.generator.widths
        == search.best_params_["ganoversampler__gan__generator__widths"]
    )
    assert pipeline[0].gan.generator.widths == (8, 8)


def test_parallel_folds_give_the_scores_of_serial_ones():
    pipeline = make_pipeline(trained(), LogisticRegression())
    serial, parallel = (
        cross_validate(pipeline, *numbers(), cv=2, scoring="f1", n_jobs=n_jobs, return_estimator=True)
        for n_jobs in (None, 2)
    )
    assert np.array_equal(serial["test_score"], parallel["test_score"])
    for here, there in zip(serial["estimator"], parallel["estimator"], strict=True):
        assert np.array_equal(here[0].sample(4), there[0].sample(4))  # fitted samplers come back whole


def categories():
    """Numbers and categories: one with an unused level, one ordered, one of integers."""
    X, y = mixed()
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "amount": X["amount"],
            "city": X["city"].cat.add_categories(["Nowhere"]),
            "grade": pd.Categorical(rng.choice(["b", "a"], len(X)), categories=["c", "b", "a"], ordered=True),
            "zone": pd.Categorical(rng.integers(5, 8, len(X))),
            "member": X["member"],
        }
    ), y


def test_lightgbm_knows_the_categories_of_new_rows():
    lightgbm = pytest.importorskip("lightgbm")
    X, y = categories()
    model = make_pipeline(
        untrained(), lightgbm.LGBMClassifier(n_estimators=3, min_child_samples=2, verbose=-1)
    )
    model.fit(X, y)
    learned = [X[name].cat.categories.tolist() for name in ("city", "grade", "zone")]
    assert model[-1].booster_.pandas_categorical == learned
    new = model[0].sample(20, y="rarest")
    assert new.dtypes.equals(X.dtypes)
    assert set(model[-1].predict(new)) <= set(y)
    assert set(model.predict(X)) <= set(y)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_reaches_the_steps_behind_the_sampler(container):
    X, y = cancer()
    pipeline = make_pipeline(untrained(), StandardScaler(), LogisticRegression())
    pipeline.set_output(transform=container).fit(X, y)
    scaled = pipeline[:-1].transform(X)
    assert list(scaled.columns) == X.columns.tolist()
    assert type(scaled).__module__.startswith(container)
