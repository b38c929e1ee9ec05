"""What the oracle saw while GANs trained, and their losses."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays.drawing import (
    KEPT,
    LINES,
    QUIET,
    axes_for,
    judged,
    legend_below,
    plain,
    short,
    spread,
    styles,
    title_of,
)

MOST_TICKS: Final = 9


class TrajectoryDisplay:
    """Held-out score of every trained GAN over its steps, beside what needs no training.

    Parameters
    ----------
    history : DataFrame
        One row per scored candidate: specification, name, step, score, standard_error.
    entries : DataFrame
        One row per line of the report: name, step (missing for baselines), score, standard_error, kept.
    direction : str, default=""
        ``"higher is better"`` or ``"lower is better"``, for the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these axes.

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

    def __init__(self, history: pd.DataFrame, entries: pd.DataFrame, *, direction: str = "") -> None:
        self.history = history
        self.entries = entries
        self.direction = direction

    @classmethod
    def from_estimator(cls, sampler: Any, *, oracle: str | None = None, ax: Any = None) -> TrajectoryDisplay:
        """Draw the training of a fitted sampler.

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
        report, history = judged(sampler, oracle)
        return cls(history, report.to_frame(), direction=report.direction).plot(ax=ax)

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        trained = [
            f"{_name_of(line, self.history)} goes from {line['score'].iloc[0]:.3f} at step"
            f" {line['step'].iloc[0]} to {line['score'].iloc[-1]:.3f} at step {line['step'].iloc[-1]}"
            for line in self._trained()
        ]
        kept = [f"{short(e.name)} at step {e.step}" for e in self._kept().itertuples(index=False)]
        parts = [*trained, f"kept: {', '.join(kept)}" if kept else ""]
        return f"Held-out scores over training steps. {'; '.join(filter(None, parts))}."

    def plot(self, ax: Any = None) -> TrajectoryDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        """
        if not np.isfinite(self.history["score"].astype(float)).any():
            raise ValueError("There are no scores to draw: no oracle judged this fit.")
        self.ax_ = axes_for(ax, (8, 5))
        self.figure_ = self.ax_.figure
        last = self._last
        for look, line in zip(styles(), self._trained(), strict=False):
            self._line(line, look)
        if len(kept := self._kept()):
            self.ax_.plot(kept["step"].astype(float), kept["score"], label="kept", **KEPT)
        self.ax_.set_xlim(-0.04 * last, 1.03 * last)
        self._levels()
        self.ax_.set_xticks(_some(self.history["step"]))
        unit = f" ({self.direction})" if self.direction else ""
        self.ax_.set(xlabel="generator steps", ylabel=f"held-out score ± SE{unit}")
        plain(self.ax_)
        legend_below(self.ax_, 4)
        return self

    @property
    def _last(self) -> int:
        return max(int(self.history["step"].max()), 1)

    def _lines(self) -> list[Any]:
        finite = self.history[np.isfinite(self.history["score"].astype(float))]
        return [line for _, line in finite.groupby("specification", sort=True)]

    def _trained(self) -> list[Any]:
        return [line for line in self._lines() if line["step"].nunique() > 1]

    def _kept(self) -> Any:
        return self.entries[self.entries["kept"] & self.entries["step"].notna()]

    def _line(self, line: Any, look: dict[str, Any]) -> None:
        x, y, error = (line[name].to_numpy(float) for name in ("step", "score", "standard_error"))
        name = _name_of(line, self.history)
        self.ax_.fill_between(x, y - error, y + error, color=look["color"], alpha=0.15, lw=0)
        self.ax_.plot(x, y, marker="o", ms=4.5, lw=1.8, label=f"{name} ± SE", **look)

    def _levels(self) -> None:
        """Baselines and untrained bases: levels over all steps, named beyond their right end."""
        ax, last = self.ax_, self._last
        levels = self._level_table()
        for kind, colour, dash in (("baseline", QUIET, "--"), ("untrained base", LINES[2], ":")):
            heights = levels.loc[levels["kind"] == kind, "score"].to_numpy()
            ax.hlines(heights, -0.04 * last, 1.03 * last, color=colour, ls=dash, lw=1.1, zorder=1)
            if len(heights):
                ax.plot([], [], color=colour, ls=dash, lw=1.1, label=kind)
        places = spread(levels["score"].tolist(), gap=0.05 * float(np.ptp(ax.get_ylim())))
        for level, height in zip(levels.itertuples(index=False), places, strict=True):
            colour = QUIET if level.kind == "baseline" else LINES[2]
            self._name(level.name, level.score, height, colour)

    def _name(self, name: str, score: float, height: float, colour: str) -> None:
        start, end = 1.03 * self._last, 1.06 * self._last
        line = {"color": colour, "lw": 0.6, "clip_on": False}
        self.ax_.plot([start, end], [score, height], **line)
        self.ax_.text(end, height, f" {title_of(short(name))}", color=colour, va="center", fontsize="small")

    def _level_table(self) -> Any:
        entries = self.entries[self.entries["step"].isna()]
        rows = [(name, score, "baseline") for name, score in zip(entries["name"], entries["score"])]
        for line in self._lines():
            if line["step"].nunique() == 1:
                rows.append((line["name"].iloc[0], line["score"].iloc[0], "untrained base"))
        table = pd.DataFrame(rows, columns=["name", "score", "kind"])
        return table[np.isfinite(table["score"].astype(float))]


