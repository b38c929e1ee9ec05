"""Gradient steps of all members at once."""

# P member, N parameter

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

MAX_NORM: Final = 10.0  # of a member's gradient
EPSILON: Final = 1e-8

Betas = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Moments:
    """Memory of an optimiser, one row per member; numbers that it does not use stay as they are."""

    first_PN: Tensor  # running means of gradients and of their squares
    second_PN: Tensor
    decay_P2: Tensor  # powers of both decay rates so far

    @classmethod
    def zeros(cls, n_members: int, n_parameters: int) -> Moments:
        """Moments ``(P, N)`` before the first step, the same for every optimiser, and powers of one."""
        shape = (n_members, n_parameters)
        return cls(torch.zeros(shape), torch.zeros(shape), torch.ones(n_members, 2))


Optimizer = Callable[[Tensor, Moments, Betas], tuple[Tensor, Moments]]
"""``(gradient_PN, moments, betas)`` to a step ``(P, N)`` of about 1 per number, and new moments."""


def adam(gradient_PN: Tensor, moments: Moments, betas: Betas) -> tuple[Tensor, Moments]:
    """Step ``(P, N)`` and new moments of Adam (Kingma & Ba 2015), with correction of the bias.

    ``betas`` are the decay rates of both moments. The caller multiplies the step by its learning rate and
    subtracts it from the weights; the moments that were given stay as they are.
    """
    first_PN = moments.first_PN.lerp(gradient_PN, 1 - betas[0])
    second_PN = moments.second_PN.lerp(gradient_PN.square(), 1 - betas[1])
    # Powers are kept as running products, so that a member's age need not be that of the others.
    decay_P2 = moments.decay_P2 * moments.decay_P2.new_tensor(betas)
    first_share_P1, second_share_P1 = (1 - decay_P2).split(1, dim=1)
    step_PN = (first_PN / first_share_P1) / (second_PN / second_share_P1).sqrt_().add_(EPSILON)
    return step_PN, Moments(first_PN, second_PN, decay_P2)


def rmsprop(gradient_PN: Tensor, moments: Moments, betas: Betas) -> tuple[Tensor, Moments]:
    """Step ``(P, N)`` and new moments of RMSprop (Tieleman & Hinton 2012) without momentum.

    The gradient is divided by the root of the running mean of its square, whose decay rate is the second of
    ``betas``; the bias of that mean is not corrected.
    """
    second_PN = moments.second_PN.lerp(gradient_PN.square(), 1 - betas[1])
    step_PN = gradient_PN / second_PN.sqrt().add_(EPSILON)
    return step_PN, Moments(moments.first_PN, second_PN, moments.decay_P2)


def sgd(gradient_PN: Tensor, moments: Moments, betas: Betas) -> tuple[Tensor, Moments]:
    """Step ``(P, N)`` and new moments of gradient descent, with the first of ``betas`` as its momentum."""
    first_PN = betas[0] * moments.first_PN + gradient_PN
    return first_PN, Moments(first_PN, moments.second_PN, moments.decay_P2)


OPTIMIZERS: Final[Mapping[str, Optimizer]] = MappingProxyType({"adam": adam, "rmsprop": rmsprop, "sgd": sgd})


def clipped(gradient_PN: Tensor) -> Tensor:
    """Scale each member's gradient ``(P, N)`` down to ``MAX_NORM`` where it is longer.

    Every member is clipped by its own length, so a gradient that explodes changes no other member.
    """
    norm_P1 = gradient_PN.norm(dim=1, keepdim=True)
    return gradient_PN * (MAX_NORM / norm_P1.clamp(min=1e-12)).clamp(max=1.0)
