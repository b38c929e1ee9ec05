"""What an oracle makes of a training: its decision, the sources that draw by it, and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gan_oversampler._utils import warn_user
from gan_oversampler.callbacks import Event
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.ending import Ending
from gan_oversampler.plan import Plan, Services
from gan_oversampler.reporting.evidence import Evidence
from gan_oversampler.reporting.facts import LabelScores
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import Report
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import BaseSource, Source
from gan_oversampler.selection.advice import Ranking, advice_facts
from gan_oversampler.selection.candidate_sources import CrossFittedSources, base_sources, generator_sources
from gan_oversampler.selection.choice import Utilities, choose, keepable_utilities
from gan_oversampler.selection.decision import Decision, decide
from gan_oversampler.selection.draw_options import rules_of, scored_draw_options
from gan_oversampler.selection.history import far_note, gather_evidence, label_scores, write_report
from gan_oversampler.selection.post_processing import NO_GENERATOR, NO_POLICY, apply_policy, reject
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import Evaluator, n_new_at_ratio
from gan_oversampler.training.data import Fold, TrainingData
from gan_oversampler.training.loop import Candidate, Scored

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
class Result:
    """What one oracle has scored, and what it decides; without an oracle there are no scores."""

    evaluator: Evaluator | None
    scored: Sequence[Scored]
    baselines: Mapping[str, Utilities]
    decision: Decision


def result_of(
    plan: Plan,
    evaluator: Evaluator,
    scored: Sequence[Scored],
    baselines: Mapping[str, Utilities],
    services: Services,
) -> Result:
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
    return Result(evaluator, scored, baselines, decision)


def outcome_of(
    training: Training,
    data: TrainingData,
    result: Result,
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


def _label_scores(result: Result, sources: CrossFittedSources) -> LabelScores | None:
    """Scores of the labels that classifiers predict, for what is kept and for baselines that have scores."""
    if result.evaluator is None:
        return None
    known = [name for name, utilities in result.baselines.items() if np.isfinite(utilities).all()]
    return label_scores(result.evaluator, sources.by_fold, known, result.decision.ratio)


def _advice(
    result: Result, at_ratio: Evaluator | None, sources: CrossFittedSources, services: Services
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


def untrained_outcome(plan: Plan, problem: Problem, services: Services, facts: Facts) -> Outcome:
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


def _all_rows(rows: Rows) -> list[Fold]:
    """One fold that trains on all rows and holds none out."""
    return [(np.arange(len(rows)), np.arange(0))]


def _unmet(plan: Plan) -> list[str]:
    """What a plan asks for that only generators can meet."""
    return [*([NO_GENERATOR] if plan.rejection else []), *([NO_POLICY] if plan.policy is not None else [])]
