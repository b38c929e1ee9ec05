"""Columns of dates and durations, encoded as the number of steps since the earliest one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import Categorical, Constant
from gan_oversampler.encoding.cells import NO_CLASSES, Cells, Drawn
from gan_oversampler.encoding.layout import Block, EncodedRows
from gan_oversampler.encoding.numeric import Numeric, learn_numeric


@dataclass(frozen=True, slots=True, eq=False)
class DateTime:
    """A column of dates or durations, encoded as the number of steps since the earliest one.

    A step is the coarsest unit, from days to nanoseconds, that all distances are whole multiples of. So
    decoded dates have a time of day only if the learned ones had.

    ``steps`` is the column of step numbers; ``origin``, the earliest time, and ``step``, the length of a
    step, are in the unit of ``dtype``, which is that of the times. The methods are those of `Column`.

    Examples
    --------
    >>> days = np.array(["2024-02-28", "2024-03-01", "2024-03-05"], dtype="M8[ns]")
    >>> column = DateTime.learn("day", Cells(days, np.zeros(3, dtype=bool)))
    >>> column.steps.high
    6.0
    """

    steps: Numeric | Categorical
    origin: int
    step: int
    dtype: np.dtype[Any]
    numeric: ClassVar[bool] = False

    @classmethod
    def learn(cls, name: Hashable, cells: Cells, drawn: Drawn = NO_CLASSES) -> DateTime | Constant:
        """Learn the step, then the numbers of steps as a numeric column.

        At least one cell must not be missing; a column of one time without missing cells is a constant.
        """
        dtype = cells.values.dtype
        ticks = cells.present.astype(np.int64)
        origin, step = int(ticks.min()), 1
        unit: Any
        unit, multiple = np.datetime_data(dtype)
        for coarse in ("D", "h", "m", "s", "ms", "us", "ns"):
            n, rest = divmod(np.timedelta64(1, coarse), np.timedelta64(multiple, unit))
            # ``n`` is 0 for units finer than that of the dtype.
            if n and not rest and not ((ticks - origin) % n).any():
                step = int(n)
                break
        steps = learn_numeric(name, _steps_since(cells, origin, step, dtype), drawn)
        if isinstance(steps, Constant):
            return Constant(name, Cells(cells.values[:1], cells.missing[:1]))
        return cls(steps, origin, step, dtype)

    def block(self, start: int) -> Block:
        return self.steps.block(start)

    def encode(self, cells: Cells) -> EncodedRows:
        return self.steps.encode(_steps_since(cells, self.origin, self.step, self.dtype))

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        steps = self.steps.decode(rows, rng, codes)
        ticks = self.origin + steps.values.astype(np.int64) * self.step
        return Cells(ticks.astype(self.dtype), steps.missing)


def _steps_since(cells: Cells, origin: int, step: int, dtype: np.dtype[Any]) -> Cells:
    ticks = cells.values.astype(dtype).astype(np.int64)
    since = np.where(cells.missing, 0, ticks - origin)
    return Cells(since / step, cells.missing)
