"""Training steps of critic and generator, for all members of a cohort at once.

A step takes a state and a batch and returns a new state. Losses are means over rows and sums over members,
gradients are clipped per member, and every member draws from its own stream: what one member does moves no
other.
"""

# P member, B row, N parameter, F encoded column, C class

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gan_oversampler.gans.loss_terms import LOSS_TERMS, GeneratorStep, GuidedStep
from gan_oversampler.gans.losses import PENALTIES, CriticFn, GanLoss, loss_of, proportional_control
from gan_oversampler.gans.parts import Critic, Generator
from gan_oversampler.gans.utility import seed_shares
from gan_oversampler.nn.convolution import Encoder
from gan_oversampler.nn.generator import CorrectionBounds, GuidedGenerator
from gan_oversampler.nn.optimizers import OPTIMIZERS, clipped
from gan_oversampler.nn.packed import Mode
from gan_oversampler.training.batches import Batch, GuidedBatch
from gan_oversampler.training.members import CriticResult, Member, Player, State, StreamList, Strengths
from gan_oversampler.training.networks import networks_of

if TYPE_CHECKING:
    from gan_oversampler.training.feedback import Feedback

Parts = Sequence[Tensor]


class Steps:
    """Updates of critics and generators that share their shapes.

    What the members have in common is taken from one of them. ``generator`` and ``critic`` are shapes, the
    generator with its row space on the device where the tensors live. ``feedback`` holds controllers that
    adjust rates, penalty and what the critic sees; it is None where there are none.
    """

    bounds: CorrectionBounds  # how far each member's generator may go; set by the cohort
    strengths: Strengths  # how strongly each member is trained; set by the cohort

    def __init__(self, member: Member, device: torch.device, feedback: Feedback | None = None) -> None:
        gan = self.gan = member.gan
        self.device, self.feedback = device, feedback
        self.critic_settings = gan.critic.completed(gan.generator)
        self.generator_at_rest, self.critic = networks_of(gan, member.data)
        self.generator = replace(self.generator_at_rest, space=self.generator_at_rest.space.to(device))
        self.loss = loss_of(gan.loss, saturating=gan.saturating)
        self.penalty = PENALTIES[gan.penalty]
        self.penalty_weight = self.critic_settings.penalty_weight
        if self.penalty_weight is None:
            self.penalty_weight = self.penalty.weight if self.penalty else 0.0
        self.terms = tuple(gan.active_terms)  # of the generator's loss
        self.trains_critic = "adversarial" in self.terms  # the only term that needs the critic
        self.objective = "f1" if gan.objective == "auto" else gan.objective
        self.scale_F = torch.from_numpy(self.generator.space.layout.scale).to(device)

    def critic_step(self, state: State, batch: Batch, streams: StreamList) -> tuple[State, CriticResult]:
        """Update the critics once, on the real rows of a batch and on rows that are generated from it.

        Returned are a new state, and what the step has shown to controllers and the log. Each member draws
        from its own stream for dropout, label noise and augmentation. Penalty and learning rate are
        multiplied by the factors of the controllers; weights are clipped last, where the GAN asks for it.
        """
        gan, settings, state = self.gan, self.critic_settings, _with_own_statistics(state)
        with torch.no_grad():
            fake_PBF = self.generate(state, self.generator.split(state.generator.weights_PN), batch, streams)
            real_PBF = batch.real
            if gan.evolution:
                fake_PBF = gan.evolution.mixed(fake_PBF)
            if self.feedback:
                real_PBF = self.feedback.real_rows(real_PBF, lambda: self._more(state, batch), state, streams)
        weights_PN = state.critic.weights_PN.detach().requires_grad_()
        critic = self.critic_fn(state, self.critic.split(weights_PN), batch, streams)
        real_PB, fake_PB = critic(torch.cat([real_PBF, fake_PBF], dim=1)).chunk(2, dim=1)
        balance_P, weighted_PB = state.balance_P, fake_PB
        if self.loss.steered:
            weighted_PB = balance_P[:, None] * fake_PB
            errors = -real_PB.detach().mean(-1), -fake_PB.detach().mean(-1)
            balance_P = proportional_control(balance_P, *errors, gan.diversity_ratio)
        loss_P = total_P = self._critic_loss(real_PB, weighted_PB, streams)
        if self.penalty and self.penalty_weight:
            term_P = self.penalty.term(critic, real_PBF, fake_PBF, batch.mix)
            total_P = loss_P + self.penalty_weight * self._factor(state, "penalty")[:, 0] * term_P
        rate_P1 = state.rate_P1 * self._factor(state, "critic_rate") * self.strengths.critic_rate_P1
        player = _descended(state.critic, weights_PN, total_P, rate_P1, settings)
        if settings.clip is not None:
            player = replace(player, weights_PN=player.weights_PN.clamp(-settings.clip, settings.clip))
        seen = (loss_P, real_PB, fake_PB, fake_PBF, total_P)
        return replace(state, critic=player, balance_P=balance_P), CriticResult(*(x.detach() for x in seen))

    def _critic_loss(self, real_PB: Tensor, fake_PB: Tensor, streams: StreamList) -> Tensor:
        """The critic's loss where some labels are wrong: flipped row by row, or all of them a little."""
        if self.critic_settings.label_noise:
            draws_PB = torch.stack([torch.rand(real_PB.shape[1], generator=stream) for stream in streams])
            flip_PB = (draws_PB < self.critic_settings.label_noise).to(self.device)
            real_PB, fake_PB = torch.where(flip_PB, fake_PB, real_PB), torch.where(flip_PB, real_PB, fake_PB)
        loss_P, smoothing = self.loss.critic(real_PB, fake_PB), self.critic_settings.label_smoothing
        return torch.lerp(loss_P, self.loss.critic(fake_PB, real_PB), smoothing) if smoothing else loss_P

    def generator_step(
        self, state: State, batch: Batch, streams: StreamList, loss: GanLoss | None = None
    ) -> tuple[State, Tensor]:
        """Update the generators once, and the running averages of their weights.

        Returned are a new state and the losses ``(P,)``: weighted sums of the GAN's terms, each multiplied by
        the factor of the controllers. For the children of an evolution ``loss`` takes the place of the GAN's
        own adversarial loss. Critics keep their weights.
        """
        settings, state = self.gan.generator, _with_own_statistics(state)
        weights_PN = state.generator.weights_PN.detach().requires_grad_()
        parts = self.generator.split(weights_PN)
        critic_parts = self.critic.split(state.critic.weights_PN)
        step: GeneratorStep
        common = (
            self.generate(state, parts, batch, streams),
            batch.real,
            batch.label,
            self.critic_fn(state, critic_parts, batch, streams),
            partial(self._code, state, critic_parts, batch, streams),
            loss or self.loss,
            self.scale_F,
        )
        if isinstance(self.generator, GuidedGenerator) and isinstance(batch, GuidedBatch):
            logits_PB = self.generator.seed_logits(parts, batch.start.traits, batch.label)
            share_PBC = seed_shares(logits_PB + batch.split.seed_log_weight_PB, batch.label)
            step = GuidedStep(*common, share_PBC, batch.split, self.objective)
        else:
            step = GeneratorStep(*common)
        terms = [
            weight_P * self._factor(state, name)[:, 0] * LOSS_TERMS[name].compute(step)
            for name, weight_P in zip(self.terms, self.strengths.weights_PT.unbind(1), strict=True)
        ]
        loss_P = torch.stack(terms).sum(0)
        rate = state.rate_P1 * self._factor(state, "generator_rate") * self.strengths.rates_PN
        player = _descended(state.generator, weights_PN, loss_P, rate, settings)
        average_PN = state.average_PN.lerp(player.weights_PN, 1 - settings.ema)
        return replace(state, generator=player, average_PN=average_PN), loss_P.detach()

    def _factor(self, state: State, output: str) -> Tensor:
        """What controllers multiply a rate, the penalty or a loss term by: ``(P, 1)``, or 1 without any."""
        return self.feedback.factor(state, output) if self.feedback else torch.ones_like(state.rate_P1)

    def generate(self, state: State, parts: Parts, batch: Batch, streams: StreamList | None) -> Tensor:
        """Generate the rows of a batch ``(P, B, F)`` with the given parts of the generators' weights.

        With streams the networks are in training mode, and draw from them what dropout needs; with None they
        normalise by their running statistics.
        """
        mode = Mode(batch.label, state.generator.statistics_PS, streams)
        return self.generator(parts, batch.start, batch.noise, mode, self.bounds)

    def _more(self, state: State, batch: Batch) -> Tensor:
        """Further generated rows of the same classes, by the averaged weights."""
        # NOTE[paper]: Jiang et al. store rows of the step before; these are made of the same starts with the
        # noise of other rows, so nothing is stored and the classes are right.
        parts = self.generator.split(state.average_PN)
        rows_PBF = self.generate(state, parts, replace(batch, noise=batch.noise.flip(1)), None)
        return self.gan.evolution.mixed(rows_PBF) if self.gan.evolution else rows_PBF

    def critic_fn(self, state: State, parts: Parts, batch: Batch, streams: StreamList | None) -> CriticFn:
        """Make the function from rows ``(P, B, F)`` to critic outputs ``(P, B)``; higher means "more real".

        The rows must repeat the classes of the batch once or twice. Outputs of an autoencoder are minus its
        errors of reconstruction. With streams the critic is in training mode, and sees augmented rows where a
        controller asks for them.
        """
        return partial(self._outputs, state, parts, batch, streams)

    def _outputs(
        self, state: State, parts: Parts, batch: Batch, streams: StreamList | None, rows_PBF: Tensor
    ) -> Tensor:
        if self.feedback and streams is not None:
            rows_PBF = self.feedback.augmented(rows_PBF, batch.real, state, streams)
        # Rows of a separate batch are normalised among themselves.
        n, outputs = batch.label.shape[1], []
        for group_PBF in rows_PBF.split(n, dim=1) if self.critic_settings.separate_batches else [rows_PBF]:
            seen_PBF, half_P1F = self._standardised(group_PBF)
            label_PBC = batch.label.repeat(1, group_PBF.shape[1] // n, 1)
            output = self.critic(parts, seen_PBF, Mode(label_PBC, state.critic.statistics_PS, streams))
            if self.loss.error is None:
                outputs.append(output[..., 0])
            else:
                outputs.append(-self.loss.error((seen_PBF - output) * half_P1F))
        return torch.cat(outputs, dim=1)

    def _code(
        self, state: State, parts: Parts, batch: Batch, streams: StreamList, rows_PBF: Tensor
    ) -> Tensor:
        """What the autoencoder makes of rows before it reconstructs them."""
        assert not isinstance(self.critic, Encoder)  # losses that ask for a code have autoencoders
        mode = Mode(batch.label, state.critic.statistics_PS, streams)
        return self.critic.code(parts, self._standardised(rows_PBF)[0], mode)

    def _standardised(self, rows_PBF: Tensor) -> tuple[Tensor, Tensor | float]:
        """Rows as the critic sees them, and the unit of each value; images go from -1 to 1, states stay."""
        if self.gan.generator.grid is None:
            return rows_PBF, 1.0
        states, half_PF = self.generator.space.states_S, self.bounds.half_PF
        half_P1F = torch.where(half_PF > 0, half_PF, 1.0).index_fill(1, states, 1.0)[:, None]
        return (rows_PBF - self.bounds.centre_PF.index_fill(1, states, 0.0)[:, None]) / half_P1F, half_P1F


def _with_own_statistics(state: State) -> State:
    """The state with copies of the running statistics, which networks update in place."""
    generator, critic = (
        replace(player, statistics_PS=player.statistics_PS.clone())
        for player in (state.generator, state.critic)
    )
    return replace(state, generator=generator, critic=critic)


def _descended(
    player: Player, weights_PN: Tensor, loss_P: Tensor, rate: Tensor, settings: Generator | Critic
) -> Player:
    """One side of the game after a step down the gradient of its loss in its weights."""
    (gradient_PN,) = torch.autograd.grad(loss_P.sum(), weights_PN)
    optimizer, betas = OPTIMIZERS[settings.optimizer or "adam"], settings.betas or (0.0, 0.99)
    step_PN, moments = optimizer(clipped(gradient_PN), player.moments, betas)
    return replace(player, weights_PN=player.weights_PN - rate * step_PN, moments=moments)
