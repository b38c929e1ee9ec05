"""Members that share shapes, advanced as one tensor program."""

# P member, N parameter, K number that controllers remember, M mutation

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.nn.generator import GuidedGenerator, Snapshot
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.tensors import put, take, to_device
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.training.batches import Batch, BatchStream, GuidedBatches, PlainBatches, stacked
from gan_oversampler.training.inner_splits import InnerSplits
from gan_oversampler.training.members import CriticResult, Member, State, correction_bounds
from gan_oversampler.training.steps import Steps

BLOCK: Final = 50  # batches drawn at once: fewer calls, little memory
WIDE_ROW: Final = 400  # encoded columns from which blocks of inner splits, which hold many rows, are smaller


class Cohort:
    """Train members whose specifications differ in their base only.

    Parameters
    ----------
    members : sequence of Member
        Who trains.
    device : torch.device
        Where the tensors live; all random numbers are drawn on the CPU.

    Attributes
    ----------
    steps : Steps
        What a training step does.
    state : State
        Numbers of the members, one per row.
    """

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        self.members, self.device, self.gan = list(members), device, members[0].gan
        feedback = None
        if self.gan.controllers:
            from gan_oversampler.training.feedback import Feedback

            feedback = Feedback(self.gan, members[0].data.space.to(device))
        self.feedback = feedback
        self.steps = Steps(members[0], device, feedback)
        self.latent = Latent(self.gan.generator.latent, self.gan.generator.latent_law)
        self.batch_streams = [self._batch_stream(member) for member in members]
        self.streams = [member.streams.torch("dropout") for member in members]
        self.state = self._start(members)
        self.steps.bounds = to_device(correction_bounds(members), device)
        self.recorded_PK = self.state.control_PK
        self.mutations = tuple(self.gan.evolution.mutations) if self.gan.evolution else ()
        self.children_PM = torch.zeros(len(members), len(self.mutations), dtype=torch.long)
        self.ahead: dict[bool, deque[Batch]] = {True: deque(), False: deque()}

    def _start(self, members: Sequence[Member], control_K: Tensor | None = None) -> State:
        if control_K is None:
            control_K = self.feedback.start_K if self.feedback else torch.empty(0)
        generator, critic = self.steps.generator_at_rest, self.steps.critic
        return to_device(State.start(generator, critic, members, control_K), self.device)

    def _batch_stream(self, member: Member) -> BatchStream:
        stream, size = member.streams.torch("batches"), self.gan.batch_size
        if isinstance(self.steps.generator, GuidedGenerator):
            size = max(size, len(member.data.classes))  # each class has a row in every batch
            return GuidedBatches(InnerSplits(member.data, stream), size, self.latent)
        base = BASES[member.gan.base] if self.steps.generator.uses_base else None
        return PlainBatches(member.data, base, size, self.latent, stream)

    def snapshots(self) -> list[Snapshot]:
        """Copy what each member would sample from now: its averaged weights."""
        averages, statistics = self.state.average_PN.cpu(), self.state.generator.statistics_PS.cpu()
        bounds = to_device(self.steps.bounds, "cpu")
        return [
            Snapshot(
                self.steps.generator_at_rest,
                averages[p].clone(),
                statistics[p].clone(),
                take(bounds, [p]),
                self.latent,
            )
            for p in range(len(self.members))
        ]

    def keep(self, members: Sequence[int]) -> None:
        """Go on with some members only; their numbers stay what they would have been."""
        rows = list(members)
        self.members = [self.members[p] for p in members]
        self.batch_streams = [self.batch_streams[p] for p in rows]
        self.streams = [self.streams[p] for p in rows]
        self.state, self.steps.bounds = take(self.state, rows), take(self.steps.bounds, rows)
        self.recorded_PK, self.children_PM = self.recorded_PK[rows], self.children_PM[rows]
        self.ahead = {key: deque(take(batch, rows) for batch in ahead) for key, ahead in self.ahead.items()}

    def roll_back(self, members: Sequence[int], saved: State) -> None:
        """Restore saved numbers of some members, but for their rates, which are halved."""
        rates_P1 = self.state.rate_P1[list(members)] / 2
        self.state = put(self.state, members, replace(saved, rate_P1=rates_P1))
        self.recorded_PK = put(self.recorded_PK, members, saved.control_PK)

    def collapsed(self) -> list[bool]:
        """Tell of each member whether a controller found that its generated rows are all alike."""
        return self.feedback.collapsed(self.state) if self.feedback else [False] * len(self.members)

    def decisions(self) -> list[tuple[Member, str, str]]:
        """List what controllers and evolution have decided since the last call: member, who, and what."""
        found = []
        before_PK, self.recorded_PK = self.recorded_PK, self.state.control_PK
        for p, member in enumerate(self.members):
            if self.feedback:
                logged = self.feedback.decisions(before_PK[p], self.recorded_PK[p])
                found += [(member, name, decision) for name, decision in logged]
            counts = dict(zip(self.mutations, self.children_PM[p].tolist(), strict=True))
            if len(counts) > 1 and sum(counts.values()):
                chosen = ", ".join(f"{mutation} {n}" for mutation, n in counts.items())
                found.append((member, "evolution", f"children chosen: {chosen}"))
        self.children_PM.zero_()
        return found

    def advance(self, n_steps: int) -> Tensor:
        """Train for some steps; mean losses ``(P, 2)`` of critic and generator over them."""
        losses_P2 = torch.zeros(len(self.streams), 2, device=self.device)
        for _ in range(n_steps):
            critic = self._train_critic(losses_P2)
            if not self.steps.loss_weights:
                continue
            batch = self._next_batch()
            before = self.state
            loss_P = self._train_generator(batch)
            losses_P2[:, 1] += loss_P
            if self.feedback and critic:
                if self.gan.evolution:
                    loss_P = self.gan.evolution.shared(loss_P)
                self.state = self.feedback.update(self.state, *critic, loss_P)
                self._restart(self.feedback.restarting(before, self.state))
        return losses_P2.cpu() / max(n_steps, 1)

    def _train_critic(self, losses_P2: Tensor) -> tuple[Batch, CriticResult] | None:
        """The critic's updates between two of the generator; the first one is returned."""
        if not self.steps.trains_critic:
            return None
        first = None
        paced = self.feedback.critic_steps(self.state) if self.feedback else None
        if self.feedback and paced is not None:
            return self._train_critic_paced(paced, self.feedback.max_critic_steps, losses_P2)
        n_steps = self.gan.critic.steps
        for _ in range(n_steps):
            batch = self._next_batch(self.gan.balanced)
            self.state, result = self.steps.critic_step(self.state, batch, self.streams)
            losses_P2[:, 0] += result.total_P / n_steps
            first = first or (batch, result)
        return first

    def _train_critic_paced(
        self, steps_P: Sequence[int], max_steps: int, losses_P2: Tensor
    ) -> tuple[Batch, CriticResult]:
        """As many updates as each member's controller wants; members that have had them rest.

        All draw as many batches as any of them may ever need, and the first update is computed even for
        members that rest: so streams move alike, and there always is something to see.
        """
        from gan_oversampler.training.feedback import streams_of_active

        batches = [self._next_batch(self.gan.balanced) for _ in range(max_steps)]
        first = None
        for k in range(max(1, *steps_P)):
            resting = [p for p, steps in enumerate(steps_P) if steps <= k]
            streams = streams_of_active(self.streams, resting) if k else self.streams
            after, result = self.steps.critic_step(self.state, batches[k], streams)
            self.state = put(after, resting, take(self.state, resting))
            first = first or (batches[k], result)
        assert first is not None
        losses_P2[:, 0] += first[1].total_P
        return first

    def _train_generator(self, batch: Batch) -> Tensor:
        """One update of all generators; their losses ``(P,)``."""
        if not self.gan.evolution:
            self.state, loss_P = self.steps.generator_step(self.state, batch, self.streams)
            return loss_P
        from gan_oversampler.training.evolving import evolve

        self.state, loss_P, mutation_P = evolve(
            self.steps, self.gan.evolution, self.state, batch, self.streams
        )
        self.children_PM[torch.arange(len(mutation_P)), mutation_P.cpu()] += 1
        return loss_P

    def _restart(self, members: Sequence[int]) -> None:
        """Fresh networks for members whose training has come to a standstill."""
        for p in members:
            if self.feedback:
                control_K, number = self.feedback.restarted(self.state.control_PK[p].cpu())
                newborn = replace(self.members[p], streams=self.members[p].streams.child("restart", number))
                fresh = replace(self._start([newborn], control_K), rate_P1=self.state.rate_P1[[p]])
                self.state = put(self.state, [p], fresh)

    def _next_batch(self, balanced: bool = True) -> Batch:
        """The next batch; they are drawn ahead, in blocks that do not depend on when members are scored."""
        ahead = self.ahead[balanced]
        if not ahead:
            width, block = self.steps.generator.space.width, BLOCK
            if isinstance(self.steps.generator, GuidedGenerator) and width > WIDE_ROW:
                block = max(2, BLOCK * WIDE_ROW // width)
            drawn = [stream.draw(block, balanced=balanced) for stream in self.batch_streams]
            batches = stacked(drawn, self.device)
            ahead.extend(take(batches, t) for t in range(block))
        return ahead.popleft()
