"""Neighbourhoods: nearest rows, borderline scores, traits, and the starts of guided generators."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from gan_oversampler.sampling.neighbourhood import MAX_MIXING, N_NEAREST, N_NEIGHBOURS, N_TRAITS, StartNumbers
from gan_oversampler.sampling.quasi_random import sobol
from tests.drawing import SPACES, generator_of, neighbourhood_of, valid_rows
from tests.tables import MIXED


def _distances(rows):
    """Scaled distances between rows, infinite from a row to itself."""
    scaled = rows * MIXED.layout.scale
    return np.linalg.norm(scaled[:, None] - scaled, axis=-1) + np.diag([np.inf] * len(rows))


def test_neighbours_are_the_nearest_rows_of_the_class():
    rows = valid_rows(MIXED, 15)
    neighbours = neighbourhood_of(rows, valid_rows(MIXED, 30, seed=1), MIXED).neighbours_nK.numpy()
    distance = _distances(rows)
    found = np.take_along_axis(distance, neighbours, 1)
    np.testing.assert_allclose(found, np.sort(distance, 1)[:, :N_NEIGHBOURS], atol=1e-5)


@pytest.mark.parametrize("n_rows", [1, 2, 4, 8, 30])
def test_the_nearest_begin_with_the_neighbours_and_go_on_to_the_next_nearest(n_rows):
    rows = valid_rows(MIXED, n_rows)
    found = neighbourhood_of(rows, valid_rows(MIXED, 9, seed=1), MIXED)
    neighbours, nearest = found.neighbours_nK, found.nearest_nK
    assert neighbours.shape[1] == max(1, min(N_NEIGHBOURS, n_rows - 1))
    assert nearest.shape[1] == max(1, min(N_NEAREST, n_rows - 1))
    assert torch.equal(nearest[:, : neighbours.shape[1]], neighbours)
    if n_rows > 1:
        assert (nearest != torch.arange(n_rows)[:, None]).all()
        distance = np.take_along_axis(_distances(rows), nearest.numpy(), 1)
        assert (np.diff(distance, axis=1) > -1e-5).all()


def test_rows_of_other_classes_are_the_nearest_ones():
    rows, others = np.array([[0.0], [10.0]]), np.arange(-20.0, 31.0)[:, None] + 0.4
    found = neighbourhood_of(rows, others).others_nKF[..., 0].numpy()
    expected = [[-1.6, -0.6, 0.4, 1.4, 2.4], [8.4, 9.4, 10.4, 11.4, 12.4]]
    np.testing.assert_allclose(np.sort(found, 1), expected, atol=1e-5)


def test_without_other_classes_rows_stand_for_themselves():
    rows = valid_rows(MIXED, 6)
    np.testing.assert_array_equal(neighbourhood_of(rows, space=MIXED).others_nKF[:, 0], rows)


@pytest.mark.parametrize(("same", "other"), [(3, 4), (30, 0), (0, 30), (0, 0)])
def test_the_borderline_score_is_the_share_of_other_classes_among_the_nearest(same, other):
    score = neighbourhood_of(np.linspace(0, 1, same + 1)[:, None], np.full((other, 1), 0.5)).borderline_n
    if not other:
        assert (score == 0).all()
    elif not same:
        assert (score == 1).all()
    else:
        assert same + other < N_NEAREST
        torch.testing.assert_close(score, torch.full((same + 1,), other / (same + other)))


# --- traits


@pytest.mark.parametrize("others", [0, 1, 30])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 20])
@pytest.mark.parametrize("space", sorted(SPACES))
def test_traits_have_mean_0_and_variance_1_or_0(space, n_rows, others):
    space = SPACES[space]
    traits = neighbourhood_of(valid_rows(space, n_rows), valid_rows(space, others, seed=1), space).traits_nK
    assert traits.shape == (n_rows, N_TRAITS)
    assert traits.dtype == torch.float32
    torch.testing.assert_close(traits.mean(0), torch.zeros(N_TRAITS), atol=1e-4, rtol=0)
    variance = traits.var(0, correction=0)
    assert ((variance - 1).abs() < 1e-3).logical_or(variance < 1e-3).all()


def test_traits_tell_rows_near_other_classes_from_rows_near_their_own():
    # Rows at 0, 1, 2 … 9 and other classes beyond 9: the last row is the nearest to them.
    found = neighbourhood_of(np.arange(10.0)[:, None], 9.5 + np.arange(10.0)[:, None])
    others_nearer, neighbours_far, borderline, half = found.traits_nK.T
    assert others_nearer.argmax() == borderline.argmax() == 9
    assert neighbours_far.argmax() in (0, 9)  # at the ends neighbours are on one side only
    assert half.argmax() == (found.borderline_n - 0.5).abs().argmin()


# --- starts of guided generators


def test_start_numbers_from_uniform_ones_are_uniform_and_normal():
    numbers = StartNumbers.from_uniform(sobol(512, 5, generator_of()), torch.arange(4))
    assert kstest(numbers.step_n1[:, 0].numpy(), "uniform").statistic < 0.01
    for column in numbers.noise_nF.T:
        assert kstest(column.numpy(), "norm").statistic < 0.01


def test_independent_start_numbers_are_uniform_and_normal():
    numbers = StartNumbers.draw(2_000, 3, generator_of())
    assert numbers.step_n1.shape == (2_000, 1)
    assert kstest(numbers.step_n1[:, 0].numpy(), "uniform").pvalue > 0.001
    for column in numbers.noise_nF.T:
        assert kstest(column.numpy(), "norm").pvalue > 0.001


def test_places_spread_over_all_neighbours_of_a_seed():
    found = neighbourhood_of(valid_rows(MIXED, 12), space=MIXED)
    seeds = torch.full((10,), 3)
    neighbours = found.any_neighbour(seeds, (torch.arange(10) + 0.5) / 10, generator_of())
    assert neighbours.bincount().tolist() == found.neighbours_nK[3].repeat(2).bincount().tolist()


def test_a_start_leads_from_the_seed_to_the_neighbour_and_to_the_partner():
    rows = np.array([[0.0, 0.0], [4.0, 8.0], [1.0, 1.0]])
    found, n = neighbourhood_of(rows), 400
    numbers = StartNumbers(torch.full((n, 1), 0.25), torch.ones(n, 2))
    seeds, neighbours = torch.zeros(n, dtype=torch.long), torch.ones(n, dtype=torch.long)
    start = found.start(
        seeds, neighbours, torch.tensor([[1.0, 100.0]]).expand(n, -1), numbers, generator_of()
    )
    assert (start.rows == 0).all()
    torch.testing.assert_close(start.to_neighbour, torch.tensor([1.0, 2.0]).expand(n, -1))
    torch.testing.assert_close(start.noise, (found.bandwidth * found.spread_F).expand(n, -1))
    assert torch.equal(start.traits, found.traits_nK[seeds])
    # A partner that is far away counts as nearer, or a thin class would be torn apart.
    assert set(start.to_partner[:, 0].tolist()) == {0.0, 1.0}
    assert set(start.to_partner[:, 1].tolist()) == {0.0, MAX_MIXING * found.spread_F[1].item()}
    assert 0.4 < (start.to_partner > 0).double().mean() < 0.6  # about half of the columns mix


def test_cells_that_are_missing_or_at_a_spike_do_not_move():
    found = neighbourhood_of(valid_rows(MIXED, 30), space=MIXED)
    n = 200
    seeds, neighbours = torch.arange(n) % 30, (torch.arange(n) + 7) % 30
    numbers = StartNumbers.draw(n, MIXED.width, generator_of())
    partners = torch.from_numpy(valid_rows(MIXED, n, seed=5))
    start = found.start(seeds, neighbours, partners, numbers, generator_of(1))
    fixed = MIXED.free_values(start.rows) == 0
    assert fixed[:, 6].any()
    for move in (start.to_neighbour, start.noise, start.to_partner):
        assert (move[fixed] == 0).all()
    assert torch.equal(MIXED.project(start.rows), start.rows)


def test_bandwidth_is_silvermans():
    rows = np.random.default_rng(0).normal(size=(40, 1))
    assert neighbourhood_of(rows).bandwidth == pytest.approx((4 / (3 * 40)) ** (1 / 5))
    assert neighbourhood_of(valid_rows(MIXED, 20), space=MIXED).bandwidth == pytest.approx(
        (4 / (5 * 20)) ** (1 / 7)
    )
