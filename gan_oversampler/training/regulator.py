"""What a cohort asks its controllers in the course of a training step."""

# P member, B row, F encoded column, C class

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from gan_oversampler.augmentation import Augmentation
from gan_oversampler.losses import LOSSES
from gan_oversampler.signals import Signals, read
from gan_oversampler.space import RowSpace
from gan_oversampler.specification import GAN
from gan_oversampler.training.control import Control
from gan_oversampler.training.members import State


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
