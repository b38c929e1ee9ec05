"""Members that share shapes, advanced as one tensor program."""

# P member, N parameter, K number that controllers remember, M mutation

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.nn.generator import GuidedGenerator, Snapshot
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.tensors import put, take, to_device
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.training.batches import Batch, GuidedBatch, GuidedBatches, PlainBatches, stacked
from gan_oversampler.training.inner_splits import InnerSplits
from gan_oversampler.training.members import CriticResult, Member, State, correction_bounds, strengths
from gan_oversampler.training.steps import Steps

BLOCK: Final = 20  # batches drawn at once: fewer calls, little memory
WIDE_ROW: Final = 400  # columns or classes from which blocks of inner splits are smaller


@dataclass(frozen=True)
class DrawnAhead:
    """A block of batches drawn ahead, as what it takes to draw it again."""

    positions: tuple[Tensor, ...]  # of the members' streams of batches before the block was drawn
    n_batches: int  # in the block
    n_left: int  # of these, not used yet


@dataclass(frozen=True)
class CohortNumbers:
    """All that training has changed in a cohort until the end of an evaluation round."""

    state: State
    batch_positions: tuple[Tensor, ...]  # where the random streams of batches are, one per member
    positions: tuple[Tensor, ...]  # where those of dropout are
    ahead: dict[bool, DrawnAhead]  # batches drawn ahead, by whether classes are balanced


