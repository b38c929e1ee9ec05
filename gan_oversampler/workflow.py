"""From encoded rows to sources of new ones: folds, population, rungs, and the choice of every oracle."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_oversampler._utils import Streams, single_threaded
from gan_oversampler.callbacks import Event, in_order
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.layout import Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.encoding.table_encoder import Codec
from gan_oversampler.gans.gan import GAN
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.plan import Plan
from gan_oversampler.reporting.evidence import Evidence
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import Report
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.sampling.pool import Pool
from gan_oversampler.sampling.rejection import attempt, told_of
from gan_oversampler.sampling.sources import Drawer, Source
from gan_oversampler.selection.folds import MIN_ROWS, Fold, Pools, pools_of, split
from gan_oversampler.selection.history import Storyteller, baseline_entry, evidence_of, small_class_notes
from gan_oversampler.selection.outcome import Outcome, conclude, course_of, from_base, mixture, sign_of
from gan_oversampler.selection.post_processing import govern, polish, unpolished
from gan_oversampler.selection.scoring import Judge, Trial
from gan_oversampler.training.loop import Candidate, Follower, Score, Scored, train
from gan_oversampler.training.population import CrossFitted

BLIND = "none"  # stands for the oracle where there is none


@dataclass
class Clock:
    """Seconds per phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def within(self, name: str, score: Score) -> Score:
        """The same function, its time counted."""

        def timed(candidates: Sequence[Candidate]) -> Sequence[NDArray[np.float64]]:
            with self.phase(name):
                return score(candidates)

        return timed


@dataclass(frozen=True)
class Ground:
    """The folds of a fit: what members see there, and what oracles ask.

    Parameters
    ----------
    folds : sequence of (train, holdout)
        Positions of rows.
    learned : list of int
        Codes of the classes that GANs learn.
    shares : dict of int to float
        New rows per real row of each class to oversample.
    """

    rows: Rows
    space: RowSpace
    folds: Sequence[Fold]
    learned: list[int]
    shares: Mapping[int, float]
    notes: Sequence[str] = ()

    @property
    def labels(self) -> dict[int, Any]:
        """The classes to oversample."""
        return {code: self.rows.classes.tolist()[code] for code in self.shares}

    def pools(self, gans: Sequence[GAN]) -> Pools:
        """Rows that members may see, with their neighbourhoods."""
        return pools_of(gans, self.rows, self.space, self.folds, self.learned, self.shares)

    def judge(self, plan: Plan, oracle: Oracle, pools: Pools) -> Judge:
        """An oracle with all folds before it."""
        trials = [
            Trial.of(
                number,
                oracle,
                self.rows.at(train_index),
                self.rows.at(holdout_index),
                {kind: by_fold[number] for kind, by_fold in pools.items()},
                self.shares,
                plan.streams.child("trial", number),
            )
            for number, (train_index, holdout_index) in enumerate(self.folds)
        ]
        return Judge(trials, plan.gans, plan.n_jobs)


