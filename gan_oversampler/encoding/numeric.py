"""Columns of numbers: continuous or on a decimal grid, with frequent values and missing cells."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import Categorical, Constant, learn_categorical
from gan_oversampler.encoding.cells import NO_CLASSES, Cells, Drawn
from gan_oversampler.encoding.layout import Block, EncodedRows
from gan_oversampler.encoding.number_format import decimals_of, to_grid

# Decoded values that are so close to a grid point, in steps of the grid, become it; others are drawn.
SNAP: Final = 1e-3
# A value is a spike if this share of the cells holds it, unless there are so few distinct values that
# frequent ones are to be expected.
SPIKE_SHARE: Final = 0.15
SPIKE_MIN_DISTINCT: Final = 10
MAX_SPIKES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Numeric:
    """A column of numbers, encoded as a standardised value and states for spikes and missing cells, if any.

    A spike is a value that many cells hold, such as 0 for the rain of a day. It has a one-hot state of its
    own, since numbers that a generator draws would hardly ever equal it.

    Examples
    --------
    >>> cells = Cells(np.array([0.5, 1.5, 4.0]), np.zeros(3, dtype=bool))
    >>> column = learn_numeric("size", cells)
    >>> column.decode(column.encode(cells), np.random.default_rng(0)).values.tolist()
    [0.5, 1.5, 4.0]
    """

    name: Hashable  # name of the column
    observed: tuple[float, float]  # smallest and largest value, as they were stored
    low: float  # range, mean and standard deviation of the values that are no spikes, on the grid
    high: float
    mean: float
    std: float
    decimals: int | None  # decimals of the grid that all values lie on; None for continuous values
    spikes: tuple[float, ...]  # values so frequent that each has a state
    has_missing: bool  # whether missing cells were seen
    numeric: ClassVar[bool] = True

    def block(self, start: int) -> Block:
        """Return the block of the column: states ``regular | spikes | missing`` if any, then the value.

        The value of a distant spike, such as 99999 for "unknown", is pinned one standard deviation outside
        the range of the others. Its state identifies it, and networks need not fit so large a number.
        """
        near = np.clip(self.spikes, self.low - self.std, self.high + self.std)
        pinned = (0.0, *map(float, self._standardise(near)), *((0.0,) if self.has_missing else ()))
        return Block(self.name, start, len(pinned) if len(pinned) > 1 else 0, pinned)

    def encode(self, cells: Cells) -> EncodedRows:
        """Return states, if any, and the value; raises ``ValueError`` for infinity and new missing cells."""
        cells.refuse_new_missing(self.name, has_missing=self.has_missing)
        values = to_grid(cells.to_floats(self.name, fill=self.mean), self.decimals)
        block = self.block(0)
        if not block.n_states:
            return self._standardise(values)[:, None]
        state = np.zeros(len(values), dtype=np.intp)
        for i, spike in enumerate(self.spikes, start=1):
            state[values == spike] = i
        state[cells.missing] = block.n_states - 1  # always the last
        free = self._standardise(np.where(state == 0, values, self.mean))
        encoded = np.where(state == 0, free, np.array(block.pinned, dtype=np.float32)[state])
        return np.column_stack([np.eye(block.n_states, dtype=np.float32)[state], encoded])

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        """Return values in the observed range and on the grid, with spikes and missing cells by state.

        Values between two grid points are rounded at random without bias, so that means stay: 0.3 becomes
        1 with probability 0.3, otherwise 0.
        """
        with np.errstate(over="ignore"):
            values = rows[:, -1].astype(np.float64) * self.std + self.mean
        values = np.clip(values, self.low, self.high)
        if self.decimals is not None:
            power = 10.0**self.decimals
            scaled = values * power
            nearest = np.rint(scaled)
            drawn = np.floor(scaled + rng.random(len(scaled)))
            # A copied row must decode to itself, so errors of float32 are not rounded at random.
            float32_error = max(abs(self.low - self.mean), abs(self.high - self.mean)) * power * 2.0**-23
            values = np.where(np.abs(scaled - nearest) <= max(SNAP, float32_error), nearest, drawn)
            values = np.clip(values, np.rint(self.low * power), np.rint(self.high * power)) / power
        missing = np.zeros(len(values), dtype=bool)
        if n_states := self.block(0).n_states:
            state = rows[:, :n_states].argmax(axis=1)
            for i, spike in enumerate(self.spikes, start=1):
                values[state == i] = spike
            missing = (state == n_states - 1) & self.has_missing
        # The grid point 0.1 lies below the float32 neighbour of 0.1 that was observed.
        return Cells(np.clip(values, *self.observed), missing)

    def _standardise(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        # Halves, since the difference of the largest floats is infinite.
        return ((values / 2 - self.mean / 2) / self.std * 2).astype(np.float32)


def learn_numeric(
    name: Hashable, cells: Cells, drawn: Drawn = NO_CLASSES
) -> Numeric | Categorical | Constant:
    """Learn the grid, spikes, range, mean and standard deviation of a column of numbers.

    At least one cell must not be missing. Columns of two distinct values become categorical, as do columns
    of one value and missing cells; a column of one value alone is a constant. Raises ``ValueError``,
    naming the column, if a value is infinite.
    """
    cells.to_floats(name)
    distinct, counts = np.unique(cells.present, return_counts=True)
    if len(distinct) <= 2:
        return learn_categorical(name, cells, ids_allowed=True, drawn=drawn)
    distinct = distinct.astype(np.float64)
    observed = float(distinct[0]), float(distinct[-1])
    decimals = decimals_of(distinct)
    distinct = to_grid(distinct, decimals)

    n_most = MAX_SPIKES if len(counts) > SPIKE_MIN_DISTINCT else 0
    most = np.argsort(-counts, kind="stable")[:n_most]
    frequent = most[counts[most] >= SPIKE_SHARE * counts.sum()]
    spikes = tuple(map(float, distinct[frequent]))
    free = np.ones(len(distinct), dtype=bool)
    free[frequent] = False

    values, counts = distinct[free], counts[free]
    size = float(np.abs(values).max()) or 1.0  # keeps squares of huge and tiny values in range
    scaled = values / size
    mean = np.average(scaled, weights=counts)
    std = float(np.sqrt(np.average((scaled - mean) ** 2, weights=counts)) * size) or 1.0
    range_and_moments = float(values[0]), float(values[-1]), float(mean * size), std
    return Numeric(name, observed, *range_and_moments, decimals, spikes, bool(cells.missing.any()))
