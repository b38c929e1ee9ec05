"""What a column is, learned from its cells: a constant, levels, a number, or a time.

Every kind turns cells into encoded float32 rows and rows back into cells; no kind knows the
container that the cells came from.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.codec.cells import Cells, Mask, Values
from gan_oversampler.codec.grids import (
    coarsest_step,
    decimals_of,
    moments_of,
    spikes_of,
    to_grid,
)
from gan_oversampler.schema import Block

Rows = NDArray[np.float32]

MAX_STATES: Final = 64
ID_MIN_DISTINCT: Final = 20
ID_SHARE: Final = 0.5
SNAP: Final = 1e-3


class Column(Protocol):
    """A learned column."""

    def block(self, start: int) -> Block | None:
        """Place of the column among the encoded ones, ``None`` if it needs none."""

    def encode(self, cells: Cells) -> Rows:
        """``(n,)`` cells to ``(n, width)`` rows."""

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        """``(n, width)`` rows to ``(n,)`` cells."""


def learn_column(name: Hashable, cells: Cells, *, categorical: bool = False) -> Column:
    """Infer the kind of a column and learn it.

    Examples
    --------
    >>> cells = Cells(np.arange(5.0), np.zeros(5, dtype=bool))
    >>> learn_column("age", cells).block(0)
    Block(column='age', start=0, n_states=0, pinned=(0.0,))
    """
    if cells.missing.all():
        return Constant(name, Cells(cells.values[:1], cells.missing[:1], cells.category))
    if cells.is_label or categorical:
        return _learn_levels(name, cells, ids_allowed=categorical or cells.category)
    if cells.is_time:
        return Time.learn(name, cells)
    return _learn_number(name, cells)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A column with one value, or with missing cells only: nothing to learn, nothing to encode.

    Examples
    --------
    >>> column = Constant("unit", Cells(np.array([7]), np.array([False])))
    >>> column.decode(np.empty((2, 0), dtype=np.float32), np.random.default_rng(0)).values.tolist()
    [7, 7]
    """

    name: Hashable
    cell: Cells

    def block(self, start: int) -> None:
        return None

    def encode(self, cells: Cells) -> Rows:
        return np.empty((len(cells), 0), dtype=np.float32)

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        picked = np.zeros(len(rows), dtype=np.intp)
        return Cells(self.cell.values[picked], self.cell.missing[picked], self.cell.category)


