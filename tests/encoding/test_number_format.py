"""The fewest decimals that numbers can be written with, in single and double precision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.number_format import MAX_DECIMALS, decimals_of, to_grid
from tests.coding import N, column_of, rng


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(st.integers(0, MAX_DECIMALS), st.lists(st.integers(-(10**6), 10**6), min_size=1))
def test_numbers_are_brought_back_to_the_decimals_they_were_written_with(dtype, decimals, wholes):
    written = np.array([float(f"{whole}e-{decimals}") for whole in wholes])
    stored = written.astype(dtype).astype(float)
    found = decimals_of(stored)
    assert found is not None
    assert found <= decimals
    np.testing.assert_array_equal(to_grid(stored, decimals), written)


def test_one_number_off_the_grid_is_enough():
    grid = np.arange(100) / 100
    assert decimals_of(grid) == 2
    assert decimals_of(np.append(grid, 1 / 3)) is None
    # Also where it is none of the few that are looked at first.
    assert decimals_of(np.insert(grid, 50, 0.123456789)) is None


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_continuous_values_have_no_grid(dtype):
    assert column_of((rng().normal(size=N) * 100).astype(dtype)).decimals is None


def test_numbers_far_from_the_grid_stay():
    assert to_grid(np.array([0.26, 0.2999]), 1).tolist() == [0.26, 0.3]
    assert to_grid(np.array([0.26]), None).tolist() == [0.26]
