"""Nearest rows within folds of a table, most of which one search of the whole table finds for all folds."""

# n, m row, K neighbour, F encoded column

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

N_NEAREST: Final = 10  # of any class, to tell safe rows from borderline rows, as in Borderline-SMOTE
# Of the whole table: two thirds of the rows, as in one of three folds, nearly always hold enough of these.
N_WIDE: Final = 32
MANY_COLUMNS: Final = 8  # from here trees, which scikit-learn grows below 16, take longer than all distances
MIN_SHARED: Final = 4000  # rows of a table from which a search takes longer than picking from its result

Index = NDArray[np.intp]
Found = tuple[Index, NDArray[np.float64]]
"""Positions and distances ``(n, K)`` of the nearest rows, the nearest first."""


def nearest(queries: NDArray[np.float32], rows: NDArray[np.float32], *, skip_self: bool) -> Found:
    """Find the nearest rows of each query; with ``skip_self`` these are the rows, each but to itself."""
    return _search(queries, rows, N_NEAREST, skip_self=skip_self)


def _search(queries: NDArray[np.float32], rows: NDArray[np.float32], most: int, *, skip_self: bool) -> Found:
    k = min(most, len(rows) - skip_self)
    if k < 1 or not rows.shape[1]:
        return np.empty((len(queries), 0), np.intp), np.empty((len(queries), 0))
    algorithm = "auto" if rows.shape[1] < MANY_COLUMNS else "brute"
    index = NearestNeighbors(n_neighbors=k, algorithm=algorithm).fit(rows)
    distances, positions = index.kneighbors() if skip_self else index.kneighbors(queries)
    return positions, distances


@dataclass(frozen=True)
class SharedSearch:
    """Nearest rows of the same class, and of others, of each row of a class, for any part of a table."""

    rows: NDArray[np.float32]  # ``(n, F)``, scaled
    codes: Index  # ``(n,)``
    _wide: dict[int, tuple[Found, Found]] = field(default_factory=dict)  # by class, in positions of the table

    def within(self, code: int, part: Index) -> tuple[Found, Found]:
        """Find the nearest rows of the class ``code``, and of others, for the rows of the class in a part.

        ``part`` holds sorted positions in the table. Results are those of `nearest`: positions count the rows
        of the class, or the others, in the part. Rows of which the wide search knows too few are searched
        for again.
        """
        if code not in self._wide:
            self._wide[code] = self._searched(code)
        is_mine = self.codes[part] == code
        mine, others = part[is_mine], part[~is_mine]
        places = np.searchsorted(np.flatnonzero(self.codes == code), mine)
        same, other = self._wide[code]
        return self._picked(same, places, mine, mine), self._picked(other, places, mine, others)

    def _searched(self, code: int) -> tuple[Found, Found]:
        mine, others = np.flatnonzero(self.codes == code), np.flatnonzero(self.codes != code)
        same = _search(self.rows[mine], self.rows[mine], N_WIDE, skip_self=True)
        other = _search(self.rows[mine], self.rows[others], N_WIDE, skip_self=False)
        return (mine[same[0]], same[1]), (others[other[0]], other[1])

    def _picked(self, wide: Found, places: Index, mine: Index, among: Index) -> Found:
        """The first of the rows found for some rows of the class that are among those of a part."""
        positions, distances = wide[0][places], wide[1][places]
        k = min(N_NEAREST, len(among) - (among is mine))
        number = np.full(len(self.rows), -1)
        number[among] = np.arange(len(among))
        is_there = number[positions] >= 0
        first = np.argsort(~is_there, axis=1, kind="stable")[:, : max(k, 0)]
        found: Found = (
            number[np.take_along_axis(positions, first, 1)],
            np.take_along_axis(distances, first, 1),
        )
        if len(few := np.flatnonzero(is_there.sum(axis=1) < k)):
            again = self._again(few, mine, among, k)
            found[0][few], found[1][few] = again
        return found

    def _again(self, few: Index, mine: Index, among: Index, k: int) -> Found:
        """Search for rows of the class, by their numbers, of which the wide search knows too few."""
        queries, rows = self.rows[mine[few]], self.rows[among]
        if among is not mine:
            return _search(queries, rows, k, skip_self=False)
        positions, distances = _search(queries, rows, k + 1, skip_self=False)
        is_other = positions != few[:, None]
        is_other[:, -1] &= ~is_other.all(axis=1)  # equal rows may hide the row itself
        return positions[is_other].reshape(-1, k), distances[is_other].reshape(-1, k)
