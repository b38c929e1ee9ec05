"""The axes of a projection are those of the real rows."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.reporting.displays.base import Pair
from gan_oversampler.reporting.displays.projection import ProjectionDisplay


def test_new_rows_have_no_part_in_the_axes_of_a_projection():
    rng = np.random.default_rng(0)
    real, others = pd.DataFrame(rng.normal(size=(9, 3))), pd.DataFrame(rng.normal(size=(30, 3)))
    one = ProjectionDisplay.from_pair(Pair(real, real, others, 1))
    two = ProjectionDisplay.from_pair(Pair(real, real.head(2) + 3, others, 1))
    np.testing.assert_allclose(one.real, two.real)
    np.testing.assert_allclose(one.real, one.new)
    assert one.shares == two.shares
    assert 0 < one.shares[1] <= one.shares[0] < 1


def test_a_single_column_is_projected_on_itself():
    real = pd.DataFrame({"a": [1.0, 2.0, 4.0]})
    display = ProjectionDisplay.from_pair(Pair(real, real, real[:0], 1))
    assert display.shares == (1.0, 0.0)
    assert (display.real[:, 1] == 0).all()
    gaps = np.diff(display.real[:, 0])
    assert gaps[1] == pytest.approx(2 * gaps[0])
    assert gaps[0] > 0
