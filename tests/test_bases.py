"""Laws of the geometric samplers, and what each of them is known for."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.sampling.base_samplers import (
    BASES,
    N_AROUND,
    N_NEIGHBORS,
    N_TRAITS,
    Neighbourhood,
    systematic_resampling,
)

MIXED = RowSpace(
    Layout(
        (
            Block("age", 0, 0, ()),
            Block("city", 1, 3, None),
            Block("income", 4, 2, (0.0, -0.7)),
            Block("sex", 7, 2, None),
        )
    )
)
CATEGORIES = RowSpace(Layout((Block("city", 0, 3, None), Block("sex", 3, 2, None))))


def _numbers(d):
    return RowSpace(Layout(tuple(Block(i, i, 0, ()) for i in range(d))))


SPACES = {"mixed": MIXED, "numbers": _numbers(2), "categories": CATEGORIES}


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def _rows(space, n, seed=0):
    return space.project(torch.randn(n, space.width, generator=_generator(seed))).numpy()


def _hood(rows, others=(), space=None):
    rows = np.asarray(rows, np.float32)
    space = _numbers(rows.shape[1]) if space is None else space
    return Neighbourhood.of(rows, np.asarray(others, np.float32).reshape(-1, space.width), space)


def _draw(base, hood, n, seed=0):
    return BASES[base].draw(hood, n, generator=_generator(seed))


def _between(points, starts, ends):
    """Where each point lies on its nearest segment (0 start, 1 end), and how far off it is."""
    line = (ends - starts)[None].astype(float)
    at = ((points[:, None] - starts) * line).sum(-1) / np.maximum((line**2).sum(-1), 1e-12)
    off = np.linalg.norm(starts + at[..., None] * line - points[:, None], axis=-1)
    off = np.where((at > -1e-4) & (at < 1 + 1e-4), off, np.inf)
    nearest = off.argmin(1)
    rows = np.arange(len(points))
    return at[rows, nearest], off[rows, nearest]


# --- laws of all bases


@pytest.mark.parametrize("others", [0, 1, 30])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 20])
@pytest.mark.parametrize("space", sorted(SPACES))
@pytest.mark.parametrize("base", sorted(BASES))
def test_rows_are_lawful(base, space, n_rows, others):
    space = SPACES[space]
    hood = _hood(_rows(space, n_rows), _rows(space, others, seed=1), space)
    new = _draw(base, hood, 25)
    assert new.shape == (25, space.width)
    assert new.dtype == torch.float32
    assert new.isfinite().all()
    assert torch.equal(space.project(new), new)


@pytest.mark.parametrize("base", sorted(BASES))
def test_draws_depend_on_the_generator_only(base):
    hood = _hood(_rows(MIXED, 20), _rows(MIXED, 20, seed=1), MIXED)
    assert torch.equal(_draw(base, hood, 30, seed=7), _draw(base, hood, 30, seed=7))
    assert not torch.equal(_draw(base, hood, 30, seed=7), _draw(base, hood, 30, seed=8))


@pytest.mark.parametrize("space", sorted(SPACES))
@pytest.mark.parametrize("base", sorted(BASES))
def test_no_rows_are_no_rows(base, space):
    space = SPACES[space]
    hood = _hood(_rows(space, 5), _rows(space, 5, seed=1), space)
    assert _draw(base, hood, 0).shape == (0, space.width)


@pytest.mark.parametrize("base", sorted(set(BASES) - {"translation"}))
def test_a_class_of_one_row_is_copied(base):
    row = _rows(MIXED, 1)
    new = _draw(base, _hood(row, _rows(MIXED, 9, seed=1), MIXED), 10)
    torch.testing.assert_close(new, torch.from_numpy(row).expand(10, -1))


@pytest.mark.parametrize("base", sorted(BASES))
def test_a_constant_class_stays_constant(base):
    new = _draw(base, _hood(np.full((8, 2), 1.5)), 10)
    torch.testing.assert_close(new, torch.full((10, 2), 1.5))


# --- what each base is


def test_bootstrap_copies_every_row_equally_often():
    rows = _rows(MIXED, 7)
    new = _draw("bootstrap", _hood(rows, space=MIXED), 24).numpy()
    copies = (new[:, None] == rows).all(-1).sum(0)
    assert copies.sum() == 24
    assert set(copies) <= {3, 4}


def test_smote_stays_on_segments_between_neighbours():
    rows = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    hood = _hood(rows)
    pairs = [(i, j) for i in range(12) for j in hood.friends_nK[i].tolist()]
    starts, ends = rows[[i for i, _ in pairs]], rows[[j for _, j in pairs]]
    new = _draw("smote", hood, 300).numpy()
    at, off = _between(new, starts, ends)
    assert off.max() < 1e-5
    assert at.std() > 0.2


def test_smoothed_bootstrap_adds_the_variance_of_its_kernel():
    rows = np.random.default_rng(0).exponential(size=(40, 1)).astype(np.float32)
    n = 40_000
    new = _draw("smoothed_bootstrap", _hood(rows), n)
    h = (4 / (3 * 40)) ** (1 / 5)  # Silverman in one dimension
    expected = rows.var() + (h * rows.std()) ** 2
    assert new.mean().item() == pytest.approx(rows.mean(), abs=5 * math.sqrt(expected / n))
    assert new.var().item() == pytest.approx(expected, rel=0.03)


def test_smoothed_bootstrap_moves_free_values_only():
    rows = _rows(MIXED, 10)
    new = _draw("smoothed_bootstrap", _hood(rows, space=MIXED), 10).numpy()
    assert {tuple(row) for row in new[:, MIXED.layout.states]} <= {
        tuple(row) for row in rows[:, MIXED.layout.states]
    }
    spiked = new[:, 5] == 1
    assert (new[spiked, 6] == np.float32(-0.7)).all()
    assert not np.isin(new[~spiked, 6], rows[:, 6]).any()


def test_local_gaussian_has_mean_and_covariance_of_its_circle():
    rows = np.random.default_rng(3).normal(size=(N_NEIGHBORS + 1, 2)) @ [[2.0, 1.0], [0.0, 0.5]]
    n = 100_000
    new = _draw("local_gaussian", _hood(rows), n).double().numpy()
    covariance = np.cov(rows.T, bias=True)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(new.mean(0), rows.mean(0), atol=5 * scale.max() / math.sqrt(n))
    np.testing.assert_allclose(
        np.cov(new.T), covariance, atol=5 * math.sqrt(2 / n) * np.outer(scale, scale).max()
    )


def test_border_draws_rows_in_danger_more_often():
    # At 0 rows among their own, at 100 one foe for each row, at 200 a row among foes only.
    steps = np.arange(20)[:, None]
    rows = np.concatenate([0.01 * steps, 100 + 0.02 * steps, [[200.0]]])
    others = np.concatenate([100.01 + 0.02 * steps, 199 + 0.05 * steps])
    hood = _hood(rows, others)
    safe, border, lost = hood.danger_n[:20], hood.danger_n[20:40], hood.danger_n[40:]
    assert (safe == 0).all()
    assert ((border >= 0.4) & (border <= 0.6)).all()
    assert (lost == 1).all()
    seeds = _draw("border", hood, 2_000)[:, 0]
    share = (seeds > 99).double().mean().item()
    assert share > 0.9  # 20 rows of weight about 1.1 against 20 of weight 0.1
    assert (_draw("smote", hood, 2_000)[:, 0] > 99).double().mean() < 0.55


def test_without_foes_border_is_smote():
    hood = _hood(_rows(MIXED, 15), space=MIXED)
    assert torch.equal(_draw("border", hood, 40), _draw("smote", hood, 40))


def test_star_lies_between_a_row_and_the_mean_of_the_class():
    rows = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    at, off = _between(_draw("star", _hood(rows), 300).numpy(), rows, np.tile(rows.mean(0), (12, 1)))
    assert off.max() < 1e-5
    assert at.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * 300))


def test_star_moves_free_values_only_and_towards_the_mean_of_free_ones():
    rows = _rows(MIXED, 10)
    free = MIXED.free_values(torch.from_numpy(rows)).numpy() > 0
    centre = _hood(rows, space=MIXED).centre.numpy()
    assert centre[6] == pytest.approx(rows[free[:, 6], 6].mean(), abs=1e-6)
    new = _draw("star", _hood(rows, space=MIXED), 10).numpy()
    states = MIXED.layout.states
    assert {tuple(row) for row in new[:, states]} <= {tuple(row) for row in rows[:, states]}
    assert (new[new[:, 5] == 1, 6] == np.float32(-0.7)).all()


def test_translation_lies_between_foe_and_row_nearer_to_the_row():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 2)).astype(np.float32)
    foes = rng.normal(5, 1, size=(4, 2)).astype(np.float32)
    pairs = [(foe, row) for foe in foes for row in rows]
    new = _draw("translation", _hood(rows, foes), 200).numpy()
    starts, ends = (np.array(side) for side in zip(*pairs))
    line = ends - starts
    at = ((new[:, None] - starts) * line).sum(-1) / (line**2).sum(-1)
    off = np.linalg.norm(starts + at[..., None] * line - new[:, None], axis=-1)
    assert ((off < 1e-5) & (at > 0.5 - 1e-5) & (at < 1 + 1e-5)).any(1).all()


def test_translation_goes_three_quarters_of_the_way_on_average():
    new = _draw("translation", _hood([[0.0]], [[4.0]]), 10_000)
    assert new.min() >= 0
    assert new.max() <= 2
    assert new.mean().item() == pytest.approx(1.0, abs=5 * (2 / math.sqrt(12)) / 100)


# --- neighbourhoods


def test_friends_are_the_nearest_rows_of_the_class():
    rows = _rows(MIXED, 15)
    scaled = rows * MIXED.layout.scale
    distance = np.linalg.norm(scaled[:, None] - scaled, axis=-1) + np.diag([np.inf] * 15)
    friends = _hood(rows, _rows(MIXED, 30, seed=1), MIXED).friends_nK.numpy()
    chosen = np.take_along_axis(distance, friends, 1)
    np.testing.assert_allclose(chosen, np.sort(distance, 1)[:, :N_NEIGHBORS], atol=1e-5)


@pytest.mark.parametrize("n_rows", [1, 2, 4, 8, 30])
def test_the_circle_begins_with_the_friends_and_goes_on_to_the_next_nearest(n_rows):
    rows = _rows(MIXED, n_rows)
    hood = _hood(rows, _rows(MIXED, 9, seed=1), MIXED)
    friends, circle = hood.friends_nK, hood.circle_nK
    assert friends.shape[1] == max(1, min(N_NEIGHBORS, n_rows - 1))
    assert circle.shape[1] == max(1, min(2 * N_NEIGHBORS, n_rows - 1))
    assert torch.equal(circle[:, : friends.shape[1]], friends)
    scaled = rows * MIXED.layout.scale
    distance = np.take_along_axis(np.linalg.norm(scaled[:, None] - scaled, axis=-1), circle.numpy(), 1)
    assert (np.diff(distance, axis=1) > -1e-5).all()
    if n_rows > 1:
        assert (circle != torch.arange(n_rows)[:, None]).all()


@pytest.mark.parametrize("others", [0, 1, 30])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 20])
@pytest.mark.parametrize("space", sorted(SPACES))
def test_traits_are_numbers_of_mean_0_and_variance_1_or_0(space, n_rows, others):
    space = SPACES[space]
    traits = _hood(_rows(space, n_rows), _rows(space, others, seed=1), space).traits_nK
    assert traits.shape == (n_rows, N_TRAITS)
    assert traits.dtype == torch.float32
    torch.testing.assert_close(traits.mean(0), torch.zeros(N_TRAITS), atol=1e-4, rtol=0)
    variance = traits.var(0, correction=0)
    assert ((variance - 1).abs() < 1e-3).logical_or(variance < 1e-3).all()


def test_traits_tell_rows_near_foes_from_rows_near_friends():
    # Rows at 0, 1, 2 … 9 and foes beyond 9: the last row is the nearest to them.
    hood = _hood(np.arange(10.0)[:, None], 9.5 + np.arange(10.0)[:, None])
    foes_nearer, friends_far, danger, half = hood.traits_nK.T
    assert foes_nearer.argmax() == danger.argmax() == 9
    assert friends_far.argmax() in (0, 9)  # at the ends friends are on one side only
    assert half.argmax() == (hood.danger_n - 0.5).abs().argmin()


def test_foes_are_the_nearest_rows_of_other_classes():
    rows, others = np.array([[0.0], [10.0]]), np.arange(-20.0, 31.0)[:, None] + 0.4
    foes = _hood(rows, others).foes_nKF[..., 0].numpy()
    expected = [[-1.6, -0.6, 0.4, 1.4, 2.4], [8.4, 9.4, 10.4, 11.4, 12.4]]
    np.testing.assert_allclose(np.sort(foes, 1), expected, atol=1e-5)


@pytest.mark.parametrize(("friends", "foes"), [(3, 4), (30, 0), (0, 30), (0, 0)])
def test_danger_is_the_share_of_foes_around(friends, foes):
    hood = _hood(np.linspace(0, 1, friends + 1)[:, None], np.full((foes, 1), 0.5))
    if not foes:
        assert (hood.danger_n == 0).all()
    elif not friends:
        assert (hood.danger_n == 1).all()
    else:
        assert friends + foes < N_AROUND
        torch.testing.assert_close(hood.danger_n, torch.full((friends + 1,), foes / (friends + foes)))


# --- systematic resampling

WEIGHTS = st.lists(st.floats(0, 10, width=16), min_size=1, max_size=12).filter(lambda w: sum(w) > 0.01)


@given(WEIGHTS, st.integers(0, 60), st.integers(0, 2**31))
def test_systematic_draws_each_index_as_often_as_expected(weights, n, seed):
    index = systematic_resampling(torch.tensor(weights), n, generator=_generator(seed))
    counts = np.bincount(index.numpy(), minlength=len(weights))
    expected = n * np.array(weights) / sum(weights)
    assert len(index) == n
    assert (counts >= np.floor(expected - 1e-6)).all()
    assert (counts <= np.ceil(expected + 1e-6)).all()


def test_systematic_is_unbiased_and_shuffled():
    generator, weights = _generator(), torch.tensor([1.0, 2.0, 7.0])
    draws = torch.stack([systematic_resampling(weights, 2, generator=generator) for _ in range(4_000)])
    shares = draws.flatten().bincount(minlength=3) / draws.numel()
    torch.testing.assert_close(shares, weights / 10, atol=0.03, rtol=0)
    assert 0.3 < (draws[:, 0] > draws[:, 1]).sum() / (draws[:, 0] != draws[:, 1]).sum() < 0.7
