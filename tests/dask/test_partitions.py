"""Tasks on partitions: a sample by position, whatever the partitions."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

pytest.importorskip("dask.dataframe")
from gan_oversampler.dask.partitions import infinite_cells, kept_rows, labels_of, renumbered, uniform_at

POSITIONS = np.arange(20_000)


def test_numbers_of_positions_are_uniform_and_independent_between_positions_and_seeds():
    first, second = uniform_at(POSITIONS, 1), uniform_at(POSITIONS, 2)
    assert stats.kstest(first, "uniform").pvalue > 0.001
    for a, b in [(first, second), (first[1:], first[:-1]), (first, POSITIONS)]:
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(len(a))
    assert len(np.unique(first)) == len(first)


@pytest.mark.parametrize("cuts", [[], [1, 7000], [5000, 5000, 19_999]])
def test_the_same_rows_are_kept_whatever_the_partitions(cuts):
    y = pd.Series(np.where(POSITIONS % 50, "no", "yes"))
    bounds = [0, *cuts, len(y)]
    shares = {"no": 0.1, "yes": 1.0}
    kept = [kept_rows(y[a:b], y[a:b], pd.Series([a]), shares, seed=3) for a, b in pairwise(bounds)]
    found = pd.concat(kept)
    pd.testing.assert_series_equal(found, kept_rows(y, y, pd.Series([0]), shares, seed=3))
    n = found.value_counts()
    assert n["yes"] == 400
    assert abs(n["no"] - 1960) < 4 * np.sqrt(1960)


def test_labels_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="one of 3 rows with 2 labels"):
        kept_rows(pd.DataFrame({"a": [1, 2, 3]}), pd.Series([0, 1]), pd.Series([0]), {0: 1.0, 1: 1.0}, 0)


def test_infinite_cells_are_counted_in_columns_of_floats():
    inf = float("inf")
    part = pd.DataFrame({"a": [1.0, inf, -inf], "b": [1, 2, 3], "c": pd.array([inf, None, 1.0], "Float64")})
    assert infinite_cells(part).to_dict("records") == [{"a": 2, "c": 1}]


def test_rows_and_labels_are_numbered_from_the_start_of_their_partition():
    assert renumbered(pd.Series(list("ab"), index=[9, 9]), pd.Series([5])).to_dict() == {5: "a", 6: "b"}
    examples = pd.Series(["no", "yes"], index=[3, 8])
    assert labels_of(examples, {1: 2, 0: 1}, 7).to_dict() == {7: "yes", 8: "yes", 9: "no"}
