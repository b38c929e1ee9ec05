"""A gain over a baseline, with its error."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Gain:
    """Utility of the kept candidate minus that of a baseline, paired over the folds; negative if it is worse.

    Parameters
    ----------
    mean, standard_error : float
        Mean of the differences over the folds, and its standard error, which knows that folds share training
        rows (Nadeau & Bengio 2003).
    by_fold : tuple of float, default=()
        The differences themselves.

    Examples
    --------
    >>> gain = Gain(0.04, 0.02)
    >>> round(gain.expected, 3), str(gain)
    (0.03, '+0.0400 ± 0.0200')
    """

    mean: float
    standard_error: float
    by_fold: tuple[float, ...] = field(default=(), compare=False, repr=False)

    @property
    def expected(self) -> float:
        """Gain to expect on new rows: the measured gain, shrunk because the best of many looks too good.

        The positive-part James-Stein factor ``1 - (standard_error / mean) ** 2`` leaves nothing of a gain
        within one standard error.
        """
        if abs(self.mean) <= self.standard_error:
            return 0.0
        return self.mean * (1.0 - (self.standard_error / self.mean) ** 2)

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ± {self.standard_error:.4f}"
