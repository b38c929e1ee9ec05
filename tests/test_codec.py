"""Laws of the codec: what goes in comes out, in the container and dtypes it came in."""

import datetime
import decimal
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, column_of, pandas_frame, polars_frame, rng, round_trip, some_rows

# The way back


def test_every_pandas_dtype_comes_back():
    X = pandas_frame()
    pd.testing.assert_frame_equal(round_trip(X), X, rtol=1e-5, atol=1e-6)


def test_every_polars_dtype_comes_back():
    X = polars_frame()
    back = round_trip(X)
    assert back.schema == X.schema
    assert back.drop("f").equals(X.drop("f"), null_equal=True)
    np.testing.assert_allclose(back["f"].to_numpy(), X["f"].to_numpy(), atol=1e-6)
    assert back["nan"].null_count() == 0


@pytest.mark.parametrize("make", [pandas_frame, polars_frame])
def test_drawn_rows_have_the_dtypes_and_values_of_the_table(make):
    X = make()
    codec = TableEncoder.learn(X)
    new = codec.decode(some_rows(codec), rng())
    assert type(new) is type(X)
    assert list(new.dtypes) == list(X.dtypes)
    text = "string" if "string" in X.columns else "s"
    assert set(new[text].drop_nulls() if make is polars_frame else new[text].dropna()) == {
        "a",
        "b",
    }


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "int64", "int8", "uint8", "bool", "<U3", "M8[D]", "O"],
)
def test_numpy_dtypes_come_back(dtype):
    X = rng().integers(0, 5, (N, 3)).astype("int64").astype(dtype)
    back = round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


def test_object_arrays_keep_python_types_and_markers():
    X = np.array(
        [
            [1, 0.5, True, "a", None, decimal.Decimal("1.5"), datetime.timedelta(hours=1)],
            [2, None, False, None, 3, decimal.Decimal("2.25"), datetime.timedelta(hours=2)],
            [9, 2.5, False, "b", 4, decimal.Decimal("7.5"), datetime.timedelta(hours=9)],
        ],
        dtype=object,
    )
    back = round_trip(X)
    assert back.tolist() == X.tolist()
    assert [[type(c) for c in row] for row in back] == [[type(c) for c in row] for row in X]


def test_aware_datetimes_in_object_columns_keep_their_zone():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    X = [[datetime.datetime(2024, 5, day, tzinfo=zone)] for day in (1, 2, 9)]
    back = round_trip(X)
    assert back == X
    assert back[0][0].utcoffset() == datetime.timedelta(hours=2)
    assert type(back[0][0]) is datetime.datetime


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "csc_array"])
def test_sparse_containers_come_back(kind):
    dense = rng().integers(0, 4, (N, 3)).astype("float32")
    X = getattr(sparse, kind)(dense)
    codec = TableEncoder.learn(X)
    new = codec.decode(codec.encode(X), rng())
    both = codec.stack(X, new)
    assert type(new) is type(both) is type(X)
    assert both.dtype == X.dtype
    np.testing.assert_array_equal(both.toarray(), np.vstack([dense, dense]))


def test_stack_puts_unchanged_originals_first():
    X = pandas_frame().set_index(pd.Index(range(100, 100 + N)))
    codec = TableEncoder.learn(X)
    both = codec.stack(X, codec.decode(some_rows(codec, 10), rng()))
    assert both.index.equals(pd.RangeIndex(N + 10))
    pd.testing.assert_frame_equal(both.iloc[:N], X.reset_index(drop=True))
    assert both.dtypes.equals(X.dtypes)


def test_stack_of_polars_arrays_and_lists():
    frame = polars_frame()
    codec = TableEncoder.learn(frame)
    both = codec.stack(frame, codec.decode(some_rows(codec, 10), rng()))
    assert both.head(N).equals(frame, null_equal=True)
    assert both.height == N + 10
    array = rng().integers(0, 5, (N, 2)).astype("int16")
    for X in (array, array.tolist()):
        both = TableEncoder.learn(X).stack(X, X)
        assert type(both) is type(X)
        np.testing.assert_array_equal(both, np.vstack([array, array]))


def test_no_new_rows_leave_the_table_as_it_is():
    X = pandas_frame()
    codec = TableEncoder.learn(X)
    none = codec.decode(np.empty((0, codec.layout.width), dtype=np.float32), rng())
    pd.testing.assert_frame_equal(codec.stack(X, none), X)


def test_labels_of_columns_may_be_anything():
    X = pd.DataFrame(rng().normal(size=(9, 3)), columns=pd.MultiIndex.from_tuples(["ab", "ac", "bc"]))
    pd.testing.assert_frame_equal(round_trip(X), X, atol=1e-6)


def test_a_pickled_codec_decodes_the_same():
    for X in (pandas_frame(), polars_frame()):
        codec = TableEncoder.learn(X)
        again = pickle.loads(pickle.dumps(codec))
        rows = some_rows(codec)
        assert codec.decode(rows, rng()).equals(again.decode(rows, rng()))
        np.testing.assert_array_equal(codec.encode(X), again.encode(X))


# Encoded rows


