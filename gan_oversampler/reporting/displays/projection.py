"""Where new rows lie among real ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.reporting.displays.drawing import (
    NEW,
    OTHERS,
    REAL,
    axes_for,
    legend_below,
    plain,
    title_of,
)
from gan_oversampler.reporting.displays.pairs import Pair
from gan_oversampler.reporting.displays.tables import coded

MOST_COLUMNS: Final = 2000


class ProjectionDisplay:
    """Real and new rows of one class on two principal axes, rows of the other classes behind.

    Numbers are in standard deviations, categories coded one by one. The axes are those of the real rows,
    the class and all others weighing alike; new rows have no part in them.

    Parameters
    ----------
    real, new, others : ndarray of shape (n, 2)
        Points of the class, of new rows, of other classes.
    shares : tuple of float, default=(nan, nan)
        Part of the variance on each axis.
    label : object, default=None
        The class, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these axes.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(3, 20, 2))
    >>> from matplotlib.figure import Figure
    >>> display = ProjectionDisplay(*points, label="rare").plot(ax=Figure().add_subplot())
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['other classes (20)', 'new rows (20)', 'real rows of rare (20)']
    """

    def __init__(
        self,
        real: NDArray[np.float64],
        new: NDArray[np.float64],
        others: NDArray[np.float64],
        *,
        shares: tuple[float, float] = (np.nan, np.nan),
        label: Any = None,
    ) -> None:
        self.real = real
        self.new = new
        self.others = others
        self.shares = shares
        self.label = label

    @classmethod
    def from_estimator(
        cls, sampler: Any, *, label: Any = None, X: Any = None, y: Any = None, ax: Any = None
    ) -> ProjectionDisplay:
        """Draw rows of a fitted sampler.

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
    def from_pair(cls, pair: Pair) -> ProjectionDisplay:
        """Project tables."""
        columns = list(pair.real.columns)[:MOST_COLUMNS]
        tables = [table[columns] for table in (pair.real, pair.new, pair.others)]
        reference = pd.concat([tables[0], tables[2]], ignore_index=True)
        real, new, others = coded(reference, tables)
        centre, axes, shares = _principal(real, others)
        return cls(*((rows - centre) @ axes for rows in (real, new, others)), shares=shares, label=pair.label)

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        return (
            f"{len(self.new)} new and {len(self.real)} real rows of class {self.label}, with"
            f" {len(self.others)} rows of other classes, on the two main axes of the real rows."
        )

    def plot(self, ax: Any = None) -> ProjectionDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        """
        self.ax_ = axes_for(ax, (6.5, 5.5))
        self.figure_ = self.ax_.figure
        told = "" if self.label is None else f" of {title_of(str(self.label), 16)}"
        self._scatter(self.others, "other classes", s=12, color=OTHERS)
        self._scatter(self.new, "new rows", s=16, facecolors="none", edgecolors=NEW, linewidths=0.8)
        few = {"marker": "^", "color": REAL, "edgecolors": "white", "linewidths": 0.5}
        self._scatter(self.real, f"real rows{told}", s=42, **few)
        parts = ["" if np.isnan(share) else f" ({share:.0%} of variance)" for share in self.shares]
        self.ax_.set(xlabel=f"first principal axis{parts[0]}", ylabel=f"second principal axis{parts[1]}")
        plain(self.ax_, grid="both")
        legend_below(self.ax_)
        return self

    def _scatter(self, points: NDArray[np.float64], name: str, **look: Any) -> None:
        if len(points):
            label = f"{name} ({len(points)})"
            self.ax_.scatter(points[:, 0], points[:, 1], label=label, rasterized=True, **look)


def _principal(
    real: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float]]:
    """Centre, two axes and their parts of the variance; both sides weigh alike."""
    sides = [side for side in (real, others) if len(side)]
    rows = np.concatenate(sides)
    weights = np.concatenate([np.full(len(side), 1 / (len(sides) * len(side))) for side in sides])
    centre = weights @ rows
    _, sizes, axes = np.linalg.svd((rows - centre) * np.sqrt(weights)[:, None], full_matrices=False)
    axes = np.pad(axes, ((0, max(0, 2 - len(axes))), (0, 0)))[:2]
    axes *= np.where(axes[np.arange(2), np.abs(axes).argmax(1)] < 0, -1.0, 1.0)[:, None]
    parts = np.pad(np.square(sizes) / max(np.square(sizes).sum(), 1e-12), (0, 2))[:2]
    return centre, axes.T, (float(parts[0]), float(parts[1]))
