"""Which of the scored candidates is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.training.loop import Scored

SURE: Final = 2.0  # standard errors; the best of several steps looks better than it is


def standard_error(values: NDArray[np.float64]) -> float:
    """Standard error of a mean over folds; 0 for a single fold.

    >>> standard_error(np.array([1.0, 3.0]))
    1.0
    """
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def choose(scored: Sequence[Scored]) -> Scored:
    """The candidate to keep.

    Within a specification training has to earn its place: the best trained generator counts only if its
    gain over the untrained one, paired over the folds, exceeds two standard errors. Among
    specifications the highest mean utility wins, the earlier one on ties.

    Raises
    ------
    ValueError
        If no candidate has a finite score.
    """
    finite = [entry for entry in scored if entry.candidate.finite and np.isfinite(entry.mean)]
    if not finite:
        raise ValueError("No candidate has a finite score.")
    by_number: dict[int, list[Scored]] = {}
    for entry in finite:
        by_number.setdefault(entry.candidate.specification, []).append(entry)
    return max(map(_earned, by_number.values()), key=lambda entry: entry.mean)


def _earned(entries: Sequence[Scored]) -> Scored:
    """The best step of one specification, or its first where the best is not surely better."""
    first, best = entries[0], max(entries, key=lambda entry: entry.mean)
    gains = [entry.utilities - first.utilities for entry in entries[1:]]
    # A few folds know their own scatter badly, so all steps together say how much gains scatter.
    noise = np.sqrt(np.mean([standard_error(gain) ** 2 for gain in gains])) if gains else 0.0
    return best if best.mean - first.mean > SURE * noise else first
