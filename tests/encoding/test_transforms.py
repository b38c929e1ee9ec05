"""Shifted logarithms: only for columns with long tails, increasing, reversible, and without skewness."""

import numpy as np
import pytest
from scipy.stats import skew

from gan_oversampler.encoding.transforms import MIN_ROWS, ShiftedLog
from tests.coding import cells_of, column_of, rng

TAILS = {
    "lognormal": lambda r, n: r.lognormal(0, 2, n),
    "far from zero": lambda r, n: 1e6 + r.lognormal(3, 2, n),
    "left tail": lambda r, n: -r.lognormal(0, 2, n),
    "tiny": lambda r, n: 1e-200 * r.lognormal(0, 2, n),
    "huge": lambda r, n: 1e200 * r.lognormal(0, 3, n),
    "Pareto": lambda r, n: r.pareto(1.0, n),
}


@pytest.mark.parametrize("name", TAILS)
def test_a_long_tail_loses_its_skewness(name):
    values = np.sort(TAILS[name](rng(), 500))
    log = ShiftedLog.learn(values)
    moved = log.forward(values)
    assert (np.diff(moved) > 0).all()
    inner = moved.clip(*np.quantile(moved, [0.01, 0.99]))
    assert abs(skew(inner)) < 0.05
    np.testing.assert_allclose(log.inverse(moved), values, rtol=1e-9, atol=1e-12 * np.ptp(values))


def test_a_tail_on_one_side_of_a_bell_becomes_shorter():
    values = np.sort(rng().normal(size=500) + rng(1).lognormal(0, 2, 500))
    assert abs(skew(ShiftedLog.learn(values).forward(values))) < 0.3 * skew(values)


ORDINARY = {
    "normal": lambda r, n: r.normal(size=n),
    "uniform": lambda r, n: r.uniform(size=n),
    "exponential": lambda r, n: r.exponential(size=n),
    "heavy on both sides": lambda r, n: r.standard_t(3, n),
    "one value far out": lambda r, n: np.append(r.normal(size=n - 1), 100.0),
    "one value": lambda r, n: np.full(n, 7.0),
    "nearly infinite": lambda r, n: np.append(r.normal(size=n - 2), [-1.7e308, 1.7e308]),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_other_columns_stay_as_they_are(name):
    for seed in range(20):
        assert ShiftedLog.learn(np.sort(ORDINARY[name](rng(seed), 500))) is None


def test_few_rows_show_no_skewness():
    values = np.sort(rng().lognormal(0, 2, MIN_ROWS))
    assert ShiftedLog.learn(values) is not None
    assert ShiftedLog.learn(values[1:]) is None


def test_values_that_crowd_at_one_end_have_the_least_shift():
    values = np.sort(np.r_[np.zeros(300), rng().poisson(1.0, 60) + 1, [40, 60, 80, 99]]).astype(float)
    log = ShiftedLog.learn(values)
    assert np.isclose(log.shift, 1 / 99)  # log(1 + value), but for a constant


def test_standardised_values_of_a_skewed_column_are_near():
    values = rng().lognormal(0, 2, 1000)
    rows = column_of(values).encode(cells_of(values))
    assert np.abs(rows).max() < 5
    assert np.abs((values - values.mean()) / values.std()).max() > 15


@pytest.mark.parametrize("decimals", [0, 2])
def test_skewed_values_on_a_grid_come_back(decimals):
    values = np.round(rng().lognormal(3, 2, 1000), decimals)
    column = column_of(values)
    assert column.log is not None
    np.testing.assert_array_equal(column.decode(column.encode(cells_of(values)), rng()).values, values)


def test_spikes_of_a_skewed_column_are_held_at_the_end_of_its_range():
    values = np.r_[np.zeros(200), rng().lognormal(0, 2, 300)]
    column = column_of(values)
    rows = column.encode(cells_of(values))
    assert column.spikes == (0.0,)
    assert rows[:200, -1].max() == rows[:, -1].min()
    np.testing.assert_allclose(column.decode(rows, rng()).values, values, rtol=1e-5)
