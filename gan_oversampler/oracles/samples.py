"""Samples of the size that a comparison needs."""

# n, m row, F column

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from gan_oversampler.encoding.dataset import Rows

FEWEST: Final = (
    5  # rows of each class that a classifier gets, repeated if need be: it may ask five neighbours
)


def evenly(rows_nF: NDArray[Any], max_rows: int) -> NDArray[Any]:
    """All rows, or so many evenly spaced ones.

    >>> evenly(np.arange(9), 3).tolist()
    [0, 4, 8]
    """
    if len(rows_nF) <= max_rows:
        return rows_nF
    return rows_nF[np.linspace(0, len(rows_nF) - 1, max_rows).astype(int)]


def parts(rows_mF: NDArray[Any], n: int, most: int) -> list[NDArray[Any]]:
    """Disjoint samples of ``n`` rows each, at most so many; fewer than ``n`` rows are one sample.

    >>> [part.tolist() for part in parts(np.arange(7), 3, 5)]
    [[0, 2, 6], [1, 3, 5]]
    """
    n_parts = max(1, min(most, len(rows_mF) // n))
    return [evenly(rows_mF[i::n_parts], n) for i in range(n_parts)]


def level(rows: Rows, n: int, seed: int) -> Rows:
    """``n`` rows of each class that is there: drawn without replacement, or repeated alike.

    Which rows of a class are taken does not depend on the other classes. The order is kept.

    >>> np.bincount(level(Rows(np.eye(4), np.array([0, 0, 0, 1]), np.array([0, 1])), 2, 0).codes).tolist()
    [2, 2]
    """
    taken = []
    for code in np.unique(rows.codes):
        order = np.random.default_rng((seed, int(code))).permutation(np.flatnonzero(rows.codes == code))
        taken.append(np.resize(order, n))  # repeats from the start where rows run out
    return rows.at(np.sort(np.concatenate(taken))) if taken else rows


def completed(real: Rows, synthetic: Rows, targets: Sequence[int]) -> Rows:
    """Synthetic rows of the targets, after real rows of all other classes."""
    return real.at(~np.isin(real.codes, targets)).join(synthetic.at(np.isin(synthetic.codes, targets)))


def height(rows: Rows, max_rows: int) -> int:
    """Rows of each class: as many as the largest has, if that is not too much."""
    counts = np.unique(rows.codes, return_counts=True)[1]
    return max(FEWEST, min(int(counts.max(initial=0)), max_rows // max(len(counts), 1)))


def typical_distance(rows_nF: NDArray[Any], max_rows: int = 500) -> float:
    """Median distance between rows, the mean where most are equal, 1 where all are.

    >>> typical_distance(np.array([[0.0], [1.0], [3.0]]))
    2.0
    """
    distances = pdist(evenly(np.asarray(rows_nF, float), max_rows))
    for value in (np.median(distances), distances.mean()) if len(distances) else ():
        if value > 0:
            return float(value)
    return 1.0


def thin(rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    """A share of the rows of each class, at least one of each."""
    if share >= 1.0:
        return rows
    counts = zip(*(found.tolist() for found in np.unique(rows.codes, return_counts=True)), strict=True)
    return _some(rows, {code: max(1, round(share * n)) for code, n in counts}, rng)


def spared(rows: Rows, n: int, rng: np.random.Generator) -> Rows:
    """About ``n`` rows, at least one of each class: large classes are thinned, small ones stay whole.

    >>> rows = Rows(np.eye(9), np.repeat([0, 1, 2], [5, 3, 1]), np.arange(3))
    >>> np.bincount(spared(rows, 5, np.random.default_rng(0)).codes).tolist()
    [2, 2, 1]
    """
    codes, counts = np.unique(rows.codes, return_counts=True)
    left, quotas = n, {}
    for i, place in enumerate(np.argsort(counts, kind="stable")):  # what a small class leaves goes to others
        quotas[int(codes[place])] = quota = int(min(counts[place], max(1, left // (len(codes) - i))))
        left -= quota
    return _some(rows, quotas, rng)


def _some(rows: Rows, quotas: Mapping[int, int], rng: np.random.Generator) -> Rows:
    """So many rows of each class, in their order."""
    kept = [rng.choice(np.flatnonzero(rows.codes == c), n, replace=False) for c, n in sorted(quotas.items())]
    return rows.at(np.sort(np.concatenate(kept)) if kept else np.arange(0))
