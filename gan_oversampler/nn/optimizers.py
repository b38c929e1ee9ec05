"""Steps downhill, for all members at once.

Every member has two vectors of moments and the powers of its decay rates; what an optimiser does not need
of them stays as it is.
"""

# P member, N parameter

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

MAX_NORM: Final = 10.0  # of a member's gradient
EPSILON: Final = 1e-8

Betas = tuple[float, float]
Optimizer = Callable[[Tensor, Tensor, Tensor, Betas], Tensor]
"""``(gradient_PN, moments_P2N, decay_P2, betas)`` to a step ``(P, N)``; moments change in place."""


def adam(gradient_PN: Tensor, moments_P2N: Tensor, decay_P2: Tensor, betas: Betas) -> Tensor:
    """Kingma & Ba 2015. ``decay_P2`` holds the powers of ``betas`` so far.

    They are kept as products, because products round alike wherever a member lies and powers do not.
    """
    first_PN, second_PN = moments_P2N.unbind(1)
    first_PN.lerp_(gradient_PN, 1 - betas[0])
    second_PN.lerp_(gradient_PN.square(), 1 - betas[1])
    decay_P2.mul_(torch.tensor(betas).to(decay_P2))
    first_share_P1, second_share_P1 = (1 - decay_P2).split(1, dim=1)
    return (first_PN / first_share_P1) / (second_PN / second_share_P1).sqrt_().add_(EPSILON)


def rmsprop(gradient_PN: Tensor, moments_P2N: Tensor, decay_P2: Tensor, betas: Betas) -> Tensor:
    """Tieleman & Hinton 2012, without momentum; the second of ``betas`` is the decay."""
    second_PN = moments_P2N[:, 1]
    second_PN.lerp_(gradient_PN.square(), 1 - betas[1])
    return gradient_PN / second_PN.sqrt().add_(EPSILON)


def sgd(gradient_PN: Tensor, moments_P2N: Tensor, decay_P2: Tensor, betas: Betas) -> Tensor:
    """Gradient descent with a momentum of the first of ``betas``."""
    first_PN = moments_P2N[:, 0]
    first_PN.mul_(betas[0]).add_(gradient_PN)
    return first_PN


OPTIMIZERS: Final[Mapping[str, Optimizer]] = MappingProxyType({"adam": adam, "rmsprop": rmsprop, "sgd": sgd})


def clipped(gradient_PN: Tensor) -> Tensor:
    """Gradients, each member's scaled to ``MAX_NORM`` where it is longer."""
    norm_P1 = gradient_PN.norm(dim=1, keepdim=True)
    return gradient_PN * (MAX_NORM / norm_P1.clamp(min=1e-12)).clamp(max=1.0)
