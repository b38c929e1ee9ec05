"""Columns of dates and durations: steps since the earliest."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_oversampler.encoding.categorical import Constant, Levels, Rows
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.layout import Block
from gan_oversampler.encoding.number_format import coarsest_step
from gan_oversampler.encoding.numeric import Number, learn_number


@dataclass(frozen=True, slots=True, eq=False)
class Time:
    """A date or duration: a number of steps since the earliest one.

    Parameters
    ----------
    steps : Number or Levels
        The column of step numbers.
    origin, step : int
        Earliest tick, and ticks per step.
    dtype : numpy dtype
        Of the times, with their unit.

    Examples
    --------
    >>> days = np.array(["2024-02-28", "2024-03-01", "2024-03-05"], dtype="M8[ns]")
    >>> column = Time.learn("day", Cells(days, np.zeros(3, dtype=bool)))
    >>> column.steps.high
    6.0
    """

    steps: Number | Levels
    origin: int
    step: int
    dtype: np.dtype[Any]

    @classmethod
    def learn(cls, name: Hashable, cells: Cells) -> Time | Constant:
        ticks = cells.present.astype(np.int64)
        origin = int(ticks.min())
        step = coarsest_step(ticks - origin, cells.values.dtype)
        steps = learn_number(name, _count(cells, origin, step, cells.values.dtype))
        if isinstance(steps, Constant):
            return Constant(name, Cells(cells.values[:1], cells.missing[:1]))
        return cls(steps, origin, step, cells.values.dtype)

    @property
    def numeric(self) -> bool:
        return False

    def block(self, start: int) -> Block:
        return self.steps.block(start)

    def encode(self, cells: Cells) -> Rows:
        return self.steps.encode(_count(cells, self.origin, self.step, self.dtype))

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        steps = self.steps.decode(rows, rng)
        ticks = self.origin + steps.values.astype(np.int64) * self.step
        return Cells(ticks.astype(self.dtype), steps.missing)


def _count(cells: Cells, origin: int, step: int, dtype: np.dtype[Any]) -> Cells:
    """Steps since the origin."""
    ticks = cells.values.astype(dtype).astype(np.int64)
    since = np.where(cells.missing, 0, ticks - origin)
    return Cells(since / step, cells.missing)
