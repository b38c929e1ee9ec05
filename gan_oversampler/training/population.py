"""All members of one fit, grouped into cohorts that share a tensor program."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from gan_oversampler._utils import Streams
from gan_oversampler.callbacks import Event
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.stream_names import stream_name
from gan_oversampler.nn.autoencoder import CriticNet
from gan_oversampler.nn.generator import FAMILIES, Generator, Snapshot
from gan_oversampler.sampling.pool import Pool
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.loop import Candidate
from gan_oversampler.training.members import Member, State


class CrossFitted:
    """Specifications x (folds + 1) members; a specification moves, rests and falls back as one.

    Parameters
    ----------
    gans : sequence of GAN
        Specifications.
    pools : dict of str to dict of (int or None) to Pool
        By ``GAN.classes``, then by fold: rows that the members may see; None holds all rows.
    streams : Streams
        Root of the members' streams. A member's streams are named by what it is, not by its place.
    device : torch.device
        Where to train.

    Attributes
    ----------
    events : list of Event
        What controllers have decided, rung by rung.
    """

    def __init__(
        self,
        gans: Sequence[GAN],
        pools: Mapping[str, Mapping[int | None, Pool]],
        streams: Streams,
        device: torch.device,
    ) -> None:
        self.gans = list(gans)
        groups: dict[str, list[Member]] = defaultdict(list)
        seen: dict[str, int] = defaultdict(int)
        for number, gan in enumerate(gans):
            name = stream_name(gan)
            root = streams.child(name, seen[name])
            seen[name] += 1
            groups[gan.shape_key] += _members(number, gan, pools[gan.classes], root)
        self.cohorts = [Cohort(members, device) for members in groups.values()]
        self.losses = dict.fromkeys(range(len(gans)), (math.nan, math.nan))
        self.events: list[Event] = []
        self._step = 0
        self._saved: dict[int, State] = {}
        for number in range(len(gans)):
            self.save(number)

    @property
    def networks(self) -> list[tuple[str, Generator, CriticNet | None]]:
        """Name, generator and critic, if any, of all specifications that train, in the user's order."""
        found = {
            member.specification: (member.gan.label, cohort.at_rest, cohort.critic_in_force)
            for cohort in self.cohorts
            for member in cohort.members
            if member.gan.pulls
        }
        return [found[number] for number in sorted(found)]

    def _place(self, specification: int) -> tuple[Cohort, list[int]]:
        for cohort in self.cohorts:
            rows = [p for p, m in enumerate(cohort.members) if m.specification == specification]
            if rows:
                return cohort, rows
        raise KeyError(specification)

    def advance(self, n_steps: int) -> None:
        """Train all active specifications."""
        for cohort in self.cohorts:
            losses_P2 = cohort.advance(n_steps)
            for number in {m.specification for m in cohort.members}:
                _, rows = self._place(number)
                critic, generator = losses_P2[rows].mean(0).tolist()
                critic = critic if cohort.critic_in_force else math.nan
                self.losses[number] = critic, generator
        self._step += n_steps
        self._note_decisions()

    def _note_decisions(self) -> None:
        """Enter what has changed since the rung before, in the user's order."""
        told = [entry for cohort in self.cohorts for entry in cohort.decisions()]
        told.sort(key=lambda entry: entry[0].specification)
        self.events += [
            Event(self._step, member.gan.label, member.name, name, words) for member, name, words in told
        ]

    def candidates(self, step: int) -> list[Candidate]:
        """Active specifications as they are now, in the user's order."""
        firsts: dict[int, dict[int | None, Snapshot]] = defaultdict(dict)
        others: dict[int, list[Snapshot]] = defaultdict(list)
        collapsed: dict[int, bool] = defaultdict(bool)
        for cohort in self.cohorts:
            flags = cohort.control.flagged(cohort.state.control_PK)
            for member, snapshot, flag in zip(cohort.members, cohort.snapshots(), flags, strict=False):
                collapsed[member.specification] |= flag
                if member.sibling:
                    continue
                if member.replica:
                    others[member.specification].append(snapshot)
                else:
                    firsts[member.specification][member.fold] = snapshot
        return [
            Candidate(
                number,
                step,
                firsts[number],
                self.losses[number],
                tuple(others[number]),
                collapsed[number],
                noise=not step and self.trains(number) and not FAMILIES[self.gans[number].family].from_base,
            )
            for number in sorted(firsts)
        ]

    def save(self, specification: int) -> None:
        """Remember the training state of a specification."""
        cohort, rows = self._place(specification)
        self._saved[specification] = cohort.state.take(rows)

    def rollback(self, specification: int) -> None:
        """Go back to the state remembered last, at half the rates."""
        cohort, rows = self._place(specification)
        cohort.fall_back(rows, self._saved[specification])

    def drop(self, specification: int) -> None:
        """Train a specification no further."""
        cohort, rows = self._place(specification)
        rest = [p for p in range(len(cohort.members)) if p not in rows]
        if rest:
            cohort.keep(rest)
        else:
            self.cohorts.remove(cohort)

    def breed(self, scores: Mapping[int, float]) -> None:
        """Lineages of one evolution go on from the best of them, optimisers and all."""
        kin: dict[str, list[int]] = defaultdict(list)
        for number in sorted({m.specification for cohort in self.cohorts for m in cohort.members}):
            if (kinship := self.gans[number].kinship) and math.isfinite(scores.get(number, math.nan)):
                kin[kinship].append(number)
        for numbers in kin.values():
            best = max(numbers, key=lambda number: scores[number])
            ancestor, rows = self._place(best)
            for heir in numbers:
                self._inherit(heir, ancestor.state.take(rows))
            words = f"all lineages go on from {self.gans[best].label}"
            self.events += [
                Event(self._step, self.gans[heir].label, "", "evolution", words)
                for heir in numbers
                if heir != best
            ]

    def _inherit(self, heir: int, ancestor: State) -> None:
        cohort, rows = self._place(heir)
        cohort.state.put(rows, ancestor)
        self.save(heir)

    def trains(self, specification: int) -> bool:
        """Whether there is anything that pulls a specification."""
        return bool(self.gans[specification].pulls)


def _members(number: int, gan: GAN, pools: Mapping[int | None, Pool], streams: Streams) -> list[Member]:
    """One member per fold, and replicas of the one that sees all rows; each with its siblings beside it."""
    members = [Member(number, fold, gan, pool, streams.child(fold)) for fold, pool in pools.items()]
    members += [
        Member(number, None, gan, pools[None], streams.child(None, replica), replica)
        for replica in range(1, gan.n_replicas)
    ]
    return [replace(member, sibling=s) for member in members for s in range(gan.n_siblings)]
