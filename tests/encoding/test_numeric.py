"""Columns of numbers: the grid, the range and the spikes are learned and kept."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.encoding.numeric import learn_numeric
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import cells_of, column_of, rng, round_trip, some_rows


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("decimals", range(7))
def test_the_grid_is_learned(decimals, dtype):
    values = (np.arange(1, 40) / 10**decimals).astype(dtype)
    column = column_of(values)
    assert column.decimals == decimals
    back = column.decode(column.encode(cells_of(values)), rng())
    np.testing.assert_array_equal(back.values.astype(dtype), values)


def test_wide_ranges_of_integers_come_back():
    X = rng().integers(0, 1_500_000, (3000, 1))
    np.testing.assert_array_equal(round_trip(X), X)


def test_rounding_is_unbiased():
    X = np.array([[0], [1], [2]])
    encoder = TableEncoder.learn(X)
    low, high = encoder.encode(X)[[0, 1], 0]
    n = 20_000
    rows = np.full((n, 1), low + 0.3 * (high - low), dtype=np.float32)
    drawn = encoder.decode(rows, rng())
    assert set(np.unique(drawn)) == {0, 1}
    assert abs(drawn.mean() - 0.3) < 4 * np.sqrt(0.21 / n)


def test_decoded_values_stay_inside_the_observed_range():
    X = pd.DataFrame({"grid": [1.1, 2.4, 3.7] * 5, "free": rng().normal(size=15)})
    encoder = TableEncoder.learn(X)
    new = encoder.decode(some_rows(encoder) * 100, rng())
    for name in X:
        assert new[name].between(X[name].min(), X[name].max()).all()
    assert set(new["grid"]) >= {1.1, 3.7}
    # Numbers from far outside pile up nowhere.
    assert new["free"].nunique() == len(new)


@pytest.mark.filterwarnings("ignore:Column 'x' looks like row numbers")
@pytest.mark.parametrize(
    "values",
    [np.arange(0, 20, 0.25), 50 * np.arange(1, 40), np.repeat([3, 6, 7], 20), np.repeat([0.1, 1 / 3, 7], 20)],
    ids=("quarters", "fifties", "codes", "fractions"),
)
def test_new_values_lie_on_the_grid(values):
    column = column_of(values)
    back = column.decode(column.encode(cells_of(values)), rng())
    np.testing.assert_array_equal(back.values, values)
    rows = rng().normal(size=(500, 1)).astype(np.float32) * 3
    assert set(column.decode(rows, rng()).values) <= set(values)


def test_a_grid_ends_without_a_wall():
    column = column_of(np.repeat(np.arange(11.0), 10))
    low, high = column.encode(cells_of([-3.0, 13.0]))[:, 0]
    rows = rng().uniform(low, high, size=(20_000, 1)).astype(np.float32)
    shares = np.bincount(column.decode(rows, rng(1)).values.astype(int)) / len(rows)
    # Reflection doubles the uniform density up to 3 and from 7 on; cells at the ends are half as wide.
    expected = np.array([1, 2, 2, 1.5, 1, 1, 1, 1.5, 2, 2, 1]) / 16
    np.testing.assert_allclose(shares, expected, atol=4 * np.sqrt(0.125 / len(rows)))


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
    back = column.decode(column.encode(cells_of(values)), rng()).values
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
    rows = column.encode(cells_of(values))
    assert column.spikes == (99_999.0,)
    assert np.abs(rows).max() < 4
    np.testing.assert_allclose(column.decode(rows, rng()).values, values, atol=1e-6)


def test_ranges_of_extreme_size_do_not_overflow():
    largest = np.finfo(float).max
    for values in ([1e308, -1e308, 0.5, 1e-300], [*[0] * 9, largest, largest / 2, -largest]):
        X = np.array(values)[:, None]
        np.testing.assert_allclose(round_trip(X) / 1e308, X / 1e308, atol=1e-5)


def test_a_spike_of_a_class_to_be_drawn_is_a_spike():
    rare = np.arange(950, 1000)
    values = rng().gamma(2, 3, 1000)
    values[rare[:36]] = 0.0
    cells = cells_of(values)
    assert learn_numeric("x", cells).spikes == ()
    column = learn_numeric("x", cells, {1: rare})
    assert column.spikes == (0.0,)
    back = column.decode(column.encode(cells)[rare], rng()).values
    assert (back == 0).mean() == 0.72


@pytest.mark.parametrize("n_values", [3, 6, 10])
def test_of_few_values_one_is_a_spike_where_a_class_holds_hardly_any_other(n_values):
    values = np.arange(500.0) % n_values
    rare = np.arange(440, 500)
    values[rare[:56]] = 0.0
    assert learn_numeric("x", cells_of(values)).spikes == ()
    column = learn_numeric("x", cells_of(values), {1: rare})
    assert column.spikes == (0.0,)
    assert np.array_equal(column.decode(column.encode(cells_of(values)), rng()).values, values)
    assert learn_numeric("x", cells_of(values), {1: np.arange(60)}).spikes == ()


def test_ordinary_frequent_values_of_a_small_class_are_no_spikes():
    for seed in range(50):
        values = rng(seed).poisson(30, size=500)
        assert learn_numeric("x", cells_of(values), {1: np.arange(30)}).spikes == ()
        assert learn_numeric("x", cells_of(rng(seed).normal(size=500)), {1: np.arange(5)}).spikes == ()


def test_spikes_of_classes_come_before_those_of_the_table():
    majority = np.concatenate([np.repeat([1.0, 2.0, 3.0], 200), np.linspace(10, 20, 300)])
    rare = np.concatenate([np.full(12, 7.0), np.linspace(30, 40, 12)])
    cells = cells_of(np.concatenate([majority, rare]))
    assert learn_numeric("x", cells).spikes == (1.0, 2.0, 3.0)
    assert learn_numeric("x", cells, {1: np.arange(900, 924)}).spikes == (7.0, 1.0, 2.0)


def test_every_class_has_its_spike_and_the_table_two_more():
    values = np.concatenate([np.repeat([1.0, 2.0, 3.0], 200), np.linspace(10, 20, 300)])
    parts = [np.concatenate([np.full(12, 30.0 + code), np.linspace(40, 50, 12)]) for code in range(4)]
    drawn = {code: np.arange(900 + 24 * code, 924 + 24 * code) for code in range(4)}
    column = learn_numeric("x", cells_of(np.concatenate([values, *parts])), drawn)
    assert column.spikes == (30.0, 31.0, 32.0, 33.0, 1.0, 2.0)


def test_a_value_of_a_third_of_a_class_is_a_spike_however_few_others_there_are():
    cells = cells_of(np.array([0.0] * 10 + [0.5] * 5 + [1.0] * 5 + [0.0, 0.5, 1.0, 0.25] * 50))
    assert learn_numeric("x", cells, {1: np.arange(20)}).spikes == (0.0,)
    assert learn_numeric("x", cells, {1: np.arange(1, 20)}).spikes == ()  # not twice as many as others