@dataclass(frozen=True)
class Fit:
    """What a fit leaves behind.

    Attributes
    ----------
    outcomes : dict of str to Outcome
        One per oracle; the first one samples unless another is asked for.
    rungs : tuple of tuple of Candidate
        Everything that was scored, rung by rung, so that it can be scored again.
    events : tuple of Event
        What was decided while training.
    """

    plan: Plan
    outcomes: dict[str, Outcome]
    ground: Ground | None = None
    rungs: tuple[tuple[Candidate, ...], ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def first(self) -> Outcome:
        """Outcome of the first oracle."""
        return next(iter(self.outcomes.values()))


def run(plan: Plan, rows: Rows, layout: Layout, n_new: Mapping[int, int]) -> Fit:
    """Find the best source of ``n_new`` rows per class code, for every oracle."""
    counts = np.bincount(rows.codes, minlength=len(rows.classes))
    learned = [code for code in n_new if counts[code] >= MIN_ROWS] if layout.width else []
    rare = {rows.classes.tolist()[code]: int(counts[code]) for code in n_new}
    notes = small_class_notes(rare, plan.gans[0].base, MIN_ROWS) if layout.width else []
    clock, space = Clock(), RowSpace(layout)
    if not learned:
        outcome = _robust(plan, rows, space, n_new, notes)
        return Fit(plan, dict.fromkeys(plan.oracles or [BLIND], outcome))
    folds = _folds(plan, rows, int(counts[learned].min())) if plan.oracles else []
    shares = {code: float(n / counts[code]) for code, n in n_new.items()}
    ground = Ground(rows, space, folds, learned, shares, notes)
    with clock.phase("neighbours"):
        pools = ground.pools(plan.gans)
    return _judged(plan, ground, pools, clock) if plan.oracles else _blind(plan, ground, pools, clock)


def _judged(plan: Plan, ground: Ground, pools: Pools, clock: Clock) -> Fit:
    """The AutoGAN loop under oracles."""
    judges = {name: ground.judge(plan, oracle, pools) for name, oracle in plan.oracles.items()}
    with clock.phase("baselines"):
        baselines = {name: _baselines(plan, name, judge) for name, judge in judges.items()}
    population = CrossFitted(plan.gans, pools, plan.streams.child("members"), plan.device)
    summary = ModelSummary.of(population.networks)
    followers = {
        name: Follower(clock.within("oracle", judge), plan.budget.patience, _teller(plan, name))
        for name, judge in judges.items()
    }
    with clock.phase("training"):
        events = _trained(plan, population, list(followers.values()))
    clock.seconds["training"] -= clock.seconds["oracle"]  # scorings lie between the steps
    first = next(iter(judges))
    with clock.phase("choice"):
        outcomes = {
            name: conclude(
                replace(plan, decides=name == first),
                judge,
                followers[name].scored,
                baselines[name],
                pools,
                clock.seconds,
                ground.notes,
                events,
            )
            for name, judge in judges.items()
        }
    outcomes = {
        name: _polished(plan, ground, pools, clock, told, judges[name]) for name, told in outcomes.items()
    }
    with clock.phase("evidence"):
        outcomes = {name: _shown(plan, ground, told, summary) for name, told in outcomes.items()}
    outcomes = {name: _timed(told, clock) for name, told in outcomes.items()}
    return Fit(plan, outcomes, ground, _rungs([follower.scored for follower in followers.values()]), events)


def _trained(plan: Plan, population: CrossFitted, followers: Sequence[Follower]) -> tuple[Event, ...]:
    """Train, and tell what was decided meanwhile."""
    events: list[Event] = []

    def log(step: int, specification: int, controller: str, decision: str) -> None:
        events.append(Event(step, plan.gans[specification].label, "", controller, decision))

    train(population, followers, plan.budget, log)
    return in_order((*population.events, *events))


def rescore(fit: Fit, name: str, oracle: Oracle) -> Fit:
    """The same fit with the outcome of one more oracle, which judges all that was kept of the training.

    Raises
    ------
    ValueError
        If there is nothing to judge: no oracle followed the training, or no class was learned.
    """
    if fit.ground is None:
        raise ValueError(
            "There are no candidates to score again: the fit had oracle=None, or no class to oversample had"
            f" {MIN_ROWS} rows. Fit with an oracle first."
        )
    plan, clock = replace(fit.plan, oracles={name: oracle}, decides=False), Clock()
    with clock.phase("neighbours"):
        pools = fit.ground.pools(plan.gans)
    judge = fit.ground.judge(plan, oracle, pools)
    with clock.phase("oracle"):
        baselines = _baselines(plan, name, judge)
        follower = Follower(judge, sys.maxsize, _teller(plan, name))
        for rung in fit.rungs:
            follower.follow(rung, replace(plan.budget, growth=0.0))
    with clock.phase("choice"):
        outcome = conclude(
            plan, judge, follower.scored, baselines, pools, clock.seconds, fit.ground.notes, fit.events
        )
    outcome = _polished(plan, fit.ground, pools, clock, outcome, judge)
    outcome = _timed(_shown(plan, fit.ground, outcome, fit.first.report.summary), clock)
    return replace(fit, outcomes={**fit.outcomes, name: outcome})


def _polished(
    plan: Plan, ground: Ground, pools: Pools, clock: Clock, outcome: Outcome, judge: Judge | None = None
) -> Outcome:
    """The outcome with refinement, rejection and a policy, where they are wished for."""
    if plan.rejection is not None or plan.refinement is not None:
        with clock.phase("polishing"):
            outcome = polish(plan, ground.labels, pools, outcome, judge)
    if plan.policy is not None:
        with clock.phase("policy"):
            outcome = govern(pools, outcome, judge)
    return outcome


def _shown(plan: Plan, ground: Ground, outcome: Outcome, summary: ModelSummary | None) -> Outcome:
    """The outcome with what pages and displays show."""
    evidence = evidence_of(ground.rows, ground.folds, outcome.by_fold, list(ground.shares), plan.streams)
    return replace(outcome, report=replace(outcome.report, evidence=evidence, summary=summary))


def _timed(outcome: Outcome, clock: Clock) -> Outcome:
    """The outcome with the seconds of all phases; its report was written before the last of them ended."""
    return replace(outcome, report=replace(outcome.report, seconds=clock.seconds))


def _unjudged(plan: Plan, rows: Rows, source: Drawer, targets: Sequence[int]) -> Evidence:
    """New rows beside the real ones that their source saw: nothing was held out."""
    everything = [(np.arange(len(rows)), np.arange(0))]
    return evidence_of(rows, everything, [source], targets, plan.streams)


def _baselines(plan: Plan, name: str, judge: Judge) -> dict[str, NDArray[np.float64]]:
    found, sign = judge.baselines(plan.baselines), sign_of(plan.oracles[name])
    if len(plan.oracles) > 1:
        plan.say(f"{name}:")
    plan.say_all(baseline_entry(baseline, sign * scores) for baseline, scores in found.items())
    return found


def _teller(plan: Plan, name: str) -> Callable[[Sequence[Scored]], None]:
    """Says each score as it comes."""
    teller = Storyteller(plan.gans, sign_of(plan.oracles[name]))
    prefix = f"{name}: " if len(plan.oracles) > 1 else ""
    return partial(_tell, plan, teller, prefix)


def _tell(plan: Plan, teller: Storyteller, prefix: str, rung: Sequence[Scored]) -> None:
    plan.say_all(f"{prefix}{teller.entry(scored)}" for scored in rung)


def _rungs(trajectories: Sequence[Sequence[Scored]]) -> tuple[tuple[Candidate, ...], ...]:
    """Every candidate that any oracle scored, by step."""
    seen = {
        (s.candidate.step, s.candidate.specification): s.candidate for scored in trajectories for s in scored
    }
    steps = sorted({step for step, _ in seen})
    return tuple(tuple(seen[key] for key in sorted(seen) if key[0] == step) for step in steps)


def _blind(plan: Plan, ground: Ground, pools: Pools, clock: Clock) -> Fit:
    """A fixed number of steps without an oracle: later generators count as better."""
    follower = Follower(lambda rung: [np.array([float(c.step)]) for c in rung], sys.maxsize)
    with clock.phase("training"):
        population = CrossFitted(plan.gans[:1], pools, plan.streams.child("members"), plan.device)
        summary = ModelSummary.of(population.networks)
        # later always counts as better here, so that a budget which grows would always do so
        events = _trained(replace(plan, budget=replace(plan.budget, growth=0.0)), population, [follower])
    kept = [entry for entry in follower.scored if entry.candidate.sound][-1]
    course = course_of(follower.scored, kept.candidate.specification)
    source = mixture(plan.gans, pools, [kept.candidate])
    report = Report(
        "none",
        plan.gans[0].label_at(kept.candidate.step),
        "the last finite generator, because there is no oracle",
        notes=tuple(ground.notes),
        history=Storyteller(plan.gans, np.nan).history(follower.scored),
        summary=summary,
        events=events,
    )
    policy = plan.policy if isinstance(plan.policy, Policy) else Policy()
    outcome = Outcome(source, report, policy=policy, kept=(kept.candidate,), course=course)
    if not kept.candidate.keepable:
        outcome = from_base(plan.gans[0], pools, outcome)
    outcome = _timed(_polished(plan, ground, pools, clock, outcome), clock)
    evidence = _unjudged(plan, ground.rows, outcome.source, list(ground.shares))
    return Fit(plan, {BLIND: replace(outcome, report=replace(outcome.report, evidence=evidence))})


def _robust(
    plan: Plan, rows: Rows, space: RowSpace, n_new: Mapping[int, int], notes: Sequence[str]
) -> Outcome:
    """A base without training, where folds would mean nothing."""
    base = plan.gans[0].base
    pool = Pool.of(rows.values, rows.codes, space, learned=(), drawn=list(n_new))
    why = "no class to oversample has enough rows to learn from"
    if not n_new:
        why = "no rows are asked for"
    elif not space.width:
        why = "all columns are constant"
    source, history = Source(pool, base), Storyteller(plan.gans).history([])
    drawn = [code for code in n_new if (rows.codes == code).sum() > 1] if space.width else []
    evidence = _unjudged(plan, rows, source, drawn) if drawn else None
    report = Report("none", f"{base}, untrained", why, notes=tuple(notes), history=history)
    outcome = unpolished(plan, Outcome(source, replace(report, evidence=evidence)))
    return outcome if plan.policy is None else govern({}, outcome)


def _folds(plan: Plan, rows: Rows, smallest: int) -> list[Fold]:
    return split(plan.cv, rows, smallest, plan.streams.child_seed("folds") % 2**32)


@dataclass(frozen=True)
class Fitted:
    """What drawing needs after a fit."""

    codec: Codec
    target: Target
    streams: Streams
    fit: Fit

    def draw(self, strategy: Mapping[Any, int]) -> tuple[NDArray[np.intp], NDArray[np.float32], str]:
        """Codes and encoded rows of new rows, class by class, and what to tell of them."""
        n_new = {self.target.code_of(label): n for label, n in strategy.items() if n}
        streams = self.streams.child("resample")
        with single_threaded():
            source = self.fit.first.source
            drawn = {code: attempt(source, code, n, streams) for code, n in n_new.items()}
        parts = [found.rows for found in drawn.values()]
        told = told_of({repr(self.target.names[code]): found for code, found in drawn.items()})
        codes = np.repeat(np.array(list(n_new), np.intp), list(n_new.values()))
        return codes, np.concatenate([np.empty((0, self.codec.layout.width), np.float32), *parts]), told
