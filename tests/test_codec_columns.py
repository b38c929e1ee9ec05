"""What the codec learns of a single column: its grid, its range, its levels, its states."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.encoding.categorical import MAX_STATES, Categorical
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.columns import learn_column
from gan_oversampler.encoding.datetime import DateTime
from gan_oversampler.encoding.numeric import Numeric
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, column_of, rng, round_trip, some_rows

# Numbers


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("decimals", range(7))
def test_the_grid_is_learned(decimals, dtype):
    values = (np.arange(1, 40) / 10**decimals).astype(dtype)
    column = column_of(values)
    assert column.decimals == decimals
    back = column.decode(column.encode(Cells(values, np.zeros(39, bool))), rng())
    np.testing.assert_array_equal(back.values.astype(dtype), values)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_continuous_values_have_no_grid(dtype):
    assert column_of((rng().normal(size=N) * 100).astype(dtype)).decimals is None


def test_wide_ranges_of_integers_come_back():
    X = rng().integers(0, 1_500_000, (3000, 1))
    np.testing.assert_array_equal(round_trip(X), X)


def test_calendar_months_come_back():
    X = np.array([["2020-01"], ["2020-02"], ["2021-07"]], dtype="M8[M]")
    back = round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


def test_rounding_is_unbiased():
    X = np.array([[0], [1], [2]])
    codec = TableEncoder.learn(X)
    low, high = codec.encode(X)[[0, 1], 0]
    n = 20_000
    rows = np.full((n, 1), low + 0.3 * (high - low), dtype=np.float32)
    drawn = codec.decode(rows, rng())
    assert set(np.unique(drawn)) == {0, 1}
    assert abs(drawn.mean() - 0.3) < 4 * np.sqrt(0.21 / n)


def test_decoded_values_stay_inside_the_observed_range():
    X = pd.DataFrame({"grid": [1.1, 2.4, 3.7] * 5, "free": rng().normal(size=15)})
    codec = TableEncoder.learn(X)
    new = codec.decode(some_rows(codec) * 100, rng())
    for name in X:
        assert new[name].min() == X[name].min()
        assert new[name].max() == X[name].max()


def test_the_range_is_that_of_the_values_not_of_their_grid():
    values = np.float32([0.1, 0.2, 0.5, 0.9]).astype(float)
    X = pd.DataFrame({"x": values})
    assert round_trip(X)["x"].between(values[0], values[-1]).all()
    assert values[0] != 0.1


def test_integers_at_the_ends_of_their_dtype_do_not_wrap_around():
    limits = np.iinfo("int64")
    X = np.array([[limits.min], [0], [limits.max]])
    new = round_trip(X)
    assert new[0, 0] < -(2**62)
    assert new[2, 0] > 2**62


def test_spikes_get_a_state_and_keep_their_share():
    values = np.concatenate([np.zeros(40), np.full(30, 9.5), rng().uniform(1, 9, 130)])
    column = column_of(values)
    assert column.spikes == (0.0, 9.5)
    assert column.block(0).n_states == 3
    back = column.decode(column.encode(Cells(values, np.zeros(200, bool))), rng()).values
    assert (back == 0).sum() == 40
    assert (back == 9.5).sum() == 30
    assert column.low >= 1


def test_there_are_at_most_three_spikes_and_none_among_few_values():
    many = np.concatenate([np.repeat(np.arange(5.0), 19), np.linspace(0.01, 0.9, 25)])
    assert column_of(many).spikes == (0.0, 1.0, 2.0)
    assert column_of([0] * 50 + list(range(1, 10))).spikes == ()


def test_far_spikes_are_held_next_to_the_free_values():
    values = np.concatenate([np.full(40, 99_999.0), rng().uniform(0, 1, 60)])
    column = column_of(values)
    rows = column.encode(Cells(values, np.zeros(100, bool)))
    assert column.spikes == (99_999.0,)
    assert np.abs(rows).max() < 4
    np.testing.assert_allclose(column.decode(rows, rng()).values, values, atol=1e-6)


def test_ranges_of_extreme_size_do_not_overflow():
    largest = np.finfo(float).max
    for values in ([1e308, -1e308, 0.5, 1e-300], [*[0] * 9, largest, largest / 2, -largest]):
        X = np.array(values)[:, None]
        np.testing.assert_allclose(round_trip(X) / 1e308, X / 1e308, atol=1e-5)


# Levels


@pytest.mark.parametrize("values", [[0, 1], [0.0, 1.0], [False, True], [-1, 4.5], ["n", "y"]])
def test_two_distinct_values_are_two_levels(values):
    column = column_of(values * 5)
    assert isinstance(column, Categorical)
    assert column.block(0).n_states == 2
    assert round_trip([[v] for v in values * 5]) == [[v] for v in values * 5]


def test_one_value_and_missing_cells_are_two_states():
    block = column_of([3.0, np.nan, 3.0]).block(0)
    assert (block.n_states, block.pinned) == (2, None)


def test_missing_cells_are_drawn_where_their_state_says_so():
    X = pd.DataFrame({"x": [np.nan, *range(1, 20)], "c": [None, *"abc" * 6, "a"]})
    codec = TableEncoder.learn(X)
    rows = codec.encode(X.iloc[rng().integers(0, 20, 400)])
    share = rows[:, codec.layout.blocks[0].start + 1].mean()
    new = codec.decode(rows, rng())
    assert 0 < share == pytest.approx(new["x"].isna().mean()) == new["c"].isna().mean()


def test_rare_levels_share_a_state_and_are_drawn_by_frequency():
    text = np.repeat([f"own{i:02}" for i in range(MAX_STATES - 1)], 40)
    X = pd.DataFrame({"c": [*text, *["rare3"] * 30, *["rare1"] * 10]})
    codec = TableEncoder.learn(X)
    (block,) = codec.layout.blocks
    assert block.n_states == MAX_STATES
    rare = np.zeros((8000, MAX_STATES), dtype=np.float32)
    rare[:, -1] = 1
    shares = codec.decode(rare, rng())["c"].value_counts(normalize=True)
    assert set(shares.index) == {"rare1", "rare3"}
    assert abs(shares["rare3"] - 0.75) < 4 * np.sqrt(0.1875 / 8000)
    own = X["c"].str.startswith("own")
    back = codec.decode(codec.encode(X), rng())
    assert back["c"][own].equals(X["c"][own])


def test_missing_cells_count_towards_the_states():
    X = pd.DataFrame({"c": [f"l{i % 100}" for i in range(900)] + [None] * 5})
    codec = TableEncoder.learn(X)
    assert codec.layout.width == MAX_STATES
    back = codec.decode(codec.encode(X), rng())
    assert back["c"].isna().equals(X["c"].isna())
    assert set(codec.decode(some_rows(codec, 9000), rng())["c"].dropna()) == set(X["c"].dropna())


@pytest.mark.parametrize("asked", [["n"], [0], np.array([True, False]), ("n",)])
def test_named_columns_are_categories(asked):
    X = pd.DataFrame({"n": [3, 1, 2, 2], "m": [1, 2, 3, 4]})
    codec = TableEncoder.learn(X, categorical_features=asked)
    assert [type(c) for c in codec.columns] == [Categorical, Numeric]
    pd.testing.assert_frame_equal(round_trip(X, categorical_features=asked), X)


def test_large_codes_stay_apart_as_categories():
    X = np.array([[2**60], [2**60 + 1], [2**60 + 2]])
    np.testing.assert_array_equal(round_trip(X, categorical_features=[0]), X)


@pytest.mark.parametrize(
    ("asked", "message"),
    [(["q"], "'q'"), ([5], "5"), ("n", r"\['n'\]"), ([True], "2 entries")],
)
def test_wrong_categorical_features_are_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder.learn(pd.DataFrame({"n": [1, 2], "m": [3, 4]}), categorical_features=asked)


# Dates and constants


@pytest.mark.parametrize(("step", "n"), [("D", 86_400), ("h", 3600), ("m", 60), ("s", 1)])
def test_the_time_grid_is_learned(step, n):
    moments = np.datetime64("2024-03-01T05:00:00", "ns") + np.arange(0, 60, 3) * np.timedelta64(1, step)
    column = column_of(moments)
    assert isinstance(column, DateTime)
    assert column.step == n * 10**9
    X = pd.DataFrame({"x": moments})
    codec = TableEncoder.learn(X)
    new = codec.decode(some_rows(codec), rng())["x"]
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
    codec = TableEncoder.learn(X)
    assert codec.layout.width == 0
    rows = codec.encode(X)
    assert rows.shape == (3, 0)
    pd.testing.assert_frame_equal(codec.decode(rows, rng()), X)


def test_a_column_is_learned_alone():
    cells = Cells(np.array([0.5, 1.0, 2.0]), np.array([False, True, False]))
    assert isinstance(learn_column("x", cells), Categorical)
