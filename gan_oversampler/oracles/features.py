"""Features on which the Fréchet distance is measured: the rows themselves, or learned from training rows."""

# n row, F column, D feature

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gan_oversampler.oracles.learners import quiet_sklearn
from gan_oversampler.oracles.samples import evenly

Features = Callable[[NDArray[Any]], NDArray[np.float64]]
"""Float64 rows ``(n, F)`` to features ``(n, D)``."""

VARIANCE: Final = 0.95  # share that principal components keep
MAX_WIDTH: Final = 64  # columns that the autoencoder's layers are sized for
STEPS: Final = 600  # of the autoencoder, about; the reference goes through its rows 200 times
BATCH_SIZE: Final = 32
MAX_ROWS: Final = 2000  # that features are learned from


def _rows(train_nF: NDArray[Any], seed: int) -> Features:
    """The encoded columns as they are."""
    return partial(np.asarray, dtype=float)


def _pca(train_nF: NDArray[Any], seed: int) -> Features:
    """Principal components that hold 95 % of the variance; the columns if all training rows are equal."""
    if len(train_nF) < 2 or not np.ptp(train_nF, axis=0).any():
        return _rows(train_nF, seed)
    return PCA(VARIANCE, svd_solver="full").fit(evenly(np.asarray(train_nF, float), MAX_ROWS)).transform


def _autoencoder(train_nF: NDArray[Any], seed: int) -> Features:
    """Bottleneck of a network that is trained to reproduce the training rows.

    Layers are those of AutoGAN's reference, F to 2F, F, F/2, F, 2F, F, sized for 64 columns at most. Rows
    are standardised before and features after, always by the training rows.
    """
    train_nF = evenly(np.asarray(train_nF, float), MAX_ROWS)
    n_rows, n_columns = train_nF.shape
    scaled_nF = StandardScaler().fit_transform(train_nF)
    width, batch_size = min(n_columns, MAX_WIDTH), min(BATCH_SIZE, n_rows)
    # NOTE[Nazari et al. 2023]: tanh in place of batch normalisation and leaky units.
    network = MLPRegressor(
        hidden_layer_sizes=(2 * width, width, max(1, round(width / 2)), width, 2 * width),
        activation="tanh",
        batch_size=batch_size,
        max_iter=max(2, STEPS * batch_size // n_rows),
        n_iter_no_change=STEPS,
        random_state=seed,
    )
    with quiet_sklearn():
        network.fit(scaled_nF, scaled_nF[:, 0] if n_columns == 1 else scaled_nF)
    layers = list(zip(network.coefs_[:3], network.intercepts_[:3]))
    bottleneck = FunctionTransformer(partial(_bottleneck, layers=layers))
    return make_pipeline(StandardScaler(), bottleneck, StandardScaler()).fit(train_nF).transform


def _bottleneck(rows_nF: NDArray[Any], layers: Sequence[tuple[NDArray[Any], ...]]) -> NDArray[Any]:
    """The innermost layer before its activation: a linear function of the layer before."""
    *outer, (weight, bias) = layers
    hidden = rows_nF
    for weights, biases in outer:
        hidden = np.tanh(hidden @ weights + biases)
    return hidden @ weight + bias


FEATURES: Final[Mapping[str, Callable[[NDArray[Any], int], Features]]] = MappingProxyType(
    {"autoencoder": _autoencoder, "pca": _pca, "rows": _rows}
)
