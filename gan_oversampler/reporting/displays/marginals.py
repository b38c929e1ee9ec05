"""Distributions of single columns, real against new."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays.drawing import NEW, REAL, axes_for, matplotlib, panels_in, title_of
from gan_oversampler.reporting.displays.pairs import Pair
from gan_oversampler.reporting.displays.tables import REST, differences, kinds_of, numbers_of, shares

MOST_PANELS: Final = 12
MOST_BARS: Final = 6
BINS: Final = 15


class MarginalsDisplay:
    """Distributions of the columns of one class, real against new; those that differ most come first.

    Numbers, dates and durations are drawn as histograms or cumulative shares, categories as bars. The
    number in a title says how far two distributions lie apart, from 0 to 1: the Kolmogorov-Smirnov
    distance, or the total variation of categories.

    Parameters
    ----------
    real, new : DataFrame
        Rows of one class.
    label : object, default=None
        The class, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    axes_ : list of matplotlib Axes
        The panels, one per column.
    figure_ : matplotlib Figure
        The figure of these axes.
    differences_ : Series
        How far each column differs, the largest first.

    Examples
    --------
    >>> real = pd.DataFrame({"age": [20, 30, 40], "city": ["Rome", "Oslo", "Lima"]})
    >>> new = pd.DataFrame({"age": [21, 35, 39], "city": ["Rome", "Rome", "Rome"]})
    >>> from matplotlib.figure import Figure
    >>> display = MarginalsDisplay(real, new).plot(ax=Figure().add_subplot())
    >>> display.differences_.index.tolist()
    ['city', 'age']
    """

    def __init__(self, real: pd.DataFrame, new: pd.DataFrame, *, label: Any = None) -> None:
        self.real = real
        self.new = new
        self.label = label

    @classmethod
    def from_estimator(
        cls,
        sampler: Any,
        *,
        label: Any = None,
        X: Any = None,
        y: Any = None,
        ax: Any = None,
        style: str = "histogram",
        max_columns: int = MOST_PANELS,
    ) -> MarginalsDisplay:
        """Draw columns of a fitted sampler.

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
        style, max_columns :
            As in ``plot``.
        """
        pair = Pair.of_estimator(sampler, X, y, label)
        display = cls(pair.real, pair.new, label=pair.label)
        return display.plot(ax=ax, style=style, max_columns=max_columns)

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        worst = [f"{title_of(name)} ({value:.2f})" for name, value in self._differences.head(3).items()]
        return (
            f"Distributions of columns, {len(self.real)} real against {len(self.new)} new rows"
            f" of class {self.label}. Largest differences: {', '.join(worst)}."
        )

    def plot(
        self, ax: Any = None, *, style: str = "histogram", max_columns: int = MOST_PANELS
    ) -> MarginalsDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Space that the panels fill; None makes a figure.
        style : {"histogram", "cumulative"}, default="histogram"
            How numbers are drawn.
        max_columns : int, default=12
            Most panels.
        """
        if style not in ("histogram", "cumulative"):
            raise ValueError(f"'style' must be 'histogram' or 'cumulative'. Got {style!r} instead.")
        self.differences_ = self._differences
        shown = self.differences_.head(max_columns)
        if not len(shown) or not len(self.real) or not len(self.new):
            raise ValueError("There is nothing to compare: no rows, or no columns.")
        columns = min(4, len(shown))
        rows = -(-len(shown) // columns)
        self.ax_ = axes_for(ax, (2.7 * columns, 1.9 * rows + 0.4))
        self.figure_ = self.ax_.figure
        strip, panels = panels_in(self.ax_, rows, columns)
        for panel in panels[len(shown) :]:
            panel.set_axis_off()
        self.axes_ = panels[: len(shown)]
        kinds = kinds_of(self.real, self.new)
        for panel, (name, value) in zip(self.axes_, shown.items(), strict=True):
            self._panel(panel, name, kinds[name], style)
            panel.set_title(f"{title_of(name, 20)}  {value:.2f}", fontsize="small", loc="left")
        self._legend(strip)
        return self

    @cached_property
    def _differences(self) -> Any:
        return differences(self.real, self.new)

    def _panel(self, panel: Any, name: Hashable, kind: str, style: str) -> None:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize="x-small")
        if kind == "category":
            self._bars(panel, name)
            return
        values = [numbers_of(table[name], kind) for table in (self.real, self.new)]
        values = [cells[~np.isnan(cells)] for cells in values]
        (_cumulate if style == "cumulative" else _count)(panel, *values)
        _ticks(panel, kind)

    def _bars(self, panel: Any, name: Hashable) -> None:
        both = shares(self.real[name], self.new[name])
        if len(both) > MOST_BARS:
            rest = both.iloc[MOST_BARS - 1 :].sum().rename(REST)
            both = pd.concat([both.iloc[: MOST_BARS - 1], rest.to_frame().T])
        places = np.arange(len(both))
        panel.barh(places - 0.2, both["real"], 0.4, color=REAL)
        panel.barh(places + 0.2, both["new"], 0.4, color=NEW)
        panel.set_yticks(places, [title_of(level, 12) for level in both.index])
        panel.tick_params(axis="y", length=0)
        panel.set_ylim(len(both) - 0.4, -0.6)
        panel.xaxis.set_major_locator(matplotlib("ticker").MaxNLocator(3))
        panel.xaxis.set_major_formatter(matplotlib("ticker").PercentFormatter(1.0, decimals=0))

    def _legend(self, strip: Any) -> None:
        strip.set_axis_off()
        patches = matplotlib("patches")
        told = "" if self.label is None else f" of {title_of(str(self.label))}"
        handles = [
            patches.Patch(color=REAL, label=f"{len(self.real)} real rows{told}"),
            patches.Patch(color=NEW, label=f"{len(self.new)} new rows"),
        ]
        n_hidden = len(self.differences_) - len(self.axes_)
        if n_hidden:
            handles.append(patches.Patch(alpha=0, label=f"{n_hidden} columns that differ less are not shown"))
        look = {"ncols": 3, "frameon": False, "fontsize": "small", "borderaxespad": 0}
        strip.legend(handles=handles, loc="center", **look)


