"""Feedback at work: what controllers remember, what they adjust, and what is logged of them.

Only cohorts whose GAN names controllers import this module.
"""

# P member, B row, F encoded column, K number that controllers remember

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.controllers import CONTROLLERS, MAX_CRITIC_STEPS
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.signals import Signals, read_signals
from gan_oversampler.training.augmentation import Augmentation
from gan_oversampler.training.batches import Batch
from gan_oversampler.training.members import CriticResult, State

RESTING_SEED: Final = 0  # of numbers for members that rest: nobody's stream moves, and nothing keeps them


class Feedback:
    """The controllers of a cohort.

    What they remember is one buffer ``(P, K)`` in the state of the members, so it is kept, restored and
    dropped with their weights.

    Parameters
    ----------
    gan : GAN
        What the members of the cohort have in common.
    space : RowSpace
        Where rows lie.

    Attributes
    ----------
    names : list of str
        Controllers, in the order of the registry.
    columns : list of (str, str)
        Controller and name of every number remembered.
    start_K : Tensor
        What a member remembers before training.
    """

    def __init__(self, gan: GAN, space: RowSpace) -> None:
        self.loss = LOSSES[gan.loss]
        self.augmentation = Augmentation(space)
        self.names = [name for name in CONTROLLERS if name in gan.controllers]
        self.columns = [(name, column) for name in self.names for column in CONTROLLERS[name].start]
        self.max_critic_steps = max(MAX_CRITIC_STEPS, gan.critic.steps)
        self.start_K = torch.tensor([CONTROLLERS[name].start[column] for name, column in self.columns])
        if "pacing" in self.names:
            self.start_K[self.columns.index(("pacing", "critic_steps"))] = gan.critic.steps
            self.start_K[self.columns.index(("pacing", "most"))] = self.max_critic_steps

    def read(self, control_PK: Tensor, name: str, column: str) -> Tensor:
        """Read one remembered number of every member ``(P, 1)``."""
        k = self.columns.index((name, column))
        return control_PK[:, k : k + 1]

    def factor(self, state: State, output: str) -> Tensor:
        """Multiply an output over all controllers that have it: ``(P, 1)``; 1 if none has."""
        factor_P1 = state.control_PK.new_ones(len(state.control_PK), 1)
        for name, column in self.columns:
            if column == output:
                factor_P1 = factor_P1 * self.read(state.control_PK, name, column)
        return factor_P1

    def critic_steps(self, state: State) -> list[int] | None:
        """Critic updates that each member is to have in this step; None where no controller paces them."""
        if "pacing" not in self.names:
            return None
        steps_P1 = self.read(state.control_PK, "pacing", "critic_steps")
        return [int(steps) for steps in steps_P1[:, 0].tolist()]

    def real_rows(
        self,
        real_PBF: Tensor,
        generated: Callable[[], Tensor],
        state: State,
        streams: Sequence[torch.Generator],
    ) -> Tensor:
        """Choose what the critic is shown as real; ``apa`` replaces some rows by generated ones."""
        if "apa" not in self.names:
            return real_PBF
        chance_P1 = self.read(state.control_PK, "apa", "strength")
        coins_PB = torch.stack([torch.rand(real_PBF.shape[1], generator=stream) for stream in streams])
        return torch.where((coins_PB.to(chance_P1) < chance_P1)[..., None], generated(), real_PBF)

    def augmented(
        self, rows_PBF: Tensor, real_PBF: Tensor, state: State, streams: Sequence[torch.Generator]
    ) -> Tensor:
        """Change rows before the critic sees them, under ``ada``."""
        if "ada" not in self.names:
            return rows_PBF
        chance_P1 = self.read(state.control_PK, "ada", "strength")
        return self.augmentation(rows_PBF, real_PBF, chance_P1, streams)

    @torch.no_grad()
    def update(self, state: State, batch: Batch, critic: CriticResult, generator_P: Tensor) -> State:
        """Let all controllers see a step: the critic's first update in it, and the generators' losses."""
        signals = read_signals(
            critic.loss_P,
            generator_P,
            (critic.real_PB, critic.fake_PB),
            (batch.real, critic.fake_PBF, batch.label),
            equilibrium=self.loss.equilibrium,
            threshold=self.loss.threshold,
        )
        return replace(state, control_PK=self.control_after(state.control_PK, signals))

    def control_after(self, control_PK: Tensor, signals: Signals) -> Tensor:
        """Compute what controllers remember after they have seen the signals of a step."""
        numbers = []
        for name in self.names:
            memory = {column: self.read(control_PK, name, column) for column in CONTROLLERS[name].start}
            changed = CONTROLLERS[name].update(memory, signals)
            numbers += [changed[column] for column in memory]
        return torch.cat(numbers, dim=1)

    def collapsed(self, state: State) -> list[bool]:
        """Tell which members' generated rows are all alike."""
        if "collapse" not in self.names:
            return [False] * len(state.control_PK)
        return (self.read(state.control_PK, "collapse", "collapsed")[:, 0] > 0).tolist()

    def restarting(self, before: State, after: State) -> list[int]:
        """List the members that begin anew after a step."""
        if "reset" not in self.names:
            return []
        restarts = [self.read(state.control_PK, "reset", "restarts")[:, 0] for state in (before, after)]
        return (restarts[1] > restarts[0]).nonzero()[:, 0].tolist()

    def restarted(self, control_K: Tensor) -> tuple[Tensor, int]:
        """Compute what a member remembers after it began anew: how often it did; also return that number."""
        fresh_K = self.start_K.to(control_K).clone()
        k = self.columns.index(("reset", "restarts"))
        fresh_K[k] = control_K[k]
        return fresh_K, int(control_K[k])

    def decisions(self, before_K: Tensor, after_K: Tensor) -> list[tuple[str, str]]:
        """Describe every output of a member that has changed enough to be logged, with its controller."""
        logged = []
        for (name, column), before, after in zip(self.columns, before_K.tolist(), after_K.tolist()):
            entry = CONTROLLERS[name].logged.get(column)
            if entry is not None and abs(after - before) >= entry.min_change - 1e-6:
                logged.append((name, f"{entry.description} {before:.3g} -> {after:.3g}"))
        return logged


def streams_of_active(streams: Sequence[torch.Generator], resting: Sequence[int]) -> list[torch.Generator]:
    """Replace the streams of resting members by ones that are thrown away."""
    return [
        torch.Generator().manual_seed(RESTING_SEED) if p in resting else stream
        for p, stream in enumerate(streams)
    ]
