"""The method on one screen: folds, population, evaluation rounds, and what every oracle makes of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from gan_oversampler._utils import Streams
from gan_oversampler.callbacks import Event, in_order
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.layout import Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.plan import Plan, Services
from gan_oversampler.reporting.evidence import Evidence
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import Report
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.sampling.sources import BaseSource, Source
from gan_oversampler.selection.candidate_sources import CrossFittedSources, base_sources, generator_sources
from gan_oversampler.selection.choice import Utilities, choose
from gan_oversampler.selection.decision import Decision, decide, decide_without_oracle
from gan_oversampler.selection.draw_options import rules_of, scored_draw_options
from gan_oversampler.selection.folds import split
from gan_oversampler.selection.history import (
    HistoryWriter,
    baseline_entry,
    gather_evidence,
    small_class_notes,
    write_report,
)
from gan_oversampler.selection.post_processing import NO_GENERATOR, NO_POLICY, apply_policy, reject
from gan_oversampler.selection.scoring import Evaluator, n_new_at_ratio
from gan_oversampler.training.data import MIN_ROWS, Fold, TrainingData
from gan_oversampler.training.loop import Budget, Candidate, OracleTracker, Scored, train
from gan_oversampler.training.population import CrossFittedPopulation

NO_ORACLE: Final = "none"  # the name of the report where there is no oracle

Parameters = Mapping[str, Any]
"""Parameters of the sampler, for reports."""


@dataclass(frozen=True)
class Problem:
    """What is to be learned and drawn."""

    rows: Rows  # all real rows, encoded
    space: RowSpace  # their geometry
    n_new: Mapping[int, int]  # new rows of each class to oversample, by code
    folds: Sequence[Fold]  # positions of training and held-out rows; none without an oracle
    learned: list[int]  # codes of those classes that have enough rows to learn from
    notes: tuple[str, ...] = ()  # what a user should know about the others

    @classmethod
    def of(
        cls, plan: Plan, rows: Rows, layout: Layout, n_new: Mapping[int, int], streams: Streams
    ) -> Problem:
        """Find the classes that can be learned, and split the rows into folds."""
        counts, labels = rows.counts, rows.classes.tolist()
        learned = [code for code in n_new if counts[code] >= MIN_ROWS] if layout.width else []
        base, rare = plan.gans[0].base, {labels[code]: int(counts[code]) for code in n_new}
        notes = small_class_notes(rare, base, MIN_ROWS) if layout.width else []
        folds: Sequence[Fold] = ()
        if learned and plan.oracles:
            seed = streams.child_seed("folds") % 2**32
            folds = split(plan.cv, rows, int(counts[learned].min()), seed)
        return cls(rows, RowSpace(layout), n_new, folds, learned, tuple(notes))

    @property
    def new_per_real(self) -> dict[int, float]:
        """New rows per real row of each class to oversample."""
        counts = self.rows.counts
        return {code: float(n / counts[code]) for code, n in self.n_new.items()}

    @property
    def labels(self) -> dict[int, Any]:
        """Labels of the classes to oversample."""
        labels = self.rows.classes.tolist()
        return {code: labels[code] for code in self.n_new}

    def training_data(self, plan: Plan) -> TrainingData:
        """Collect the rows of every fold, with their neighbourhoods."""
        return TrainingData.of(plan.gans, self.rows, self.space, self.folds, self.learned, self.new_per_real)


@dataclass(frozen=True)
class Outcome:
    """What one oracle makes of a fit."""

    source: Source  # draws the new rows
    report: Report  # what was kept, and why
    # new rows by class code, where the oracle has chosen a ratio fewer than were asked for
    n_new: Mapping[int, int]
    fallback: str | None = None  # the baseline that draws, if one does


@dataclass(frozen=True)
class Training:
    """A training that further oracles can score."""

    plan: Plan  # what was asked for
    problem: Problem
    rounds: tuple[tuple[Candidate, ...], ...]  # everything that was scored, round by round
    events: tuple[Event, ...]  # what was decided meanwhile
    summary: ModelSummary  # layers of the networks


@dataclass(frozen=True)
class Fit:
    """What a fit leaves behind."""

    outcomes: dict[str, Outcome]  # one per oracle; the first one draws unless another is asked for
    training: Training | None = None  # kept with ``keep_candidates=True``, where oracles have scored anything

    @property
    def first(self) -> Outcome:
        """Outcome of the first oracle."""
        return next(iter(self.outcomes.values()))


def fit(
    plan: Plan,
    rows: Rows,
    layout: Layout,
    n_new: Mapping[int, int],
    services: Services,
    parameters: Parameters,
) -> Fit:
    """Find, for every oracle, the best source of new rows.

    Parameters
    ----------
    plan : Plan
        What the user asks for.
    rows, layout : Rows, Layout
        Encoded real rows.
    n_new : dict of int to int
        New rows by class code.
    services : Services
        Randomness, device, jobs, clock.
    parameters : mapping of str to Parameter
        Parameters of the sampler, for the report.
    """
    clock, streams = services.clock, services.streams
    problem = Problem.of(plan, rows, layout, n_new, streams)
    if not problem.learned:
        outcome = _untrained(plan, problem, streams, parameters)
        return Fit(dict.fromkeys(plan.oracles or [NO_ORACLE], outcome))
    with clock.phase("neighbours"):
        data = problem.training_data(plan)
    if not plan.oracles:
        return _without_oracle(plan, problem, data, services, parameters)
    evaluators = {
        name: _evaluator(oracle, problem, plan, data, services) for name, oracle in plan.oracles.items()
    }
    with clock.phase("baselines"):
        baselines = {name: _baselines(plan, name, e, services) for name, e in evaluators.items()}
    population = CrossFittedPopulation(plan.gans, data, streams.child("members"), services.device)
    summary = ModelSummary.of(population.networks)
    trackers = {name: _tracker(plan, name, e, services) for name, e in evaluators.items()}
    with clock.phase("training"):
        events = _train(plan, population, list(trackers.values()), plan.budget, services)
    training = Training(plan, problem, _rounds(list(trackers.values())), events, summary)
    conclude = _Conclusion(training, data, services, parameters)
    drafts = {
        name: conclude.draft(e, trackers[name].scored, baselines[name]) for name, e in evaluators.items()
    }
    first = next(iter(drafts.values())).decision
    if first.error:
        raise RuntimeError(first.error)
    for message in first.warnings:
        warnings.warn(message, UserWarning, stacklevel=2)
    outcomes = {name: conclude.outcome(draft) for name, draft in drafts.items()}
    return Fit(outcomes, training if plan.keep_candidates else None)


def rescore(fit: Fit, name: str, oracle: Oracle, services: Services, parameters: Parameters) -> Fit:
    """Add the outcome of one more oracle, which scores all that was kept of the training.

    Raises
    ------
    ValueError
        If nothing was kept, or nothing was scored.
    """
    if fit.training is None:
        raise ValueError(
            "There are no candidates to score again. Fit with keep_candidates=True and an oracle; at least"
            f" one class to oversample must have {MIN_ROWS} rows."
        )
    training = fit.training
    plan = replace(training.plan, oracles={name: oracle})
    with services.clock.phase("neighbours"):
        data = training.problem.training_data(plan)
    evaluator = _evaluator(oracle, training.problem, plan, data, services)
    with services.clock.phase("baselines"):
        baselines = _baselines(plan, name, evaluator, services)
    # Everything that was kept is scored: patience has done its part when it was trained.
    tracker = _tracker(plan, name, evaluator, services, patience=math.inf)
    for candidates in training.rounds:
        tracker.evaluate(candidates, replace(plan.budget, growth=0.0), lambda: services.clock.seconds)
    conclude = _Conclusion(replace(training, plan=plan), data, services, parameters)
    outcome = conclude.outcome(conclude.draft(evaluator, tracker.scored, baselines))
    return replace(fit, outcomes={**fit.outcomes, name: outcome})


@dataclass(frozen=True)
class _Draft:
    """What one oracle has found, before anything is drawn for its report."""

    decision: Decision
    evaluator: Evaluator
    scored: Sequence[Scored]
    baselines: Mapping[str, Utilities]


@dataclass(frozen=True)
class _Conclusion:
    """From the scores of one oracle to its outcome: decision, sources, evidence, report."""

    training: Training
    data: TrainingData
    services: Services
    parameters: Parameters

    def draft(
        self, evaluator: Evaluator, scored: Sequence[Scored], baselines: Mapping[str, Utilities]
    ) -> _Draft:
        """Choose among candidates and draw options, and decide what draws."""
        plan = self.training.plan
        with self.services.clock.phase("choice"):
            try:
                choice = choose(scored, *rules_of(plan.gans))
            except ValueError as error:
                raise ValueError(f"{error} {' '.join(map(str, evaluator.failures[-1:]))}") from None
            tried = scored_draw_options(
                evaluator, scored, choice, policy=plan.policy, choose_ratio=plan.choose_ratio
            )
            decision = decide(
                scored, tried, baselines, plan.gans, fallback=plan.fallback, sign=evaluator.sign
            )
        return _Draft(decision, evaluator, scored, baselines)

    def outcome(self, draft: _Draft) -> Outcome:
        """Make the sources, draw the evidence, and write the report."""
        plan, problem = self.training.plan, self.training.problem
        decision, evaluator = draft.decision, draft.evaluator
        sources, notes = _sources(
            plan, problem, self.data, decision, evaluator.at_ratio(decision.ratio), self.services
        )
        with self.services.clock.phase("evidence"):
            evidence = gather_evidence(
                problem.rows, problem.folds, sources.by_fold, list(problem.n_new), self.services.streams
            )
        report = write_report(
            decision,
            evaluator,
            draft.scored,
            draft.baselines,
            plan.gans,
            notes=problem.notes,
            draw_notes=notes,
            events=self.training.events,
            seconds=self.services.clock.by_phase,
            evidence=evidence,
            summary=self.training.summary,
            parameters=self.parameters,
        )
        n_new = n_new_at_ratio(dict(enumerate(problem.rows.counts)), problem.n_new, decision.ratio)
        return Outcome(sources.full, report, n_new, decision.fallback)


def _evaluator(
    oracle: Oracle, problem: Problem, plan: Plan, data: TrainingData, services: Services
) -> Evaluator:
    return Evaluator.of(
        oracle,
        problem.rows,
        problem.folds,
        problem.new_per_real,
        plan.gans,
        data,
        services.streams,
        services.n_jobs,
    )


def _baselines(plan: Plan, name: str, evaluator: Evaluator, services: Services) -> dict[str, Utilities]:
    """Utilities of the baselines, said as they come."""
    found = evaluator.baselines(plan.baselines)
    if len(plan.oracles) > 1:
        services.say(f"{name}:")
    for baseline, utilities in found.items():
        services.say(str(baseline_entry(baseline, evaluator.sign * utilities)))
    return found


def _tracker(
    plan: Plan, name: str, evaluator: Evaluator, services: Services, patience: float | None = None
) -> OracleTracker:
    """A tracker that times the scorings and says each score as it comes."""
    writer = HistoryWriter(plan.gans, evaluator.sign)
    prefix = f"{name}: " if len(plan.oracles) > 1 else ""

    def score(candidates: Sequence[Candidate]) -> Sequence[Utilities]:
        with services.clock.phase("oracle"):
            return evaluator(candidates)

    def say(scored: Sequence[Scored]) -> None:
        for entry in scored:
            services.say(f"{prefix}{writer.entry(entry)}")

    return OracleTracker(score, plan.budget.patience if patience is None else patience, say)


def _train(
    plan: Plan,
    population: CrossFittedPopulation,
    trackers: Sequence[OracleTracker],
    budget: Budget,
    services: Services,
) -> tuple[Event, ...]:
    """Run the loop, and collect what was decided meanwhile."""
    events: list[Event] = []

    def log(step: int, specification: int, controller: str, decision: str) -> None:
        events.append(Event(step, plan.gans[specification].label, "", controller, decision))

    train(population, trackers, budget, lambda: services.clock.seconds, log)
    return in_order((*population.events, *events))


def _rounds(trackers: Sequence[OracleTracker]) -> tuple[tuple[Candidate, ...], ...]:
    """Every candidate that any oracle scored, by step."""
    candidates = [entry.candidate for tracker in trackers for entry in tracker.scored]
    seen = {(candidate.step, candidate.specification): candidate for candidate in candidates}
    steps = sorted({step for step, _ in seen})
    return tuple(tuple(seen[key] for key in sorted(seen) if key[0] == step) for step in steps)


def _sources(
    plan: Plan,
    problem: Problem,
    data: TrainingData,
    decision: Decision,
    evaluator: Evaluator | None,
    services: Services,
) -> tuple[CrossFittedSources, list[str]]:
    """The sources of a decision, with rejection and policy, and what to note of these."""
    n_folds, notes = len(problem.folds), []
    if not decision.candidates:
        notes += [NO_GENERATOR] if plan.rejection else []
        notes += [NO_POLICY] if plan.policy is not None else []
        return base_sources(decision.base, data, n_folds), notes
    sources = generator_sources(plan.gans, decision.candidates, data, n_folds)
    if plan.rejection:
        with services.clock.phase("rejection"):
            gan = plan.gans[decision.candidates[0].specification]
            root = services.streams.child("polish").child("reject")
            sources, notes = reject(sources, plan.rejection, gan, data, problem.labels, evaluator, root)
    if not decision.policy.changes_nothing:
        with services.clock.phase("policy"):
            sources, more = apply_policy(sources, decision.policy, data, evaluator)
        notes += more
    return sources, notes


def _without_oracle(
    plan: Plan, problem: Problem, data: TrainingData, services: Services, parameters: Parameters
) -> Fit:
    """Train the first GAN for a fixed number of steps."""
    gan, clock = plan.gans[0], services.clock
    # Later generators count as better, so a budget that may grow would always do so.
    tracker = OracleTracker(lambda found: [np.array([float(c.step)]) for c in found], math.inf)
    with clock.phase("training"):
        population = CrossFittedPopulation([gan], data, services.streams.child("members"), services.device)
        summary = ModelSummary.of(population.networks)
        events = _train(plan, population, [tracker], replace(plan.budget, growth=0.0), services)
    policy = plan.policy if isinstance(plan.policy, Policy) else Policy()
    decision = decide_without_oracle(tracker.scored, gan, policy)
    for message in decision.warnings:
        warnings.warn(message, UserWarning, stacklevel=2)
    sources, notes = _sources(plan, problem, data, decision, None, services)
    report = write_report(
        decision,
        None,
        tracker.scored,
        {},
        plan.gans,
        notes=problem.notes,
        draw_notes=notes,
        events=events,
        seconds=clock.by_phase,
        evidence=_unscored_evidence(problem, sources.full, list(problem.n_new), services.streams),
        summary=summary,
        parameters=parameters,
    )
    return Fit({NO_ORACLE: Outcome(sources.full, report, problem.n_new)})


def _untrained(plan: Plan, problem: Problem, streams: Streams, parameters: Parameters) -> Outcome:
    """A geometric sampler without training, where folds would mean nothing."""
    base, rows, width = plan.gans[0].base, problem.rows, problem.space.width
    reason = "no class to oversample has enough rows to learn from"
    if not problem.n_new:
        reason = "no rows are asked for"
    elif not width:
        reason = "all columns are constant"
    data = FoldData.of(rows.values, rows.codes, problem.space, learned=(), drawn=list(problem.n_new))
    source, evidence = BaseSource(data, base), None
    several = [code for code in problem.n_new if rows.counts[code] > 1] if width else []
    if several:
        evidence = _unscored_evidence(problem, source, several, streams)
    notes = [NO_GENERATOR] if plan.rejection else []
    notes += [NO_POLICY] if plan.policy is not None else []
    decision = Decision(f"{base}, untrained", reason, base=base)
    report = write_report(
        decision,
        None,
        [],
        {},
        plan.gans,
        notes=problem.notes,
        draw_notes=notes,
        evidence=evidence,
        parameters=parameters,
    )
    return Outcome(source, report, problem.n_new)


def _unscored_evidence(
    problem: Problem, source: Source, targets: Sequence[int], streams: Streams
) -> Evidence:
    """New rows beside the real ones that their source saw: nothing was held out."""
    everything = [(np.arange(len(problem.rows)), np.arange(0))]
    return gather_evidence(problem.rows, everything, [source], targets, streams)
