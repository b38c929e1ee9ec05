"""Columns of numbers: continuous or on a grid, with spikes and missing cells."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import (
    Constant,
    Levels,
    Rows,
    finite,
    levels_of,
    one_hot,
    refuse_new_missing,
)
from gan_oversampler.encoding.cells import Cells, Mask, Values
from gan_oversampler.encoding.layout import Block
from gan_oversampler.encoding.number_format import decimals_of, moments_of, spikes_of, to_grid

SNAP: Final = 1e-3


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
    >>> column = learn_number("size", cells)
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
    def numeric(self) -> bool:
        return True

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
        refuse_new_missing(self.name, cells, self.has_missing)
        values = to_grid(finite(self.name, cells, fill=self.mean), self.decimals)
        if not self.n_states:
            return self._standardise(values)[:, None]
        state = self._state(values, cells.missing)
        pinned = np.array(self.pinned, dtype=np.float32)
        free = self._standardise(np.where(state == 0, values, self.mean))
        encoded = np.where(state == 0, free, pinned[state])
        return np.column_stack([one_hot(state, self.n_states), encoded])

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


def learn_number(name: Hashable, cells: Cells) -> Number | Levels | Constant:
    """Grid, spikes and moments of a column; one of two values has levels instead."""
    finite(name, cells)
    distinct, counts = np.unique(cells.present, return_counts=True)
    has_missing = bool(cells.missing.any())
    if len(distinct) <= 2:
        return levels_of(name, distinct, counts, has_missing=has_missing)
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
