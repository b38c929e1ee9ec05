"""Columns of dates and durations: the step between times is learned and kept."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.encoding.datetime import DateTime
from gan_oversampler.encoding.scales import Months
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import column_of, rng, round_trip, some_rows


@pytest.mark.parametrize(("step", "n"), [("D", 86_400), ("h", 3600), ("m", 60), ("s", 1)])
def test_the_time_grid_is_learned(step, n):
    moments = np.datetime64("2024-03-01T05:00:00", "ns") + np.arange(0, 60, 3) * np.timedelta64(1, step)
    column = column_of(moments)
    assert isinstance(column, DateTime)
    assert column.scale.step == n * 10**9
    X = pd.DataFrame({"x": moments})
    encoder = TableEncoder.learn(X)
    new = encoder.decode(some_rows(encoder), rng())["x"]
    assert ((new - moments[0]) % np.timedelta64(1, step) == pd.Timedelta(0)).all()
    assert new.between(moments.min(), moments.max()).all()


def test_calendar_months_come_back():
    X = np.array([["2020-01"], ["2020-02"], ["2021-07"]], dtype="M8[M]")
    back = round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


def test_times_off_every_coarse_step_keep_the_unit_of_their_dtype():
    X = np.array([[0], [3], [10]]).astype("M8[25us]")
    encoder = TableEncoder.learn(X)
    assert encoder.columns[0].scale.step == 1
    np.testing.assert_array_equal(encoder.decode(encoder.encode(X), rng()), X)


def test_missing_times_have_a_state():
    X = pd.DataFrame({"x": pd.to_datetime(["2024-01-01", None, "2024-01-05", "2024-02-01"])})
    assert column_of(X["x"]).block(0).n_states == 2
    pd.testing.assert_frame_equal(round_trip(X), X)


WHOLE_DAYS = {
    "Mondays": (pd.date_range("2023-01-02", periods=60, freq="7D"), lambda days: days.dt.day_of_week == 0),
    "first of the month": (pd.date_range("2018-01-01", periods=60, freq="MS"), lambda days: days.dt.day == 1),
    "quarters": (
        pd.date_range("2000-01-01", periods=60, freq="QS"),
        lambda days: days.dt.is_quarter_start,
    ),
    "month ends": (pd.date_range("2018-01-31", periods=60, freq="ME"), lambda days: days.dt.is_month_end),
}


@pytest.mark.parametrize("name", WHOLE_DAYS)
def test_weeks_months_and_quarters_are_kept(name):
    days, holds = WHOLE_DAYS[name]
    X = pd.DataFrame({"x": days})
    encoder = TableEncoder.learn(X)
    pd.testing.assert_frame_equal(encoder.decode(encoder.encode(X), rng()), X)
    new = encoder.decode(some_rows(encoder), rng())["x"]
    assert holds(new).all()
    assert new.between(days.min(), days.max()).all()
    assert new.nunique() > 40


def test_days_of_every_kind_are_not_counted_in_months():
    days = pd.date_range("2018-01-01", periods=60, freq="17D")
    assert not isinstance(column_of(days).scale, Months)


@pytest.mark.parametrize("start", ["2023-03-25", "2023-10-28"])
@pytest.mark.parametrize("stored", ["datetime64", "objects"])
def test_zoned_times_at_clock_changes_come_back_in_range(start, stored):
    times = pd.date_range(start, periods=170, freq="17min", tz="Europe/Berlin")
    X = pd.DataFrame({"x": times if stored == "datetime64" else pd.Series(list(times), dtype=object)})
    pd.testing.assert_frame_equal(round_trip(X), X)
    encoder = TableEncoder.learn(X)
    new = encoder.decode(some_rows(encoder), rng())
    assert new.dtypes.equals(X.dtypes)
    assert new["x"].between(times[0], times[-1]).all()


@pytest.mark.parametrize("kind", ["M", "m"])
def test_times_over_all_of_their_dtype_stay_in_range(kind):
    limits = np.iinfo("int64")
    X = rng().integers(limits.min + 1, limits.max, (100, 1)).astype(f"{kind}8[ns]")
    encoder = TableEncoder.learn(X)
    new = encoder.decode(some_rows(encoder), rng())
    assert X.min() <= new.min() <= new.max() <= X.max()
