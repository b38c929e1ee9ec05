"""Controllers at work: what members remember, what training reads from it, what the log tells."""

# P member, K number remembered

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.controllers import CONTROLLERS, MOST_STEPS
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.signals import Signals, read
from gan_oversampler.training.augmentation import Augmentation
from gan_oversampler.training.members import State

SPARE_SEED: Final = 0  # of numbers for members that rest: nobody's stream moves, and nothing keeps them


@dataclass(frozen=True)
class Control:
    """The controllers of a cohort.

    What they remember is one buffer ``(P, K)`` that belongs to the state of the members, so it is kept,
    restored and dropped with their weights.

    Parameters
    ----------
    gan : GAN
        What the members of the cohort have in common.

    Examples
    --------
    >>> control = Control(GAN(controllers=("r1", "gap")))
    >>> control.start.tolist(), control.factor(control.start[None], "penalty").tolist()
    ([0.0, 1.0, 1.0], [[1.0]])
    """

    gan: GAN

    @cached_property
    def names(self) -> list[str]:
        """Controllers in the order of the registry, whatever the user's."""
        return [name for name in CONTROLLERS if name in self.gan.controllers]

    @cached_property
    def columns(self) -> list[tuple[str, str]]:
        """Controller and name of every number remembered."""
        return [(name, column) for name in self.names for column in CONTROLLERS[name].start]

    @cached_property
    def start(self) -> Tensor:
        """What a member remembers before training."""
        starts = [CONTROLLERS[name].start[column] for name, column in self.columns]
        start_K = torch.tensor(starts)
        if "pacing" in self.names:
            start_K[self.columns.index(("pacing", "critic_steps"))] = self.gan.critic_steps
            start_K[self.columns.index(("pacing", "most"))] = self.most_steps
        return start_K

    @property
    def most_steps(self) -> int:
        """Critic updates per generator update that may happen."""
        return max(MOST_STEPS, self.gan.critic_steps)

    @torch.no_grad()
    def update(self, control_PK: Tensor, seen: Signals) -> None:
        """Let all controllers see a step; what they remember changes in place."""
        found = []
        for name in self.names:
            memory = {column: self.read(control_PK, name, column) for column in CONTROLLERS[name].start}
            changed = CONTROLLERS[name].update(memory, seen)
            found += [changed[column] for column in memory]
        control_PK.copy_(torch.cat(found, dim=1))

    def read(self, control_PK: Tensor, name: str, column: str) -> Tensor:
        """One number of every member ``(P, 1)``."""
        k = self.columns.index((name, column))
        return control_PK[:, k : k + 1]

    def factor(self, control_PK: Tensor, output: str) -> Tensor:
        """Product of an output over all controllers that have it ``(P, 1)``; 1 if none has."""
        factor_P1 = control_PK.new_ones(len(control_PK), 1)
        for name, column in self.columns:
            if column == output:
                factor_P1 = factor_P1 * self.read(control_PK, name, column)
        return factor_P1

    def flagged(self, control_PK: Tensor) -> list[bool]:
        """Members whose new rows have collapsed."""
        if "collapse" not in self.names:
            return [False] * len(control_PK)
        return (self.read(control_PK, "collapse", "collapsed")[:, 0] > 0).tolist()

    def due(self, before_PK: Tensor, after_PK: Tensor) -> list[int]:
        """Members that begin anew after a step."""
        if "reset" not in self.names:
            return []
        more = self.read(after_PK, "reset", "restarts") > self.read(before_PK, "reset", "restarts")
        return more[:, 0].nonzero()[:, 0].tolist()

    def renewed(self, control_K: Tensor) -> tuple[Tensor, int]:
        """What a member remembers after it began anew, which is how often it did, and that number."""
        fresh_K = self.start.to(control_K).clone()
        k = self.columns.index(("reset", "restarts"))
        fresh_K[k] = control_K[k]
        return fresh_K, int(control_K[k])

    def decisions(self, before_K: Tensor, after_K: Tensor) -> list[tuple[str, str]]:
        """Controller and words for every output of a member that has changed enough to be told."""
        told = []
        pairs = zip(self.columns, before_K.tolist(), after_K.tolist(), strict=True)
        for (name, column), before, after in pairs:
            entry = CONTROLLERS[name].told.get(column)
            if entry is not None and abs(after - before) >= entry.least - 1e-6:
                told.append((name, f"{entry.words} {before:.3g} -> {after:.3g}"))
        return told


