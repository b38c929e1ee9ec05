"""Who trains, the numbers that training changes, and the snapshots that sample."""

# P member, N parameter, C class, F encoded column, Z latent

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from torch import Tensor

from gan_oversampler._rng import Streams
from gan_oversampler.convolution import CriticNet
from gan_oversampler.geometry import Start
from gan_oversampler.latent import Latent
from gan_oversampler.networks import Generator, Reach
from gan_oversampler.space import STATE_LOGIT
from gan_oversampler.specification import GAN
from gan_oversampler.training.pool import Pool


@dataclass(frozen=True, eq=False)
class Member:
    """One GAN of the population: a specification, the rows it may see, its own streams.

    Attributes
    ----------
    specification : int
        Position of ``gan`` in the user's list.
    fold : int or None
        The fold it never sees; None for members that see all rows and finally sample.
    replica : int
        Number among the members that differ in their streams only.
    """

    specification: int
    fold: int | None
    gan: GAN
    pool: Pool
    streams: Streams
    replica: int = 0


@dataclass(frozen=True)
class Snapshot:
    """A trained generator of one member: averaged weights, no critic."""

    generator: Generator
    weights_N: Tensor
    statistics_S: Tensor
    reach: Reach
    latent: Latent

    @torch.no_grad()
    def __call__(self, start: Start, noise_nZ: Tensor, label_nC: Tensor) -> Tensor:
        """Rows ``(n, F)`` from what they start from, noise and one-hot classes."""
        return self.generator(
            self.generator.split(self.weights_N[None]),
            start.each(lambda part: part[None]),
            noise_nZ[None],
            label_nC[None],
            self.reach,
            statistics=self.statistics_S[None],
        )[0]

    @torch.no_grad()
    def odds(self, traits_nK: Tensor, label_nC: Tensor) -> Tensor:
        """How often each real row is to be taken as a seed, up to a factor: ``(n,)``."""
        parts = self.generator.split(self.weights_N[None])
        return self.generator.log_odds(parts, traits_nK[None], label_nC[None])[0].softmax(0)

    @property
    def finite(self) -> bool:
        return bool(self.weights_N.isfinite().all())


Tensors = TypeVar("Tensors")


def map_fields(make: Callable[[str], Tensor], kind: type[Tensors]) -> Tensors:
    """A dataclass of tensors, made field by field."""
    return kind(*(make(field.name) for field in fields(kind)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class State:
    """All numbers that training changes, one member per row."""

    generator_PN: Tensor
    average_PN: Tensor
    generator_moments_P2N: Tensor
    statistics_PS: Tensor
    critic_PN: Tensor
    critic_moments_P2N: Tensor
    generator_decay_P2: Tensor
    critic_decay_P2: Tensor
    critic_statistics_PS: Tensor
    balance_P: Tensor

    @classmethod
    def start(cls, generator: Generator, critic: CriticNet, streams: Sequence[Streams]) -> State:
        """Fresh networks, each from its member's own stream."""
        p = len(streams)
        generator_PN = torch.stack([generator.init(s.torch("generator")) for s in streams])
        critic_PN = torch.stack([critic.init(s.torch("critic")) for s in streams])
        return cls(
            generator_PN,
            generator_PN.clone(),
            torch.zeros(p, 2, generator.n_parameters),
            generator.mlp.init_statistics().repeat(p, 1),
            critic_PN,
            torch.zeros(p, 2, critic.n_parameters),
            torch.ones(p, 2),
            torch.ones(p, 2),
            critic.init_statistics().repeat(p, 1),
            torch.zeros(p),
        )

    def take(self, members: Sequence[int]) -> State:
        """A copy of some members' numbers."""
        return map_fields(lambda name: getattr(self, name)[list(members)], State)

    def put(self, members: Sequence[int], rows: State) -> None:
        """Overwrite some members' numbers."""
        for field in fields(self):
            getattr(self, field.name)[list(members)] = getattr(rows, field.name)

    def to(self, device: torch.device) -> State:
        return map_fields(lambda name: getattr(self, name).to(device), State)


def reach_of(members: Sequence[Member]) -> Reach:
    """How far each member's generator may go, from the real rows it may see."""
    bounds, centres, halves = [], [], []
    for member in members:
        space, reals = member.pool.space, [member.pool.reals[c] for c in member.pool.classes]
        bound_CF = torch.stack([member.gan.reach * rows.std(0, correction=0) for rows in reals])
        bounds.append(bound_CF.index_fill(1, space.states_S.cpu(), 2 * STATE_LOGIT))
        low_F, high_F = torch.cat(reals).aminmax(dim=0)
        centres.append((low_F + high_F) / 2)
        halves.append(((high_F - low_F) / 2).index_fill(0, space.states_S.cpu(), STATE_LOGIT))
    return Reach(torch.stack(bounds), torch.stack(centres), torch.stack(halves))
