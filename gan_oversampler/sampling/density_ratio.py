"""How much likelier a row is among real rows than among proposals: a critic refitted and calibrated.

Critics of the training will not do: many are no classifiers, and all have seen the rows that they would
be asked about. Nor will a cross-fit over real rows against one generator: its rows are children of the
real ones that are held out, so these would always look out of place. Generator and critic of a fold must
both have missed its rows.
"""

# P view, B row, n row, F encoded column, N parameter

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.optimizers import adam, clipped

Array = NDArray[np.float64]

FOLDS: Final = 5  # where there are no views of folds
WIDTHS: Final = (32, 32)
BATCH: Final = 64  # real rows, and as many proposals
RATE: Final = 3e-3
BETAS: Final = (0.9, 0.99)
EMA: Final = 0.9  # decay of the averaged weights that are kept
UNIT: Final = 25  # steps between two looks at the held-out rows
PATIENCE: Final = 4  # looks without improvement
MOST_UNITS: Final = 24
FLATTEST: Final = 1e-3  # least spread that a column is divided by


@dataclass(frozen=True, slots=True)
class View:
    """What one critic learns from, and what it is tested on.

    Attributes
    ----------
    real_nF, fake_nF : Tensor
        Real rows that a generator saw, and rows that it draws.
    unseen_nF, fresh_nF : Tensor or None
        Real rows that neither saw, and other rows that it draws.
    """

    real_nF: Tensor
    fake_nF: Tensor
    unseen_nF: Tensor | None = None
    fresh_nF: Tensor | None = None

    @property
    def tested(self) -> bool:
        """Whether anything was held out."""
        return self.unseen_nF is not None and len(self.unseen_nF) > 0

    def standardised(self) -> tuple[View, Tensor, Tensor]:
        """The same with centred columns of unit spread, and what was subtracted and divided by."""
        rows_nF = torch.cat([self.real_nF, self.fake_nF])
        centre_F, spread_F = rows_nF.mean(0), rows_nF.std(0, correction=0).clamp(min=FLATTEST)
        parts = (self.real_nF, self.fake_nF, self.unseen_nF, self.fresh_nF)
        return View(*((part - centre_F) / spread_F for part in parts if part is not None)), centre_F, spread_F


def folded(view: View, streams: Streams) -> list[View]:
    """Views of folds, then one of all rows: second best, where the only generator saw them all."""
    sides = (view.real_nF, view.fake_nF)
    n_folds = min(FOLDS, *map(len, sides))
    dealt = [
        (torch.arange(len(rows)) % n_folds)[torch.randperm(len(rows), generator=streams.torch("folds", side))]
        for side, rows in enumerate(sides)
    ]
    views = [
        View(
            *(rows[fold_n != fold] for rows, fold_n in zip(sides, dealt, strict=True)),
            *(rows[fold_n == fold] for rows, fold_n in zip(sides, dealt, strict=True)),
        )
        for fold in range(n_folds)
    ]
    return [*views, view]


@dataclass(frozen=True)
class RatioCritic:
    """Log density ratio of the real rows of one class to proposals.

    Parameters
    ----------
    mlp : Mlp
        Shape of the perceptron.
    weights_1N : Tensor
        Its parameters.
    centre_F, spread_F : Tensor
        What rows are standardised by.
    knots, probabilities : ndarray
        Calibration: logits, and the probability of a real row there, linear between them.
    real_n : ndarray
        Calibrated log ratios of real rows that their critics did not see.
    """

    mlp: Mlp
    weights_1N: Tensor
    centre_F: Tensor
    spread_F: Tensor
    knots: Array
    probabilities: Array
    real_n: Array

    @property
    def indifferent(self) -> bool:
        """Whether nothing was learnt that held on held-out rows: all ratios are 1."""
        return len(np.unique(self.probabilities)) == 1

    def logit(self, rows_nF: Tensor) -> Tensor:
        """Logit ``(n,)``, differentiable and not calibrated."""
        return _logits(self.mlp, self.weights_1N, ((rows_nF - self.centre_F) / self.spread_F)[None])[0]

    @torch.no_grad()
    def log_ratio(self, rows_nF: Tensor) -> Array:
        """Calibrated log density ratio ``(n,)``."""
        return _log_ratio(self.logit(rows_nF).double().numpy(), self.knots, self.probabilities)


def ratio_critics(views: Sequence[View], streams: Streams) -> list[RatioCritic]:
    """Critics of all views, trained side by side, stopped and calibrated on held-out rows.

    Each is stopped and calibrated by the held-out rows of the *other* views, so that its own ones, which
    the user may want to judge by, had no say. Training begins at ratio 1: what cannot be learnt changes
    nothing.

    Parameters
    ----------
    views : sequence of View
        At least one of them with held-out rows.
    """
    standard = [view.standardised() for view in views]
    mlp = Mlp(views[0].real_nF.shape[1], 1, 1, WIDTHS, zero_last=True, activation="silu")
    looks = _watched(mlp, [view for view, _, _ in standard], streams)
    critics = []
    for p, (_, centre_F, spread_F) in enumerate(standard):
        tested = [k for k, view in enumerate(views) if view.tested]
        others = [k for k in tested if k != p] or tested
        look = min(looks, key=lambda look, others=others: look.loss(others))  # type: ignore[misc]
        real_n, fake_n = (np.concatenate([look.logits[k][side] for k in others]) for side in (0, 1))
        knots, probabilities = calibrated(real_n, fake_n)
        critics.append(
            RatioCritic(
                mlp,
                look.weights_PN[p : p + 1].clone(),
                centre_F,
                spread_F,
                knots,
                probabilities,
                _log_ratio(real_n, knots, probabilities),
            )
        )
    return critics


