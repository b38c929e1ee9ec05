"""From scored candidates to what samples: the choice, its ratio, a fallback, and the report."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.callbacks import Event, in_order
from gan_oversampler.gans.gan import GAN
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.reporting.report import Report
from gan_oversampler.sampling.policy import POLICIES, Policy
from gan_oversampler.sampling.sources import Drawer, Mixture, Source
from gan_oversampler.selection.choice import Choice, better_baseline, choose, gain_over, rivals
from gan_oversampler.selection.draw_options import (
    RATIOS,
    SHORTLIST,
    Recipe,
    Way,
    as_frame,
    best_recipe,
    in_words,
    try_recipes,
)
from gan_oversampler.selection.folds import Pools
from gan_oversampler.selection.history import Storyteller, baseline_entry, reason
from gan_oversampler.selection.scoring import BASELINES, NOTHING, Judge
from gan_oversampler.training.loop import Candidate, Scored

BY_WAY: Final = "better in its way to draw than the first choice, by more than chance"
ONE_FOLD: Final = (
    "There is one fold only, so nobody knows how scores scatter: standard errors of 0 say nothing."
)
SCALED: Final = (
    "Scores are of classifiers that study {:.1%} of a fold's rows, and of the new ones ('max_rows' of the"
    " oracle). New rows tell them of all real ones, so doing nothing may be better than it looks."
)


@dataclass(frozen=True)
class Outcome:
    """What one oracle makes of a fit.

    Attributes
    ----------
    source : Drawer
        Draws the new rows.
    fallback : str or None
        The baseline that it is, if one samples instead of a GAN.
    ratio : float
        How far classes are filled up.
    policy : Policy
        How rows are to be drawn from it.
    by_fold : tuple of Drawer
        The same without the rows of each fold; none where nothing was held out.
    kept : tuple of Candidate
        Whose generators draw; none where a base draws.
    course : tuple of Candidate
        All candidates of the best one's specification that might be kept, in order.
    """

    source: Drawer
    report: Report
    fallback: str | None = None
    ratio: float = 1.0
    policy: Policy = field(default_factory=Policy)
    by_fold: tuple[Drawer, ...] = ()
    kept: tuple[Candidate, ...] = ()
    course: tuple[Candidate, ...] = ()


class Wishes(Protocol):
    """What a plan says about the choice."""

    @property
    def gans(self) -> Sequence[GAN]:
        """Specifications that candidates refer to."""

    @property
    def fallback(self) -> str:
        """What happens when a baseline is better than the kept GAN."""

    @property
    def decides(self) -> bool:
        """Whether the oracle is the one that decides what is drawn; others only note what they find."""

    @property
    def choose_ratio(self) -> bool:
        """Whether the oracle may ask for fewer new rows."""

    @property
    def policy(self) -> Policy | str | None:
        """How rows are drawn; a word leaves it to the oracle."""


def conclude(
    wishes: Wishes,
    judge: Judge,
    scored: Sequence[Scored],
    baselines: Mapping[str, NDArray[np.float64]],
    pools: Pools,
    seconds: dict[str, float],
    notes: Sequence[str],
    events: Sequence[Event] = (),
) -> Outcome:
    """Choose among the candidates that one oracle has scored; ``events`` are those of the training.

    Raises
    ------
    ValueError
        If no candidate has a finite score.
    RuntimeError
        If a baseline is better than the kept GAN, ``fallback="error"``, and the oracle decides.
    """
    choice, oracle = _choice(wishes, scored, judge), judge.trials[0].oracle
    teller = Storyteller(wishes.gans, sign_of(oracle))
    kept, ways = _recipe(wishes, judge, scored, choice)
    better = better_baseline(kept.utilities, baselines)
    told = [in_words(ways, kept, wishes.gans, teller.sign)] if ways else []
    report = Report(
        repr(oracle),
        kept.choice.name(wishes.gans),
        reason(scored, kept.choice, kept.utilities, baselines, BY_WAY if kept.choice is not choice else ""),
        greater_is_better=bool(oracle.greater_is_better),
        entries=(
            *(baseline_entry(name, teller.sign * scores) for name, scores in baselines.items()),
            *teller.entries(scored, kept.choice),
        ),
        notes=(*notes, *_cautions(judge), *judge.events, *told),
        seconds=seconds,
        gains={name: gain_over(kept.utilities, utilities) for name, utilities in baselines.items()},
        history=teller.history(scored),
        events=in_order((*events, *judge.failures)),
        draw_options=as_frame(ways, kept, wishes.gans, teller.sign) if ways else None,
    )
    candidates = [entry.candidate for entry in kept.choice.mixture]
    source, by_fold = mixture(wishes.gans, pools, candidates), tuple(judge.mixtures(candidates))
    best = kept.choice.best.candidate
    course = course_of(scored, best.specification)
    outcome = Outcome(source, report, None, kept.ratio, kept.policy, by_fold, tuple(candidates), course)
    if not best.keepable:
        return from_base(wishes.gans[best.specification], pools, outcome)
    return outcome if better is None else _fall_back(wishes, pools, outcome, better, baselines)


def sign_of(oracle: Oracle) -> float:
    """What turns utility into the oracle's own unit."""
    return 1.0 if oracle.greater_is_better else -1.0


