"""Pictures of a search: scores of its trials, what they depend on, and the architecture that was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, Self

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays import drawing
from gan_oversampler.reporting.displays.base import ReportDisplay
from gan_oversampler.reporting.facts import ReportFacts
from gan_oversampler.reporting.search_facts import COMPLETE, SearchFacts

MAX_BARS: Final = 12
LOOKS: Final = {
    "complete": {"color": drawing.NEW, "marker": "o"},
    "pruned": {"color": drawing.NEW, "marker": "o", "mfc": "white"},
}


def searched(report: ReportFacts) -> SearchFacts:
    """The search of a report; raises ``ValueError`` if there was none."""
    if report.search is None:
        raise ValueError("There was no search: give GANOversampler(search=Search()) before the fit.")
    return report.search


@dataclass(eq=False, repr=False)
class SearchDisplay(ReportDisplay):
    """Scores of the trials of a search in their order, and the best score so far.

    Parameters
    ----------
    trials : DataFrame
        One row each: number, state, score.
    score_name : str, default="score"
        What the axis calls the scores.
    greater_is_better : bool, default=True
        Whether high scores are better.

    Examples
    --------
    >>> trials = pd.DataFrame({"number": [0, 1, 2], "state": "complete", "score": [0.5, 0.4, 0.6]})
    >>> SearchDisplay(trials).description
    'Scores of 3 trials of a search; the best is trial 2 with 0.600, the first one has 0.500.'
    """

    trials: pd.DataFrame
    _: KW_ONLY
    score_name: str = "score"
    greater_is_better: bool = True

    @classmethod
    def from_report(cls, report: ReportFacts) -> Self:
        """Take the trials of a report's search, without drawing them."""
        search = searched(report)
        return cls(
            search.to_frame(), score_name=search.score_name, greater_is_better=search.greater_is_better
        )

    @property
    def description(self) -> str:
        """How many trials there are, the best one, and the first one."""
        scored = self._scored()
        best = scored.loc[scored["score"].idxmax() if self.greater_is_better else scored["score"].idxmin()]
        return (
            f"Scores of {len(self.trials)} trials of a search; the best is trial {best['number']} with"
            f" {best['score']:.3f}, the first one has {self.trials['score'].iloc[0]:.3f}."
        )

    def plot(self, ax: Any = None) -> Self:
        """Draw a point per trial and a line of the best so far, as :meth:`Display.plot`."""
        scored = self._scored()
        if not len(scored):
            raise ValueError("There are no scores to draw: no trial of the search could be scored.")
        self._start(ax, (8, 4))
        for state, look in LOOKS.items():
            its = scored[scored["state"] == state]
            if len(its):
                self.ax_.plot(its["number"], its["score"], ls="", label=f"{state} trial", **look)
        complete = scored[scored["state"] == COMPLETE]
        best = complete["score"].cummax() if self.greater_is_better else complete["score"].cummin()
        self.ax_.step(complete["number"], best, where="post", color=drawing.REAL, label="best so far")
        self.ax_.set_xlabel("trial")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        direction = "higher" if self.greater_is_better else "lower"
        self.ax_.set_ylabel(f"{self.score_name} in the search's folds ({direction} is better)")
        drawing.clean_axes(self.ax_)
        drawing.legend_below(self.ax_)
        return self

    def _scored(self) -> pd.DataFrame:
        return self.trials[np.isfinite(self.trials["score"].astype(float))]


@dataclass(eq=False, repr=False)
class ImportanceDisplay(ReportDisplay):
    """What the scores of a search depend on: the share of their variance that each dimension explains.

    Parameters
    ----------
    importances : dict of str to float
        By dimension, as in ``SearchFacts``.

    Examples
    --------
    >>> ImportanceDisplay({"latent": 0.7, "loss": 0.3}).description
    'Share of the variance of scores that dimensions explain: latent 70 %, loss 30 %.'
    """

    importances: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_report(cls, report: ReportFacts) -> Self:
        """Take the importances of a report's search, without drawing them."""
        return cls(searched(report).importances)

    @property
    def description(self) -> str:
        """The largest shares."""
        shares = ", ".join(f"{name} {share:.0%}".replace("%", " %") for name, share in self._largest())
        return f"Share of the variance of scores that dimensions explain: {shares}."

    def plot(self, ax: Any = None) -> Self:
        """Draw a bar per dimension, the largest on top, as :meth:`Display.plot`."""
        largest = self._largest()
        if not largest:
            raise ValueError("There are no importances to draw: too few trials of the search were scored.")
        self._start(ax, (8, 1.0 + 0.3 * len(largest)))
        names, shares = zip(*largest, strict=True)
        self.ax_.barh(names, shares, color=drawing.NEW)
        self.ax_.invert_yaxis()
        self.ax_.set_xlabel("share of the variance of the scores", loc="right")
        drawing.clean_axes(self.ax_, grid="x")
        self.ax_.tick_params(axis="y", length=0)
        return self

    def _largest(self) -> list[tuple[str, float]]:
        ranked = sorted(self.importances.items(), key=lambda item: -item[1])
        return ranked[:MAX_BARS]


