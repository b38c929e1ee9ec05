"""Objects through JSON and back: what is shared, what has no form, and what means nothing."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from gan_oversampler.constraints import Order
from gan_oversampler.oracles.distances import EnergyOracle
from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import NoFormError, Packer, Unpacker
from tests.stored import through


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


@pytest.mark.parametrize("value", [print, lambda: 0, Unknown(), Mine(), Unknown, int])
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
    with pytest.raises(ValueError, match="too much memory"):
        Unpacker(FORMS, [np.zeros(2**20)]).unpacked(document)
