"""Plain values through JSON and back, each with its type."""

import datetime
import decimal
import math
import uuid
import zoneinfo
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from tests.stored import through

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
VALUES = [
    *(None, True, 7, 2**80, -0.0, 0.1, math.inf, "ü\ud800", b"\0\xff", 1 - 2j),
    *((1, [2.5, "x"]), {"a": 1, 2: (3,), None: {4}}, frozenset({1, 2})),
    *(decimal.Decimal("1.50"), uuid.UUID(int=5)),
    *(datetime.date(2024, 2, 29), datetime.time(3, 4, 5, 6), datetime.timedelta(-1, 2, 3)),
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=PARIS, fold=1),
    datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-3))),
    *(pd.Timestamp("2024-01-31 12:00:00.123456789"), pd.Timestamp("2024-07-01", tz="Europe/Paris")),
    *(pd.Timedelta(17, unit="ns"), pd.Period("2024-03", "M"), pd.Interval(1, 2.5, closed="both")),
    *(np.int16(3), np.float32(0.1), np.str_("é"), np.datetime64("2024-01", "M"), np.timedelta64(4, "h")),
    *(np.dtype(">f4"), np.dtype("M8[us]"), np.dtype("<U3"), np.dtype(object), np.ndarray, list),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_with_their_types(value):
    found = through(value)
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)  # zones, units and signs, which are equal to others


def test_missing_markers_stay_themselves():
    assert through(pd.NA) is pd.NA
    assert through(pd.NaT) is pd.NaT
    assert math.isnan(through(math.nan))
    assert np.isnan(through(np.float64("nan")))


def test_mappings_that_cannot_be_changed_stay_so():
    assert type(through(MappingProxyType({1: 2}))) is MappingProxyType


def test_random_states_go_on_where_they_were():
    state = np.random.RandomState(3)
    state.normal()  # keeps a second number for the next call
    copy = through(state)
    assert copy.normal() == state.normal()
    assert copy.randint(1000) == state.randint(1000)
