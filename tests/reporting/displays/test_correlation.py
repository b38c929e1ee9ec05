"""Differences of correlations, in closed form where there is one."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gan_oversampler.reporting.displays.base import Pair
from gan_oversampler.reporting.displays.correlation import MAX_COLUMNS, CorrelationDisplay
from tests.tables import mixed


def test_equal_rows_have_no_difference_in_correlations():
    X, _ = mixed()
    shown = CorrelationDisplay.from_pair(Pair(X, X, X, "any"))
    assert shown.mean == 0
    assert "constant" not in " ".join(map(str, shown.difference))
    with pytest.raises(ValueError, match="fewer than two columns"):
        CorrelationDisplay.from_pair(Pair(X[["amount"]], X[["amount"]], X, "any")).plot()


def test_the_sign_says_which_side_correlates_more():
    real = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0]})
    new = real.assign(b=[2.0, 1.0, 0.0])
    display = CorrelationDisplay.from_pair(Pair(real, new, real, "any"))
    assert display.difference.loc["a", "b"] == pytest.approx(2.0)
    texts = [text.get_text() for text in display.plot(Figure().add_subplot()).ax_.texts]
    assert texts == ["2.00", "2.00"]


def test_the_columns_that_differ_most_are_shown_in_the_order_of_the_table():
    names = [f"c{i}" for i in range(MAX_COLUMNS + 5)]
    differs = np.zeros((len(names), len(names)))
    differs[5:, 5:] = 0.5
    ax = CorrelationDisplay(pd.DataFrame(differs, names, names)).plot(Figure().add_subplot()).ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == names[5:]
    assert "5 columns that differ less are not shown" in ax.get_title(loc="left")
    assert not ax.texts  # so many numbers would not fit
