"""Relations between the columns of a table that hold for every row, as plain values that users write down.

``GANOversampler(constraints=[...])`` takes them, ``report_.constraints`` holds those of a fit, also the ones
that were found. What keeps new rows within them is in ``encoding/relations.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler._utils import text_of

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Order:
    """One column is never larger than another: ``lower <= upper``, or ``<`` if ``strict``.

    Both columns must hold numbers, both dates, or both durations. Rows that miss one of the two cells are
    ignored.

    Parameters
    ----------
    lower, upper : column
        Names of the columns; integers are positions, also where the names are integers.
    strict : bool, default=False
        Whether equal cells break the order.

    Examples
    --------
    >>> print(Order("start", "end"))
    start <= end
    >>> print(Order(16, 6))
    column 16 <= column 6
    >>> Order("start", "end").holds(np.array([1, 5]), np.array([2, 4])).tolist()
    [True, False]
    """

    lower: Hashable
    upper: Hashable
    strict: bool = False

    @property
    def columns(self) -> tuple[Hashable, ...]:
        return self.lower, self.upper

    def on(self, columns: Sequence[Hashable]) -> Order:
        """Return the same order of other columns."""
        return Order(columns[0], columns[1], self.strict)

    def holds(self, lower: NDArray[Any], upper: NDArray[Any]) -> Mask:
        """Tell for each of ``n`` rows whether its two cells, of arrays of shape ``(n,)``, are in order."""
        return np.asarray(lower < upper if self.strict else lower <= upper)

    def __str__(self) -> str:
        return f"{_shown(self.lower)} {'<' if self.strict else '<='} {_shown(self.upper)}"


@dataclass(frozen=True)
class Sum:
    """A column is the sum of others, up to the precision of their floating-point format.

    All columns must hold numbers, or all durations. Rows that miss one of these cells are ignored.

    Parameters
    ----------
    total : column
        Name of the column that is computed; an integer is its position.
    parts : list of columns
        What is added up.
    weights : list of float, default=None
        Factor of each part; None is 1 for all. With a single part: a column in another unit.

    Examples
    --------
    >>> print(Sum("total", ["net", "tax"]))
    total = net + tax
    >>> print(Sum("cents", ["euros"], weights=[100]), Sum("net", ["gross", "tax"], weights=[1, -1]), sep="; ")
    cents = 100 * euros; net = gross - tax
    """

    total: Hashable
    parts: Sequence[Hashable]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        object.__setattr__(self, "weights", None if self.weights is None else tuple(self.weights))

    @property
    def columns(self) -> tuple[Hashable, ...]:
        return self.total, *self.parts

    @property
    def factors(self) -> tuple[float, ...]:
        """Weight of each part, as many as there are parts."""
        return (1.0,) * len(self.parts) if self.weights is None else tuple(map(float, self.weights))

    def on(self, columns: Sequence[Hashable]) -> Sum:
        """Return the same sum of other columns, the total first."""
        return Sum(columns[0], columns[1:], self.weights)

    def holds(self, total: NDArray[Any], *parts: NDArray[Any]) -> Mask:
        """Tell for each row whether the parts, arrays of shape ``(n,)``, add up to the total.

        Integers and durations must add up exactly, unless weights are fractions; floats up to 16 units of
        the least precise format, relative to the largest of the terms.
        """
        arrays = [total, *parts]
        if total.dtype.kind == "m":  # in the finest unit of all
            arrays = [a.astype(np.result_type(*arrays)).astype(np.int64) for a in arrays]
        if all(a.dtype.kind in "iub" for a in arrays) and all(w.is_integer() for w in self.factors):
            return self._adds_up_exactly(arrays)
        values, *terms = (w * a.astype(np.float64) for w, a in zip((1.0, *self.factors), arrays, strict=True))
        floats = [a.dtype for a in arrays if a.dtype.kind == "f"]
        precision = max((float(np.finfo(dtype).eps) for dtype in floats), default=float(np.finfo(float).eps))
        size = np.abs([values, *terms]).max(axis=0, initial=0.0)
        return np.asarray(np.abs(values - np.sum(terms, axis=0)) <= 16 * precision * size)

    def _adds_up_exactly(self, arrays: Sequence[NDArray[Any]]) -> Mask:
        weights = (-1, *map(int, self.factors))
        largest = sum(
            abs(w) * float(np.abs(a.astype(np.float64)).max(initial=0))
            for w, a in zip(weights, arrays, strict=True)
        )
        dtype = np.int64 if largest < 2.0**62 else object  # Python's integers have no end
        return np.asarray(
            sum(w * a.astype(dtype) for w, a in zip(weights, arrays, strict=True)) == 0, dtype=bool
        )

    def __str__(self) -> str:
        first, *others = (_term(*pair) for pair in zip(self.factors, self.parts, strict=True))
        return f"{_shown(self.total)} = {first}" + "".join(
            f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in others
        )


@dataclass(frozen=True)
class OneOf:
    """Only combinations of cells that some real row holds are allowed, such as of city and canton.

    If the first column determines the others, as a city does its canton, they are looked up. Rows that miss
    one of these cells are ignored.

    Parameters
    ----------
    columns : list of columns
        Names of at least two columns; integers are positions. The earlier a column stands, the rather its
        cell is kept where a new row holds a combination that nobody has seen.

    Examples
    --------
    >>> print(OneOf(["city", "canton"]))
    combinations of city, canton
    """

    columns: Sequence[Hashable]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))

    def on(self, columns: Sequence[Hashable]) -> OneOf:
        """Return the same rule for other columns."""
        return OneOf(columns)

    def __str__(self) -> str:
        return f"combinations of {', '.join(map(_shown, self.columns))}"


@dataclass(frozen=True)
class Between:
    """The cells of a column lie between two bounds, which are allowed themselves.

    Parameters
    ----------
    column : column
        Name of a column of numbers, dates or durations; an integer is its position.
    low, high : number, date or duration, default=None
        The bounds, the smaller one first; None is no bound. Dates may be texts, such as ``"2024-01-31"``.

    Examples
    --------
    >>> print(Between("age", 18, 65), Between("age", low=18), sep="; ")
    18 <= age <= 65; 18 <= age
    >>> Between("age", low=18).holds(np.array([17, 18])).tolist()
    [False, True]
    """

    column: Hashable
    low: Any = None
    high: Any = None

    @property
    def columns(self) -> tuple[Hashable, ...]:
        return (self.column,)

    def on(self, columns: Sequence[Hashable]) -> Between:
        """Return the same bounds of another column."""
        return Between(columns[0], self.low, self.high)

    def holds(self, cells: NDArray[Any]) -> Mask:
        """Tell for each of ``n`` cells, an array of shape ``(n,)``, whether it lies between the bounds."""
        found = np.ones(len(cells), dtype=bool)
        if self.low is not None:
            found &= cells >= _like(self.low, cells)
        if self.high is not None:
            found &= cells <= _like(self.high, cells)
        return found

    def allows_nothing(self, cells: NDArray[Any]) -> bool:
        """Tell whether the lower bound of such cells is above the upper one."""
        if self.low is None or self.high is None:
            return False
        return bool(_like(self.low, cells) > _like(self.high, cells))

    def __str__(self) -> str:
        low = "" if self.low is None else f"{self.low} <= "
        return f"{low}{_shown(self.column)}" + ("" if self.high is None else f" <= {self.high}")


def _term(weight: float, part: Hashable) -> str:
    factor = {1.0: "", -1.0: "-"}.get(weight, f"{weight:g} * ")
    return f"{factor}{_shown(part)}"


def _shown(column: Hashable) -> str:
    """A column as a reader can tell it from a number; columns of arrays are called by their positions."""
    return f"column {column}" if isinstance(column, Integral) else str(column)


def _like(bound: Any, cells: NDArray[Any]) -> Any:
    """A bound in the form of the cells: times are naive, in UTC if they have a zone."""
    if cells.dtype.kind == "M":
        stamp = pd.Timestamp(bound)
        return (stamp if stamp.tz is None else stamp.tz_convert(None)).to_datetime64()
    return pd.Timedelta(bound).to_timedelta64() if cells.dtype.kind == "m" else bound


Relation = Order | Sum | OneOf | Between
Constraint = Relation | Callable[[Any], Any]


def described(rule: Constraint) -> str:
    """Return a constraint as reports and errors show it; functions as Python prints them.

    >>> described(Order("start", "end")), described(print)
    ('start <= end', '<built-in function print>')
    """
    return str(rule) if isinstance(rule, Relation) else text_of(rule)
