"""How much likelier a row is among real rows than among proposals: a critic refitted and calibrated.

Critics of the training will not do: many are no classifiers, and all have seen the rows that they would
be asked about.
"""

# P fold, B row, n row, F encoded column, N parameter

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from torch import Tensor

from gan_oversampler._rng import Streams
from gan_oversampler.optimizers import adam, clipped
from gan_oversampler.perceptron import Mlp

Array = NDArray[np.float64]

FOLDS: Final = 5
WIDTHS: Final = (32, 32)
BATCH: Final = 64  # real rows, and as many proposals
RATE: Final = 3e-3
BETAS: Final = (0.9, 0.99)
UNIT: Final = 25  # steps between two looks at the held-out rows
PATIENCE: Final = 4  # looks without improvement
MOST_UNITS: Final = 24
FLATTEST: Final = 1e-3  # least spread that a column is divided by


@dataclass(frozen=True)
class RatioCritic:
    """Log density ratio of the real rows of one class to proposals.

    One perceptron per fold, each trained without that fold; rows are judged by their mean logit. Training
    stops when held-out cross entropy no longer falls, and begins at ratio 1: what cannot be learnt changes
    nothing.

    Parameters
    ----------
    mlp : Mlp
        Shape of the perceptrons.
    weights_PN : Tensor
        Their parameters.
    centre_F, spread_F : Tensor
        What rows are standardised by.
    knots, probabilities : ndarray
        Calibration: logits, and the probability of a real row there, linear between them.
    real_n : ndarray
        Calibrated log ratios of the real rows, each by the perceptron that did not see it.
    """

    mlp: Mlp
    weights_PN: Tensor
    centre_F: Tensor
    spread_F: Tensor
    knots: Array
    probabilities: Array
    real_n: Array

    @classmethod
    def fit(cls, real_nF: Tensor, fake_nF: Tensor, streams: Streams) -> RatioCritic:
        """Refit and calibrate on at least two rows of each side."""
        rows_nF = torch.cat([real_nF, fake_nF])
        centre_F, spread_F = rows_nF.mean(0), rows_nF.std(0, correction=0).clamp(min=FLATTEST)
        n_real, n_folds = len(real_nF), min(FOLDS, len(real_nF), len(fake_nF))
        fold_n = torch.cat(
            [_dealt(len(part), n_folds, streams, i) for i, part in enumerate((real_nF, fake_nF))]
        )
        mlp = Mlp(rows_nF.shape[1], 1, 1, WIDTHS, zero_last=True, activation="silu")
        weights_PN, logits_n = _trained(mlp, (rows_nF - centre_F) / spread_F, n_real, fold_n, streams)
        knots, probabilities = calibrated(logits_n[:n_real], logits_n[n_real:])
        real_n = _log_ratio(logits_n[:n_real], knots, probabilities)
        return cls(mlp, weights_PN, centre_F, spread_F, knots, probabilities, real_n)

    def logit(self, rows_nF: Tensor) -> Tensor:
        """Mean logit of the perceptrons ``(n,)``, differentiable and not calibrated."""
        rows_nF = (rows_nF - self.centre_F) / self.spread_F
        return _logits(self.mlp, self.weights_PN, rows_nF.expand(len(self.weights_PN), -1, -1)).mean(0)

    @torch.no_grad()
    def log_ratio(self, rows_nF: Tensor) -> Array:
        """Calibrated log density ratio ``(n,)``."""
        return _log_ratio(self.logit(rows_nF).double().numpy(), self.knots, self.probabilities)


def calibrated(real_n: Array, fake_n: Array) -> tuple[Array, Array]:
    """Knots of the isotonic regression of "is real" on the logit, both sides weighing the same.

    One imagined row of the wrong side at either end, as heavy as a real row, keeps probabilities off 0 and
    1, so the largest ratio is bounded by how many real rows speak for it.

    >>> knots, probabilities = calibrated(np.array([1.0, 2.0]), np.array([-1.0, 0.0]))
    >>> probabilities.round(3).tolist()
    [0.333, 0.333, 0.667, 0.667]
    """
    logits = np.concatenate([real_n, fake_n])
    x = np.concatenate([logits, [logits.min(), logits.max()]])
    y = np.concatenate([np.ones(len(real_n)), np.zeros(len(fake_n)), [1.0, 0.0]])
    shares = np.repeat([1 / len(real_n), 1 / len(fake_n), 1 / len(real_n)], [len(real_n), len(fake_n), 2])
    found = IsotonicRegression(out_of_bounds="clip").fit(x, y, shares)
    return np.asarray(found.X_thresholds_, float), np.asarray(found.y_thresholds_, float)


