"""Columns of integers that float64 cannot tell apart, encoded as their distance from the smallest one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import Categorical, Constant
from gan_oversampler.encoding.cells import NO_CLASSES, Cells, ClassRows
from gan_oversampler.encoding.grids import MAX_EXACT
from gan_oversampler.encoding.layout import Block, EncodedRows
from gan_oversampler.encoding.numeric import Numeric, learn_numeric
from gan_oversampler.encoding.scales import Ticks


@dataclass(frozen=True, slots=True, eq=False)
class WideInteger:
    """A column of integers beyond 2**53, encoded as their distance from the smallest one.

    ``distances`` is the column of distances, ``scale`` knows the smallest and the largest integer, and
    ``dtype`` is int64 or uint64. The methods are those of `Column`.

    Examples
    --------
    >>> cells = Cells(2**60 + np.arange(3), np.zeros(3, dtype=bool))
    >>> column = learn_integers("id", cells)
    >>> (column.decode(column.encode(cells), np.random.default_rng(0)).values - 2**60).tolist()
    [0, 1, 2]
    """

    distances: Numeric
    scale: Ticks
    dtype: np.dtype[Any]
    numeric: ClassVar[bool] = True

    @property
    def n_values(self) -> int | None:
        return self.distances.n_values

    def block(self, start: int) -> Block:
        return self.distances.block(start)

    def encode(self, cells: Cells) -> EncodedRows:
        values = cells.values.astype(self.dtype)
        return self.distances.encode(Cells(self.scale.count(values), cells.missing))

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        distances = self.distances.decode(rows, rng, codes)
        return Cells(self.scale.value(distances.values, self.dtype), distances.missing)

    def step(self, rows: EncodedRows, by: NDArray[np.intp]) -> EncodedRows:
        return self.distances.step(rows, by)


def learn_integers(
    name: Hashable, cells: Cells, drawn: ClassRows = NO_CLASSES
) -> WideInteger | Numeric | Categorical | Constant:
    """Learn a column of integers of any size; those of at most 2**53 are ordinary numbers.

    At least one cell must not be missing. ``drawn`` and the result for few distinct values are as in
    `learn_numeric`.
    """
    present = cells.present
    if max(abs(int(present.min())), abs(int(present.max()))) <= MAX_EXACT:
        return learn_numeric(name, cells, drawn)
    scale = Ticks.learn(present)
    distances = learn_numeric(name, Cells(scale.count(cells.values), cells.missing), drawn)
    if not isinstance(distances, Numeric):  # two values, or one
        return learn_numeric(name, cells, drawn)
    return WideInteger(distances, scale, present.dtype)
