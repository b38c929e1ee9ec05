"""Which of the scored candidates is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.training.loop import Scored


def standard_error(values: NDArray[np.float64]) -> float:
    """Standard error of a mean over folds; 0 for a single fold.

    >>> standard_error(np.array([1.0, 3.0]))
    1.0
    """
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def choose(scored: Sequence[Scored]) -> Scored:
    """The candidate to keep.

    Within a specification training has to earn its place: the best trained generator counts only if it
    beats the untrained one, paired over the folds, by more than one standard error. Among
    specifications the highest mean utility wins, the earlier one on ties.

    Raises
    ------
    ValueError
        If no candidate has a finite score.
    """
    finite = [entry for entry in scored if entry.candidate.finite and np.isfinite(entry.mean)]
    if not finite:
        raise ValueError("No candidate has a finite score.")
    numbers = dict.fromkeys(entry.candidate.specification for entry in finite)
    contenders = [
        _earned([entry for entry in finite if entry.candidate.specification == number]) for number in numbers
    ]
    return max(contenders, key=lambda entry: entry.mean)


def _earned(entries: Sequence[Scored]) -> Scored:
    """The best step of one specification, or its first where the best is not surely better."""
    first, best = entries[0], max(entries, key=lambda entry: entry.mean)
    gain = best.utilities - first.utilities
    return best if gain.mean() > standard_error(gain) else first