def calibrated(real_n: Array, fake_n: Array) -> tuple[Array, Array]:
    """Knots of the isotonic regression of "is real" on the logit, both sides weighing the same.

    At either end lies an imagined row of the wrong side, as heavy as the root of the number of real rows:
    a chance run of rows of one side says nothing there, and no ratio is beyond that root.

    >>> knots, probabilities = calibrated(np.array([1.0, 2.0]), np.array([-1.0, 0.0]))
    >>> probabilities.round(3).tolist()
    [0.414, 0.414, 0.586, 0.586]
    """
    logits = np.concatenate([real_n, fake_n])
    x = np.concatenate([logits, [logits.min(), logits.max()]])
    y = np.concatenate([np.ones(len(real_n)), np.zeros(len(fake_n)), [1.0, 0.0]])
    shares = np.repeat([1 / len(real_n), 1 / len(fake_n), len(real_n) ** -0.5], [len(real_n), len(fake_n), 2])
    found = IsotonicRegression(out_of_bounds="clip").fit(x, y, shares)
    return np.asarray(found.X_thresholds_, float), np.asarray(found.y_thresholds_, float)


def _log_ratio(logits_n: Array, knots: Array, probabilities: Array) -> Array:
    return np.asarray(logit(np.interp(logits_n, knots, probabilities)))


def _logits(mlp: Mlp, weights_PN: Tensor, rows_PBF: Tensor) -> Tensor:
    """Logits ``(P, B)``; one critic per class, so the label says nothing."""
    return mlp(mlp.split(weights_PN), rows_PBF, rows_PBF.new_ones(*rows_PBF.shape[:2], 1))[..., 0]


@dataclass(frozen=True)
class _Look:
    """All critics after some steps: parameters, and logits of what each has not seen."""

    weights_PN: Tensor
    logits: dict[int, tuple[Array, Array]]

    @classmethod
    @torch.no_grad()
    def at(cls, mlp: Mlp, weights_PN: Tensor, views: Sequence[View]) -> _Look:
        logits = {}
        for p, view in enumerate(views):
            if view.unseen_nF is not None and view.fresh_nF is not None and view.tested:
                real_n, fake_n = (
                    _logits(mlp, weights_PN[p : p + 1], rows_nF[None])[0].double().numpy()
                    for rows_nF in (view.unseen_nF, view.fresh_nF)
                )
                logits[p] = real_n, fake_n
        return cls(weights_PN, logits)

    def loss(self, views: Sequence[int]) -> float:
        """Mean held-out cross entropy of some views."""
        pairs = [self.logits[p] for p in views]
        return float(np.mean([_softplus(-real).mean() + _softplus(fake).mean() for real, fake in pairs]))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, x))


def _watched(mlp: Mlp, views: Sequence[View], streams: Streams) -> list[_Look]:
    """Looks at the training until the held-out loss has not fallen for some time."""
    looks: list[_Look] = []
    losses: list[float] = []
    for weights_PN in _course(mlp, views, streams):
        looks.append(_Look.at(mlp, weights_PN, views))
        losses.append(looks[-1].loss(list(looks[-1].logits)))
        if len(losses) - 1 - int(np.argmin(losses)) >= PATIENCE:
            break
    return looks


def _course(mlp: Mlp, views: Sequence[View], streams: Streams) -> Iterator[Tensor]:
    """Averaged parameters of all critics after every unit of steps."""
    flat_PN = torch.stack([mlp.init(streams.torch("critic", p)) for p in range(len(views))])
    moments_P2N, decay_P2 = torch.zeros(len(views), 2, mlp.n_parameters), torch.ones(len(views), 2)
    batches = [streams.torch("batches", p) for p in range(len(views))]
    average_PN = flat_PN
    yield average_PN
    for _ in range(MOST_UNITS):
        for _ in range(UNIT):
            rows_PBF = torch.stack([_batch(*pair) for pair in zip(views, batches, strict=True)])
            gradient_PN = _gradient(mlp, flat_PN, rows_PBF)
            flat_PN = flat_PN - RATE * adam(clipped(gradient_PN), moments_P2N, decay_P2, BETAS)
            average_PN = torch.lerp(flat_PN, average_PN, EMA)
        yield average_PN


def _batch(view: View, generator: torch.Generator) -> Tensor:
    """As many real rows as proposals, real ones first."""
    sides = (view.real_nF, view.fake_nF)
    return torch.cat([rows[torch.randint(len(rows), (BATCH,), generator=generator)] for rows in sides])


def _gradient(mlp: Mlp, flat_PN: Tensor, rows_PBF: Tensor) -> Tensor:
    """Of the cross entropy of every critic."""
    with torch.enable_grad():
        flat_PN = flat_PN.detach().requires_grad_()
        real_PB, fake_PB = _logits(mlp, flat_PN, rows_PBF).chunk(2, dim=1)
        loss_P = F.softplus(-real_PB).mean(1) + F.softplus(fake_PB).mean(1)
        (gradient_PN,) = torch.autograd.grad(loss_P.sum(), flat_PN)
    return gradient_PN
