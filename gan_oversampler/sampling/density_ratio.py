"""Density ratio of real rows to proposals, by a critic that is refitted and calibrated on held-out rows.

Critics of the training will not do: many are no classifiers, and all have seen the rows that they would be
asked about. Nor will a cross-fit over real rows against one generator: its rows are children of the real ones
that are held out, so these would always look out of place. Generator and critic of a fold must both have
missed its rows.
"""

# P view, B row, n row, F encoded column, N parameter

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
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
from gan_oversampler.nn.optimizers import Moments, adam, clipped
from gan_oversampler.nn.packed import Mode
from gan_oversampler.sampling.sources import Source

Array = NDArray[np.float64]
RowsByFold = Mapping[int | None, Tensor]
"""Real rows ``(n, F)`` by fold; None holds all rows."""

N_FOLDS: Final = 5  # where no generators of folds are at hand
WIDTHS: Final = (32, 32)
BATCH: Final = 64  # real rows, and as many proposals
RATE: Final = 3e-3
BETAS: Final = (0.9, 0.99)
EMA: Final = 0.9  # decay of the averaged weights that are kept
STEPS_PER_CHECK: Final = 25  # between two looks at the held-out loss
PATIENCE: Final = 4  # checks without improvement
MAX_CHECKS: Final = 24
MIN_SPREAD: Final = 1e-3  # least spread that a column is divided by
MIN_ROWS, MAX_ROWS = 512, 4096  # proposals that a critic learns from; it sees at most as many real rows


@dataclass(frozen=True, slots=True)
class View:
    """What one critic is trained on, and what it is tested on."""

    real_nF: Tensor  # real rows that a generator saw
    fake_nF: Tensor  # rows that it draws
    heldout_nF: Tensor | None = None  # real rows that neither saw; None where nothing was held out
    fresh_nF: Tensor | None = None  # other rows that the generator draws

    @property
    def has_test(self) -> bool:
        """Whether any real rows were held out, on which the critic can be tested."""
        return self.heldout_nF is not None and len(self.heldout_nF) > 0

    def standardised(self) -> tuple[View, Tensor, Tensor]:
        """Centre and scale the columns by the rows trained on; also return centre and spread ``(F,)``."""
        rows_nF = torch.cat([self.real_nF, self.fake_nF])
        centre_F, spread_F = rows_nF.mean(0), rows_nF.std(0, correction=0).clamp(min=MIN_SPREAD)
        parts = ((field.name, getattr(self, field.name)) for field in fields(self))
        scaled = {name: (part - centre_F) / spread_F for name, part in parts if part is not None}
        return replace(self, **scaled), centre_F, spread_F


def split_views(view: View, streams: Streams) -> list[View]:
    """Split a view into views of folds with held-out rows, at most ``N_FOLDS``, followed by the view itself.

    This is second best, for a single generator that saw all rows: the rows held out from its critics are
    parents of its own rows, so they look a little too real.
    """
    sides = (view.real_nF, view.fake_nF)
    n_folds = min(N_FOLDS, *map(len, sides))
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
    """Log density ratio of the real rows of one class to proposals."""

    mlp: Mlp  # shape of the perceptron
    weights_1N: Tensor  # its parameters
    centre_F: Tensor  # what is subtracted from rows
    spread_F: Tensor  # what they are then divided by
    knots: Array  # logits of the calibration, which is linear between them
    probabilities: Array  # calibrated probability of a real row at each knot

    @property
    def is_constant(self) -> bool:
        """Whether the critic cannot tell held-out rows apart: all ratios are 1, and no row is rejected."""
        return len(np.unique(self.probabilities)) == 1

    @torch.no_grad()
    def log_ratio(self, rows_nF: Tensor) -> Array:
        """Compute the calibrated log density ratio ``(n,)`` of encoded rows; above 0 real rows are denser."""
        rows_1nF = ((rows_nF - self.centre_F) / self.spread_F)[None]
        logits_n = _logits(self.mlp, self.weights_1N, rows_1nF)[0].double().numpy()
        return np.asarray(logit(np.interp(logits_n, self.knots, self.probabilities)))


def fit_ratio_critics(
    sources: Mapping[int | None, Source], code: int, seen: RowsByFold, heldout: RowsByFold, streams: Streams
) -> dict[int | None, RatioCritic]:
    """Fit the critics of one class, one per source, by the fold whose rows the source never saw.

    The key None is the source that saw all rows; if there is no other, its rows are split into folds.
    ``seen`` and ``heldout`` hold real rows of the class that a source saw, and those that it did not see.
    Large classes are sampled.
    """
    views = {}
    for fold, source in sources.items():
        n = int(np.clip(4 * len(seen[fold]), MIN_ROWS, MAX_ROWS))
        reals, roots = [seen[fold]], [streams]
        if fold is not None:
            reals, roots = [seen[fold], heldout[fold]], [streams, streams.child("fresh")]
        orders = [torch.randperm(len(rows), generator=streams.torch("reals")) for rows in reals]
        some = [rows[order[:MAX_ROWS].sort().values] for rows, order in zip(reals, orders, strict=True)]
        fakes = [torch.from_numpy(source.draw(code, n, root.child("fakes")).rows) for root in roots]
        views[fold] = View(some[0], fakes[0], *some[1:], *fakes[1:])
    views[None] = final = views.pop(None)  # the last one, as the streams of critics are numbered
    if len(views) == 1:
        return {None: train_ratio_critics(split_views(final, streams), streams)[-1]}
    return dict(zip(views, train_ratio_critics(list(views.values()), streams), strict=True))