def course_of(scored: Sequence[Scored], specification: int) -> tuple[Candidate, ...]:
    """Every candidate of one specification that might be kept."""
    candidates = [entry.candidate for entry in scored]
    return tuple(c for c in candidates if c.specification == specification and c.keepable)


def mixture(gans: Sequence[GAN], pools: Pools, candidates: Sequence[Candidate]) -> Mixture:
    """What draws in the end: all generators of the candidates that saw all rows."""
    return Mixture(tuple(source for candidate in candidates for source in sources_of(gans, pools, candidate)))


def sources_of(gans: Sequence[GAN], pools: Pools, candidate: Candidate) -> list[Source]:
    """Replicas of an untrained generator are all alike, so one is enough."""
    gan = gans[candidate.specification]
    finals = candidate.finals if candidate.step else candidate.finals[:1]
    return [Source(pools[gan.classes][None], gan.base, snapshot) for snapshot in finals]


def from_base(gan: GAN, pools: Pools, outcome: Outcome) -> Outcome:
    """The outcome with rows of a GAN's base, because nothing but its untrained noise is left to draw from."""
    note = (
        f"No trained generator of {gan.label!r} could be kept, and an untrained one draws noise: rows come"
        f" from its base {gan.base!r}. Train it longer ('max_steps', 'max_time'), or give another GAN."
    )
    warnings.warn(note, UserWarning, stacklevel=2)
    entries = tuple(replace(entry, kept=False) for entry in outcome.report.entries)
    report = replace(outcome.report, choice=f"base {gan.base}, untrained", entries=entries).noting(note)
    pool = pools["targets"]
    by_fold = tuple(Source(pool[fold], gan.base) for fold in range(len(outcome.by_fold)))
    source = Source(pool[None], gan.base)
    return replace(outcome, source=source, report=report, by_fold=by_fold, kept=(), course=())


def _cautions(judge: Judge) -> list[str]:
    """What to know about the scores."""
    share = min(trial.oracle.share_ for trial in judge.trials)
    return [*([ONE_FOLD] if len(judge.trials) == 1 else []), *([SCALED.format(share)] if share < 1 else [])]


def _choice(wishes: Wishes, scored: Sequence[Scored], judge: Judge) -> Choice:
    try:
        return choose(scored, *_kinds(wishes))
    except ValueError as error:
        raise ValueError(f"{error} {' '.join(judge.events[-1:])}") from None


def _kinds(wishes: Wishes) -> tuple[list[float], list[str]]:
    """Of each specification what its training has to prove, and which others it may be mixed with."""
    return [gan.proof for gan in wishes.gans], [gan.family for gan in wishes.gans]


def _recipe(
    wishes: Wishes, judge: Judge, scored: Sequence[Scored], choice: Choice
) -> tuple[Recipe, list[Way]]:
    """How rows are drawn, and the ways that were tried, if the oracle is asked to choose."""
    asked = isinstance(wishes.policy, str) or wishes.choose_ratio
    if not choice.best.candidate.keepable or (wishes.policy is None and not asked):
        return Recipe(choice, Policy(), 1.0, choice.best.utilities), []
    given = wishes.policy if isinstance(wishes.policy, Policy) else Policy()
    policies = POLICIES if isinstance(wishes.policy, str) else [given]
    others = rivals(scored, choice, *_kinds(wishes)) if asked else []
    ratios = RATIOS if wishes.choose_ratio else [1.0]
    ways = try_recipes(judge, [choice, *others][:SHORTLIST], policies, ratios)
    return best_recipe(ways), ways if asked else []


def _fall_back(
    wishes: Wishes,
    pools: Pools,
    outcome: Outcome,
    better: str,
    baselines: Mapping[str, NDArray[np.float64]],
) -> Outcome:
    """What the user asked for in case a baseline is better than the kept GAN."""
    gains = outcome.report.gains
    told = f"By the oracle the baseline {better!r} is better than the kept GAN: gain {gains[better]}."
    if wishes.fallback == "error" and wishes.decides:
        raise RuntimeError(f"{told} Give other GANs, another oracle, or fallback='warn' or 'baseline'.")
    drawable = [name for name in baselines if name != NOTHING and gains[name].mean < 0]
    instead = min(drawable, key=lambda name: gains[name].mean, default=None)
    if wishes.fallback == "baseline" and instead is not None:
        note = f"{told} Rows come from the baseline {instead!r}, because fallback='baseline'."
        if outcome.ratio < 1:
            note += " It fills classes up, because the ratio was chosen for the GAN."
        base = BASELINES.get(instead, instead)
        by_fold = tuple(Source(pools["targets"][fold], base) for fold in range(len(outcome.by_fold)))
        source = Source(pools["targets"][None], base)
        outcome = replace(outcome, source=source, by_fold=by_fold, fallback=instead)
        outcome = replace(outcome, kept=(), course=(), policy=Policy(), ratio=1.0)
        entries = (replace(e, kept=e.step is None and e.name == instead) for e in outcome.report.entries)
        options = outcome.report.draw_options
        options = None if options is None else options.assign(kept=False)
        report = replace(
            outcome.report, choice=f"baseline {instead}", entries=tuple(entries), draw_options=options
        )
    else:
        advice = "" if instead is None else " fallback='baseline' takes a baseline instead."
        note = f"{told} Rows come from the best GAN.{advice}"
        report = outcome.report
    if wishes.decides:
        warnings.warn(note, UserWarning, stacklevel=2)
    return replace(outcome, report=report.noting(note))
