"""The cells of one column as a typed array with a mask of missing cells, read from any container.

Boolean, integer and float arrays hold numbers, ``datetime64`` and ``timedelta64`` arrays hold times, object
arrays hold labels. Containers store the same content differently (nullable dtypes, Python objects, markers of
missing cells). These differences are removed here and kept as a format that restores them, so that the kind
of a column is inferred alike for all containers.
"""

import datetime
import decimal
import numbers
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Digits are kept, however many: the default context rounds to 28.
_UNROUNDED: Final = decimal.Context(prec=decimal.MAX_PREC)

Values = NDArray[Any]
Mask = NDArray[np.bool_]
ClassRows = Mapping[int, NDArray[np.intp]]
"""Positions of the rows of each class that new rows are drawn of, by class code."""
NO_CLASSES: Final[ClassRows] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The values of one column and a mask of missing cells, independent of how a container stores them.

    Examples
    --------
    >>> cells, _ = read_array(np.array([1, None, 3], dtype=object))
    >>> cells.is_label, cells.missing.tolist(), cells.present.tolist()
    (False, [False, True, False], [1, 3])
    """

    # numbers, times or labels, distinguished by dtype. Values at missing cells have no meaning
    values: Values
    missing: Mask  # true at cells without a value
    category: bool = False  # whether the container itself declares the column a category

    @property
    def is_label(self) -> bool:
        """Whether the cells are labels: texts, objects of mixed types, or a declared category."""
        return self.category or self.values.dtype.kind == "O"

    @property
    def is_time(self) -> bool:
        """Whether the cells are dates or durations."""
        return self.values.dtype.kind in "mM"

    @property
    def present(self) -> Values:
        """The values of all cells that are not missing, in their order."""
        return self.values[~self.missing] if self.missing.any() else self.values

    def __len__(self) -> int:
        return len(self.values)

    def at(self, index: NDArray[Any] | slice) -> "Cells":
        """Return the cells at these positions, as contiguous arrays."""
        values, missing = (np.ascontiguousarray(part[index]) for part in (self.values, self.missing))
        return Cells(values, missing, self.category)

    def to_floats(self, name: Hashable, fill: float = 0.0) -> NDArray[np.float64]:
        """Return the cells as float64 with ``fill`` at missing ones.

        Raises ``ValueError``, naming the column ``name``, if a value is infinite: means and ranges of
        such a column would be infinite too.
        """
        values = np.asarray(self.values, dtype=np.float64)
        if self.missing.any():
            values = np.where(self.missing, fill, values)
        if not np.isfinite(values).all():
            raise ValueError(
                f"Input X contains infinity in column {name!r} ({int(np.isinf(values).sum())} cells);"
                " values must be finite. Clip them, or mark them as missing."
            )
        return values

    def refuse_new_missing(self, name: Hashable, *, has_missing: bool) -> None:
        """Raise ``ValueError`` if cells are missing but the column was learned without any.

        Such a column, of this ``name`` and with ``has_missing`` false, has no state for missing cells.
        """
        if not has_missing and self.missing.any():
            raise ValueError(
                f"Column {name!r} holds {int(self.missing.sum())} missing cells but had none when it"
                " was learned. Learn on rows that hold some, or fill them."
            )


@dataclass(frozen=True, slots=True)
class CellFormat:
    """How a container stored the cells of one column, so that generated cells are stored alike.

    Examples
    --------
    >>> cells, stored = read_array(np.array([True, None], dtype=object))
    >>> stored.restore(cells).tolist()
    [True, None]
    """

    # dtype of the array, to which cells are cast back; None for an object array
    dtype: np.dtype[Any] | None = None
    # kind of the cells of an object array, such as "int", "date" or "Timestamp"; see ``_KINDS``
    kind: str = "label"
    tz: datetime.tzinfo | None = None  # time zone of dates in an object array
    marker: Any = None  # object at missing cells of an object array, such as None, NaN or ``pd.NA``
    # smallest and largest object of Decimals, and of integers that do not fit into 64 bits: their float64
    # neighbours may lie outside
    bounds: tuple[Any, Any] | None = None
    quantum: decimal.Decimal | None = None  # finest unit of Decimals, such as 0.01

    @property
    def rounds(self) -> bool:
        """Whether stored numbers are less precise than the float64 that new ones are computed in."""
        is_short = self.dtype is not None and self.dtype.kind == "f" and self.dtype.itemsize < 8
        return is_short or self.quantum is not None

    def restore(self, cells: Cells) -> Values:
        """Return cells as an array of the stored dtype and, in object arrays, the stored Python types.

        Missing cells of float and time arrays become NaN and NaT, those of object arrays the marker.
        Floats are rounded and clipped where the dtype is an integer, so that none wraps around.
        """
        if self.dtype is not None:
            return _cast(cells, self.dtype)
        # An index of pandas converts times to Python objects.
        values: Any = pd.Index(cells.present) if cells.is_time else cells.present
        if self.tz is not None:
            values = values.tz_localize("UTC").tz_convert(self.tz)
        restored = np.empty(len(cells), dtype=object)
        objects: Any = values
        if self.kind != "label" or values.dtype.kind != "O":
            exact = _KINDS[self.kind].restore(values)
            # Without ``fromiter`` NumPy would take a column of tuples for a matrix.
            objects = np.fromiter(self._in_bounds(exact), dtype=object)
        restored[~cells.missing] = objects
        restored[cells.missing] = self.marker
        return restored

    def _in_bounds(self, cells: Iterable[Any]) -> Iterable[Any]:
        if self.bounds is None:
            return cells
        if self.quantum is not None:
            cells = (cell.quantize(self.quantum, context=_UNROUNDED) for cell in cells)
        low, high = self.bounds
        return (min(max(cell, low), high) for cell in cells)


class _Kind(NamedTuple):
    """The types of a kind of Python cells, how they become a typed array or index, and objects again."""

    types: tuple[type, ...]
    read: Callable[[Values], Any]
    restore: Callable[[Any], Iterable[Any]]


def index_of(values: Values) -> pd.Index:
    """Return distinct values as an index to look others up in."""
    # Objects stay objects: pandas would infer a text dtype, in which no level of another type is found.
    return pd.Index(values, dtype=object if values.dtype.kind == "O" else None)


def _integers(values: Values) -> Values:
    try:
        return values.astype(np.int64)
    except OverflowError:
        return values.astype(np.float64)


def since_midnight(values: Iterable[datetime.time]) -> pd.TimedeltaIndex:
    """Times of day as durations; those with a time zone are a ``TypeError``."""
    midnight = datetime.datetime.min
    return pd.TimedeltaIndex([datetime.datetime.combine(midnight, time) - midnight for time in values])


def _times_of_day(durations: pd.TimedeltaIndex) -> list[datetime.time]:
    return [(datetime.datetime.min + duration).time() for duration in durations.to_pytimedelta()]


# The first match wins: times come before numbers, since NumPy calls its timedelta64 an integer, and
# subclasses before their parents (a Timestamp is a datetime, which is a date).
_KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "bool": _Kind((bool, np.bool_), lambda v: v.astype(bool), lambda v: map(bool, v.tolist())),
        "timedelta64": _Kind((np.timedelta64,), pd.TimedeltaIndex, lambda v: list(np.asarray(v))),
        "datetime64": _Kind((np.datetime64,), pd.DatetimeIndex, lambda v: list(np.asarray(v))),
        "int": _Kind((numbers.Integral,), _integers, lambda v: map(int, v.tolist())),
        "float": _Kind((numbers.Real,), lambda v: v.astype(np.float64), lambda v: map(float, v.tolist())),
        "Decimal": _Kind(
            (numbers.Real, decimal.Decimal),
            lambda v: v.astype(np.float64),
            lambda v: map(decimal.Decimal, map(repr, v.tolist())),
        ),
        "Timestamp": _Kind((pd.Timestamp,), pd.DatetimeIndex, list),
        "datetime": _Kind((datetime.datetime,), pd.DatetimeIndex, lambda v: v.to_pydatetime()),
        "Timedelta": _Kind((pd.Timedelta,), pd.TimedeltaIndex, list),
        "timedelta": _Kind((datetime.timedelta,), pd.TimedeltaIndex, lambda v: v.to_pytimedelta()),
        "date": _Kind((datetime.date,), pd.DatetimeIndex, lambda v: v.date),
        "time": _Kind((datetime.time,), since_midnight, _times_of_day),
        "label": _Kind((object,), lambda v: v, list),
    }
)


def replaced(columns: Sequence[Cells], others: Sequence[Cells], at: NDArray[np.intp]) -> list[Cells]:
    """Return all columns of a table with the rows at some positions replaced by as many other rows.

    >>> columns, others = ([Cells(np.array(v), np.zeros(len(v), bool))] for v in ([1, 2, 3], [0.5]))
    >>> replaced(columns, others, np.array([1]))[0].values.tolist()
    [1.0, 0.5, 3.0]
    """
    found = []
    for old, new in zip(columns, others, strict=True):
        values, missing = old.values.astype(np.result_type(old.values, new.values)), old.missing.copy()
        values[at], missing[at] = new.values, new.missing
        found.append(replace(old, values=values, missing=missing))
    return found


def read_array(values: Values) -> tuple[Cells, CellFormat]:
    """Read a one-dimensional NumPy array of any dtype as cells, with the format to store new cells.

    NaN and NaT are missing cells. Raises ``ValueError`` for complex numbers: they have no order, and so
    no range that generated values can be kept in.

    Examples
    --------
    >>> cells, stored = read_array(np.array([1.0, np.nan]))
    >>> cells.missing.tolist(), stored.dtype
    ([False, True], dtype('float64'))
    """
    dtype = values.dtype
    if dtype.kind == "c":
        raise ValueError(
            "Complex data not supported: the columns must be real numbers, got"
            f" {dtype}. Split them into real and imaginary parts."
        )
    if dtype.kind == "O":
        return read_objects(values)
    if dtype.kind not in "biufmM":  # fixed-width text
        return read_objects(values.astype(object))[0], CellFormat(dtype)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        values = values.astype(np.float64)  # pandas looks up no other floats
    if dtype.kind in "mM":
        # Months and years have no fixed length, so dates in such units are counted in days.
        unit, _ = np.datetime_data(dtype)
        if unit == "W" or (unit in ("Y", "M") and dtype.kind == "M"):
            values = values.astype(f"{dtype.kind}8[D]")
    return Cells(values, np.asarray(pd.isna(values))), CellFormat(dtype)


def read_objects(values: Values, *, category: bool = False) -> tuple[Cells, CellFormat]:
    """Read an object array as cells, with the format that turns cells back into such objects.

    If all cells are of one kind (booleans, integers, dates, ...), they become a typed array. Otherwise, if
    they cannot be converted, or if they are of a declared ``category``, they stay objects, as labels.

    Examples
    --------
    >>> cells, stored = read_objects(np.array(["a", None], dtype=object))
    >>> cells.is_label, stored.kind
    (True, 'label')
    """
    try:
        missing = np.asarray(pd.isna(values), dtype=bool)
    except decimal.InvalidOperation:
        raise ValueError("Decimal('sNaN') is no value, and not missing either. Replace it by None.") from None
    marker = values[missing.argmax()] if missing.any() else None
    present, kind = values[~missing], "label"
    types = set(map(type, present))
    if types and not category:
        kind = next(kind for kind, spec in _KINDS.items() if all(issubclass(t, spec.types) for t in types))
    try:
        typed = _KINDS[kind].read(present)
    except (ValueError, TypeError, OverflowError):  # e.g. time zones mixed: labels after all
        typed, kind = present, "label"
    tz = getattr(typed, "tz", None)
    typed = np.asarray(typed if tz is None else typed.tz_convert(None))
    spread = np.zeros(len(values), dtype=typed.dtype)
    spread[~missing] = typed
    stored = CellFormat(kind=kind, tz=tz, marker=marker)
    if len(typed) and typed.dtype.kind == "f" and kind in ("int", "Decimal") and np.isfinite(typed).all():
        exact = present if kind == "int" else [decimal.Decimal(str(cell)) for cell in present]
        quantum = None if kind == "int" else decimal.Decimal((0, (1,), min(map(_exponent, exact))))
        stored = replace(stored, bounds=(min(exact), max(exact)), quantum=quantum)
    return Cells(spread, missing, category), stored


def _exponent(number: decimal.Decimal) -> int:
    return int(number.as_tuple().exponent)


def _cast(cells: Cells, dtype: np.dtype[Any]) -> Values:
    """Array of the dtype with NaN or NaT at missing cells, and without integers that wrap around."""
    values = cells.values
    if dtype.kind in "iu" and values.dtype.kind == "f":
        limits = np.iinfo(dtype)
        # float64 rounds the largest 64-bit integers up, beyond what the dtype holds.
        high = float(limits.max)
        high = high if int(high) <= limits.max else float(np.nextafter(high, 0.0))
        values = np.clip(np.rint(np.nan_to_num(values)), float(limits.min), high)
    restored = values.astype(dtype)
    if dtype.kind in "fmM" and cells.missing.any():
        restored[cells.missing] = np.nan if dtype.kind == "f" else "NaT"
    return restored
