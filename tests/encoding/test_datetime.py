"""Columns of dates and durations: the step between times is learned and kept."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.encoding.datetime import DateTime
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
