"""Trains the GANs of a round as one population, and scores them by the oracle on rows they never saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from sklearn.base import clone

from gan_oversampler.gans.gan import GAN
from gan_oversampler.nn.autoencoder import CriticNet
from gan_oversampler.nn.generator import BaseGenerator
from gan_oversampler.plan import Clock, Plan, Services
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.sources import Source
from gan_oversampler.search.outcome import Fold, Networks, SearchedGAN, Starts, Stop, TrialOutcome, Weights
from gan_oversampler.selection.candidate_sources import fold_source
from gan_oversampler.selection.choice import Utilities
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import Evaluator
from gan_oversampler.selection.scoring_limit import ScoringLimit
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import Candidate, OracleTracker, Scored, Watcher, train
from gan_oversampler.training.networks import networks_of
from gan_oversampler.training.population import CrossFittedPopulation

STREAMS: Final = "search"  # frozen name of the random streams


class RoundWatcher(Watcher):
    """Looks on while a round trains: notes losses and weights, and stops trials that are told to stop."""

    def __init__(
        self,
        population: CrossFittedPopulation,
        tracker: OracleTracker,
        stop: Stop | None,
        *,
        keeps_weights: bool,
    ) -> None:
        self.population, self.tracker, self.stop = population, tracker, stop
        self.keeps_weights = keeps_weights
        self.losses: dict[int, list[tuple[float, float]]] = defaultdict(list)
        self.weights: dict[int, Mapping[Fold, Weights]] = {}
        self.stopped: set[int] = set()

    def round_ends(self, step: int) -> bool:
        found = [entry for entry in self.tracker.scored if entry.candidate.step == step]
        for entry in found:
            if step:
                self.losses[entry.candidate.specification].append(entry.candidate.losses)
        if self.keeps_weights:
            self._note_weights()
        told = {entry.candidate.specification: tuple(entry.utilities.tolist()) for entry in found}
        for number in self.stop(step, told) if self.stop and told else ():
            self.stopped.add(number)
            self.tracker.finished.add(number)
            if number in self.population.active:
                self.population.drop(number)
        return False

    def _note_weights(self) -> None:
        for number in self.population.active:
            pairs = self.population.weights(number).items()
            self.weights[number] = {fold: Weights(*its) for fold, its in pairs}


@dataclass
class Evaluation:
    """Runs rounds of trials on the rows and folds of one problem; every call trains a population.

    A GAN trains and is scored as in a fit of its own: members that never saw a fold are scored on it, the
    patience and steps of the plan are kept, and its best step counts. Random streams are those of its name,
    so trials are compared on equal starts.
    """

    plan: Plan
    problem: Problem
    services: Services
    data: TrainingData
    evaluator: Evaluator
    deadline: float = np.inf  # seconds since the fit began after which no step is trained

    @classmethod
    def of(cls, template: GAN, plan: Plan, problem: Problem, services: Services) -> Evaluation:
        """Search the neighbours of all rows once, and fit the first oracle of the plan on every fold.

        All GANs of the search must have the family and the classes of the ``template``.
        """
        streams = services.streams.child(STREAMS)
        services = replace(services, streams=streams)
        data = problem.training_data([template]).only_folds()
        oracle = next(iter(plan.oracles.values()))
        clock = services.clock
        limit = ScoringLimit(plan.budget.max_time, lambda: clock.seconds)
        evaluator = Evaluator.of(oracle, problem, [template], data, streams, services.n_jobs, limit)
        return cls(plan, problem, services, data, evaluator)

    @property
    def networks(self) -> Networks:
        """Shapes of what this trains."""

        def shapes(gan: GAN) -> tuple[BaseGenerator, CriticNet]:
            return networks_of(gan, next(iter(self.data.by_fold(gan).values())))

        return Networks(shapes, tuple(self.data.by_fold(self.plan.gans[0])))

    def __call__(
        self, searched: Sequence[SearchedGAN], stop: Stop | None = None, starts: Starts = ()
    ) -> list[TrialOutcome]:
        """Train and score the trials of a round together, and return an outcome for each.

        Outcomes hold the weights after the last step if ``starts`` are given.
        """
        gans = [clone(point.gan).set_params(replicas=1) for point in searched]
        streams, clock = self.services.streams.child("members"), self.services.clock
        population = CrossFittedPopulation(gans, self.data, streams, self.services.device)
        for number, weights in enumerate(starts):
            if weights is not None:
                begun = {fold: (its.generator, its.critic) for fold, its in weights.items()}
                population.begin_from(number, begun)
        n_parameters = _sizes(population)
        sources = _Scoring(self.evaluator, searched, gans, self.data, clock)
        tracker = OracleTracker(sources, self.plan.budget.patience)
        watcher = RoundWatcher(population, tracker, stop, keeps_weights=bool(starts))
        budget = replace(self.plan.budget, growth=0.0, max_time=self.deadline)
        train(population, [tracker], budget, lambda: clock.seconds, watcher=watcher)
        outcomes = []
        for number in range(len(searched)):
            rounds = [entry for entry in tracker.scored if entry.candidate.specification == number]
            outcomes.append(
                replace(
                    _best_of(rounds, sources.reasons.get(number, "")),
                    seconds=population.seconds[number] + sources.seconds[number],
                    n_parameters=n_parameters[number],
                    is_stopped=number in watcher.stopped,
                    losses=tuple(watcher.losses[number]),
                    weights=watcher.weights.get(number, {}),
                )
            )
        return outcomes


@dataclass
class _Scoring:
    """Scores candidates of a round, each under the policy of its trial, and notes why some have no score."""

    evaluator: Evaluator
    searched: Sequence[SearchedGAN]
    gans: Sequence[GAN]
    data: TrainingData
    clock: Clock
    reasons: dict[int, str] = field(default_factory=dict)  # the first failure of each trial
    seconds: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def __call__(self, candidates: Sequence[Candidate]) -> list[Utilities]:
        began = self.clock.seconds
        sources = [[self._source(c, fold.number) for fold in self.evaluator.folds] for c in candidates]
        names = [str(c.specification) for c in candidates]
        found, failures = self.evaluator.utilities(sources, names)
        for failure in failures:
            self.reasons.setdefault(int(failure.name), failure.reason)
        for candidate in candidates:
            self.seconds[candidate.specification] += (self.clock.seconds - began) / len(candidates)
        return found

    def _source(self, candidate: Candidate, fold: int) -> Source:
        number = candidate.specification
        source = fold_source(self.gans[number], candidate, self.data, fold)
        policy = self.searched[number].policy
        return PolicySource(source, policy, self.data.fold(None, fold)) if policy else source


def _sizes(population: CrossFittedPopulation) -> dict[int, int]:
    """Number of parameters of the generator of every GAN."""
    return {
        member.specification: cohort.steps.generator_at_rest.n_parameters
        for cohort in population.cohorts
        for member in cohort.members
    }


def _best_of(rounds: Sequence[Scored], reason: str) -> TrialOutcome:
    """Scores of the best round that may be kept, and of all rounds."""
    by_step = {entry.candidate.step: tuple(entry.utilities.tolist()) for entry in rounds}
    sound = [entry for entry in rounds if entry.candidate.may_be_kept and np.isfinite(entry.mean)]
    if not sound:
        last = max(by_step, default=0)
        return TrialOutcome((), last, 0.0, 0, by_step, error=reason or "it diverged before it was scored")
    best = max(sound, key=lambda entry: entry.mean)
    return TrialOutcome(tuple(best.utilities.tolist()), best.candidate.step, 0.0, 0, by_step)
