"""The demo's picture: what the oracle saw, and where the new rows lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.tables import Table
from gan_oversampler import GANOversampler

# Okabe and Ito's colours: told apart by colour-blind readers, too.
LINES: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MAJORITY, MINORITY, NEW, GREY = "#BBBBBB", "#D55E00", "#0072B2", "#666666"


def draw(sampler: GANOversampler, table: Table, path: Path) -> None:
    """Write the picture of a fitted sampler as PNG.

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
    trajectory(left, sampler)
    projection(right, sampler, table)
    figure.savefig(path)


def trajectory(axes: Any, sampler: GANOversampler) -> None:
    """Score of each GAN over its training, baselines across, the kept step marked."""
    history, entries = sampler.history_, sampler.report_.to_frame()
    for colour, (name, scored) in zip(LINES, history.groupby("name", sort=False)):
        axes.errorbar(
            scored["step"], scored["score"], scored["standard_error"],
            color=colour, marker="o", ms=5, lw=1.8, elinewidth=0.8, capsize=2.5, label=_short(name),
        )  # fmt: skip
    _baselines(axes, entries[entries["step"].isna()], history["step"].max())
    kept = entries[entries["kept"]]
    axes.plot(
        kept["step"].astype(float), kept["score"], "*",
        ms=20, mfc="gold", mec="black", zorder=5, ls="", label="kept",
    )  # fmt: skip
    axes.set(
        xlabel="generator steps",
        ylabel="held-out score ± standard error",
        title="What the oracle saw: one line per GAN, by its base",
    )
    _finish(axes, columns=3)


def _baselines(axes: Any, baselines: pd.DataFrame, last: float) -> None:
    """Dashed lines, named at their right end outside the data."""
    right = last * 1.02 if last else 1.0
    for name, score in _spread(baselines):
        axes.axhline(baselines.set_index("name")["score"][name], color=GREY, ls="--", lw=1.0, zorder=0)
        axes.text(right, score, f" {name}", color=GREY, va="center", fontsize=10)
    axes.set_xlim(-0.04 * right, right * 1.18)


def _spread(baselines: pd.DataFrame, gap: float = 0.006) -> list[tuple[str, float]]:
    """Names and heights of labels, moved apart where scores are close."""
    placed: list[tuple[str, float]] = []
    for name, score in baselines.sort_values("score")[["name", "score"]].itertuples(index=False):
        floor = placed[-1][1] + gap if placed else score
        placed.append((name, max(score, floor)))
    return placed


def projection(axes: Any, sampler: GANOversampler, table: Table) -> None:
    """Real and new rows on the two main axes of the real ones."""
    columns = list(table.numeric)
    plane = make_pipeline(StandardScaler(), PCA(2)).fit(table.X[columns])
    real, minority = plane.transform(table.X[columns]), table.y.to_numpy() == 1
    n_new = int((~minority).sum() - minority.sum())
    new = plane.transform(sampler.sample(n_new, random_state=0)[columns])
    _scatter(axes, real[~minority], f"majority ({(~minority).sum()})", s=16, color=MAJORITY)
    _scatter(axes, new, f"new ({n_new})", s=16, facecolors="none", edgecolors=NEW, linewidths=0.9)
    _scatter(axes, real[minority], f"minority ({minority.sum()})", s=44, color=MINORITY, marker="^", edgecolors="white")  # fmt: skip
    shares = plane[-1].explained_variance_ratio_
    axes.set(
        xlabel=f"first principal axis ({shares[0]:.0%} of variance)",
        ylabel=f"second principal axis ({shares[1]:.0%})",
        title="Where the new rows lie",
    )
    _finish(axes, columns=3)


def _scatter(axes: Any, points: np.ndarray, label: str, **style: Any) -> None:
    axes.scatter(points[:, 0], points[:, 1], label=label, **style)


def _finish(axes: Any, columns: int) -> None:
    """Legend below the axes, where it hides nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.title.set_fontweight("bold")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=columns, frameon=False)


def _short(name: str) -> str:
    """``residual(smote)`` becomes ``smote``: in a legend the base says it all."""
    return name.removeprefix("residual(").removesuffix(")").replace("_", " ")
