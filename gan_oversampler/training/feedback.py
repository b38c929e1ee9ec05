"""Feedback at work: what controllers remember, what they adjust, and what is logged of them.

Only cohorts whose GAN names controllers import this module.
"""

# P member, B row, F encoded column, K number that controllers remember

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.controllers import CONTROLLERS, MAX_CRITIC_STEPS
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.signals import Signals, read_signals
from gan_oversampler.training.augmentation import Augmentation
from gan_oversampler.training.batches import Batch
from gan_oversampler.training.members import CriticResult, State, StreamList


class Feedback:
    """The controllers of a cohort, in the order of the registry.

    What they remember is one buffer ``(P, K)`` in the state of the members, so it is kept, restored and
    dropped with their weights. ``columns`` names the controller and the number of each column, ``start_K`` is
    what a member remembers before training.
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
        """Read one number that a controller remembers of every member: a column ``(P, 1)`` of the buffer.

        Raises ValueError if the cohort has no controller of this name, or that one remembers no such number.
        """
        k = self.columns.index((name, column))
        return control_PK[:, k : k + 1]

    def factor(self, state: State, output: str) -> Tensor:
        """Multiply an output, such as ``"critic_rate"``, over the controllers that have it: ``(P, 1)``."""
        factor_P1 = state.control_PK.new_ones(len(state.control_PK), 1)
        for name, column in self.columns:
            if column == output:
                factor_P1 = factor_P1 * self.read(state.control_PK, name, column)
        return factor_P1

    def critic_steps(self, state: State) -> list[int] | None:
        """Tell how many critic updates each member is to have in this step, as ``pacing`` wants.

        A number may be 0, where a critic is too strong. Without that controller the answer is None, and all
        members have as many as their GAN says.
        """
        if "pacing" not in self.names:
            return None
        return [int(n) for n in self.read(state.control_PK, "pacing", "critic_steps")[:, 0].tolist()]

    def real_rows(
        self, real_PBF: Tensor, generated: Callable[[], Tensor], state: State, streams: StreamList
    ) -> Tensor:
        """Choose the rows ``(P, B, F)`` that critics are shown as real: under ``apa`` some generated ones.

        Each real row is replaced with the probability that this controller holds for its member (Jiang et al.
        2021); only then ``generated`` is called to make the rows. Without the controller all stay.
        """
        if "apa" not in self.names:
            return real_PBF
        chance_P1 = self.read(state.control_PK, "apa", "strength")
        coins_PB = torch.stack([torch.rand(real_PBF.shape[1], generator=stream) for stream in streams])
        return torch.where((coins_PB.to(chance_P1) < chance_P1)[..., None], generated(), real_PBF)

    def augmented(self, rows_PBF: Tensor, real_PBF: Tensor, state: State, streams: StreamList) -> Tensor:
        """Change rows ``(P, B, F)`` before the critic sees them, as strongly as ``ada`` asks for each member.

        Values and categories are taken from ``real_PBF``. Without that controller rows stay as they are, and
        no random number is drawn.
        """
        if "ada" not in self.names:
            return rows_PBF
        chance_P1 = self.read(state.control_PK, "ada", "strength")
        return self.augmentation(rows_PBF, real_PBF, chance_P1, streams)

    @torch.no_grad()
    def update(self, state: State, batch: Batch, critic: CriticResult, generator_P: Tensor) -> State:
        """Let all controllers see a step: its first critic update with the batch, and generators' losses."""
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
        """Compute what controllers remember ``(P, K)`` after a step, each from the signals and its memory."""
        numbers = []
        for name in self.names:
            memory = {column: self.read(control_PK, name, column) for column in CONTROLLERS[name].start}
            changed = CONTROLLERS[name].update(memory, signals)
            numbers += [changed[column] for column in memory]
        return torch.cat(numbers, dim=1)

    def collapsed(self, state: State) -> list[bool]:
        """Tell which members' generated rows are all alike, as ``collapse`` sees it; none without it."""
        if "collapse" not in self.names:
            return [False] * len(state.control_PK)
        return (self.read(state.control_PK, "collapse", "collapsed")[:, 0] > 0).tolist()

    def restarting(self, before: State, after: State) -> list[tuple[int, Tensor, int]]:
        """List the members that begin anew after a step, as the controller ``reset`` asks; empty without it.

        An entry holds a member's position, what it remembers then ``(K,)``, and how often it has begun anew.
        Only that number outlives a restart, because it names the random streams of the fresh networks.
        """
        if "reset" not in self.names:
            return []
        k, found = self.columns.index(("reset", "restarts")), []
        before_P, after_P = (state.control_PK[:, k].cpu() for state in (before, after))
        for p in (after_P > before_P).nonzero()[:, 0].tolist():
            fresh_K = self.start_K.clone()
            fresh_K[k] = after_P[p]
            found.append((p, fresh_K, int(after_P[p])))
        return found

    def decisions(self, before_K: Tensor, after_K: Tensor) -> list[tuple[str, str]]:
        """Describe which outputs of a member have changed enough to be logged, between two memories ``(K,)``.

        An entry holds the name of the controller and a sentence such as "critic steps 1 -> 0". The registry
        says how much is enough, output by output.
        """
        logged = []
        for (name, column), before, after in zip(self.columns, before_K.tolist(), after_K.tolist()):
            entry = CONTROLLERS[name].logged.get(column)
            if entry is not None and abs(after - before) >= entry.min_change - 1e-6:
                logged.append((name, f"{entry.description} {before:.3g} -> {after:.3g}"))
        return logged


def streams_of_active(streams: StreamList, resting: Sequence[int]) -> list[torch.Generator]:
    """Replace the streams of resting members, given by their positions, by ones that are thrown away.

    A step computes numbers for them, too, which nobody keeps; so their own streams must not move.
    """
    return [torch.Generator().manual_seed(0) if p in resting else own for p, own in enumerate(streams)]
