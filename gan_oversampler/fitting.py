"""From encoded rows to a source of new ones: folds, pools, population, rungs, choice."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, check_cv

from gan_oversampler._rng import Streams
from gan_oversampler.judging import Judge, Trial
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.report import Entry, Report
from gan_oversampler.rows import Rows
from gan_oversampler.sampling import Source
from gan_oversampler.schema import Layout
from gan_oversampler.selection import choose, standard_error
from gan_oversampler.space import RowSpace
from gan_oversampler.specification import GAN
from gan_oversampler.training.feed import Pool
from gan_oversampler.training.loop import Budget, Candidate, Scored, train
from gan_oversampler.training.population import CrossFitted

MIN_ROWS: Final = 8  # fewer rows of a class cannot be split into folds that mean anything

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
Pools = dict[str, dict[int | None, Pool]]


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
    budget : callable
        Starts the clock: ``() -> Budget``.
    baselines : sequence of str
        What the same oracle also scores.
    """

    gans: Sequence[GAN]
    oracle: Oracle | None
    cv: Any
    budget: Callable[[], Budget]
    baselines: Sequence[str]
    device: torch.device
    streams: Streams
    n_jobs: int | None = None
    say: Callable[[str], None] = lambda line: None


@dataclass(frozen=True)
class Outcome:
    """What a fit leaves behind."""

    source: Source
    report: Report
    history: pd.DataFrame


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


def run(plan: Plan, rows: Rows, layout: Layout, n_new: Mapping[int, int]) -> Outcome:
    """Find the best source of ``n_new`` rows per class code."""
    counts = np.bincount(rows.codes, minlength=len(rows.classes))
    learned = [code for code in n_new if counts[code] >= MIN_ROWS] if layout.width else []
    notes = _small_class_notes(rows, counts, n_new, plan.gans[0]) if layout.width else []
    clock, space = Clock(), RowSpace(layout)
    if not learned:
        return _robust(plan, rows, space, n_new, notes)
    folds = [] if plan.oracle is None else split(plan, rows, counts[learned].min(), notes)
    with clock.phase("neighbours"):
        pools = _pools(plan.gans, rows, space, folds, learned, list(n_new))
    if plan.oracle is None:
        return _blind(plan, pools, clock, notes)
    shares = {code: n / counts[code] for code, n in n_new.items()}
    return _judged(plan, _trials(plan, rows, folds, pools, shares), pools, clock, notes)


def _judged(plan: Plan, trials: Sequence[Trial], pools: Pools, clock: Clock, notes: list[str]) -> Outcome:
    """The AutoGAN loop under an oracle."""
    assert plan.oracle is not None
    budget = plan.budget()
    judge = Judge(trials, plan.gans, plan.n_jobs)
    sign = 1.0 if plan.oracle.greater_is_better else -1.0
    with clock.phase("baselines"):
        baselines = judge.baselines(plan.baselines)
    for name, utilities in baselines.items():
        plan.say(str(_entry(name, None, sign * utilities)))

    def score(candidates: Sequence[Candidate]) -> list[NDArray[np.float64]]:
        with clock.phase("oracle"):
            return judge(candidates)

    def on_rung(rung: Sequence[Scored]) -> None:
        for entry in rung:
            plan.say(str(_entry_of(plan, entry, sign)))

    with clock.phase("training"):
        population = CrossFitted(plan.gans, pools, plan.streams.child("members"), plan.device)
        scored = train(population, score, budget, on_rung=on_rung)
    clock.seconds["training"] -= clock.seconds["oracle"]  # scorings lie between the steps
    try:
        kept = choose(scored)
    except ValueError as error:
        raise ValueError(f"{error} {' '.join(judge.events[-1:])}") from None
    entries = [_entry(name, None, sign * utilities) for name, utilities in baselines.items()]
    entries += [_entry_of(plan, entry, sign, kept=entry is kept) for entry in _contenders(scored, kept)]
    report = Report(
        repr(plan.oracle),
        _name(plan, kept.candidate),
        _reason(scored, kept),
        tuple(entries),
        (*notes, *judge.events),
        clock.seconds,
    )
    return Outcome(_source(plan, pools, kept.candidate), report, _history(plan, scored, sign))


def _blind(plan: Plan, pools: Pools, clock: Clock, notes: list[str]) -> Outcome:
    """A fixed number of steps without an oracle: later generators count as better."""
    budget = plan.budget()
    with clock.phase("training"):
        population = CrossFitted(plan.gans[:1], pools, plan.streams.child("members"), plan.device)
        scored = train(population, lambda rung: [np.array([float(c.step)]) for c in rung], budget)
    kept = [entry for entry in scored if entry.candidate.finite][-1]
    report = Report(
        "none",
        _name(plan, kept.candidate),
        "the last finite generator, because there is no oracle",
        notes=tuple(notes),
        seconds=clock.seconds,
    )
    return Outcome(_source(plan, pools, kept.candidate), report, _history(plan, scored, np.nan))


def _robust(
    plan: Plan, rows: Rows, space: RowSpace, n_new: Mapping[int, int], notes: Sequence[str]
) -> Outcome:
    """A base without training, where folds would mean nothing."""
    base = plan.gans[0].base
    pool = Pool.of(rows.values, rows.codes, space, learned=(), drawn=list(n_new))
    reason = "no class to oversample has enough rows to learn from"
    if not n_new:
        reason = "no rows are asked for"
    elif not space.width:
        reason = "all columns are constant"
    report = Report("none", f"{base}, untrained", reason, notes=tuple(notes))
    return Outcome(Source(pool, base), report, _history(plan, [], 1.0))


