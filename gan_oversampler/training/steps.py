"""The steps of both players, for all members of a cohort at once."""

# P member, B row, N parameter, F encoded column, M mutation

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.gans.evolution import Evolution, mixed, mutated, shared, survivors
from gan_oversampler.gans.losses import LOSSES, PENALTIES, CriticFn, GanLoss, Penalty, proportional_control
from gan_oversampler.gans.objectives import FORCES, Draft
from gan_oversampler.nn.autoencoder import CriticNet
from gan_oversampler.nn.convolution import Encoder
from gan_oversampler.nn.generator import Reach
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.optimizers import OPTIMIZERS, Betas, clipped
from gan_oversampler.nn.packed import Packed
from gan_oversampler.training.batches import Batches
from gan_oversampler.training.control import Regulator
from gan_oversampler.training.members import Member, State
from gan_oversampler.training.networks import networks_of


class Game:
    """What critic and generator do with a batch; a cohort says who plays.

    Parameters
    ----------
    member : Member
        One of those who play; what they have in common is taken from it.
    device : torch.device
        Where the tensors live.

    Attributes
    ----------
    state : State
        All numbers that steps change.
    dropout : list of Generator
        A stream per member.
    reach : Reach
        How far generators may go.
    losses_P2 : Tensor
        Losses of critic and generator, summed since training went on.
    chosen_PM : Tensor
        How often each mutation won a parent's place.
    """

    state: State
    dropout: list[torch.Generator]
    reach: Reach
    losses_P2: Tensor
    chosen_PM: Tensor

    def __init__(self, member: Member, device: torch.device) -> None:
        self.device = device
        self.gan = member.gan
        self.at_rest, self.critic = networks_of(member)
        self.generator = replace(self.at_rest, space=self.at_rest.space.to(device))
        self.loss = LOSSES[self.gan.loss]
        self.latent = Latent(self.gan.latent, self.gan.latent_law)
        self.penalty, self.penalty_weight = self._penalty()
        self.forces = self.gan.pulls
        self.objective = "f1" if self.gan.objective == "auto" else self.gan.objective
        self.rates_N = self._rates().to(device)
        self.regulator = Regulator(self.gan, self.generator.space)
        self.control = self.regulator.control
        self.mutations = tuple(self.gan.evolution.mutations) if self.gan.evolution else ()
        self.scale_F = torch.from_numpy(self.generator.space.layout.scale).to(device)

    @property
    def critic_in_force(self) -> CriticNet | None:
        """The critic, where it pulls the generator."""
        return self.critic if "adversarial" in self.forces else None

    def _rates(self) -> Tensor:
        network = self.gan.learning_rate
        network = self.generator.family.learning_rate if network is None else network
        return self.at_rest.rates(network, self.gan.geometry_rate)

    def _penalty(self) -> tuple[Penalty | None, float]:
        penalty = PENALTIES[self.gan.penalty_in_force]
        usual = penalty.weight if penalty else 0.0
        return penalty, usual if self.gan.penalty_weight is None else self.gan.penalty_weight

    def _critic_step(self, batch: Batches, n_steps: int) -> None:
        """One update of ``n_steps`` between two of the generator."""
        with torch.no_grad():
            fake_PBF = self._generate(self.generator.split(self.state.generator_PN), batch)
            fake_PBF = mixed(fake_PBF, self.gan.n_siblings)
            real_PBF = self.regulator.shown(batch.real, lambda: self._more(batch), self.state, self.dropout)
        parts = leaves(self.critic, self.state.critic_PN)
        critic = self._critic(parts, batch)
        real_PB, fake_PB = critic(torch.cat([real_PBF, fake_PBF], dim=1)).chunk(2, dim=1)
        loss_P = self._verdict(real_PB, self._weighed(real_PB, fake_PB))
        self.regulator.watch_critic(loss_P, (real_PB, fake_PB), (batch.real, fake_PBF, batch.label))
        if self.penalty and self.penalty_weight:
            term_P = self.penalty.term(critic, real_PBF, fake_PBF, batch.mix)
            weight_P1 = self.penalty_weight * self.regulator.factor(self.state, "penalty")
            loss_P = loss_P + weight_P1[:, 0] * term_P
        self.losses_P2[:, 0] += loss_P.detach() / n_steps
        self._descend(
            loss_P,
            self.critic,
            parts,
            self.state.critic_PN,
            self.state.critic_moments_P2N,
            self.state.critic_decay_P2,
            self._speed("critic_rate") * self.gan.critic_learning_rate,
            self.gan.critic_optimizer or self.gan.optimizer,
            self.gan.betas if self.gan.critic_betas is None else self.gan.critic_betas,
        )
        if self.gan.critic_clip is not None:
            self.state.critic_PN.clamp_(-self.gan.critic_clip, self.gan.critic_clip)

    def _weighed(self, real_PB: Tensor, fake_PB: Tensor) -> Tensor:
        """Outputs for new rows as the critic's objective takes them; what it is steered by moves on."""
        if not self.loss.steered:
            return fake_PB
        balance_P = self.state.balance_P.clone()
        errors = -real_PB.detach().mean(-1), -fake_PB.detach().mean(-1)
        self.state.balance_P.copy_(proportional_control(balance_P, *errors, self.gan.diversity_ratio))
        return balance_P[:, None] * fake_PB

    def _verdict(self, real_PB: Tensor, fake_PB: Tensor) -> Tensor:
        """The critic's loss where some labels are wrong: flipped row by row, or all of them a little."""
        if self.gan.label_noise:
            draws_PB = torch.stack([torch.rand(real_PB.shape[1], generator=s) for s in self.dropout])
            flip_PB = (draws_PB < self.gan.label_noise).to(self.device)
            real_PB, fake_PB = torch.where(flip_PB, fake_PB, real_PB), torch.where(flip_PB, real_PB, fake_PB)
        loss_P, share = self.loss.critic(real_PB, fake_PB), self.gan.label_smoothing
        return torch.lerp(loss_P, self.loss.critic(fake_PB, real_PB), share) if share else loss_P

    def _generator_step(self, batch: Batches) -> None:
        if self.forces:
            evolution = self.gan.evolution
            loss_P = self._evolve(batch, evolution) if evolution else self._learn(batch)
            self.losses_P2[:, 1] += loss_P
            self.regulator.watch_generator(shared(loss_P, self.gan.n_siblings))

    def _evolve(self, batch: Batches, evolution: Evolution) -> Tensor:
        """One child per mutation and parent; the fittest go on. Their losses ``(P,)``."""
        parents, plain = self.state, self.loss
        everyone = range(len(self.dropout))
        children, losses, fitness = [], [], []
        statistics_PS = parents.critic_statistics_PS.clone()
        for name in evolution.mutations:
            parents.critic_statistics_PS.copy_(statistics_PS)  # children are judged on equal terms
            self.state = parents.with_generators(parents.take(everyone))
            self.loss = mutated(plain, name)
            losses.append(self._learn(batch))
            fitness.append(evolution.fitness_of(*self._confront(plain, batch)))
            children.append(self.state)
        self.loss = plain
        mutation_P, parent_P = survivors(torch.stack(fitness), evolution.population)
        self.chosen_PM += F.one_hot(mutation_P, len(evolution.mutations))
        self.state = parents.with_generators(State.chosen(children, mutation_P, parent_P))
        return torch.stack(losses)[mutation_P, parent_P]

    def _confront(self, game: GanLoss, batch: Batches) -> tuple[Tensor, Tensor]:
        """The critic's logits of new rows ``(P, B)``, and the gradient ``(P, N)`` that they leave it."""
        with torch.no_grad():
            fake_PBF = self._generate(self.generator.split(self.state.generator_PN), batch, train=False)
        parts = leaves(self.critic, self.state.critic_PN)
        critic = self._critic(parts, batch, train=False)
        real_PB, fake_PB = critic(torch.cat([batch.real, fake_PBF], dim=1)).chunk(2, dim=1)
        gradients = torch.autograd.grad(game.critic(real_PB, fake_PB).sum(), parts, materialize_grads=True)
        return fake_PB.detach(), self.critic.join(gradients)

    def _learn(self, batch: Batches) -> Tensor:
        """A step of all generators; their losses ``(P,)``."""
        parts = leaves(self.generator, self.state.generator_PN)
        draft = self._draft(parts, batch)
        loss_P = torch.stack([self._weight(name) * FORCES[name](draft) for name in self.forces]).sum(0)
        self._descend(
            loss_P,
            self.generator,
            parts,
            self.state.generator_PN,
            self.state.generator_moments_P2N,
            self.state.generator_decay_P2,
            self._speed("generator_rate") * self.rates_N,
            self.gan.optimizer,
            self.gan.betas,
        )
        self.state.average_PN.lerp_(self.state.generator_PN, 1 - self.gan.ema)
        return loss_P.detach()

    def _weight(self, force: str) -> Tensor:
        """Weight of a force on each member ``(P,)``."""
        pull = force == "adversarial"
        weight_P1 = self.regulator.factor(self.state, "pull") if pull else torch.ones_like(self.state.rate_P1)
        return self.forces[force] * weight_P1[:, 0]

    def _draft(self, parts: Sequence[Tensor], batch: Batches) -> Draft:
        odds_PB = None
        if batch.start.traits is not None:
            odds_PB = self.generator.log_odds(parts, batch.start.traits, batch.label)
        return Draft(
            self._generate(parts, batch),
            batch.real,
            batch.label,
            self._critic(self.critic.split(self.state.critic_PN), batch),
            self.loss,
            self.objective,
            odds_PB,
            self.scale_F,
            batch.lesson,
            self._code(batch) if self.loss.apart else None,
        )

    def _generate(self, parts: Sequence[Tensor], batch: Batches, *, train: bool = True) -> Tensor:
        return self.generator(
            parts,
            batch.start,
            batch.noise,
            batch.label,
            self.reach,
            statistics=self.state.statistics_PS,
            streams=self.dropout if train else None,
        )

    def _more(self, batch: Batches) -> Tensor:
        """Further new rows of the same classes, of the averaged weights."""
        # NOTE[paper]: Jiang et al. store rows of the step before; these are made of the same starts with the
        # noise of other rows, so nothing is stored and the classes are right.
        parts = self.generator.split(self.state.average_PN)
        noise, statistics = batch.noise.flip(1), self.state.statistics_PS
        rows = self.generator(parts, batch.start, noise, batch.label, self.reach, statistics=statistics)
        return mixed(rows, self.gan.n_siblings)

    def _speed(self, output: str) -> Tensor:
        """Factor of a player's step sizes ``(P, 1)``."""
        return self.state.rate_P1 * self.regulator.factor(self.state, output)

    def _critic(self, parts: Sequence[Tensor], batch: Batches, *, train: bool = True) -> CriticFn:
        """Critic of rows that repeat the batch's classes once or twice."""

        def critic(rows_PBF: Tensor) -> Tensor:
            if train:
                rows_PBF = self.regulator.changed(rows_PBF, batch.real, self.state, self.dropout)
            n = batch.label.shape[1]
            # Rows of a separate batch are normalised among themselves.
            halves = rows_PBF.split(n, dim=1) if self.gan.separate_batches else [rows_PBF]
            labels = [batch.label.repeat(1, half.shape[1] // n, 1) for half in halves]
            outputs = [self._outputs(parts, *pair, train=train) for pair in zip(halves, labels, strict=True)]
            return torch.cat(outputs, dim=1)

        return critic

    def _outputs(
        self, parts: Sequence[Tensor], rows_PBF: Tensor, label_PBC: Tensor, *, train: bool
    ) -> Tensor:
        """What the critic says of rows, higher being more real; an autoencoder reconstructs them."""
        seen = self._seen(rows_PBF)
        statistics = self.state.critic_statistics_PS
        streams = self.dropout if train else None
        said = self.critic(parts, seen, label_PBC, statistics=statistics, streams=streams)
        if self.loss.error is None:
            return said[..., 0]
        return -self.loss.error(seen - said if self.gan.grid is None else (seen - said) * self._lens()[1])

    def _code(self, batch: Batches) -> CriticFn:
        """What the autoencoder makes of rows before it reconstructs them."""
        assert not isinstance(self.critic, Encoder)
        parts, encode = self.critic.split(self.state.critic_PN), self.critic.code
        statistics = self.state.critic_statistics_PS

        def code(rows_PBF: Tensor) -> Tensor:
            seen = self._seen(rows_PBF)
            return encode(parts, seen, batch.label, statistics=statistics, streams=self.dropout)

        return code

    def _seen(self, rows_PBF: Tensor) -> Tensor:
        """Rows as the critic sees them: where they are images, values go from -1 to 1 as in a picture."""
        if self.gan.grid is None:
            return rows_PBF
        centre_P1F, half_P1F = self._lens()
        return (rows_PBF - centre_P1F) / half_P1F

    def _lens(self) -> tuple[Tensor, Tensor]:
        """Middle and half length of the range of each value; states are left as they are."""
        states, half_PF = self.generator.space.states_S, self.reach.half_PF
        half_PF = torch.where(half_PF > 0, half_PF, 1.0).index_fill(1, states, 1.0)
        return self.reach.centre_PF.index_fill(1, states, 0.0)[:, None], half_PF[:, None]

    def _descend(
        self,
        loss_P: Tensor,
        mlp: Packed,
        parts: Sequence[Tensor],
        flat_PN: Tensor,
        moments_P2N: Tensor,
        decay_P2: Tensor,
        rate: Tensor,
        optimizer: str,
        betas: Betas,
    ) -> None:
        # Without the utility force nothing depends on the odds of seeds.
        gradients = torch.autograd.grad(loss_P.sum(), parts, materialize_grads=True)
        gradient_PN = clipped(mlp.join(gradients))
        flat_PN.sub_(rate * OPTIMIZERS[optimizer](gradient_PN, moments_P2N, decay_P2, betas))


def leaves(mlp: Packed, flat_PN: Tensor) -> list[Tensor]:
    """Parameter matrices that collect gradients."""
    return [part.detach().requires_grad_() for part in mlp.split(flat_PN)]
