"""Where distances are measured: the rows themselves, or what is learnt of them from training rows."""

# n row, F column, D feature

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from gan_oversampler.oracles.learners import lean
from gan_oversampler.oracles.samples import evenly

Features = Callable[[NDArray[Any]], NDArray[np.float64]]
"""Rows ``(n, F)`` to features ``(n, D)``."""

VARIANCE: Final = 0.95  # of the rows, that principal components keep
WIDEST: Final = 64  # columns that the autoencoder's layers are sized for
STEPS: Final = 600  # of the autoencoder, about; the reference goes through its rows 200 times
BATCH: Final = 32
ROWS: Final = 2000  # that features are learnt from


def rows(train_nF: NDArray[Any], seed: int) -> Features:
    """The encoded columns as they are."""
    return _as_they_are


def _as_they_are(rows_nF: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(rows_nF, float)


def pca(train_nF: NDArray[Any], seed: int) -> Features:
    """Projection to the principal components of the training rows, as many as hold 95 % of the variance."""
    if len(train_nF) < 2 or not np.ptp(train_nF, axis=0).any():
        return rows(train_nF, seed)
    model = PCA(VARIANCE, svd_solver="full").fit(evenly(np.asarray(train_nF, float), ROWS))
    transform: Features = model.transform
    return transform


def autoencoder(train_nF: NDArray[Any], seed: int) -> Features:
    """The bottleneck of a network that learnt to reproduce the training rows.

    Layers as in AutoGAN's reference, F to 2F, F, F/2, F, 2F, F, sized for 64 columns at most; tanh units
    instead of batch normalisation and leaky ones. Rows are standardised before, features after, always
    by the training rows. The bottleneck is read before its tanh.
    """
    return Encoder.fit(evenly(np.asarray(train_nF, float), ROWS), seed)


@dataclass(frozen=True)
class Encoder:
    """The first half of an autoencoder, between two standardisations.

    Attributes
    ----------
    before, after : StandardScaler
        Of rows, and of features.
    weights, biases : list of ndarray
        Layers up to the bottleneck.
    """

    before: StandardScaler
    weights: list[NDArray[np.float64]]
    biases: list[NDArray[np.float64]]
    after: StandardScaler

    @classmethod
    def fit(cls, train_nF: NDArray[np.float64], seed: int) -> Encoder:
        """Encoder of a network that reproduces these rows."""
        before = StandardScaler().fit(train_nF)
        network = _reproduce(before.transform(train_nF), seed)
        half = cls(before, network.coefs_[:3], network.intercepts_[:3], StandardScaler())
        return replace(half, after=StandardScaler().fit(half.bottleneck(train_nF)))

    def __call__(self, rows_nF: NDArray[Any]) -> NDArray[np.float64]:
        """Features of rows."""
        return np.asarray(self.after.transform(self.bottleneck(rows_nF)))

    def bottleneck(self, rows_nF: NDArray[Any]) -> NDArray[np.float64]:
        """The innermost layer, linear in the one before."""
        hidden_nD = self.before.transform(np.asarray(rows_nF, float))
        for weight_DD, bias_D in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden_nD = np.tanh(hidden_nD @ weight_DD + bias_D)
        return np.asarray(hidden_nD @ self.weights[-1] + self.biases[-1])


def _reproduce(train_nF: NDArray[np.float64], seed: int) -> MLPRegressor:
    """A fitted autoencoder."""
    width = min(train_nF.shape[1], WIDEST)
    batch = min(BATCH, len(train_nF))
    network = MLPRegressor(
        hidden_layer_sizes=(2 * width, width, max(1, round(width / 2)), width, 2 * width),
        activation="tanh",
        batch_size=batch,
        max_iter=max(2, STEPS * batch // len(train_nF)),
        n_iter_no_change=STEPS,
        random_state=seed,
    )
    with lean():
        return network.fit(train_nF, train_nF[:, 0] if train_nF.shape[1] == 1 else train_nF)


FEATURES: Final[Mapping[str, Callable[[NDArray[Any], int], Features]]] = MappingProxyType(
    {"autoencoder": autoencoder, "pca": pca, "rows": rows}
)
