"""Which of the scored candidates are kept, and with which draw options: pure functions of utilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler._utils import standard_error, uncorrected_error
from gan_oversampler.gans.gan import GAN
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.training.loop import Scored

Utilities = NDArray[np.float64]
"""Utility per fold ``(n_folds,)``; higher is better, NaN where scoring failed."""

OF_ALL: Final = 0.5  # degrees of freedom that the mean variance of all gains stands for; a fold is one

_mean_utility: Final = attrgetter("mean")


def gains_over(
    kept: Utilities,
    baselines: Mapping[str, Utilities],
    others: Sequence[Utilities] = (),
    heldout_ratio: float | None = None,
) -> dict[str, Gain]:
    """Compare what is kept with each baseline: mean gains and their standard errors, paired over the folds.

    All are utilities per fold; a negative gain means that the baseline is better. ``heldout_ratio`` is that
    of ``standard_error``. A few folds estimate their own scatter badly, so the variance of each gain is mixed
    with the mean of those over all baselines and ``others`` (a moderated t, Smyth 2004), which counts as
    ``OF_ALL`` folds do. A gain of 0 in every fold, over rows that are drawn alike, has no error.
    """
    gains = {name: kept - utilities for name, utilities in baselines.items()}
    differences = [*gains.values(), *(kept - utilities for utilities in others)]
    informative = [values for values in differences if values.any() and np.isfinite(values).all()]
    of_all = np.mean([standard_error(values, heldout_ratio) ** 2 for values in informative or [kept - kept]])
    found = {}
    for name, gain in gains.items():
        own, weight = standard_error(gain, heldout_ratio) ** 2, len(kept) - 1
        variance = (weight * own + OF_ALL * of_all) / (weight + OF_ALL) if gain.any() else 0.0
        found[name] = Gain(float(gain.mean()), float(np.sqrt(variance)), tuple(gain.tolist()))
    return found


def keepable_utilities(scored: Sequence[Scored]) -> list[Utilities]:
    """Collect the utilities of all candidates that may be kept, from which ``gains_over`` learns scatter."""
    return [entry.utilities for entry in scored if entry.candidate.may_be_kept]


@dataclass(frozen=True)
class Choice:
    """The candidates that are kept."""

    best: Scored  # the best one of the first specification, or of one that is significantly better
    # the best one and the trained generators of its family whose utilities are within an uncorrected error of
    # its own, above or below; all of them sample, because an average errs less than one winner
    mixture: tuple[Scored, ...]

    def name(self, gans: Sequence[GAN]) -> str:
        """Name what samples, for reports: the best candidate, and how many others sample with it."""
        candidate, n_others = self.best.candidate, len(self.mixture) - 1
        name = gans[candidate.specification].label_at(candidate.step)
        return f"{name} mixed with {n_others} like it" if n_others else name


def choose(
    scored: Sequence[Scored], min_gains_in_se: Sequence[float], kinds: Sequence[object] | None = None
) -> Choice:
    """Choose the candidates to keep, out of all that one oracle has scored.

    Within a specification the best trained generator counts only if its gain over the untrained one, paired
    over the folds, exceeds ``min_gains_in_se`` uncorrected errors, a number by specification that may be
    negative. Among specifications the first one is kept unless the one with the highest mean gains more than
    an uncorrected error over it, which is pooled over all specifications. ``kinds``, by specification, tell
    which trained candidates may be mixed with the best one; None mixes none of different specifications.
    Untrained noise is chosen only where nothing else has a finite score. Raises ValueError if nothing has
    one.
    """
    finite = [entry for entry in scored if entry.candidate.is_sound and np.isfinite(entry.mean)]
    if not finite:
        raise ValueError("No candidate has a finite score.")
    finite = [entry for entry in finite if not entry.candidate.is_noise] or finite
    best_of_each = []
    for number, (first, *later) in sorted(_by_specification(finite).items()):
        best = max(later, key=_mean_utility, default=first)
        if first.candidate.step:  # the untrained one has no score
            best_of_each.append(max(first, best, key=_mean_utility))
        else:
            gained = best.mean - first.mean > min_gains_in_se[number] * _pooled_error(first, later)
            best_of_each.append(best if gained else first)
    first, *others = best_of_each
    best = max(best_of_each, key=_mean_utility)
    if best.mean - first.mean <= _pooled_error(first, others):
        best = first
    if not best.candidate.step:
        return Choice(best, (best,))
    kinds = range(len(min_gains_in_se)) if kinds is None else kinds
    kind = kinds[best.candidate.specification]
    alike = [s for s in finite if s.candidate.step and kinds[s.candidate.specification] == kind]
    error = _pooled_error(best, [entry for entry in alike if entry is not best])
    return Choice(best, tuple(entry for entry in alike if abs(best.mean - entry.mean) <= error))


def runners_up(
    scored: Sequence[Scored], choice: Choice, min_gains_in_se: Sequence[float], kinds: Sequence[object]
) -> list[Choice]:
    """Choose again among each specification that is not in a choice, and list what is chosen, best first.

    Left out is what cannot be kept, and what has the utilities of an earlier one in all folds: two such
    specifications draw alike. The other arguments are those of ``choose``.
    """
    kept = {entry.candidate.specification for entry in choice.mixture}
    known = [entry.utilities for entry in choice.mixture]
    others = [s for s in scored if s.candidate.specification not in kept]
    others = [s for s in others if s.candidate.may_be_kept and np.isfinite(s.mean)]
    found: list[Choice] = []
    for entries in _by_specification(others).values():
        other = choose(entries, min_gains_in_se, kinds)
        if not any(np.array_equal(other.best.utilities, utilities) for utilities in known):
            known.append(other.best.utilities)
            found.append(other)
    return sorted(found, key=lambda other: other.best.mean, reverse=True)


def _by_specification(scored: Sequence[Scored]) -> dict[int, list[Scored]]:
    found: dict[int, list[Scored]] = {}
    for entry in scored:
        found.setdefault(entry.candidate.specification, []).append(entry)
    return found


def _pooled_error(reference: Scored, others: Sequence[Scored]) -> float:
    """Uncorrected error of a gain over the reference, pooled: few folds estimate their own scatter badly."""
    gains = [entry.utilities - reference.utilities for entry in others]
    return float(np.sqrt(np.mean([uncorrected_error(gain) ** 2 for gain in gains]))) if gains else 0.0


def choose_ratio(utilities: Mapping[float, Utilities]) -> float:
    """Choose the smallest ratio whose utilities are within an uncorrected error of the best one's.

    Fewer new rows are the simpler choice. Utilities per fold that are not all finite do not count; if none
    are left, the ratio is 1.
    """
    finite = {ratio: values for ratio, values in utilities.items() if np.isfinite(values).all()}
    if not finite:
        return 1.0
    best = max(finite.values(), key=lambda values: float(values.mean()))
    losses = {ratio: best - values for ratio, values in finite.items()}
    return min(ratio for ratio, loss in losses.items() if loss.mean() <= uncorrected_error(loss))


def choose_draw_options(candidates: Sequence[Mapping[float, Utilities]]) -> tuple[int, float]:
    """Choose one of several ways to draw, each scored at several ratios, and the smallest good ratio there.

    The result is the position and the ratio; the first candidate is what is done without a choice. Each
    counts at its best ratio. Another than the first has to gain more than the best of so many gains is by
    chance: their pooled uncorrected error times the universal threshold ``sqrt(2 ln n)`` of Donoho and
    Johnstone (1994), and at least that error; so do the ratios that are then considered. Few folds estimate
    their error badly: of 18 equal candidates another than the first is chosen in about one of seven fits.
    """
    first, *others = [_best_ratio(utilities) for utilities in candidates]
    gains = {n: gain for n, best in enumerate(others, 1) if np.isfinite(gain := best - first).all()}
    if not gains:
        return 0, choose_ratio(candidates[0])
    error = np.sqrt(np.mean([uncorrected_error(gain) ** 2 for gain in gains.values()]))
    least = error * max(1.0, np.sqrt(2 * np.log(len(gains))))
    best = max(gains, key=lambda n: float(gains[n].mean()))
    good = {ratio: values for ratio, values in candidates[best].items() if (values - first).mean() > least}
    return (best, choose_ratio(good)) if good else (0, choose_ratio(candidates[0]))


def _best_ratio(utilities: Mapping[float, Utilities]) -> Utilities:
    """Utilities at the best ratio, or NaN."""
    finite = [values for values in utilities.values() if np.isfinite(values).all()]
    return max(finite, key=lambda values: float(values.mean()), default=np.array(np.nan))


def better_baseline(kept: Utilities, baselines: Mapping[str, Utilities]) -> str | None:
    """Name the best of the baselines that beat what is kept by more than an uncorrected error, if any does.

    It is a choice as the others are: the scores support the baseline, more or less surely.
    """
    leads = {name: utilities - kept for name, utilities in baselines.items()}
    better = [name for name, lead in leads.items() if lead.mean() > uncorrected_error(lead)]
    return max(better, key=lambda name: float(leads[name].mean()), default=None)
