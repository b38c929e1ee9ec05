"""Samples of real and synthetic rows, of the sizes that comparisons need."""

# n, m row, F column

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from gan_oversampler.encoding.dataset import Rows


def evenly(rows_nF: NDArray[Any], max_rows: int) -> NDArray[Any]:
    """Return all rows, or ``max_rows`` evenly spaced ones with the first and the last among them.

    Nothing is drawn at random, so every candidate of a comparison is thinned alike.

    >>> evenly(np.arange(9), 3).tolist()
    [0, 4, 8]
    """
    if len(rows_nF) <= max_rows:
        return rows_nF
    return rows_nF[np.linspace(0, len(rows_nF) - 1, max_rows).astype(int)]


def some(rows: Rows, max_rows: int) -> Rows:
    """Return all rows, or evenly spaced ones as `evenly` does, with their weights.

    >>> rows = Rows(np.eye(3), np.ones(3, int), np.array([0, 1]), weights=np.array([1.0, 0.5, 1.5]))
    >>> some(rows, 2).weights.tolist()
    [1.0, 1.5]
    """
    return rows if len(rows) <= max_rows else rows.at(evenly(np.arange(len(rows)), max_rows))


def disjoint_samples(rows_mF: NDArray[Any], n: int, max_samples: int) -> list[NDArray[Any]]:
    """Split rows into at most ``max_samples`` disjoint samples of ``n`` rows each.

    Some distances depend on the sample size, so synthetic rows are compared in samples as large as the
    real one. Fewer than ``n`` rows are returned as a single sample.

    >>> [sample.tolist() for sample in disjoint_samples(np.arange(7), 3, 5)]
    [[0, 2, 6], [1, 3, 5]]
    """
    n_samples = max(1, min(max_samples, len(rows_mF) // n))
    return [evenly(rows_mF[i::n_samples], n) for i in range(n_samples)]


def balanced_sample(rows: Rows, n_per_class: int, seed: int) -> Rows:
    """Return ``n_per_class`` rows of each class that is present, in their order.

    Rows are drawn without replacement; where a class has too few, all of its rows are repeated equally
    often, up to one. Which rows of a class are drawn does not depend on the other classes. Where rows have
    weights, those of each class are 1 on average.

    >>> rows = Rows(np.eye(4), np.array([0, 0, 0, 1]), np.array([0, 1]))
    >>> np.bincount(balanced_sample(rows, 2, seed=0).codes).tolist()
    [2, 2]
    """
    drawn = []
    for code in np.unique(rows.codes):
        order = np.random.default_rng((seed, int(code))).permutation(np.flatnonzero(rows.codes == code))
        drawn.append(np.resize(order, n_per_class))  # starts again at the first row where rows run out
    sample = rows.at(np.sort(np.concatenate(drawn))) if drawn else rows
    if sample.weights is None:
        return sample
    mean = sample.mean_weights
    return replace(sample, weights=sample.weights / np.where(mean > 0, mean, 1.0)[sample.codes])


def with_other_classes(real: Rows, synthetic: Rows, targets: Sequence[int]) -> Rows:
    """Return real rows of all classes but the targets, followed by synthetic rows of the targets.

    Only the targets have synthetic rows, and a classifier needs all classes. Synthetic rows come last,
    because decoding relies on it.
    """
    return real.at(~np.isin(real.codes, targets)).join(synthetic.at(np.isin(synthetic.codes, targets)))


def resampled(rows: Rows) -> Rows:
    """Return as many rows, each as often as it weighs up to rounding, in their order; without weights all.

    >>> rows = Rows(np.arange(4.0)[:, None], np.ones(4, int), np.array([0, 1]), weights=np.arange(4.0))
    >>> resampled(rows).values[:, 0].tolist()
    [1.0, 2.0, 3.0, 3.0]
    """
    if rows.weights is None or not rows.weights.any():
        return rows
    share = np.cumsum(rows.weights) / rows.weights.sum()
    return rows.at(np.searchsorted(share, (np.arange(len(rows)) + 0.5) / len(rows)))


def typical_distance(rows_nF: NDArray[Any], max_rows: int = 500) -> float:
    """Return the median distance between two rows, as a unit of length that is never 0.

    Where most rows are equal it is the mean distance, and 1 where all are. Of more than ``max_rows`` rows
    evenly spaced ones are used.

    >>> typical_distance(np.array([[0.0], [1.0], [3.0]]))
    2.0
    """
    distances = pdist(evenly(np.asarray(rows_nF, float), max_rows))
    return float(np.median(distances) or distances.mean()) if distances.any() else 1.0


def thin(rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    """Return a random share of the rows of each class, at least one of each, in their order.

    Class shares stay the same up to rounding. With a share of 1 or more, all rows are returned.
    """
    if share >= 1.0:
        return rows
    counts = zip(*(found.tolist() for found in np.unique(rows.codes, return_counts=True)), strict=True)
    return _draw(rows, {code: max(1, round(share * n)) for code, n in counts}, rng)


def thin_large_classes(rows: Rows, n: int, rng: np.random.Generator) -> Rows:
    """Return about ``n`` random rows, drawn from the large classes only as far as possible.

    Small classes stay whole, because their few rows say most about a score; each class keeps at least one
    row, so there may be more than ``n``.

    >>> rows = Rows(np.eye(9), np.repeat([0, 1, 2], [5, 3, 1]), np.arange(3))
    >>> np.bincount(thin_large_classes(rows, 5, np.random.default_rng(0)).codes).tolist()
    [2, 2, 1]
    """
    codes, counts = np.unique(rows.codes, return_counts=True)
    return _draw(rows, dict(zip(codes.tolist(), quotas(counts, n).tolist())), rng)


def quotas(counts_C: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Divide ``n`` rows among classes of so many rows: small classes stay whole, larger ones share the rest.

    Each class that has rows keeps at least one, so there may be more than ``n`` in all.

    >>> quotas(np.array([50, 3, 30, 0]), 23).tolist()
    [10, 3, 10, 0]
    """
    left, quota_C = n, np.zeros_like(counts_C)
    # From the smallest class on: what one class does not use is shared by the larger ones.
    for i, position in enumerate(np.argsort(counts_C, kind="stable")):
        quota_C[position] = min(counts_C[position], max(1, left // (len(counts_C) - i)))
        left -= quota_C[position]
    return quota_C


def _draw(rows: Rows, quotas: Mapping[int, int], rng: np.random.Generator) -> Rows:
    """The given number of rows of each class, without replacement and in their order."""
    kept = [rng.choice(np.flatnonzero(rows.codes == c), n, replace=False) for c, n in sorted(quotas.items())]
    return rows.at(np.sort(np.concatenate(kept)) if kept else np.arange(0))
