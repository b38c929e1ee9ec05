"""Pictures of a training: scores of the oracle over the steps, and losses."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from itertools import cycle
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays import drawing
from gan_oversampler.reporting.displays.base import ReportDisplay
from gan_oversampler.reporting.displays.drawing import LINES
from gan_oversampler.reporting.facts import ReportFacts

DASHES: Final = ("-", "--", "-.", ":")
MAX_TICKS: Final = 9
LEVELS: Final = {"baseline": (drawing.QUIET, "--"), "untrained base": (LINES[2], ":")}  # colour and dashes


@dataclass(eq=False, repr=False)
class TrajectoryDisplay(ReportDisplay):
    """Held-out score of every trained GAN over its steps, beside the scores that need no training.

    Bands show one standard error to either side, stars the steps that were kept. Baselines and bases that
    stay untrained are horizontal lines, named on the right.

    Parameters
    ----------
    history : DataFrame
        One row per scored candidate: specification, name, step, score, standard_error.
    entries : DataFrame
        One row per line of the report: name, step (missing for baselines), score, standard_error, kept.
    score_name : str, default="score"
        What the axis calls the scores.
    greater_is_better : bool or None, default=None
        What the axis says of high scores.

    Examples
    --------
    >>> from gan_oversampler import GANOversampler
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(120, weights=[0.8], random_state=0)
    >>> sampler = GANOversampler(max_steps=50, random_state=0).fit(X, y)
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().add_subplot()
    >>> TrajectoryDisplay.from_estimator(sampler, ax=ax).ax_ is ax
    True
    """

    history: pd.DataFrame
    entries: pd.DataFrame
    _: KW_ONLY
    score_name: str = "score"
    greater_is_better: bool | None = None

    @classmethod
    def from_report(cls, report: ReportFacts) -> TrajectoryDisplay:
        """Take the history and the entries of a report and the direction of its oracle, and draw nothing."""
        return cls(
            report.history,
            report.to_frame(),
            score_name=report.score_name,
            greater_is_better=report.greater_is_better,
        )

    @property
    def description(self) -> str:
        """First and last score of every trained GAN with their steps, and the steps that were kept."""
        parts = []
        for line in self._lines(trained=True):
            first, last = line.iloc[0], line.iloc[-1]
            parts.append(
                f"{_title_of(line, self.history)} goes from {first['score']:.3f} at step {first['step']}"
                f" to {last['score']:.3f} at step {last['step']}"
            )
        kept = [f"{drawing.gan_title(e.name)} at step {e.step}" for e in self._kept().itertuples(index=False)]
        parts += [f"kept: {', '.join(kept)}"] if kept else []
        return f"Held-out scores over training steps. {'; '.join(parts)}."

    def plot(self, ax: Any = None) -> TrajectoryDisplay:
        """Draw a line per trained GAN, and a level per baseline and untrained base, as :meth:`Display.plot`.

        Raises ``ValueError`` if there is no finite score.
        """
        if not np.isfinite(self.history["score"].astype(float)).any():
            raise ValueError("There are no scores to draw: no oracle scored this fit.")
        self._start(ax, (8, 5))
        looks = cycle({"color": colour, "ls": dash} for dash in DASHES for colour in LINES)
        for look, line in zip(looks, self._lines(trained=True), strict=False):
            x, y, error = (line[name].to_numpy(float) for name in ("step", "score", "standard_error"))
            self.ax_.fill_between(x, y - error, y + error, color=look["color"], alpha=0.15, lw=0)
            label = f"{_title_of(line, self.history)} ± SE"
            self.ax_.plot(x, y, marker="o", ms=4.5, lw=1.8, label=label, **look)
        if len(kept := self._kept()):
            self.ax_.plot(kept["step"].astype(float), kept["score"], label="kept", **drawing.KEPT)
        self._draw_levels(max(int(self.history["step"].max()), 1))
        self.ax_.set_xticks(_ticks(self.history["step"]))
        self.ax_.set(
            xlabel="generator steps", ylabel=drawing.score_axis_label(self.score_name, self.greater_is_better)
        )
        drawing.clean_axes(self.ax_)
        drawing.legend_below(self.ax_, 4)
        return self

    def _draw_levels(self, last: int) -> None:
        """Baselines and untrained bases: levels over all steps, named beyond their right end."""
        baselines = self.entries[self.entries["step"].isna()]
        levels = [(name, score, "baseline") for name, score in zip(baselines["name"], baselines["score"])]
        untrained = [line.iloc[0] for line in self._lines(trained=False)]
        levels += [(line["name"], line["score"], "untrained base") for line in untrained]
        levels = [level for level in levels if np.isfinite(level[1])]
        left, right, text = -0.04 * last, 1.03 * last, 1.06 * last
        self.ax_.set_xlim(left, right)
        for kind, (colour, dash) in LEVELS.items():
            scores = [score for _, score, its_kind in levels if its_kind == kind]
            self.ax_.hlines(scores, left, right, color=colour, ls=dash, lw=1.1, zorder=1)
            if scores:  # an empty line, because the legend has no room for a line of every level
                self.ax_.plot([], [], color=colour, ls=dash, lw=1.1, label=kind)
        gap = 0.05 * float(np.ptp(self.ax_.get_ylim()))
        heights = drawing.spaced([score for _, score, _ in levels], gap)
        for (name, score, kind), height in zip(levels, heights, strict=True):
            colour, title = LEVELS[kind][0], drawing.column_title(drawing.gan_title(name))
            self.ax_.plot([right, text], [score, height], color=colour, lw=0.6, clip_on=False)
            self.ax_.text(text, height, f" {title}", color=colour, va="center", fontsize="small")

    def _lines(self, *, trained: bool) -> list[pd.DataFrame]:
        """Finite scores of each specification that was scored at more than one step, or at one only."""
        finite = self.history[np.isfinite(self.history["score"].astype(float))]
        groups = [line for _, line in finite.groupby("specification", sort=True)]
        return [line for line in groups if (line["step"].nunique() > 1) is trained]

    def _kept(self) -> pd.DataFrame:
        return self.entries[self.entries["kept"] & self.entries["step"].notna()]


@dataclass(eq=False, repr=False)
class LossDisplay(ReportDisplay):
    """Losses of critic and generator over the steps, one pair of lines per trained GAN.

    Parameters
    ----------
    history : DataFrame
        One row per scored candidate: specification, name, step, critic_loss, generator_loss (means since the
        step before; missing where there is no such network).

    Examples
    --------
    >>> history = pd.DataFrame({"specification": 0, "name": "guided", "step": [0, 50, 100]})
    >>> history = history.assign(critic_loss=[np.nan, 1.3, 1.2], generator_loss=[np.nan, 0.6, 0.5])
    >>> from matplotlib.figure import Figure
    >>> len(LossDisplay(history).plot(ax=Figure().add_subplot()).ax_.lines)
    2
    """

    history: pd.DataFrame

    @classmethod
    def from_report(cls, report: ReportFacts) -> LossDisplay:
        """Take the history of a report, which holds the losses of the steps that were scored."""
        return cls(report.history)

    @property
    def description(self) -> str:
        """Last losses of the critic and the generator of every trained GAN, and the step they belong to."""
        texts = []
        for name, line, losses in self._lines():
            last = ", ".join(f"{network} {values.iloc[-1]:.3f}" for network, values in losses.items())
            texts.append(f"{name}: {last} at step {line['step'].iloc[-1]}")
        return f"Losses over training steps. {'; '.join(texts)}."

    def plot(self, ax: Any = None) -> LossDisplay:
        """Draw losses of critics as solid lines and of generators as dotted ones, as :meth:`Display.plot`.

        Of one GAN the two networks differ in colour, of several the GANs do. Raises ``ValueError`` if nothing
        was trained.
        """
        lines = self._lines()
        if not lines:
            raise ValueError("There are no losses to draw: nothing was trained.")
        self._start(ax, (8, 4))
        styles = {"critic": {"ls": "-", "marker": "o"}, "generator": {"ls": ":", "marker": "s"}}
        for i, (name, line, losses) in enumerate(lines):
            alone = len(lines) == 1
            for network, values in losses.items():
                colour = LINES[5] if alone and network == "generator" else LINES[i % len(LINES)]
                look = {"label": network if alone else f"{name}: {network}", **styles[network]}
                self.ax_.plot(line["step"], values, color=colour, ms=4, lw=1.8, **look)
        self.ax_.set(xlabel="generator steps", ylabel="mean loss since the step before")
        self.ax_.set_xticks(_ticks(self.history["step"]))
        drawing.clean_axes(self.ax_)
        drawing.legend_below(self.ax_, 2)
        return self

    def _lines(self) -> list[tuple[str, pd.DataFrame, dict[str, pd.Series]]]:
        """Title, history and losses per network of each trained specification."""
        losses = self.history[["critic_loss", "generator_loss"]].astype(float)
        known = self.history[np.isfinite(losses).any(axis=1) & (self.history["step"] > 0)]
        lines = []
        for _, line in known.groupby("specification", sort=True):
            values = {name: line[f"{name}_loss"].astype(float) for name in ("critic", "generator")}
            values = {name: found for name, found in values.items() if np.isfinite(found).any()}
            lines.append((_title_of(line, known), line, values))
        return lines


def _ticks(steps: pd.Series) -> list[int]:
    """At most nine of the steps, the last one among them."""
    known = sorted({int(step) for step in steps})
    return known[:: -max(1, -(-len(known) // MAX_TICKS))][::-1]


def _title_of(line: pd.DataFrame, history: pd.DataFrame) -> str:
    """Name of a specification, with its number where another one has the same name."""
    name, number = line["name"].iloc[0], line["specification"].iloc[0]
    n_same = history.loc[history["name"] == name, "specification"].nunique()
    return drawing.column_title(drawing.gan_title(name)) + (f" (no. {number + 1})" if n_same > 1 else "")
