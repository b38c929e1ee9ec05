"""The near distances hold all that are as small as the k-th one, whatever their number and ties."""

import numpy as np
import pytest

from gan_oversampler.oracles.nearest import near_distances, smallest


@pytest.mark.parametrize("n_values", [3, 1000])  # many ties, and hardly any
@pytest.mark.parametrize(("n", "k"), [(1, 1), (7, 7), (79, 5), (80, 5), (1000, 5), (700, 32)])
def test_all_distances_as_small_as_the_kth_are_among_the_near_ones(n, k, n_values):
    distances = np.random.default_rng(n).integers(n_values, size=(6, n)).astype(np.float32)
    columns, near = near_distances(distances, k)
    np.testing.assert_array_equal(smallest(near, k), np.sort(distances, axis=1)[:, k - 1])
    for row, its_columns, its_near in zip(distances, columns, near, strict=True):
        known = np.isfinite(its_near)
        np.testing.assert_array_equal(row[its_columns[known]], its_near[known])
        assert set(its_columns[known]) >= set(np.flatnonzero(row <= np.sort(row)[k - 1]))
        assert len(set(its_columns[known])) == known.sum()
