"""Keys of rows: equal for equal rows, and different for all others."""

import itertools

import numpy as np
import pytest

from gan_oversampler.encoding.real_rows import RealRows, row_keys


def test_all_combinations_of_states_have_keys_of_their_own():
    rows = np.array(list(itertools.product([0, 1], repeat=16)), np.float32)
    assert len(np.unique(row_keys(rows))) == 2**16


def test_neighbours_in_single_precision_have_different_keys():
    ones = np.ones((1, 3), np.float32)
    near = ones.copy()
    near[0, 1] = np.nextafter(np.float32(1), np.float32(2))
    assert row_keys(ones) != row_keys(near)
    assert row_keys(ones * 0) == row_keys(-ones * 0)  # zero and minus zero are one number


def test_the_order_of_columns_counts_and_so_do_further_integers():
    rows = np.array([[1, 2], [2, 1], [1, 2]], np.float32)
    first, second, third = row_keys(rows)
    assert first == third != second
    assert len(np.unique(row_keys(rows, [np.array([0, 0, 1])]))) == 3


@pytest.mark.parametrize("width", [1, 40])
def test_rows_hold_their_own_keys_only(width):
    rows = np.random.default_rng(0).normal(size=(50, width)).astype(np.float32)
    real = RealRows.of(row_keys(rows[:20]), None)
    assert real.times(row_keys(rows)).tolist() == [int(i < 20) for i in range(50)]
    assert real.times(row_keys(rows[:0])).tolist() == []
    assert RealRows.of(row_keys(rows[:0]), None).times(row_keys(rows)).sum() == 0


@pytest.mark.parametrize(("n_possible", "full"), [(None, False), (8, True), (40, True), (41, False)])
def test_real_rows_fill_the_space_of_a_table_from_a_quarter_on(n_possible, full):
    assert RealRows.of(np.arange(10, dtype=np.uint64), n_possible).fill_space is full


def test_how_often_a_row_stands_in_the_table_is_counted_up_to_five():
    keys = np.repeat(np.arange(3, dtype=np.uint64), [4, 5, 6])
    real = RealRows.of(keys, 12)
    assert real.times(np.arange(4, dtype=np.uint64)).tolist() == [4, 5, 5, 0]
    assert real.fill_space  # three of twelve
