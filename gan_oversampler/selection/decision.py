"""What one oracle decides about a training: what draws the new rows, and why; a pure function of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from gan_oversampler.gans.gan import GAN
from gan_oversampler.reporting.facts import Gain
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.selection.choice import Utilities, better_baseline, gain_over
from gan_oversampler.selection.draw_options import DrawOptions, best_draw_options, describe
from gan_oversampler.selection.scoring import BASELINE_BASES, NOTHING
from gan_oversampler.training.loop import Candidate, Scored

OTHER_DRAW_OPTIONS: Final = "better with its draw options than the first choice, by more than chance"


@dataclass(frozen=True)
class Decision:
    """What draws the new rows, and why."""

    name: str  # what samples, and why, for the report
    reason: str
    # whose generators draw; empty where a geometric sampler draws instead
    candidates: tuple[Candidate, ...] = ()
    base: str = ""  # the geometric sampler, where one draws
    fallback: str | None = None  # the baseline that draws, where ``fallback="baseline"`` made it so
    policy: Policy = field(default_factory=Policy)  # how the generators draw
    ratio: float = 1.0  # share of the size at which classes would be balanced, or of what was asked for
    # utility of the kept generators minus that of each baseline
    gains: Mapping[str, Gain] = field(default_factory=dict)
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
) -> Decision:
    """Decide what draws the new rows.

    Parameters
    ----------
    scored : sequence of Scored
        All candidates.
    tried : sequence of sequence of DrawOptions
        Draw options with their utilities; the first list belongs to the choice among the candidates.
    baselines : dict of str to ndarray
        Utilities of the baselines.
    gans : sequence of GAN
        Specifications that candidates refer to.
    fallback : {"warn", "baseline", "error"}
        What happens when a baseline is better than the kept generators by more than a standard error.
    sign : float
        Turns utility into the oracle's own unit.
    """
    kept, first = best_draw_options(tried), tried[0][0].choice
    best = kept.choice.best.candidate
    gains = {name: gain_over(kept.utilities, utilities) for name, utilities in baselines.items()}
    notes = [describe(tried, kept, gans, sign)] if sum(map(len, tried)) > 1 else []
    reason = reason_for(scored, kept, baselines, OTHER_DRAW_OPTIONS if kept.choice is not first else "")
    options = tried if notes else ()
    if not best.may_be_kept:
        gan = gans[best.specification]
        note = untrained_noise_message(gan)
        return Decision(
            f"base {gan.base}, untrained",
            reason,
            base=gan.base,
            gains=gains,
            notes=(*notes, note),
            warnings=(note,),
            draw_options=options,
        )
    better = better_baseline(gains)
    if better is None:
        return _of_generators(kept, gans, reason, gains, notes, options)
    message = f"By the oracle the baseline {better!r} is better than the kept GAN: gain {gains[better]}."
    drawable = [name for name in baselines if name != NOTHING and gains[name].mean < 0]
    instead = min(drawable, key=lambda name: gains[name].mean, default=None)
    if fallback == "baseline" and instead is not None:
        note = f"{message} Rows come from the baseline {instead!r}, because fallback='baseline'."
        if kept.ratio < 1:
            note += " It fills classes up, because the ratio was chosen for the GAN."
        return Decision(
            f"baseline {instead}",
            reason,
            base=BASELINE_BASES.get(instead, instead),
            fallback=instead,
            gains=gains,
            notes=(*notes, note),
            warnings=(note,),
            draw_options=options,
        )
    error = f"{message} Give other GANs, another oracle, or fallback='warn' or 'baseline'."
    advice = "" if instead is None else " fallback='baseline' takes a baseline instead."
    note = f"{message} Rows come from the best GAN.{advice}"
    return _of_generators(
        kept, gans, reason, gains, [*notes, note], options, note, error if fallback == "error" else ""
    )


def _of_generators(
    kept: DrawOptions,
    gans: Sequence[GAN],
    reason: str,
    gains: Mapping[str, Gain],
    notes: Sequence[str],
    options: Sequence[Sequence[DrawOptions]],
    warning: str = "",
    error: str = "",
) -> Decision:
    """The decision that the kept generators draw."""
    return Decision(
        kept.choice.name(gans),
        reason,
        tuple(entry.candidate for entry in kept.choice.mixture),
        policy=kept.policy,
        ratio=kept.ratio,
        gains=gains,
        notes=tuple(notes),
        warnings=(warning,) if warning else (),
        error=error,
        draw_options=options,
        kept=kept,
    )


def decide_without_oracle(scored: Sequence[Scored], gan: GAN, policy: Policy) -> Decision:
    """Keep the last generator that has neither diverged nor collapsed, where no oracle scores."""
    last = [entry.candidate for entry in scored if entry.candidate.is_sound][-1]
    reason = "the last finite generator, because there is no oracle"
    if last.may_be_kept:
        return Decision(gan.label_at(last.step), reason, (last,), policy=policy)
    note = untrained_noise_message(gan)
    return Decision(f"base {gan.base}, untrained", reason, base=gan.base, notes=(note,), warnings=(note,))


def untrained_noise_message(gan: GAN) -> str:
    """Say that rows come from a GAN's base, because nothing but its untrained noise is left to draw from."""
    return (
        f"No trained generator of {gan.label!r} could be kept, and an untrained one draws noise: rows come"
        f" from its base {gan.base!r}. Train it longer ('max_steps', 'max_time'), or give another GAN."
    )


def reason_for(
    scored: Sequence[Scored], kept: DrawOptions, baselines: Mapping[str, Utilities], instead: str = ""
) -> str:
    """Say why candidates were kept, and which baselines have higher mean scores.

    ``instead`` is the reason where other draw options than the first were taken.
    """
    best, mixture = kept.choice.best, kept.choice.mixture
    own = [s for s in scored if s.candidate.specification == best.candidate.specification]
    means = [s.mean for s in scored if s.candidate.may_be_kept and np.isfinite(s.mean)]
    parts = ["best held-out score of all GANs"]
    if instead:
        parts = [instead]
    elif best.mean < max(means, default=best.mean):
        parts = ["no GAN is better by more than a standard error of its held-out scores"]
    if len(mixture) > 1:
        parts.append("mixed with the trained ones within a standard error of it")
    if not best.candidate.step and len(own) > 1:
        parts.append("its training did not gain enough to count")
    better = [repr(name) for name, found in baselines.items() if found.mean() > kept.utilities.mean()]
    if better:
        parts.append(f"baselines that score higher: {', '.join(better)}")
    return "; ".join(parts)
