"""f-divergences as games of a critic and a generator (Nowozin, Cseke & Tomioka 2016).

``D_f(P, Q) = E_Q f(p/q)`` is the largest value of ``E_P g(v) - E_Q f*(g(v))`` over critics ``v``, with the
convex conjugate ``f*`` and an activation ``g`` into its domain; the best critic has ``g(v) = f'(p/q)``.

Any increasing ``g`` will do, so critic outputs in an exponent are compressed first (see ``bent``): nothing
overflows in float32, not even a squared gradient, and ``g(v)`` and ``f*(g(v))`` still are a conjugate pair.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

Map = Callable[[Tensor], Tensor]

STEEPEST: Final = 15.0  # no table tells a density ratio of e^15, three millions, from a larger one
LOG2: Final = math.log(2)


def bent(v: Tensor) -> Tensor:
    """Return values up to ``STEEPEST`` as they are, and compress larger ones to a logarithm.

    The exponential of the result then goes on as its own tangent, cannot overflow and keeps a slope.

    >>> bent(torch.tensor([-40.0, 15.0, 16.0]))
    tensor([-40.0000,  15.0000,  15.6931])
    """
    # Not a clamp: where one side of a game has no slope, the other side drives the critic away for good.
    return v.clamp(max=STEEPEST) + F.relu(v - STEEPEST).log1p()


def _bent_twice(v: Tensor) -> Tensor:
    return -bent(-bent(v))


def ratio_of_logit(v: Tensor) -> Tensor:
    """Density ratio of real to new rows, ``exp(v)``, for which a logit of the best critic stands.

    Logits are bent at both ends, so that ratios are neither infinite nor zero and have a gradient everywhere.
    """
    return _bent_twice(v).exp()


@dataclass(frozen=True, slots=True)
class Divergence:
    """One f-divergence of real rows P from new rows Q."""

    f: Map  # generator function of the divergence, ``f(1)`` being its value at ``P = Q``
    slope: Map  # ``f'``, which is ``g(v)`` of the best critic
    activation: Map  # ``g``, from critic outputs to the domain of the conjugate; it increases
    conjugate: Map  # ``f*``, the largest ``u t - f(u)`` over ratios ``u >= 0``
    reply: Map  # ``f*(g(v))`` in a form that is stable in ``v``
    middle: float = 0.0  # critic output whose ``g`` is the threshold

    @property
    def threshold(self) -> float:
        """Value ``f'(1)`` of the activation where a row is as likely real as new; higher ones look real."""
        return float(self.slope(torch.ones(())))


# NOTE[paper]: Nowozin et al. take the conjugate of Pearson's parabola over all numbers. Ratios are never
# negative, and over them the conjugate is flat below -2: a tighter bound, and one that never rewards the
# generator for looking less real.
DIVERGENCES: Final[Mapping[str, Divergence]] = MappingProxyType(
    {
        "kl": Divergence(
            f=lambda u: u * u.log(),
            slope=lambda u: 1 + u.log(),
            activation=bent,
            conjugate=lambda t: (t - 1).exp(),
            reply=lambda v: (bent(v) - 1).exp(),
            middle=1.0,
        ),
        "reverse_kl": Divergence(
            f=lambda u: -u.log(),
            slope=lambda u: -1 / u,
            activation=lambda v: -bent(-v).exp(),
            conjugate=lambda t: -1 - (-t).log(),
            reply=lambda v: -bent(-v) - 1,
        ),
        "jensen_shannon": Divergence(
            f=lambda u: u * u.log() - (u + 1) * ((1 + u) / 2).log(),
            slope=lambda u: (2 * u / (1 + u)).log(),
            activation=lambda v: LOG2 - F.softplus(-v),
            conjugate=lambda t: -(2 - t.exp()).log(),
            reply=lambda v: F.softplus(v) - LOG2,
        ),
        "gan": Divergence(
            f=lambda u: u * u.log() - (u + 1) * (u + 1).log(),
            slope=lambda u: (u / (u + 1)).log(),
            activation=lambda v: -F.softplus(-v),
            conjugate=lambda t: -(1 - t.exp()).log(),
            reply=F.softplus,
        ),
        "pearson": Divergence(
            f=lambda u: (u - 1).square(),
            slope=lambda u: 2 * (u - 1),
            activation=lambda v: v,
            conjugate=lambda t: F.relu(1 + t / 2).square() - 1,
            reply=lambda v: F.relu(1 + v / 2).square() - 1,
        ),
        "hellinger": Divergence(
            f=lambda u: (u.sqrt() - 1).square(),
            slope=lambda u: 1 - u.rsqrt(),
            activation=lambda v: -(-_bent_twice(v)).expm1(),
            conjugate=lambda t: t / (1 - t),
            reply=lambda v: _bent_twice(v).expm1(),
        ),
        "total_variation": Divergence(
            f=lambda u: (u - 1).abs() / 2,
            slope=lambda u: (u - 1).sign() / 2,
            activation=lambda v: v.tanh() / 2,
            conjugate=lambda t: t,
            reply=lambda v: v.tanh() / 2,
        ),
    }
)
