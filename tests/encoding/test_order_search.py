"""Orders: laws, orders that hold as far as was seen, and those that few rows break."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.encoding.containers import read_table
from gan_oversampler.encoding.order_search import MAX_SEEN, Orders, has_edge

N = 500


def orders(*columns):
    cells = read_table(pd.DataFrame(dict(enumerate(columns))))[1]
    return Orders.find(range(len(columns)), cells)


def start_and_end(gaps, seed=0):
    start = np.random.default_rng(seed).integers(0, 300, N)
    return start, start + gaps(np.random.default_rng(seed + 1))


GAPS = {
    "3 to 30": lambda g: g.integers(3, 31, N),
    "a year at least": lambda g: 1 + g.poisson(4, N),
    "about 20": lambda g: np.rint(g.normal(20, 4, N)).astype(int),
    "always 7": lambda g: np.full(N, 7),
}


@pytest.mark.parametrize("gap", GAPS)
def test_orders_of_times_are_laws_and_those_of_numbers_are_seen(gap):
    start, end = start_and_end(GAPS[gap])
    days = [pd.Timestamp("2024-01-01") + pd.to_timedelta(v, unit="D") for v in (start, end)]
    assert orders(*days).laws == [(0, 1)]
    found = orders(start, end)
    assert (found.laws, found.seen, found.near) == ([], [(0, 1)], [])


def test_orders_that_few_rows_break_are_near():
    start, end = start_and_end(lambda g: g.geometric(0.2, N) - 1)
    assert orders(start, end).laws == [(0, 1)]
    end[[17, 200]] -= 60
    found = orders(start, end)
    assert (found.laws, found.seen, found.near) == ([], [], [(0, 1)])
    end[::50] -= 60
    assert orders(start, end).near == []


def test_correlated_columns_that_sometimes_change_places_are_not_nearly_in_order():
    for seed in range(20):
        g = np.random.default_rng(seed)
        z = g.normal(size=2000)
        assert orders(z, z + g.normal(2.5, 1, 2000)).near == []  # .6 % are out of order


def test_a_row_outside_of_the_sample_is_not_overlooked():
    g = np.random.default_rng(0)
    start = g.integers(0, 300, 5000)
    end = start + g.geometric(0.3, 5000)
    end[[1001, 4001]] = -9  # at most 2000 rows, evenly spaced, are looked at in detail
    found = orders(start, end)
    assert (found.laws, found.seen, found.near) == ([], [], [(0, 1)])


def test_equal_columns_are_in_no_order():
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N), unit="D")
    assert orders(day, day) == Orders([], [], [])


def test_only_those_that_random_pairs_break_most_are_told_of():
    g = np.random.default_rng(0)
    z = g.normal(size=N)
    shifts = [k + g.normal(0, 0.01, N) for k in np.linspace(0, 1, 20)]
    assert len(orders(*(z + shift for shift in shifts)).seen) == MAX_SEEN


def test_gaps_that_fade_out_above_zero_have_no_edge():
    g = np.random.default_rng(0)
    assert has_edge(np.abs(g.normal(size=300)), 10)
    assert not has_edge(g.normal(3.2, 1, size=300).clip(0.01), 10)
    assert not has_edge(1 + g.exponential(size=300), 10)
