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
from torch import Tensor

from gan_oversampler._products import padded
from gan_oversampler.bases import BASES, N_TRAITS
from gan_oversampler.forces import FORCES, Draft
from gan_oversampler.geometry import Geometry
from gan_oversampler.latent import Latent
from gan_oversampler.losses import LOSSES, PENALTIES, CriticFn, Penalty
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
        streams = [member.streams for member in members]
        self.state = State.start(self.at_rest, self.critic, streams, self.control.start).to(self.device)
        self.told_PK = self.state.control_PK.clone()
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
        self.ahead = {key: deque(b.take(rows) for b in ahead) for key, ahead in self.ahead.items()}

    def decisions(self) -> list[tuple[Member, str, str]]:
        """What the controllers of each member have changed since this was asked last."""
        before_PK, self.told_PK = self.told_PK, self.state.control_PK.clone()
        return [
            (member, name, words)
            for p, member in enumerate(self.members)
            for name, words in self.control.decisions(before_PK[p], self.told_PK[p])
        ]

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
        streams = self.members[p].streams.child("restart", number)
        fresh = State.start(self.at_rest, self.critic, [streams], control_K).to(self.device)
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
            real_PBF = self.regulator.shown(batch.real, lambda: self._more(batch), self.state, self.dropout)
        parts = leaves(self.critic, self.state.critic_PN)
        critic = self._critic(parts, batch)
        real_PB, fake_PB = critic(torch.cat([real_PBF, fake_PBF], dim=1)).chunk(2, dim=1)
        loss_P = self._verdict(real_PB, fake_PB)
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

    def _verdict(self, real_PB: Tensor, fake_PB: Tensor) -> Tensor:
        """The critic's loss where some labels are wrong: flipped row by row, or all of them a little."""
        if self.gan.label_noise:
            draws_PB = torch.stack([torch.rand(real_PB.shape[1], generator=s) for s in self.dropout])
            flip_PB = (draws_PB < self.gan.label_noise).to(self.device)
            real_PB, fake_PB = torch.where(flip_PB, fake_PB, real_PB), torch.where(flip_PB, real_PB, fake_PB)
        loss_P, share = self.loss.critic(real_PB, fake_PB), self.gan.label_smoothing
        return torch.lerp(loss_P, self.loss.critic(fake_PB, real_PB), share) if share else loss_P

    def _generator_step(self, batch: Batches) -> None:
        if not self.forces:
            return
        parts = leaves(self.generator, self.state.generator_PN)
        draft = self._draft(parts, batch)
        loss_P = torch.stack([weight * FORCES[name](draft) for name, weight in self.forces.items()]).sum(0)
        self.losses_P2[:, 1] += loss_P.detach()
        self.regulator.watch_generator(loss_P)
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
        )

    def _generate(self, parts: Sequence[Tensor], batch: Batches) -> Tensor:
        return self.generator(
            parts,
            batch.start,
            batch.noise,
            batch.label,
            self.reach,
            statistics=self.state.statistics_PS,
            streams=self.dropout,
        )

    def _more(self, batch: Batches) -> Tensor:
        """Further new rows of the same classes, of the averaged weights."""
        # NOTE[paper]: Jiang et al. store rows of the step before; these are made of the same starts with the
        # noise of other rows, so nothing is stored and the classes are right.
        parts = self.generator.split(self.state.average_PN)
        noise, statistics = batch.noise.flip(1), self.state.statistics_PS
        return self.generator(parts, batch.start, noise, batch.label, self.reach, statistics=statistics)

    def _speed(self, output: str) -> Tensor:
        """Factor of a player's step sizes ``(P, 1)``."""
        return self.state.rate_P1 * self.regulator.factor(self.state, output)

    def _critic(self, parts: Sequence[Tensor], batch: Batches) -> CriticFn:
        """Critic of rows that repeat the batch's classes once or twice."""

        def critic(rows_PBF: Tensor) -> Tensor:
            label = batch.label.repeat(1, rows_PBF.shape[1] // batch.label.shape[1], 1)
            rows_PBF = self.regulator.changed(rows_PBF, batch.real, self.state, self.dropout)
            return self.critic(parts, rows_PBF, label, streams=self.dropout)[..., 0]

        return critic

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


def networks_of(member: Member) -> tuple[Generator, Mlp]:
    """Generator and critic of a member's specification."""
    gan, pool = member.gan, member.pool
    family, n_columns, n_classes = FAMILIES[gan.family], pool.space.width, len(pool.classes)
    widths, critic_widths = tuple(gan.widths), gan.critic_widths
    critic_widths = widths if critic_widths is None else tuple(critic_widths)
    shared: dict[str, Any] = {
        "multiply": gan.conditioning == "multiply",
        "slope": gan.slope,
        "looped": max(widths + critic_widths, default=0) >= WIDE,
    }
    generator = Mlp(
        family.n_inputs(n_columns, gan.latent),
        n_classes,
        n_columns,
        widths,
        batch_norm=gan.batch_norm,
        norm_momentum=gan.norm_momentum,
        activation=gan.activation,
        zero_last=family.from_base,
        **shared,
    )
    critic = Mlp(
        n_columns,
        n_classes,
        1,
        critic_widths,
        dropout=gan.critic_dropout,
        activation=gan.critic_activation or gan.activation,
        **shared,
    )
    geometry = Geometry(n_classes, n_columns, N_TRAITS) if family.learnt else None
    return Generator(family, generator, pool.space, geometry), critic


def leaves(mlp: Packed, flat_PN: Tensor) -> list[Tensor]:
    """Parameter matrices that collect gradients."""
    return [part.detach().requires_grad_() for part in mlp.split(flat_PN)]
