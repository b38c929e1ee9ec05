"""Oracles as users give them: names, scorers, functions, classifiers on their own columns."""

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.preprocessing import OneHotEncoder

from gan_oversampler import GAN, DownstreamOracle
from gan_oversampler.gans.parts import Generator
from tests.samplers import UNTRAINED, quick
from tests.tables import cancer, mixed, numbers


@pytest.mark.parametrize("oracle", ["downstream", "frechet", "energy", "balanced_accuracy", "g_mean"])
def test_by_name(oracle):
    X, y = mixed()
    sampler = quick(oracle=oracle).fit(X, y)
    assert np.isfinite(sampler.history_["score"]).all()


def test_by_scorer_function_and_instance():
    X, y = cancer()
    scorer = make_scorer(f1_score, pos_label="malignant")
    seen = []

    def closeness(real, synthetic):
        seen.append((type(real), real.shape[1], synthetic.dtypes.equals(X.dtypes)))
        return -abs(real["mean radius"].mean() - synthetic["mean radius"].mean())

    for oracle in (scorer, closeness, DownstreamOracle(HistGradientBoostingClassifier(max_iter=5))):
        assert np.isfinite(quick(oracle=oracle).fit(X, y).history_["score"]).all()
    assert set(seen) == {(pd.DataFrame, 6, True)}


def test_functions_see_the_users_own_rows_and_decoded_new_ones():
    X, y = mixed()
    rows = set(X["amount"])

    def copies(real, synthetic):
        assert set(real["amount"]) <= rows
        return -len(rows & set(synthetic["amount"]))

    quick(oracle=copies, baselines=()).fit(X, y)


def test_functions_see_held_out_rows_of_one_class_at_a_time():
    X, y = mixed()
    classes = {index: label for index, label in enumerate(y)}
    seen = []

    def note(real, synthetic):
        seen.append({classes[index] for index in real["id"]})
        return 0.0

    quick(oracle=note, baselines=(), max_steps=0).fit(X[["amount"]].assign(id=np.arange(120.0)), y)
    assert all(len(labels) == 1 for labels in seen)
    assert set.union(*seen) == {"rare", "rarest"}


def test_the_users_own_pipeline_may_score_the_users_own_columns():
    X, y = mixed()
    X = X[["amount", "city", "member"]]
    encode = make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_include="category")), remainder="passthrough"
    )
    pipeline = make_pipeline(encode, LogisticRegression())
    sampler = quick(oracle=DownstreamOracle(pipeline, encoded=False)).fit(X, y)
    assert np.isfinite(sampler.history_["score"]).all()


@pytest.mark.parametrize(("max_rows", "is_said"), [(40, True), (400, False)])
def test_a_report_says_that_a_table_was_scaled_down(max_rows, is_said):
    X, y = numbers(130, 30)
    oracle = DownstreamOracle(LogisticRegression(), max_rows=max_rows)
    report = quick(gan=UNTRAINED, oracle=oracle).fit(X, y).report_
    assert any("'max_rows'" in note for note in report.notes) is is_said


@pytest.mark.parametrize(
    ("scoring", "objective"),
    [("f1", "f1"), ("g_mean", "g_mean"), ("neg_log_loss", "log_loss"), ("average_precision", "f1")],
)
def test_guided_gans_are_trained_for_what_the_oracle_scores(scoring, objective):
    X, y = mixed()
    gans = [_guided("auto"), _guided(objective)]
    oracle = DownstreamOracle(scoring=scoring)
    follows, given = (quick(gan=gan, oracle=[oracle, "energy"]).fit(X, y).history_ for gan in gans)
    pd.testing.assert_frame_equal(
        follows.drop(columns="seconds"), given.drop(columns="seconds"), check_exact=True
    )


def test_an_objective_that_is_given_does_not_follow_the_oracle():
    X, y = mixed()
    gans = [_guided("log_loss"), _guided("auto")]
    losses = [quick(gan=gan, oracle="g_mean").fit(X, y).history_["generator_loss"] for gan in gans]
    assert losses[0][1] > 1.0 > losses[1][1]  # 1 - utility: a log-loss is negative, a G-mean is not


def _guided(objective):
    return GAN(
        "guided",
        batch_size=32,
        objective=objective,
        loss_weights={"utility": 1.0},
        generator=Generator(widths=(16,)),
    )