@dataclass(frozen=True, eq=False)
class Levels:
    """One state per level; rare levels share one, and missing cells have one of their own.

    Parameters
    ----------
    name : hashable
        Name of the column.
    levels : array
        The levels that have a state of their own, then those that share one.
    n_own : int
        How many have their own.
    shares : array
        Frequency of each rare level among the rare ones.
    has_missing : bool
        Whether missing cells were seen.

    Examples
    --------
    >>> cells = Cells(np.array(["b", "a", "b"], dtype=object), np.zeros(3, dtype=bool))
    >>> learn_column("city", cells).encode(cells).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """

    name: Hashable
    levels: Values
    n_own: int
    shares: NDArray[np.float64]
    has_missing: bool

    @property
    def n_states(self) -> int:
        return self.n_own + bool(len(self.shares)) + self.has_missing

    @cached_property
    def index(self) -> pd.Index:
        return _index(self.levels)

    def block(self, start: int) -> Block:
        return Block(self.name, start, self.n_states, None)

    def encode(self, cells: Cells) -> Rows:
        _refuse_new_missing(self.name, cells, self.has_missing)
        state = np.full(len(cells), self.n_states - 1)
        found = self.index.get_indexer(_index(cells.present))
        if (found < 0).any():
            self._refuse_unknown(cells.present[found < 0][0])
        state[~cells.missing] = np.minimum(found, self.n_own)
        return _one_hot(state, self.n_states)

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        state = rows.argmax(axis=1)
        missing = (state == self.n_states - 1) & self.has_missing
        level = np.where(missing, 0, state)
        rare = np.flatnonzero((level == self.n_own) & ~missing)
        if len(rare):
            level[rare] += rng.choice(len(self.shares), size=len(rare), p=self.shares)
        return Cells(self.levels[level], missing)

    def _refuse_unknown(self, level: object) -> None:
        raise ValueError(
            f"Column {self.name!r} holds the unknown category {level!r}; {len(self.levels)} levels"
            " were seen when it was learned. Learn on rows that hold every level, or map this one."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number: free, or at a spike, or missing.

    Parameters
    ----------
    name : hashable
        Name of the column.
    observed : tuple of float
        Range of all values, as they came.
    low, high : float
        Range of the free values, on the grid.
    mean, std : float
        Their moments.
    decimals : int or None
        Decimals of the grid that all values sit on; ``None`` for continuous ones.
    spikes : tuple of float
        Values so frequent that each has a state.
    has_missing : bool
        Whether missing cells were seen.

    Examples
    --------
    >>> cells = Cells(np.array([0.5, 1.5, 4.0]), np.zeros(3, dtype=bool))
    >>> column = learn_column("size", cells)
    >>> column.decode(column.encode(cells), np.random.default_rng(0)).values.tolist()
    [0.5, 1.5, 4.0]
    """

    name: Hashable
    observed: tuple[float, float]
    low: float
    high: float
    mean: float
    std: float
    decimals: int | None
    spikes: tuple[float, ...]
    has_missing: bool

    @property
    def n_states(self) -> int:
        n_pinned = len(self.spikes) + self.has_missing
        return n_pinned + 1 if n_pinned else 0

    @property
    def pinned(self) -> tuple[float, ...]:
        """Encoded value of each state, exactly as float32 rows hold it.

        A spike far away, such as 99999 for "unknown", is held next to the free values: its state
        says what it is, and a network is spared the large number.
        """
        reach = np.clip(self.spikes, self.low - self.std, self.high + self.std)
        spikes = self._standardise(reach)
        return (0.0, *map(float, spikes), *((0.0,) if self.has_missing else ()))

    def block(self, start: int) -> Block:
        return Block(self.name, start, self.n_states, self.pinned)

    def encode(self, cells: Cells) -> Rows:
        _refuse_new_missing(self.name, cells, self.has_missing)
        values = to_grid(_finite(self.name, cells, fill=self.mean), self.decimals)
        if not self.n_states:
            return self._standardise(values)[:, None]
        state = self._state(values, cells.missing)
        pinned = np.array(self.pinned, dtype=np.float32)
        free = self._standardise(np.where(state == 0, values, self.mean))
        encoded = np.where(state == 0, free, pinned[state])
        return np.column_stack([_one_hot(state, self.n_states), encoded])

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        with np.errstate(over="ignore"):
            values = rows[:, -1].astype(np.float64) * self.std + self.mean
        values = self._round(np.clip(values, self.low, self.high), rng)
        missing = np.zeros(len(values), dtype=bool)
        if self.n_states:
            state = rows[:, : self.n_states].argmax(axis=1)
            for i, spike in enumerate(self.spikes, start=1):
                values[state == i] = spike
            missing = (state == self.n_states - 1) & self.has_missing
        # The grid point 0.1 lies below the float32 neighbour of 0.1 that was observed.
        return Cells(np.clip(values, *self.observed), missing)

    def _standardise(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        # Halves, since the difference of the largest floats is infinite.
        return ((values / 2 - self.mean / 2) / self.std * 2).astype(np.float32)

    def _state(self, values: NDArray[np.float64], missing: Mask) -> NDArray[np.intp]:
        state = np.zeros(len(values), dtype=np.intp)
        for i, spike in enumerate(self.spikes, start=1):
            state[values == spike] = i
        state[missing] = self.n_states - 1
        return state

    def _round(self, values: NDArray[np.float64], rng: np.random.Generator) -> Values:
        """To the grid, without bias: 0.3 becomes 1 in three rows out of ten."""
        if self.decimals is None:
            return values
        power = 10.0**self.decimals
        scaled = values * power
        nearest = np.rint(scaled)
        drawn = np.floor(scaled + rng.random(len(scaled)))
        # A copied row must decode to itself, so what float32 alone moved off the grid goes back.
        snapped = np.where(np.abs(scaled - nearest) <= self._snap, nearest, drawn)
        return np.clip(snapped, np.rint(self.low * power), np.rint(self.high * power)) / power

    @property
    def _snap(self) -> float:
        """Distance, in grid steps, that float32 may move a value in the observed range."""
        assert self.decimals is not None
        reach = max(abs(self.low - self.mean), abs(self.high - self.mean))
        return max(SNAP, reach * 10.0**self.decimals * 2.0**-23)


@dataclass(frozen=True, slots=True, eq=False)
class Time:
    """A date or duration: a number of steps since the earliest one.

    Parameters
    ----------
    steps : Column
        The column of step numbers.
    origin, step : int
        Earliest tick, and ticks per step.
    dtype : numpy dtype
        Of the times, with their unit.

    Examples
    --------
    >>> days = np.array(["2024-02-28", "2024-03-01", "2024-03-05"], dtype="M8[ns]")
    >>> column = learn_column("day", Cells(days, np.zeros(3, dtype=bool)))
    >>> column.steps.high
    6.0
    """

    steps: Column
    origin: int
    step: int
    dtype: np.dtype[Any]

    @classmethod
    def learn(cls, name: Hashable, cells: Cells) -> Time | Constant:
        ticks = cells.present.astype(np.int64)
        origin = int(ticks.min())
        step = coarsest_step(ticks - origin, cells.values.dtype)
        time = cls(Constant(name, cells), origin, step, cells.values.dtype)
        steps = learn_column(name, time._count(cells))
        if isinstance(steps, Constant):
            return Constant(name, Cells(cells.values[:1], cells.missing[:1]))
        return cls(steps, origin, step, cells.values.dtype)

    def block(self, start: int) -> Block | None:
        return self.steps.block(start)

    def encode(self, cells: Cells) -> Rows:
        return self.steps.encode(self._count(cells))

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        steps = self.steps.decode(rows, rng)
        ticks = self.origin + steps.values.astype(np.int64) * self.step
        return Cells(ticks.astype(self.dtype), steps.missing)

    def _count(self, cells: Cells) -> Cells:
        ticks = cells.values.astype(self.dtype).astype(np.int64)
        since = np.where(cells.missing, 0, ticks - self.origin)
        return Cells(since / self.step, cells.missing)


def _learn_levels(name: Hashable, cells: Cells, *, ids_allowed: bool) -> Levels | Constant:
    if cells.values.dtype.kind == "f":
        _finite(name, cells)
    try:
        codes, levels = pd.factorize(cells.present)
    except TypeError as error:
        raise ValueError(
            f"Column {name!r} holds cells that are no single values ({error})."
            " Spread them over several columns, or drop the column."
        ) from error
    levels = np.asarray(levels)
    if not ids_allowed:
        _refuse_ids(name, len(levels), len(codes))
    order = _sorted_order(levels)
    counts = np.bincount(codes, minlength=len(levels))[order]
    return _levels(name, levels[order], counts, has_missing=bool(cells.missing.any()))


def _levels(
    name: Hashable, levels: Values, counts: NDArray[np.intp], *, has_missing: bool
) -> Levels | Constant:
    if len(levels) == 1 and not has_missing:
        return Constant(name, Cells(levels, np.array([False])))
    room = MAX_STATES - has_missing
    n_own = len(levels) if len(levels) <= room else room - 1
    by_count = np.argsort(-counts, kind="stable")
    order = np.concatenate([np.sort(by_count[:n_own]), np.sort(by_count[n_own:])])
    rare = counts[order[n_own:]]
    return Levels(name, levels[order], n_own, rare / max(rare.sum(), 1), has_missing)


def _learn_number(name: Hashable, cells: Cells) -> Number | Levels | Constant:
    _finite(name, cells)
    distinct, counts = np.unique(cells.present, return_counts=True)
    has_missing = bool(cells.missing.any())
    if len(distinct) <= 2:
        return _levels(name, distinct, counts, has_missing=has_missing)
    distinct = distinct.astype(np.float64)
    decimals = decimals_of(distinct)
    observed = float(distinct[0]), float(distinct[-1])
    distinct = to_grid(distinct, decimals)
    at_spike = spikes_of(counts)
    free = np.ones(len(distinct), dtype=bool)
    free[at_spike] = False
    mean, std = moments_of(distinct[free], counts[free])
    low, high = float(distinct[free][0]), float(distinct[free][-1])
    spikes = tuple(map(float, distinct[at_spike]))
    return Number(name, observed, low, high, mean, std, decimals, spikes, has_missing)


def _finite(name: Hashable, cells: Cells, fill: float = 0.0) -> NDArray[np.float64]:
    values = np.asarray(cells.values, dtype=np.float64)
    if cells.missing.any():
        values = np.where(cells.missing, fill, values)
    if not np.isfinite(values).all():
        raise ValueError(
            f"Input X contains infinity in column {name!r} ({int(np.isinf(values).sum())} cells);"
            " values must be finite. Clip them, or mark them as missing."
        )
    return values


def _sorted_order(levels: Values) -> NDArray[np.intp]:
    """By value, or by type and text where values of several types have no order."""
    try:
        return np.argsort(levels, kind="stable")
    except TypeError:
        keys = [(type(level).__name__, str(level)) for level in levels]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


def _index(values: Values) -> pd.Index:
    return pd.Index(values, dtype=object if values.dtype.kind == "O" else None)


def _one_hot(state: NDArray[np.intp], n_states: int) -> Rows:
    rows = np.zeros((len(state), n_states), dtype=np.float32)
    rows[np.arange(len(state)), state] = 1.0
    return rows


def _refuse_ids(name: Hashable, n_distinct: int, n_cells: int) -> None:
    if n_distinct > ID_MIN_DISTINCT and n_distinct > ID_SHARE * n_cells:
        raise ValueError(
            f"Column {name!r} looks like an identifier or free text: {n_distinct} distinct values"
            f" in {n_cells} cells, a category has at most {ID_SHARE:.0%}. Drop it, list it in"
            " `categorical_features`, or convert it to numbers or dates."
        )


def _refuse_new_missing(name: Hashable, cells: Cells, has_missing: bool) -> None:
    if not has_missing and cells.missing.any():
        raise ValueError(
            f"Column {name!r} holds {int(cells.missing.sum())} missing cells but had none when it"
            " was learned. Learn on rows that hold some, or fill them."
        )
