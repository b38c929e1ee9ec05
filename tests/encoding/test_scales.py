"""Scales count how far integers and dates lie above the smallest one, exactly and without overflow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.scales import Months, Ticks


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@given(st.data())
def test_integers_come_back_as_far_as_float64_can_tell_them_apart(dtype, data):
    limits = np.iinfo(dtype)
    numbers = st.integers(limits.min, limits.max)
    values = np.array(data.draw(st.lists(numbers, min_size=1, max_size=9)), dtype=dtype)
    ticks = Ticks.learn(values)
    back = ticks.value(ticks.count(values), values.dtype)
    exact = [int(v) - int(values.min()) <= 2**53 for v in values]
    np.testing.assert_array_equal(back[exact], values[exact])
    assert values.min() == back.min()
    assert values.max() == back.max()


def test_counts_beyond_the_range_lead_to_its_ends():
    ticks = Ticks.learn(np.array([10, 40]), step=10)
    dtype = np.dtype("int64")
    assert ticks.count(np.array([0, 10, 30])).tolist() == [0.0, 0.0, 2.0]
    assert ticks.value(np.array([-1.0, 0.6, 2.0, 1e300]), dtype).tolist() == [10, 20, 30, 40]


@pytest.mark.parametrize("unit", ["D", "s", "ns"])
@pytest.mark.parametrize("day", [1, 15, 27])
def test_every_month_has_its_date(unit, day):
    dates = np.array([f"{2023 + i // 12}-{i % 12 + 1:02}-{day:02}" for i in range(24)], dtype=f"M8[{unit}]")
    months = Months.learn(dates[::3])
    assert months.count(dates[::3]).tolist() == list(range(0, 24, 3))
    np.testing.assert_array_equal(months.value(np.arange(22.0), dates.dtype), dates[:22])


@pytest.mark.parametrize(
    "dates",
    [
        ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],  # few
        ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-02", "2024-05-01"],
        [f"2024-{month:02}-30" for month in (1, 3, 5, 7, 8, 10)],  # February has no such day
        [f"2024-{month:02}-01T{month:02}" for month in range(1, 9)],
    ],
)
def test_other_dates_are_not_counted_in_months(dates):
    assert Months.learn(np.array(dates, dtype="M8[s]")) is None
