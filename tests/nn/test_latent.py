"""Noise vectors: their law, drawn and by quantiles."""

import pytest
import torch

from gan_oversampler.nn.latent import LATENTS, Latent
from tests.populations import stream_of

CDF = {"normal": torch.special.ndtr, "uniform": lambda x: (x + 1) / 2}


@pytest.mark.parametrize("name", sorted(LATENTS))
def test_noise_has_the_law_and_the_length_asked_for(name):
    noise = Latent(5, name).draw(4000, stream_of())
    assert noise.shape == (4000, 5)
    # The largest distance from the distribution function, whose 0.1 % point is 1.95 / sqrt(n).
    ranks = (torch.arange(4000) + 0.5) / 4000
    for column in noise.T:
        assert (CDF[name](column.sort().values) - ranks).abs().max() < 1.95 / 4000**0.5 + 1e-3
    assert (torch.corrcoef(noise.T) - torch.eye(5)).abs().max() < 0.08


@pytest.mark.parametrize("name", sorted(LATENTS))
def test_quantiles_undo_the_distribution_function(name):
    uniform = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)[:, None]
    noise = Latent(1, name).of(uniform)
    assert noise.dtype == torch.float32
    torch.testing.assert_close(CDF[name](noise.double()), uniform, atol=1e-6, rtol=0)
