"""How columns hang together, real against new."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays.drawing import axes_for, title_of
from gan_oversampler.reporting.displays.pairs import Pair
from gan_oversampler.reporting.displays.tables import kinds_of, measured

MOST_COLUMNS: Final = 20
MOST_NUMBERED: Final = 12  # with more columns, the numbers would not fit
LEAST_LIMIT: Final = 0.25


class CorrelationDisplay:
    """Correlations of real rows minus those of new rows of one class.

    Numbers, dates, durations, and of each category its most frequent level.

    Parameters
    ----------
    difference : DataFrame
        Square, real minus new.
    by_chance : float, default=nan
        Mean absolute difference of two samples of these sizes from one distribution without correlations.
    label : object, default=None
        The class, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these axes.

    Examples
    --------
    >>> values = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=list("abc"))
    >>> display = CorrelationDisplay.from_pair(Pair(values, values, values[:0], "rare"))
    >>> float(display.difference.abs().max().max())
    0.0
    """

    def __init__(self, difference: pd.DataFrame, *, by_chance: float = np.nan, label: Any = None) -> None:
        self.difference = difference
        self.by_chance = by_chance
        self.label = label

    @classmethod
    def from_estimator(
        cls, sampler: Any, *, label: Any = None, X: Any = None, y: Any = None, ax: Any = None
    ) -> CorrelationDisplay:
        """Draw correlations of a fitted sampler.

        Parameters
        ----------
        sampler : GANOversampler
            Fitted.
        label : object, default=None
            Class; the rarest one by default.
        X, y : table and labels, default=None
            Real rows to compare with rows drawn now. Without them it shows what the fit kept: rows held
            out, and rows of generators that never saw these.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        """
        return cls.from_pair(Pair.of_estimator(sampler, X, y, label)).plot(ax=ax)

    @classmethod
    def from_pair(cls, pair: Pair) -> CorrelationDisplay:
        """Correlate tables; constant columns have no correlation and are left out."""
        real, new = measured([pair.real, pair.new], kinds_of(pair.real, pair.new))
        moving = [name for name in real if real[name].std() > 0 and new[name].std() > 0]
        difference = real[moving].corr(min_periods=3) - new[moving].corr(min_periods=3)
        noise = np.sqrt(1 / max(len(real), 2) + 1 / max(len(new), 2)) * np.sqrt(2 / np.pi)
        return cls(difference, by_chance=float(noise), label=pair.label)

    @property
    def mean(self) -> float:
        """Mean absolute difference over all pairs of columns."""
        values = self.difference.to_numpy()[np.triu_indices(len(self.difference), 1)]
        return float(np.nanmean(np.abs(values))) if np.isfinite(values).any() else np.nan

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        return (
            f"Correlations of real rows minus those of new rows of class {self.label}: mean absolute"
            f" difference {self.mean:.2f} over {len(self.difference)} columns; about {self.by_chance:.2f}"
            " is chance."
        )

    def plot(self, ax: Any = None) -> CorrelationDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        """
        if len(self.difference) < 2:
            raise ValueError("There is nothing to correlate: fewer than two columns vary.")
        self.ax_ = axes_for(ax, (6.5, 5.5))
        self.figure_ = self.ax_.figure
        shown = self._shown()
        limit = max(LEAST_LIMIT, float(np.nanmax(np.abs(shown.to_numpy()), initial=0.0)))
        image = self.ax_.imshow(shown, cmap="PuOr", vmin=-limit, vmax=limit)
        names = [title_of(name, 18) for name in shown]
        self.ax_.set_xticks(range(len(shown)), names, rotation=45, ha="right", rotation_mode="anchor")
        self.ax_.set_yticks(range(len(shown)), names)
        self.ax_.tick_params(length=0, labelsize="small" if len(shown) <= MOST_NUMBERED else "x-small")
        self.ax_.spines[:].set_visible(False)
        if len(shown) <= MOST_NUMBERED:
            self._numbers(shown, limit)
        self.figure_.colorbar(image, ax=self.ax_, shrink=0.7, label="correlation, real minus new")
        self.ax_.set_title(self._title(shown), fontsize="small", loc="left")
        return self

    def _shown(self) -> pd.DataFrame:
        """Columns that differ most, in the order of the table."""
        order = self.difference.abs().mean().sort_values(ascending=False, kind="stable")
        chosen = set(order.index[:MOST_COLUMNS])
        names = [name for name in self.difference if name in chosen]
        return self.difference.loc[names, names]

    def _numbers(self, shown: pd.DataFrame, limit: float) -> None:
        centre = {"ha": "center", "va": "center", "fontsize": "x-small"}
        for (i, j), value in np.ndenumerate(shown.to_numpy()):
            if i != j and np.isfinite(value):
                colour = "white" if abs(value) > 0.6 * limit else "black"
                self.ax_.text(j, i, f"{value:.2f}".replace("0.", "."), color=colour, **centre)

    def _title(self, shown: pd.DataFrame) -> str:
        chance = "" if np.isnan(self.by_chance) else f" (about {self.by_chance:.2f} is chance)"
        hidden = len(self.difference) - len(shown)
        more = f"; {hidden} columns that differ less are not shown" if hidden else ""
        return f"mean |difference| {self.mean:.2f}{chance}{more}"
