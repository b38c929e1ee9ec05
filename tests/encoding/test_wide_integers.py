"""Integers beyond 2**53 stay integers of their own dtype in the observed range, and as apart as they were."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gan_oversampler.encoding.categorical import Categorical
from gan_oversampler.encoding.numeric import Numeric
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.encoding.wide_integers import WideInteger
from tests.coding import N, column_of, rng, round_trip, some_rows

# The integers are as regular as those of ids.
pytestmark = pytest.mark.filterwarnings("ignore:Column 'x' looks like row numbers")

STEPS = rng().permutation(N) * 3
TABLES = {
    "int64": pd.DataFrame({"x": 2**60 + STEPS}),
    "uint64": pd.DataFrame({"x": np.uint64(2**64 - 1) - STEPS.astype("uint64")}),
    "Int64": pd.DataFrame({"x": pd.array([None, *(-(2**62) - STEPS[1:])], dtype="Int64")}),
    "objects": pd.DataFrame({"x": pd.Series((2**60 + STEPS).tolist(), dtype=object)}),
    "polars": pl.DataFrame({"x": pl.Series([None, *(2**60 + STEPS[1:]).tolist()])}),
}


@pytest.mark.parametrize("name", TABLES)
def test_wide_integers_come_back_exactly_and_new_ones_are_in_range(name):
    X = TABLES[name]
    assert round_trip(X).equals(X)
    encoder = TableEncoder.learn(X)
    assert isinstance(encoder.columns[0], WideInteger)
    new = encoder.decode(some_rows(encoder), rng())
    known, drawn = ([v for v in table["x"].to_list() if not pd.isna(v)] for table in (X, new))
    assert min(known) <= min(drawn) < max(drawn) <= max(known)
    assert all((value - known[1]) % 3 == 0 for value in drawn)


def test_integers_of_all_sizes_do_not_wrap_around():
    limits = np.iinfo("int64")
    X = rng().integers(limits.min, limits.max, (N, 1))
    encoder = TableEncoder.learn(X)
    new = encoder.decode(some_rows(encoder), rng())
    assert X.min() <= new.min() < -(2**60)
    assert 2**60 < new.max() <= X.max()
    np.testing.assert_allclose(round_trip(X) / 2.0**63, X / 2.0**63, atol=1e-5)


def test_integers_that_float64_holds_and_those_of_two_values_are_no_wide_ones():
    assert isinstance(column_of(2**53 - np.arange(N)), Numeric)
    X = pd.DataFrame({"x": [2**60, 2**60 + 1] * 9})
    assert isinstance(column_of(X["x"]), Categorical)
    pd.testing.assert_frame_equal(round_trip(X), X)
