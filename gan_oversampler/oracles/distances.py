"""Oracles that measure how far synthetic rows are from held-out real rows of the same class."""

# n, m row, F column, K direction

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf
from sklearn.utils._param_validation import StrOptions

from gan_oversampler._utils import lookup
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import POSITIVE, ClassWiseOracle
from gan_oversampler.oracles.features import FEATURES
from gan_oversampler.oracles.samples import evenly, some, typical_distance

Weights = NDArray[np.float64] | None
"""How much each row of a sample counts, as if it stood there so many times; None: all alike."""

ALIKE: Final = (None, None)  # weights of two samples


class FrechetOracle(ClassWiseOracle):
    """Fréchet distance between Gaussians fitted to the real and the synthetic rows of each class.

    ``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))``, the mean over the oversampled classes; from 0 for equal
    samples without bound, lower is better. Covariances are shrunk after Ledoit and Wolf (2004), because a
    class often has fewer rows than columns, so one row of each kind is enough. A score costs two eigenvalue
    decompositions per class, cubic in the number of columns.

    Parameters
    ----------
    features : {"rows", "pca", "autoencoder"}, default="rows"
        Where to measure: on encoded rows, their principal components, or the bottleneck of an
        autoencoder, which is AutoGAN's FCD. Features are learned from the training rows of the fold, once,
        all alike; weights of held-out rows count in the Gaussian.

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

    greater_is_better = False
    _parameter_constraints = {"features": [StrOptions(set(FEATURES))]}

    def __init__(self, features: str = "rows") -> None:
        self.features = features

    def _prepare(self) -> None:
        self.features_ = lookup(FEATURES, self.features, "features")(self.train_.values, self._seed)

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        first, second = (self.features_(np.asarray(rows.values, float)) for rows in (real, synthetic))
        return frechet_distance(first, second, weights=(real.weights, synthetic.weights))


class EnergyOracle(ClassWiseOracle):
    """Energy distance between the real and the synthetic rows of each class.

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` with Euclidean norms, the mean over the oversampled classes; from
    0 for equal samples without bound, lower is better. One row of each kind is enough. Time and memory of a
    score grow with the number of pairs of rows.

    Parameters
    ----------
    max_rows : int, default=2000
        Real, and synthetic, rows of a class at most; evenly spaced ones are used.

    References
    ----------
    Székely & Rizzo (2013), Energy statistics.

    Examples
    --------
    >>> rows = Rows(np.eye(3), np.ones(3, int), np.array([0, 1]))
    >>> EnergyOracle().fit(rows, targets=[1]).score(rows, rows)
    0.0
    """

    greater_is_better = False

    def __init__(self, *, max_rows: int = 2000) -> None:
        self.max_rows = max_rows

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        first, second = (some(rows, self.max_rows) for rows in (real, synthetic))
        return energy_distance(first.values, second.values, weights=(first.weights, second.weights))


class MMDOracle(ClassWiseOracle):
    """Squared maximum mean discrepancy between the real and the synthetic rows of each class.

    ``mean k(X, X') + mean k(Y, Y') - 2 mean k(X, Y)`` with ``k`` the mean of five Gaussians
    ``exp(-d^2 / 2 w^2)`` whose widths are 1/4 to 4 times the median distance between training rows of the
    class; the mean over the oversampled classes. It lies between 0 for equal samples and 2, lower is better.
    One row of each kind is enough. Time and memory of a score grow with the number of pairs of rows.

    Parameters
    ----------
    max_rows : int, default=1000
        Real, and synthetic, rows of a class at most; evenly spaced ones are used.

    References
    ----------
    Gretton et al. (2012), A kernel two-sample test; Li, Swersky & Zemel (2015) for mixed widths.

    Examples
    --------
    >>> rows = Rows(np.eye(3), np.ones(3, int), np.array([0, 1]))
    >>> MMDOracle().fit(rows, targets=[1]).score(rows, rows)
    0.0
    """

    greater_is_better = False

    def __init__(self, *, max_rows: int = 1000) -> None:
        self.max_rows = max_rows

    def _prepare(self) -> None:
        self.widths_ = {code: typical_distance(self.train_.of(code).values) for code in self.targets_}

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        first, second = (some(rows, self.max_rows) for rows in (real, synthetic))
        width, weights = self.widths_[int(real.codes[0])], (first.weights, second.weights)
        return mmd(first.values, second.values, width, weights=weights)


class SlicedWassersteinOracle(ClassWiseOracle):
    """Wasserstein distance between real and synthetic rows of each class, projected on random directions.

    ``mean over unit vectors u of W1(X u, Y u)``, the mean over the oversampled classes; from 0 for equal
    samples without bound, lower is better. Directions are the same for all candidates. One row of each kind
    is enough. A score costs one sort of the rows per direction.

    Parameters
    ----------
    n_directions : int, default=64
        Number of random unit vectors.
    max_rows : int, default=2000
        Real, and synthetic, rows of a class at most; evenly spaced ones are used.

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

    greater_is_better = False
    _parameter_constraints = {"n_directions": [POSITIVE], "max_rows": [POSITIVE]}

    def __init__(self, *, n_directions: int = 64, max_rows: int = 2000) -> None:
        self.n_directions = n_directions
        self.max_rows = max_rows

    def _prepare(self) -> None:
        shape = (self.train_.values.shape[1], self.n_directions)
        axes_FK = np.random.default_rng(self.random_state_).normal(size=shape)
        self.directions_ = axes_FK / np.linalg.norm(axes_FK, axis=0)

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        first, second = (some(rows, self.max_rows) for rows in (real, synthetic))
        projected = (rows.values @ self.directions_ for rows in (first, second))
        return float(wasserstein(*projected, weights=(first.weights, second.weights)).mean())


def frechet_distance(
    first_nF: NDArray[Any], second_mF: NDArray[Any], *, weights: tuple[Weights, Weights] = ALIKE
) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to two samples of rows.

    Covariances are shrunk after Ledoit and Wolf, and 0 for a single row; rounding cannot make the result
    negative. ``weights`` are those of the rows of both samples.
    """
    samples = zip((first_nF, second_mF), weights, strict=True)
    (mean, one), (other, two) = (_gaussian(np.asarray(rows, float), its) for rows, its in samples)
    shift = mean - other
    # tr (S1 S2)^(1/2) from the symmetric S1^(1/2) S2 S1^(1/2), whose eigenvalues are the same.
    values, vectors = eigh(one)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(eigh(root @ two @ root, eigvals_only=True).clip(min=0)).sum()
    return max(float(shift @ shift + np.trace(one) + np.trace(two) - 2 * cross), 0.0)


def _gaussian(rows_nF: NDArray[np.float64], weights: Weights) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean ``(F,)`` and shrunk covariance ``(F, F)`` of a sample."""
    n_rows, n_columns = rows_nF.shape
    if weights is None:
        covariance = ledoit_wolf(rows_nF)[0] if n_rows > 1 else np.zeros((n_columns, n_columns))
        return rows_nF.mean(axis=0), covariance
    # scikit-learn's shrinkage, which takes no weights, of a sample in which each row stands so many times.
    n, mean_F = weights.sum(), np.average(rows_nF, axis=0, weights=weights)
    rows_nF = rows_nF - mean_F
    covariance = (rows_nF * weights[:, None]).T @ rows_nF / n
    size = np.trace(covariance) / n_columns
    scatter = np.average((rows_nF**2).sum(axis=1) ** 2, weights=weights) - (covariance**2).sum()
    away = ((covariance - size * np.eye(n_columns)) ** 2).sum()
    shrinkage = min(scatter / n, away) / away if away > 0 else 0.0
    return mean_F, (1 - shrinkage) * covariance + shrinkage * size * np.eye(n_columns)


def energy_distance(
    first_nF: NDArray[Any],
    second_mF: NDArray[Any],
    *,
    max_rows: int = 2000,
    weights: tuple[Weights, Weights] = ALIKE,
) -> float:
    """Return the energy distance between two samples of rows in Euclidean space.

    Of more than ``max_rows`` rows evenly spaced ones are used, because all distances of pairs are computed.
    ``weights`` are those of the rows of both samples. SciPy has it for one column only.

    >>> energy_distance([[0.0], [3.0]], [[0.0]], weights=(np.array([1.0, 0.0]), None))
    0.0
    """
    first, second = (evenly(np.asarray(rows, float), max_rows) for rows in (first_nF, second_mF))
    one, two = (its if its is None else evenly(its, max_rows) for its in weights)
    between = 2 * _mean(cdist(first, second), one, two)
    among = _mean(cdist(first, first), one, one), _mean(cdist(second, second), two, two)
    return max(float(between - among[0] - among[1]), 0.0)


def _mean(pairs_nm: NDArray[np.float64], first_n: Weights, second_m: Weights) -> float:
    """Mean over pairs of rows, each of which counts as much as its two rows weigh."""
    if first_n is None and second_m is None:
        return float(pairs_nm.mean())
    return float(np.average(np.average(pairs_nm, axis=0, weights=first_n), weights=second_m))


def mmd(
    first_nF: NDArray[Any],
    second_mF: NDArray[Any],
    width: float,
    *,
    weights: tuple[Weights, Weights] = ALIKE,
) -> float:
    """Return the squared maximum mean discrepancy between two samples, for a mixture of five Gaussians.

    Their standard deviations are 1/4, 1/2, 1, 2 and 4 times ``width``. All pairs count, a row with itself
    included, so that equal samples have distance 0 exactly. ``weights`` are those of the rows of both.

    >>> far = mmd(np.zeros((2, 1)), np.full((3, 1), 1e9), 1.0)
    >>> far, mmd(np.eye(3), np.eye(3)[::-1], 1.0)
    (2.0, 0.0)
    """
    first, second = np.asarray(first_nF, float), np.asarray(second_mF, float)
    samples, means = ((first, weights[0]), (second, weights[1])), []
    for i, j in ((0, 0), (1, 1), (0, 1)):
        (one, its), (two, others) = samples[i], samples[j]
        kernel_nm = np.exp(cdist(one, two, "sqeuclidean") / (-2 * (4 * width) ** 2))
        of_widths = [_mean(kernel_nm, its, others)]
        for _ in range(4):
            kernel_nm **= 4  # the Gaussian of half the width
            of_widths.append(_mean(kernel_nm, its, others))
        means.append(float(np.mean(of_widths)))
    return max(means[0] + means[1] - 2 * means[2], 0.0)


def wasserstein(
    first_nK: NDArray[Any], second_mK: NDArray[Any], *, weights: tuple[Weights, Weights] = ALIKE
) -> NDArray[np.float64]:
    """Return the first Wasserstein distance between two samples in each column ``(K,)``.

    It is the area between the two distribution functions, as in `scipy.stats.wasserstein_distance`, for all
    columns at once. ``weights`` are those of the rows of both samples.

    >>> wasserstein(np.zeros((2, 1)), np.array([[1.0], [2.0], [3.0]])).tolist()
    [2.0]
    """
    both = np.concatenate([first_nK, second_mK])
    ours, theirs = (
        np.full(len(rows), 1 / len(rows)) if its is None else its / its.sum()
        for rows, its in zip((first_nK, second_mK), weights, strict=True)
    )
    order = np.argsort(both, axis=0, kind="stable")
    # Difference of the distribution functions after each row, times the way to the next row.
    ahead = np.cumsum(np.concatenate([ours, -theirs])[order], axis=0)[:-1]
    steps = np.diff(np.take_along_axis(both, order, axis=0), axis=0)
    return np.asarray((np.abs(ahead) * steps).sum(axis=0))
