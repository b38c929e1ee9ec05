"""What one oracle decides about a training: what draws the new rows, and why; a pure function of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from gan_oversampler.gans.gan import GAN
from gan_oversampler.oracles.alternatives import ALTERNATIVES
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.selection.advice import ACTIONS
from gan_oversampler.selection.choice import Utilities, better_baseline, gains_over, keepable_utilities
from gan_oversampler.selection.draw_options import DrawOptions, best_draw_options, describe
from gan_oversampler.selection.scoring import BASELINE_BASES, NOTHING
from gan_oversampler.training.loop import Candidate, Scored

OTHER_DRAW_OPTIONS: Final = "better with its draw options than the first choice, by more than chance"
NO_NEW_ROWS: Final = "no new rows"
OR_OTHERS: Final = "Give other GANs, another oracle, or fallback='warn' or 'baseline'."
ONLY_NOISE: Final = "no trained generator could be kept"


@dataclass(frozen=True)
class Decision:
    """What draws the new rows, and why."""

    name: str  # what samples, for the report
    reason: str  # why
    # whose generators draw, if any rows are asked for; empty where a geometric sampler does
    candidates: tuple[Candidate, ...] = ()
    base: str = ""  # the geometric sampler, where one draws
    fallback: str | None = None  # what is done instead, where ``fallback="baseline"`` made it so
    policy: Policy = field(default_factory=Policy)  # how the generators draw
    # share of the size at which classes would be balanced, or of what was asked for; 0 adds no rows
    ratio: float = 1.0
    gains: Mapping[str, Gain] = field(default_factory=dict)  # of the kept generators over each baseline
    # of the new rows, per fold; where none are added, of those that were best
    utilities: Utilities | None = None
    notes: tuple[str, ...] = ()  # what a user should know
    warnings: tuple[str, ...] = ()  # those of the notes that a user should be warned of
    error: str = ""  # why the decision is refused, where ``fallback="error"`` makes it so; else empty
    draw_options: Sequence[Sequence[DrawOptions]] = ()  # all that were tried, where the oracle was to choose
    kept: DrawOptions | None = None  # those that draw; None where a geometric sampler draws


def decide(
    scored: Sequence[Scored],
    tried: Sequence[Sequence[DrawOptions]],
    baselines: Mapping[str, Utilities],
    gans: Sequence[GAN],
    *,
    fallback: str,
    sign: float,
    heldout_ratio: float | None = None,
) -> Decision:
    """Decide what draws the new rows, and why, from the scores of one oracle.

    ``tried`` holds draw options with their utilities, first those of the choice among the candidates; they
    are compared with the utilities of the ``baselines``. ``fallback`` says what happens when a baseline is
    better than the kept generators by more than an uncorrected error: their rows and a warning, what the
    best baseline that a sampler can deliver does (its rows, or no new ones), or an error. Class weights and
    thresholds are told of, not delivered. ``sign`` turns utility into the oracle's own unit;
    ``heldout_ratio`` is that of ``standard_error``.
    """
    kept, first = best_draw_options(tried), tried[0][0].choice
    notes = [describe(tried, kept, gans, sign, heldout_ratio)] if sum(map(len, tried)) > 1 else []
    options = tried if notes else ()
    if not kept.choice.best.candidate.may_be_kept:
        noise = _instead_of_noise(gans[kept.choice.best.candidate.specification])
        return replace(noise, notes=(*notes, *noise.notes), draw_options=options)
    gains = gains_over(kept.utilities, baselines, keepable_utilities(scored), heldout_ratio)
    decision = Decision(
        kept.choice.name(gans) if kept.ratio else NO_NEW_ROWS,
        reason_for(scored, kept, baselines, OTHER_DRAW_OPTIONS if kept.choice is not first else ""),
        tuple(entry.candidate for entry in kept.choice.mixture),
        policy=kept.policy,
        ratio=kept.ratio,
        gains=gains,
        utilities=_best_rows(tried) if not kept.ratio else kept.utilities,
        notes=tuple(notes),
        draw_options=options,
        kept=kept,
    )
    better = better_baseline(kept.utilities, baselines)
    if better is not None and better in ALTERNATIVES:
        decision = _outdone(decision, better, fallback)
        deliverable = {name: found for name, found in baselines.items() if name not in ALTERNATIVES}
        better = better_baseline(kept.utilities, deliverable) if fallback == "baseline" else None
    if better is None:
        return decision
    beaten = _beaten(decision, better, fallback)
    return replace(beaten, utilities=baselines[better]) if beaten.base else beaten


def _best_rows(tried: Sequence[Sequence[DrawOptions]]) -> Utilities:
    """Utilities of the best draw options that draw any rows."""
    drawing = [options.utilities for group in tried for options in group if options.ratio]
    return max(drawing, key=lambda utilities: float(np.nan_to_num(utilities, nan=-np.inf).mean()))


def _comparison(decision: Decision, name: str) -> str:
    loser = "the kept GAN" if decision.ratio else "the table as it is"
    return f"By the oracle the baseline {name!r} scores higher than {loser}: gain {decision.gains[name]}."


def _outdone(decision: Decision, name: str, fallback: str) -> Decision:
    """Tell what to set where an alternative to new rows is best, which no sampler can deliver."""
    what = f"{ACTIONS[name][0]} instead of adding rows: that is up to the classifier, no sampler does it."
    note = f"{_comparison(decision, name)} {what}"
    error = f"{note} {OR_OTHERS}" if fallback == "error" else ""
    return replace(decision, notes=(*decision.notes, note), warnings=(note,), error=error)


def _beaten(decision: Decision, name: str, fallback: str) -> Decision:
    """Change a decision for generators that the baseline of this name beats, as ``fallback`` says."""
    leaves, base = name == NOTHING, BASELINE_BASES.get(name, name)
    note = _comparison(decision, name)
    changes: dict[str, Any] = {}
    if fallback == "error":
        changes = {"error": f"{note} {OR_OTHERS}"}
    if fallback != "baseline":
        origin = "Rows come from the best GAN." if decision.ratio else "No rows are added."
        note += f" {origin} fallback='baseline' {'adds none' if leaves else 'takes a baseline instead'}."
    elif leaves:
        note += " The table stays as it is, because fallback='baseline'."
        # The generators stay, for those who ask ``sample`` for rows all the same.
        changes = {"name": NO_NEW_ROWS, "ratio": 0.0, "fallback": name, "kept": None}
    else:
        note += f" Rows come from the baseline {name!r}, because fallback='baseline'."
        if decision.ratio < 1:
            note += " It fills classes up, because the ratio was chosen for the GAN."
        changes = {"name": f"baseline {name}", "base": base, "fallback": name, "kept": None}
        changes |= {"candidates": (), "policy": Policy(), "ratio": 1.0}
    return replace(decision, notes=(*decision.notes, note), warnings=(*decision.warnings, note), **changes)


def decide_without_oracle(scored: Sequence[Scored], gan: GAN, policy: Policy) -> Decision:
    """Keep the last generator that has neither diverged nor collapsed, where no oracle scores.

    Where that is untrained noise, rows come from the GAN's base instead, with a warning.
    """
    last = [entry.candidate for entry in scored if entry.candidate.is_sound][-1]
    if not last.may_be_kept:
        return _instead_of_noise(gan)
    reason = "the last finite generator, because there is no oracle"
    return Decision(gan.label_at(last.step), reason, (last,), policy=policy)


def _instead_of_noise(gan: GAN) -> Decision:
    """Decide for the base of a GAN; nothing is said of gains, because its rows were not scored."""
    note = (
        f"No trained generator of {gan.label!r} could be kept, and an untrained one draws noise: rows come"
        f" from its base {gan.base!r}. Train it longer ('max_steps', 'max_time'), or give another GAN."
    )
    name = f"base {gan.base}, untrained"
    return Decision(name, ONLY_NOISE, base=gan.base, notes=(note,), warnings=(note,))


def _standing(scored: Sequence[Scored], best: Scored) -> str:
    """Say where the score of what is kept stands, and why nothing of a higher score was taken."""
    number = best.candidate.specification
    sound = [s for s in scored if s.candidate.may_be_kept and np.isfinite(s.mean)]
    rivals = [s for s in sound if s.mean > best.mean]
    if any(s.candidate.specification != number for s in rivals):
        first = "the first GAN that can be kept" if number else "the first GAN"
        if number == min(s.candidate.specification for s in sound):
            return f"{first}: those that score higher gain too little, over it or over their own start"
        return (
            "better than the first GAN by more than noise; higher scores gained too little over their start"
        )
    if rivals:
        return "no other GAN scores higher"
    can = " that can be kept" if any(s.mean > best.mean for s in scored) else ""
    return f"best held-out score of all GANs{can}"


def reason_for(
    scored: Sequence[Scored], kept: DrawOptions, baselines: Mapping[str, Utilities], instead: str = ""
) -> str:
    """Say why candidates were kept, and which baselines have higher mean scores: a line of the report.

    ``instead`` is the reason where other draw options than the first were taken.
    """
    best, mixture = kept.choice.best, kept.choice.mixture
    own = [s for s in scored if s.candidate.specification == best.candidate.specification]
    parts = [instead or _standing(scored, best)]
    if len(mixture) > 1:
        parts.append("mixed with the trained ones whose scores differ from its own by no more than noise")
    if not best.candidate.step and len(own) > 1:
        parts.append("its training did not gain enough to count")
    elif any(s.mean > best.mean and s.candidate.may_be_kept for s in own):
        parts.append("untrained it scores higher, by no more than its 'min_gain_in_se' allows")
    better = [repr(name) for name, found in baselines.items() if found.mean() > kept.utilities.mean()]
    if better:
        parts.append(f"baselines that score higher: {', '.join(better)}")
    return "; ".join(parts)
