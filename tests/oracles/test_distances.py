"""Distances between distributions: closed forms, and laws of all of them."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from gan_oversampler.oracles.distances import (
    MMDOracle,
    SlicedWassersteinOracle,
    energy_distance,
    frechet_distance,
    mmd,
    wasserstein,
)
from gan_oversampler.oracles.registry import ORACLES
from tests.samples import normal, one_class, problem, rows_of


def _sliced(first, second):
    oracle = SlicedWassersteinOracle().fit(one_class(first), targets=[1])
    return oracle.score(one_class(first), one_class(second))


DISTANCES = {
    "frechet": frechet_distance,
    "energy": energy_distance,
    "mmd": lambda first, second: mmd(first, second, 3.0),
    "sliced_wasserstein": _sliced,
}


def test_frechet_of_a_shift_is_its_squared_length():
    rows = normal(500)
    assert frechet_distance(rows, rows + 2.0) == pytest.approx(12.0, rel=1e-9)


def test_frechet_of_a_stretch_in_one_dimension():
    # (s1 - s2)^2 with equal means; one column leaves nothing to shrink.
    rows = normal(200, 1)
    rows -= rows.mean()
    assert frechet_distance(rows, 3 * rows) == pytest.approx((2 * rows.std()) ** 2, rel=1e-6)


def test_energy_of_two_points_is_twice_their_distance():
    assert energy_distance(np.zeros((3, 2)), np.full((5, 2), 3.0)) == pytest.approx(2 * 3 * np.sqrt(2))


def test_energy_of_many_rows_is_estimated_from_some():
    rows = normal(5000, 1)
    whole = energy_distance(rows, rows + 1, max_rows=5000)
    assert energy_distance(rows, rows + 1) == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_a_sample_is_no_distance_from_itself(name):
    rows = normal(60)
    order = np.random.default_rng(1).permutation(60)
    assert DISTANCES[name](rows, rows) == pytest.approx(0, abs=1e-6)
    assert DISTANCES[name](rows, rows[order]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_distances_are_symmetric(name):
    first, second = normal(40), normal(70, seed=1, mean=0.5)
    assert DISTANCES[name](first, second) == pytest.approx(DISTANCES[name](second, first), rel=1e-9)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_farther_is_larger(name):
    rows, other = normal(80), normal(80, seed=1)
    distances = [DISTANCES[name](rows, other + shift) for shift in (0, 0.5, 1, 2, 5)]
    assert distances == sorted(distances)
    assert distances[0] < 0.1 * distances[-1]


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_distances_see_a_wrong_spread(name):
    rows, other = normal(300), normal(300, seed=1)
    assert DISTANCES[name](rows, other) < 0.2 * DISTANCES[name](rows, 3 * other)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_fewer_rows_than_columns_still_have_a_distance(name):
    few, many = normal(3, 20), normal(4, 20, seed=1)
    assert 0 < DISTANCES[name](few, many) < DISTANCES[name](few, many + 5)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_a_single_row_has_a_distance(name):
    assert np.isfinite(DISTANCES[name](normal(20), np.zeros((1, 3))))


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_distance_oracles_do_not_see_shares_of_classes(name):
    values = np.concatenate([normal(50), normal(50, mean=5.0)])
    real = rows_of(values, np.repeat([0, 1], 50))
    few = rows_of(np.concatenate([values[:10], values[50:]]), np.repeat([0, 1], [10, 50]))
    oracle = ORACLES[name]().fit(real, targets=[0, 1])
    alone = [ORACLES[name]().fit(real, targets=[c]).score(real.of(c), few.of(c)) for c in (0, 1)]
    assert oracle.score(real, few) == pytest.approx(np.mean(alone))
    assert ORACLES[name]().fit(real, targets=[1]).score(real, few) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_classes_are_not_mixed_up(name):
    values = np.concatenate([normal(50), normal(50, mean=5.0)])
    real, swapped = rows_of(values, np.repeat([0, 1], 50)), rows_of(values, np.repeat([1, 0], 50))
    oracle = ORACLES[name]().fit(real, targets=[0, 1])
    assert oracle.score(real, real) < 1e-6
    assert oracle.score(real, swapped) > 0.5


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_a_class_without_held_out_rows_is_left_out(name):
    real = problem()
    both, one = (ORACLES[name]().fit(real, targets=targets) for targets in ([0, 1], [1]))
    shifted = rows_of(real.values + 1, real.codes)
    assert both.score(real.of(1), shifted) == pytest.approx(one.score(real.of(1), shifted))


# --- kernels


def test_mmd_of_a_sample_with_itself_is_exactly_zero():
    rows = one_class(normal(40))
    assert mmd(rows.values, rows.values, 1.0) == 0
    assert MMDOracle().fit(rows, targets=[1]).score(rows, rows) == 0


def test_mmd_of_two_points_is_what_the_kernel_leaves():
    # 2 - 2 k(x, y), with Gaussians of 1/4, 1/2, 1, 2 and 4 times the width.
    kernel = np.mean([np.exp(-(3.0**2) / (2 * (factor * 1.5) ** 2)) for factor in (0.25, 0.5, 1, 2, 4)])
    assert mmd(np.zeros((1, 1)), np.full((1, 1), 3.0), 1.5) == pytest.approx(2 - 2 * kernel)


def test_mmd_does_not_depend_on_the_unit_of_the_columns():
    train, holdout, synthetic = (problem(seed=seed).of(1) for seed in range(3))
    plain, scaled = (
        MMDOracle()
        .fit(one_class(c * train.values), targets=[1])
        .score(*(one_class(c * r.values) for r in rows))
        for c, rows in ((1.0, (holdout, synthetic)), (1000.0, (holdout, synthetic)))
    )
    assert scaled == pytest.approx(plain)


# --- slices


@pytest.mark.parametrize(("n", "m"), [(20, 20), (20, 33), (1, 7)])
def test_wasserstein_is_that_of_scipy_in_each_column(n, m):
    first, second = normal(n, 4), normal(m, 4, seed=1, mean=0.3)
    expected = [wasserstein_distance(a, b) for a, b in zip(first.T, second.T)]
    np.testing.assert_allclose(wasserstein(first, second), expected)


def test_a_shift_in_one_column_is_its_sliced_distance():
    rows = normal(30, 1)
    assert _sliced(rows, rows + 2.5) == pytest.approx(2.5)


def test_all_candidates_are_seen_from_the_same_directions():
    train = problem()
    first, second, other = (
        SlicedWassersteinOracle().fit(train, targets=[1], random_state=seed).directions_ for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    np.testing.assert_allclose(np.linalg.norm(first, axis=0), 1)


# --- many rows


@pytest.mark.parametrize("name", ["energy", "mmd", "sliced_wasserstein"])
def test_large_classes_are_thinned(name):
    train, holdout, synthetic = (one_class(normal(600, 2, seed, mean=seed / 2)) for seed in range(3))
    whole, thinned = (
        ORACLES[name](max_rows=n).fit(train, targets=[1]).score(holdout, synthetic) for n in (600, 200)
    )
    assert thinned != whole
    assert thinned == pytest.approx(whole, rel=0.4)
