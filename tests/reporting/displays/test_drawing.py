"""Labels that hide nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.reporting.displays.drawing import column_title, spaced


def test_labels_are_moved_apart_as_little_as_needed():
    placed = spaced([3.0, 1.0, 1.1], gap=0.5)
    assert placed[0] == 3.0
    assert np.mean(placed[1:]) == pytest.approx(1.05)
    assert placed[2] - placed[1] == pytest.approx(0.5)
    assert spaced([], gap=0.5) == []


@given(st.lists(st.floats(-9, 9), max_size=9), st.floats(0.01, 2))
def test_labels_keep_their_order_their_gap_and_their_mean(heights, gap):
    placed = spaced(heights, gap)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(np.array(placed)[order]) >= gap - 1e-9).all()
    assert sum(placed) == pytest.approx(sum(heights), abs=1e-9)


def test_long_names_are_shortened_and_dollars_are_no_mathematics():
    assert len(column_title("long " * 20)) == 26
    assert column_title("price in $") == r"price in \$"
    assert column_title(True) == "True"  # a label, not a position
