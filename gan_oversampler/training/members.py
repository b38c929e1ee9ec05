"""Who trains, the numbers that training changes, and the snapshots that sample."""

# P member, N parameter, C class, F encoded column, Z latent, K number remembered

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.row_space import STATE_LOGIT
from gan_oversampler.gans.gan import GAN
from gan_oversampler.nn.autoencoder import CriticNet
from gan_oversampler.nn.generator import Generator, Reach
from gan_oversampler.sampling.pool import Pool


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
    sibling : int
        Number among the parents of an evolving population, which share a critic; the first is the fittest.
    """

    specification: int
    fold: int | None
    gan: GAN
    pool: Pool
    streams: Streams
    replica: int = 0
    sibling: int = 0

    @property
    def origin(self) -> torch.Generator:
        """Stream of the generator's first weights, the only one that siblings do not share."""
        streams = self.streams.child("sibling", self.sibling) if self.sibling else self.streams
        return streams.torch("generator")

    @property
    def name(self) -> str:
        """Which of the members of its specification this is."""
        parts = ["all rows" if self.fold is None else f"fold {self.fold}"]
        parts += [f"replica {self.replica}"] if self.replica else []
        parts += [f"parent {self.sibling + 1}"] if self.gan.n_siblings > 1 else []
        return ", ".join(parts)


Tensors = TypeVar("Tensors")


def map_fields(make: Callable[[str], Tensor], kind: type[Tensors]) -> Tensors:
    """A dataclass of tensors, made field by field."""
    return kind(*(make(field.name) for field in fields(kind)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class State:
    """All numbers that training changes, one member per row.

    ``control_PK`` is what controllers remember, ``rate_P1`` a factor of all step sizes.
    """

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
    control_PK: Tensor
    rate_P1: Tensor

    @classmethod
    def start(
        cls,
        generator: Generator,
        critic: CriticNet,
        members: Sequence[Member],
        control_K: Tensor | None = None,
    ) -> State:
        """Fresh networks, each from its member's own stream, and what their controllers remember."""
        p = len(members)
        generator_PN = torch.stack([generator.init(m.origin) for m in members])
        critic_PN = torch.stack([critic.init(m.streams.torch("critic")) for m in members])
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
            (torch.empty(0) if control_K is None else control_K).repeat(p, 1),
            torch.ones(p, 1),
        )

    def take(self, members: Sequence[int]) -> State:
        """A copy of some members' numbers."""
        return map_fields(lambda name: getattr(self, name)[list(members)], State)

    def with_generators(self, rows: State) -> State:
        """The same critics beside the generators of other rows."""
        return map_fields(lambda name: getattr(self if "critic" in name else rows, name), State)

    @classmethod
    def chosen(cls, children: Sequence[State], child_P: Tensor, row_P: Tensor) -> State:
        """Row by row the numbers of one of several states."""
        return map_fields(lambda n: torch.stack([getattr(c, n) for c in children])[child_P, row_P], cls)

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