def split(plan: Plan, rows: Rows, smallest: int, notes: list[str]) -> list[Fold]:
    """Folds ``(train, holdout)``, stratified when ``cv`` is a number.

    Raises
    ------
    ValueError
        If a splitter leaves a class without rows on one side of a fold.
    """
    cv = plan.cv
    if isinstance(cv, (int, np.integer)):
        seed = plan.streams.child_seed("folds") % 2**32
        cv = StratifiedKFold(int(cv), shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # of classes too small for every fold; those are not learned
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        folds = list(check_cv(cv, rows.codes, classifier=True).split(rows.values, rows.codes))
    learnable = np.flatnonzero(np.bincount(rows.codes) >= MIN_ROWS)
    for number, sides in enumerate(folds):
        for side, index in zip(("training", "held-out"), sides, strict=True):
            missing = set(learnable.tolist()) - set(rows.codes[index].tolist())
            if missing:
                label = rows.classes.tolist()[missing.pop()]
                raise ValueError(
                    f"Fold {number} of 'cv' has no {side} rows of class {label!r}. Use stratified folds,"
                    f" or fewer than {smallest} of them."
                )
    return folds


def _pools(
    gans: Sequence[GAN],
    rows: Rows,
    space: RowSpace,
    folds: Sequence[Fold],
    learned: list[int],
    targets: list[int],
) -> Pools:
    """Pools of every fold and of all rows, for both meanings of ``GAN.classes``."""
    seen: dict[int | None, NDArray[np.intp]] = {f: train for f, (train, _) in enumerate(folds)}
    seen[None] = np.arange(len(rows))
    everything = [int(code) for code in np.unique(rows.codes)]
    kinds = {"targets": (learned, targets)}
    if any(gan.classes == "all" for gan in gans):
        from_base = any(g.classes == "all" and g.family != "classic" for g in gans)
        kinds["all"] = (everything, everything if from_base else targets)
    return {
        kind: {
            fold: Pool.of(rows.values[i], rows.codes[i], space, learned=classes, drawn=drawn)
            for fold, i in seen.items()
        }
        for kind, (classes, drawn) in kinds.items()
    }


def _trials(
    plan: Plan,
    rows: Rows,
    folds: Sequence[Fold],
    pools: Pools,
    shares: Mapping[int, float],
) -> list[Trial]:
    assert plan.oracle is not None
    return [
        Trial.of(
            number,
            plan.oracle,
            rows.at(train_index),
            rows.at(holdout_index),
            {kind: by_fold[number] for kind, by_fold in pools.items()},
            shares,
            plan.streams.child("trial", number),
        )
        for number, (train_index, holdout_index) in enumerate(folds)
    ]


def _source(plan: Plan, pools: Pools, candidate: Candidate) -> Source:
    gan = plan.gans[candidate.specification]
    return Source(pools[gan.classes][None], gan.base, candidate.snapshots[None])


def _name(plan: Plan, candidate: Candidate) -> str:
    return f"{plan.gans[candidate.specification].label} at step {candidate.step}"


def _reason(scored: Sequence[Scored], kept: Scored) -> str:
    last = max(entry.candidate.step for entry in scored)
    start = "highest mean utility over the folds"
    if kept.candidate.step:
        return f"{start}; training gained more than one standard error over step 0"
    if last:
        return f"{start}; no trained step of it gained more than one standard error over step 0"
    return start


def _small_class_notes(rows: Rows, counts: NDArray[np.intp], n_new: Mapping[int, int], gan: GAN) -> list[str]:
    small = [code for code in n_new if counts[code] < MIN_ROWS]
    return [
        f"Class {rows.classes.tolist()[code]!r} has {counts[code]} rows, fewer than {MIN_ROWS}: it is drawn from"
        f" the base {gan.base!r} without training or selection."
        for code in small
    ]


def _contenders(scored: Sequence[Scored], kept: Scored) -> list[Scored]:
    """First and best entry of every specification, and the kept one."""
    contenders = []
    for number in dict.fromkeys(entry.candidate.specification for entry in scored):
        entries = [entry for entry in scored if entry.candidate.specification == number]
        best = max(entries, key=lambda e: e.mean if np.isfinite(e.mean) else -np.inf)
        contenders += [e for e in entries if e is entries[0] or e is best or e is kept]
    return contenders


def _entry(name: str, step: int | None, scores: NDArray[np.float64], *, kept: bool = False) -> Entry:
    return Entry(name, step, float(scores.mean()), standard_error(scores), kept)


def _entry_of(plan: Plan, scored: Scored, sign: float, *, kept: bool = False) -> Entry:
    name = plan.gans[scored.candidate.specification].label
    return _entry(name, scored.candidate.step, sign * scored.utilities, kept=kept)


def _history(plan: Plan, scored: Sequence[Scored], sign: float) -> pd.DataFrame:
    """One row per scored candidate; scores in the oracle's own unit."""
    columns = {
        "step": [s.candidate.step for s in scored],
        "specification": [s.candidate.specification for s in scored],
        "name": [plan.gans[s.candidate.specification].label for s in scored],
        "score": [sign * s.mean for s in scored],
        "standard_error": [standard_error(s.utilities) for s in scored],
        "improved": [s.improved for s in scored],
        "failed": [s.failed for s in scored],
        "critic_loss": [s.candidate.losses[0] for s in scored],
        "generator_loss": [s.candidate.losses[1] for s in scored],
        "seconds": [s.seconds for s in scored],
    }
    folds = len(scored[0].utilities) if scored else 0
    return pd.DataFrame(
        {**columns, **{f"fold_{f}": [sign * s.utilities[f] for s in scored] for f in range(folds)}}
    )
