"""Constraints are plain values: they print, compare, copy and say which rows keep them."""

import copy
import pickle

import numpy as np
import pytest

from gan_oversampler.constraints import Between, OneOf, Order, Sum, described

VALUES = [
    Order("a", "b"),
    Order("a", "b", strict=True),
    Sum("t", ["a", "b"]),
    Sum("t", ["a"], weights=[2.5]),
    OneOf(["a", "b"]),
    Between("a", 1, 2),
    Between("a", low=1),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_constraints_survive_copies_and_their_repr_makes_them_again(value):
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value
    assert eval(repr(value)) == value
    assert described(value) == str(value)
    assert value.on(value.columns) == value


def test_equal_cells_break_strict_orders_only():
    cells = np.array([1, 2])
    assert Order("a", "b").holds(cells, cells).all()
    assert not Order("a", "b", strict=True).holds(cells, cells).any()


def test_sums_of_floats_are_compared_by_their_precision():
    parts = np.full(3, 0.1), np.full(3, 0.2)
    assert Sum("t", ["a", "b"]).holds(np.full(3, 0.3), *parts).all()
    assert not Sum("t", ["a", "b"]).holds(np.full(3, 0.3 + 1e-12), *parts).any()
    single = [part.astype(np.float32) for part in parts]
    assert Sum("t", ["a", "b"]).holds(np.full(3, 0.3, np.float32), *single).all()


def test_sums_of_integers_are_exact():
    huge = np.array([2**60, 2**53])
    assert Sum("t", ["a", "b"]).holds(huge + 1, huge, np.ones(2, int)).all()
    assert not Sum("t", ["a", "b"]).holds(huge, huge, np.ones(2, int)).any()
    assert Sum("t", ["a"], [-4]).holds(np.array([-(2**63)]), np.array([2**61])).all()
    largest = np.array([2**64 - 1], np.uint64)
    assert not Sum("t", ["a"]).holds(largest, largest - np.uint64(1)).any()
    hours = np.array([2, 3], "m8[h]")
    assert Sum("t", ["a"]).holds(hours.astype("m8[s]"), hours).all()


def test_values_can_be_hashed_and_lists_equal_tuples():
    assert len({*VALUES, *VALUES}) == len(VALUES)
    assert Sum("t", ["a"], [2]) == Sum("t", ("a",), (2,))
    assert OneOf(["a", "b"]) == OneOf(("a", "b"))


def test_bounds_of_dates_may_be_texts_and_have_zones():
    days = np.array(["2024-01-01T00", "2024-01-02T00"], "M8[h]")
    assert Between("day", low="2024-01-02").holds(days).tolist() == [False, True]
    assert Between("day", low="2024-01-01 01:30+01:00").holds(days).tolist() == [False, True]
    assert Between("wait", high="2h").holds(np.array([1, 3], "m8[h]")).tolist() == [True, False]


def test_bounds_in_the_wrong_order_allow_nothing():
    days = np.array(["2024-01-01"], "M8[ns]")
    assert Between("age", 9, 3).allows_nothing(np.array([5]))
    assert not Between("age", 3, 9).allows_nothing(np.array([5]))
    assert not Between("age", low=3).allows_nothing(np.array([5]))
    assert Between("day", "2024-01-10", "2024-01-09").allows_nothing(days)
    assert not Between("wait", "9h", "10h").allows_nothing(np.array([1], "m8[h]"))
