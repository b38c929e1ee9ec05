"""Marginals: which columns come first, and where panels lie."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.figure import Figure

from gan_oversampler.reporting.displays.base import Pair
from gan_oversampler.reporting.displays.correlation import CorrelationDisplay
from gan_oversampler.reporting.displays.marginals import MAX_BARS, MarginalsDisplay
from gan_oversampler.reporting.displays.projection import ProjectionDisplay
from tests.fitted_samplers import gathered
from tests.tables import mixed


def test_columns_that_differ_most_come_first_and_no_more_than_asked():
    real = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 20)))
    new = real.copy()
    new[7] += 9
    new[3] += 1
    shown = MarginalsDisplay(real, new).plot(Figure().add_subplot(), max_columns=5)
    assert shown.differences_.index[:2].tolist() == [7, 3]
    assert [ax.get_title(loc="left").split()[0] for ax in shown.axes_][:2] == ["x7", "x3"]
    assert len(shown.axes_) == 5
    with pytest.raises(ValueError, match="'histogram' or 'cumulative'"):
        shown.plot(style="bars")


def test_marginals_fill_axes_that_were_put_anywhere(sampler):
    figure = Figure()
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    shown = MarginalsDisplay.from_estimator(sampler, ax=ax, style="cumulative")
    figure.canvas.draw()
    assert len(shown.axes_) == 4


def test_levels_that_are_rare_share_a_bar():
    real = pd.DataFrame({"city": list("aaabbbccdefgh")})
    (panel,) = MarginalsDisplay(real, real).plot(Figure().add_subplot()).axes_
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert len(names) == MAX_BARS
    assert names[-1] == "other"
    assert sum(bar.get_width() for bar in panel.patches) == pytest.approx(2)  # of real and of new rows


@pytest.mark.parametrize("container", ["polars", "list"])
def test_other_containers_are_drawn_too(container):
    X, y = mixed()
    X = X[["amount", "price", "city", "note"]].astype({"city": str})
    if container == "polars":
        X = pl.DataFrame({name: list(X[name].where(X[name].notna(), None)) for name in X}, strict=False)
    else:
        X = X.astype(object).where(X.notna(), None).to_numpy().tolist()
    evidence = gathered(X, y)
    for display in (ProjectionDisplay, CorrelationDisplay):
        display.from_pair(Pair.of_evidence(evidence)).plot(Figure().add_subplot())
    pair = Pair.of_evidence(evidence, "rare")
    assert len(MarginalsDisplay(pair.real, pair.new).plot(Figure().add_subplot()).axes_) == 4
