"""Rows in, rows out: originals first, exact counts, columns of every kind, labels of any type."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import clone

from gan_oversampler import GAN
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.parts import Generator
from tests.samplers import FAST, GUIDED, quick
from tests.tables import mixed, numbers


def test_originals_come_first_and_unchanged_and_counts_are_exact():
    X, y = mixed()
    sampler = quick()
    X_new, y_new = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new.iloc[: len(X)], X)
    pd.testing.assert_series_equal(y_new.iloc[: len(y)], y)
    assert y_new.value_counts().to_dict() == {"common": 70, "rare": 70, "rarest": 70}
    assert y_new.iloc[120:].tolist() == ["rare"] * 40 + ["rarest"] * 50
    assert sampler.is_synthetic_.tolist() == [False] * 120 + [True] * 90
    assert sampler.sampling_strategy_ == {"rare": 40, "rarest": 50}


@pytest.mark.parametrize("gan", [FAST, GUIDED], ids=["residual", "guided"])
def test_every_column_keeps_dtype_range_and_categories(gan):
    X, y = mixed()
    X_new, _ = quick(gan=gan).fit_resample(X, y)
    assert X_new.dtypes.equals(X.dtypes)
    assert X_new.index.equals(pd.RangeIndex(210))
    new = X_new.iloc[120:]
    for name in ("amount", "price", "rain", "visits", "when", "wait"):
        assert X[name].min() <= new[name].min() <= new[name].max() <= X[name].max(), name
    for name in ("city", "note", "member", "constant"):
        assert set(new[name].dropna()) <= set(X[name].dropna()), name
    assert np.allclose(new["price"].dropna() * 100, (new["price"].dropna() * 100).round())


@pytest.mark.parametrize("base", ["smote", "smoothed_bootstrap", "local_gaussian"])
def test_missing_rate_and_zero_inflation_are_reproduced(base):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.gamma(2, size=600), "b": rng.normal(size=600)})
    X.loc[rng.random(600) < 0.5, "a"] = 0.0
    X.loc[rng.random(600) < 0.3, "b"] = np.nan
    y = np.repeat([0, 1], [400, 200])
    sampler = quick(gan=clone(FAST).set_params(base=base), max_steps=0).fit(X, y)
    new, rare = sampler.sample(4000, y=1), X.iloc[400:]
    assert new["b"].isna().mean() == pytest.approx(rare["b"].isna().mean(), abs=0.05)
    assert (new["a"] == 0).mean() == pytest.approx((rare["a"] == 0).mean(), abs=0.05)


def test_a_column_may_hold_missing_cells_only():
    X, y = numbers()
    table = pd.DataFrame(X, columns=list("abcd")).assign(empty=np.nan)
    new, _ = quick(oracle=None, max_steps=1).fit_resample(table, y)
    assert len(new) == 132
    assert new["empty"].isna().all()


def test_constant_columns_and_tables():
    X, y = numbers()
    X[:, 1] = 3.0
    assert (quick().fit_resample(X, y)[0][:, 1] == 3.0).all()
    flat = np.ones((90, 2))
    sampler = quick()
    X_new, y_new = sampler.fit_resample(flat, y)
    assert (X_new == 1).all()
    assert np.bincount(y_new).tolist() == [66, 66]
    assert "constant" in sampler.report_.reason


# --- how many rows


def test_all_forms_of_sampling_strategy_match_imbalanced_learn():
    X, y = mixed()
    numeric = X[["amount"]]
    forms = ["auto", "minority", "not minority", "not majority", "all", {"rare": 33, "rarest": 20}]
    forms.append(lambda labels: {"rarest": 25})
    for form in forms:
        _, expected = RandomOverSampler(sampling_strategy=form).fit_resample(numeric, y)
        _, got = quick(sampling_strategy=form, oracle=None).fit_resample(X, y)
        assert got.value_counts().to_dict() == expected.value_counts().to_dict(), form


def test_ratios_work_with_many_classes():
    X, y = mixed()
    _, by_float = quick(sampling_strategy=0.5).fit_resample(X, y)
    _, by_dict = quick(sampling_strategy={"rarest": 0.5}).fit_resample(X, y)
    assert by_float.value_counts().to_dict() == {"common": 70, "rare": 35, "rarest": 35}
    assert by_dict.value_counts().to_dict() == {"common": 70, "rare": 30, "rarest": 35}


def test_balanced_data_come_back_as_they_are():
    X, y = numbers(60, 30)
    X_new, y_new = quick().fit_resample(X, y)
    np.testing.assert_array_equal(X_new, X)
    np.testing.assert_array_equal(y_new, y)


# --- labels


@pytest.mark.parametrize(
    "labels",
    [
        np.array([5, 2**60, 2**60 + 1]),
        pd.array([1, 2, 3], dtype="Int64"),
        np.array(["2020", "2021", "2022"], dtype="M8[ns]"),
        pd.Categorical(["low", "mid", "high"]),
    ],
    ids=["huge", "nullable", "dates", "categories"],
)
def test_labels_of_any_type_stay_what_they_are(labels):
    X, _ = numbers()
    y = pd.Series(labels).iloc[np.repeat([0, 1, 2], [50, 25, 15])].reset_index(drop=True)
    sampler = quick()
    _, y_new = sampler.fit_resample(X, y)
    assert y_new.dtype == y.dtype
    assert y_new.value_counts().tolist() == [50, 50, 50]
    assert set(sampler.sampling_strategy_) == set(y.iloc[50:].tolist())
    assert sampler.sample(2, y=y.iloc[89]).shape == (2, 4)
    if labels.dtype == "category":
        assert quick().fit_resample(X, pd.Categorical(y))[1].tolist() == y_new.tolist()


# --- small classes


def test_small_classes_are_drawn_from_the_base_and_the_report_says_so():
    X, y = numbers(60, 5)
    sampler = quick()
    _, y_new = sampler.fit_resample(X, y)
    assert np.bincount(y_new).tolist() == [55, 55]
    assert "5 rows" in sampler.report_.notes[0]
    assert len(sampler.history_) == 0


def test_small_classes_beside_large_ones():
    X, y = mixed()
    X, y = X.iloc[:103], y.iloc[:103]
    sampler = quick()
    _, y_new = sampler.fit_resample(X, y)
    assert y_new.value_counts().to_dict() == {"common": 70, "rare": 70, "rarest": 70}
    assert "'rarest' has 3 rows" in sampler.report_.notes[0]
    assert len(sampler.history_) == 3


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_gans_of_all_classes_leave_out_those_too_small(family):
    X, _ = numbers()
    y = np.r_[np.zeros(60, int), np.ones(29, int), 2]
    sampler = quick(
        gan=GAN(family, classes="all", generator=Generator(widths=(16,))), sampling_strategy={1: 60}
    )
    assert np.bincount(sampler.fit_resample(X, y)[1]).tolist() == [60, 60, 1]
    assert sampler.sample(3).shape == (3, 4)


@pytest.mark.parametrize("gan", [GUIDED, FAST], ids=["guided", "residual"])
def test_a_hundred_classes_of_few_rows_are_learned(gan):
    # Classes of one row stay as they are; of two to seven rows they are drawn from the base.
    sizes = np.r_[12, np.full(90, 8), [2, 3, 5, 7], np.ones(5, int)]
    y = np.repeat(np.arange(100), sizes)
    X = np.random.default_rng(0).normal(size=(100, 2))[y] * 9 + np.random.default_rng(1).normal(
        size=(len(y), 2)
    )
    n_rows = {label: 12 for label in range(1, 95)}
    sampler = quick(gan=gan, sampling_strategy=n_rows, cv=3, max_steps=5, epoch_unit=5, baselines=())
    X_new, y_new = sampler.fit_resample(X, y)
    assert np.bincount(y_new).tolist() == [12] * 95 + [1] * 5
    assert sampler.history_["step"].max() == 5
    centres = [X_new[len(y) :][y_new[len(y) :] == label].mean(0) for label in range(1, 91)]
    real = [X[y == label].mean(0) for label in range(1, 91)]
    assert np.median(np.abs(np.array(centres) - real)) < 1


def test_a_class_of_one_row_among_a_hundred_is_refused_by_name():
    y = np.repeat(np.arange(100), np.r_[12, np.full(98, 8), 1])
    X = np.random.default_rng(0).normal(size=(len(y), 2))
    with pytest.raises(ValueError, match="Class 99 has 1 row"):
        quick().fit_resample(X, y)