def test_states_are_one_hot_and_pin_their_values():
    X = pd.DataFrame({"x": [None, *[0.0] * 20, *rng().normal(5, 1, 39)], "c": list("abc") * 20})
    codec = TableEncoder.learn(X)
    rows = codec.encode(X)
    assert rows.dtype == np.float32
    assert rows.shape == (N, codec.layout.width)
    for groups in codec.layout.groups.values():
        for group in groups:
            assert set(np.unique(rows[:, group])) == {0.0, 1.0}
            np.testing.assert_array_equal(rows[:, group].sum(axis=1), 1.0)
    values, free = codec.layout.guarded
    held = rows[:, free[0]] == 0
    assert held.sum() == 21
    np.testing.assert_array_equal(rows[held][:, values], (rows @ codec.layout.pins)[held])
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
        codec = TableEncoder.learn(X)
        shapes = [(str(b.column), b.start, b.n_states) for b in codec.layout.blocks]
        assert shapes == [(str(b.column), b.start, b.n_states) for b in first.layout.blocks]
        np.testing.assert_allclose(codec.encode(X), expected, rtol=1e-5, atol=1e-6)


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
    codec = TableEncoder.learn(X)
    back = codec.decode(codec.encode(X), rng())
    assert back.dtypes.equals(X.dtypes)
    pd.testing.assert_frame_equal(back.isna(), X.isna())
    exact = ["bool", "text", "mixed"]
    pd.testing.assert_frame_equal(back[exact], X[exact])
    for name in ("number", "missing number", "any float", "integer", "moment"):
        came, went = (f[name].dropna().astype("int64" if name == "moment" else float) for f in (X, back))
        reach = came.to_numpy(float).max(initial=0) / 2 - came.to_numpy(float).min(initial=0) / 2
        np.testing.assert_allclose(went / 2, came / 2, rtol=1e-6, atol=reach * 1e-5 + 1e-6)
    new = codec.decode(some_rows(codec, 20), rng())
    assert new.dtypes.equals(X.dtypes)
    for name in ("number", "any float", "integer", "moment"):
        assert new[name].between(X[name].min(), X[name].max()).all()


def test_kinds_do_not_depend_on_the_order_of_rows():
    X = pandas_frame().drop(columns="mixed")
    codec, other = TableEncoder.learn(X), TableEncoder.learn(X.iloc[::-1])
    assert [b.n_states for b in codec.layout.blocks] == [b.n_states for b in other.layout.blocks]
    np.testing.assert_allclose(other.encode(X), codec.encode(X), atol=1e-6)


# Refusals


def test_identifiers_are_refused_with_the_remedies():
    names = [f"user{i}" for i in range(N)]
    with pytest.raises(ValueError, match=r"'who'.*60 distinct values in 60.*categorical_features"):
        TableEncoder.learn(pd.DataFrame({"who": names}))
    assert column_of(names, categorical_features=["x"]).block(0).n_states == N
    assert column_of(pd.Categorical(names)).block(0).n_states == N
    assert column_of(names[:20]).block(0).n_states == 20
    assert column_of(names[:25] * 2).block(0).n_states == 25


@pytest.mark.parametrize("asked", ["auto", [0]])
def test_infinity_is_refused(asked):
    X = pd.DataFrame({"bad": [1.0, 2.0, np.inf]})
    with pytest.raises(ValueError, match=r"infinity.*'bad'"):
        TableEncoder.learn(X, categorical_features=asked)


def test_infinity_and_missing_cells_are_refused_when_they_come_later():
    X = pd.DataFrame({"x": [1.0, 2.0, 4.0]})
    codec = TableEncoder.learn(X)
    with pytest.raises(ValueError, match="infinity"):
        codec.encode(X.replace(4.0, np.inf))
    with pytest.raises(ValueError, match="'x' holds 1 missing"):
        codec.encode(X.replace(4.0, np.nan))


def test_unknown_categories_are_refused():
    codec = TableEncoder.learn(pd.DataFrame({"city": ["Bonn", "Kiel"]}))
    with pytest.raises(ValueError, match=r"'city'.*'Ulm'"):
        codec.encode(pd.DataFrame({"city": ["Bonn", "Ulm"]}))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "duplicates of \\['a'\\]"),
        (pd.DataFrame({"a": []}), "at least one row"),
        (np.empty((0, 2)), "at least one row"),
        (np.empty((2, 0)), "one column"),
        ([], "at least one row"),
        (np.arange(3), "2D array"),
        ([[1, 2], [3]], "equal length"),
        ([1, 2], "expected 2D array"),
        (np.ones((2, 2), dtype=complex), "Complex data not supported"),
        (pd.DataFrame({"a": [[1], [2]]}), "'a' holds cells that are no single values"),
    ],
)
def test_what_is_no_table_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder.learn(X)


def test_lazy_frames_are_refused():
    with pytest.raises(TypeError, match="collect"):
        TableEncoder.learn(pl.LazyFrame({"a": [1]}))


def test_other_columns_and_other_rows_are_refused():
    X = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})
    codec = TableEncoder.learn(X)
    with pytest.raises(ValueError, match="Missing: 'b'; new: 'c'"):
        codec.encode(X.rename(columns={"b": "c"}))
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        codec.decode(np.zeros((3, 5), dtype=np.float32), rng())
    with pytest.raises(ValueError, match="finite"):
        codec.decode(np.full((3, 2), np.nan, dtype=np.float32), rng())
