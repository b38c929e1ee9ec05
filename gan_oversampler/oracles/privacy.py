"""A guard: synthetic rows must not be nearer to the rows that a generator saw than unseen rows are."""

# n, m row, F column

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_argmin

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.samples import evenly

COPY = 1e-6  # distance below which a row is a copy; encoded rows are float32


class PrivacyOracle(Oracle):
    """How far synthetic rows keep from the rows that their generator saw.

    ``min(1, ratio) * min(1, novelty)``, where the ratio is the median distance of synthetic rows to their
    closest training row over that of held-out real rows, and novelty is the share of synthetic rows that
    copy no training row over that of held-out ones. 1 for rows as new as real rows are, 0 for copies;
    higher is better, the mean over the oversampled classes counts. Rows from nowhere are private, too:
    this is a guard beside another oracle, not a judge.

    Parameters
    ----------
    max_rows : int, default=1000
        Held-out, and synthetic, rows of a class at most; evenly spaced ones count. Training rows count all.

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

    _positive: ClassVar[tuple[str, ...]] = ("max_rows",)

    def __init__(self, *, max_rows: int = 1000) -> None:
        self.max_rows = max_rows

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean over the oversampled classes."""
        if not len(self.train_):
            return float("nan")
        return self._per_target(self._kept, holdout, synthetic)

    def _kept(self, real: Rows, fake: Rows) -> float:
        away, expected = (
            closest_record(evenly(rows.values, self.max_rows), self.train_.values) for rows in (fake, real)
        )
        new, new_expected = 1 - copy_rate(away), 1 - copy_rate(expected)
        return _at_most_one(np.median(away), np.median(expected)) * _at_most_one(new, new_expected)


def closest_record(rows_mF: NDArray[Any], train_nF: NDArray[Any]) -> NDArray[np.float64]:
    """Euclidean distance of each row to the closest training row.

    >>> closest_record(np.array([[0.0], [5.0]]), np.array([[1.0], [5.0]])).tolist()
    [1.0, 0.0]
    """
    rows_mF, train_nF = np.asarray(rows_mF, float), np.asarray(train_nF, float)
    # Squared norms find the closest row fast; the distance is taken anew, because a copy's must be 0.
    nearest_m = pairwise_distances_argmin(rows_mF, train_nF)
    return np.asarray(np.linalg.norm(rows_mF - train_nF[nearest_m], axis=1))


def copy_rate(distances_m: NDArray[Any]) -> float:
    """Share of rows whose closest training row is the same row.

    >>> copy_rate(np.array([0.0, 0.3]))
    0.5
    """
    return float(np.mean(np.asarray(distances_m) < COPY))


def _at_most_one(value: float, expected: float) -> float:
    return 1.0 if value >= expected else float(value / expected)