@dataclass(frozen=True)
class Box:
    """One part of a network in a picture: what is written in it, and which earlier boxes lead to it."""

    text: str
    skips: Sequence[int] = ()  # positions of earlier boxes, besides the one before it
    is_end: bool = False  # input or output


@dataclass(eq=False, repr=False)
class ArchitectureDisplay(ReportDisplay):
    """The generator and the critic that a search found: their layers, cells and skips.

    Parameters
    ----------
    gan : GAN
        What is drawn.

    Examples
    --------
    >>> from gan_oversampler import GAN, Generator
    >>> ArchitectureDisplay(GAN(generator=Generator(widths=(32,)))).description
    'Generator: noise, row and class; 32 leaky_relu; new row. Critic: row and class; 32 leaky_relu; real?'
    """

    gan: Any

    @classmethod
    def from_report(cls, report: ReportFacts) -> Self:
        """Take the GAN that a report's search found, without drawing it."""
        return cls(searched(report).best_gan)

    @property
    def description(self) -> str:
        """Layers of generator and critic in a line each."""
        texts = ["; ".join(box.text.replace("\n", " ") for box in boxes) for boxes in self._networks()]
        return "Generator: {}. Critic: {}".format(*texts)

    def plot(self, ax: Any = None) -> Self:
        """Draw both networks from left to right, one below the other, as :meth:`Display.plot`."""
        networks = self._networks()
        self._start(ax, (8, 3.0))
        for row, (title, boxes) in enumerate(zip(("generator", "critic"), networks, strict=True)):
            self._draw(boxes, -1.5 * row)
            self.ax_.text(-0.45, -1.5 * row + 0.55, title, fontsize="small", color=drawing.QUIET)
        longest = max(map(len, networks))
        self.ax_.set_xlim(-0.6, longest - 0.4)
        self.ax_.set_ylim(-2.1, 1.2)
        self.ax_.set_axis_off()
        return self

    def _draw(self, boxes: Sequence[Box], height: float) -> None:
        """A chain of boxes with arrows, and arcs for the skips."""
        drawn = []
        for place, box in enumerate(boxes):
            look = {
                "boxstyle": "round,pad=0.4",
                "fc": "white",
                "ec": drawing.QUIET if box.is_end else drawing.NEW,
            }
            drawn.append(
                self.ax_.text(
                    place, height, box.text, ha="center", va="center", fontsize="x-small", bbox=look
                )
            )
            if place:
                self._arrow(drawn[place - 1], drawn[place], {"color": drawing.QUIET})
            for source in box.skips:
                arc = {"color": drawing.REAL, "connectionstyle": "arc3,rad=-0.5"}
                self._arrow(drawn[source], drawn[place], arc)

    def _arrow(self, start: Any, end: Any, look: Mapping[str, Any]) -> None:
        """An arrow from the edge of one box to that of another."""
        ends = {"patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch(), "shrinkA": 2, "shrinkB": 2}
        props = {"arrowstyle": "->", "lw": 1.0, **ends, **look}
        self.ax_.annotate("", end.get_position(), start.get_position(), arrowprops=props)

    def _networks(self) -> tuple[list[Box], list[Box]]:
        """Boxes of the generator and of the critic."""
        gan = self.gan
        ours, theirs = gan.generator, gan.critic.completed(gan.generator)
        base = "noise\nand class" if gan.family == "classic" else "noise, row\nand class"
        layers = [Box(f"{width}\n{ours.activation}{_norm(ours.norm)}") for width in ours.widths]
        if ours.cells is not None:
            layers = [
                Box(
                    f"{cell.width} × 2, {cell.order}\n{cell.activation}{_norm(cell.norm)}"
                    + ("\nshortcut" if cell.shortcut else "")
                    + ("\nskips" if cell.skips else ""),
                    [1 + skip for skip in cell.skips],
                )
                for cell in ours.cells
            ]
        critic = [Box(f"{width}\n{theirs.activation}{_norm(theirs.norm)}") for width in theirs.widths or ()]
        ends = Box(base, is_end=True), Box("new row", is_end=True)
        others = Box("row\nand class", is_end=True), Box("real?", is_end=True)
        return [ends[0], *layers, ends[1]], [others[0], *critic, others[1]]


def _norm(norm: str) -> str:
    return "" if norm == "none" else f"\n{norm} norm"