def spare_streams(streams: Sequence[torch.Generator], resting: Sequence[int]) -> list[torch.Generator]:
    """The members' streams, but for those who rest one that is thrown away."""
    return [
        torch.Generator().manual_seed(SPARE_SEED) if p in resting else stream
        for p, stream in enumerate(streams)
    ]


class Regulator:
    """Between training and controllers: collects the signals of a step and hands out the adjustments.

    Parameters
    ----------
    gan : GAN
        What the members of the cohort have in common.
    space : RowSpace
        Where rows lie.
    """

    def __init__(self, gan: GAN, space: RowSpace) -> None:
        self.control, self.augment = Control(gan), Augmentation(space)
        self.loss = LOSSES[gan.loss]
        self._seen: Signals | None = None

    def factor(self, state: State, output: str) -> Tensor:
        """What the controllers say of a rate, or of the penalty's weight: ``(P, 1)``."""
        return self.control.factor(state.control_PK, output)

    def critic_steps(self, state: State) -> list[int] | None:
        """Critic updates of each member in this step; None where all have the usual number."""
        if "pacing" not in self.control.names:
            return None
        steps_P1 = self.control.read(state.control_PK, "pacing", "critic_steps")
        return [int(steps) for steps in steps_P1[:, 0].tolist()]

    def shown(
        self, real_PBF: Tensor, new: Callable[[], Tensor], state: State, streams: Sequence[torch.Generator]
    ) -> Tensor:
        """Real rows for the critic; under ``apa`` some of them are ``new`` ones of the same classes."""
        if "apa" not in self.control.names:
            return real_PBF
        chance_P1 = self.control.read(state.control_PK, "apa", "strength")
        coins_PB = torch.stack([torch.rand(real_PBF.shape[1], generator=stream) for stream in streams])
        return torch.where((coins_PB.to(chance_P1) < chance_P1)[..., None], new(), real_PBF)

    def changed(
        self, rows_PBF: Tensor, donors_PBF: Tensor, state: State, streams: Sequence[torch.Generator]
    ) -> Tensor:
        """Rows as the critic sees them, under ``ada`` augmented."""
        if "ada" not in self.control.names:
            return rows_PBF
        chance_P1 = self.control.read(state.control_PK, "ada", "strength")
        return self.augment(rows_PBF, donors_PBF, chance_P1, streams)

    @torch.no_grad()
    def watch_critic(
        self, loss_P: Tensor, outputs: tuple[Tensor, Tensor], rows: tuple[Tensor, Tensor, Tensor]
    ) -> None:
        """Take down the first critic update of a step: loss, outputs at real and new rows, rows, classes."""
        if self.control.names and self._seen is None:
            real_PB, fake_PB = (side.detach() for side in outputs)
            self._seen = read(
                loss_P.detach(),
                torch.zeros_like(loss_P),
                (real_PB, fake_PB),
                rows,
                equilibrium=self.loss.equilibrium,
                threshold=self.loss.threshold,
            )

    def watch_generator(self, loss_P: Tensor) -> None:
        """Take down the generator's loss."""
        if self._seen is not None:
            self._seen = replace(self._seen, generator=loss_P.detach()[:, None])

    def end_step(self, state: State) -> list[int]:
        """Let the controllers see the step; members that have to begin anew."""
        if self._seen is None:
            return []
        before_PK = state.control_PK.clone()
        self.control.update(state.control_PK, self._seen)
        self._seen = None
        return self.control.due(before_PK, state.control_PK)
