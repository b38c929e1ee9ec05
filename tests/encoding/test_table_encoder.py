"""The table encoder: decoding undoes encoding, and encoded rows are valid, for tables in any container."""

import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gan_oversampler.encoding.categorical import Categorical
from gan_oversampler.encoding.numeric import Numeric
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, pandas_frame, polars_frame, rng, round_trip, some_rows

# Encoding and decoding


_COLUMNS = {
    "number": st.floats(-1e6, 1e6, width=32),
    "missing number": st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6)),
    "any float": st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(-(2**31), 2**31),
    "bool": st.booleans(),
    "text": st.sampled_from(["", "a", "b", "a b", None]),  # pandas < 3 takes "\0" for ""
    "mixed": st.sampled_from([1, "1", None, (1, 2), 2.5]),
    "moment": st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(1990, 1, 2)),
}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 25))
def test_any_table_survives_the_round_trip(data, n_rows):
    columns = {
        name: data.draw(st.lists(cells, min_size=n_rows, max_size=n_rows), label=name)
        for name, cells in _COLUMNS.items()
    }
    X = pd.DataFrame(columns)
    encoder = TableEncoder.learn(X)
    back = encoder.decode(encoder.encode(X), rng())
    assert back.dtypes.equals(X.dtypes)
    pd.testing.assert_frame_equal(back.isna(), X.isna())
    exact = ["bool", "text", "mixed"]
    pd.testing.assert_frame_equal(back[exact], X[exact])
    for name in ("number", "missing number", "any float", "integer", "moment"):
        came, went = (f[name].dropna().astype("int64" if name == "moment" else float) for f in (X, back))
        span = came.to_numpy(float).max(initial=0) / 2 - came.to_numpy(float).min(initial=0) / 2
        np.testing.assert_allclose(went / 2, came / 2, rtol=1e-6, atol=span * 1e-5 + 1e-6)
    new = encoder.decode(some_rows(encoder, 20), rng())
    assert new.dtypes.equals(X.dtypes)
    for name in ("number", "any float", "integer", "moment"):
        assert new[name].between(X[name].min(), X[name].max()).all()


def test_no_new_rows_leave_the_table_as_it_is():
    X = pandas_frame()
    encoder = TableEncoder.learn(X)
    none = encoder.decode(np.empty((0, encoder.layout.width), dtype=np.float32), rng())
    pd.testing.assert_frame_equal(encoder.stack(X, none), X)


def test_a_pickled_encoder_decodes_the_same():
    for X in (pandas_frame(), polars_frame()):
        encoder = TableEncoder.learn(X)
        again = pickle.loads(pickle.dumps(encoder))
        rows = some_rows(encoder)
        assert encoder.decode(rows, rng()).equals(again.decode(rows, rng()))
        np.testing.assert_array_equal(encoder.encode(X), again.encode(X))


# Encoded rows


