"""The pictures of the study: new rows of made tables, and what closeness costs in scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.studies.fidelity.arms import FRONTIER
from benchmarks.studies.fidelity.bars import on_folds_of, per_table
from benchmarks.writing import save_picture

# Okabe and Ito's colours, which colour-blind readers can tell apart.
REST, RARE, NEW, GREY = "#CCCCCC", "#D55E00", "#0072B2", "#666666"
SCORES: Final = {"f1_weak": "F1, weak classifiers", "average_precision_strong": "AP, strong classifiers"}
POINTS: Final = {
    "ours": ("default", {"marker": "*", "ms": 14, "color": NEW}),
    "g_mean": ("oracle G-mean", {"marker": "D", "ms": 6, "color": NEW}),
    "smote": ("SMOTE", {"marker": "s", "ms": 6, "color": RARE}),
}
STAGES: Final = {"before": "new rows, before", "after": "new rows, now", "faithful": "new rows, fidelity=1"}
DIAGONAL: Final = ("first and last day", "sum and total")  # on or above it lies what can be
FAINT: Final = {"s": 7, "alpha": 0.7, "linewidths": 0}


def figure_of(width: float, height: float) -> Any:
    """Make an empty figure that needs no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def toys(rows: pd.DataFrame, path: Path) -> None:
    """Draw the real rows of each toy, and below them the new ones of every stage."""
    stages = [stage for stage in STAGES if (rows["stage"] == stage).any()]
    names = list(dict.fromkeys(rows["toy"]))
    figure = figure_of(2.4 * len(names), 2.3 * (len(stages) + 1))
    grid = figure.subplots(len(stages) + 1, len(names), squeeze=False)
    for line, name in zip(grid.T, names):
        own = rows[rows["toy"] == name]
        real = own[own["stage"] == stages[0]].set_index("kind")
        shown = [own[(own["stage"] == stage) & (own["kind"] == "new")] for stage in stages]
        for axes, points in zip(line, [real.loc["rare"], *shown]):
            axes.scatter(real.loc["rest", "x"], real.loc["rest", "y"], c=REST, **FAINT)
            axes.scatter(points["x"], points["y"], c=RARE if axes is line[0] else NEW, **FAINT)
            if name in DIAGONAL:
                axes.axline((0, 0), slope=1, color=GREY, lw=0.8)
            axes.set(xticks=[], yticks=[], xlim=_limits(real["x"]), ylim=_limits(real["y"]))
        line[0].set_title(name, fontsize=10)
    for axes, title in zip(grid[:, 0], ["real rows", *(STAGES[stage] for stage in stages)]):
        axes.set_ylabel(title)
    save_picture(figure, path)


def _limits(values: pd.Series) -> tuple[float, float]:
    margin = 0.15 * (values.max() - values.min())
    return values.min() - margin, values.max() + margin


def frontier(rows: pd.DataFrame, path: Path) -> None:
    """Draw scores against distance to unseen rows, for every arm, on the folds that all of them have."""
    means = per_table(on_folds_of(rows, rows["arm"].unique())).groupby("arm")[["distance", *SCORES]].mean()
    figure = figure_of(8, 3.4)
    for axes, (score, title) in zip(figure.subplots(1, 2), SCORES.items()):
        points = means[["distance", score]]
        weights = [f"fidelity={value:g}" for value in FRONTIER]
        line = points[points.index.isin(weights)].sort_values("distance")
        axes.plot(line["distance"], line[score], "o-", color=NEW, ms=5, lw=1.5)
        for arm, point in line.iterrows():
            _name(axes, arm.removeprefix("fidelity="), point, 6)
        for arm, (label, look) in POINTS.items():
            if arm in points.index:
                axes.plot(*points.loc[arm], mec="black", mew=0.6, ls="", **look)
                _name(axes, label, points.loc[arm], 6 if arm == "g_mean" else -15)  # near SMOTE's
        if "none" in points.index:
            axes.axhline(points.loc["none", score], color=GREY, ls="--", lw=1, label="doing nothing")
            axes.legend(frameon=False, fontsize=8)
        axes.set(xlabel="distance of new rows to unseen ones")
        axes.set_title(title, fontsize=10)
        axes.margins(0.12, 0.2)
        axes.spines[["top", "right"]].set_visible(False)
    save_picture(figure, path)


def _name(axes: Any, text: str, point: pd.Series, shift: int) -> None:
    axes.annotate(text, tuple(point), (0, shift), textcoords="offset points", ha="center", fontsize=8)
