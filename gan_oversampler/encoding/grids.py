"""Grids that the values of a column lie on: multiples of any step, or a few values at any distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Numbers that are so close to a grid point, in steps of the grid, become it; others are drawn.
SNAP: Final = 1e-3
# A step is believed if a column without it would show it in less than one of so many cases.
MIN_ODDS: Final = 1000
# New values are among the learned ones if these are so few and each fills so many cells.
MAX_LEVELS: Final = 10
MIN_CELLS_PER_LEVEL: Final = 10
# Beyond this number, float64 skips integers, and all look like multiples of two.
MAX_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Steps:
    """All numbers ``(offset + position * step) / 10**decimals`` for a whole position.

    Examples
    --------
    >>> quarters = Steps.learn(np.array([0.25, 0.5, 1.0, 2.75, 3.0]), decimals=2)
    >>> quarters.step, quarters.position(np.array([0.75])).tolist(), quarters.value(np.array([2.0])).tolist()
    (25, [3.0], [0.5])
    """

    decimals: int
    step: int = 1
    offset: int = 0

    @classmethod
    def learn(cls, distinct: NDArray[np.float64], decimals: int) -> Steps:
        """Learn the greatest step that separates all numbers ``(m,)``, sorted and with so many decimals.

        The differences of ``m`` numbers are all multiples of a step of at least ``g`` by chance with a
        probability of about ``g ** (2 - m)``. If this is more than 1 in 1000, the step is 1.
        """
        scaled = np.rint(distinct * 10.0**decimals)
        if np.abs(scaled).max() >= MAX_EXACT:
            return cls(decimals)
        step = int(np.gcd.reduce(np.diff(scaled).astype(np.int64)))
        if step <= 1 or (len(distinct) - 2) * np.log(step) < np.log(MIN_ODDS):
            return cls(decimals)
        return cls(decimals, step, int(scaled[0]) % step)

    def position(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many steps the values lie from the offset, with a fraction for values off the grid."""
        return (values * 10.0**self.decimals - self.offset) / self.step

    def value(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at whole positions; the reverse of `position`."""
        return (position * self.step + self.offset) / 10.0**self.decimals


@dataclass(frozen=True, slots=True)
class Levels:
    """A few numbers at any distances, such as the codes 3, 6 and 7, in rising order.

    The column stays a number, so that the order and the distances of its levels count.

    Examples
    --------
    >>> codes = Levels((3.0, 6.0, 7.0))
    >>> codes.position(np.array([4.5, 7.0])).tolist(), codes.value(np.array([1.0])).tolist()
    ([0.5, 2.0], [6.0])
    """

    levels: tuple[float, ...]

    def position(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the number of the level, from 0, with a fraction for values between two levels."""
        return np.interp(values, self.levels, np.arange(len(self.levels)))

    def value(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the levels at whole positions; the reverse of `position`."""
        return np.asarray(self.levels)[position.astype(np.intp)]


Grid = Steps | Levels
Bound = float | NDArray[np.float64]


def learn_grid(distinct: NDArray[np.float64], counts: NDArray[np.intp], decimals: int | None) -> Grid | None:
    """Learn which numbers a column can hold, or return None if these are continuous.

    Numbers of few decimals lie on steps, those of a code or of an ordinal scale on levels: at most 10, each
    of which fills at least 10 cells. Columns with gaps in their steps have levels if they meet this rule.

    Parameters
    ----------
    distinct, counts : ndarray of shape (m,)
        The numbers of the column, sorted, and how many cells hold each.
    decimals : int or None
        With how many decimals all can be written; None if 6 are too few.

    Examples
    --------
    >>> learn_grid(np.array([3.0, 6.0, 7.0]), np.array([20, 30, 10]), 0)
    Levels(levels=(3.0, 6.0, 7.0))
    """
    steps = None if decimals is None else Steps.learn(distinct, decimals)
    if len(distinct) > MAX_LEVELS or counts.min() < MIN_CELLS_PER_LEVEL:
        return steps
    if steps is not None and np.ptp(steps.position(distinct)) < len(distinct) - 0.5:
        return steps
    return Levels(tuple(map(float, distinct)))


def round_to(
    grid: Grid, values: NDArray[np.float64], errors: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Round numbers at random to a neighbour on the grid without bias, so that means stay.

    Between 0 and 1, the number 0.3 becomes 1 with probability 0.3, otherwise 0. Numbers that lie no further
    from a grid point than their ``errors``, of the same shape ``(n,)``, or a thousandth of a step become it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> round_to(Steps(0), np.array([1.98, 2.5]), np.array([0.05, 0.0]), rng).tolist()
    [2.0, 2.0]
    """
    position = grid.position(values)
    nearest, drawn = np.rint(position), np.floor(position + rng.random(len(position)))
    is_near = np.abs(grid.value(nearest) - values) <= errors
    is_near |= np.abs(position - nearest) <= SNAP
    return grid.value(np.where(is_near, nearest, drawn))


def reflect(values: NDArray[np.float64], low: Bound, high: Bound) -> NDArray[np.float64]:
    """Fold numbers beyond a range back into it, as mirrors at both ends would; others stay as they are.

    Clipped numbers would pile up at the ends. Ranges may be arrays that broadcast with the numbers.

    Examples
    --------
    >>> reflect(np.array([-1.0, 2.0, 12.0, 25.0]), 0.0, 10.0).tolist()
    [1.0, 2.0, 8.0, 5.0]
    """
    span = np.asarray(high - low)
    period = np.where(span > 0, 2 * span, 1.0)
    folded = np.mod(values - low, period)
    mirrored = low + np.minimum(folded, period - folded)
    return np.where(span > 0, np.where((values < low) | (values > high), mirrored, values), low)
