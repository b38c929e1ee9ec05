"""A guard: synthetic rows must not be nearer to the rows that a generator saw than unseen rows are."""

# n, m row, F column

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_argmin

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import ClassWiseOracle
from gan_oversampler.oracles.distances import Weights
from gan_oversampler.oracles.samples import some

COPY: Final = 1e-6  # distance below which a row is a copy; encoded rows are float32


class PrivacyOracle(ClassWiseOracle):
    """How far synthetic rows keep from the rows that their generator saw, compared with unseen real rows.

    ``min(1, d / d') * min(1, c / c')``, with ``d`` the median distance of synthetic rows to their closest
    training row, ``c`` the share of synthetic rows that copy no training row, and ``d'`` and ``c'`` the same
    of held-out real rows; the mean over the oversampled classes. It lies between 0 for copies and 1 for rows
    as new as real ones are, higher is better. Rows far from all real ones are private, too, so use it beside
    another oracle (`CompositeOracle`). One row of each kind is enough; a score costs one search for the
    closest of all training rows per held-out and synthetic row.

    Parameters
    ----------
    max_rows : int, default=1000
        Held-out, and synthetic, rows of a class at most; evenly spaced ones are used. All training rows are.

    References
    ----------
    Park et al. (2018), Data synthesis based on GANs, for the distance to the closest record; Zhao et al.
    (2021), CTAB-GAN.

    Examples
    --------
    >>> draw = np.random.default_rng(0).normal
    >>> train, holdout = (Rows(draw(size=(50, 3)), np.ones(50, int), np.array([0, 1])) for _ in "ab")
    >>> PrivacyOracle().fit(train, targets=[1]).score(holdout, train)
    0.0
    """

    def __init__(self, *, max_rows: int = 1000) -> None:
        self.max_rows = max_rows

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        if not len(self.train_):
            return float("nan")
        measured = []
        for rows in (some(synthetic, self.max_rows), some(real, self.max_rows)):
            away = closest_record(rows.values, self.train_.values)
            measured.append((median(away, rows.weights), 1 - copy_rate(away, rows.weights)))
        pairs = zip(*measured, strict=True)
        ratios = [1.0 if value >= usual else value / usual for value, usual in pairs]
        return ratios[0] * ratios[1]


def closest_record(rows_mF: NDArray[Any], train_nF: NDArray[Any]) -> NDArray[np.float64]:
    """Return the Euclidean distance of each row to the closest training row, ``(m,)``.

    The distance of a copy is exactly 0.

    >>> closest_record(np.array([[0.0], [5.0]]), np.array([[1.0], [5.0]])).tolist()
    [1.0, 0.0]
    """
    rows_mF, train_nF = np.asarray(rows_mF, float), np.asarray(train_nF, float)
    # Squared norms find the closest row fast; the distance is computed anew, because a copy's must be 0.
    nearest_m = pairwise_distances_argmin(rows_mF, train_nF)
    return np.asarray(np.linalg.norm(rows_mF - train_nF[nearest_m], axis=1))


def median(values_m: NDArray[Any], weights: Weights = None) -> float:
    """Return the median of numbers, of which each stands there as often as it weighs.

    >>> median(np.array([1.0, 2.0, 9.0])), median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 2.0, 3.0]))
    (2.0, 5.5)
    """
    if weights is None:
        return float(np.median(values_m))
    order = np.argsort(values_m)
    share = np.cumsum(weights[order]) / weights.sum()
    # The mean of the two in the middle where one half of the weight ends just between them, up to rounding.
    middle = [np.searchsorted(share, half) for half in (0.5 - 1e-9, 0.5 + 1e-9)]
    return float(values_m[order][middle].mean())


def copy_rate(distances_m: NDArray[Any], weights: Weights = None) -> float:
    """Return the share of rows that copy a training row, given their distances to the closest one.

    Distances below ``1e-6`` count as copies, because encoded rows are float32. ``weights`` are of the rows.

    >>> copy_rate(np.array([0.0, 0.3]))
    0.5
    """
    return float(np.average(np.asarray(distances_m) < COPY, weights=weights))
