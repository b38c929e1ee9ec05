"""Columns that are computed from others: gaps and totals, on grids and in range."""

import numpy as np
import pytest

from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.derived import Gap, TakenValues, Total, as_numbers
from tests.coding import cells_of

N = 200


def test_numbers_of_times_have_the_finest_unit_of_all():
    day, hour = cells_of(np.array(["2024-01-02"], "M8[D]")), cells_of(np.array(["2024-01-01T12"], "M8[h]"))
    a, b = as_numbers([day, hour])
    assert (a - b).tolist() == [12]


def test_integers_stay_exact_beyond_what_floats_hold():
    big = cells_of(np.array([2**60, 2**60 + 1]))
    assert as_numbers([big])[0].tolist() == [2**60, 2**60 + 1]


@pytest.mark.parametrize(
    ("values", "point"),
    [(np.arange(0, 700, 7), 9), (np.arange(100) * 0.25, 0.3), (np.arange(100) / 100, 0.014)],
)
def test_snapping_goes_to_the_nearest_point_that_is_not_too_low(values, point):
    grid, at = TakenValues.learn(values), np.full(1, point)
    assert grid.snap(at, values[:1])[0] == values[np.abs(values - point).argmin()]
    above = grid.snap(at, at)[0]
    assert above >= point
    assert np.isclose(values, above).any()


def test_few_values_are_levels():
    grid = TakenValues.learn(np.repeat([3, 6, 7], 20))
    assert grid.snap(np.array([0, 5, 5, 99]), np.array([0, 0, 7, 0])).tolist() == [3, 6, 7, 7]


def test_continuous_values_are_only_kept_above():
    grid = TakenValues.learn(np.random.default_rng(0).normal(size=100))
    assert grid.snap(np.array([0.123, 0.5]), np.array([0.0, 0.6])).tolist() == [0.123, 0.6]


@pytest.mark.parametrize("kind", [float, int])
def test_gaps_are_mirrored_at_both_ends_and_pile_up_at_none(kind):
    g = np.random.default_rng(0)
    low = cells_of(g.integers(0, 1000, N).astype(kind))
    high = cells_of(low.values + g.integers(0, 300, N).astype(kind))
    gap = Gap.learn(1, [0], [low, high])
    rest = cells_of(g.normal(0, 400, N).astype(kind))
    values = gap.restore(rest, [low, high], high.values.dtype).values
    assert (values >= low.values).all()
    assert (values <= high.values.max()).all()
    assert (values == low.values).mean() < 0.05
    assert (values == high.values.max()).mean() < 0.05


def test_a_missing_start_leaves_the_end_as_it_is():
    low = Cells(np.array([1.0, 2.0, 5.0, 0.0]), np.array([False, False, False, True]))
    high = cells_of(np.array([2.0, 2.0, 9.0, 4.0]))
    gap = Gap.learn(1, [0], [low, high])
    back = gap.restore(gap.reduce([low, high]), [low, high], np.dtype(float))
    np.testing.assert_array_equal(back.values, high.values)


def test_a_total_of_missing_parts_is_a_value_of_its_own():
    part = Cells(np.array([1.0, 2.0, 0.0]), np.array([False, False, True]))
    total = Cells(np.array([3.0, 4.0, 9.0]), np.zeros(3, bool))
    other = cells_of(np.array([2.0, 2.0, 2.0]))
    rule = Total.learn(2, [0, 1], [part, other, total], (1.0, 1.0))
    rest = rule.reduce([part, other, total])
    assert rest.values[:2].tolist() == [0.0, 0.0]
    assert rule.restore(rest, [part, other], np.dtype(float)).values.tolist() == [3.0, 4.0, 9.0]


def test_decimals_of_a_total_are_those_of_its_parts():
    a, b = cells_of(np.array([0.1, 0.3])), cells_of(np.array([0.2, 0.4]))
    rule = Total.learn(2, [0, 1], [a, b, cells_of(np.array([0.3, 0.7]))], (1.0, 1.0))
    zero = cells_of(np.zeros(2))
    assert rule.restore(zero, [a, b], np.dtype(float)).values.tolist() == [0.3, 0.7]
