"""The smallest of many distances, found in less time than a partition of them all takes."""

# m query, n row, P candidate

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

GROUPS_PER_NEIGHBOUR: Final = 8

Distances = NDArray[np.floating[Any]]


def smallest(distance_mn: Distances, k: int) -> Distances:
    """Return the k-th smallest distance of each row ``(m,)``."""
    return np.asarray(np.partition(distance_mn, k - 1, axis=1)[:, k - 1])


def near_distances(distance_mn: Distances, k: int) -> tuple[NDArray[np.intp], Distances]:
    """Return few distances of each row, with their columns, among which are all as small as its k-th one.

    Both are ``(m, P)``; a row with fewer than P of them has infinite distances at column 0 besides.

    >>> columns, distances = near_distances(np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0]]), 2)
    >>> columns.tolist(), distances.tolist()
    ([[1, 2, 0], [0, 1, 2]], [[1.0, 2.0, inf], [1.0, 1.0, 1.0]])
    """
    m, n = distance_mn.shape
    n_groups = GROUPS_PER_NEIGHBOUR * k
    size = n // n_groups
    # The k-th least of groups of columns bounds the k-th distance from above.
    least_mG = distance_mn
    if size > 1:
        least_mG = distance_mn[:, : size * n_groups].reshape(m, size, n_groups).min(axis=1)
    row, column = np.divmod(np.flatnonzero(distance_mn <= smallest(least_mG, k)[:, None]), n)
    n_near = np.bincount(row)
    place = row, np.arange(len(row)) - (np.cumsum(n_near) - n_near)[row]
    columns_mP = np.zeros((m, n_near.max()), np.intp)
    near_mP = np.full(columns_mP.shape, np.inf, distance_mn.dtype)
    columns_mP[place], near_mP[place] = column, distance_mn[row, column]
    return columns_mP, near_mP
