"""Members that share shapes, advanced as one tensor program.

Laws: a member's numbers depend on its own rows, stream and specification only. Losses are means over rows
and sums over members, gradients are clipped per member, every member draws from its own stream.
"""

# P member, B row, N parameter, F encoded column

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler._products import padded
from gan_oversampler.autoencoder import CriticNet, GeneratorNet, mirrored
from gan_oversampler.bases import BASES, N_TRAITS
from gan_oversampler.canvas import Canvas
from gan_oversampler.convolution import Decoder, Encoder
from gan_oversampler.evolution import Evolution, mixed, mutated, shared, survivors
from gan_oversampler.forces import FORCES, Draft
from gan_oversampler.geometry import Geometry
from gan_oversampler.latent import Latent
from gan_oversampler.losses import LOSSES, PENALTIES, CriticFn, GanLoss, Penalty, proportional_control
from gan_oversampler.networks import FAMILIES, Generator
from gan_oversampler.optimizers import OPTIMIZERS, Betas, clipped
from gan_oversampler.perceptron import Mlp, Packed
from gan_oversampler.training.control import spare_streams
from gan_oversampler.training.feed import Batches, Feed
from gan_oversampler.training.lessons import Lessons
from gan_oversampler.training.members import Member, Snapshot, State, reach_of
from gan_oversampler.training.regulator import Regulator

BLOCK: Final = 50  # batches drawn at once: fewer calls, little memory
WIDE_ROW: Final = 400  # encoded columns from which blocks of lessons, which hold many rows, are smaller
WIDE: Final = 256  # hidden units from which members are multiplied one by one


