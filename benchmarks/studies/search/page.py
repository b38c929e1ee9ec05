"""The page of the study of the search, from its stored rows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.reporting.markdown import page, table
from benchmarks.studies.search import curve, landscape, tables

HOW: Final = (
    "Made by `python -m benchmarks.studies.search landscape|tables|curve|page`. A gain is a mean with its"
    " standard error over seeds, or over tables of which folds were averaged before."
)
LANDSCAPE: Final = (
    "The score is a known function of the GAN, with noise in every fold of half its standard deviation over"
    " the space: *additive* effects of all choices, *interacting* neighbours, and a *plateau* where only"
    " three choices together help. Values are true ones of the GAN that a search returns, in standard"
    " deviations of the space. All strategies have equally many trials; halving stops some early (see steps)."
)
CURVE: Final = (
    "Fashion-MNIST, two classes of 784 pixels, convolutional cells that begin with noise, 50 steps a trial:"
    " rewards (minus the Fréchet distance to held-out images) of the trials in their order, by the recurrent"
    " controller and at random; ± is the standard error over trials."
)
TABLES: Final = (
    "Every search has 60 s on a core that it shares with other work, and the default oracle; an outer fold"
    " holds out a fifth of the rows, which neither sees. Tables are chosen by a fixed rule (`tables.py`)."
    " *Sampler with the search* is what `GANOversampler(search=...)` does: the found GAN joins where it gains"
    " on rows that the search did not see; elsewhere its scores are those of the default, which draws alike."
    " *Found GAN alone* is `GANOversampler(gan=search.best_gan_)`."
)


def report(rows: pd.DataFrame | None, planted: pd.DataFrame | None, images: pd.DataFrame | None) -> str:
    """Write the page from what there is of both studies."""
    parts: list[str | None] = ["# Does a search for GANs pay?", HOW]
    if rows is not None:
        parts += ["## Real tables", TABLES, table(tables.summary(rows))]
        parts += ["What the search sees is too good:", table(tables.optimism(rows))]
    if planted is not None:
        parts += ["## Planted landscapes", LANDSCAPE, table(landscape.summary(planted))]
    if images is not None:
        parts += ["## The controller on images", CURVE, "![Rewards by trial](search_curve.png)"]
        parts += [table(curve.summary(images))]
    return page(*parts)


def read(path: Path) -> pd.DataFrame | None:
    """Read stored rows, if there are any."""
    return pd.read_csv(path) if path.exists() else None
