"""The members of a population, and the numbers that training changes."""

# P member, N parameter, T term of the loss, C class, F encoded column, S statistic
# K number that controllers remember

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.row_space import STATE_LOGIT
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.nn.autoencoder import CriticNet
from gan_oversampler.nn.generator import BaseGenerator, CorrectionBounds
from gan_oversampler.nn.optimizers import Moments
from gan_oversampler.sampling.fold_data import FoldData

MAX_PARAMETERS: Final = 2**30  # of one side of the game, all members together; training holds them five times

StreamList = Sequence[torch.Generator]
"""The random streams of some members, one each."""


@dataclass(frozen=True, eq=False)
class Member:
    """One GAN of the population: a specification, the rows it may see, and random streams of its own."""

    specification: int  # position of ``gan`` in the user's list
    fold: int | None  # the fold it never sees; None for members that see all rows and finally sample
    gan: GAN  # the specification
    data: FoldData  # the rows
    streams: Streams  # root of the member's random numbers
    replica: int = 0  # number among the members that differ in their streams only
    # number among the parents of an evolving population, which share a critic; the first is the fittest
    sibling: int = 0

    @property
    def name(self) -> str:
        """Name of the member among those of its specification, such as "fold 0" or "all rows, replica 1"."""
        parts = ["all rows" if self.fold is None else f"fold {self.fold}"]
        parts += [f"replica {self.replica}"] if self.replica else []
        parts += [f"parent {self.sibling + 1}"] if self.gan.n_siblings > 1 else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Player:
    """Numbers of one side of the game, generators or critics, one member per row."""

    weights_PN: Tensor  # parameters
    moments: Moments  # what the optimiser remembers
    statistics_PS: Tensor  # running statistics of batch normalisation

    @classmethod
    def start(cls, weights_PN: Tensor, statistics_S: Tensor) -> Player:
        """Make the numbers of one side before training; all members start from the same statistics."""
        return cls(weights_PN, Moments.zeros(*weights_PN.shape), statistics_S.repeat(len(weights_PN), 1))


@dataclass(frozen=True, slots=True)
class State:
    """All numbers that training changes, one member per row; a step takes a state and returns a new one."""

    generator: Player
    critic: Player
    average_PN: Tensor  # running average of the generators' weights, which is what samples
    balance_P: Tensor  # weight of new rows in the critic's loss, where proportional control steers it
    control_PK: Tensor  # what controllers remember
    rate_P1: Tensor  # factor of all step sizes

    @classmethod
    def start(
        cls, generator: BaseGenerator, critic: CriticNet, members: Sequence[Member], control_K: Tensor
    ) -> State:
        """Draw fresh networks for members, each from the member's own streams, and make their first state.

        ``generator`` and ``critic`` tell the shapes; ``control_K`` is what the controllers of every member
        remember at the start. Siblings share all streams but that of the generator's weights, so their
        critics are alike. Raises ``ValueError`` if they are too large to be worth a try.
        """
        n_members = len(members)
        n_largest = max(generator.n_parameters, critic.n_parameters)
        if n_members * n_largest > MAX_PARAMETERS:
            raise ValueError(
                f"A network of {n_largest:,} weights, in {n_members} copies, takes more than"
                f" {MAX_PARAMETERS * 4 / 1e9:.0f} GB. Give smaller 'widths', 'latent' or 'cells'."
            )
        roots = [m.streams.child("sibling", m.sibling) if m.sibling else m.streams for m in members]
        generator_PN = torch.stack([generator.init(root.torch("generator")) for root in roots])
        critic_PN = torch.stack([critic.init(m.streams.torch("critic")) for m in members])
        return cls(
            Player.start(generator_PN, generator.net.init_statistics()),
            Player.start(critic_PN, critic.init_statistics()),
            generator_PN.clone(),
            torch.zeros(n_members),
            control_K.repeat(n_members, 1),
            torch.ones(n_members, 1),
        )


@dataclass(frozen=True, slots=True)
class Strengths:
    """How strongly P members are trained: numbers that may differ within a cohort."""

    rates_PN: Tensor  # step size of every parameter of the generators
    critic_rate_P1: Tensor  # step size of the critics
    weights_PT: Tensor  # of the terms of the generators' loss


@dataclass(frozen=True, slots=True)
class CriticResult:
    """What a step of the critic has shown, without gradients."""

    loss_P: Tensor  # the critic's loss, without penalty
    real_PB: Tensor  # its outputs for real rows
    fake_PB: Tensor  # the same for generated rows
    fake_PBF: Tensor  # the generated rows
    total_P: Tensor  # its loss with the penalty


def strengths(members: Sequence[Member], generator: BaseGenerator, terms: Sequence[str]) -> Strengths:
    """Read step sizes and weights of the loss terms off the GANs of members that share a program."""
    rates, critic_rates, weights = [], [], []
    for gan in (member.gan for member in members):
        ours, family = gan.generator, FAMILIES[gan.family]
        network = family.learning_rate if ours.learning_rate is None else ours.learning_rate
        rates.append(generator.rates(network, ours.geometry_rate))
        critic_rates.append([gan.critic.learning_rate])
        weights.append([gan.active_terms[name] for name in terms])
    return Strengths(torch.stack(rates), torch.tensor(critic_rates), torch.tensor(weights))


def correction_bounds(members: Sequence[Member]) -> CorrectionBounds:
    """Measure how far each member's generator may go, on the real rows that this member may see.

    Corrections of a base row are bounded by ``Generator.correction_bound`` standard deviations of its class;
    rows made of noise stay within the range of the learned classes. States, which are logits, may always
    flip, unless the GAN has the loss term ``fidelity``: categories and missing cells then keep their shares.
    """
    bounds, centres, halves = [], [], []
    for member in members:
        states, rows = member.data.space.states_S.cpu(), list(member.data.learned_rows.values())
        factor = member.gan.generator.correction_bound
        bound_CF = torch.stack([factor * class_rows.std(0, correction=0) for class_rows in rows])
        flip = 0.0 if "fidelity" in member.gan.active_terms else 2 * STATE_LOGIT
        bounds.append(bound_CF.index_fill(1, states, flip))
        low_F, high_F = torch.cat(rows).aminmax(dim=0)
        centres.append((low_F + high_F) / 2)
        halves.append(((high_F - low_F) / 2).index_fill(0, states, STATE_LOGIT))
    return CorrectionBounds(torch.stack(bounds), torch.stack(centres), torch.stack(halves))
