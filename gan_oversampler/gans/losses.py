"""What critic and generator minimise, and the penalties that keep the critic smooth.

A loss sees critic outputs for paired real and fake rows, ``(P, B)`` each, and returns a mean over rows
``(P,)``: members never share a denominator.
"""

# P member, B row, F encoded column

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.gans.divergences import DIVERGENCES, LOG2

Objective = Callable[[Tensor, Tensor], Tensor]
CriticFn = Callable[[Tensor], Tensor]

MARGIN: Final = 1.0  # error of new rows that ``ebgan`` is content with: that of guessing means
PULLING_AWAY: Final = 0.1  # weight of the term, as in the paper
# NOTE[paper]: Berthelot et al. take .001 for some hundred thousand steps; tables get a thousand or so.
CONTROL_RATE: Final = 0.01


@dataclass(frozen=True, slots=True)
class GanLoss:
    """A game: what both players minimise, and what belongs to it."""

    critic: Objective  # objectives ``(real_PB, fake_PB) -> (P,)`` of critic outputs
    generator: Objective
    # the generator's objective as the game is derived, which saturates while the critic wins; None if the
    # game has no other than ``generator``
    saturating: Objective | None = None
    penalty: str = "none"  # name of the penalty that the critic takes unless told otherwise
    # the critic's loss where nothing tells new rows from real ones; None where it is not known
    equilibrium: float | None = None
    # the best critic's output where a row is as likely real as new; None where that is not known
    threshold: float | None = None
    # for games whose critic is an autoencoder: from what it gets wrong in each column, ``(P, B, F)``, to one
    # error per row, ``(P, B)``. The critic's output is minus that error, so higher is more real here too
    error: Callable[[Tensor], Tensor] | None = None
    # weight of the pulling-away term of the generator, on the autoencoder's codes of new rows
    apart: float = 0.0
    # whether outputs for new rows enter the critic's objective times a balance that
    # :func:`proportional_control` steers
    steered: bool = False


# Source of each: Goodfellow et al. 2014 (non-saturating), Mao et al. 2017, Lim & Ye 2017,
# Gulrajani et al. 2017, Jolicoeur-Martineau 2018 in the form of Huang et al. 2024 (R3GAN); f-divergences:
# Nowozin et al. 2016; Zhao, Mathieu & LeCun 2017 (EBGAN), Berthelot, Schumm & Metz 2017 (BEGAN).
LOSSES: Final[Mapping[str, GanLoss]] = MappingProxyType(
    {
        "bce": GanLoss(
            critic=lambda real, fake: (F.softplus(-real) + F.softplus(fake)).mean(-1),
            generator=lambda real, fake: F.softplus(-fake).mean(-1),
            equilibrium=2 * LOG2,
            threshold=0.0,
        ),
        "least_squares": GanLoss(
            critic=lambda real, fake: ((real - 1).square() + fake.square()).mean(-1) / 2,
            generator=lambda real, fake: (fake - 1).square().mean(-1) / 2,
            equilibrium=0.25,
            threshold=0.5,
        ),
        "hinge": GanLoss(
            critic=lambda real, fake: (F.relu(1 - real) + F.relu(1 + fake)).mean(-1),
            generator=lambda real, fake: -fake.mean(-1),
            equilibrium=2.0,
            threshold=0.0,
        ),
        "wgan_gp": GanLoss(
            critic=lambda real, fake: (fake - real).mean(-1),
            generator=lambda real, fake: -fake.mean(-1),
            penalty="gradient",
            equilibrium=0.0,
        ),
        "relativistic": GanLoss(
            critic=lambda real, fake: F.softplus(fake - real).mean(-1),
            generator=lambda real, fake: F.softplus(real - fake).mean(-1),
            penalty="r1_r2",
            equilibrium=LOG2,
        ),
        **{
            name: GanLoss(
                divergence.critic,
                divergence.generator,
                divergence.saturating,
                equilibrium=divergence.equilibrium,
                threshold=divergence.middle,
            )
            for name, divergence in DIVERGENCES.items()
        },
        "ebgan": GanLoss(
            critic=lambda real, fake: (F.relu(MARGIN + fake) - real).mean(-1),
            generator=lambda real, fake: -fake.mean(-1),
            error=lambda difference: difference.square().mean(-1),
            apart=PULLING_AWAY,
        ),
        "began": GanLoss(
            critic=lambda real, fake: (fake - real).mean(-1),
            generator=lambda real, fake: -fake.mean(-1),
            error=lambda difference: difference.abs().mean(-1),
            steered=True,
        ),
    }
)


