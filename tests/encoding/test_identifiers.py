"""Texts that name rows are refused, integers that do so are warned of, and measurements are neither."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from gan_oversampler.encoding.identifiers import check_texts, warn_of_identifiers
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import rng

NUMBERS = np.arange(200)


def counts_of(values):
    return np.unique(values, return_counts=True)[1]


@pytest.mark.parametrize(
    "values",
    [NUMBERS, np.r_[NUMBERS, [0, 1]], np.r_[np.full(400, -1), NUMBERS]],
    ids=("all differ", "two duplicates", "a default"),
)
def test_texts_of_which_hardly_any_occur_again_are_refused(values):
    with pytest.raises(ValueError, match=r"'x' looks like an identifier.*categorical_features"):
        check_texts("x", counts_of(values))


def test_few_texts_are_never_refused_and_many_rare_ones_are_a_warning():
    check_texts("x", np.ones(20, dtype=int))
    check_texts("x", np.full(300, 2))
    with pytest.warns(UserWarning, match="'x' holds 60 distinct texts in 90 cells"):
        check_texts("x", np.r_[np.full(30, 2), np.full(30, 1)])


@pytest.mark.filterwarnings("ignore:Column 'x' holds")
@pytest.mark.parametrize(("n_levels", "n"), [(25, 50), (48, 100), (50, 100), (300, 600), (300, 3000)])
def test_a_text_column_that_passes_once_passes_in_every_fold(n_levels, n):
    values = np.arange(n) % n_levels
    check_texts("x", counts_of(values))
    for seed in range(100):
        check_texts("x", counts_of(rng(seed).permutation(values)[: 2 * n // 3]))


@pytest.mark.parametrize(
    "integers",
    [
        NUMBERS,
        rng().permutation(NUMBERS) - 100,
        1_000_000 + 7 * NUMBERS,
        np.uint64(2**64 - 1) - NUMBERS.astype("uint64"),
        -(2**63) + NUMBERS,
        rng().choice(600, 200, replace=False),
        np.r_[NUMBERS, 17, 42],
    ],
    ids=("consecutive", "shuffled", "steps of 7", "unsigned", "smallest", "a third of them", "duplicates"),
)
def test_integers_that_name_rows_are_a_warning(integers):
    with pytest.warns(UserWarning, match="'id' looks like row numbers or identifiers.*Drop it"):
        TableEncoder.learn(pd.DataFrame({"id": integers}))


MEASUREMENTS = {
    "ages": lambda g: g.integers(18, 90, 500),
    "counts": lambda g: g.poisson(3, 500),
    "large counts": lambda g: g.poisson(1e6, 2000),
    "incomes": lambda g: g.lognormal(10, 1, 800).astype(int),
    "rounded incomes": lambda g: (g.lognormal(10, 1, 800) / 500).astype(int) * 500,
    "sorted": lambda g: np.sort(g.integers(0, 10**6, 1000)),
    "seconds": lambda g: g.integers(1_600_000_000, 1_700_000_000, 3000),
    "as dense as ids": lambda g: g.integers(0, 300, 300),
    "few rows": lambda g: g.permutation(25),
    "one value": lambda g: np.full(100, 7),
    "two values": lambda g: np.array([1, 2**40]),
}


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_measurements_raise_no_false_alarm(name):
    for seed in range(100):
        warn_of_identifiers(name, MEASUREMENTS[name](rng(seed)))


@pytest.mark.parametrize("scale", [1, 10, 1000])
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud"])
def test_real_tables_as_integers_raise_no_false_alarm(name, scale):
    X = getattr(datasets, f"load_{name}")(as_frame=True).data
    for column, values in (X * scale).round().astype(int).items():
        warn_of_identifiers(column, values.to_numpy())


def test_declared_categories_are_neither_refused_nor_warned_of():
    X = pd.DataFrame({"id": NUMBERS, "name": [f"n{i}" for i in NUMBERS]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TableEncoder.learn(X, categorical_features=["id", "name"])