def _log_ratio(logits_n: Array, knots: Array, probabilities: Array) -> Array:
    return np.asarray(logit(np.interp(logits_n, knots, probabilities)))


def _dealt(n: int, n_folds: int, streams: Streams, side: int) -> Tensor:
    """The fold of each row, all of nearly the same size."""
    return (torch.arange(n) % n_folds)[torch.randperm(n, generator=streams.torch("folds", side))]


def _logits(mlp: Mlp, weights_PN: Tensor, rows_PBF: Tensor) -> Tensor:
    """Logits ``(P, B)``; one critic per class, so the label says nothing."""
    return mlp(mlp.split(weights_PN), rows_PBF, rows_PBF.new_ones(*rows_PBF.shape[:2], 1))[..., 0]


def _trained(
    mlp: Mlp, rows_nF: Tensor, n_real: int, fold_n: Tensor, streams: Streams
) -> tuple[Tensor, Array]:
    """Parameters at the best step by held-out cross entropy, and the held-out logits there."""
    n_folds = int(fold_n.max()) + 1
    real_n = torch.arange(len(rows_nF)) < n_real
    share_n = torch.where(real_n, 1 / real_n.sum(), 1 / (~real_n).sum())
    best_loss, failed, best = np.inf, 0, None
    for weights_PN in _course(mlp, rows_nF, real_n, fold_n, streams):
        with torch.no_grad():
            logits_Pn = _logits(mlp, weights_PN, rows_nF.expand(n_folds, -1, -1))
            unseen_n = logits_Pn[fold_n, torch.arange(len(rows_nF))]
            loss = float((share_n * F.softplus(torch.where(real_n, -unseen_n, unseen_n))).sum())
        if best is None or loss < best_loss:
            best_loss, failed, best = loss, 0, (weights_PN, unseen_n.double().numpy())
        elif (failed := failed + 1) >= PATIENCE:
            break
    assert best is not None
    return best


def _course(mlp: Mlp, rows_nF: Tensor, real_n: Tensor, fold_n: Tensor, streams: Streams) -> Iterator[Tensor]:
    """Parameters of all perceptrons after every unit of steps."""
    n_folds = int(fold_n.max()) + 1
    flat_PN = torch.stack([mlp.init(streams.torch("critic", fold)) for fold in range(n_folds)])
    moments_P2N, decay_P2 = torch.zeros(n_folds, 2, mlp.n_parameters), torch.ones(n_folds, 2)
    batches = streams.torch("batches")
    seen = [[torch.nonzero(side & (fold_n != f))[:, 0] for side in (real_n, ~real_n)] for f in range(n_folds)]
    yield flat_PN
    for _ in range(MOST_UNITS):
        for _ in range(UNIT):
            index_PB = torch.stack([torch.cat([_some(i, batches) for i in sides]) for sides in seen])
            gradient_PN = _gradient(mlp, flat_PN, rows_nF[index_PB])
            flat_PN = flat_PN - RATE * adam(clipped(gradient_PN), moments_P2N, decay_P2, BETAS)
        yield flat_PN


def _some(index_n: Tensor, generator: torch.Generator) -> Tensor:
    return index_n[torch.randint(len(index_n), (BATCH,), generator=generator)]


def _gradient(mlp: Mlp, flat_PN: Tensor, rows_PBF: Tensor) -> Tensor:
    """Of the cross entropy of every perceptron; real rows come first."""
    with torch.enable_grad():
        flat_PN = flat_PN.detach().requires_grad_()
        real_PB, fake_PB = _logits(mlp, flat_PN, rows_PBF).chunk(2, dim=1)
        loss_P = F.softplus(-real_PB).mean(1) + F.softplus(fake_PB).mean(1)
        (gradient_PN,) = torch.autograd.grad(loss_P.sum(), flat_PN)
    return gradient_PN
