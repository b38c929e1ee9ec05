"""Classifiers of the default panel that score hundreds of small tables: quick, and with weights of rows."""

# n, m row, D column and intercept, C class

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from gan_oversampler.oracles.nearest import near_distances, smallest

# The intercept is the coefficient of a column of this value, so the penalty hardly holds it back.
INTERCEPT: Final = 1000.0
MAX_STEPS, MAX_HALVINGS = 100, 30
# The largest change of a log-odds in the last step; what is left is about its square, as Newton converges.
CLOSE: Final = 1e-4
MAX_ROUGH: Final = 1e6  # numbers whose products are safe in half the precision
AT_ONCE: Final = 256  # rows whose neighbours are sought together, so that distances stay in the cache


class NewtonLogistic(ClassifierMixin, BaseEstimator):
    """Logistic regression of two classes, the same as scikit-learn's by default, in a tenth of the time.

    The penalty is half the squared length of the coefficients. Newton's method finds them, or, where there
    are more columns than rows, one coefficient per row, of which theirs are sums.

    Examples
    --------
    >>> rows, labels = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    >>> NewtonLogistic().fit(rows, labels).predict_proba([[0.0]]).round(3).tolist()
    [[0.5, 0.5]]
    """

    def fit(
        self, x: ArrayLike, y: NDArray[Any], sample_weight: NDArray[np.float64] | None = None
    ) -> NewtonLogistic:
        """Fit rows of finite numbers ``(n, d)``; raises ``ValueError`` unless there are two classes."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(f"NewtonLogistic needs rows of two classes, got {len(self.classes_)}.")
        weight_n = np.ones(len(codes)) if sample_weight is None else np.asarray(sample_weight, float)
        self.coefficient_D = _coefficients(_with_intercept(x), codes, weight_n)
        return self

    def predict_proba(self, x: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of the two classes, ``(n, 2)``."""
        probability_n = expit(_with_intercept(x) @ self.coefficient_D)
        return np.column_stack([1 - probability_n, probability_n])

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """The more probable class of each row."""
        return np.asarray(self.classes_[self.predict_proba(x).argmax(axis=1)])


def _numbers(x: Any) -> NDArray[np.floating[Any]]:
    """Rows as an array, as precise as they came; scikit-learn's checks of them take as long as a fit."""
    rows = np.asarray(x.toarray() if sparse.issparse(x) else x)
    if rows.dtype != np.float32:
        rows = rows.astype(np.float64)
    if not np.isfinite(rows).all():
        raise ValueError("Classifiers of the panel need finite numbers, got NaN or infinity.")
    return rows


def _with_intercept(x: ArrayLike) -> NDArray[np.float64]:
    rows = _numbers(x).astype(np.float64)
    return np.column_stack([rows, np.full(len(rows), INTERCEPT)])


def _coefficients(
    rows_nD: NDArray[np.float64], codes_n: NDArray[np.intp], weight_n: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where the penalised log-loss is least: by coefficients of columns, or of rows where these are fewer."""
    is_dual = rows_nD.shape[1] > len(rows_nD)
    slopes = rows_nD @ rows_nD.T if is_dual else rows_nD  # of log-odds in what is sought
    unit = np.eye(slopes.shape[1])
    # Second derivatives need not be precise: they only tell where to look.
    rough = slopes.astype(np.float32) if np.abs(slopes).max() < MAX_ROUGH else slopes
    found, log_odds_n = np.zeros(len(unit)), np.zeros(len(rows_nD))

    def loss(found: NDArray[np.float64], log_odds_n: NDArray[np.float64]) -> float:
        data = weight_n @ (np.logaddexp(0.0, log_odds_n) - codes_n * log_odds_n)
        return float(data + found @ (log_odds_n if is_dual else found) / 2)

    least = loss(found, log_odds_n)
    for _ in range(MAX_STEPS):
        probability_n = expit(log_odds_n)
        error_n = weight_n * (probability_n - codes_n)
        curve_n1 = (weight_n * probability_n * (1 - probability_n))[:, None]
        if is_dual:
            step = np.linalg.solve(unit + curve_n1 * slopes, error_n + found)
        else:
            curvature = rough.T @ (curve_n1.astype(rough.dtype) * rough)
            step = np.linalg.solve(unit + curvature, slopes.T @ error_n + found)
        for _ in range(MAX_HALVINGS):
            change_n = slopes @ step
            now = loss(found - step, log_odds_n - change_n)
            if now <= least + 1e-9 * abs(least):
                break
            step /= 2
        found, log_odds_n, least = found - step, log_odds_n - change_n, now
        if np.abs(change_n).max() < CLOSE:
            break
    return rows_nD.T @ found if is_dual else found


class Neighbours(ClassifierMixin, BaseEstimator):
    """Nearest neighbours that vote with the weights of their rows; rows of weight 0 are no neighbours.

    scikit-learn's take no weights of rows, and more time to check their input than for small tables. All rows
    as near as the last neighbour vote, so the order of rows does not count.

    Examples
    --------
    >>> rows, labels = np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 1])
    >>> learner = Neighbours(2).fit(rows, labels, np.array([3.0, 1.0, 0.0]))
    >>> learner.predict_proba([[9.0]]).tolist()
    [[0.75, 0.25]]
    """

    def __init__(self, n_neighbors: int = 5) -> None:
        self.n_neighbors = n_neighbors

    def fit(
        self, x: ArrayLike, y: NDArray[Any], sample_weight: NDArray[np.float64] | None = None
    ) -> Neighbours:
        """Store the rows that weigh anything; all of them, alike, where none does."""
        rows = _numbers(x)
        weight_n = np.ones(len(rows)) if sample_weight is None else sample_weight
        if weight_n.any():
            rows, y, weight_n = rows[weight_n > 0], y[weight_n > 0], weight_n[weight_n > 0]
        else:
            weight_n = np.ones(len(rows))
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.centre_F = rows.mean(axis=0)
        self.rows_nF = rows - self.centre_F
        self.squares_n = np.einsum("nf,nf->n", self.rows_nF, self.rows_nF)
        self.votes_nC = weight_n[:, None] * np.eye(len(self.classes_))[codes]
        return self

    def predict_proba(self, x: ArrayLike) -> NDArray[np.float64]:
        """Shares of the classes in the weight of the neighbours, ``(m, C)``."""
        rows_mF = _numbers(x) - self.centre_F
        parts = np.array_split(rows_mF, range(AT_ONCE, len(rows_mF), AT_ONCE))
        votes_mC = np.concatenate([self._votes(part) for part in parts if len(part)])
        return np.asarray(votes_mC / votes_mC.sum(axis=1, keepdims=True))

    def _votes(self, rows_mF: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        # Squared distances, without what is the same for all neighbours of a row.
        distance_mn = -2 * rows_mF @ self.rows_nF.T
        distance_mn += self.squares_n
        k = min(self.n_neighbors, len(self.rows_nF))
        columns_mP, near_mP = near_distances(distance_mn, k)
        row, place = np.nonzero(near_mP <= smallest(near_mP, k)[:, None])
        n_kept = np.bincount(row)
        return np.add.reduceat(self.votes_nC[columns_mP[row, place]], np.cumsum(n_kept) - n_kept)

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """The class with the largest share, for each row."""
        return np.asarray(self.classes_[self.predict_proba(x).argmax(axis=1)])
