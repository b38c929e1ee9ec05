"""Oracles that measure how far synthetic rows are from held-out real rows of the same class."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf

from gan_oversampler.oracles.base import Oracle
from gan_oversampler.rows import Rows


class FrechetOracle(Oracle):
    """Fréchet distance between Gaussians fitted to real and synthetic rows of each class.

    ``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`` in row space, with covariances shrunk after Ledoit
    and Wolf (2004), because a class often has fewer rows than columns. The mean over the oversampled
    classes counts, so shares of classes play no part. Lower is better; 0 for equal samples.

    References
    ----------
    Dowson & Landau (1982); Heusel et al. (2017).

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(50, 3))
    >>> rows = Rows(values, np.ones(50, int), np.array([0, 1]))
    >>> shifted = Rows(values + 2, rows.codes, rows.classes)
    >>> round(FrechetOracle().fit(rows, targets=[1]).score(rows, shifted), 6)
    12.0
    """

    greater_is_better: ClassVar[bool] = False

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean distance over the oversampled classes."""
        return self._per_target(
            lambda real, fake: frechet_distance(real.values, fake.values), holdout, synthetic
        )


class EnergyOracle(Oracle):
    """Energy distance between real and synthetic rows of each class.

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` with Euclidean norms (Székely & Rizzo 2013), the mean over the
    oversampled classes. Lower is better; 0 for equal samples.

    Examples
    --------
    >>> rows = Rows(np.eye(3), np.ones(3, int), np.array([0, 1]))
    >>> EnergyOracle().fit(rows, targets=[1]).score(rows, rows)
    0.0
    """

    greater_is_better: ClassVar[bool] = False

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean distance over the oversampled classes."""
        return self._per_target(
            lambda real, fake: energy_distance(real.values, fake.values), holdout, synthetic
        )


def frechet_distance(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Squared Fréchet distance of the Gaussians of two samples ``(n, F)`` and ``(m, F)``."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    shift = first.mean(axis=0) - second.mean(axis=0)
    one, two = _covariance(first), _covariance(second)
    # tr (S1 S2)^(1/2) from the symmetric S1^(1/2) S2 S1^(1/2), whose eigenvalues are the same.
    values, vectors = eigh(one)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(eigh(root @ two @ root, eigvals_only=True).clip(min=0)).sum()
    return max(float(shift @ shift + np.trace(one) + np.trace(two) - 2 * cross), 0.0)


def _covariance(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shrunk covariance; zero for a single row."""
    n_columns = rows.shape[1]
    covariance: NDArray[np.float64] = (
        ledoit_wolf(rows)[0] if len(rows) > 1 else np.zeros((n_columns, n_columns))
    )
    return covariance


def energy_distance(first: NDArray[Any], second: NDArray[Any], *, max_rows: int = 2000) -> float:
    """Energy distance of two samples; of more than ``max_rows`` rows, evenly spaced ones count."""
    first, second = (_evenly(np.asarray(rows, float), max_rows) for rows in (first, second))
    between = 2 * cdist(first, second).mean()
    return max(float(between - cdist(first, first).mean() - cdist(second, second).mean()), 0.0)


def _evenly(rows: NDArray[Any], max_rows: int) -> NDArray[Any]:
    if len(rows) <= max_rows:
        return rows
    return rows[np.linspace(0, len(rows) - 1, max_rows).astype(int)]
