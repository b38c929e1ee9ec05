"""f-divergences as games of a critic and a generator (Nowozin, Cseke & Tomioka 2016).

``D_f(P, Q) = E_Q f(p/q)`` is the largest value of ``E_P g(v) - E_Q f*(g(v))`` over critics ``v``, with the
convex conjugate ``f*`` and an activation ``g`` onto its domain; the best critic has ``g(v) = f'(p/q)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch.nn.functional as F
from torch import Tensor

Map = Callable[[Tensor], Tensor]

STEEPEST: Final = 15.0  # critic outputs beyond it count as it, where they stand in an exponent


def _exp(v: Tensor) -> Tensor:
    """Exponential that neither overflows nor leaves gradients without bound."""
    return v.clamp(-STEEPEST, STEEPEST).exp()


@dataclass(frozen=True, slots=True)
class Divergence:
    """One f-divergence of real rows P from new rows Q.

    Attributes
    ----------
    f : callable
        Generator function of the divergence, ``f(1)`` being its value at ``P = Q``.
    slope : callable
        ``f'``, which the best critic reaches.
    activation : callable
        ``g``, from critic outputs to the domain of the conjugate.
    conjugate : callable
        ``f*``.
    reply : callable
        ``f*(g(v))`` in a form that is stable in ``v``.
    ratio : callable or None
        Critic outputs to the density ratio ``p/q`` that they stand for; total variation has none.
    """

    f: Map
    slope: Map
    activation: Map
    conjugate: Map
    reply: Map
    ratio: Map | None

    def critic(self, real_PB: Tensor, fake_PB: Tensor) -> Tensor:
        """What the critic minimises ``(P,)``: minus the bound."""
        return (self.reply(fake_PB) - self.activation(real_PB)).mean(-1)

    def generator(self, real_PB: Tensor, fake_PB: Tensor) -> Tensor:
        """What the generator minimises: it raises ``g`` at new rows, which does not saturate."""
        return -self.activation(fake_PB).mean(-1)

    def saturating(self, real_PB: Tensor, fake_PB: Tensor) -> Tensor:
        """What the generator minimises in the game as it is derived: the bound itself."""
        return -self.reply(fake_PB).mean(-1)


LOG2: Final = math.log(2)

DIVERGENCES: Final[Mapping[str, Divergence]] = MappingProxyType(
    {
        "kl": Divergence(
            f=lambda u: u * u.log(),
            slope=lambda u: 1 + u.log(),
            activation=lambda v: v,
            conjugate=lambda t: (t - 1).exp(),
            reply=lambda v: _exp(v - 1),
            ratio=lambda v: _exp(v - 1),
        ),
        "reverse_kl": Divergence(
            f=lambda u: -u.log(),
            slope=lambda u: -1 / u,
            activation=lambda v: -_exp(-v),
            conjugate=lambda t: -1 - (-t).log(),
            reply=lambda v: v - 1,
            ratio=_exp,
        ),
        "jensen_shannon": Divergence(
            f=lambda u: u * u.log() - (u + 1) * ((1 + u) / 2).log(),
            slope=lambda u: (2 * u / (1 + u)).log(),
            activation=lambda v: LOG2 - F.softplus(-v),
            conjugate=lambda t: -(2 - t.exp()).log(),
            reply=lambda v: F.softplus(v) - LOG2,
            ratio=_exp,
        ),
        "gan": Divergence(
            f=lambda u: u * u.log() - (u + 1) * (u + 1).log(),
            slope=lambda u: (u / (u + 1)).log(),
            activation=lambda v: -F.softplus(-v),
            conjugate=lambda t: -(1 - t.exp()).log(),
            reply=F.softplus,
            ratio=_exp,
        ),
        "pearson": Divergence(
            f=lambda u: (u - 1).square(),
            slope=lambda u: 2 * (u - 1),
            activation=lambda v: v,
            conjugate=lambda t: t.square() / 4 + t,
            reply=lambda v: v.square() / 4 + v,
            ratio=lambda v: (1 + v / 2).clamp(min=0),
        ),
        "hellinger": Divergence(
            f=lambda u: (u.sqrt() - 1).square(),
            slope=lambda u: 1 - u.rsqrt(),
            activation=lambda v: 1 - _exp(-v),
            conjugate=lambda t: t / (1 - t),
            reply=lambda v: _exp(v) - 1,
            ratio=lambda v: _exp(2 * v),
        ),
        "total_variation": Divergence(
            f=lambda u: (u - 1).abs() / 2,
            slope=lambda u: (u - 1).sign() / 2,
            activation=lambda v: v.tanh() / 2,
            conjugate=lambda t: t,
            reply=lambda v: v.tanh() / 2,
            ratio=None,
        ),
    }
)
