"""From encoded rows to a source of new ones: folds, population, rungs, choice."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from gan_oversampler._rng import Streams
from gan_oversampler.judging import BASELINES, NOTHING, Judge, Trial
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.report import Report
from gan_oversampler.rows import Rows
from gan_oversampler.sampling import Mixture, Source
from gan_oversampler.schema import Layout
from gan_oversampler.selection import Choice, better_baseline, choose, choose_ratio, gain_over, standard_error
from gan_oversampler.space import RowSpace
from gan_oversampler.specification import GAN
from gan_oversampler.splitting import MIN_ROWS, Fold, Pools, pools_of, split
from gan_oversampler.telling import (
    Storyteller,
    baseline_entry,
    reason,
    small_class_notes,
)
from gan_oversampler.training.loop import Budget, Candidate, Score, Scored, train
from gan_oversampler.training.pool import Pool
from gan_oversampler.training.population import CrossFitted

RATIOS: Final = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Plan:
    """Everything a fit needs to know besides the rows.

    Parameters
    ----------
    gans : sequence of GAN
        Specifications; the base of the first one is the robust default.
    oracle : Oracle or None
        Judge; None trains for ``max_steps`` and keeps the last generator.
    cv : int or splitter
        Folds of the cross-fit.
    budget : Budget
        Steps and seconds; its clock runs since the fit began.
    baselines : sequence of str
        What the same oracle also scores.
    fallback : {"warn", "baseline", "error"}
        What happens when a baseline is better than every GAN.
    choose_ratio : bool
        Whether the oracle may ask for fewer new rows.
    """

    gans: Sequence[GAN]
    oracle: Oracle | None
    cv: Any
    budget: Budget
    baselines: Sequence[str]
    device: torch.device
    streams: Streams
    n_jobs: int | None = None
    fallback: str = "warn"
    choose_ratio: bool = False
    say: Callable[[str], None] = lambda line: None

    def say_all(self, lines: Iterable[object]) -> None:
        """Tell whoever listens."""
        for line in lines:
            self.say(str(line))


@dataclass(frozen=True)
class Outcome:
    """What a fit leaves behind."""

    source: Source | Mixture
    report: Report
    history: pd.DataFrame
    fallback: str | None = None
    ratio: float = 1.0


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


def run(plan: Plan, rows: Rows, layout: Layout, n_new: Mapping[int, int]) -> Outcome:
    """Find the best source of ``n_new`` rows per class code."""
    counts = np.bincount(rows.codes, minlength=len(rows.classes))
    learned = [code for code in n_new if counts[code] >= MIN_ROWS] if layout.width else []
    rare = {rows.classes.tolist()[code]: int(counts[code]) for code in n_new}
    notes = small_class_notes(rare, plan.gans[0].base, MIN_ROWS) if layout.width else []
    clock, space = Clock(), RowSpace(layout)
    if not learned:
        return _robust(plan, rows, space, n_new, notes)
    folds = [] if plan.oracle is None else _folds(plan, rows, int(counts[learned].min()))
    with clock.phase("neighbours"):
        shares = {code: float(n / counts[code]) for code, n in n_new.items()}
        pools = pools_of(plan.gans, rows, space, folds, learned, shares)
    if plan.oracle is None:
        return _blind(plan, pools, clock, notes)
    trials = _trials(plan, plan.oracle, rows, folds, pools, shares)
    return _judged(plan, plan.oracle, trials, pools, clock, notes)


def _judged(
    plan: Plan,
    oracle: Oracle,
    trials: Sequence[Trial],
    pools: Pools,
    clock: Clock,
    notes: Sequence[str],
) -> Outcome:
    """The AutoGAN loop under an oracle."""
    judge = Judge(trials, plan.gans, plan.n_jobs)
    teller = Storyteller(plan.gans, 1.0 if oracle.greater_is_better else -1.0)
    with clock.phase("baselines"):
        baselines = judge.baselines(plan.baselines)
    entries = [baseline_entry(name, teller.sign * scores) for name, scores in baselines.items()]
    plan.say_all(entries)
    population = CrossFitted(plan.gans, pools, plan.streams.child("members"), plan.device)
    with clock.phase("training"):
        scored = train(
            population,
            clock.within("oracle", judge),
            plan.budget,
            on_rung=lambda rung: plan.say_all(map(teller.entry, rung)),
        )
    clock.seconds["training"] -= clock.seconds["oracle"]  # scorings lie between the steps
    choice = _choice(plan, scored, judge)
    ratio, told = _ratio(plan, judge, choice)
    better = better_baseline(choice.best, baselines)
    report = Report(
        f"{oracle!r}, {'higher' if oracle.greater_is_better else 'lower'} is better",
        _name(plan, choice),
        reason(scored, choice, baselines),
        (*entries, *teller.entries(scored, choice)),
        (*notes, *judge.events, *told),
        clock.seconds,
        gains={name: gain_over(choice.best, utilities) for name, utilities in baselines.items()},
    )
    outcome = Outcome(_mixture(plan, pools, choice), report, teller.history(scored), ratio=ratio)
    return outcome if better is None else _fall_back(plan, pools, outcome, better, baselines)


def _name(plan: Plan, choice: Choice) -> str:
    best = choice.best.candidate
    name = plan.gans[best.specification].label_at(best.step)
    n_others = len(choice.mixture) - 1
    return f"{name} mixed with {n_others} like it" if n_others else name


def _choice(plan: Plan, scored: Sequence[Scored], judge: Judge) -> Choice:
    try:
        return choose(scored, [gan.proof for gan in plan.gans], [gan.family for gan in plan.gans])
    except ValueError as error:
        raise ValueError(f"{error} {' '.join(judge.events[-1:])}") from None


def _ratio(plan: Plan, judge: Judge, choice: Choice) -> tuple[float, list[str]]:
    """How far classes are filled up, and what was scored."""
    if not plan.choose_ratio:
        return 1.0, []
    utilities = judge.ratios([entry.candidate for entry in choice.mixture], RATIOS)
    ratio = choose_ratio(utilities)
    scores = ", ".join(f"{r:g}: {u.mean():.4f} ± {standard_error(u):.4f}" for r, u in utilities.items())
    return ratio, [f"Ratio {ratio:g} to the largest class was chosen from these utilities: {scores}."]


def _fall_back(
    plan: Plan,
    pools: Pools,
    outcome: Outcome,
    better: str,
    baselines: Mapping[str, NDArray[np.float64]],
) -> Outcome:
    """What the user asked for in case a baseline is better than every GAN."""
    gains = outcome.report.gains
    told = f"By the oracle the baseline {better!r} is better than every GAN: gain {gains[better]}."
    if plan.fallback == "error":
        raise RuntimeError(f"{told} Give other GANs, another oracle, or fallback='warn' or 'baseline'.")
    drawable = [name for name in baselines if name != NOTHING and gains[name].mean < 0]
    instead = min(drawable, key=lambda name: gains[name].mean, default=None)
    if plan.fallback == "baseline" and instead is not None:
        note = f"{told} Rows come from the baseline {instead!r}, because fallback='baseline'."
        source = Source(pools["targets"][None], BASELINES.get(instead, instead))
        outcome = replace(outcome, source=source, fallback=instead)
        report = replace(outcome.report, choice=f"baseline {instead}")
    else:
        advice = "" if instead is None else " fallback='baseline' takes a baseline instead."
        note = f"{told} Rows come from the best GAN.{advice}"
        report = outcome.report
    warnings.warn(note, UserWarning, stacklevel=2)
    return replace(outcome, report=report.noting(note))


def _blind(plan: Plan, pools: Pools, clock: Clock, notes: list[str]) -> Outcome:
    """A fixed number of steps without an oracle: later generators count as better."""
    with clock.phase("training"):
        population = CrossFitted(plan.gans[:1], pools, plan.streams.child("members"), plan.device)
        scored = train(population, lambda rung: [np.array([float(c.step)]) for c in rung], plan.budget)
    kept = [entry for entry in scored if entry.candidate.finite][-1]
    report = Report(
        "none",
        plan.gans[0].label_at(kept.candidate.step),
        "the last finite generator, because there is no oracle",
        notes=tuple(notes),
        seconds=clock.seconds,
    )
    history = Storyteller(plan.gans, np.nan).history(scored)
    return Outcome(_source(plan, pools, kept.candidate), report, history)


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
    report = Report("none", f"{base}, untrained", why, notes=tuple(notes))
    return Outcome(Source(pool, base), report, Storyteller(plan.gans).history([]))


def _folds(plan: Plan, rows: Rows, smallest: int) -> list[Fold]:
    return split(plan.cv, rows, smallest, plan.streams.child_seed("folds") % 2**32)


def _trials(
    plan: Plan,
    oracle: Oracle,
    rows: Rows,
    folds: Sequence[Fold],
    pools: Pools,
    shares: Mapping[int, float],
) -> list[Trial]:
    return [
        Trial.of(
            number,
            oracle,
            rows.at(train_index),
            rows.at(holdout_index),
            {kind: by_fold[number] for kind, by_fold in pools.items()},
            shares,
            plan.streams.child("trial", number),
        )
        for number, (train_index, holdout_index) in enumerate(folds)
    ]


def _mixture(plan: Plan, pools: Pools, choice: Choice) -> Mixture:
    return Mixture(tuple(_source(plan, pools, entry.candidate) for entry in choice.mixture))


def _source(plan: Plan, pools: Pools, candidate: Candidate) -> Source:
    gan = plan.gans[candidate.specification]
    return Source(pools[gan.classes][None], gan.base, candidate.snapshots[None])
