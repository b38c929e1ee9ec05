"""The method on one screen: folds, population, evaluation rounds, and what every oracle makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
from sklearn.base import clone

from gan_oversampler._utils import warn_user
from gan_oversampler.callbacks import Event
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.layout import Layout
from gan_oversampler.ending import Ending
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.plan import Plan, Services
from gan_oversampler.reporting.evidence import Evidence
from gan_oversampler.reporting.facts import LabelScores
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import Report
from gan_oversampler.reporting.search_facts import SearchFacts
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.sampling.sources import BaseSource, Source
from gan_oversampler.selection.advice import Ranking, advice_facts
from gan_oversampler.selection.candidate_sources import CrossFittedSources, base_sources, generator_sources
from gan_oversampler.selection.choice import Utilities, choose, keepable_utilities
from gan_oversampler.selection.decision import Decision, decide, decide_without_oracle
from gan_oversampler.selection.draw_options import rules_of, scored_draw_options
from gan_oversampler.selection.history import (
    HistoryWriter,
    baseline_entry,
    far_note,
    gather_evidence,
    label_scores,
    write_report,
)
from gan_oversampler.selection.post_processing import NO_GENERATOR, NO_POLICY, apply_policy, reject
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import Evaluator, n_new_at_ratio
from gan_oversampler.selection.scoring_limit import ScoringLimit
from gan_oversampler.training.data import MIN_ROWS, Fold, TrainingData
from gan_oversampler.training.loop import Candidate, OracleTracker, Scored
from gan_oversampler.training.population import CrossFittedPopulation
from gan_oversampler.watching import train_watched

NOTHING_SEARCHED: Final = (
    "Nothing is searched, because nothing is trained: no class gets new rows, or those that do have fewer"
    " than {} rows."
)
SEARCHED: Final = "searched"  # the name in reports of the GAN that a search has found
NO_ORACLE: Final = "none"  # the name of the report where there is no oracle

Facts = Mapping[str, Any]
"""Fields of reports that are known before the fit: parameters of the sampler, constraints of the table."""


@dataclass(frozen=True)
class Outcome:
    """What one oracle makes of a fit."""

    source: Source  # draws the new rows
    report: Report  # what was kept, and why
    n_new: Mapping[int, int]  # new rows by class code: fewer than were asked for, if a ratio was chosen
    fallback: str | None = None  # the baseline that draws, if one does
    ratio: float = 1.0  # of the rows that classes would have in all, if that was chosen; 0: no new rows


@dataclass(frozen=True)
class Training:
    """A training that further oracles can score."""

    plan: Plan
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
        """Outcome of the first oracle, which draws new rows unless another oracle is asked for."""
        return next(iter(self.outcomes.values()))


@dataclass(frozen=True)
class _Result:
    """What one oracle has scored, and what it decides; without an oracle there are no scores."""

    evaluator: Evaluator | None
    scored: Sequence[Scored]
    baselines: Mapping[str, Utilities]
    decision: Decision


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
        outcome = _untrained(plan, problem, services, facts)
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
        result = _result(ending.choices, evaluator, trackers[name].scored, baselines[name], services)
        outcomes[name] = _outcome(training, data, result, services, facts, ending, decides=not outcomes)
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
    result = _result(plan, evaluator, tracker.scored, baselines, services)
    outcome = _outcome(training, data, result, services, facts, decides=False)
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


def _result(
    plan: Plan,
    evaluator: Evaluator,
    scored: Sequence[Scored],
    baselines: Mapping[str, Utilities],
    services: Services,
) -> _Result:
    """What one oracle decides: candidates, policy and ratio, or a baseline."""
    with services.clock.phase("choice"):
        try:
            choice = choose(scored, *rules_of(plan.gans))
        except ValueError as error:
            raise ValueError(f"{error} {' '.join(map(str, evaluator.failures[-1:]))}") from None
        tried = scored_draw_options(
            evaluator,
            scored,
            choice,
            policy=plan.policy,
            choose_ratio=plan.choose_ratio,
            baselines=baselines,
        )
        decision = decide(
            scored,
            tried,
            baselines,
            plan.gans,
            fallback=plan.fallback,
            sign=evaluator.sign,
            heldout_ratio=evaluator.heldout_ratio,
        )
    return _Result(evaluator, scored, baselines, decision)


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
    return _outcome(training, data, _Result(None, tracker.scored, {}, decision), services, facts)


def _outcome(
    training: Training,
    data: TrainingData,
    result: _Result,
    services: Services,
    facts: Facts,
    ending: Ending | None = None,
    *,
    decides: bool = True,
) -> Outcome:
    """The sources of a decision, with rejection and policy, and its report, which its ``ending`` may shorten.

    Only the oracle that ``decides`` what is drawn warns, or raises, of a baseline that is better.
    """
    decision, evaluator, plan, problem = result.decision, result.evaluator, training.plan, training.problem
    if decides:
        _warn_of(decision)
    is_brief = ending is not None and ending.is_brief
    # Without new rows the sources still draw for ``sample``, as for the full ratio.
    at_ratio = evaluator.at_ratio(decision.ratio or 1.0) if evaluator else None
    sources, notes = _sources(training, data, decision, at_ratio, services)
    with services.clock.phase("evidence"):
        evidence = _evidence(problem, data, sources, services)
        labels = None if is_brief else _label_scores(result, sources)
        fidelity = evidence.fidelity if evidence.is_far and not is_brief else None
    if (far := far_note(fidelity, plan.gans, given=plan.gan_given)) and decision.candidates:
        notes = [*notes, far]
        if decides and fidelity and fidelity.is_very_far:
            warn_user(far)
    advice = _advice(result, at_ratio, sources, services)
    n_new = n_new_at_ratio(dict(enumerate(problem.rows.counts)), problem.n_new, decision.ratio)
    report = write_report(
        decision,
        evaluator,
        result.scored,
        result.baselines,
        plan.gans,
        notes=problem.small_class_notes(plan.gans[0].base),
        draw_notes=notes,
        events=training.events,
        seconds=services.clock.by_phase,
        labels=labels,
        evidence=evidence,
        summary=training.summary,
        table=problem.table_size(n_new),
        **facts,
    )
    return Outcome(sources.full, report.completed_by(advice), n_new, decision.fallback, decision.ratio)


def _warn_of(decision: Decision) -> None:
    """Warn, or raise, of what the decision found wrong."""
    if decision.error:
        raise RuntimeError(decision.error)
    for message in decision.warnings:
        warn_user(message)


def _evidence(
    problem: Problem, data: TrainingData, sources: CrossFittedSources, services: Services
) -> Evidence:
    """New rows beside real ones and beside those of SMOTE."""
    rows, folds, by_fold = problem.rows, problem.folds, sources.by_fold
    smote = base_sources("smote", data, len(folds)).by_fold
    if not folds:  # without an oracle nothing was held out
        folds, by_fold = _all_rows(rows), (sources.full,)
    return gather_evidence(rows, folds, by_fold, list(problem.n_new), services.streams, smote)


def _label_scores(result: _Result, sources: CrossFittedSources) -> LabelScores | None:
    """Scores of the labels that classifiers predict, for what is kept and for baselines that have scores."""
    if result.evaluator is None:
        return None
    known = [name for name, utilities in result.baselines.items() if np.isfinite(utilities).all()]
    return label_scores(result.evaluator, sources.by_fold, known, result.decision.ratio)


def _advice(
    result: _Result, at_ratio: Evaluator | None, sources: CrossFittedSources, services: Services
) -> Callable[[], Mapping[str, Any]]:
    """What gives the advice when it is asked for; rows to compare alternatives on are drawn now."""
    evaluator, utilities = result.evaluator, result.decision.utilities
    if evaluator is None or utilities is None:
        return dict
    with services.clock.phase("advice"):
        is_ranked = at_ratio and evaluator.oracle.alternatives
        ranking = Ranking.prepare(at_ratio, sources.by_fold) if at_ratio and is_ranked else None
    keepable = keepable_utilities(result.scored)
    return partial(advice_facts, utilities, result.baselines, ranking, keepable, evaluator.heldout_ratio)


def _sources(
    training: Training, data: TrainingData, decision: Decision, at_ratio: Evaluator | None, services: Services
) -> tuple[CrossFittedSources, list[str]]:
    """What draws by a decision, after rejection and policy, and notes on what these did."""
    plan, problem, clock = training.plan, training.problem, services.clock
    if not decision.candidates:
        return base_sources(decision.base, data, len(problem.folds)), _unmet(plan)
    sources = generator_sources(plan.gans, decision.candidates, data, len(problem.folds))
    notes: list[str] = []
    if plan.rejection:
        with clock.phase("rejection"):
            gan = plan.gans[decision.candidates[0].specification]
            root = services.streams.child("polish").child("reject")  # frozen names
            sources, notes = reject(sources, plan.rejection, gan, data, problem.labels, at_ratio, root)
    if not decision.policy.changes_nothing:
        with clock.phase("policy"):
            sources, more = apply_policy(sources, decision.policy, data, at_ratio)
        notes += more
    return sources, notes


def _all_rows(rows: Rows) -> list[Fold]:
    """One fold that trains on all rows and holds none out."""
    return [(np.arange(len(rows)), np.arange(0))]


def _unmet(plan: Plan) -> list[str]:
    """What a plan asks for that only generators can meet."""
    return [*([NO_GENERATOR] if plan.rejection else []), *([NO_POLICY] if plan.policy is not None else [])]


def _untrained(plan: Plan, problem: Problem, services: Services, facts: Facts) -> Outcome:
    """Draw from a geometric sampler without training, where folds would mean nothing."""
    base, rows, width = plan.gans[0].base, problem.rows, problem.space.width
    reason = "no class to oversample has enough rows to learn from"
    if not problem.n_new:
        reason = "no rows are asked for"
    elif not width:
        reason = "all columns are constant"
    drawn = list(problem.n_new)
    data = FoldData.seen(rows, np.arange(len(rows)), problem.space, learned=(), drawn=drawn)
    source, evidence = BaseSource(data, base), None
    if several := [code for code in problem.n_new if rows.counts[code] > 1 and width]:
        evidence = gather_evidence(rows, _all_rows(rows), [source], several, services.streams)
    report = write_report(
        Decision(f"{base}, untrained", reason, base=base),
        None,
        [],
        {},
        plan.gans,
        notes=problem.small_class_notes(base),
        draw_notes=[*_unmet(plan), *([f"Nothing was searched: {reason}."] if plan.search else [])],
        evidence=evidence,
        table=problem.table_size(problem.n_new),
        **facts,
    )
    return Outcome(source, report, problem.n_new)
