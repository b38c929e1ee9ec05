"""Picture of how columns correlate, real against new."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays.base import Pair, RowsDisplay
from gan_oversampler.reporting.displays.drawing import column_title
from gan_oversampler.reporting.displays.tables import kinds_of, numeric_tables

MAX_COLUMNS: Final = 20
MAX_NUMBERED: Final = 12  # with more columns, the numbers would not fit
MIN_LIMIT: Final = 0.25  # of the colours: differences far below it must not look strong


@dataclass(eq=False, repr=False)
class CorrelationDisplay(RowsDisplay):
    """Correlations of real rows minus those of new rows of one class, as a matrix of colours.

    Numbers, dates and durations are correlated, and of each category its most frequent level.

    Parameters
    ----------
    difference : DataFrame
        Square matrix of differences, real minus new.
    by_chance : float, default=nan
        Mean absolute difference of two samples of these sizes from one distribution without correlations.
    label : object, default=None
        The class, for the description.

    Examples
    --------
    >>> values = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=list("abc"))
    >>> display = CorrelationDisplay.from_pair(Pair(values, values, values[:0], "rare"))
    >>> float(display.difference.abs().max().max())
    0.0
    """

    difference: pd.DataFrame
    _: KW_ONLY
    by_chance: float = np.nan
    label: Any = None

    @classmethod
    def from_pair(cls, pair: Pair) -> CorrelationDisplay:
        """Correlate the columns of real rows and of new ones; those that are constant in one are left out."""
        real, new = numeric_tables([pair.real, pair.new], kinds_of(pair.real, pair.new))
        moving = [name for name in real if real[name].std() > 0 and new[name].std() > 0]
        difference = real[moving].corr(min_periods=3) - new[moving].corr(min_periods=3)
        # A correlation of n independent pairs has variance 1/n; sqrt(2/pi) is the mean of |N(0, 1)|.
        chance = np.sqrt(1 / max(len(real), 2) + 1 / max(len(new), 2)) * np.sqrt(2 / np.pi)
        return cls(difference, by_chance=float(chance), label=pair.label)

    @property
    def mean(self) -> float:
        """Mean absolute difference over all pairs of different columns; NaN if no pair can be compared."""
        values = self.difference.to_numpy()[np.triu_indices(len(self.difference), 1)]
        return float(np.nanmean(np.abs(values))) if np.isfinite(values).any() else np.nan

    @property
    def description(self) -> str:
        """Mean absolute difference of the correlations, over how many columns, and how much is chance."""
        return (
            f"Correlations of real rows minus those of new rows of class {self.label}: mean absolute"
            f" difference {self.mean:.2f} over {len(self.difference)} columns; about {self.by_chance:.2f}"
            " is chance."
        )

    def plot(self, ax: Any = None) -> CorrelationDisplay:
        """Draw the matrix of the 20 columns that differ most, as :meth:`Display.plot`.

        Up to 12 columns have numbers in their cells. Raises ``ValueError`` if fewer than two columns vary.
        """
        if len(self.difference) < 2:
            raise ValueError("There is nothing to correlate: fewer than two columns vary.")
        self._start(ax, (6.5, 5.5))
        order = self.difference.abs().mean().sort_values(ascending=False, kind="stable").index
        most = set(order[:MAX_COLUMNS])
        chosen = [name for name in self.difference if name in most]  # in the order of the table
        shown, numbered = self.difference.loc[chosen, chosen].to_numpy(), len(chosen) <= MAX_NUMBERED
        limit = max(MIN_LIMIT, float(np.nanmax(np.abs(shown), initial=0.0)))
        image = self.ax_.imshow(shown, cmap="PuOr", vmin=-limit, vmax=limit)
        names = [column_title(name, 18) for name in chosen]
        self.ax_.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
        self.ax_.set_yticks(range(len(names)), names)
        self.ax_.tick_params(length=0, labelsize="small" if numbered else "x-small")
        self.ax_.spines[:].set_visible(False)
        for (i, j), value in np.ndenumerate(shown):
            if numbered and i != j and np.isfinite(value):
                colour = "white" if abs(value) > 0.6 * limit else "black"
                look = {"ha": "center", "va": "center", "fontsize": "x-small", "color": colour}
                self.ax_.text(j, i, f"{value:.2f}".replace("0.", "."), **look)
        self.figure_.colorbar(image, ax=self.ax_, shrink=0.7, label="correlation, real minus new")
        title = f"mean |difference| {self.mean:.2f}"
        if not np.isnan(self.by_chance):
            title += f" (about {self.by_chance:.2f} is chance)"
        if n_hidden := len(self.difference) - len(chosen):
            title += f"; {n_hidden} columns that differ less are not shown"
        self.ax_.set_title(title, fontsize="small", loc="left")
        return self