class Cohort:
    """Train members whose specifications differ in their base and their strengths only.

    Tensors live on ``device``; all random numbers are drawn on the CPU. ``steps`` holds what the members have
    in common, ``state`` the numbers of each, one member per row.
    """

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        self.members, self.device, self.gan = list(members), device, members[0].gan
        self.feedback = None
        if self.gan.controllers:
            from gan_oversampler.training.feedback import Feedback

            self.feedback = Feedback(self.gan, members[0].data.space.to(device))
        self.steps = Steps(members[0], device, self.feedback)
        self.latent = Latent(self.gan.generator.latent, self.gan.generator.latent_law)
        self.batch_streams = [self._batch_stream(member) for member in members]
        self.streams = [member.streams.torch("dropout") for member in members]
        self.state = self._start(members, self.feedback.start_K if self.feedback else torch.empty(0))
        self.steps.bounds = to_device(correction_bounds(members), device)
        self.steps.strengths = to_device(
            strengths(members, self.steps.generator_at_rest, self.steps.terms), device
        )
        self.recorded_PK = self.state.control_PK
        self.mutations = tuple(self.gan.evolution.mutations) if self.gan.evolution else ()
        self.children_PM = torch.zeros(len(members), len(self.mutations), dtype=torch.long)
        self.blocks: dict[bool, list[Batch]] = {}  # batches drawn ahead for each member, by balance
        self.ahead: dict[bool, DrawnAhead] = {}  # how they were drawn, and how many are left

    def _start(self, members: Sequence[Member], control_K: Tensor) -> State:
        generator, critic = self.steps.generator_at_rest, self.steps.critic
        return to_device(State.start(generator, critic, members, control_K), self.device)

    def _batch_stream(self, member: Member) -> PlainBatches | GuidedBatches:
        stream, size = member.streams.torch("batches"), self.gan.batch_size
        if isinstance(self.steps.generator, GuidedGenerator):
            size = max(size, len(member.data.classes))  # each class has a row in every batch
            return GuidedBatches(InnerSplits(member.data, stream, self.gan.mixing), size, self.latent)
        base = BASES[member.gan.base] if self.steps.generator.uses_base else None
        return PlainBatches(member.data, base, size, self.latent, stream)

    def begin_from(self, member: int, generator_N: Tensor, critic_N: Tensor | None) -> None:
        """Replace the weights that a member begins with, and their average; None leaves its critic."""
        state = self.state
        for buffer_PN in (state.generator.weights_PN, state.average_PN):
            buffer_PN[member] = generator_N.to(self.device)
        if critic_N is not None:
            state.critic.weights_PN[member] = critic_N.to(self.device)

    def snapshots(self) -> list[Snapshot]:
        """Copy the generator that each member would sample from now, to the CPU.

        A snapshot holds the running average of the weights, not the weights of the last step, and shares no
        tensor with the cohort: training may go on.
        """
        averages, statistics = self.state.average_PN.cpu(), self.state.generator.statistics_PS.cpu()
        bounds, shape = to_device(self.steps.bounds, "cpu"), self.steps.generator_at_rest
        return [
            Snapshot(
                shape,
                averages[p].clone(),
                statistics[p].clone(),
                take(bounds, [p]),
                self.latent,
                member.gan.active_terms.get("fidelity", 0.0),
                member.gan.mixing,
            )
            for p, member in enumerate(self.members)
        ]

    def keep(self, members: Sequence[int]) -> None:
        """Go on with the members at these positions only; the others are forgotten with all their numbers.

        Those that stay are trained as if nothing had happened, because batches drawn ahead are kept too and
        every member has random streams of its own.
        """
        rows = list(members)
        self.members = [self.members[p] for p in rows]
        self.batch_streams = [self.batch_streams[p] for p in rows]
        self.streams = [self.streams[p] for p in rows]
        self.state, self.steps.bounds = take(self.state, rows), take(self.steps.bounds, rows)
        self.steps.strengths = take(self.steps.strengths, rows)
        self.recorded_PK, self.children_PM = self.recorded_PK[rows], self.children_PM[rows]
        for key, ahead in self.ahead.items():
            self.blocks[key] = [self.blocks[key][p] for p in rows]
            self.ahead[key] = replace(ahead, positions=tuple(ahead.positions[p] for p in rows))

    def numbers(self) -> CohortNumbers:
        """Collect what training has changed, with which a fresh cohort of the same members goes on alike."""
        return CohortNumbers(
            self.state,
            _positions([batches.stream for batches in self.batch_streams]),
            _positions(self.streams),
            {key: ahead for key, ahead in self.ahead.items() if ahead.n_left},
        )

    def restore(self, numbers: CohortNumbers) -> None:
        """Go on from numbers that a cohort of the same members had at the end of an evaluation round."""
        self.state = to_device(numbers.state, self.device)
        self.recorded_PK = self.state.control_PK
        batch_streams = [batches.stream for batches in self.batch_streams]
        for balanced, ahead in numbers.ahead.items():
            _set_positions(batch_streams, ahead.positions)
            self._draw_ahead(balanced, ahead.n_batches)
            self.ahead[balanced] = ahead
        _set_positions(batch_streams, numbers.batch_positions)
        _set_positions(self.streams, numbers.positions)

    def roll_back(self, members: Sequence[int], saved: State) -> None:
        """Restore the saved numbers of the members at these positions, and halve their learning rates.

        The rates that are halved are those of now, not the saved ones, so that one rollback after another
        takes ever smaller steps. ``saved`` has one row per member.
        """
        rates_P1 = self.state.rate_P1[list(members)] / 2
        self.state = put(self.state, members, replace(saved, rate_P1=rates_P1))
        self.recorded_PK = put(self.recorded_PK, members, saved.control_PK)

    def collapsed(self) -> list[bool]:
        """Tell which members' generated rows are all alike, if a controller watches for that; else none."""
        return self.feedback.collapsed(self.state) if self.feedback else [False] * len(self.members)

    def decisions(self) -> list[tuple[Member, str, str]]:
        """List what controllers and evolution have decided since the last call, member by member.

        An entry holds the member, the name of the controller or ``"evolution"``, and a sentence for the log.
        Evolution is logged only where there are several mutations to choose among.
        """
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

    def advance(self, n_steps: int, losses_P2: Tensor | None = None) -> Tensor:
        """Train all members for some steps, and sum up their losses ``(P, 2)`` of critic and generator.

        The sums go on from ``losses_P2``, which is changed, or from zeros. In a step the critics are updated
        as often as the GAN asks, then the generators once. Controllers see both and adjust the next step;
        members that they find stuck begin anew with fresh networks.
        """
        evolution = self.gan.evolution
        if losses_P2 is None:
            losses_P2 = torch.zeros(len(self.members), 2, device=self.device)
        for _ in range(n_steps):
            critic = self._train_critic(losses_P2)
            if not self.steps.terms:
                continue
            # An inner split costs more than a critic's update, so a guided GAN draws one for both.
            batch = critic[0] if critic and isinstance(critic[0], GuidedBatch) else self._next_batch()
            before = self.state
            if evolution:
                from gan_oversampler.training.evolving import evolve

                self.state, loss_P, mutation_P = evolve(self.steps, evolution, before, batch, self.streams)
                self.children_PM[torch.arange(len(mutation_P)), mutation_P.cpu()] += 1
            else:
                self.state, loss_P = self.steps.generator_step(before, batch, self.streams)
            losses_P2[:, 1] += loss_P
            if self.feedback and critic:
                if evolution:
                    loss_P = evolution.shared(loss_P)
                self.state = self.feedback.update(self.state, *critic, loss_P)
                for p, control_K, number in self.feedback.restarting(before, self.state):
                    streams = self.members[p].streams.child("restart", number)
                    fresh = self._start([replace(self.members[p], streams=streams)], control_K)
                    self.state = put(self.state, [p], replace(fresh, rate_P1=self.state.rate_P1[[p]]))
        return losses_P2

    def _train_critic(self, losses_P2: Tensor) -> tuple[Batch, CriticResult] | None:
        """The critic's updates between two of the generator; the first one is returned."""
        if not self.steps.trains_critic:
            return None
        first = None
        paced = self.feedback.critic_steps(self.state) if self.feedback else None
        if self.feedback is None or paced is None:
            n_steps = self.gan.critic.steps
            for _ in range(n_steps):
                batch = self._next_batch(self.gan.balanced)
                self.state, result = self.steps.critic_step(self.state, batch, self.streams)
                losses_P2[:, 0] += result.total_P / n_steps
                first = first or (batch, result)
            return first
        from gan_oversampler.training.feedback import streams_of_active

        # Each member has as many updates as its controller wants, and then rests. All draw as many batches as
        # any may ever need, and the first update is computed even for members that rest: so streams move
        # alike whatever trains beside a member, and controllers always have something to see.
        batches = [self._next_batch(self.gan.balanced) for _ in range(self.feedback.max_critic_steps)]
        for k in range(max(1, *paced)):
            resting = [p for p, steps in enumerate(paced) if steps <= k]
            streams = streams_of_active(self.streams, resting) if k else self.streams
            after, result = self.steps.critic_step(self.state, batches[k], streams)
            self.state = put(after, resting, take(self.state, resting))
            if not k:
                first = batches[0], result
                losses_P2[:, 0] += result.total_P
        return first

    def _next_batch(self, balanced: bool = True) -> Batch:
        """The next batch; they are drawn ahead, in blocks that do not depend on when members are scored."""
        if balanced not in self.ahead or not self.ahead[balanced].n_left:
            width = max(self.steps.generator.space.width, len(self.members[0].data.rows))
            block = BLOCK
            if isinstance(self.steps.generator, GuidedGenerator) and width > WIDE_ROW:
                block = max(2, BLOCK * WIDE_ROW // width)
            self._draw_ahead(balanced, block)
        ahead = self.ahead[balanced]
        self.ahead[balanced] = replace(ahead, n_left=ahead.n_left - 1)
        return stacked(self.blocks[balanced], ahead.n_batches - ahead.n_left, self.device)

    def _draw_ahead(self, balanced: bool, n_batches: int) -> None:
        positions = _positions([batches.stream for batches in self.batch_streams])
        self.ahead[balanced] = DrawnAhead(positions, n_batches, n_batches)
        self.blocks.pop(balanced, None)  # the last block makes room for the next one
        self.blocks[balanced] = [batches.draw(n_batches, balanced=balanced) for batches in self.batch_streams]


def _positions(streams: Sequence[torch.Generator]) -> tuple[Tensor, ...]:
    return tuple(stream.get_state() for stream in streams)


def _set_positions(streams: Sequence[torch.Generator], positions: Sequence[Tensor]) -> None:
    for stream, position in zip(streams, positions, strict=True):
        stream.set_state(position)
