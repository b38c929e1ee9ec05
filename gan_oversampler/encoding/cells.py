"""One column of any container as a typed array with a missing mask, and the way back.

``bool``, integer and float arrays are numbers, ``datetime64`` and ``timedelta64`` arrays are times,
object arrays are labels. Whatever a container does to say the same thing is undone here, so that
all that follows is inferred the same way for frames, arrays, lists and sparse matrices.
"""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Values of one column; what stands at missing cells has no meaning.

    Parameters
    ----------
    values : array of shape (n,)
        Numbers, times or labels, by dtype.
    missing : bool array of shape (n,)
        Cells without a value.
    category : bool
        The container itself calls the column a category.

    Examples
    --------
    >>> cells = read_array(np.array([1, None, 3], dtype=object))
    >>> cells.is_label, cells.missing.tolist(), cells.present.tolist()
    (False, [False, True, False], [1, 3])
    """

    values: Values
    missing: Mask
    category: bool = False

    @property
    def is_label(self) -> bool:
        return self.category or self.values.dtype.kind == "O"

    @property
    def is_time(self) -> bool:
        return self.values.dtype.kind in "mM"

    @property
    def present(self) -> Values:
        return self.values[~self.missing] if self.missing.any() else self.values

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class ObjectForm:
    """How the cells of an object column looked: the Python type, its time zone, the missing marker.

    Examples
    --------
    >>> cells, form = read_objects(np.array([True, None], dtype=object))
    >>> form.restore(cells).tolist()
    [True, None]
    """

    cell: str = "label"
    tz: datetime.tzinfo | None = None
    marker: Any = None

    def restore(self, cells: Cells) -> Values:
        """Object array of the original Python types."""
        restored = np.empty(len(cells), dtype=object)
        present = self._objects(cells.present)
        restored[~cells.missing] = np.fromiter(present, dtype=object, count=len(present))
        restored[cells.missing] = self.marker
        return restored

    def _objects(self, values: Values) -> list[Any]:
        if self.tz is None:
            return _PYTHON[self.cell](values)
        moments = pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(self.tz)
        return list(moments if self.cell == "Timestamp" else moments.to_pydatetime())


_PYTHON: Final[Mapping[str, Callable[[Values], list[Any]]]] = MappingProxyType(
    {
        "label": lambda values: list(values),
        "bool": lambda values: [bool(v) for v in values.tolist()],
        "int": lambda values: [int(v) for v in values.tolist()],
        "float": lambda values: [float(v) for v in values.tolist()],
        "Decimal": lambda values: [decimal.Decimal(repr(v)) for v in values.tolist()],
        "date": lambda values: list(pd.DatetimeIndex(values).date),
        "datetime": lambda values: list(pd.DatetimeIndex(values).to_pydatetime()),
        "Timestamp": lambda values: list(pd.DatetimeIndex(values)),
        "datetime64": list,
        "timedelta": lambda values: list(pd.TimedeltaIndex(values).to_pytimedelta()),
        "Timedelta": lambda values: list(pd.TimedeltaIndex(values)),
        "timedelta64": list,
    }
)
# First match wins. Times come before numbers, since NumPy calls its timedelta64 an integer.
_FORMS: Final[tuple[tuple[str, tuple[type, ...]], ...]] = (
    ("bool", (bool, np.bool_)),
    ("timedelta64", (np.timedelta64,)),
    ("datetime64", (np.datetime64,)),
    ("int", (numbers.Integral,)),
    ("float", (numbers.Real,)),
    ("Decimal", (numbers.Real, decimal.Decimal)),
    ("Timestamp", (pd.Timestamp,)),
    ("datetime", (datetime.datetime,)),
    ("Timedelta", (pd.Timedelta,)),
    ("timedelta", (datetime.timedelta,)),
    ("date", (datetime.date,)),
)


def read_array(values: Values) -> Cells:
    """Cells of a one-dimensional NumPy array of any dtype.

    Examples
    --------
    >>> read_array(np.array([1.0, np.nan])).missing.tolist()
    [False, True]
    """
    kind = values.dtype.kind
    if kind == "c":
        raise ValueError(
            "Complex data not supported: the columns must be real numbers, got"
            f" {values.dtype}. Split them into real and imaginary parts."
        )
    if kind == "f":
        return Cells(values, np.isnan(values))
    if kind in "mM":
        return Cells(_at_most_days(values), np.isnat(values))
    if kind in "biu":
        return Cells(values, np.zeros(len(values), dtype=bool))
    return read_objects(values.astype(object))[0]


def read_objects(values: Values, *, category: bool = False) -> tuple[Cells, ObjectForm]:
    """Typed cells of an object array, and the form that turns them back into objects.

    Examples
    --------
    >>> cells, form = read_objects(np.array(["a", None], dtype=object))
    >>> cells.is_label, form.cell
    (True, 'label')
    """
    missing = np.asarray(pd.isna(values), dtype=bool)
    marker = values[missing.argmax()] if missing.any() else None
    cell = "label" if category else _form_of(set(map(type, values[~missing])))
    try:
        typed, tz = _typed(values[~missing], cell)
    except (ValueError, TypeError, OverflowError):  # e.g. time zones mixed: labels after all
        cell, typed, tz = "label", values[~missing], None
    spread = np.zeros(len(values), dtype=typed.dtype)
    spread[~missing] = typed
    return Cells(spread, missing, category), ObjectForm(cell, tz, marker)


def restore_array(cells: Cells, dtype: np.dtype[Any]) -> Values:
    """NumPy array of the dtype, with NaN or NaT at missing cells.

    Examples
    --------
    >>> cells = Cells(np.array([1.0, 2.0]), np.array([False, False]))
    >>> restore_array(cells, np.dtype("int8"))
    array([1, 2], dtype=int8)
    """
    values = cells.values
    if dtype.kind in "iu":
        return _whole(values, dtype)
    restored = values.astype(dtype)
    if cells.missing.any():
        restored[cells.missing] = np.array("NaT" if dtype.kind in "mM" else "nan").astype(dtype)
    return restored


def object_array(cells: Iterable[Any]) -> Values:
    """One-dimensional object array, also of cells that NumPy would take for rows."""
    listed = list(cells)
    return np.fromiter(listed, dtype=object, count=len(listed))


def _at_most_days(values: Values) -> Values:
    """Months and years have no fixed length, so they become days."""
    unit, _ = np.datetime_data(values.dtype)
    if unit not in ("Y", "M", "W") or (values.dtype.kind == "m" and unit != "W"):
        return values
    return values.astype(f"{values.dtype.kind}8[D]")


def _form_of(types: set[type]) -> str:
    for name, allowed in _FORMS:
        if types and all(issubclass(t, allowed) for t in types):
            return name
    return "label"


def _typed(cells: Values, form: str) -> tuple[Values, datetime.tzinfo | None]:
    if form == "label":
        return cells, None
    if form in ("timedelta", "Timedelta", "timedelta64"):
        return pd.TimedeltaIndex(cells).to_numpy(), None
    if form in ("date", "datetime", "Timestamp", "datetime64"):
        moments = pd.DatetimeIndex(cells)
        naive = moments if moments.tz is None else moments.tz_convert(None)
        return naive.to_numpy(), moments.tz
    return _numbers(cells, form), None


def _numbers(cells: Values, form: str) -> Values:
    if form != "int":
        return cells.astype(bool if form == "bool" else np.float64)
    try:
        return cells.astype(np.int64)
    except OverflowError:
        return cells.astype(np.float64)


def _whole(values: Values, dtype: np.dtype[Any]) -> Values:
    """Cast to integers without wrapping around at the ends of the dtype."""
    if values.dtype.kind != "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    # float64 rounds the largest 64-bit integers up, beyond what the dtype holds.
    high = float(limits.max)
    high = high if int(high) <= limits.max else float(np.nextafter(high, 0.0))
    whole = np.clip(np.rint(np.nan_to_num(values)), float(limits.min), high)
    return np.asarray(whole, dtype=dtype)
