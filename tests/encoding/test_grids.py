"""Grids of any step, and few values at any distances, are learned, but not where chance looks like one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.grids import Levels, Steps, learn_grid, reflect, round_to
from tests.coding import rng


def grid_of(values, decimals=0):
    return learn_grid(*np.unique(np.asarray(values, dtype=float), return_counts=True), decimals)


@given(st.integers(2, 500), st.integers(-1000, 1000), st.integers(0, 4))
def test_step_and_offset_of_a_grid_are_found(step, offset, decimals):
    values = (offset + step * np.arange(12)) / 10**decimals
    grid = Steps.learn(values, decimals)
    assert (grid.step, grid.offset) == (step, offset % step)
    position = np.rint(grid.position(values))
    np.testing.assert_allclose(grid.position(values), position, atol=1e-9)
    np.testing.assert_array_equal(grid.value(position), values)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0, 2, 6, 10], 1),  # all even by chance in one of eight columns
        (range(0, 24, 2), 2),
        ([0, 50, 150, 200], 50),
        ([0, 50, 150], 1),
        ([2**60, 2**60 + 2**10, 2**61, 2**62, 2**62 + 2**11], 1),  # float64 holds multiples of 256 only
    ],
)
def test_steps_are_believed_only_if_chance_is_ruled_out(values, step):
    assert Steps.learn(np.array(values, dtype=float), 0).step == step


def test_random_integers_have_no_step_but_one():
    steps = [
        Steps.learn(np.unique(rng(i).integers(0, 1000, size=m)), 0).step for i in range(400) for m in (5, 15)
    ]
    assert sum(step > 1 for step in steps) <= 3


def test_few_frequent_values_with_gaps_are_levels():
    assert grid_of([3] * 20 + [6] * 10 + [7] * 10) == Levels((3.0, 6.0, 7.0))
    assert grid_of([0.1234567, 1 / 3, 2.5] * 10, decimals=None) == Levels((0.1234567, 1 / 3, 2.5))


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3, 4, 5] * 20,  # an ordinal scale without gaps
        [3] * 20 + [6] * 10 + [7] * 9,  # 7 is too rare to say that 4 and 5 do not occur
        list(np.arange(11) ** 2) * 10,  # too many
    ],
    ids=("scale", "rare", "many"),
)
def test_other_integers_lie_on_steps(values):
    assert grid_of(values) == Steps(0)


def test_continuous_values_lie_on_no_grid():
    assert grid_of(rng().normal(size=200), decimals=None) is None


def test_levels_are_numbered_in_proportion_to_their_distances():
    levels = Levels((3.0, 6.0, 7.0))
    assert levels.position(np.array([2.0, 3.0, 4.5, 6.5, 9.0])).tolist() == [0.0, 0.0, 0.5, 1.5, 2.0]
    assert levels.value(np.array([2.0, 0.0])).tolist() == [7.0, 3.0]


@pytest.mark.parametrize("grid", [Steps(0), Steps(1, 25), Levels((-3.0, 0.0, 7.0))], ids=str)
def test_rounding_keeps_the_mean_and_forgives_errors(grid):
    values = np.full(20_000, 1.9)
    drawn = round_to(grid, values, np.zeros(len(values)), rng())
    assert len(set(drawn)) == 2
    assert abs(drawn.mean() - 1.9) < 4 * drawn.std() / np.sqrt(len(drawn))
    copied = grid.value(np.array([1.0]))
    assert (round_to(grid, np.repeat(copied + 0.01, 99), np.full(99, 0.02), rng()) == copied).all()


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(-1e9, 1e9))
def test_reflected_numbers_lie_inside_and_others_stay(low, span, value):
    high = low + span
    (back,) = reflect(np.array([value]), low, high)
    assert low - 1e-6 * span <= back <= high + 1e-6 * span
    if low <= value <= high:
        assert back == value


def test_reflection_keeps_the_distance_from_the_wall():
    assert reflect(np.array([-0.5, 4.5, 8.5, -4.0]), 0.0, 4.0).tolist() == [0.5, 3.5, 0.5, 4.0]
    assert reflect(np.array([-0.5, 4.5]), 3.0, 3.0).tolist() == [3.0, 3.0]


def test_reflection_keeps_a_uniform_law_uniform():
    wide = rng().uniform(-1, 2, size=30_000)
    shares = np.histogram(reflect(wide, 0.0, 1.0), bins=10, range=(0, 1))[0] / len(wide)
    np.testing.assert_allclose(shares, 0.1, atol=4 * np.sqrt(0.09 / len(wide)))
