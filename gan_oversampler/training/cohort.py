"""Members that share shapes, advanced as one tensor program.

Laws: a member's numbers depend on its own rows, stream and specification only. Losses are means over rows
and sums over members, gradients are clipped per member, every member draws from its own stream.
"""

# P member, B row, N parameter, F encoded column

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.nn.batched_ops import padded
from gan_oversampler.nn.generator import Snapshot
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.training.batches import Batches, Feed
from gan_oversampler.training.control import spare_streams
from gan_oversampler.training.lessons import Lessons
from gan_oversampler.training.members import Member, State, reach_of
from gan_oversampler.training.steps import Game

BLOCK: Final = 50  # batches drawn at once: fewer calls, little memory
WIDE_ROW: Final = 400  # encoded columns from which blocks of lessons, which hold many rows, are smaller


class Cohort(Game):
    """Train members whose specifications differ in their base only.

    Parameters
    ----------
    members : sequence of Member
        Who trains.
    device : torch.device
        Where the tensors live; all numbers are drawn on the CPU.
    """

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        self.members = list(members)
        super().__init__(self.members[0], device)
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
        if self.critic_in_force is None:
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
