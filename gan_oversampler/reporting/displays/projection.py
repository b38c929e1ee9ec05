"""Picture of where new rows lie among real ones."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.reporting.displays import drawing
from gan_oversampler.reporting.displays.base import Pair, RowsDisplay
from gan_oversampler.reporting.displays.tables import encoded

MAX_COLUMNS: Final = 2000


@dataclass(eq=False, repr=False)
class ProjectionDisplay(RowsDisplay):
    """Real and new rows of one class on two principal axes, with rows of the other classes behind them.

    Numbers are in standard deviations, categories one-hot encoded. The axes are those of the real rows, with
    equal total weight for the class and for all others; new rows have no part in them.

    Parameters
    ----------
    real, new, others : ndarray of shape (n, 2)
        Points of real rows of the class, of new rows, and of real rows of other classes.
    shares : (float, float), default=(nan, nan)
        Part of the variance on each axis.
    label : object, default=None
        The class, for the legend.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(3, 20, 2))
    >>> from matplotlib.figure import Figure
    >>> display = ProjectionDisplay(*points, label="rare").plot(ax=Figure().add_subplot())
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['other classes (20)', 'new rows (20)', 'real rows of rare (20)']
    """

    real: NDArray[np.float64]
    new: NDArray[np.float64]
    others: NDArray[np.float64]
    _: KW_ONLY
    shares: tuple[float, float] = (np.nan, np.nan)
    label: Any = None

    @classmethod
    def from_pair(cls, pair: Pair) -> ProjectionDisplay:
        """Project real and new rows of a class on the two principal axes of the real ones.

        Only the first 2000 columns count.
        """
        columns = list(pair.real.columns)[:MAX_COLUMNS]
        tables = [table[columns] for table in (pair.real, pair.new, pair.others)]
        real, new, others = encoded(pd.concat([tables[0], tables[2]], ignore_index=True), tables)
        sides = [side for side in (real, others) if len(side)]
        rows = np.concatenate(sides)
        weights = np.concatenate([np.full(len(side), 1 / (len(sides) * len(side))) for side in sides])
        centre = weights @ rows
        _, sizes, axes = np.linalg.svd((rows - centre) * np.sqrt(weights)[:, None], full_matrices=False)
        axes = np.pad(axes, ((0, max(0, 2 - len(axes))), (0, 0)))[:2]
        # The sign of an axis is arbitrary; the largest component is positive, so that equal rows look alike.
        axes *= np.where(axes[np.arange(2), np.abs(axes).argmax(1)] < 0, -1.0, 1.0)[:, None]
        shares = np.pad(np.square(sizes) / max(np.square(sizes).sum(), 1e-12), (0, 2))[:2].tolist()
        points = ((side - centre) @ axes.T for side in (real, new, others))
        return cls(*points, shares=(shares[0], shares[1]), label=pair.label)

    @property
    def description(self) -> str:
        """How many new rows, real rows and rows of other classes the picture shows, and on which axes."""
        return (
            f"{len(self.new)} new and {len(self.real)} real rows of class {self.label}, with"
            f" {len(self.others)} rows of other classes, on the two main axes of the real rows."
        )

    def plot(self, ax: Any = None) -> ProjectionDisplay:
        """Draw a point per row, as :meth:`Display.plot`: real rows as triangles on top of new rows.

        Rows of other classes lie behind both.
        """
        self._start(ax, (6.5, 5.5))
        of_class = "" if self.label is None else f" of {drawing.column_title(str(self.label), 16)}"
        outline = {"facecolors": "none", "edgecolors": drawing.NEW, "linewidths": 0.8}
        triangle = {"marker": "^", "color": drawing.REAL, "edgecolors": "white", "linewidths": 0.5}
        for points, name, look in (
            (self.others, "other classes", {"s": 12, "color": drawing.OTHERS}),
            (self.new, "new rows", {"s": 16, **outline}),
            (self.real, f"real rows{of_class}", {"s": 42, **triangle}),
        ):
            if len(points):
                label = f"{name} ({len(points)})"
                self.ax_.scatter(points[:, 0], points[:, 1], label=label, rasterized=True, **look)
        first, second = ("" if np.isnan(share) else f" ({share:.0%} of variance)" for share in self.shares)
        self.ax_.set(xlabel=f"first principal axis{first}", ylabel=f"second principal axis{second}")
        drawing.clean_axes(self.ax_, grid="both")
        drawing.legend_below(self.ax_)
        return self
