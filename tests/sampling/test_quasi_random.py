"""Quasi-random numbers: each alone is uniform, together they fill their space better than chance."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, qmc

from gan_oversampler.nn.latent import LATENTS, Latent
from gan_oversampler.sampling.quasi_random import MARGIN, MAX_SOBOL_NUMBERS, sobol
from tests.drawing import generator_of


@given(st.integers(0, 70), st.integers(1, 70), st.integers(0, 5))
def test_numbers_have_the_shape_asked_for_lie_inside_and_depend_on_the_generator_only(n, d, seed):
    numbers = sobol(n, d, generator_of(seed))
    assert numbers.shape == (n, d)
    assert ((numbers >= MARGIN) & (numbers <= 1 - MARGIN)).all()
    assert torch.equal(numbers, sobol(n, d, generator_of(seed)))


def test_the_global_random_state_is_left_alone():
    before = torch.random.get_rng_state()
    sobol(10, 3, generator_of())
    assert torch.equal(before, torch.random.get_rng_state())


def test_one_point_is_uniform_over_seeds():
    first = torch.cat([sobol(3, 2, generator_of(seed)) for seed in range(500)])
    for column in first.T:
        assert kstest(column.numpy(), "uniform").pvalue > 0.001


@pytest.mark.parametrize("n", [30, 64, 200])
def test_together_they_leave_smaller_gaps_than_independent_ones(n):
    independent = torch.rand(n, 4, generator=generator_of(), dtype=torch.double)
    filled = qmc.discrepancy(sobol(n, 4, generator_of()).numpy())
    assert filled < 0.5 * qmc.discrepancy(independent.numpy())


def test_every_interval_gets_its_share():
    counts = (16 * sobol(64, MAX_SOBOL_NUMBERS, generator_of())).long()
    for column in counts.T:
        assert column.bincount().tolist() == [4] * 16


def test_numbers_beyond_the_quasi_random_ones_are_independent():
    numbers = sobol(200, MAX_SOBOL_NUMBERS + 40, generator_of())
    assert numbers[:, MAX_SOBOL_NUMBERS:].std(0).sub(12**-0.5).abs().max() < 0.05
    assert numbers.T.corrcoef().triu(1).abs().max() < 0.5


@pytest.mark.parametrize("law", sorted(LATENTS))
def test_noise_from_quasi_random_numbers_has_the_law_of_independent_noise(law):
    latent = Latent(3, law)
    noise = latent.of(sobol(256, 3, generator_of()))
    drawn = latent.draw(20_000, generator_of())
    levels = torch.linspace(0.05, 0.95, 19)
    torch.testing.assert_close(
        noise.quantile(levels, dim=0), drawn.quantile(levels, dim=0), atol=0.06, rtol=0
    )
    assert noise.dtype == drawn.dtype
