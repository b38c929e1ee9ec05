"""Weights and groups of rows, as users give them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.row_metadata import read_groups, read_weights

TARGET = Target.of(["no", "no", "no", "yes"])


def test_weights_have_no_scale():
    weights = read_weights([1, 2, 3, 2], TARGET)
    np.testing.assert_allclose(weights, [0.5, 1, 1.5, 1])
    np.testing.assert_array_equal(read_weights([4, 8, 12, 8], TARGET), weights)


@pytest.mark.parametrize("weights", [None, [1, 1, 1, 1], np.full(4, 0.3)])
def test_weights_that_are_alike_say_nothing(weights):
    assert read_weights(weights, TARGET) is None


@pytest.mark.parametrize("container", [list, np.array, pd.Series, pl.Series])
def test_containers_are_read_alike(container):
    np.testing.assert_allclose(read_weights(container([0, 2, 4, 2]), TARGET), [0, 1, 2, 1])
    assert read_groups(container(["b", "a", "b", "c"]), TARGET).tolist() == [0, 1, 0, 2]
    assert read_groups(container([7, 5, 7, 5]), TARGET).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("scale", [1e308, 1e-300])
def test_weights_may_be_as_large_or_small_as_floats_are(scale):
    weights = read_weights(np.array([1, 0.5, 1.5, 1]) * scale, TARGET)
    np.testing.assert_allclose(weights, [1, 0.5, 1.5, 1])


@pytest.mark.parametrize("groups", [[1, "1", 1, "1"], [2**63, 2**63 + 1, 2**63, 2**63 + 1], [-1, 2**63] * 2])
def test_unlike_groups_of_a_list_stay_apart(groups):
    assert read_groups(groups, TARGET).tolist() == [0, 1, 0, 1]


def test_no_groups_are_none():
    assert read_groups(None, TARGET) is None


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"one value per row, 4 in all. Got shape \(2,\)"),
        ([[1], [2], [3], [4]], r"Got shape \(4, 1\)"),
        ([1, 2, -3, 4], r"finite numbers from 0 on. Got -3\.0"),
        ([1, 2, np.nan, 4], "finite numbers from 0 on. Got nan"),
        (["a", 2, 3, 4], "must hold numbers"),
        ([1, 2, 3, 0], "All rows of class 'yes' have a 'sample_weight' of zero"),
    ],
)
def test_wrong_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        read_weights(weights, TARGET)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 2], r"'groups' must hold one value per row, 4 in all. Got shape \(2,\)"),
        (["a", None, "b", None], "'groups' holds 2 missing values"),
        (["a", np.nan, "b", "b"], "'groups' holds 1 missing values"),
        ([1.0, np.nan, 2.0, 2.0], "'groups' holds 1 missing values"),
    ],
)
def test_wrong_groups_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        read_groups(groups, TARGET)


@pytest.mark.parametrize(
    "values", [["1", "2", "3"], np.ones(3) + 1j, np.array(["2020-01-01"] * 3, "M8[D]"), np.ones(3, "m8[s]")]
)
def test_weights_that_are_no_real_numbers_are_refused(values):
    with pytest.raises(ValueError, match="'sample_weight' must hold numbers: their type is"):
        read_weights(values, Target.of([0, 0, 1]))
