"""Laws of even numbers: each alone is uniform, together they fill their space better than chance."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, qmc

import gan_oversampler.sampling.sources as sampling
from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.nn.latent import LATENTS, Latent
from gan_oversampler.sampling.base_samplers import Chance, Neighbourhood
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.quasi_random import MARGIN, MAX_SOBOL_NUMBERS, sobol
from gan_oversampler.sampling.sources import Source
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from tests.tables import MIXED


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.integers(0, 70), st.integers(1, 70), st.integers(0, 5))
def test_numbers_have_the_shape_asked_for_lie_inside_and_depend_on_the_generator_only(n, d, seed):
    numbers = sobol(n, d, _generator(seed))
    assert numbers.shape == (n, d)
    assert ((numbers >= MARGIN) & (numbers <= 1 - MARGIN)).all()
    assert torch.equal(numbers, sobol(n, d, _generator(seed)))


def test_the_global_random_state_is_left_alone():
    before = torch.random.get_rng_state()
    sobol(10, 3, _generator())
    assert torch.equal(before, torch.random.get_rng_state())


def test_one_point_is_uniform_over_seeds():
    first = torch.cat([sobol(3, 2, _generator(seed)) for seed in range(500)])
    for column in first.T:
        assert kstest(column.numpy(), "uniform").pvalue > 0.001


@pytest.mark.parametrize("n", [30, 64, 200])
def test_together_they_leave_smaller_gaps_than_independent_ones(n):
    random = torch.rand(n, 4, generator=_generator(), dtype=torch.double)
    filled = qmc.discrepancy(sobol(n, 4, _generator()).numpy())
    assert filled < 0.5 * qmc.discrepancy(random.numpy())


def test_every_interval_gets_its_share():
    counts = (16 * sobol(64, MAX_SOBOL_NUMBERS, _generator())).long()
    for column in counts.T:
        assert column.bincount().tolist() == [4] * 16


def test_numbers_beyond_the_even_ones_are_independent():
    numbers = sobol(200, MAX_SOBOL_NUMBERS + 40, _generator())
    assert numbers[:, MAX_SOBOL_NUMBERS:].std(0).sub(12**-0.5).abs().max() < 0.05
    assert numbers.T.corrcoef().triu(1).abs().max() < 0.5


@pytest.mark.parametrize("law", sorted(LATENTS))
def test_noise_from_even_numbers_has_the_law_of_independent_noise(law):
    latent = Latent(3, law)
    noise = latent.of(sobol(256, 3, _generator()))
    drawn = latent.draw(20_000, _generator())
    levels = torch.linspace(0.05, 0.95, 19)
    torch.testing.assert_close(
        noise.quantile(levels, dim=0), drawn.quantile(levels, dim=0), atol=0.06, rtol=0
    )
    assert noise.dtype == drawn.dtype


def test_chance_from_even_numbers_is_uniform_and_normal():
    chance = Chance.of(sobol(512, 5, _generator()))
    assert kstest(chance.step_n1[:, 0].numpy(), "uniform").statistic < 0.01
    for column in chance.noise_nF.T:
        assert kstest(column.numpy(), "norm").statistic < 0.01


def _hood(n=12):
    rows = MIXED.project(torch.randn(n, MIXED.width, generator=_generator())).numpy()
    return Neighbourhood.of(rows, rows[:0], MIXED)


def test_places_spread_over_all_friends_of_a_seed():
    hood = _hood()
    seeds = torch.full((10,), 3)
    friends = hood.any_friend(seeds, (torch.arange(10) + 0.5) / 10, _generator())
    assert friends.bincount().tolist() == hood.friends_nK[3].repeat(2).bincount().tolist()


def _source(seed=0):
    """An untrained guided generator over a small class."""
    codes = np.repeat([0, 1], [40, 12])
    rows = torch.randn(len(codes), MIXED.width, generator=_generator(seed))
    pool = FoldData.of(MIXED.project(rows).numpy(), codes, MIXED, learned=[1], drawn=[1])
    member = Member(0, None, GAN(family="guided", widths=(8,)), pool, Streams(0))
    (snapshot,) = Cohort([member], torch.device("cpu")).snapshots()
    return Source(pool, "smoothed_bootstrap", snapshot)


def _scatter_of_means(source, n):
    """Over seeds, in standard errors of independent rows."""
    means = np.stack([source.draw(1, n, Streams(seed)).mean(axis=0) for seed in range(40)])
    many = source.draw(1, 4096, Streams(99))
    np.testing.assert_allclose(means.mean(axis=0), many.mean(axis=0), atol=0.15)
    return float((means.std(axis=0) / (many.std(axis=0) / n**0.5)).mean())


def test_rows_of_a_learnt_geometry_scatter_less_than_from_independent_numbers(monkeypatch):
    source = _source()
    evenly = _scatter_of_means(source, 256)
    monkeypatch.setattr(
        sampling, "even", lambda n, d, generator: torch.rand(n, d, generator=generator).double()
    )
    assert evenly < 0.8 * _scatter_of_means(source, 256)


def test_any_part_of_the_rows_is_like_any_other():
    rows = _source().draw(1, 4096, Streams(5))
    halves = rows[:2048].mean(axis=0), rows[2048:].mean(axis=0)
    assert np.abs(halves[0] - halves[1]).max() < 5 * rows.std(axis=0).max() / 2048**0.5
