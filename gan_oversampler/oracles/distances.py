"""Oracles that measure how far synthetic rows are from held-out real rows of the same class."""

# n, m row, F column, K direction

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf

from gan_oversampler._utils import lookup
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.features import FEATURES
from gan_oversampler.oracles.samples import evenly, typical_distance


class FrechetOracle(Oracle):
    """Fréchet distance between Gaussians fitted to real and synthetic rows of each class.

    ``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))``, with covariances shrunk after Ledoit and Wolf (2004),
    because a class often has fewer rows than columns. The mean over the oversampled classes counts, so
    shares of classes play no part. Lower is better; 0 for equal samples.

    Parameters
    ----------
    features : {"rows", "pca", "autoencoder"}, default="rows"
        Where to measure: on encoded rows, their principal components, or the bottleneck of an
        autoencoder, which is AutoGAN's FCD. Features are learnt from the training rows of the fold, once.

    References
    ----------
    Dowson & Landau (1982); Heusel et al. (2017); Nazari, Branco & Jourdan (2023), AutoGAN.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(50, 3))
    >>> rows = Rows(values, np.ones(50, int), np.array([0, 1]))
    >>> shifted = Rows(values + 2, rows.codes, rows.classes)
    >>> round(FrechetOracle().fit(rows, targets=[1]).score(rows, shifted), 6)
    12.0
    """

    greater_is_better: ClassVar[bool] = False

    def __init__(self, features: str = "rows") -> None:
        self.features = features

    def validate(self, n_classes: int) -> None:
        """Check the name of the features.

        Raises
        ------
        ValueError
            If there are no features of this name.
        """
        lookup(FEATURES, self.features, "features")

    def _prepare(self) -> None:
        self.features_ = lookup(FEATURES, self.features, "features")(self.train_.values, self._seed)

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean distance over the oversampled classes."""
        return self._per_target(
            lambda real, fake: frechet_distance(self.features_(real.values), self.features_(fake.values)),
            holdout,
            synthetic,
        )


class EnergyOracle(Oracle):
    """Energy distance between real and synthetic rows of each class.

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` with Euclidean norms, the mean over the oversampled classes.
    Lower is better; 0 for equal samples.

    Parameters
    ----------
    max_rows : int, default=2000
        Real, and synthetic, rows of a class at most; evenly spaced ones count.

    References
    ----------
    Székely & Rizzo (2013), Energy statistics.

    Examples
    --------
    >>> rows = Rows(np.eye(3), np.ones(3, int), np.array([0, 1]))
    >>> EnergyOracle().fit(rows, targets=[1]).score(rows, rows)
    0.0
    """

    greater_is_better: ClassVar[bool] = False
    _positive: ClassVar[tuple[str, ...]] = ("max_rows",)

    def __init__(self, *, max_rows: int = 2000) -> None:
        self.max_rows = max_rows

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean distance over the oversampled classes."""
        return self._per_target(
            lambda real, fake: energy_distance(real.values, fake.values, max_rows=self.max_rows),
            holdout,
            synthetic,
        )


class MMDOracle(Oracle):
    """Squared maximum mean discrepancy between real and synthetic rows of each class.

    ``mean k(X, X') + mean k(Y, Y') - 2 mean k(X, Y)`` over all pairs, a row with itself included, so that
    equal samples have distance 0. The kernel is the mean of five Gaussians, ``exp(-d^2 / 2 w^2)``, with
    widths of 1/4 to 4 times the median distance between training rows of the class. The mean over the
    oversampled classes counts. Lower is better; 0 for equal samples, at most 2.

    Parameters
    ----------
    max_rows : int, default=1000
        Real, and synthetic, rows of a class at most; evenly spaced ones count.

    References
    ----------
    Gretton et al. (2012), A kernel two-sample test; Li, Swersky & Zemel (2015) for mixed widths.

    Examples
    --------
    >>> rows = Rows(np.eye(3), np.ones(3, int), np.array([0, 1]))
    >>> MMDOracle().fit(rows, targets=[1]).score(rows, rows)
    0.0
    """

    greater_is_better: ClassVar[bool] = False
    _positive: ClassVar[tuple[str, ...]] = ("max_rows",)

    def __init__(self, *, max_rows: int = 1000) -> None:
        self.max_rows = max_rows

    def _prepare(self) -> None:
        self.widths_ = {code: typical_distance(self.train_.of(code).values) for code in self.targets_}

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean distance over the oversampled classes."""
        return self._per_target(self._distance, holdout, synthetic)

    def _distance(self, real: Rows, fake: Rows) -> float:
        first, second = (evenly(rows.values, self.max_rows) for rows in (real, fake))
        return mmd(first, second, self.widths_[int(real.codes[0])])


class SlicedWassersteinOracle(Oracle):
    """Wasserstein distance of real and synthetic rows of each class, seen from many directions.

    ``mean over unit vectors u of W1(X u, Y u)``, the same seeded directions for all candidates, the mean
    over the oversampled classes. Lower is better; 0 for equal samples.

    Parameters
    ----------
    n_directions : int, default=64
        Random unit vectors.
    max_rows : int, default=2000
        Real, and synthetic, rows of a class at most; evenly spaced ones count.

    References
    ----------
    Rabin et al. (2012), Wasserstein barycenter and its application to texture mixing; Bonneel et al. (2015).

    Examples
    --------
    >>> rows = Rows(np.arange(4.0)[:, None], np.ones(4, int), np.array([0, 1]))
    >>> shifted = Rows(rows.values + 3, rows.codes, rows.classes)
    >>> SlicedWassersteinOracle().fit(rows, targets=[1]).score(rows, shifted)
    3.0
    """

    greater_is_better: ClassVar[bool] = False
    _positive: ClassVar[tuple[str, ...]] = ("n_directions", "max_rows")

    def __init__(self, *, n_directions: int = 64, max_rows: int = 2000) -> None:
        self.n_directions = n_directions
        self.max_rows = max_rows

    def _prepare(self) -> None:
        shape = (self.train_.values.shape[1], self.n_directions)
        axes_FK = np.random.default_rng(self.random_state_).normal(size=shape)
        self.directions_ = axes_FK / np.linalg.norm(axes_FK, axis=0)

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean distance over the oversampled classes."""
        return self._per_target(self._distance, holdout, synthetic)

    def _distance(self, real: Rows, fake: Rows) -> float:
        first, second = (evenly(rows.values, self.max_rows) @ self.directions_ for rows in (real, fake))
        return float(wasserstein(first, second).mean())


def frechet_distance(first_nF: NDArray[Any], second_mF: NDArray[Any]) -> float:
    """Squared Fréchet distance of the Gaussians of two samples."""
    first, second = np.asarray(first_nF, float), np.asarray(second_mF, float)
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


def energy_distance(first_nF: NDArray[Any], second_mF: NDArray[Any], *, max_rows: int = 2000) -> float:
    """Energy distance of two samples; of more than ``max_rows`` rows, evenly spaced ones count."""
    first, second = (evenly(np.asarray(rows, float), max_rows) for rows in (first_nF, second_mF))
    between = 2 * cdist(first, second).mean()
    return max(float(between - cdist(first, first).mean() - cdist(second, second).mean()), 0.0)


def mmd(first_nF: NDArray[Any], second_mF: NDArray[Any], width: float) -> float:
    """Squared maximum mean discrepancy of two samples, by Gaussians of about this width.

    >>> far = mmd(np.zeros((2, 1)), np.full((3, 1), 1e9), 1.0)
    >>> far, mmd(np.eye(3), np.eye(3)[::-1], 1.0)
    (2.0, 0.0)
    """
    first, second = np.asarray(first_nF, float), np.asarray(second_mF, float)
    pairs = ((first, first), (second, second), (first, second))
    within_first, within_second, between = (_kernel(one, two, width) for one, two in pairs)
    return max(within_first + within_second - 2 * between, 0.0)


def _kernel(first_nF: NDArray[Any], second_mF: NDArray[Any], width: float) -> float:
    """Mean over all pairs of the mean of five Gaussians, 1/4 to 4 times this wide."""
    kernel_nm = np.exp(cdist(first_nF, second_mF, "sqeuclidean") / (-2 * (4 * width) ** 2))
    means = [kernel_nm.mean()]
    for _ in range(4):
        kernel_nm **= 4  # half as wide
        means.append(kernel_nm.mean())
    return float(np.mean(means))


def wasserstein(first_nK: NDArray[Any], second_mK: NDArray[Any]) -> NDArray[np.float64]:
    """First Wasserstein distance of two samples in each column: the area between their distributions.

    >>> wasserstein(np.zeros((2, 1)), np.array([[1.0], [2.0], [3.0]])).tolist()
    [2.0]
    """
    both = np.concatenate([first_nK, second_mK])
    n, m = len(first_nK), len(second_mK)
    order = np.argsort(both, axis=0, kind="stable")
    ahead = np.cumsum(np.repeat([1 / n, -1 / m], [n, m])[order], axis=0)[:-1]
    steps = np.diff(np.take_along_axis(both, order, axis=0), axis=0)
    return np.asarray((np.abs(ahead) * steps).sum(axis=0))