class Cohort:
    """Train members whose specifications differ in their base only.

    Parameters
    ----------
    members : sequence of Member
        Who trains.
    device : torch.device
        Where the tensors live; all numbers are drawn on the CPU.
    """

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        self.members, self.device = list(members), device
        self.gan = self.members[0].gan
        self.at_rest, self.critic = networks_of(self.members[0])
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
        self._enlist(self._with_twin())

    def _with_twin(self) -> list[Member]:
        """At least two members: batched products round differently for one alone."""
        if len(self.members) > 1 or self.critic.looped:
            return self.members
        (only,) = self.members
        twin = Member(only.specification, only.fold, only.gan, only.pool, only.streams.child("twin"))
        return [only, twin]

    def _enlist(self, members: Sequence[Member]) -> None:
        self.feeds = [self._feed(member) for member in members]
        self.dropout = [member.streams.torch("dropout") for member in members]
        self.state = State.start(self.at_rest, self.critic, members, self.control.start).to(self.device)
        self.told_PK = self.state.control_PK.clone()
        self.chosen_PM = torch.zeros(len(members), len(self.mutations), dtype=torch.long, device=self.device)
        self.reach = reach_of(members).to(self.device)
        self.losses_P2 = torch.zeros(len(members), 2, device=self.device)
        self.block = self._block()
        self.ahead: dict[bool, deque[Batches]] = {True: deque(), False: deque()}

    def _rates(self) -> Tensor:
        network = self.gan.learning_rate
        network = self.generator.family.learning_rate if network is None else network
        return self.at_rest.rates(network, self.gan.geometry_rate)

    def _block(self) -> int:
        """Batches drawn at once; it depends on the table only, so members draw alike."""
        width = self.generator.space.width
        wide = self.generator.family.learnt and width > WIDE_ROW
        return max(2, BLOCK * WIDE_ROW // width) if wide else BLOCK

    def _feed(self, member: Member) -> Feed:
        family, stream = self.generator.family, member.streams.torch("batches")
        base = BASES[member.gan.base] if family.from_base else None
        lessons = Lessons(member.pool, stream) if family.learnt else None
        return Feed(member.pool, base, padded(self.gan.batch_size), self.latent, stream, lessons)

    def _penalty(self) -> tuple[Penalty | None, float]:
        name = self.loss.penalty if self.gan.penalty == "auto" else self.gan.penalty
        penalty = PENALTIES[name]
        usual = penalty.weight if penalty else 0.0
        return penalty, usual if self.gan.penalty_weight is None else self.gan.penalty_weight

    def snapshots(self) -> list[Snapshot]:
        """What each member would sample from now."""
        return [
            Snapshot(
                self.at_rest,
                self.state.average_PN[p].to("cpu", copy=True),
                self.state.statistics_PS[p].to("cpu", copy=True),
                self.reach.take([p]).to("cpu"),
                self.latent,
            )
            for p in range(len(self.members))
        ]

    def keep(self, members: Sequence[int]) -> None:
        """Go on with some members only; their numbers stay what they would have been."""
        twin = [len(self.members)] if len(self.feeds) > len(self.members) else []
        rows = [*members, *twin]
        if len(rows) == 1 and not self.critic.looped:  # the first one left out goes on as the twin
            rows.append(next(p for p in range(len(self.feeds)) if p not in rows))
        self.members = [self.members[p] for p in members]
        self.feeds = [self.feeds[p] for p in rows]
        self.dropout = [self.dropout[p] for p in rows]
        self.state, self.reach = self.state.take(rows), self.reach.take(rows)
        self.losses_P2, self.told_PK = self.losses_P2[rows], self.told_PK[rows]
        self.chosen_PM = self.chosen_PM[rows]
        self.ahead = {key: deque(b.take(rows) for b in ahead) for key, ahead in self.ahead.items()}

    def decisions(self) -> list[tuple[Member, str, str]]:
        """What controllers have changed, and evolution has chosen, since this was asked last."""
        before_PK, self.told_PK = self.told_PK, self.state.control_PK.clone()
        return [
            (member, name, words)
            for p, member in enumerate(self.members)
            for name, words in [*self.control.decisions(before_PK[p], self.told_PK[p]), *self._births(p)]
        ]

    def _births(self, p: int) -> list[tuple[str, str]]:
        """How often each mutation was chosen for a parent's place."""
        counts = self.chosen_PM[p].tolist()
        self.chosen_PM[p] = 0
        chosen = ", ".join(f"{name} {n}" for name, n in zip(self.mutations, counts, strict=True))
        return [("evolution", f"children chosen: {chosen}")] if sum(counts) and len(counts) > 1 else []

    def fall_back(self, members: Sequence[int], rows: State) -> None:
        """Restore numbers of some members, but for their rates, which are halved."""
        rates_P1 = self.state.rate_P1[list(members)]
        self.state.put(members, replace(rows, rate_P1=rates_P1 / 2))
        self.told_PK[list(members)] = rows.control_PK

    def advance(self, n_steps: int) -> Tensor:
        """Train; mean losses ``(P, 2)`` of critic and generator over these steps."""
        self.losses_P2.zero_()
        for _ in range(n_steps):
            self._train_critic()
            self._generator_step(self._next_batch())
            for p in self.regulator.end_step(self.state):
                if p < len(self.members):  # a twin need not learn anything
                    self._restart(p)
        return self.losses_P2[: len(self.members)].cpu() / max(n_steps, 1)

    def _train_critic(self) -> None:
        """The critic's updates between two of the generator."""
        if "adversarial" not in self.forces:
            return
        steps_P = self.regulator.critic_steps(self.state)
        if steps_P is not None:
            self._paced(steps_P)
            return
        for _ in range(self.gan.critic_steps):
            self._critic_step(self._next_batch(self.gan.balanced), self.gan.critic_steps)

    def _paced(self, steps_P: Sequence[int]) -> None:
        """As many updates as each member's controller wants; who has had them rests.

        All draw as many batches as any of them may ever need, and the first update is computed even for who
        rests: so streams move alike, and there always is something to see. Losses are those of the first.
        """
        batches = [self._next_batch(self.gan.balanced) for _ in range(self.control.most_steps)]
        streams = self.dropout
        for k in range(max(1, *steps_P)):
            resting = [p for p, steps in enumerate(steps_P) if steps <= k]
            before, losses_P2 = self.state.take(resting), self.losses_P2.clone()
            self.dropout = spare_streams(streams, resting) if k else streams
            self._critic_step(batches[k], 1)
            self.state.put(resting, before)
            self.losses_P2 = losses_P2 if k else self.losses_P2
        self.dropout = streams

    def _restart(self, p: int) -> None:
        """Fresh networks for one member."""
        control_K, number = self.control.renewed(self.state.control_PK[p].cpu())
        member = self.members[p]
        newborn = replace(member, streams=member.streams.child("restart", number))
        fresh = State.start(self.at_rest, self.critic, [newborn], control_K).to(self.device)
        self.state.put([p], replace(fresh, rate_P1=self.state.rate_P1[[p]]))

    def _next_batch(self, balanced: bool = True) -> Batches:
        """Batches are drawn ahead, in blocks that do not depend on when members are scored."""
        ahead = self.ahead[balanced]
        if not ahead:
            drawn = [feed.draw(self.block, balanced=balanced) for feed in self.feeds]
            batches = Batches.stack(drawn, self.device)
            ahead.extend(batches.take(t) for t in range(self.block))
        return ahead.popleft()

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
        everyone = range(len(self.feeds))
        children, losses, fitness = [], [], []
        for name in evolution.mutations:
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
        loss_P = torch.stack([weight * FORCES[name](draft) for name, weight in self.forces.items()]).sum(0)
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


def networks_of(member: Member) -> tuple[Generator, CriticNet]:
    """Generator and critic of a member's specification."""
    gan, pool = member.gan, member.pool
    family, n_columns, n_classes = FAMILIES[gan.family], pool.space.width, len(pool.classes)
    widths, critic_widths = tuple(gan.widths), gan.layers_of_critic
    n_inputs = family.n_inputs(n_columns, gan.latent)
    rebuilds = LOSSES[gan.loss].error is not None
    shared: dict[str, Any] = {
        "multiply": gan.conditioning == "multiply",
        "slope": gan.slope,
        "norm_momentum": gan.norm_momentum,
    }
    ours: dict[str, Any] = {
        "activation": gan.activation,
        "batch_norm": gan.batch_norm,
        "zero_last": family.from_base,
    }
    theirs: dict[str, Any] = {
        "activation": gan.critic_activation or gan.activation,
        "batch_norm": gan.critic_norm == "batch",
        "layer_norm": gan.critic_norm == "layer",
        "dropout": gan.critic_dropout,
    }
    generator: GeneratorNet
    critic: CriticNet
    if gan.grid is None:
        shared["looped"] = max(widths + critic_widths, default=0) >= WIDE
        generator = Mlp(n_inputs, n_classes, n_columns, widths, **ours, **shared)
        critic = Mlp(n_columns, n_classes, n_columns if rebuilds else 1, critic_widths, **theirs, **shared)
    else:
        canvas = Canvas.of(pool.space.layout, gan.grid)
        generator = Decoder(canvas, n_classes, n_inputs, widths, **ours, **shared)
        encoder = Encoder(
            canvas, n_classes, min(critic_widths) if rebuilds else 1, critic_widths, **theirs, **shared
        )
        critic = mirrored(encoder) if rebuilds else encoder
    geometry = Geometry(n_classes, n_columns, N_TRAITS) if family.learnt else None
    return Generator(family, generator, pool.space, geometry), critic


def leaves(mlp: Packed, flat_PN: Tensor) -> list[Tensor]:
    """Parameter matrices that collect gradients."""
    return [part.detach().requires_grad_() for part in mlp.split(flat_PN)]
