"""The population: all members of one fit, grouped into cohorts that share a tensor program."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import torch

from gan_oversampler._utils import Streams
from gan_oversampler.callbacks import Event
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.nn.autoencoder import CriticNet
from gan_oversampler.nn.generator import BaseGenerator, Snapshot
from gan_oversampler.nn.tensors import take
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import Candidate
from gan_oversampler.training.members import Member, State


class CrossFittedPopulation:
    """Specifications x (folds + 1) members; a specification trains, stops and rolls back as one.

    Parameters
    ----------
    gans : sequence of GAN
        Specifications.
    data : TrainingData
        Rows that the members of each fold may see.
    streams : Streams
        Root of the members' streams. A member's streams are named by what it is, not by its place.
    device : torch.device
        Where to train.

    Attributes
    ----------
    cohorts : list of Cohort
        Members by the shapes that they share.
    events : list of Event
        What controllers have decided, one evaluation round after the other.
    """

    def __init__(
        self, gans: Sequence[GAN], data: TrainingData, streams: Streams, device: torch.device
    ) -> None:
        self.gans = list(gans)
        groups: dict[str, list[Member]] = defaultdict(list)
        seen: dict[str, int] = defaultdict(int)
        for number, gan in enumerate(gans):
            root = streams.child(*gan.stream_name, seen[gan.shape_key + gan.base])
            seen[gan.shape_key + gan.base] += 1
            members = [
                Member(number, fold, gan, fold_data, root.child(fold))
                for fold, fold_data in data.by_fold(gan).items()
            ]
            members += [
                Member(number, None, gan, data.full(gan), root.child(None, replica), replica)
                for replica in range(1, gan.n_replicas)
            ]
            siblings = [replace(member, sibling=s) for member in members for s in range(gan.n_siblings)]
            groups[gan.shape_key] += siblings
        self.cohorts = [Cohort(members, device) for members in groups.values()]
        self.losses = dict.fromkeys(range(len(gans)), (math.nan, math.nan))
        self.events: list[Event] = []
        self._step = 0
        self._saved: dict[int, State] = {}
        for number in range(len(gans)):
            self.save(number)

    @property
    def networks(self) -> list[tuple[str, BaseGenerator, CriticNet | None]]:
        """Label, generator and critic, if any, of all specifications that train, in the user's order."""
        found: dict[int, tuple[str, BaseGenerator, CriticNet | None]] = {}
        for cohort in self.cohorts:
            steps = cohort.steps
            for member in cohort.members:
                if steps.loss_weights:
                    critic = steps.critic if steps.trains_critic else None
                    found[member.specification] = member.gan.label, steps.generator_at_rest, critic
        return [found[number] for number in sorted(found)]

    def advance(self, n_steps: int) -> None:
        """Train all active specifications for some steps."""
        self._step += n_steps
        decisions = []
        for cohort in self.cohorts:
            losses_P2 = cohort.advance(n_steps)
            for number in {m.specification for m in cohort.members}:
                critic, generator = losses_P2[self._place(number)[1]].mean(0).tolist()
                self.losses[number] = critic if cohort.steps.trains_critic else math.nan, generator
            decisions += cohort.decisions()
        for member, name, decision in sorted(decisions, key=lambda entry: entry[0].specification):
            self.events.append(Event(self._step, member.gan.label, member.name, name, decision))

    def candidates(self, step: int) -> list[Candidate]:
        """Collect the active specifications as they are now, in the user's order."""
        by_fold: dict[int, dict[int | None, Snapshot]] = defaultdict(dict)
        replicas: dict[int, list[Snapshot]] = defaultdict(list)
        collapsed: dict[int, bool] = defaultdict(bool)
        for cohort in self.cohorts:
            entries = zip(cohort.members, cohort.snapshots(), cohort.collapsed(), strict=False)
            for member, snapshot, is_collapsed in entries:
                collapsed[member.specification] |= is_collapsed
                if member.sibling:  # only the fittest parent samples
                    continue
                if member.replica:
                    replicas[member.specification].append(snapshot)
                else:
                    by_fold[member.specification][member.fold] = snapshot
        candidates = []
        for number in sorted(by_fold):
            uses_base = FAMILIES[self.gans[number].family].generator.uses_base
            candidates.append(
                Candidate(
                    number,
                    step,
                    by_fold[number],
                    self.losses[number],
                    tuple(replicas[number]),
                    collapsed[number],
                    is_noise=not step and self.trains(number) and not uses_base,
                )
            )
        return candidates

    def save(self, specification: int) -> None:
        """Remember the training state of a specification."""
        cohort, rows = self._place(specification)
        self._saved[specification] = take(cohort.state, rows)

    def roll_back(self, specification: int) -> None:
        """Go back to the state remembered last, at half the rates."""
        cohort, rows = self._place(specification)
        cohort.roll_back(rows, self._saved[specification])

    def drop(self, specification: int) -> None:
        """Train a specification no further."""
        cohort, rows = self._place(specification)
        rest = [p for p in range(len(cohort.members)) if p not in rows]
        if rest:
            cohort.keep(rest)
        else:
            self.cohorts.remove(cohort)

    def trains(self, specification: int) -> bool:
        """Tell whether a specification has any loss term to be trained by."""
        return bool(self.gans[specification].active_terms)

    def _place(self, specification: int) -> tuple[Cohort, list[int]]:
        """Cohort of a specification, and the rows of its members there."""
        for cohort in self.cohorts:
            rows = [p for p, m in enumerate(cohort.members) if m.specification == specification]
            if rows:
                return cohort, rows
        raise KeyError(specification)
