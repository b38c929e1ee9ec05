"""Which of the scored candidates is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.gans.gan import GAN
from gan_oversampler.reporting.facts import Gain
from gan_oversampler.training.loop import Scored


def standard_error(values: NDArray[np.float64]) -> float:
    """Standard error of a mean over folds; 0 for a single fold.

    >>> standard_error(np.array([1.0, 3.0]))
    1.0
    """
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


@dataclass(frozen=True)
class Choice:
    """What is kept.

    Attributes
    ----------
    best : Scored
        The candidate that counts: the best of the first specification, or one that is surely better.
    mixture : tuple of Scored
        It and the trained generators of its kind that cannot be told from it, by scores that are neither
        worse nor better; all of them sample, because an average errs less than one winner.
    """

    best: Scored
    mixture: tuple[Scored, ...]

    def name(self, gans: Sequence[GAN]) -> str:
        """What samples, in words."""
        candidate, n_others = self.best.candidate, len(self.mixture) - 1
        name = gans[candidate.specification].label_at(candidate.step)
        return f"{name} mixed with {n_others} like it" if n_others else name


def choose(
    scored: Sequence[Scored], proofs: Sequence[float], kinds: Sequence[object] | None = None
) -> Choice:
    """The candidates to keep.

    Within a specification training has to earn its place: the best trained generator counts only if its
    gain over the untrained one, paired over the folds, exceeds as many standard errors as ``proofs``
    asks of this specification; fewer than none where training is known to help. What is mere noise
    untrained has no such place, whatever its score. Among specifications the first one is kept unless the
    one with the highest mean gains more than a standard error over it, which is that of all specifications
    together. ``kinds`` says which specifications may be mixed; without it each is of a kind of its own.

    Raises
    ------
    ValueError
        If no candidate has a finite score.
    """
    finite = [entry for entry in scored if entry.candidate.sound and np.isfinite(entry.mean)]
    if not finite:
        raise ValueError("No candidate has a finite score.")
    finite = [entry for entry in finite if not entry.candidate.noise] or finite
    by_number: dict[int, list[Scored]] = {}
    for entry in finite:
        by_number.setdefault(entry.candidate.specification, []).append(entry)
    earned = [_earned(entries, proofs[number]) for number, entries in sorted(by_number.items())]
    best = _sure_best(earned)
    kinds = range(len(proofs)) if kinds is None else kinds
    kind = kinds[best.candidate.specification]
    return Choice(
        best, _alike(best, [entry for entry in finite if kinds[entry.candidate.specification] == kind])
    )


def rivals(
    scored: Sequence[Scored], choice: Choice, proofs: Sequence[float], kinds: Sequence[object]
) -> list[Choice]:
    """What each specification that is not in a choice would be kept for, best first."""
    taken = {entry.candidate.specification for entry in choice.mixture}
    known = [entry.utilities for entry in choice.mixture]
    by_number: dict[int, list[Scored]] = {}
    for entry in scored:
        number = entry.candidate.specification
        if number not in taken and entry.candidate.keepable and np.isfinite(entry.mean):
            by_number.setdefault(number, []).append(entry)
    found: list[Choice] = []
    for rival in (choose(entries, proofs, kinds) for entries in by_number.values()):
        if not any(np.array_equal(rival.best.utilities, values) for values in known):  # else they draw alike
            known.append(rival.best.utilities)
            found.append(rival)
    return sorted(found, key=lambda rival: rival.best.mean, reverse=True)


def _earned(entries: Sequence[Scored], proof: float) -> Scored:
    """The best trained step of one specification, or the untrained one where that does not gain enough."""
    first, *trained = entries
    if first.candidate.step:  # the untrained one does not count
        return max(entries, key=_mean)
    best = max(trained, key=_mean, default=first)
    return best if best.mean - first.mean > proof * _noise(first, trained) else first


def _sure_best(earned: Sequence[Scored]) -> Scored:
    """The first specification, or the best one if it is better by more than a standard error."""
    first, *others = earned
    best = max(earned, key=_mean)
    return best if best.mean - first.mean > _noise(first, others) else first


def _mean(entry: Scored) -> float:
    return entry.mean


def _alike(best: Scored, entries: Sequence[Scored]) -> tuple[Scored, ...]:
    """The trained ones within a standard error of the best, in order; the untrained one stands alone."""
    if not best.candidate.step:
        return (best,)
    trained = [entry for entry in entries if entry.candidate.step]
    noise = _noise(best, [entry for entry in trained if entry is not best])
    return tuple(entry for entry in trained if abs(best.mean - entry.mean) <= noise)


def _noise(reference: Scored, others: Sequence[Scored]) -> float:
    """Standard error of a gain over the reference.

    A few folds know their own scatter badly, so all candidates together say how much gains scatter.
    """
    gains = [entry.utilities - reference.utilities for entry in others]
    return float(np.sqrt(np.mean([standard_error(gain) ** 2 for gain in gains]))) if gains else 0.0


def choose_ratio(utilities: Mapping[float, NDArray[np.float64]]) -> float:
    """The smallest ratio that is not worse than the best one by more than a standard error.

    Fewer new rows are the simpler choice; scores that are not finite do not count.
    """
    finite = {ratio: values for ratio, values in utilities.items() if np.isfinite(values).all()}
    if not finite:
        return 1.0
    best = max(finite.values(), key=lambda values: float(values.mean()))
    return min(
        ratio for ratio, values in finite.items() if (best - values).mean() <= standard_error(best - values)
    )


def choose_way(ways: Sequence[Mapping[float, NDArray[np.float64]]]) -> tuple[int, float]:
    """Which of several ways to draw is taken, and the smallest good ratio there.

    Parameters
    ----------
    ways : sequence of dict of float to ndarray
        Utilities per fold by ratio; the first way is what is done without a choice.

    Notes
    -----
    Each way counts at its best ratio. Another than the first one has to gain more than the best of so many
    gains is by chance: their pooled standard error times the universal threshold sqrt(2 ln n) of Donoho and
    Johnstone (1994), and at least that error; so do the ratios that are then considered. Few folds know their
    error badly: of 18 equal ways another one is taken in about one of seven fits. Scores that are not finite
    do not count.
    """
    first, *others = [_top(way) for way in ways]
    gains = {n: gain for n, top in enumerate(others, 1) if np.isfinite(gain := top - first).all()}
    if not gains:
        return 0, choose_ratio(ways[0])
    noise = np.sqrt(np.mean([standard_error(gain) ** 2 for gain in gains.values()]))
    least = noise * max(1.0, np.sqrt(2 * np.log(len(gains))))
    best = max(gains, key=lambda n: float(gains[n].mean()))
    good = {ratio: values for ratio, values in ways[best].items() if (values - first).mean() > least}
    return (best, choose_ratio(good)) if good else (0, choose_ratio(ways[0]))


def _top(way: Mapping[float, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Utilities at the best ratio, or NaN."""
    finite = [values for values in way.values() if np.isfinite(values).all()]
    return max(finite, key=lambda values: float(values.mean()), default=np.array(np.nan))


def gain_over(kept: NDArray[np.float64], baseline: NDArray[np.float64]) -> Gain:
    """Utilities of what is kept minus those of a baseline, paired over the folds."""
    differences = kept - baseline
    return Gain(float(differences.mean()), standard_error(differences))


def better_baseline(kept: NDArray[np.float64], baselines: Mapping[str, NDArray[np.float64]]) -> str | None:
    """The best of the baselines that beat what is kept by more than a standard error, if any does."""
    gains = {name: gain_over(kept, utilities) for name, utilities in baselines.items()}
    lost = [name for name, gain in gains.items() if gain.mean < -gain.standard_error]
    return min(lost, key=lambda name: gains[name].mean, default=None)
