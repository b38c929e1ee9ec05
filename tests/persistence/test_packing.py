"""Values through JSON and back: kinds, shared objects, and what has no form."""

import datetime
import decimal
import json
import math
import uuid
import zoneinfo
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.constraints import Order
from gan_oversampler.oracles.distances import EnergyOracle
from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import NoFormError, Packer, Unpacker


def through(value):
    """What becomes of a value when it is written and read."""
    packed = Packer(FORMS, keeps_foreign=False).packed(value)
    return Unpacker(FORMS, packed.arrays).unpacked(packed.document)


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


def test_what_is_shared_is_written_once_and_stays_shared():
    rule = Order("start", "end")
    first, second, other = through([rule, rule, Order("start", "end")])
    assert first is second
    assert first == other == rule
    assert first is not other


def test_equal_arrays_are_stored_once_and_read_as_copies():
    packed = Packer(FORMS, keeps_foreign=False).packed([np.arange(5), np.arange(5), np.arange(5.0)])
    assert len(packed.arrays) == 2
    first, second, _ = Unpacker(FORMS, packed.arrays).unpacked(packed.document)
    first[0] = 99
    assert second[0] == 0


@dataclass
class Unknown:
    value: int = 0


class Mine(EnergyOracle):
    """A subclass is another class: nothing would tell how to make it."""


@pytest.mark.parametrize("value", [print, lambda: 0, Unknown(), Mine(), Unknown, int], ids=repr)
def test_what_has_no_form_is_an_error_or_put_aside(value):
    with pytest.raises(NoFormError, match="cannot be written"):
        through([1, {"a": value}])
    packed = Packer(FORMS, keeps_foreign=True).packed([1, {"a": value}])
    assert packed.foreign == (value,)
    assert Unpacker(FORMS, packed.arrays, packed.foreign).unpacked(packed.document) == [1, {"a": value}]


WRONG = [
    {"nodes": [], "root": {"node": 0}},  # refers to nothing
    {"nodes": [{"tuple": [{"node": 0}]}], "root": 1},  # refers to itself
    {"nodes": [], "root": {"os.system": "true"}},  # a form that there is not
    {"nodes": [], "root": {"type": "Popen"}},
    {"nodes": [], "root": {"function": "system"}},
    {"nodes": [], "root": {"Order": {"lower": 1, "upper": 2, "run": 3}}},  # a field that there is not
    {"nodes": [], "root": {"Order": {"lower": 1}}},
    {"nodes": [], "root": {"array": -1}},
    {"nodes": [], "root": {"array": 0.0}},
    {"nodes": [], "root": {"array": {"bytes": 0, "dtype": "O", "shape": [1]}}},  # addresses in memory
    {"nodes": [], "root": {"array": {"bytes": 0, "dtype": "<i8", "shape": [10**12]}}},
    {"nodes": [], "root": {"array": {"objects": [1], "shape": [10**12]}}},
    {"nodes": [], "root": {"Block": 1, "Order": 2}},
    {"root": 1},
]


@pytest.mark.parametrize("document", WRONG, ids=str)
def test_documents_that_mean_nothing_are_errors(document):
    with pytest.raises((AttributeError, IndexError, KeyError, TypeError, ValueError)):
        Unpacker(FORMS, [np.zeros(8, np.uint8)]).unpacked(json.dumps(document))


def test_copies_of_an_array_are_not_without_end():
    document = json.dumps({"nodes": [], "root": [{"array": 0}] * 1000})
    assert len(Unpacker(FORMS, [np.zeros(9)]).unpacked(document)) == 1000
    with pytest.raises(ValueError, match="asked for too often"):
        Unpacker(FORMS, [np.zeros(2**20)]).unpacked(document)
