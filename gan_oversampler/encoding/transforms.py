"""Logarithms for columns with a long tail, so that a few large numbers do not outweigh all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

# Columns whose skewness is further from zero are transformed; an exponential law has 2.
MAX_SKEWNESS: Final = 2.0
MIN_ROWS: Final = 50
# Skewness is that of the values without the influence of single outliers: the outer ones are pulled in.
OUTER_SHARE: Final = 0.01
# So many sorted values, evenly chosen, stand for all when the shift is searched.
MAX_VALUES: Final = 2000
MAX_MEASURED: Final = 50_000  # the same for the skewness without a shift


@dataclass(frozen=True, slots=True)
class ShiftedLog:
    """The logarithm of the distance from the crowded end of a range, with a shift that removes the skewness.

    A column with a long right tail becomes ``log(u + shift)`` with ``u = (value - lowest) / range``, one
    with a long left tail ``-log(u + shift)`` with ``u = (highest - value) / range``. Both are increasing.
    Box and Cox (1964) proposed the shifted logarithm; Stata's ``lnskew0`` chooses the shift like this.

    Examples
    --------
    >>> values = np.exp(np.linspace(-5, 5, 100))
    >>> log = ShiftedLog.learn(values)
    >>> bool(np.allclose(log.inverse(log.forward(values)), values))
    True
    """

    origin: float  # the crowded end
    span: float  # from there to the other end; negative if that is the lowest value
    shift: float  # as a share of the span

    @classmethod
    def learn(cls, values: NDArray[np.float64]) -> ShiftedLog | None:
        """Learn the shift for sorted values ``(n,)``; None if they are fewer than 50 or not clearly skewed.

        Clearly means that the skewness is beyond 2 after the lowest and the highest percent are pulled in.
        """
        with np.errstate(over="ignore"):
            low, high, span = values[0], values[-1], values[-1] - values[0]
        if len(values) < MIN_ROWS or not 0 < span < np.inf:
            return None
        some = values[:: 1 + len(values) // MAX_MEASURED]
        from_low, from_high = (some - low) / span, (high - some) / span
        skewness = _skewness(_without_outer(from_low))
        if abs(skewness) <= MAX_SKEWNESS:
            return None
        if skewness > 0:
            return cls(float(low), float(span), _shift_without_skewness(from_low))
        return cls(float(high), float(-span), _shift_without_skewness(from_high))

    def forward(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the transformed values; those beyond the crowded end are taken to lie on it."""
        distances = np.maximum((values - self.origin) / self.span, 0.0)
        return np.sign(self.span) * np.log(distances + self.shift)

    def inverse(self, transformed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values that `forward` turns into these numbers."""
        distances = np.exp(np.sign(self.span) * transformed) - self.shift
        return self.origin + self.span * distances


def _shift_without_skewness(distances: NDArray[np.float64]) -> float:
    """Shift between the smallest distance and one whose logarithms are least skewed."""
    inner = _without_outer(distances)[:: 1 + len(distances) // MAX_VALUES]

    def skewness(log_shift: float) -> float:
        return _skewness(np.log(inner + np.exp(log_shift)))

    # A greater shift leaves more skewness.
    least, most = float(np.log(distances[distances > 0].min())), 0.0
    if skewness(least) >= 0:
        return float(np.exp(least))
    if skewness(most) <= 0:
        return 1.0
    return float(np.exp(brentq(skewness, least, most, xtol=1e-3)))


def _without_outer(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.clip(*np.quantile(values, [OUTER_SHARE, 1 - OUTER_SHARE]))


def _skewness(values: NDArray[np.float64]) -> float:
    centred = values - values.mean()
    variance = float((centred**2).mean())
    return float((centred**3).mean()) / variance**1.5 if variance > 0 else 0.0
