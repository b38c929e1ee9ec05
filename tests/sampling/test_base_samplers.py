"""Geometric samplers: what holds for all of them, and what each of them is known for."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.sampling.base_samplers import BASES, systematic_resampling
from gan_oversampler.sampling.neighbourhood import N_NEIGHBOURS
from tests.drawing import SPACES, generator_of, neighbourhood_of, valid_rows
from tests.tables import MIXED


def _draw(base, neighbourhood, n, seed=0):
    return BASES[base].draw(neighbourhood, n, generator=generator_of(seed))


def _between(points, starts, ends):
    """Where each point lies on its nearest segment (0 start, 1 end), and how far off it is."""
    line = (ends - starts)[None].astype(float)
    at = ((points[:, None] - starts) * line).sum(-1) / np.maximum((line**2).sum(-1), 1e-12)
    off = np.linalg.norm(starts + at[..., None] * line - points[:, None], axis=-1)
    off = np.where((at > -1e-4) & (at < 1 + 1e-4), off, np.inf)
    nearest = off.argmin(1)
    rows = np.arange(len(points))
    return at[rows, nearest], off[rows, nearest]


# --- all bases


@pytest.mark.parametrize("others", [0, 1, 30])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 20])
@pytest.mark.parametrize("space", sorted(SPACES))
@pytest.mark.parametrize("base", sorted(BASES))
def test_rows_are_valid(base, space, n_rows, others):
    space = SPACES[space]
    neighbourhood = neighbourhood_of(valid_rows(space, n_rows), valid_rows(space, others, seed=1), space)
    new = _draw(base, neighbourhood, 25)
    assert new.shape == (25, space.width)
    assert new.dtype == torch.float32
    assert new.isfinite().all()
    assert torch.equal(space.project(new), new)


@pytest.mark.parametrize("base", sorted(BASES))
def test_draws_depend_on_the_generator_only(base):
    neighbourhood = neighbourhood_of(valid_rows(MIXED, 20), valid_rows(MIXED, 20, seed=1), MIXED)
    assert torch.equal(_draw(base, neighbourhood, 30, seed=7), _draw(base, neighbourhood, 30, seed=7))
    assert not torch.equal(_draw(base, neighbourhood, 30, seed=7), _draw(base, neighbourhood, 30, seed=8))


@pytest.mark.parametrize("space", sorted(SPACES))
@pytest.mark.parametrize("base", sorted(BASES))
def test_no_rows_are_no_rows(base, space):
    space = SPACES[space]
    neighbourhood = neighbourhood_of(valid_rows(space, 5), valid_rows(space, 5, seed=1), space)
    assert _draw(base, neighbourhood, 0).shape == (0, space.width)


@pytest.mark.parametrize("base", sorted(set(BASES) - {"translation"}))
def test_a_class_of_one_row_is_copied(base):
    row = valid_rows(MIXED, 1)
    new = _draw(base, neighbourhood_of(row, valid_rows(MIXED, 9, seed=1), MIXED), 10)
    torch.testing.assert_close(new, torch.from_numpy(row).expand(10, -1))


@pytest.mark.parametrize("base", sorted(BASES))
def test_a_constant_class_stays_constant(base):
    new = _draw(base, neighbourhood_of(np.full((8, 2), 1.5)), 10)
    torch.testing.assert_close(new, torch.full((10, 2), 1.5))


# --- each base


def test_bootstrap_copies_every_row_equally_often():
    rows = valid_rows(MIXED, 7)
    new = _draw("bootstrap", neighbourhood_of(rows, space=MIXED), 24).numpy()
    copies = (new[:, None] == rows).all(-1).sum(0)
    assert copies.sum() == 24
    assert set(copies) <= {3, 4}


def test_smote_stays_on_segments_between_neighbours():
    rows = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    neighbourhood = neighbourhood_of(rows)
    pairs = [(i, j) for i in range(12) for j in neighbourhood.neighbours_nK[i].tolist()]
    starts, ends = rows[[i for i, _ in pairs]], rows[[j for _, j in pairs]]
    at, off = _between(_draw("smote", neighbourhood, 300).numpy(), starts, ends)
    assert off.max() < 1e-5
    assert at.std() > 0.2


def test_simplicial_smote_is_uniform_where_all_rows_are_neighbours():
    """In a triangle whose corners are neighbours of each other: mean and covariance of the uniform law."""
    corners = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 3.0]])
    new = _draw("simplicial_smote", neighbourhood_of(corners), 30_000).double().numpy()
    share = np.linalg.solve(np.vstack([corners.T, np.ones(3)]), np.vstack([new.T, np.ones(len(new))]))
    assert share.min() > -1e-6
    # the law of Dirichlet(1, 1, 1)
    np.testing.assert_allclose(share.mean(1), 1 / 3, atol=0.01)
    np.testing.assert_allclose(np.cov(share), (np.eye(3) - 1 / 3) / 12, atol=0.003)


def test_simplicial_smote_mixes_only_rows_that_are_neighbours_of_each_other():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(9, 2)), 100 + rng.normal(size=(9, 2))]).astype(np.float32)
    neighbourhood = neighbourhood_of(rows)
    near = [set(nearest) for nearest in neighbourhood.neighbours_nK.tolist()]
    seeds = torch.arange(18).repeat(50)
    parents, weights, _ = BASES["simplicial_smote"].parents(neighbourhood, seeds, generator_of(0))
    torch.testing.assert_close(weights.sum(1), torch.ones(len(seeds)))
    sizes = set()
    for seed, rows_of, share in zip(seeds.tolist(), parents.numpy(), weights.numpy()):
        used = [int((rows == row).all(1).argmax()) for row in rows_of[share > 0]]
        assert used[0] == seed
        assert all(a in near[b] or b in near[a] for a in used for b in used if a != b)
        # maximal: no other neighbour of the seed is linked to all
        for other in near[seed] - set(used):
            assert not all(a in near[other] or other in near[a] for a in used)
        sizes.add(len(used))
    assert max(sizes) > 2


def test_smoothed_bootstrap_adds_the_variance_of_its_kernel():
    rows = np.random.default_rng(0).exponential(size=(40, 1)).astype(np.float32)
    n = 40_000
    new = _draw("smoothed_bootstrap", neighbourhood_of(rows), n)
    h = (4 / (3 * 40)) ** (1 / 5)  # Silverman in one dimension
    expected = rows.var() + (h * rows.std()) ** 2
    assert new.mean().item() == pytest.approx(rows.mean(), abs=5 * math.sqrt(expected / n))
    assert new.var().item() == pytest.approx(expected, rel=0.03)


def test_smoothed_bootstrap_moves_free_values_only():
    rows = valid_rows(MIXED, 10)
    new = _draw("smoothed_bootstrap", neighbourhood_of(rows, space=MIXED), 10).numpy()
    states = MIXED.layout.states
    assert {tuple(row) for row in new[:, states]} <= {tuple(row) for row in rows[:, states]}
    at_spike = new[:, 5] == 1
    assert at_spike.any()
    assert (new[at_spike, 6] == np.float32(-0.7)).all()
    assert not np.isin(new[~at_spike, 6], rows[:, 6]).any()


def test_local_gaussian_has_mean_and_covariance_of_a_row_and_its_neighbours():
    # Of so few rows all others are neighbours of each one.
    rows = np.random.default_rng(3).normal(size=(N_NEIGHBOURS + 1, 2)) @ [[2.0, 1.0], [0.0, 0.5]]
    n = 100_000
    new = _draw("local_gaussian", neighbourhood_of(rows), n).double().numpy()
    covariance = np.cov(rows.T, bias=True)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(new.mean(0), rows.mean(0), atol=5 * scale.max() / math.sqrt(n))
    np.testing.assert_allclose(
        np.cov(new.T), covariance, atol=5 * math.sqrt(2 / n) * np.outer(scale, scale).max()
    )


def test_border_draws_borderline_rows_more_often():
    # At 0 rows among their own, at 100 a row of another class for each row, at 200 a row among others only.
    steps = np.arange(20)[:, None]
    rows = np.concatenate([0.01 * steps, 100 + 0.02 * steps, [[200.0]]])
    others = np.concatenate([100.01 + 0.02 * steps, 199 + 0.05 * steps])
    neighbourhood = neighbourhood_of(rows, others)
    score = neighbourhood.borderline_n
    assert (score[:20] == 0).all()
    assert ((score[20:40] >= 0.4) & (score[20:40] <= 0.6)).all()
    assert (score[40:] == 1).all()
    new = _draw("border", neighbourhood, 2_000)[:, 0]
    share = (new > 99).double().mean().item()
    assert share > 0.9  # 20 rows of weight about 1.1 against 20 of weight 0.1
    assert (_draw("smote", neighbourhood, 2_000)[:, 0] > 99).double().mean() < 0.55


def test_without_other_classes_border_is_smote():
    neighbourhood = neighbourhood_of(valid_rows(MIXED, 15), space=MIXED)
    assert torch.equal(_draw("border", neighbourhood, 40), _draw("smote", neighbourhood, 40))


def test_star_lies_between_a_row_and_the_mean_of_the_class():
    rows = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    new = _draw("star", neighbourhood_of(rows), 300).numpy()
    at, off = _between(new, rows, np.tile(rows.mean(0), (12, 1)))
    assert off.max() < 1e-5
    assert at.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * 300))


def test_star_moves_free_values_only_and_towards_the_mean_of_free_ones():
    rows = valid_rows(MIXED, 10)
    free = MIXED.free_values(torch.from_numpy(rows)).numpy() > 0
    neighbourhood = neighbourhood_of(rows, space=MIXED)
    assert neighbourhood.centre[6].item() == pytest.approx(rows[free[:, 6], 6].mean(), abs=1e-6)
    new = _draw("star", neighbourhood, 10).numpy()
    states = MIXED.layout.states
    assert {tuple(row) for row in new[:, states]} <= {tuple(row) for row in rows[:, states]}
    assert (new[new[:, 5] == 1, 6] == np.float32(-0.7)).all()


def test_translation_lies_between_another_class_and_a_row_nearer_to_the_row():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 2)).astype(np.float32)
    others = rng.normal(5, 1, size=(4, 2)).astype(np.float32)
    pairs = [(other, row) for other in others for row in rows]
    new = _draw("translation", neighbourhood_of(rows, others), 200).numpy()
    starts, ends = (np.array(side) for side in zip(*pairs))
    line = ends - starts
    at = ((new[:, None] - starts) * line).sum(-1) / (line**2).sum(-1)
    off = np.linalg.norm(starts + at[..., None] * line - new[:, None], axis=-1)
    assert ((off < 1e-5) & (at > 0.5 - 1e-5) & (at < 1 + 1e-5)).any(1).all()


def test_translation_goes_three_quarters_of_the_way_on_average():
    new = _draw("translation", neighbourhood_of([[0.0]], [[4.0]]), 10_000)
    assert new.min() >= 0
    assert new.max() <= 2
    assert new.mean().item() == pytest.approx(1.0, abs=5 * (2 / math.sqrt(12)) / 100)


# --- systematic resampling

WEIGHTS = st.lists(st.floats(0, 10, width=16), min_size=1, max_size=12).filter(lambda w: sum(w) > 0.01)


@given(WEIGHTS, st.integers(0, 60), st.integers(0, 2**31))
def test_systematic_resampling_draws_each_position_as_often_as_expected(weights, n, seed):
    index = systematic_resampling(torch.tensor(weights), n, generator=generator_of(seed))
    counts = np.bincount(index.numpy(), minlength=len(weights))
    expected = n * np.array(weights) / sum(weights)
    assert len(index) == n
    assert (counts >= np.floor(expected - 1e-6)).all()
    assert (counts <= np.ceil(expected + 1e-6)).all()


def test_systematic_resampling_is_unbiased_and_shuffled():
    generator, weights = generator_of(), torch.tensor([1.0, 2.0, 7.0])
    draws = torch.stack([systematic_resampling(weights, 2, generator=generator) for _ in range(4_000)])
    shares = draws.flatten().bincount(minlength=3) / draws.numel()
    torch.testing.assert_close(shares, weights / 10, atol=0.03, rtol=0)
    assert 0.3 < (draws[:, 0] > draws[:, 1]).sum() / (draws[:, 0] != draws[:, 1]).sum() < 0.7
