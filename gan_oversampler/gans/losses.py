"""What critic and generator minimise, and the penalties that keep the critic smooth.

A loss is a function of critic outputs for paired real and new rows, ``(P, B)`` each. It returns a mean over
rows ``(P,)``: members never share a denominator.
"""

# P member, B row, F encoded column

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.gans.divergences import DIVERGENCES, LOG2, Divergence

Objective = Callable[[Tensor, Tensor], Tensor]
CriticFn = Callable[[Tensor], Tensor]

MARGIN: Final = 1.0  # error of new rows beyond which the critic of ``ebgan`` rests: that of guessing means
PULLING_AWAY: Final = 0.1  # weight of the term, as in the paper
# NOTE[paper]: Berthelot et al. take .001 for some hundred thousand steps; tables get a thousand or so.
CONTROL_RATE: Final = 0.01


@dataclass(frozen=True, slots=True)
class GanLoss:
    """A game: the objectives of critic and generator, and the settings that belong to them."""

    critic: Objective  # objectives ``(real_PB, fake_PB) -> (P,)`` of critic outputs
    generator: Objective
    saturating: Objective | None = None  # the generator's original objective, if it is not ``generator``
    penalty: str = "none"  # name of the penalty that ``"auto"`` stands for
    equilibrium: float | None = None  # the critic's loss where new rows are like real ones, if it is known
    threshold: float | None = None  # the best critic's output for a row as likely real as new, if it is known
    # of autoencoders: from errors ``(P, B, F)`` to one per row ``(P, B)``; the critic's output is minus that
    error: Callable[[Tensor], Tensor] | None = None
    apart: float = 0.0  # weight of the generator's pulling-away term, on the codes of new rows
    steered: bool = False  # whether ``proportional_control`` weighs new rows in the critic's objective


def _game_of(divergence: Divergence) -> GanLoss:
    """Critic and generator of an f-divergence, whose critic maximises a bound of it."""
    activation, reply = divergence.activation, divergence.reply
    return GanLoss(
        critic=lambda real, fake: (reply(fake) - activation(real)).mean(-1),
        generator=lambda real, fake: -activation(fake).mean(-1),  # does not saturate
        saturating=lambda real, fake: -reply(fake).mean(-1),  # the bound itself
        equilibrium=-float(divergence.f(torch.ones(()))) + 0.0,  # never -0
        threshold=divergence.middle,
    )


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
        **{name: _game_of(divergence) for name, divergence in DIVERGENCES.items()},
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
    """Weight ``(P,)`` of new rows in the critic's next step, from 0 to 1 (Berthelot, Schumm & Metz 2017).

    It rises while the mean error of new rows is less than ``diversity_ratio`` times that of real ones: the
    critic then turns against new rows, which it reconstructs too well. Otherwise it falls.

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
