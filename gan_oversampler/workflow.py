"""The method on one screen: folds, population, evaluation rounds, and what every oracle makes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sklearn.base import clone

from gan_oversampler._utils import warn_user
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.layout import Layout
from gan_oversampler.ending import Ending
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.outcomes import (
    Facts,
    Outcome,
    Result,
    Training,
    outcome_of,
    result_of,
    untrained_outcome,
)
from gan_oversampler.plan import Plan, Services
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.search_facts import SearchFacts
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.selection.choice import Utilities
from gan_oversampler.selection.decision import decide_without_oracle
from gan_oversampler.selection.history import HistoryWriter, baseline_entry
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import Evaluator
from gan_oversampler.selection.scoring_limit import ScoringLimit
from gan_oversampler.training.data import MIN_ROWS, TrainingData
from gan_oversampler.training.loop import Candidate, OracleTracker, Scored
from gan_oversampler.training.population import CrossFittedPopulation
from gan_oversampler.watching import train_watched

NOTHING_SEARCHED: Final = (
    "Nothing is searched, because nothing is trained: no class gets new rows, or those that do have fewer"
    " than {} rows."
)
SEARCHED: Final = "searched"  # the name in reports of the GAN that a search has found
NO_ORACLE: Final = "none"  # the name of the report where there is no oracle


@dataclass(frozen=True)
class Fit:
    """What a fit leaves behind."""

    outcomes: dict[str, Outcome]  # one per oracle; the first one draws unless another is asked for
    training: Training | None = None  # kept with ``keep_candidates=True``, where oracles have scored anything

    @property
    def first(self) -> Outcome:
        """Outcome of the first oracle, which draws new rows unless another oracle is asked for."""
        return next(iter(self.outcomes.values()))


def fit(
    plan: Plan,
    rows: Rows,
    layout: Layout,
    n_new: Mapping[int, int],
    services: Services,
    facts: Facts,
) -> Fit:
    """Find, for every oracle, the best source of new rows: folds, baselines, training, choice, report.

    ``n_new`` counts the rows to draw by class code. Without an oracle the first GAN is trained for a fixed
    number of steps; where no class has enough rows to learn from, its base draws, untrained. ``facts`` go
    to the reports. Raises ValueError if ``cv`` gives no folds to score on, RuntimeError if
    the first oracle finds a baseline better and ``fallback="error"``.
    """
    problem = Problem.of(rows, layout, n_new, services.streams, plan.cv if plan.oracles else None)
    if not problem.learned:
        if plan.search is not None:
            warn_user(NOTHING_SEARCHED.format(MIN_ROWS))
        outcome = untrained_outcome(plan, problem, services, facts)
        return Fit(dict.fromkeys(plan.oracles or [NO_ORACLE], outcome))
    if plan.search is not None:
        with services.clock.phase("search"):
            searched = plan.search.find(plan, problem, services)
        plan, facts = _with_found(plan, searched), {**facts, "search": searched}
    with services.clock.phase("neighbours"):
        data = problem.training_data(plan.gans)
    if not plan.oracles:
        return Fit({NO_ORACLE: _without_oracle(plan, problem, data, services, facts)})
    return _with_oracles(plan, problem, data, services, facts)


def _with_oracles(plan: Plan, problem: Problem, data: TrainingData, services: Services, facts: Facts) -> Fit:
    """Train all GANs at once, while every oracle scores them, and let each oracle decide."""
    clock, streams, gans = services.clock, services.streams, plan.gans
    limit = ScoringLimit(plan.budget.max_time, lambda: clock.seconds)
    evaluators = {
        name: Evaluator.of(oracle, problem, gans, data, streams, services.n_jobs, limit)
        for name, oracle in plan.oracles.items()
    }
    with clock.phase("baselines"):
        baselines = {name: _baselines(plan, name, e, services) for name, e in evaluators.items()}
    population = CrossFittedPopulation(gans, data, streams.child("members"), services.device)
    summary = ModelSummary.of(population.networks)
    trackers = {name: _tracker(plan, name, e, services) for name, e in evaluators.items()}
    ending = Ending(plan, problem, data, list(trackers.values()), list(evaluators.values()), services)
    events = train_watched(population, ending)
    training = Training(plan, problem, _rounds(list(trackers.values())), events, summary)
    outcomes: dict[str, Outcome] = {}
    for name, evaluator in evaluators.items():
        result = result_of(ending.choices, evaluator, trackers[name].scored, baselines[name], services)
        outcomes[name] = outcome_of(training, data, result, services, facts, ending, decides=not outcomes)
    return Fit(outcomes, training if plan.keep_candidates else None)


def _with_found(plan: Plan, searched: SearchFacts) -> Plan:
    """The plan with the GAN that a search has found, if it is better on rows that the search did not see.

    To be kept it then has to be better on all rows, too, as any other GAN of a list.
    """
    if not searched.is_better:
        return plan
    policies = plan.policy
    if searched.best_policy is not None and policies is None:
        policies = (Policy(), searched.best_policy)
    found, own = clone(searched.best_gan).set_params(name=SEARCHED), plan.gans[0]
    if (found.identity, found.base) == (own.identity, own.base):  # only the policy differs
        return replace(plan, policy=policies)
    return replace(plan, gans=(*plan.gans, found), policy=policies)


def rescore(fit: Fit, name: str, oracle: Oracle, services: Services, facts: Facts) -> Fit:
    """Add the outcome of one more oracle, which scores all candidates that were kept of the training.

    Nothing is trained again, and nothing is warned of: the first oracle still draws. Raises ValueError if
    nothing was kept, or nothing was scored.
    """
    if fit.training is None:
        raise ValueError(
            "There are no candidates to score again. Fit with keep_candidates=True and an oracle; at least"
            f" one class to oversample must have {MIN_ROWS} rows."
        )
    plan = replace(fit.training.plan, oracles={name: oracle})
    training = replace(fit.training, plan=plan)
    with services.clock.phase("neighbours"):
        data = training.problem.training_data(plan.gans)
    evaluator = Evaluator.of(oracle, training.problem, plan.gans, data, services.streams, services.n_jobs)
    with services.clock.phase("baselines"):
        baselines = _baselines(plan, name, evaluator, services)
    # Everything that was kept is scored: patience has done its part when it was trained.
    tracker = _tracker(plan, name, evaluator, services, patience=math.inf)
    for candidates in training.rounds:
        tracker.evaluate(candidates, replace(plan.budget, growth=0.0), lambda: services.clock.seconds)
    result = result_of(plan, evaluator, tracker.scored, baselines, services)
    outcome = outcome_of(training, data, result, services, facts, decides=False)
    return replace(fit, outcomes={**fit.outcomes, name: outcome})


def _baselines(plan: Plan, name: str, evaluator: Evaluator, services: Services) -> dict[str, Utilities]:
    """Utilities of the baselines, said as they come."""
    found = evaluator.baselines(plan.baselines)
    if len(plan.oracles) > 1:
        services.observer.say(f"{name}:")
    for baseline, utilities in found.items():
        entry = baseline_entry(baseline, evaluator.sign * utilities, evaluator.heldout_ratio)
        services.observer.say(str(entry))
    return found


def _tracker(
    plan: Plan, name: str, evaluator: Evaluator, services: Services, patience: float | None = None
) -> OracleTracker:
    """A tracker that times the scorings and says each score as it comes."""
    writer = HistoryWriter(plan.gans, evaluator.sign, evaluator.heldout_ratio)
    prefix = f"{name}: " if len(plan.oracles) > 1 else ""

    def score(candidates: Sequence[Candidate]) -> Sequence[Utilities]:
        with services.clock.phase("oracle"):
            return evaluator(candidates)

    def say(scored: Sequence[Scored]) -> None:
        for entry in scored:
            services.observer.say(f"{prefix}{writer.entry(entry)}")

    return OracleTracker(score, plan.budget.patience if patience is None else patience, say)


def _rounds(trackers: Sequence[OracleTracker]) -> tuple[tuple[Candidate, ...], ...]:
    """Every candidate that any oracle scored, by step."""
    candidates = [entry.candidate for tracker in trackers for entry in tracker.scored]
    seen = {(candidate.step, candidate.specification): candidate for candidate in candidates}
    steps = sorted({step for step, _ in seen})
    return tuple(tuple(seen[key] for key in sorted(seen) if key[0] == step) for step in steps)


def _without_oracle(
    plan: Plan, problem: Problem, data: TrainingData, services: Services, facts: Facts
) -> Outcome:
    """Train the first GAN for a fixed number of steps, and keep its last state."""
    gan = plan.gans[0]
    # Later generators count as better, so a budget that may grow would always do so.
    plan = replace(plan, gans=(gan,), budget=replace(plan.budget, growth=0.0))
    tracker = OracleTracker(lambda found: [np.array([float(c.step)]) for c in found], math.inf)
    population = CrossFittedPopulation([gan], data, services.streams.child("members"), services.device)
    summary = ModelSummary.of(population.networks)
    ending = Ending(plan, problem, data, [tracker], [], services)
    events = train_watched(population, ending)
    training = Training(plan, problem, (), events, summary)
    policy = plan.policy if isinstance(plan.policy, Policy) else Policy()
    decision = decide_without_oracle(tracker.scored, gan, policy)
    return outcome_of(training, data, Result(None, tracker.scored, {}, decision), services, facts)
