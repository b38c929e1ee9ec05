"""Kinds of columns, distances of distributions and encodings."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.reporting.displays import tables
from tests.tables import mixed


def test_kinds_of_columns():
    X, _ = mixed()
    kinds = tables.kinds_of(X, X)
    assert kinds == {
        **dict.fromkeys(["amount", "price", "rain", "visits"], "number"),
        **dict.fromkeys(["member", "city", "note"], "category"),
        "when": "date",
        "wait": "duration",
    }


def test_distributions_differ_from_0_to_1():
    X, _ = mixed()
    assert tables.differences(X, X).eq(0).all()
    assert tables.difference(pd.Series(["a"] * 3), pd.Series(["b"] * 2), "category") == 1
    half = pd.Series([1.0, np.nan, 2.0, np.nan])
    assert tables.difference(half, pd.Series([1.0, 2.0, 1.0, 2.0]), "number") == 0.5  # of missing cells
    assert tables.difference(half, pd.Series([np.nan, np.nan]), "number") == 0.5
    assert tables.difference(pd.Series([1, 2, 3, 4]), pd.Series([3, 4]), "number") == 0.5


def test_rows_of_different_categories_are_a_standard_deviation_apart():
    table = pd.DataFrame({"city": ["Rome", "Oslo", "Lima", "Rome"], "age": [1.0, 3.0, 2.0, np.nan]})
    first, second = tables.encoded(table, [table, table.head(1)])
    assert [first.shape, second.shape] == [(4, 4), (1, 4)]
    cities, ages = first[:, :3], first[:, 3]
    assert np.linalg.norm(cities[0] - cities[1]) == pytest.approx(1.0)
    assert (cities[0] == cities[3]).all()
    assert ages.tolist() == pytest.approx([-np.sqrt(1.5), np.sqrt(1.5), 0.0, 0.0])  # missing: the mean
    far = tables.encoded(table[["age"]], [pd.DataFrame({"age": [1e9, 1.0, 2.0]})])[0]
    assert far.max() == tables.MAX_DEVIATIONS


def test_a_category_correlates_by_its_most_frequent_level():
    table = pd.DataFrame({"city": ["Rome", "Rome", "Oslo"], "when": pd.to_datetime(["1970-01-02"] * 3)})
    first, second = tables.numeric_tables([table, table.tail(1)], {"city": "category", "when": "date"})
    assert first["city = Rome"].tolist() == [1.0, 1.0, 0.0]
    assert first["when"].tolist() == [1.0] * 3
    assert second["city = Rome"].tolist() == [0.0]
