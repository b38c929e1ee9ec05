"""Conditions on the cells of new rows: which levels, numbers or dates ``sample(given=...)`` asks for."""

from __future__ import annotations

import datetime
import decimal
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler._utils import MAX_KNOWN, did_you_mean
from gan_oversampler.encoding.cells import Cells, Mask, Values, index_of, since_midnight

# What a column holds, by the kind of its dtype, and an example of what may be asked for.
KINDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "b": ("truth values", "True"),
        "M": ("dates", "('2024-01-01', '2024-12-31')"),
        "m": ("durations or times of day", "('1h', '2h')"),
        "O": ("labels", "['a', 'b']"),
        "number": ("numbers", "(30, 40)"),
    }
)

SNAP: Final = 1e-5  # relative error up to which a float is taken for a level


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What the cells of one column must be.

    Examples
    --------
    >>> cells = Cells(np.array([25, 30, 40]), np.array([False, False, False]))
    >>> condition_of("age", 0, (30, 40), cells).fits(cells).tolist()
    [False, True, True]
    """

    name: Hashable  # name of the column
    position: int  # of the column in the table
    levels: Values | None  # values that fit; None for an interval
    low: Any = None  # ends of a closed interval; None where it is open
    high: Any = None
    missing: bool = False  # whether missing cells fit

    def fits(self, cells: Cells) -> Mask:
        """Tell for each cell of the column whether it fits: ``(n,)``."""
        values = cells.values
        if self.levels is None:
            found = np.ones(len(cells), dtype=bool)
            # Comparisons with the values of missing cells mean nothing, and NaT or NaN are silent.
            found &= True if self.low is None else values >= self.low
            found &= True if self.high is None else values <= self.high
        elif cells.is_label:
            found = index_of(values).isin(self.levels.tolist())
        else:
            # A float32 cell is equal to a level if it is that level in float32.
            levels = self.levels.astype(values.dtype) if values.dtype.kind == "f" else self.levels
            found = (values[:, None] == levels).any(axis=1)
        return np.where(cells.missing, self.missing, found)

    def snapped(self, cells: Cells) -> Cells:
        """Return the cells with floats that are as good as a level made equal to it: codes are in float32."""
        if self.levels is None or cells.values.dtype.kind != "f" or not len(self.levels):
            return cells
        levels = self.levels.astype(cells.values.dtype)
        nearest = levels[np.abs(cells.values[:, None] - levels).argmin(axis=1)]
        near = np.isclose(cells.values, nearest, rtol=SNAP, atol=0.0)
        return replace(cells, values=np.where(near, nearest, cells.values))

    def refuse_unknown(self, known: Values) -> None:
        """Raise ``ValueError`` if a level is asked for that is none of the ``known`` ones of the column."""
        for level in self.levels if self.levels is not None else ():
            if not (known == level).any():
                raise ValueError(
                    f"Column {self.name!r} has no level {level!r}.{_known_are(level, known.tolist())}"
                )


def conditions_of(
    given: Mapping[Hashable, Any], names: Sequence[Hashable], columns: Sequence[Cells], zones: Sequence[Any]
) -> tuple[Condition, ...]:
    """Read what a user gives as ``given``: conditions by column name.

    ``columns`` holds cells of each column, which tell its kind, and ``zones`` the time zones of columns of
    dates, or None. Raises ``ValueError`` if ``given`` is no mapping, names an unknown column, or asks for
    what a column cannot hold.
    """
    if not isinstance(given, Mapping):
        raise ValueError(
            "'given' must be a dict of conditions by column, such as {'sex': 'F', 'age': (30, 40)}. Got"
            f" {given!r} instead."
        )
    for name in given:
        if name not in names:
            raise ValueError(f"'given' holds the unknown column {name!r}.{_known_are(name, names)}")
    places = {name: i for i, name in enumerate(names)}
    return tuple(
        condition_of(name, places[name], asked, columns[places[name]], zones[places[name]])
        for name, asked in given.items()
    )


def condition_of(name: Hashable, position: int, asked: Any, cells: Cells, zone: Any = None) -> Condition:
    """Read the condition on one column: a value, a list or set of them, or a closed interval as a tuple.

    None and NaN among values stand for missing cells, None in an interval for an open end. ``cells`` tell
    what the column holds, ``zone`` its time zone, which naive dates are taken to be in. Raises
    ``ValueError`` if the column cannot hold such values.
    """
    kind: str = "O" if cells.is_label else cells.values.dtype.kind
    kind = kind if kind in KINDS else "number"
    asked = asked.item() if isinstance(asked, np.ndarray) and asked.ndim == 0 else asked
    if isinstance(asked, tuple):
        if kind in "bO" or len(asked) != 2:
            raise _refusal(name, kind, asked, "A tuple is an interval (from, to), of numbers or times only")
        low, high = (None if _is_missing(end) else _read(name, kind, [end], zone)[0] for end in asked)
        if low is not None and high is not None and low > high:
            raise _refusal(name, kind, asked, "An interval must not end before it begins")
        return Condition(name, position, None, low, high)
    if isinstance(asked, Mapping):
        raise _refusal(name, kind, asked, "Give a value, a list or a tuple")
    several = isinstance(asked, Iterable) and not isinstance(asked, str | bytes)
    values = list(asked) if several else [asked]
    if not values:
        raise _refusal(name, kind, asked, "No cell can be one of no values")
    known = [value for value in values if not _is_missing(value)]
    levels = _read(name, kind, known, zone)
    return Condition(name, position, levels, missing=len(known) < len(values))


def _known_are(asked: Any, known: Sequence[Any]) -> str:
    """End of an error message; a text is never said to be near a number that looks like it."""
    if all(isinstance(value, str) for value in known):
        return did_you_mean(str(asked), known)
    more = f" and {len(known) - MAX_KNOWN} more" if len(known) > MAX_KNOWN else ""
    return f" Known are: {list(known[:MAX_KNOWN])}{more}."


def _is_missing(value: Any) -> bool:
    return value is None or bool(np.all(pd.isna(value)))


def _read(name: Hashable, kind: str, values: Sequence[Any], zone: Any) -> Values:
    """Values as an array that cells of this kind can be compared with."""
    if kind == "O":
        levels = np.empty(len(values), dtype=object)
        levels[:] = values
        return levels
    if kind in "mM":
        return _read_times(name, kind, values, zone)
    for value in values:
        is_number = isinstance(value, Real | decimal.Decimal | np.bool_)
        if is_number and isinstance(value, int) and abs(value) > sys.float_info.max:
            raise _refusal(name, kind, value, "No float is as large")
        if not is_number or (kind == "b" and value not in (0, 1)):
            raise _refusal(name, kind, value)
    plain = [float(value) if isinstance(value, decimal.Decimal) else value for value in values]
    return np.array(plain, dtype=bool if kind == "b" or not plain else None)


def _read_times(name: Hashable, kind: str, values: Sequence[Any], zone: Any) -> Values:
    """Dates in UTC, or durations; naive dates are in the column's time zone, times of day since midnight."""
    times = []
    for value in values:
        if isinstance(value, Real) and not isinstance(value, np.timedelta64):
            raise _refusal(name, kind, value)
        try:
            if kind == "m" and isinstance(value, datetime.time):
                value = since_midnight([value])[0]
            time = pd.Timestamp(value) if kind == "M" else pd.Timedelta(value)
            if kind == "M" and zone is not None and time.tz is None:
                time = time.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
            time = time.tz_convert(None) if kind == "M" and time.tz is not None else time
        except (ValueError, TypeError) as error:
            raise _refusal(name, kind, value) from error
        if pd.isna(time):
            why = f"Clocks of {zone} show it twice or never, so give it with an offset, such as +01:00"
            raise _refusal(name, kind, value, why)
        times.append(time)
    return np.array([time.to_numpy() for time in times], dtype=None if times else f"{kind}8[ns]")


def _refusal(name: Hashable, kind: str, asked: Any, why: str = "") -> ValueError:
    what, example = KINDS[kind]
    reason = f" {why}." if why else ""
    return ValueError(
        f"Column {name!r} holds {what}; 'given' asks for {asked!r}.{reason} Give, for instance, {example}."
    )