def loss_of(name: str, *, saturating: bool = False) -> GanLoss:
    """Look up a loss; ``saturating`` takes the generator's original objective, where the loss has one."""
    loss = LOSSES[name]
    return replace(loss, generator=loss.saturating) if saturating and loss.saturating else loss


def proportional_control(balance_P: Tensor, real_P: Tensor, fake_P: Tensor, diversity_ratio: float) -> Tensor:
    """Weight of new rows in the critic's next step, between 0 and 1 (Berthelot, Schumm & Metz 2017).

    It rises while the mean error of new rows is less than ``diversity_ratio`` times that of real ones, so
    that the critic turns against new rows when they are reconstructed too well, and falls otherwise.

    >>> balance, real, fake = torch.full((2,), 0.5), torch.full((2,), 2.0), torch.tensor([0.0, 2.0])
    >>> proportional_control(balance, real, fake, 0.5)
    tensor([0.5100, 0.4900])
    """
    return (balance_P + CONTROL_RATE * (diversity_ratio * real_P - fake_P)).clamp(0, 1)


def pulling_away(code_PBH: Tensor) -> Tensor:
    """Mean squared cosine between the codes of different rows ``(P,)`` (Zhao, Mathieu & LeCun 2017).

    It is 0 for a single row.

    >>> pulling_away(torch.tensor([[[1.0, 0.0], [0.0, 3.0]], [[1.0, 1.0], [2.0, 2.0]]]))
    tensor([0.0000, 1.0000])
    """
    unit_PBH, n = F.normalize(code_PBH, dim=-1), code_PBH.shape[1]
    cosines = torch.bmm(unit_PBH, unit_PBH.mT)
    own_P = cosines.diagonal(dim1=1, dim2=2).square().sum(-1)
    return (cosines.square().flatten(1).sum(-1) - own_P) / max(n * (n - 1), 1)


@dataclass(frozen=True, slots=True)
class Penalty:
    """Term ``(critic, real_PBF, fake_PBF, mix_PB1) -> (P,)`` and its usual weight."""

    term: Callable[[CriticFn, Tensor, Tensor, Tensor], Tensor]
    weight: float


def _slopes(critic: CriticFn, rows_PBF: Tensor) -> Tensor:
    """Squared gradient norm of the critic at each row: ``(P, B)``."""
    rows_PBF = rows_PBF.detach().requires_grad_()
    (slope_PBF,) = torch.autograd.grad(critic(rows_PBF).sum(), rows_PBF, create_graph=True)
    return slope_PBF.square().sum(-1)


def _gradient(critic: CriticFn, real: Tensor, fake: Tensor, mix_PB1: Tensor) -> Tensor:
    # NOTE[paper]: Gulrajani et al. draw one mixing weight per row; so do we, per member too.
    slope_PB = _slopes(critic, torch.lerp(real, fake, mix_PB1))
    return ((slope_PB + 1e-12).sqrt() - 1).square().mean(-1)


def _r1_r2(critic: CriticFn, real: Tensor, fake: Tensor, mix_PB1: Tensor) -> Tensor:
    # One pass over both halves: half the mean slope at real rows plus half the mean at fake ones.
    return _slopes(critic, torch.cat([real, fake], dim=1)).mean(-1)


PENALTIES: Final[Mapping[str, Penalty | None]] = MappingProxyType(
    {
        "none": None,
        "gradient": Penalty(_gradient, weight=10.0),
        "r1_r2": Penalty(_r1_r2, weight=1.0),
    }
)
