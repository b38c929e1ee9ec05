"""Means with their standard errors, and whether they are significantly different from zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

LEVEL: Final = 0.95  # of the interval that a sure mean keeps away from zero


@dataclass(frozen=True)
class Mean:
    """A mean of independent values: seeds, or tables."""

    value: float
    error: float  # standard error; NaN for one value
    n: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Mean:
        """Compute it from all values."""
        found = np.asarray(list(values), float)
        n = len(found)
        error = found.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        return cls(float(found.mean()), float(error), n)

    @property
    def is_sure(self) -> bool:
        """Whether Student's interval lies on one side of zero."""
        if self.n < 2 or self.error == 0:
            return False
        return abs(self.value) > stats.t.ppf((1 + LEVEL) / 2, self.n - 1) * self.error

    def text(self, digits: int = 3, *, signed: bool = True) -> str:
        """Write the mean, and its error where there is one."""
        text = f"{self.value:{'+' if signed else ''}.{digits}f}"
        return text if np.isnan(self.error) else f"{text} ± {self.error:.{digits}f}"
