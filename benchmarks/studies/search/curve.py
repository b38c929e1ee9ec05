"""How the controller learns on images: rewards by trial, beside random, as Gong et al. (2019) draw them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.protocol import quiet_single_thread
from benchmarks.studies.search.means import Mean
from benchmarks.tables import Table
from benchmarks.writing import save_picture
from gan_oversampler import GAN, GANOversampler, Generator, Search, SearchSpace

STRATEGIES: Final = ("random", "controller")
# From noise, as in the paper: a residual generator would begin as SMOTE, which 50 steps hardly improve.
NOISE: Final = GAN("classic", generator=Generator(grid="square", widths=(16, 8)))
STEPS: Final = {"epoch_unit": 25, "max_steps": 50}
WINDOW: Final = 8  # trials of a running mean
THIRDS: Final = ("first third", "last third")
COLOURS: Final = {"random": "#666666", "controller": "#0072B2"}


def space() -> SearchSpace:
    """Return convolutional cells that are small enough for a CPU."""
    small = {"cells": (1, 2, 3), "cell * width": (16,), "cell * kernel": (3,), "critic width": (32,)}
    return SearchSpace.of(NOISE).narrow(small).without("policy", "latent")


def cell(table: Table, strategy: str, n_trials: int, seed: int) -> list[dict[str, Any]]:
    """Search once, and list the reward of every trial that was trained."""
    search = Search(strategy, space=space(), n_trials=n_trials, batch=4, holdout=None)
    sampler = GANOversampler(gan=NOISE, oracle="frechet", cv=2, baselines=(), random_state=seed, **STEPS)
    with quiet_single_thread():
        facts = search.fit(table.X, table.y, sampler=sampler).facts_
    return [
        {"strategy": strategy, "seed": seed, "trial": t.number, "reward": -t.score, "seconds": t.seconds}
        for t in facts.trials
        if np.isfinite(t.score) and t.same_as is None
    ]


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare the first and the last third of the trials, and the best one, by strategy."""
    lines = []
    for strategy, its in rows.groupby("strategy", sort=False):
        n = its["trial"].max() + 1
        early, late = its[its["trial"] < n / 3]["reward"], its[its["trial"] >= 2 * n / 3]["reward"]
        best = its.groupby("seed")["reward"].max()
        lines.append(
            {
                "strategy": strategy,
                "searches": its["seed"].nunique(),
                "trials": n,
                "first third": Mean.of(early).text(0, signed=False),
                "last third": Mean.of(late).text(0, signed=False),
                "best": f"{best.mean():.0f}",
            }
        )
    return pd.DataFrame(lines)


def draw(rows: pd.DataFrame, path: Path) -> None:
    """Draw rewards by trial with running means, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.8), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for strategy, its in rows.groupby("strategy", sort=False):
        mean = its.groupby("trial")["reward"].mean()
        axes.plot(its["trial"], its["reward"], ".", color=COLOURS[strategy], alpha=0.35)
        running = mean.rolling(WINDOW, min_periods=1).mean()
        axes.plot(running.index, running, color=COLOURS[strategy], label=f"{strategy}, mean of {WINDOW}")
    axes.set_xlabel("trial")
    axes.set_ylabel("reward: minus the Fréchet distance")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25, lw=0.6)
    axes.legend(frameon=False)
    save_picture(figure, path)
