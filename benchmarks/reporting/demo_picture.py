"""The demo's picture: the oracle's scores over the training, and where the new rows lie."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.tables import Table
from benchmarks.writing import save_picture
from gan_oversampler import GANOversampler

# Okabe and Ito's colours, which colour-blind readers can tell apart.
LINES: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MAJORITY, MINORITY, NEW, GREY = "#BBBBBB", "#D55E00", "#0072B2", "#666666"


def draw(sampler: GANOversampler, table: Table, new: pd.DataFrame, path: Path) -> None:
    """Write the picture of a fitted sampler and its new rows as PNG.

    Raises
    ------
    ImportError
        If matplotlib is missing; the message says how to get it.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("The picture needs matplotlib: pip install 'gan-oversampler[plot]'.") from error
    figure = Figure(figsize=(12, 5.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _trajectory(left, sampler)
    _projection(right, table, new)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.title.set_fontweight("bold")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)
    save_picture(figure, path)


def _trajectory(axes: Any, sampler: GANOversampler) -> None:
    """Score of each GAN over its training, baselines across, the kept step marked."""
    history, entries = sampler.history_, sampler.report_.to_frame()
    last = max(int(history["step"].max()), 1)
    names = list(history["name"].unique())
    shifts = dict(zip(names, np.linspace(-0.008, 0.008, len(names)) * last))  # bars side by side
    for colour, name in zip(cycle(LINES), names):
        scored = history[history["name"] == name]
        style = {"color": colour, "marker": "o", "ms": 5, "lw": 1.8, "elinewidth": 0.9, "capsize": 2.5}
        bars = scored["step"] + shifts[name], scored["score"], scored["standard_error"]
        label = name.removeprefix("base(").removesuffix(")").replace("_", " ")
        axes.errorbar(*bars, label=label, **style)
    kept = entries[entries["kept"]]
    places = kept["step"].astype(int) + kept["name"].map(shifts)
    axes.plot(places, kept["score"], "*", ms=20, mfc="gold", mec="black", zorder=5, ls="", label="kept")
    baselines = entries[entries["step"].isna()].sort_values("score")
    for score in baselines["score"]:
        axes.hlines(score, -0.03 * last, 1.03 * last, color=GREY, ls="--", lw=1.0, zorder=0)
    gap, height = 0.045 * np.ptp(axes.get_ylim()), -np.inf
    for name, score in baselines[["name", "score"]].itertuples(index=False):
        height = max(score, height + gap)  # labels of close scores are moved apart
        axes.text(1.05 * last, height, name, color=GREY, va="center", fontsize=10)
    axes.set_xlim(-0.05 * last, 1.2 * last)
    axes.set_xticks(sorted(history["step"].unique()))
    axes.set(
        xlabel="generator steps",
        ylabel="held-out score ± standard error",
        title="What the oracle saw: the GAN, and bases that need no training",
    )


def _projection(axes: Any, table: Table, new: pd.DataFrame) -> None:
    """Real and new rows on the two main axes of the real ones, numbers only."""
    columns, minority = list(table.numeric), table.y.to_numpy() == 1
    plane = make_pipeline(StandardScaler(), PCA(2)).fit(table.X[columns])
    real, drawn = plane.transform(table.X[columns]), plane.transform(new[columns])
    for points, label, style in (
        (real[~minority], "real majority", {"s": 16, "color": MAJORITY}),
        (drawn, "new minority", {"s": 18, "facecolors": "none", "edgecolors": NEW, "linewidths": 0.9}),
        (
            real[minority],
            "real minority",
            {"s": 50, "marker": "^", "color": MINORITY, "edgecolors": "white", "linewidths": 0.6},
        ),
    ):
        axes.scatter(points[:, 0], points[:, 1], label=f"{label} ({len(points)})", **style)
    shares = plane[-1].explained_variance_ratio_
    axes.set(
        xlabel=f"first principal axis ({shares[0]:.0%} of variance)",
        ylabel=f"second principal axis ({shares[1]:.0%})",
        title="Where the new rows lie",
    )
