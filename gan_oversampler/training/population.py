"""The population: all members of one fit, grouped into cohorts that share a tensor program."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.callbacks import Event
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.nn.autoencoder import CriticNet
from gan_oversampler.nn.generator import BaseGenerator, Snapshot
from gan_oversampler.nn.tensors import take, to_device
from gan_oversampler.training.cohort import Cohort, CohortNumbers
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import Candidate
from gan_oversampler.training.members import Member, State


@dataclass(frozen=True)
class PopulationNumbers:
    """All that training has changed in a population until the end of an evaluation round."""

    step: int
    active: tuple[int, ...]  # specifications that train on
    cohorts: tuple[CohortNumbers, ...]  # of the members of these
    saved: dict[int, State]  # what these may roll back to
    losses: dict[int, tuple[float, float]]
    events: tuple[Event, ...]


class CrossFittedPopulation:
    """One member per specification and fold, and further ones that see all rows and finally sample.

    A specification trains, stops and rolls back as one. Members that share their shapes form a cohort. The
    streams of a member are named by what it is, not by its place, so it trains the same beside any others.
    """

    def __init__(
        self, gans: Sequence[GAN], data: TrainingData, streams: Streams, device: torch.device
    ) -> None:
        self.gans, self.data = list(gans), data
        groups: dict[str, list[Member]] = defaultdict(list)
        seen: dict[str, int] = defaultdict(int)
        for number, gan in enumerate(gans):
            root = streams.child(*gan.stream_name, seen[gan.identity + gan.base])
            seen[gan.identity + gan.base] += 1
            folds, replicas = data.by_fold(gan), range(1, gan.n_replicas)
            members = [Member(number, fold, gan, rows, root.child(fold)) for fold, rows in folds.items()]
            members += [Member(number, None, gan, folds[None], root.child(None, r), r) for r in replicas]
            siblings = [replace(member, sibling=s) for member in members for s in range(gan.n_siblings)]
            groups[gan.cohort_key] += siblings
        self.cohorts = [Cohort(members, device) for members in groups.values()]
        self.losses = dict.fromkeys(range(len(gans)), (math.nan, math.nan))
        self.seconds = dict.fromkeys(range(len(gans)), 0.0)  # of training, which members of a cohort share
        self.events: list[Event] = []  # what controllers have decided, one evaluation round after the other
        self._step = 0
        self._saved: dict[int, State] = {}
        for number in range(len(gans)):
            self.save(number)

    @property
    def networks(self) -> list[tuple[str, BaseGenerator, CriticNet | None]]:
        """Label, generator and critic of every specification that trains, as shapes; some need no critic."""
        found: dict[int, tuple[str, BaseGenerator, CriticNet | None]] = {}
        for cohort in self.cohorts:
            critic = cohort.steps.critic if cohort.steps.trains_critic else None
            for member in cohort.members if cohort.steps.terms else ():
                found[member.specification] = member.gan.label, cohort.steps.generator_at_rest, critic
        return [found[number] for number in sorted(found)]

    def advance(self, n_steps: int, goes_on: Callable[[int], bool] = lambda n_done: True) -> int:
        """Train all active specifications for some steps, and collect their losses and events meanwhile.

        ``goes_on`` is called with the number of steps done after each of them, and may end training early by
        returning False. The result is the number of steps trained; ``losses`` then holds the means over these
        and over the members of each specification.
        """
        losses, n_done = [cohort.advance(0) for cohort in self.cohorts], 0  # sums over the steps
        while n_done < n_steps:
            losses = [self._timed(cohort, sums_P2) for cohort, sums_P2 in zip(self.cohorts, losses)]
            n_done += 1
            if not goes_on(n_done):
                break
        self._step += n_done
        decisions = []
        for cohort, sums_P2 in zip(self.cohorts, losses):
            losses_P2 = sums_P2.cpu() / max(n_done, 1)
            for number in {m.specification for m in cohort.members}:
                critic, generator = losses_P2[self._place(number)[1]].mean(0).tolist()
                self.losses[number] = critic if cohort.steps.trains_critic else math.nan, generator
            decisions += cohort.decisions()
        for member, name, decision in sorted(decisions, key=lambda entry: entry[0].specification):
            self.events.append(Event(self._step, member.gan.label, member.name, name, decision))
        return n_done

    def _timed(self, cohort: Cohort, sums_P2: Tensor) -> Tensor:
        """One step of a cohort, whose seconds its members share."""
        began, numbers = time.perf_counter(), [member.specification for member in cohort.members]
        sums_P2 = cohort.advance(1, sums_P2)
        share = (time.perf_counter() - began) / len(numbers)
        for number in numbers:
            self.seconds[number] += share
        return sums_P2

    def candidates(self, step: int) -> list[Candidate]:
        """Collect the active specifications as they are now, in the user's order, to be scored.

        A candidate holds snapshots of its members; of an evolving population only the fittest parent's. It
        has collapsed if any of its members has.
        """
        entries: dict[int, list[tuple[Member, Snapshot, bool]]] = defaultdict(list)
        for cohort in self.cohorts:
            for entry in zip(cohort.members, cohort.snapshots(), cohort.collapsed()):
                entries[entry[0].specification].append(entry)
        candidates = []
        for number, found in sorted(entries.items()):
            samplers = [(member, snapshot) for member, snapshot, _ in found if not member.sibling]
            uses_base = FAMILIES[self.gans[number].family].generator.uses_base
            candidates.append(
                Candidate(
                    number,
                    step,
                    {member.fold: snapshot for member, snapshot in samplers if not member.replica},
                    self.losses[number],
                    tuple(snapshot for member, snapshot in samplers if member.replica),
                    any(is_collapsed for _, _, is_collapsed in found),
                    is_noise=not step and self.trains(number) and not uses_base,
                )
            )
        return candidates

    def save(self, specification: int) -> None:
        """Copy all numbers of a specification's members as they are now, for a later ``roll_back``."""
        cohort, rows = self._place(specification)
        self._saved[specification] = take(cohort.state, rows)

    def roll_back(self, specification: int) -> None:
        """Bring a specification back to the numbers that were saved last, and halve its learning rates."""
        cohort, rows = self._place(specification)
        cohort.roll_back(rows, self._saved[specification])

    def drop(self, specification: int) -> None:
        """Forget the members of a specification, which is trained and scored no further; others go on."""
        cohort, rows = self._place(specification)
        rest = [p for p in range(len(cohort.members)) if p not in rows]
        if rest:
            cohort.keep(rest)
        else:
            self.cohorts.remove(cohort)

    @property
    def active(self) -> list[int]:
        """Specifications that have not been dropped, in the user's order."""
        return sorted({member.specification for cohort in self.cohorts for member in cohort.members})

    def numbers(self) -> PopulationNumbers:
        """Collect what training has changed, with which a fresh population of the same GANs goes on alike."""
        return PopulationNumbers(
            self._step,
            tuple(self.active),
            tuple(cohort.numbers() for cohort in self.cohorts),
            {number: self._saved[number] for number in self.active},
            dict(self.losses),
            tuple(self.events),
        )

    def restore(self, numbers: PopulationNumbers) -> None:
        """Go on from numbers that a population of the same GANs and rows had after an evaluation round."""
        for number in set(self.active) - set(numbers.active):
            self.drop(number)
        for cohort, found in zip(self.cohorts, numbers.cohorts, strict=True):
            cohort.restore(found)
        for number, state in numbers.saved.items():
            self._saved[number] = to_device(state, self._place(number)[0].device)
        self._step, self.losses, self.events = numbers.step, dict(numbers.losses), list(numbers.events)

    def weights(self, specification: int) -> dict[int | None, tuple[Tensor, Tensor]]:
        """Copy the weights ``(N,)`` of generator and critic of a specification's members, by fold."""
        cohort, rows = self._place(specification)
        state = to_device(take(cohort.state, rows), "cpu")
        pairs = zip(state.generator.weights_PN, state.critic.weights_PN)
        return {cohort.members[p].fold: (g.clone(), c.clone()) for p, (g, c) in zip(rows, pairs)}

    def begin_from(
        self, specification: int, weights: Mapping[int | None, tuple[Tensor, Tensor | None]]
    ) -> None:
        """Replace the weights that a specification's members begin with, by fold; a critic may be None."""
        cohort, rows = self._place(specification)
        for p in rows:
            generator_N, critic_N = weights[cohort.members[p].fold]
            cohort.begin_from(p, generator_N, critic_N)
        self.save(specification)

    def trains(self, specification: int) -> bool:
        """Tell whether a specification has any loss term to be trained by; without one it is a plain base."""
        return bool(self.gans[specification].active_terms)

    def _place(self, specification: int) -> tuple[Cohort, list[int]]:
        """Cohort of a specification, and the rows of its members there."""
        for cohort in self.cohorts:
            rows = [p for p, m in enumerate(cohort.members) if m.specification == specification]
            if rows:
                return cohort, rows
        raise KeyError(specification)
