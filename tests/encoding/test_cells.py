"""Cells become typed arrays, however they are stored, and are restored as they were stored."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.encoding.cells import CellFormat, Cells, read_array, read_objects
from tests.coding import cells_of

EAST = datetime.timezone(datetime.timedelta(hours=2))


def _objects(*cells):
    return np.fromiter(cells, dtype=object)


@pytest.mark.parametrize(
    ("objects", "kind", "dtype"),
    [
        (_objects(True, np.False_, None), "bool", "b"),
        (_objects(1, np.int8(2), None), "int", "i"),
        (_objects(2**70, 1), "int", "f"),
        (_objects(1, 2.5, float("nan")), "float", "f"),
        (_objects(decimal.Decimal("1.5"), 2), "Decimal", "f"),
        (_objects(datetime.date(2024, 1, 2), None), "date", "M"),
        (_objects(datetime.datetime(2024, 1, 2, 3), datetime.date(2024, 1, 2)), "date", "M"),
        (_objects(datetime.datetime(2024, 1, 2, 3, tzinfo=EAST)), "datetime", "M"),
        (_objects(pd.Timestamp(2024, 1, 2), pd.NaT), "Timestamp", "M"),
        (_objects(np.datetime64("2024-01-02")), "datetime64", "M"),
        (_objects(datetime.timedelta(hours=1)), "timedelta", "m"),
        (_objects(pd.Timedelta(hours=1)), "Timedelta", "m"),
        (_objects(np.timedelta64(1, "h")), "timedelta64", "m"),
        (_objects("a", None), "label", "O"),
        (_objects((1, 2), (3, 4)), "label", "O"),
        (_objects(1, "a"), "label", "O"),
        (_objects(True, 1), "int", "i"),
        (_objects(None, None), "label", "O"),
        # Time zones mixed, or none beside one: no common clock.
        (_objects(datetime.datetime(2024, 1, 2), datetime.datetime(2024, 1, 2, tzinfo=EAST)), "label", "O"),
    ],
    ids=str,
)
def test_objects_are_typed_by_what_they_have_in_common(objects, kind, dtype):
    cells, stored = read_objects(objects)
    assert stored.kind == kind
    assert cells.values.dtype.kind == dtype
    assert cells.missing.tolist() == pd.isna(objects).tolist()


@pytest.mark.parametrize(
    "objects",
    [
        _objects(True, None, False),
        _objects(2, pd.NA, 3),
        _objects(2**70, 2**71),
        _objects(1.5, float("nan")),
        _objects(decimal.Decimal("0.1"), None),
        _objects(datetime.date(2024, 1, 2), None),
        _objects(datetime.datetime(2024, 1, 2, 3, tzinfo=EAST), None),
        _objects(pd.Timestamp("2024-01-02", tz="Europe/Berlin"), pd.NaT),
        _objects(np.datetime64("2024-01-02", "ns")),
        _objects(datetime.timedelta(hours=1), None),
        _objects(pd.Timedelta(hours=1)),
        _objects((1, 2), (3, 4), None),
    ],
    ids=str,
)
def test_objects_come_back_with_their_types_zones_and_markers(objects):
    cells, stored = read_objects(objects)
    back = stored.restore(cells)
    assert [type(cell) for cell in back] == [type(cell) for cell in objects]
    assert [repr(cell) for cell in back] == [repr(cell) for cell in objects]


@pytest.mark.parametrize(
    "objects",
    [
        _objects(decimal.Decimal("12345678901234567890.12"), decimal.Decimal("12345678901234567891.50")),
        _objects(2**70 + 1, 2**70 + 3),
    ],
    ids=("Decimal", "int"),
)
def test_numbers_that_float64_rounds_are_restored_in_their_range(objects):
    cells, stored = read_objects(objects)
    back = stored.restore(cells_of(np.repeat(cells.values, 3) * np.tile([1.0, 0.9, 1.1], 2)))
    assert set(back) <= set(objects)


def test_decimals_keep_their_unit():
    _, stored = read_objects(_objects(decimal.Decimal("1.50"), 2, decimal.Decimal("0.1")))
    assert [str(cell) for cell in stored.restore(cells_of([0.5, 1 / 3]))] == ["0.50", "0.33"]


def test_declared_categories_are_labels_of_their_own_type():
    cells, stored = read_objects(_objects(3, 1), category=True)
    assert cells.is_label
    assert stored.restore(cells).tolist() == [3, 1]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_floats_become_integers_without_wrapping_around(dtype):
    limits = np.iinfo(dtype)
    back = CellFormat(np.dtype(dtype)).restore(cells_of([-1e30, 2.6, 1e30]))
    assert back.dtype == dtype
    assert back[:2].tolist() == [limits.min, 3]
    assert limits.max * 0.99 < float(back[2]) <= limits.max


def test_missing_cells_are_marked_as_the_dtype_can():
    missing = np.array([False, True])
    assert np.isnan(CellFormat(np.dtype("f4")).restore(Cells(np.array([1, 2]), missing))[1])
    days = np.array(["2024-01-02", "2024-01-03"], dtype="M8[D]")
    assert np.isnat(CellFormat(days.dtype).restore(Cells(days, missing))[1])


@pytest.mark.parametrize(("dtype", "read_as"), [("M8[Y]", "M8[D]"), ("M8[M]", "M8[D]"), ("m8[W]", "m8[D]")])
def test_units_of_no_fixed_length_are_counted_in_days(dtype, read_as):
    values = np.array([1, 2]).astype(dtype)
    cells, stored = read_array(values)
    assert cells.values.dtype == read_as
    np.testing.assert_array_equal(stored.restore(cells), values)


def test_floats_hold_the_filling_at_missing_cells_only():
    cells = Cells(np.array([1, 2, 3]), np.array([False, True, False]))
    assert cells.to_floats("x", fill=0.5).tolist() == [1.0, 0.5, 3.0]
    infinite = Cells(np.array([np.inf, 1.0]), np.array([True, False]))
    assert infinite.to_floats("x").tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match=r"infinity in column 'x' \(1 cells\)"):
        cells_of([np.inf, 1.0]).to_floats("x")


def test_missing_cells_are_refused_only_where_there_were_none():
    cells = Cells(np.array([1, 2]), np.array([False, True]))
    cells.refuse_new_missing("x", has_missing=True)
    cells_of([1, 2]).refuse_new_missing("x", has_missing=False)
    with pytest.raises(ValueError, match="'x' holds 1 missing"):
        cells.refuse_new_missing("x", has_missing=False)