def train_ratio_critics(views: Sequence[View], streams: Streams) -> list[RatioCritic]:
    """Train the critics of all views side by side, and stop and calibrate them on held-out rows.

    At least one view must have such rows. Each critic is stopped and calibrated by those of the *other*
    views, so that its own ones, which the user may want to score by, had no say. Training begins at ratio 1:
    what cannot be learned changes nothing.
    """
    standard = [view.standardised() for view in views]
    mlp = Mlp(views[0].real_nF.shape[1], 1, n_classes=1, widths=WIDTHS, zero_last=True, activation="silu")
    checks = _trajectory(mlp, [view for view, _, _ in standard], streams)
    tested = [p for p, view in enumerate(views) if view.has_test]
    critics = []
    for p, (_, centre_F, spread_F) in enumerate(standard):
        others = [k for k in tested if k != p] or tested
        best = min(checks, key=lambda check, others=others: check.loss(others))  # type: ignore[misc]
        real_n, fake_n = (np.concatenate([best.logits[k][side] for k in others]) for side in (0, 1))
        weights_1N = best.weights_PN[p : p + 1].clone()
        critics.append(RatioCritic(mlp, weights_1N, centre_F, spread_F, *calibrated(real_n, fake_n)))
    return critics


def calibrated(real_n: Array, fake_n: Array) -> tuple[Array, Array]:
    """Fit the probability of "real" to held-out logits by isotonic regression, both sides weighing the same.

    Returned are the knots of the regression and the probabilities there. At either end lies an imagined row
    of the wrong side, as heavy as the root of the number of real rows: a chance run of rows of one side means
    nothing there, and no ratio is beyond that root.

    >>> knots, probabilities = calibrated(np.array([1.0, 2.0]), np.array([-1.0, 0.0]))
    >>> probabilities.round(3).tolist()
    [0.414, 0.414, 0.586, 0.586]
    """
    logits, n_real, n_fake = np.concatenate([real_n, fake_n]), len(real_n), len(fake_n)
    x = np.concatenate([logits, [logits.min(), logits.max()]])
    y = np.repeat([1.0, 0.0, 1.0, 0.0], [n_real, n_fake, 1, 1])
    weights = np.repeat([1 / n_real, 1 / n_fake, n_real**-0.5], [n_real, n_fake, 2])
    found = IsotonicRegression(out_of_bounds="clip").fit(x, y, weights)
    return np.asarray(found.X_thresholds_, float), np.asarray(found.y_thresholds_, float)


def _logits(mlp: Mlp, weights_PN: Tensor, rows_PBF: Tensor) -> Tensor:
    """Logits ``(P, B)``; there is a critic per class, so the label is a constant."""
    mode = Mode(rows_PBF.new_ones(*rows_PBF.shape[:2], 1))
    return mlp(mlp.split(weights_PN), rows_PBF, mode)[..., 0]


@dataclass(frozen=True)
class _Check:
    """All critics after some steps: parameters, and logits of real and new rows that each has not seen."""

    weights_PN: Tensor
    logits: dict[int, tuple[Array, Array]]

    @classmethod
    @torch.no_grad()
    def at(cls, mlp: Mlp, weights_PN: Tensor, views: Sequence[View]) -> _Check:
        logits = {}
        for p, view in enumerate(views):
            if view.heldout_nF is not None and view.fresh_nF is not None and view.has_test:
                real_n, fake_n = (
                    _logits(mlp, weights_PN[p : p + 1], rows_nF[None])[0].double().numpy()
                    for rows_nF in (view.heldout_nF, view.fresh_nF)
                )
                logits[p] = real_n, fake_n
        return cls(weights_PN, logits)

    def loss(self, views: Sequence[int]) -> float:
        """Mean held-out cross entropy of some views."""
        sides = [self.logits[p] for p in views]
        losses = [np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean() for real, fake in sides]
        return float(np.mean(losses))


def _trajectory(mlp: Mlp, views: Sequence[View], streams: Streams) -> list[_Check]:
    """Train all critics until their held-out loss has not fallen for ``PATIENCE`` checks."""
    flat_PN = torch.stack([mlp.init(streams.torch("critic", p)) for p in range(len(views))])
    moments = Moments.zeros(*flat_PN.shape)
    batches = [streams.torch("batches", p) for p in range(len(views))]
    average_PN, checks, losses = flat_PN, [], []
    while True:
        checks.append(_Check.at(mlp, average_PN, views))
        losses.append(checks[-1].loss(list(checks[-1].logits)))
        if len(checks) > MAX_CHECKS or len(losses) - 1 - int(np.argmin(losses)) >= PATIENCE:
            return checks
        for _ in range(STEPS_PER_CHECK):
            rows_PBF = torch.stack([_batch(*pair) for pair in zip(views, batches, strict=True)])
            with torch.enable_grad():
                leaf_PN = flat_PN.detach().requires_grad_()
                real_PB, fake_PB = _logits(mlp, leaf_PN, rows_PBF).chunk(2, dim=1)
                loss_P = F.softplus(-real_PB).mean(1) + F.softplus(fake_PB).mean(1)
                (gradient_PN,) = torch.autograd.grad(loss_P.sum(), leaf_PN)
            step_PN, moments = adam(clipped(gradient_PN), moments, BETAS)
            flat_PN = flat_PN - RATE * step_PN
            average_PN = torch.lerp(flat_PN, average_PN, EMA)


def _batch(view: View, generator: torch.Generator) -> Tensor:
    """As many real rows as proposals, real ones first."""
    sides = (view.real_nF, view.fake_nF)
    return torch.cat([rows[torch.randint(len(rows), (BATCH,), generator=generator)] for rows in sides])
