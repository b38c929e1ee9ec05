"""Columns of numbers: continuous or on a grid, with long tails, frequent values and missing cells."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import Categorical, Constant, learn_categorical
from gan_oversampler.encoding.cells import NO_CLASSES, Cells, ClassRows, Values
from gan_oversampler.encoding.grids import Grid, learn_grid, reflect, round_to
from gan_oversampler.encoding.layout import Block, EncodedRows
from gan_oversampler.encoding.number_format import decimals_of, to_grid
from gan_oversampler.encoding.transforms import ShiftedLog

# A value is a spike if this share of the cells holds it, unless there are so few distinct values that
# frequent ones are to be expected: then only those of a class are.
SPIKE_SHARE: Final = 0.15
SPIKE_MIN_DISTINCT: Final = 10
MAX_SPIKES: Final = 3  # or two beside those of classes
# In a class that new rows are drawn of, a spike must also hold so many cells, and so many times as many as
# its other values do on average: in a small class, some ordinary value is always frequent. Twice as many are
# enough for so large a share of the class.
MIN_CLASS_CELLS: Final = 5
CLASS_EXCESS: Final = 5.0
CLASS_SHARE: Final = 1 / 3
CONTINUOUS_STEP: Final = 0.01  # standard deviations; columns without a grid have no steps of their own


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
    low: float  # range of the values that are no spikes, on the grid
    high: float
    mean: float  # mean and standard deviation of these values, or of their logarithms
    std: float
    decimals: int | None  # decimals that all values are written with; None for continuous values
    grid: Grid | None  # what the values that are no spikes lie on; None for continuous values
    log: ShiftedLog | None  # of columns with a long tail
    spikes: tuple[float, ...]  # values so frequent that each has a state
    has_missing: bool  # whether missing cells were seen
    numeric: ClassVar[bool] = True

    @property
    def is_plain(self) -> bool:
        """Whether the column is nothing but a standardised value: continuous, without states or a tail."""
        return self.grid is None and self.log is None and not self._n_states

    @property
    def _n_states(self) -> int:
        n_special = len(self.spikes) + self.has_missing
        return 1 + n_special if n_special else 0

    def block(self, start: int) -> Block:
        """Return the block of the column: states ``regular | spikes | missing`` if any, then the value.

        The value of a distant spike, such as 99999 for "unknown", is pinned one standard deviation outside
        the range of the others, or at its end if they are logarithms. Its state identifies it, and networks
        need not fit so large a number.
        """
        if not self._n_states:
            return Block(self.name, start, 0, (0.0,), has_missing=False)
        margin = self.std if self.log is None else 0.0
        near = np.clip(self.spikes, self.low - margin, self.high + margin)
        pinned = (0.0, *map(float, self._standardise(near)), *((0.0,) if self.has_missing else ()))
        return Block(self.name, start, self._n_states, pinned, self.has_missing)

    def encode(self, cells: Cells) -> EncodedRows:
        """Return states, if any, and the value; raises ``ValueError`` for infinity and new missing cells."""
        cells.refuse_new_missing(self.name, has_missing=self.has_missing)
        values = to_grid(cells.to_floats(self.name, fill=self.low), self.decimals)
        if not self._n_states:
            return self._standardise(values)[:, None]
        block = self.block(0)
        state = np.zeros(len(values), dtype=np.intp)
        for i, spike in enumerate(self.spikes, start=1):
            state[values == spike] = i
        state[cells.missing] = block.n_states - 1  # always the last
        free = self._standardise(np.where(state == 0, values, self.low))
        encoded = np.where(state == 0, free, np.array(block.pinned, dtype=np.float32)[state])
        return np.column_stack([np.eye(block.n_states, dtype=np.float32)[state], encoded])

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        """Return values in the observed range and on the grid, with spikes and missing cells by state.

        Values beyond the range are reflected at its ends. Values between two grid points are rounded at
        random without bias, so that means stay: 0.3 becomes 1 with probability 0.3, otherwise 0.
        """
        low, high = self._standardise(np.array([self.low, self.high])).astype(np.float64)
        encoded = reflect(rows[:, -1].astype(np.float64), low, high)
        values = self._restore(encoded)
        if self.grid is not None:
            # Errors of float32 must not be rounded at random: a copied row decodes to itself.
            inexact = self._restore(encoded - np.copysign(max(abs(low), abs(high)) * 2.0**-23, encoded))
            values = round_to(self.grid, values, np.abs(values - inexact), rng).clip(self.low, self.high)
        missing = np.zeros(len(values), dtype=bool)
        if n_states := self._n_states:
            state = rows[:, :n_states].argmax(axis=1)
            for i, spike in enumerate(self.spikes, start=1):
                values[state == i] = spike
            missing = (state == n_states - 1) & self.has_missing
        # The grid point 0.1 lies below the float32 neighbour of 0.1 that was observed.
        return Cells(np.clip(values, *self.observed), missing)

    @property
    def n_values(self) -> int | None:
        """How many different cells can be decoded, missing ones included; None if they cannot be counted."""
        if self.grid is None:
            return None
        with np.errstate(over="ignore"):  # of the largest floats
            (n_steps,) = np.diff(self.grid.position(np.array([self.low, self.high])))
        if not np.isfinite(n_steps):
            return None
        return int(np.rint(n_steps)) + 1 + len(self.spikes) + self.has_missing

    def step(self, rows: EncodedRows, by: NDArray[np.intp]) -> EncodedRows:
        """Return rows whose value is so many steps of the grid away; see `Column.step`.

        Spikes become the nearest such value in the range of the others. Missing cells stay.
        """
        low, high = self._standardise(np.array([self.low, self.high])).astype(np.float64)
        n_states = self.block(0).n_states
        state = rows[:, :n_states].argmax(axis=1) if n_states else np.zeros(len(rows), np.intp)
        is_spike = (state > 0) & (state <= len(self.spikes))
        values = self._restore(rows[:, -1].astype(np.float64))
        values[is_spike] = np.array(self.spikes)[state[is_spike] - 1]
        if self.grid is None:
            moved = self._standardise(values.clip(self.low, self.high)) + by * CONTINUOUS_STEP
        else:
            first, last = self.grid.position(np.array([self.low, self.high]))
            least = max(1.0, np.ceil((last - first) * 2.0**-20))  # float32 tells no smaller ones apart
            place = np.rint(self.grid.position(values)) + by * least
            moved = self._standardise(self.grid.value(place.clip(first, last))).astype(np.float64)
            moved[~is_spike & ((place < first) | (place > last))] = np.inf
        at = np.flatnonzero(is_spike | ((state == 0) & (moved >= low) & (moved <= high)))
        stepped = rows.copy()
        stepped[at, -1] = moved[at].clip(low, high)
        stepped[at, :n_states] = np.eye(1, n_states) if n_states else 0
        return stepped

    def _standardise(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        values = values if self.log is None else self.log.forward(values)
        # Halves, since the difference of the largest floats is infinite.
        return ((values / 2 - self.mean / 2) / self.std * 2).astype(np.float32)

    def _restore(self, encoded: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            values = encoded * self.std + self.mean
        return np.clip(values if self.log is None else self.log.inverse(values), self.low, self.high)


def learn_numeric(
    name: Hashable, cells: Cells, drawn: ClassRows = NO_CLASSES
) -> Numeric | Categorical | Constant:
    """Learn the grid, spikes, range, mean and standard deviation of a column of numbers.

    At least one cell must not be missing. Columns of two distinct values become categorical, as do columns
    of one value and missing cells; a column of one value alone is a constant. ``drawn`` holds the positions
    of the rows of each class that new rows are drawn of: spikes of such a class are spikes. Raises
    ``ValueError``, naming the column, if a value is infinite.
    """
    cells.to_floats(name)
    distinct, counts = np.unique(cells.present, return_counts=True)
    if len(distinct) <= 2:
        return learn_categorical(name, cells, ids_allowed=True, drawn=drawn)
    frequent = _frequent(cells, distinct, counts, drawn)
    distinct = distinct.astype(np.float64)
    observed = float(distinct[0]), float(distinct[-1])
    decimals = decimals_of(distinct)
    distinct = to_grid(distinct, decimals)
    spikes = tuple(map(float, distinct[frequent]))

    values, counts = np.delete(distinct, frequent), np.delete(counts, frequent)
    grid = learn_grid(values, counts, decimals)
    log = ShiftedLog.learn(np.repeat(values, counts)) if len(values) > SPIKE_MIN_DISTINCT else None
    mean, std = _moments(values if log is None else log.forward(values), counts)
    low, high, has_missing = float(values[0]), float(values[-1]), bool(cells.missing.any())
    return Numeric(name, observed, low, high, mean, std, decimals, grid, log, spikes, has_missing)


def _frequent(cells: Cells, distinct: Values, counts: NDArray[np.intp], drawn: ClassRows) -> list[int]:
    """Positions of the spikes among the distinct values: those of the classes, then those of the table."""
    found: list[int] = []
    for rows in drawn.values():
        present = cells.values[rows][~cells.missing[rows]]
        values, of_class = np.unique(present, return_counts=True)
        top = int(of_class.max(initial=0))
        usual = (len(present) - top) / max(len(values) - 1, 1)
        enough = min(CLASS_EXCESS * usual, max(CLASS_SHARE * len(present), 2 * usual))
        if top >= max(MIN_CLASS_CELLS, SPIKE_SHARE * len(present), enough):
            found.append(int(np.searchsorted(distinct, values[of_class.argmax()])))
    limit = max(MAX_SPIKES, len(set(found)) + 2)
    if len(distinct) > SPIKE_MIN_DISTINCT:
        most = np.argsort(-counts, kind="stable")
        found += most[counts[most] >= SPIKE_SHARE * counts.sum()].tolist()
    return list(dict.fromkeys(found))[: min(limit, len(distinct) - 2)]  # two values are left to be free


def _moments(values: NDArray[np.float64], counts: NDArray[np.intp]) -> tuple[float, float]:
    size = float(np.abs(values).max()) or 1.0  # keeps squares of huge and tiny values in range
    scaled = values / size
    mean = np.average(scaled, weights=counts)
    std = float(np.sqrt(np.average((scaled - mean) ** 2, weights=counts)) * size) or 1.0
    return float(mean * size), std
