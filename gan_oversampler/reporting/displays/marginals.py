"""Picture of the distributions of single columns, real against new."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays.base import Pair, RowsDisplay
from gan_oversampler.reporting.displays.drawing import NEW, REAL, column_title, matplotlib
from gan_oversampler.reporting.displays.tables import differences, kinds_of, level_shares, numbers_of

MAX_PANELS: Final = 12
MAX_BESIDE: Final = 4  # panels side by side
MIN_WIDTH: Final = 1.4  # inches of a panel
MAX_BARS: Final = 6
BINS: Final = 15


@dataclass(eq=False, repr=False)
class MarginalsDisplay(RowsDisplay):
    """Distributions of the columns of one class, real against new; those that differ most come first.

    Numbers, dates and durations are drawn as histograms or cumulative shares, categories as bars. The
    number in a title says how far two distributions lie apart, from 0 to 1: the Kolmogorov-Smirnov
    distance, or the total variation distance of categories.

    Parameters
    ----------
    real, new : DataFrame
        Rows of one class.
    label : object, default=None
        The class, for the legend.

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        The panels, one per column.
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

    real: pd.DataFrame
    new: pd.DataFrame
    _: KW_ONLY
    label: Any = None

    @classmethod
    def from_pair(cls, pair: Pair) -> MarginalsDisplay:
        """Take the real and the new rows of a class as they are, without drawing them; plot does that."""
        return cls(pair.real, pair.new, label=pair.label)

    @cached_property
    def differences_(self) -> pd.Series:
        """How far real and new rows differ in each column that varies, from 0 to 1, the largest first."""
        return differences(self.real, self.new)

    @property
    def description(self) -> str:
        """How many real and new rows are compared, and the three columns that differ most, with how much."""
        worst = [f"{column_title(name)} ({value:.2f})" for name, value in self.differences_.head(3).items()]
        return (
            f"Distributions of columns, {len(self.real)} real against {len(self.new)} new rows"
            f" of class {self.label}. Largest differences: {', '.join(worst)}."
        )

    def plot(
        self, ax: Any = None, *, style: str = "histogram", max_columns: int = MAX_PANELS
    ) -> MarginalsDisplay:
        """Draw one panel per column, as :meth:`Display.plot`, within the space of ``ax``.

        Raises ``ValueError`` if there is no such style, or there are no rows or no columns to compare.

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
        shown = self.differences_.head(max_columns)
        if not len(shown) or not len(self.real) or not len(self.new):
            raise ValueError("There is nothing to compare: no rows, or no columns.")
        n_columns = min(len(shown), MAX_BESIDE if ax is None else _room_for(ax))
        n_rows = -(-len(shown) // n_columns)
        self._start(ax, (2.7 * n_columns, 1.9 * n_rows + 0.4))
        strip, panels = _panels_in(self.ax_, n_rows, n_columns)
        for panel in panels[len(shown) :]:
            panel.set_axis_off()
        self.axes_ = panels[: len(shown)]
        kinds = kinds_of(self.real, self.new)
        for panel, (name, value) in zip(self.axes_, shown.items(), strict=True):
            panel.spines[["top", "right"]].set_visible(False)
            panel.tick_params(labelsize="x-small")
            if kinds[name] == "category":
                self._draw_bars(panel, name)
            else:
                self._draw_numbers(panel, name, kinds[name], style)
            panel.set_title(f"{column_title(name, 20)}  {value:.2f}", fontsize="small", loc="left")
        patch = matplotlib("patches").Patch
        of_class = "" if self.label is None else f" of {column_title(str(self.label))}"
        handles = [
            patch(color=REAL, label=f"{len(self.real)} real rows{of_class}"),
            patch(color=NEW, label=f"{len(self.new)} new rows"),
        ]
        if n_hidden := len(self.differences_) - len(shown):
            handles.append(patch(alpha=0, label=f"{n_hidden} columns that differ less are not shown"))
        look = {"ncols": 3, "frameon": False, "fontsize": "small", "borderaxespad": 0}
        strip.legend(handles=handles, loc="center", **look)
        return self

    def _draw_bars(self, panel: Any, name: Hashable) -> None:
        """Shares of the most frequent levels, and of all others together."""
        both = level_shares(self.real[name], self.new[name])
        if len(both) > MAX_BARS:
            rest = both.iloc[MAX_BARS - 1 :].sum().rename("other")
            both = pd.concat([both.iloc[: MAX_BARS - 1], rest.to_frame().T])
        places = np.arange(len(both))
        panel.barh(places - 0.2, both["real"], 0.4, color=REAL)
        panel.barh(places + 0.2, both["new"], 0.4, color=NEW)
        panel.set_yticks(places, [column_title(level, 12) for level in both.index])
        panel.tick_params(axis="y", length=0)
        panel.set_ylim(len(both) - 0.4, -0.6)
        _percent(panel.xaxis)

    def _draw_numbers(self, panel: Any, name: Hashable, kind: str, style: str) -> None:
        """A histogram or cumulative shares, with ticks that suit dates and durations."""
        real, new = (numbers_of(table[name], kind) for table in (self.real, self.new))
        sides = [(cells[~np.isnan(cells)], colour) for cells, colour in ((real, REAL), (new, NEW))]
        both = np.concatenate([cells for cells, _ in sides])
        if style == "cumulative":
            for cells, colour in sides:
                if len(cells):
                    panel.ecdf(cells, color=colour, lw=1.6)
            panel.yaxis.set_major_formatter(matplotlib("ticker").PercentFormatter(1.0, decimals=0))
        elif len(both):
            # A little beyond the largest value, because it may be the only one.
            edges = np.linspace(both.min(), both.max() + 1e-9 * max(1.0, abs(both.max())), BINS + 1)
            for cells, colour in sides:
                weights = np.full(len(cells), 1 / max(len(cells), 1))
                look = {"histtype": "step"} if colour == NEW else {"alpha": 0.45}
                panel.hist(cells, edges, weights=weights, lw=1.6, color=colour, **look)
            _percent(panel.yaxis)
        if kind == "date":
            dates = matplotlib("dates")
            locator = dates.AutoDateLocator(minticks=2, maxticks=4)
            panel.xaxis.set_major_locator(locator)
            panel.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
            return
        panel.xaxis.set_major_locator(matplotlib("ticker").MaxNLocator(3))
        if kind == "duration":
            panel.xaxis.set_major_formatter("{x:g} s")


def _room_for(ax: Any) -> int:
    """How many panels find room side by side in the width of ``ax``: one at least, and four at most."""
    width = ax.figure.get_figwidth() * ax.get_position().width  # inches
    return int(min(max(width / MIN_WIDTH, 1), MAX_BESIDE))


def _panels_in(ax: Any, rows: int, columns: int) -> tuple[Any, list[Any]]:
    """A strip for a legend and, below it, a grid of axes; they fill the space of ``ax``, which is hidden."""
    ax.set_axis_off()
    place, figure = ax.get_subplotspec(), ax.figure
    cells = [(i, j) for i in range(rows) for j in range(columns)]
    if place is None:  # axes that were put anywhere: leave room for the labels ourselves
        w, h = 1 / columns, 0.94 / rows
        grid = [ax.inset_axes((j * w, 0.94 - (i + 0.85) * h, 0.8 * w, 0.6 * h)) for i, j in cells]
        strip = ax.inset_axes((0, 0.94, 1, 0.06))
    else:
        spec = place.subgridspec(rows + 1, columns, height_ratios=[0.12, *[1] * rows])
        strip = figure.add_subplot(spec[0, :])
        grid = [figure.add_subplot(spec[i + 1, j]) for i, j in cells]
    strip.set_axis_off()
    return strip, grid


def _percent(axis: Any) -> None:
    ticker = matplotlib("ticker")
    axis.set_major_locator(ticker.MaxNLocator(3))
    axis.set_major_formatter(ticker.PercentFormatter(1.0, decimals=0))
