"""Scores of candidates and baselines, each with its noise."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays.drawing import (
    KEPT,
    NEW,
    QUIET,
    axes_for,
    judged,
    legend_below,
    plain,
    short,
    title_of,
)

MOST: Final = 24  # lines


class ScoresDisplay:
    """Held-out scores of candidates and baselines, the best on top, the kept ones marked.

    Parameters
    ----------
    entries : DataFrame
        One row each: name, step (missing for baselines), score, standard_error, kept.
    direction : str, default=""
        ``"higher is better"`` or ``"lower is better"``, for the axis and the order.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these axes.

    Examples
    --------
    >>> entries = pd.DataFrame({"name": ["smote", "guided"], "step": [None, 50], "score": [0.5, 0.6]})
    >>> entries = entries.assign(standard_error=0.1, kept=[False, True])
    >>> from matplotlib.figure import Figure
    >>> display = ScoresDisplay(entries).plot(ax=Figure().add_subplot())
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['guided, step 50', 'smote']
    """

    def __init__(self, entries: pd.DataFrame, *, direction: str = "") -> None:
        self.entries = entries
        self.direction = direction

    @classmethod
    def from_estimator(cls, sampler: Any, *, oracle: str | None = None, ax: Any = None) -> ScoresDisplay:
        """Draw the scores of a fitted sampler.

        Parameters
        ----------
        sampler : GANOversampler
            Fitted, with an oracle.
        oracle : str, default=None
            Whose scores, of several oracles; None is the first one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Raises
        ------
        ValueError
            If nothing was scored.
        """
        report, _ = judged(sampler, oracle)
        return cls(report.to_frame(), direction=report.direction).plot(ax=ax)

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        told = [f"{self._name(e)} {e.score:.3f} ± {e.standard_error:.3f}" for e in self._shown()]
        return f"Held-out scores, best first: {'; '.join(told)}."

    def plot(self, ax: Any = None) -> ScoresDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        """
        shown = self._shown()
        if not shown:
            raise ValueError("There are no scores to draw: no oracle judged this fit.")
        self.ax_ = axes_for(ax, (8, 1.3 + 0.3 * len(shown)))
        self.figure_ = self.ax_.figure
        self._dots([i for i, e in enumerate(shown) if pd.isna(e.step)], "baseline", QUIET, mfc="white")
        self._dots([i for i, e in enumerate(shown) if not pd.isna(e.step)], "candidate", NEW)
        if kept := [i for i, e in enumerate(shown) if e.kept]:
            self.ax_.plot([shown[i].score for i in kept], kept, label="kept", **KEPT)
        self.ax_.set_yticks(range(len(shown)), [self._name(e) for e in shown])
        self.ax_.set_ylim(len(shown) - 0.4, -0.6)
        unit = f" ({self.direction})" if self.direction else ""
        self.ax_.set_xlabel(f"held-out score ± SE{unit}")
        plain(self.ax_, grid="x")
        self.ax_.tick_params(axis="y", length=0)
        legend_below(self.ax_)
        return self

    def _dots(self, places: list[int], label: str, colour: str, **look: Any) -> None:
        if places:
            shown = [self._shown()[i] for i in places]
            scores, errors = [e.score for e in shown], [e.standard_error for e in shown]
            style = {"fmt": "o", "ms": 6, "color": colour, "elinewidth": 1.4, "capsize": 2.5, **look}
            self.ax_.errorbar(scores, places, xerr=errors, label=label, **style)

    def _shown(self) -> list[Any]:
        """Lines with a score, the best first; of very many candidates the best and the kept ones."""
        finite = self.entries[np.isfinite(self.entries["score"].astype(float))]
        best = finite.sort_values("score", ascending=self.direction.startswith("lower"), kind="stable")
        if len(best) > MOST:
            asked = best["kept"] | best["step"].isna()
            room = max(MOST - int(asked.sum()), 0)
            best = best[asked | ((~asked).cumsum() <= room)]
        return list(best.itertuples(index=False))

    @staticmethod
    def _name(entry: Any) -> str:
        name = title_of(short(entry.name))
        return name if pd.isna(entry.step) else f"{name}, step {int(entry.step)}"