class LossDisplay:
    """Losses of critic and generator over the steps, one pair of lines per trained GAN.

    Parameters
    ----------
    history : DataFrame
        One row per scored candidate: specification, name, step, critic_loss, generator_loss.

    Examples
    --------
    >>> history = pd.DataFrame({"specification": 0, "name": "guided", "step": [0, 50, 100]})
    >>> history = history.assign(critic_loss=[np.nan, 1.3, 1.2], generator_loss=[np.nan, 0.6, 0.5])
    >>> from matplotlib.figure import Figure
    >>> len(LossDisplay(history).plot(ax=Figure().add_subplot()).ax_.lines)
    2
    """

    def __init__(self, history: pd.DataFrame) -> None:
        self.history = history

    @classmethod
    def from_estimator(cls, sampler: Any, *, oracle: str | None = None, ax: Any = None) -> LossDisplay:
        """Draw the losses of a fitted sampler.

        Parameters
        ----------
        sampler : GANOversampler
            Fitted.
        oracle : str, default=None
            Whose scores, of several oracles; None is the first one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Raises
        ------
        ValueError
            If nothing was trained.
        """
        return cls(judged(sampler, oracle)[1]).plot(ax=ax)

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        told = [
            f"{name}: {', '.join(f'{part} {losses.iloc[-1]:.3f}' for part, losses in _parts(line))}"
            f" at step {line['step'].iloc[-1]}"
            for name, line in self._lines()
        ]
        return f"Losses over training steps. {'; '.join(told)}."

    def plot(self, ax: Any = None) -> LossDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        """
        lines = self._lines()
        if not lines:
            raise ValueError("There are no losses to draw: nothing was trained.")
        self.ax_ = axes_for(ax, (8, 4))
        self.figure_ = self.ax_.figure
        for colour, (name, line) in zip(self._colours(len(lines)), lines, strict=True):
            told = "" if len(lines) == 1 else f"{name}: "
            looks = {"critic": ("-", "o", colour[0]), "generator": (":", "s", colour[1])}
            for part, losses in _parts(line):
                look = dict(zip(("ls", "marker", "color"), looks[part], strict=True), ms=4, lw=1.8)
                self.ax_.plot(line["step"], losses, label=f"{told}{part}", **look)
        self.ax_.set(xlabel="generator steps", ylabel="mean loss since the step before")
        self.ax_.set_xticks(_some(self.history["step"]))
        plain(self.ax_)
        legend_below(self.ax_, 2)
        return self

    def _lines(self) -> list[tuple[str, Any]]:
        losses = self.history[["critic_loss", "generator_loss"]].astype(float)
        known = self.history[np.isfinite(losses).any(axis=1) & (self.history["step"] > 0)]
        return [(_name_of(line, known), line) for _, line in known.groupby("specification", sort=True)]

    @staticmethod
    def _colours(n: int) -> list[tuple[str, str]]:
        """Of one GAN the two networks differ in colour, of several the GANs do."""
        if n == 1:
            return [(LINES[0], LINES[5])]
        return [(LINES[i % len(LINES)],) * 2 for i in range(n)]


def _parts(line: Any) -> list[tuple[str, Any]]:
    """Losses of critic and generator, of those that have any: without its force there is no critic."""
    losses = {part: line[f"{part}_loss"].astype(float) for part in ("critic", "generator")}
    return [(part, values) for part, values in losses.items() if np.isfinite(values).any()]


def _some(steps: Any) -> list[int]:
    """At most nine of the steps, the last one among them."""
    known = sorted({int(step) for step in steps})
    return known[:: -max(1, -(-len(known) // MOST_TICKS))][::-1]


def _name_of(line: Any, history: Any) -> str:
    """Name of a specification, with its number where another one has the same name."""
    name, number = line["name"].iloc[0], line["specification"].iloc[0]
    twins = history.loc[history["name"] == name, "specification"].nunique()
    return title_of(short(name)) + (f" (no. {number + 1})" if twins > 1 else "")
