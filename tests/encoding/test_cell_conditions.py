"""Conditions on cells: which of them fit, and what a column cannot be asked for."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.cell_conditions import condition_of, conditions_of
from gan_oversampler.encoding.cells import Cells, read_array, read_objects

NUMBERS = Cells(np.array([1.0, 2.0, 3.5, 0.0]), np.array([False, False, False, True]))
TEXTS = Cells(np.array(["a", "b", None], dtype=object), np.array([False, False, True]))
FLAGS = Cells(np.array([True, False]), np.array([False, False]))
DAYS = read_array(np.array(["2024-01-31", "2024-02-01", "NaT"], dtype="M8[D]"))[0]
WAITS = read_array(np.array([30, 90], dtype="m8[s]"))[0]


def _fits(asked, cells, zone=None):
    return condition_of("it", 0, asked, cells, zone).fits(cells).tolist()


@given(
    st.lists(st.integers(-5, 5), min_size=1),
    st.tuples(st.integers(-5, 5), st.integers(-5, 5)),
    st.sampled_from([np.int8, np.int64, np.float32, np.float64]),
)
def test_intervals_are_closed_and_lists_hold_values_in_every_dtype(values, ends, dtype):
    cells = Cells(np.array(values, dtype), np.zeros(len(values), bool))
    low, high = sorted(ends)
    assert _fits((low, high), cells) == [low <= value <= high for value in values]
    assert _fits((None, high), cells) == [value <= high for value in values]
    assert _fits((low, None), cells) == [low <= value for value in values]
    assert _fits(ends, cells) if ends[0] <= ends[1] else True
    assert _fits(set(ends), cells) == [value in ends for value in values]
    assert _fits(low, cells) == [value == low for value in values]


@pytest.mark.parametrize(
    ("asked", "cells", "expected"),
    [
        (1, NUMBERS, [1, 0, 0, 0]),
        ([1, None], NUMBERS, [1, 0, 0, 1]),
        (np.nan, NUMBERS, [0, 0, 0, 1]),
        (range(1, 3), NUMBERS, [1, 1, 0, 0]),
        (np.array([3.5]), NUMBERS, [0, 0, 1, 0]),
        (decimal.Decimal("3.5"), NUMBERS, [0, 0, 1, 0]),
        ((None, None), NUMBERS, [1, 1, 1, 0]),
        ("a", TEXTS, [1, 0, 0]),
        ({"b", None}, TEXTS, [0, 1, 1]),
        (pd.Series(["a", "b"]), TEXTS, [1, 1, 0]),
        (True, FLAGS, [1, 0]),
        ([0, 1], FLAGS, [1, 1]),
        ("2024-02-01", DAYS, [0, 1, 0]),
        (("2024-01-01", "2024-01-31"), DAYS, [1, 0, 0]),
        ((pd.Timestamp("2024-01-31 12:00"), None), DAYS, [0, 1, 0]),
        ([np.datetime64("2024-01-31"), pd.NaT], DAYS, [1, 0, 1]),
        (("1min", None), WAITS, [0, 1]),
        (pd.Timedelta(seconds=30), WAITS, [1, 0]),
    ],
)
def test_values_of_every_kind(asked, cells, expected):
    assert _fits(asked, cells) == list(map(bool, expected))


def test_a_float32_cell_is_equal_to_the_number_that_it_was_written_as():
    cells = Cells(np.array([0.1, 0.3], np.float32), np.zeros(2, bool))
    assert _fits(0.1, cells) == [True, False]


def test_naive_dates_are_those_of_the_time_zone_of_the_column():
    midnight = pd.DatetimeIndex(["2024-07-01"], tz="Europe/Paris")
    cells, stored = read_objects(np.array(midnight.to_list(), dtype=object))
    assert _fits("2024-07-01", cells, stored.tz) == [True]
    assert _fits("2024-07-01", cells) == [False]  # taken as UTC
    assert _fits(pd.Timestamp("2024-06-30 22:00", tz="UTC"), cells, stored.tz) == [True]


@pytest.mark.parametrize(
    ("asked", "cells", "message"),
    [
        ("x", NUMBERS, "holds numbers; 'given' asks for 'x'"),
        ((1, 2, 3), NUMBERS, "A tuple is an interval"),
        ((3, 1), NUMBERS, "must not end before it begins"),
        ([], NUMBERS, "no values"),
        ({"low": 1}, NUMBERS, "Give a value, a list or a tuple"),
        (("a", "b"), TEXTS, r"holds labels; .* Give, for instance, \['a', 'b'\]"),
        ("yes", FLAGS, "holds truth values"),
        (2, FLAGS, "holds truth values"),
        (3, DAYS, "holds dates"),
        ("soon", DAYS, "holds dates"),
        (True, WAITS, "holds durations"),
    ],
)
def test_what_a_column_cannot_hold_is_refused(asked, cells, message):
    with pytest.raises(ValueError, match=f"Column 'it'.*{message}"):
        condition_of("it", 0, asked, cells)


def test_unknown_columns_and_things_that_are_no_conditions_are_refused():
    with pytest.raises(ValueError, match=r"unknown column 'agee'. Did you mean 'age'"):
        conditions_of({"agee": 1}, ["age"], [NUMBERS], [None])
    with pytest.raises(ValueError, match=r"unknown column 7. Known are: \[0\]"):
        conditions_of({7: 1}, [0], [NUMBERS], [None])
    with pytest.raises(ValueError, match="must be a dict"):
        conditions_of([("age", 1)], ["age"], [NUMBERS], [None])


def test_unknown_levels_are_refused():
    condition = condition_of("city", 0, ["a", "A"], TEXTS)
    with pytest.raises(ValueError, match="Column 'city' has no level 'A'"):
        condition.refuse_unknown(np.array(["a", "b"], dtype=object))
    condition.refuse_unknown(np.array(["a", "A", "b"], dtype=object))


def test_a_text_is_not_said_to_be_near_a_number_that_looks_like_it():
    with pytest.raises(ValueError, match=r"unknown column '0'. Known are: \[0\]\.$"):
        conditions_of({"0": 1}, [0], [NUMBERS], [None])
    with pytest.raises(ValueError, match=r"no level '2'. Known are: \[1, 2\]\.$"):
        condition_of("floor", 0, "2", TEXTS).refuse_unknown(np.array([1, 2], dtype=object))


@pytest.mark.parametrize("asked", ["2024-10-27 02:30", ("2024-03-31 02:30", None)])
def test_a_time_that_a_clock_shows_twice_or_never_needs_an_offset(asked):
    dates = Cells(np.array(["2024-10-27"], "M8[ns]"), np.array([False]))
    with pytest.raises(ValueError, match="Clocks of Europe/Berlin show it twice or never"):
        condition_of("sold", 0, asked, dates, "Europe/Berlin")
    assert condition_of("sold", 0, "2024-10-27 02:30+01:00", dates, "Europe/Berlin").levels is not None


def test_integers_beyond_floats_are_refused():
    with pytest.raises(ValueError, match="No float is as large"):
        condition_of("age", 0, (0, 10**400), NUMBERS)


def test_an_array_without_axes_is_its_value():
    assert condition_of("city", 0, np.array("a"), TEXTS).levels.tolist() == ["a"]


def test_times_of_day_are_asked_for_as_such():
    times = [datetime.time(hour) for hour in (7, 12, 23)]
    cells = read_objects(np.array(times, dtype=object))[0]
    assert _fits((datetime.time(8), datetime.time(22, 30)), cells) == [False, True, False]
    assert _fits([times[0], times[2]], cells) == _fits(["7h", "23h"], cells) == [True, False, True]
    with pytest.raises(ValueError, match="holds durations or times of day"):
        _fits(datetime.time(8, tzinfo=datetime.UTC), cells)