def _count(panel: Any, real: Any, new: Any) -> None:
    """Shares per bin; bins over the real rows, what lies beyond goes into the outer ones."""
    both = np.concatenate([real, new])
    if not len(both):
        return
    edges = np.linspace(both.min(), both.max() + 1e-9 * max(1.0, abs(both.max())), BINS + 1)
    for cells, look in ((real, {"color": REAL, "alpha": 0.45}), (new, {"color": NEW, "histtype": "step"})):
        weights = np.full(len(cells), 1 / max(len(cells), 1))
        panel.hist(cells, edges, weights=weights, lw=1.6, **look)
    panel.yaxis.set_major_formatter(matplotlib("ticker").PercentFormatter(1.0, decimals=0))
    panel.yaxis.set_major_locator(matplotlib("ticker").MaxNLocator(3))


def _cumulate(panel: Any, real: Any, new: Any) -> None:
    for cells, colour in ((real, REAL), (new, NEW)):
        if len(cells):
            panel.ecdf(cells, color=colour, lw=1.6)
    panel.yaxis.set_major_formatter(matplotlib("ticker").PercentFormatter(1.0, decimals=0))


def _ticks(panel: Any, kind: str) -> None:
    if kind == "date":
        dates = matplotlib("dates")
        locator = dates.AutoDateLocator(minticks=2, maxticks=4)
        panel.xaxis.set_major_locator(locator)
        panel.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        return
    panel.xaxis.set_major_locator(matplotlib("ticker").MaxNLocator(3))
    if kind == "duration":
        panel.xaxis.set_major_formatter("{x:g} s")
