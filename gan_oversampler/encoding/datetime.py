"""Columns of dates and durations, encoded as the number of steps or months since the earliest one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import Categorical, Constant
from gan_oversampler.encoding.cells import NO_CLASSES, Cells, ClassRows, Values
from gan_oversampler.encoding.layout import Block, EncodedRows
from gan_oversampler.encoding.numeric import Numeric, learn_numeric
from gan_oversampler.encoding.scales import Months, Ticks


@dataclass(frozen=True, slots=True, eq=False)
class DateTime:
    """A column of dates or durations, encoded as the number of steps or months since the earliest one.

    A step is the coarsest unit, from days to nanoseconds, that all distances are whole multiples of. So
    decoded dates have a time of day only if the learned ones had. Dates of one day of the month, such as the
    first or the last, are counted in months.

    ``counts`` is the column of numbers, ``scale`` what they count, ``dtype`` that of the times. The methods
    are those of `Column`.

    Examples
    --------
    >>> days = np.array(["2024-02-28", "2024-03-01", "2024-03-05"], dtype="M8[ns]")
    >>> column = DateTime.learn("day", Cells(days, np.zeros(3, dtype=bool)))
    >>> column.counts.high
    6.0
    """

    counts: Numeric | Categorical
    scale: Ticks | Months
    dtype: np.dtype[Any]
    numeric: ClassVar[bool] = False

    @classmethod
    def learn(cls, name: Hashable, cells: Cells, drawn: ClassRows = NO_CLASSES) -> DateTime | Constant:
        """Learn the scale, then the counts as a numeric column.

        At least one cell must not be missing; a column of one time without missing cells is a constant.
        ``drawn`` is as in `learn_numeric`.
        """
        times = cells.present
        months = Months.learn(times) if times.dtype.kind == "M" else None
        scale = months or Ticks.learn(times.astype(np.int64), _coarsest_step(times))
        counts = learn_numeric(name, _count(cells, scale, times.dtype), drawn)
        if isinstance(counts, Constant):
            return Constant(name, Cells(cells.values[:1], cells.missing[:1]))
        return cls(counts, scale, times.dtype)

    @property
    def n_values(self) -> int | None:
        return self.counts.n_values

    def block(self, start: int) -> Block:
        return self.counts.block(start)

    def encode(self, cells: Cells) -> EncodedRows:
        return self.counts.encode(_count(cells, self.scale, self.dtype))

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        counts = self.counts.decode(rows, rng, codes)
        return Cells(self.scale.value(counts.values, self.dtype), counts.missing)

    def step(self, rows: EncodedRows, by: NDArray[np.intp]) -> EncodedRows:
        return self.counts.step(rows, by)


def _count(cells: Cells, scale: Ticks | Months, dtype: np.dtype[Any]) -> Cells:
    times = cells.values.astype(dtype)
    return Cells(scale.count(times if isinstance(scale, Months) else times.astype(np.int64)), cells.missing)


def _coarsest_step(times: Values) -> int:
    """Return the coarsest unit, in units of the times, that all distances are whole multiples of."""
    ticks = times.astype(np.int64)
    unit: Any
    unit, multiple = np.datetime_data(times.dtype)
    for coarse in ("D", "h", "m", "s", "ms", "us", "ns"):
        n, rest = divmod(np.timedelta64(1, coarse), np.timedelta64(multiple, unit))
        # ``n`` is 0 for units finer than that of the dtype.
        if n and not rest and (ticks % n == ticks[0] % n).all():
            return int(n)
    return 1
