"""Bad input gets an error that says what is needed, what came and what to do, and nothing half-done."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from gan_oversampler import GAN, DownstreamOracle, FrechetOracle, GANOversampler, Policy, Rejection
from gan_oversampler.gans.parts import Critic, Generator
from tests.samplers import quick
from tests.tables import mixed, numbers

X, Y = numbers()


def frame(**columns):
    return pd.DataFrame(X, columns=list("abcd")).assign(**columns)


@pytest.mark.parametrize(
    ("table", "target", "message"),
    [
        (X, np.zeros(90), "more than 1 class"),
        (X, np.r_[np.zeros(89), 1], r"Class 1.0 has 1 row; oversampling needs at least 2"),
        (X, Y[:80], "inconsistent numbers of samples"),
        (frame().set_axis(list("abca"), axis=1), Y, "names must be unique, got duplicates of \\['a'\\]"),
        (pa.table([X[:, 0], X[:, 1]], names=["a", "a"]), Y, "names must be unique, got duplicates of"),
        (pa.table({"a": pa.array(X[:, :2].tolist())}), Y, "'a' has the Arrow type list.*drop it"),
        (pl.DataFrame({"a": X[:, :2].tolist()}), Y, r"'a' has the type List\(Float64\).*drop it"),
        (pl.DataFrame({"a": [{"b": 1}] * 90}), Y, "'a' has the type Struct"),
        (frame(a=pd.Series([[1]] * 90)), Y, "'a' holds cells that are no single values"),
        (frame(a=X[:, 0] + 1j), Y, "Complex data not supported: column 'a'"),
        (pl.DataFrame(), [], "0 sample"),
        (pa.table({"a": pa.array([], "int8")}), [], "0 sample"),
        (pd.DataFrame(index=range(90)), Y, "at least one row and one column"),
        (frame(a=np.r_[np.inf, X[1:, 0]]), Y, "infinity"),
        (np.where(X.max() == X, np.inf, X), Y, "infinity"),
        (pd.DataFrame(), [], "0 sample"),
        (pd.DataFrame({"a": []}), [], "0 sample"),
        (X, np.r_[np.nan, Y[1:]], "1 missing label"),
        (X, pd.Series(Y).astype("Int64").where(pd.Series(Y).index > 2), "3 missing labels"),
        (X, [None, *Y[1:].tolist()], "1 missing label"),
        (X, ["a", *Y[1:].tolist()], "mixes texts with other labels"),
        (frame(id=[f"user-{i}" for i in range(90)]), Y, "'id'.*90"),
    ],
)
def test_tables_and_targets(table, target, message):
    sampler = quick()
    with pytest.raises(ValueError, match=message):
        sampler.fit_resample(table, target)
    assert not hasattr(sampler, "report_")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"oracle": "downstrem"}, "Unknown oracle 'downstrem'.*Did you mean 'downstream'"),
        ({"oracle": "f1_macr"}, "Unknown oracle 'f1_macr'. Did you mean 'f1_macro'.*scorers of scikit-learn"),
        ({"gan": GAN(loss="hing")}, "Unknown loss 'hing'. Did you mean 'hinge'"),
        ({"gan": GAN(base="smot")}, "Unknown base 'smot'. Did you mean 'smote'"),
        ({"gan": GAN("residul")}, "Unknown family 'residul'"),
        ({"gan": GAN("guided", objective="gmean")}, "Unknown objective 'gmean'. Did you mean 'g_mean'"),
        ({"gan": GAN(critic=Critic(penalty="r1"))}, "Unknown critic penalty 'r1'"),
        (
            {"gan": GAN(loss_weights={"adversary": 1.0})},
            "Unknown loss term 'adversary'. Did you mean 'adversarial'",
        ),
        (
            {"gan": GAN(loss_weights={"utility": 1.0})},
            "'utility' needs the family 'guided'.*family='residual'",
        ),
        ({"gan": GAN("guided", balanced=False)}, "balanced=False is not possible with family='guided'"),
        (
            {"gan": GAN(generator=Generator(widths=(0,)))},
            "'widths' of the generator must hold positive integers",
        ),
        ({"gan": GAN(generator=Generator(betas=(0.5, 1.0)))}, "'betas' of the generator must be two numbers"),
        ({"gan": GAN(critic=Critic(betas=(0.5, "a")))}, "'betas' of the critic must be two numbers"),
        ({"gan": GAN(loss_weights={"adversarial": -1})}, "not negative"),
        ({"gan": GAN(loss="bce", critic=Critic(penalty_weight=7.0))}, "weighs nothing"),
        ({"gan": GAN(generator=Generator(ema=1.0))}, "'ema' parameter of Generator"),
        ({"gan": GAN(critic=Critic(dropout=1.0))}, "'dropout' parameter of Critic"),
        ({"gan": []}, "'gan' must be a GAN, the name of a preset or"),
        ({"gan": [FileNotFoundError]}, "'gan' must be a GAN, the name of a preset or"),
        ({"gan": GAN(generator=Generator(grid=(2, 3)))}, "grid"),
        ({"baselines": ("smot",)}, "Unknown baseline 'smot'. Did you mean 'smote'"),
        ({"device": "gpu3"}, "Device 'gpu3' cannot be used"),
        ({"growth": -0.5}, "'growth' parameter of GANOversampler"),
        ({"max_steps": -1}, "'max_steps' parameter of GANOversampler"),
        ({"patience": 0}, "'patience' parameter of GANOversampler"),
        ({"categorical_features": ["nope"]}, "nope"),
        ({"sampling_strategy": {1: 2.5}}, "ratio of class 1"),
        ({"sampling_strategy": {7: 100}}, "7"),
        ({"sampling_strategy": "oracel"}, "'sampling_strategy' parameter of GANOversampler.*'oracle'"),
        ({"sampling_strategy": "oracle", "oracle": None}, "'oracle' needs an oracle. Give one, or a ratio"),
        ({"rejection": 3}, "'rejection' parameter of GANOversampler"),
        ({"rejection": "mh"}, "Unknown rejection 'mh'"),
        ({"rejection": Rejection(budget=200)}, "Raise 'max_proposals'"),
        ({"policy": "best"}, "'policy' must be a Policy, 'oracle' or None"),
        ({"policy": Policy(filter=0.96)}, "'filter' parameter of Policy"),
        ({"policy": "oracle", "oracle": None}, "policy='oracle' needs an oracle"),
        ({"keep_candidates": "yes"}, "'keep_candidates' parameter of GANOversampler"),
        ({"fallback": "smote"}, "'fallback' parameter of GANOversampler"),
        ({"cv": []}, "'cv' gave no folds"),
        ({"cv": [(np.arange(90), np.arange(90))]}, "trains on rows that it holds out"),
        (
            {"oracle": DownstreamOracle(scoring="f1_macr")},
            "Unknown scorer 'f1_macr'. Did you mean 'f1_macro'",
        ),
        ({"oracle": DownstreamOracle(Ridge())}, "'estimator' must be a classifier. Got Ridge"),
        ({"oracle": DownstreamOracle([])}, "'estimator' must not be an empty list. Give a classifier"),
        ({"oracle": DownstreamOracle(max_rows=0)}, "'max_rows' parameter of DownstreamOracle"),
        ({"oracle": FrechetOracle}, r"write FrechetOracle\(\)"),
        ({"cv": 40}, "of 'cv' has no held-out rows of class 1"),
    ],
)
def test_parameters(changes, message):
    sampler = quick(**changes)
    with pytest.raises(ValueError, match=message):
        sampler.fit_resample(X, Y)
    assert not hasattr(sampler, "report_")


def test_sample_of_unseen_labels_and_before_fitting():
    table, target = mixed()
    with pytest.raises(ValueError, match="not fitted"):
        quick().sample(3)
    sampler = quick(oracle=None).fit(table, target)
    with pytest.raises(ValueError, match=r"'rarst' is not known.*'rare', 'rarest'"):
        sampler.sample(3, y="rarst")
    with pytest.raises(ValueError, match="'common' is not among those"):
        sampler.sample(3, y="common")
    with pytest.raises(ValueError, match=r"2 classes were oversampled.*Give 'y' as one of: 'rare', 'rarest'"):
        sampler.sample(3)
    with pytest.raises(ValueError, match="non-negative integer"):
        sampler.sample(-1, y="rare")


def test_sample_of_wrong_numbers_and_seeds_and_of_balanced_data():
    sampler = quick().fit(X, Y)
    for wrong in (True, 2.5, "3"):
        with pytest.raises(ValueError, match="non-negative integer"):
            sampler.sample(wrong)
    with pytest.raises(ValueError, match="cannot be used to seed"):
        sampler.sample(3, random_state="five")
    balanced = quick().fit(X[:60], np.repeat([0, 1], 30))
    with pytest.raises(ValueError, match=r"not among those to oversample\. None was"):
        balanced.sample(3, y=1)


def test_a_failed_refit_leaves_the_fitted_sampler_as_it_was():
    sampler = quick().fit(X, Y)
    before = sampler.sample(3, random_state=1)
    sampler.set_params(oracle=lambda real, synthetic: float("nan"))
    with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match="No candidate"):
        sampler.fit(X * 1000 + 5, Y)
    np.testing.assert_array_equal(sampler.sample(3, random_state=1), before)


def test_cells_of_a_grid_must_hold_numbers():
    table = frame(a=np.where(X[:, 0] > 0, "high", "low"))
    with pytest.raises(ValueError, match="Cells of a grid must hold numbers; column 'a' of X does not"):
        quick(gan=GAN(generator=Generator(grid=(2, 2)))).fit(table, Y)


def test_missing_cells_that_the_users_classifier_cannot_take_are_an_error_not_a_score():
    table = frame(a=np.r_[np.nan, np.nan, X[2:, 0]])
    oracle = DownstreamOracle(LogisticRegression(), encoded=False)
    with pytest.warns(RuntimeWarning, match="contains NaN"), pytest.raises(ValueError, match="contains NaN"):
        quick(oracle=oracle).fit(table, Y)


def test_single_rows_can_be_left_out():
    target = np.r_[np.zeros(60, int), np.ones(29, int), 2]
    with pytest.raises(ValueError, match="Class 2 has 1 row"):
        quick().fit_resample(X, target)
    for gan in (
        quick().gan,
        GAN("guided", generator=Generator(widths=(16,))),
    ):  # one fold has no row of class 2
        _, got = quick(gan=gan, sampling_strategy={1: 60}).fit_resample(X, target)
        assert np.bincount(got).tolist() == [60, 60, 1]
    with pytest.raises(ValueError, match="Class 2 has 1 row"):
        quick().fit(X, target).sample(1, y=2)


def test_an_oracle_that_fails_now_and_then_costs_a_candidate_not_the_run():
    calls = []

    def moody(real, synthetic):
        calls.append(0)
        if len(calls) in (3, 4):
            raise RuntimeError("out of mood")
        return float("nan") if len(calls) in (5, 6) else 1.0

    sampler = quick(oracle=moody, baselines=(), max_steps=6, patience=3)
    with pytest.warns(RuntimeWarning, match="could not score residual.smote. at step") as caught:
        sampler.fit(X, Y)
    messages = " ".join(str(warning.message) for warning in caught)
    assert "step 2" in messages
    assert "out of mood" in messages
    assert "step 4" in messages
    assert "the score is nan" in messages
    assert sampler.report_.choice == "residual(smote) at step 0"
    assert len(sampler.report_.notes) == 2


def test_an_oracle_that_always_fails_ends_the_run_clearly():
    def broken(real, synthetic):
        raise KeyError("no such thing")

    with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match=r"No candidate.*no such thing"):
        quick(oracle=broken).fit(X, Y)


def test_diverging_training_is_a_failure_and_rolls_back():
    wild = GAN(
        "classic",
        loss="least_squares",
        generator=Generator(widths=(16,), learning_rate=1e38),
        critic=Critic(learning_rate=1e38),
    )
    unscored, based = (RuntimeWarning, "could not score classic"), (UserWarning, "rows come from its base")
    with pytest.warns(unscored[0], match=unscored[1]), pytest.warns(based[0], match=based[1]):
        sampler = quick(gan=wild, max_steps=8, patience=3).fit(X, Y)
    assert sampler.report_.choice == "base smote, untrained"
    assert np.isfinite(sampler.sample(50)).all()


def test_unsuitable_folds_are_named():
    folds = [(np.arange(66), np.arange(66, 90))]
    with pytest.raises(ValueError, match=r"Fold 0 of 'cv' has no training rows of class 1"):
        quick(cv=folds).fit(X, Y)


@pytest.mark.parametrize("table", [pl.LazyFrame({"a": [1, 2]}), pa.record_batch({"a": [1, 2]})], ids=type)
def test_tables_that_could_not_come_back_say_what_to_pass(table):
    with pytest.raises(TypeError, match="X must be a table"):
        quick().fit(table, [0, 1])


def test_no_column_is_refused_for_having_only_missing_cells():
    table = frame(empty=np.full(90, np.nan))
    new, _ = GANOversampler(
        gan=GAN(generator=Generator(widths=(16,))), oracle=None, max_steps=1, random_state=0
    ).fit_resample(table, Y)
    assert new["empty"].isna().all()
