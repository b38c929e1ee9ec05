"""Columns that are computed from others: the end of an order from its start, a total from its parts.

Such a column is encoded as what the others leave open, its *remainder*: the gap above the start, which no
generator can make negative, or nothing at all for a total.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np

from gan_oversampler.encoding.cells import Cells, Mask, Values
from gan_oversampler.encoding.number_format import decimals_of

# A column of so few values, each of which so many cells hold on average, takes no other values.
MAX_LEVELS: Final = 64
CELLS_PER_LEVEL: Final = 5
TINY: Final = 1e-300  # keeps a modulus from being 0


def as_numbers(columns: Sequence[Cells]) -> list[Values]:
    """Return columns as arrays that can be added: int64 if all hold integers or times, otherwise float64.

    Times are counted in the finest unit of all columns; missing cells become 0.
    """
    kinds = {cells.values.dtype.kind for cells in columns}
    if kinds <= set("mM"):
        units = [np.dtype(f"m8[{np.datetime_data(cells.values.dtype)[0]}]") for cells in columns]
        unit = np.datetime_data(np.result_type(*units))[0]
        arrays = [cells.values.astype(f"{cells.values.dtype.kind}8[{unit}]") for cells in columns]
        numbers = [array.astype(np.int64) for array in arrays]
    else:
        small = all(np.can_cast(cells.values.dtype, np.int64) for cells in columns)
        numbers = [cells.values.astype(np.int64 if small else np.float64) for cells in columns]
    return [np.where(cells.missing, 0, array) for cells, array in zip(columns, numbers, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class TakenValues:
    """The values that a column takes: a few levels, equal steps from an origin, or any.

    Examples
    --------
    >>> grid = TakenValues.learn(np.array([0.5, 1.0, 2.5]))
    >>> grid.snap(np.array([1.1, 1.1]), np.array([0.0, 1.05])).tolist()
    [1.0, 1.5]
    """

    levels: Values | None = None
    power: float = 1.0
    origin: int = 0
    step: int = 0  # in units of 1 / power; 0 if there is neither a level nor a step

    @classmethod
    def learn(cls, values: Values) -> TakenValues:
        """Learn the grid of integers or floats of shape ``(n,)``."""
        distinct = np.unique(values)
        if len(distinct) <= min(MAX_LEVELS, len(values) / CELLS_PER_LEVEL):
            return cls(levels=distinct)
        decimals = 0 if distinct.dtype.kind == "i" else decimals_of(distinct)
        if decimals is None or np.abs(distinct).max() * 10.0**decimals > 2.0**62:
            return cls()
        power = 10.0**decimals
        whole = distinct if distinct.dtype.kind == "i" else np.rint(distinct * power).astype(np.int64)
        return cls(None, power, int(whole[0]), int(np.gcd.reduce(np.diff(whole))) if len(whole) > 1 else 0)

    def snap(self, values: Values, least: Values) -> Values:
        """Return for each value the nearest one of the grid that is not below ``least``, of the same shape.

        Where the levels end below ``least``, the last one is returned.
        """
        if self.levels is not None:
            above = np.searchsorted(self.levels, values).clip(1, max(1, len(self.levels) - 1))
            low, high = self.levels[above - 1], self.levels[np.minimum(above, len(self.levels) - 1)]
            nearest = np.where(values - low <= high - values, above - 1, above)
            allowed = np.maximum(nearest, np.searchsorted(self.levels, least))
            return self.levels[np.minimum(allowed, len(self.levels) - 1)]
        if not self.step:
            return np.maximum(values, least)
        if values.dtype.kind == "i":
            count = (values - self.origin + self.step // 2) // self.step
            return self.origin + self.step * np.maximum(count, -((self.origin - least) // self.step))
        scaled, lowest = ((v * self.power - self.origin) / self.step for v in (values, least))
        count = np.maximum(np.rint(scaled), np.ceil(lowest - 1e-6))
        return (self.origin + self.step * count) / self.power


@dataclass(frozen=True, slots=True, eq=False)
class Derived(ABC):
    """A column that is computed from others; `Gap` and `Total` say how.

    ``reference`` is what follows from the other columns. Where their cells are missing it is a
    ``typical`` value, so that the cell is kept as it is.
    """

    target: int  # position of the column, and those of the columns that it is computed from
    sources: tuple[int, ...]
    weights: tuple[float, ...] = ()  # of the parts of a total
    typical: Any = 0
    low: Any = 0  # range of the column
    high: Any = 0
    grid: TakenValues = TakenValues()  # of the column
    remainders: Values | None = None  # the few values of the remainder, if these are few
    least: Any = 0  # the smallest remainder of a complete row
    decimals: int | None = None  # that differences and sums of the columns are rounded to

    @classmethod
    def learn(
        cls, target: int, sources: Sequence[int], columns: Sequence[Cells], weights: Sequence[float] = ()
    ) -> Self:
        """Learn the ranges and grids of a column and of its remainder; some row must hold all the cells."""
        bare = cls(target, tuple(sources), tuple(weights))
        involved = [columns[i] for i in (target, *sources)]
        value, *others = as_numbers(involved)
        reference, known = bare._reference(involved[1:], others)
        present = ~columns[target].missing
        decimals = None
        if value.dtype.kind == "f":
            cells = zip([value, *others], involved, strict=True)
            decimals = decimals_of(np.unique(np.concatenate([v[~c.missing] for v, c in cells])))
        own, typical = value[present], np.sort(reference[known & present])[(known & present).sum() // 2]
        limits = {"low": own.min(), "high": own.max(), "grid": TakenValues.learn(own)}
        learned = replace(bare, typical=typical, decimals=decimals, **limits)
        remainder = learned._remainder(columns)[0]
        levels = TakenValues.learn(remainder[present]).levels
        return replace(learned, remainders=levels, least=remainder[known & present].min())

    def reduce(self, columns: Sequence[Cells]) -> Cells:
        """Return the remainder of the column, to be encoded in its place."""
        remainder, unit = self._remainder(columns)
        if self.remainders is not None:  # rows of other tables may hold others, for which there is no state
            remainder = TakenValues(levels=self.remainders).snap(
                remainder, np.full(len(remainder), self.remainders[0])
            )
        return Cells(
            remainder if unit is None else remainder.astype(f"m8[{unit}]"), columns[self.target].missing
        )

    def restore(self, remainder: Cells, columns: Sequence[Cells], dtype: np.dtype[Any]) -> Cells:
        """Return the column of this dtype from its remainder and from the columns that it depends on."""
        parts = [columns[i] for i in self.sources]
        probe = Cells(np.zeros(len(remainder), dtype), remainder.missing)
        values = as_numbers([probe, *parts])
        reference, known = self._reference(parts, values[1:])
        reference = np.where(known, reference, self.typical)
        remainders = remainder.values
        if dtype.kind in "mM":
            unit = _unit([probe, *parts])
            remainders = remainders.astype(f"m8[{unit}]").astype(np.int64)
        elif values[0].dtype.kind == "i":
            remainders = np.rint(np.where(remainder.missing, 0, remainders)).astype(np.int64)
        restored = np.where(known, self._above(reference, remainders), self._free(reference + remainders))
        if dtype.kind in "mM":
            restored = restored.astype(np.int64).astype(f"{dtype.kind}8[{unit}]").astype(dtype)
        return Cells(restored, remainder.missing)

    def _remainder(self, columns: Sequence[Cells]) -> tuple[Values, str | None]:
        involved = [columns[i] for i in (self.target, *self.sources)]
        value, *sources = as_numbers(involved)
        reference, known = self._reference(involved[1:], sources)
        remainder = self._rounded(value - np.where(known, reference, self.typical))
        return self._known_remainder(remainder, known), _unit(involved) if involved[0].is_time else None

    def _rounded(self, values: Values) -> Values:
        return values if self.decimals is None else np.round(values, self.decimals)

    def _free(self, values: Values) -> Values:
        """Values of rows about which the other columns say nothing."""
        return self.grid.snap(np.clip(values, self.low, self.high), np.full(len(values), self.low))

    @abstractmethod
    def _reference(self, cells: Sequence[Cells], values: Sequence[Values]) -> tuple[Values, Mask]:
        """What follows from the other columns, and in which rows these are known."""

    @abstractmethod
    def _known_remainder(self, remainder: Values, known: Mask) -> Values:
        """The remainder, given in which rows the other columns are known."""

    @abstractmethod
    def _above(self, reference: Values, remainder: Values) -> Values:
        """Values of the column from what follows from the others and from the remainder."""


class Gap(Derived):
    """A column that is encoded as its distance from the largest of the columns that it must not be below.

    Examples
    --------
    >>> start, end = (Cells(np.array(v), np.zeros(3, bool)) for v in ([1, 5, 6], [2, 5, 9]))
    >>> gap = Gap.learn(1, [0], [start, end])
    >>> gap.reduce([start, end]).values.tolist()
    [1, 0, 3]
    >>> remainder = Cells(np.array([-1, 2, 9]), np.zeros(3, bool))
    >>> gap.restore(remainder, [start, end], np.dtype(int)).values.tolist()
    [4, 7, 9]
    """

    __slots__ = ()

    def _reference(self, cells: Sequence[Cells], values: Sequence[Values]) -> tuple[Values, Mask]:
        missing = np.array([c.missing for c in cells])
        lowest = np.iinfo(np.int64).min if values[0].dtype.kind == "i" else -np.inf
        return np.where(missing, lowest, values).max(axis=0), np.asarray(~missing.all(axis=0))

    def _known_remainder(self, remainder: Values, known: Mask) -> Values:
        return remainder

    def _above(self, reference: Values, remainder: Values) -> Values:
        """Values above the reference: gaps that leave the range are mirrored at its ends.

        Clipped, they would pile up there.
        """
        bottom = np.maximum(reference + self.least, self.low)
        room = np.maximum(self.high - bottom, 0)
        over = np.abs(reference + remainder - bottom)
        turn = over % np.maximum(2 * room, 1 if remainder.dtype.kind == "i" else TINY)
        mirrored = np.where(over <= room, over, np.minimum(turn, 2 * room - turn))
        return self.grid.snap(self._rounded(bottom + np.minimum(mirrored, room)), bottom)


class Total(Derived):
    """A column that is the weighted sum of others, and so is encoded as nothing where these are known.

    Examples
    --------
    >>> a, b, total = (Cells(np.array(v), np.zeros(2, bool)) for v in ([1, 5], [2, 5], [3, 10]))
    >>> rule = Total.learn(2, [0, 1], [a, b, total], (1.0, 1.0))
    >>> remainder = rule.reduce([a, b, total])
    >>> remainder.values.tolist(), rule.restore(remainder, [a, b], np.dtype(int)).values.tolist()
    ([0, 0], [3, 10])
    """

    __slots__ = ()

    def _reference(self, cells: Sequence[Cells], values: Sequence[Values]) -> tuple[Values, Mask]:
        known = np.asarray(~np.any([c.missing for c in cells], axis=0), dtype=np.bool_)
        # Integers stay integers, which floats beyond 2 ** 53 would not hold.
        whole = values[0].dtype.kind == "i" and all(float(weight).is_integer() for weight in self.weights)
        weights = [int(weight) if whole else weight for weight in self.weights]
        return np.sum([w * v for w, v in zip(weights, values, strict=True)], axis=0), known

    def _known_remainder(self, remainder: Values, known: Mask) -> Values:
        return np.where(known, 0, remainder)

    def in_range(self, columns: Sequence[Cells]) -> Mask:
        """Tell for each row whether the total lies in the range of the training rows, or is missing."""
        value = as_numbers([columns[i] for i in (self.target, *self.sources)])[0]
        return np.asarray(columns[self.target].missing | ((value >= self.low) & (value <= self.high)))

    def _above(self, reference: Values, remainder: Values) -> Values:
        rounded = self._rounded(reference)
        return np.where(np.isclose(rounded, reference, rtol=1e-12, atol=0.0), rounded, reference)


def _unit(columns: Sequence[Cells]) -> str:
    units = [np.dtype(f"m8[{np.datetime_data(cells.values.dtype)[0]}]") for cells in columns]
    return str(np.datetime_data(np.result_type(*units))[0])