def test_states_are_one_hot_and_pin_their_values():
    X = pd.DataFrame({"x": [None, *[0.0] * 20, *rng().normal(5, 1, 39)], "c": list("abc") * 20})
    encoder = TableEncoder.learn(X)
    rows = encoder.encode(X)
    assert rows.dtype == np.float32
    assert rows.shape == (N, encoder.layout.width)
    for groups in encoder.layout.groups.values():
        for group in groups:
            assert set(np.unique(rows[:, group])) == {0.0, 1.0}
            np.testing.assert_array_equal(rows[:, group].sum(axis=1), 1.0)
    values, free = encoder.layout.guarded
    held = rows[:, free[0]] == 0
    assert held.sum() == 21
    np.testing.assert_array_equal(rows[held][:, values], (rows @ encoder.layout.pins)[held])
    regular = rows[~held, values[0]].astype(float)
    assert abs(regular.mean()) < 1e-6
    assert abs(regular.std() - 1) < 1e-6


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-9, 9)),
            st.one_of(st.none(), st.integers(-999, 999).map(lambda i: i / 100)),
            st.booleans(),
            st.sampled_from(["a", "b", "c", None]),
            st.dates(datetime.date(1950, 1, 1), datetime.date(2050, 1, 1)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_all_containers_give_the_same_layout_and_rows(cells):
    rows = [list(row) for row in cells]
    names = list(range(5))
    typed = pd.DataFrame(rows, columns=names)
    typed = typed.astype({0: "Int64", 1: "float32", 2: "boolean", 3: "category"})
    typed[4] = pd.to_datetime(typed[4])
    objects = pd.DataFrame(np.array(rows, dtype=object), columns=names)
    schema = {"0": pl.Float64, "1": pl.Float64, "2": pl.Boolean, "3": pl.String, "4": pl.Date}
    polars = pl.DataFrame(rows, schema=schema, orient="row")
    first = TableEncoder.learn(rows)
    expected = first.encode(rows)
    for X in (np.array(rows, dtype=object), objects, typed, polars):
        encoder = TableEncoder.learn(X)
        shapes = [(str(b.column), b.start, b.n_states) for b in encoder.layout.blocks]
        assert shapes == [(str(b.column), b.start, b.n_states) for b in first.layout.blocks]
        np.testing.assert_allclose(encoder.encode(X), expected, rtol=1e-5, atol=1e-6)


def test_numeric_containers_give_identical_rows():
    X = rng().integers(0, 12, (N, 3)) / 10
    expected = TableEncoder.learn(X).encode(X)
    for other in (
        X.astype("float32"),
        X.tolist(),
        pd.DataFrame(X),
        sparse.csr_array(X),
        X.astype(object),
    ):
        np.testing.assert_array_equal(TableEncoder.learn(other).encode(other), expected)


def test_kinds_do_not_depend_on_the_order_of_rows():
    X = pandas_frame().drop(columns="mixed")
    encoder, other = TableEncoder.learn(X), TableEncoder.learn(X.iloc[::-1])
    assert [b.n_states for b in encoder.layout.blocks] == [b.n_states for b in other.layout.blocks]
    np.testing.assert_allclose(other.encode(X), encoder.encode(X), atol=1e-6)


# Columns that the user declares categorical


@pytest.mark.parametrize("features", [["n"], [0], np.array([True, False]), ("n",)])
def test_named_columns_are_categories(features):
    X = pd.DataFrame({"n": [3, 1, 2, 2], "m": [1, 2, 3, 4]})
    encoder = TableEncoder.learn(X, categorical_features=features)
    assert [type(c) for c in encoder.columns] == [Categorical, Numeric]
    pd.testing.assert_frame_equal(round_trip(X, categorical_features=features), X)


def test_large_codes_stay_apart_as_categories():
    X = np.array([[2**60], [2**60 + 1], [2**60 + 2]])
    np.testing.assert_array_equal(round_trip(X, categorical_features=[0]), X)


@pytest.mark.parametrize(
    ("features", "message"),
    [(["q"], "'q'"), ([5], "5"), ("n", r"\['n'\]"), ([True], "2 entries")],
)
def test_wrong_categorical_features_are_refused(features, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder.learn(pd.DataFrame({"n": [1, 2], "m": [3, 4]}), categorical_features=features)


def test_integers_are_positions_even_where_names_are_integers():
    X = pd.DataFrame({1: [3, 1, 2, 2], 0: [1, 2, 3, 4]})
    encoder = TableEncoder.learn(X, categorical_features=[0])
    assert [type(c) for c in encoder.columns] == [Categorical, Numeric]


def test_columns_of_anything_but_numbers_and_truth_values_are_named():
    words = ("string", "str", "object", "mixed", "dates", "ordered", "codes", "naive", "zoned", "delta")
    assert TableEncoder.learn(pandas_frame()).non_numeric == words
    assert TableEncoder.learn(np.arange(12).reshape(4, 3)).non_numeric == ()


# Refusals


@pytest.mark.parametrize("features", ["auto", [0]])
def test_infinity_is_refused(features):
    X = pd.DataFrame({"bad": [1.0, 2.0, np.inf]})
    with pytest.raises(ValueError, match=r"infinity.*'bad'"):
        TableEncoder.learn(X, categorical_features=features)


def test_infinity_and_missing_cells_are_refused_when_they_come_later():
    X = pd.DataFrame({"x": [1.0, 2.0, 4.0]})
    encoder = TableEncoder.learn(X)
    with pytest.raises(ValueError, match="infinity"):
        encoder.encode(X.replace(4.0, np.inf))
    with pytest.raises(ValueError, match="'x' holds 1 missing"):
        encoder.encode(X.replace(4.0, np.nan))


def test_other_columns_and_other_rows_are_refused():
    X = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})
    encoder = TableEncoder.learn(X)
    with pytest.raises(ValueError, match="Missing: 'b'; new: 'c'"):
        encoder.encode(X.rename(columns={"b": "c"}))
    with pytest.raises(ValueError, match="in another order: at position 0 is 'b' instead of 'a'"):
        encoder.encode(X[["b", "a"]])
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        encoder.decode(np.zeros((3, 5), dtype=np.float32), rng())
    with pytest.raises(ValueError, match="finite"):
        encoder.decode(np.full((3, 2), np.nan, dtype=np.float32), rng())


def test_rows_coded_anew_are_those_of_the_decoded_table():
    X = pandas_frame()
    encoder = TableEncoder.learn(X)
    rows = some_rows(encoder)
    again = encoder.recode(rows, rng())
    np.testing.assert_allclose(again, encoder.encode(encoder.decode(rows, rng())), atol=1e-5)
    np.testing.assert_allclose(encoder.recode(again, rng()), again, atol=1e-5)
    np.testing.assert_allclose(encoder.recode(encoder.encode(X), rng()), encoder.encode(X), atol=1e-5)


def test_many_rows_are_encoded_on_demand_as_they_are_at_once(monkeypatch):
    X = pandas_frame()
    encoder = TableEncoder.learn(X)
    encoded = encoder.encode(X)
    cells = encoder.cells_of(X)
    np.testing.assert_array_equal(encoder.encode_on_demand(cells), encoded)
    monkeypatch.setattr("gan_oversampler.encoding.table_encoder.AT_ONCE", len(X) - 1)
    rows, at = encoder.encode_on_demand(cells), np.array([5, 0, 5])
    np.testing.assert_array_equal(rows(at), encoded[at])
    assert rows(at[:0]).shape == (0, encoder.layout.width)
