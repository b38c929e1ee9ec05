"""Laws of the codec: what goes in comes out, in the container and dtypes it came in."""

import datetime
import decimal
import pickle
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gan_oversampler.codec.cells import Cells
from gan_oversampler.codec.codec import Codec
from gan_oversampler.codec.columns import learn_column
from gan_oversampler.codec.levels import MAX_STATES, Levels
from gan_oversampler.codec.number import Number
from gan_oversampler.codec.times import Time

N = 60


def _rng(seed=0):
    return np.random.default_rng(seed)


def _round_trip(X, **kwargs):
    codec = Codec.learn(X, **kwargs)
    return codec.decode(codec.encode(X), _rng())


def _column(values, **kwargs):
    return Codec.learn(pd.DataFrame({"x": values}), **kwargs).columns[0]


def _some(codec, n=200, seed=0):
    """Rows as a generator might draw them: near one-hot, values anywhere."""
    rng = _rng(seed)
    return rng.normal(size=(n, codec.layout.width)).astype(np.float32) * 3


def _pandas_frame():
    rng = _rng()
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, N), unit="D")
    return pd.DataFrame(
        {
            "float64": rng.normal(size=N),
            "float32": rng.integers(0, 50, N).astype("float32") / np.float32(10),
            "int8": rng.integers(-100, 100, N).astype("int8"),
            "uint64": rng.integers(0, 1000, N).astype("uint64"),
            "bool": rng.random(N) < 0.3,
            "Int64": pd.array([None, *rng.integers(0, 9, N - 1)], dtype="Int64"),
            "Float32": pd.array([None, *rng.integers(0, 9, N - 1)], dtype="Float32"),
            "boolean": pd.array([None, True, False] * (N // 3), dtype="boolean"),
            "string": pd.array([None, "a", "b"] * (N // 3), dtype="string"),
            "str": pd.Series(["x", "y", None] * (N // 3), dtype="str"),
            "object": pd.Series(["x", None, "z"] * (N // 3), dtype=object),
            "mixed": pd.Series(["x", 1, None] * (N // 3), dtype=object),
            "bools": pd.Series([True, False, None] * (N // 3), dtype=object),
            "dates": pd.Series([datetime.date(2024, 1, 1 + i % 30) for i in range(N)], dtype=object),
            "ordered": pd.Categorical(
                ["lo", "hi", None] * (N // 3), categories=["lo", "mid", "hi"], ordered=True
            ),
            "codes": pd.Categorical([3, 1, 2] * (N // 3)),
            "naive": day.astype("datetime64[s]"),
            "zoned": day.tz_localize("Europe/Berlin"),
            "delta": pd.to_timedelta(rng.integers(0, 9, N), unit="h").where(day.day > 3),
            "sparse": pd.arrays.SparseArray(rng.integers(0, 3, N).astype(float), fill_value=0.0),
            "constant": 7,
            "empty": np.full(N, np.nan),
        }
    )


def _polars_frame():
    zone = "Europe/Berlin"
    at = [datetime.datetime(2024, 1, 1, i % 24) if i % 5 else None for i in range(N)]
    return pl.DataFrame(
        {
            "f": pl.Series(_rng().normal(size=N), dtype=pl.Float32),
            "nan": pl.Series([float("nan"), 0.5, 1.5] * (N // 3)),
            "i": pl.Series([None, 1, 2, 3] * (N // 4), dtype=pl.Int8),
            "u": pl.Series([5, 1, 2, 3] * (N // 4), dtype=pl.UInt64),
            "b": pl.Series([None, True, False] * (N // 3)),
            "s": pl.Series([None, "a", "b"] * (N // 3)),
            "c": pl.Series([None, "a", "b"] * (N // 3), dtype=pl.Categorical),
            "e": pl.Series([None, "a", "b"] * (N // 3), dtype=pl.Enum(["a", "b", "never"])),
            "d": pl.Series([x and x.date() for x in at]),
            "t": pl.Series(at, dtype=pl.Datetime("ms")),
            "z": pl.Series(at).dt.replace_time_zone("UTC").dt.convert_time_zone(zone),
            "x": pl.Series([datetime.timedelta(hours=i % 7) for i in range(N)]),
            "m": pl.Series([1, 2, 3] * (N // 3), dtype=pl.Decimal(10, 2)),
            "k": pl.Series([None] * N, dtype=pl.String),
        }
    )


# The way back


def test_every_pandas_dtype_comes_back():
    X = _pandas_frame()
    pd.testing.assert_frame_equal(_round_trip(X), X, rtol=1e-5, atol=1e-6)


def test_every_polars_dtype_comes_back():
    X = _polars_frame()
    back = _round_trip(X)
    assert back.schema == X.schema
    assert back.drop("f").equals(X.drop("f"), null_equal=True)
    np.testing.assert_allclose(back["f"].to_numpy(), X["f"].to_numpy(), atol=1e-6)
    assert back["nan"].null_count() == 0


@pytest.mark.parametrize("make", [_pandas_frame, _polars_frame])
def test_drawn_rows_have_the_dtypes_and_values_of_the_table(make):
    X = make()
    codec = Codec.learn(X)
    new = codec.decode(_some(codec), _rng())
    assert type(new) is type(X)
    assert list(new.dtypes) == list(X.dtypes)
    text = "string" if "string" in X.columns else "s"
    assert set(new[text].drop_nulls() if make is _polars_frame else new[text].dropna()) == {
        "a",
        "b",
    }


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "int64", "int8", "uint8", "bool", "<U3", "M8[D]", "O"],
)
def test_numpy_dtypes_come_back(dtype):
    X = _rng().integers(0, 5, (N, 3)).astype("int64").astype(dtype)
    back = _round_trip(X)
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
    back = _round_trip(X)
    assert back.tolist() == X.tolist()
    assert [[type(c) for c in row] for row in back] == [[type(c) for c in row] for row in X]


def test_aware_datetimes_in_object_columns_keep_their_zone():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    X = [[datetime.datetime(2024, 5, day, tzinfo=zone)] for day in (1, 2, 9)]
    back = _round_trip(X)
    assert back == X
    assert back[0][0].utcoffset() == datetime.timedelta(hours=2)
    assert type(back[0][0]) is datetime.datetime


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "csc_array"])
def test_sparse_containers_come_back(kind):
    dense = _rng().integers(0, 4, (N, 3)).astype("float32")
    X = getattr(sparse, kind)(dense)
    codec = Codec.learn(X)
    new = codec.decode(codec.encode(X), _rng())
    both = codec.stack(X, new)
    assert type(new) is type(both) is type(X)
    assert both.dtype == X.dtype
    np.testing.assert_array_equal(both.toarray(), np.vstack([dense, dense]))


def test_stack_puts_unchanged_originals_first():
    X = _pandas_frame().set_index(pd.Index(range(100, 100 + N)))
    codec = Codec.learn(X)
    both = codec.stack(X, codec.decode(_some(codec, 10), _rng()))
    assert both.index.equals(pd.RangeIndex(N + 10))
    pd.testing.assert_frame_equal(both.iloc[:N], X.reset_index(drop=True))
    assert both.dtypes.equals(X.dtypes)


def test_stack_of_polars_arrays_and_lists():
    frame = _polars_frame()
    codec = Codec.learn(frame)
    both = codec.stack(frame, codec.decode(_some(codec, 10), _rng()))
    assert both.head(N).equals(frame, null_equal=True)
    assert both.height == N + 10
    array = _rng().integers(0, 5, (N, 2)).astype("int16")
    for X in (array, array.tolist()):
        both = Codec.learn(X).stack(X, X)
        assert type(both) is type(X)
        np.testing.assert_array_equal(both, np.vstack([array, array]))


def test_no_new_rows_leave_the_table_as_it_is():
    X = _pandas_frame()
    codec = Codec.learn(X)
    none = codec.decode(np.empty((0, codec.layout.width), dtype=np.float32), _rng())
    pd.testing.assert_frame_equal(codec.stack(X, none), X)


def test_labels_of_columns_may_be_anything():
    X = pd.DataFrame(_rng().normal(size=(9, 3)), columns=pd.MultiIndex.from_tuples(["ab", "ac", "bc"]))
    pd.testing.assert_frame_equal(_round_trip(X), X, atol=1e-6)


def test_a_pickled_codec_decodes_the_same():
    for X in (_pandas_frame(), _polars_frame()):
        codec = Codec.learn(X)
        again = pickle.loads(pickle.dumps(codec))
        rows = _some(codec)
        assert codec.decode(rows, _rng()).equals(again.decode(rows, _rng()))
        np.testing.assert_array_equal(codec.encode(X), again.encode(X))


# Encoded rows


def test_states_are_one_hot_and_pin_their_values():
    X = pd.DataFrame({"x": [None, *[0.0] * 20, *_rng().normal(5, 1, 39)], "c": list("abc") * 20})
    codec = Codec.learn(X)
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
    first = Codec.learn(rows)
    expected = first.encode(rows)
    for X in (np.array(rows, dtype=object), objects, typed, polars):
        codec = Codec.learn(X)
        shapes = [(str(b.column), b.start, b.n_states) for b in codec.layout.blocks]
        assert shapes == [(str(b.column), b.start, b.n_states) for b in first.layout.blocks]
        np.testing.assert_allclose(codec.encode(X), expected, rtol=1e-5, atol=1e-6)


def test_numeric_containers_give_identical_rows():
    X = _rng().integers(0, 12, (N, 3)) / 10
    expected = Codec.learn(X).encode(X)
    for other in (
        X.astype("float32"),
        X.tolist(),
        pd.DataFrame(X),
        sparse.csr_array(X),
        X.astype(object),
    ):
        np.testing.assert_array_equal(Codec.learn(other).encode(other), expected)


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
    codec = Codec.learn(X)
    back = codec.decode(codec.encode(X), _rng())
    assert back.dtypes.equals(X.dtypes)
    pd.testing.assert_frame_equal(back.isna(), X.isna())
    exact = ["bool", "text", "mixed"]
    pd.testing.assert_frame_equal(back[exact], X[exact])
    for name in ("number", "missing number", "any float", "integer", "moment"):
        came, went = (f[name].dropna().astype("int64" if name == "moment" else float) for f in (X, back))
        reach = came.to_numpy(float).max(initial=0) / 2 - came.to_numpy(float).min(initial=0) / 2
        np.testing.assert_allclose(went / 2, came / 2, rtol=1e-6, atol=reach * 1e-5 + 1e-6)
    new = codec.decode(_some(codec, 20), _rng())
    assert new.dtypes.equals(X.dtypes)
    for name in ("number", "any float", "integer", "moment"):
        assert new[name].between(X[name].min(), X[name].max()).all()


# Numbers


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("decimals", range(7))
def test_the_grid_is_learned(decimals, dtype):
    values = (np.arange(1, 40) / 10**decimals).astype(dtype)
    column = _column(values)
    assert column.decimals == decimals
    back = column.decode(column.encode(Cells(values, np.zeros(39, bool))), _rng())
    np.testing.assert_array_equal(back.values.astype(dtype), values)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_continuous_values_have_no_grid(dtype):
    assert _column((_rng().normal(size=N) * 100).astype(dtype)).decimals is None


def test_wide_ranges_of_integers_come_back():
    X = _rng().integers(0, 1_500_000, (3000, 1))
    np.testing.assert_array_equal(_round_trip(X), X)


def test_calendar_months_come_back():
    X = np.array([["2020-01"], ["2020-02"], ["2021-07"]], dtype="M8[M]")
    back = _round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


def test_rounding_is_unbiased():
    X = np.array([[0], [1], [2]])
    codec = Codec.learn(X)
    low, high = codec.encode(X)[[0, 1], 0]
    n = 20_000
    rows = np.full((n, 1), low + 0.3 * (high - low), dtype=np.float32)
    drawn = codec.decode(rows, _rng())
    assert set(np.unique(drawn)) == {0, 1}
    assert abs(drawn.mean() - 0.3) < 4 * np.sqrt(0.21 / n)


def test_decoded_values_stay_inside_the_observed_range():
    X = pd.DataFrame({"grid": [1.1, 2.4, 3.7] * 5, "free": _rng().normal(size=15)})
    codec = Codec.learn(X)
    new = codec.decode(_some(codec) * 100, _rng())
    for name in X:
        assert new[name].min() == X[name].min()
        assert new[name].max() == X[name].max()


def test_the_range_is_that_of_the_values_not_of_their_grid():
    values = np.float32([0.1, 0.2, 0.5, 0.9]).astype(float)
    X = pd.DataFrame({"x": values})
    assert _round_trip(X)["x"].between(values[0], values[-1]).all()
    assert values[0] != 0.1


def test_integers_at_the_ends_of_their_dtype_do_not_wrap_around():
    limits = np.iinfo("int64")
    X = np.array([[limits.min], [0], [limits.max]])
    new = _round_trip(X)
    assert new[0, 0] < -(2**62)
    assert new[2, 0] > 2**62


def test_spikes_get_a_state_and_keep_their_share():
    values = np.concatenate([np.zeros(40), np.full(30, 9.5), _rng().uniform(1, 9, 130)])
    column = _column(values)
    assert column.spikes == (0.0, 9.5)
    assert column.block(0).n_states == 3
    back = column.decode(column.encode(Cells(values, np.zeros(200, bool))), _rng()).values
    assert (back == 0).sum() == 40
    assert (back == 9.5).sum() == 30
    assert column.low >= 1


def test_there_are_at_most_three_spikes_and_none_among_few_values():
    many = np.concatenate([np.repeat(np.arange(5.0), 19), np.linspace(0.01, 0.9, 25)])
    assert _column(many).spikes == (0.0, 1.0, 2.0)
    assert _column([0] * 50 + list(range(1, 10))).spikes == ()


def test_far_spikes_are_held_next_to_the_free_values():
    values = np.concatenate([np.full(40, 99_999.0), _rng().uniform(0, 1, 60)])
    column = _column(values)
    rows = column.encode(Cells(values, np.zeros(100, bool)))
    assert column.spikes == (99_999.0,)
    assert np.abs(rows).max() < 4
    np.testing.assert_allclose(column.decode(rows, _rng()).values, values, atol=1e-6)


def test_ranges_of_extreme_size_do_not_overflow():
    largest = np.finfo(float).max
    for values in ([1e308, -1e308, 0.5, 1e-300], [*[0] * 9, largest, largest / 2, -largest]):
        X = np.array(values)[:, None]
        np.testing.assert_allclose(_round_trip(X) / 1e308, X / 1e308, atol=1e-5)


# Levels


@pytest.mark.parametrize("values", [[0, 1], [0.0, 1.0], [False, True], [-1, 4.5], ["n", "y"]])
def test_two_distinct_values_are_two_levels(values):
    column = _column(values * 5)
    assert isinstance(column, Levels)
    assert column.block(0).n_states == 2
    assert _round_trip([[v] for v in values * 5]) == [[v] for v in values * 5]


def test_one_value_and_missing_cells_are_two_states():
    block = _column([3.0, np.nan, 3.0]).block(0)
    assert (block.n_states, block.pinned) == (2, None)


def test_missing_cells_are_drawn_where_their_state_says_so():
    X = pd.DataFrame({"x": [np.nan, *range(1, 20)], "c": [None, *"abc" * 6, "a"]})
    codec = Codec.learn(X)
    rows = codec.encode(X.iloc[_rng().integers(0, 20, 400)])
    share = rows[:, codec.layout.blocks[0].start + 1].mean()
    new = codec.decode(rows, _rng())
    assert 0 < share == pytest.approx(new["x"].isna().mean()) == new["c"].isna().mean()


def test_rare_levels_share_a_state_and_are_drawn_by_frequency():
    text = np.repeat([f"own{i:02}" for i in range(MAX_STATES - 1)], 40)
    X = pd.DataFrame({"c": [*text, *["rare3"] * 30, *["rare1"] * 10]})
    codec = Codec.learn(X)
    (block,) = codec.layout.blocks
    assert block.n_states == MAX_STATES
    rare = np.zeros((8000, MAX_STATES), dtype=np.float32)
    rare[:, -1] = 1
    shares = codec.decode(rare, _rng())["c"].value_counts(normalize=True)
    assert set(shares.index) == {"rare1", "rare3"}
    assert abs(shares["rare3"] - 0.75) < 4 * np.sqrt(0.1875 / 8000)
    own = X["c"].str.startswith("own")
    back = codec.decode(codec.encode(X), _rng())
    assert back["c"][own].equals(X["c"][own])


def test_missing_cells_count_towards_the_states():
    X = pd.DataFrame({"c": [f"l{i % 100}" for i in range(900)] + [None] * 5})
    codec = Codec.learn(X)
    assert codec.layout.width == MAX_STATES
    back = codec.decode(codec.encode(X), _rng())
    assert back["c"].isna().equals(X["c"].isna())
    assert set(codec.decode(_some(codec, 9000), _rng())["c"].dropna()) == set(X["c"].dropna())


@pytest.mark.parametrize("asked", [["n"], [0], np.array([True, False]), ("n",)])
def test_named_columns_are_categories(asked):
    X = pd.DataFrame({"n": [3, 1, 2, 2], "m": [1, 2, 3, 4]})
    codec = Codec.learn(X, categorical_features=asked)
    assert [type(c) for c in codec.columns] == [Levels, Number]
    pd.testing.assert_frame_equal(_round_trip(X, categorical_features=asked), X)


def test_large_codes_stay_apart_as_categories():
    X = np.array([[2**60], [2**60 + 1], [2**60 + 2]])
    np.testing.assert_array_equal(_round_trip(X, categorical_features=[0]), X)


@pytest.mark.parametrize(
    ("asked", "message"),
    [(["q"], "'q'"), ([5], "5"), ("n", r"\['n'\]"), ([True], "2 entries")],
)
def test_wrong_categorical_features_are_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        Codec.learn(pd.DataFrame({"n": [1, 2], "m": [3, 4]}), categorical_features=asked)


# Dates and constants


@pytest.mark.parametrize(("step", "n"), [("D", 86_400), ("h", 3600), ("m", 60), ("s", 1)])
def test_the_time_grid_is_learned(step, n):
    moments = np.datetime64("2024-03-01T05:00:00", "ns") + np.arange(0, 60, 3) * np.timedelta64(1, step)
    column = _column(moments)
    assert isinstance(column, Time)
    assert column.step == n * 10**9
    X = pd.DataFrame({"x": moments})
    codec = Codec.learn(X)
    new = codec.decode(_some(codec), _rng())["x"]
    assert ((new - moments[0]) % np.timedelta64(1, step) == pd.Timedelta(0)).all()
    assert new.between(moments.min(), moments.max()).all()


def test_constant_and_missing_columns_need_no_block():
    X = pd.DataFrame(
        {
            "one": [4] * 3,
            "none": [None] * 3,
            "text": ["a"] * 3,
            "day": [pd.Timestamp("2024-01-01")] * 3,
        }
    )
    codec = Codec.learn(X)
    assert codec.layout.width == 0
    rows = codec.encode(X)
    assert rows.shape == (3, 0)
    pd.testing.assert_frame_equal(codec.decode(rows, _rng()), X)


# Refusals


def test_identifiers_are_refused_with_the_remedies():
    names = [f"user{i}" for i in range(N)]
    with pytest.raises(ValueError, match=r"'who'.*60 distinct values in 60.*categorical_features"):
        Codec.learn(pd.DataFrame({"who": names}))
    assert _column(names, categorical_features=["x"]).block(0).n_states == N
    assert _column(pd.Categorical(names)).block(0).n_states == N
    assert _column(names[:20]).block(0).n_states == 20
    assert _column(names[:25] * 2).block(0).n_states == 25


@pytest.mark.parametrize("asked", ["auto", [0]])
def test_infinity_is_refused(asked):
    X = pd.DataFrame({"bad": [1.0, 2.0, np.inf]})
    with pytest.raises(ValueError, match=r"infinity.*'bad'"):
        Codec.learn(X, categorical_features=asked)


def test_infinity_and_missing_cells_are_refused_when_they_come_later():
    X = pd.DataFrame({"x": [1.0, 2.0, 4.0]})
    codec = Codec.learn(X)
    with pytest.raises(ValueError, match="infinity"):
        codec.encode(X.replace(4.0, np.inf))
    with pytest.raises(ValueError, match="'x' holds 1 missing"):
        codec.encode(X.replace(4.0, np.nan))


def test_unknown_categories_are_refused():
    codec = Codec.learn(pd.DataFrame({"city": ["Bonn", "Kiel"]}))
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
        Codec.learn(X)


def test_lazy_frames_are_refused():
    with pytest.raises(TypeError, match="collect"):
        Codec.learn(pl.LazyFrame({"a": [1]}))


def test_other_columns_and_other_rows_are_refused():
    X = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})
    codec = Codec.learn(X)
    with pytest.raises(ValueError, match="Missing: 'b'; new: 'c'"):
        codec.encode(X.rename(columns={"b": "c"}))
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        codec.decode(np.zeros((3, 5), dtype=np.float32), _rng())
    with pytest.raises(ValueError, match="finite"):
        codec.decode(np.full((3, 2), np.nan, dtype=np.float32), _rng())


# Speed


def test_wide_numeric_arrays_are_quick():
    X = _rng().normal(size=(1000, 784))
    start = time.process_time()
    codec = Codec.learn(X)
    codec.decode(codec.encode(X), _rng())
    # Measured 0.2 s; the slack is for machines under load.
    assert time.process_time() - start < 1.5


def test_kinds_do_not_depend_on_the_order_of_rows():
    X = _pandas_frame().drop(columns="mixed")
    codec, other = Codec.learn(X), Codec.learn(X.iloc[::-1])
    assert [b.n_states for b in codec.layout.blocks] == [b.n_states for b in other.layout.blocks]
    np.testing.assert_allclose(other.encode(X), codec.encode(X), atol=1e-6)


def test_a_column_is_learned_alone():
    cells = Cells(np.array([0.5, 1.0, 2.0]), np.array([False, True, False]))
    assert isinstance(learn_column("x", cells), Levels)
