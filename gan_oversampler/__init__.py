"""Oversampling of imbalanced tables with GANs that an oracle watches."""

from gan_oversampler.estimator import GANOversampler
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.specification import GAN

__version__ = "0.1.0"
__all__ = ["GAN", "DownstreamOracle", "EnergyOracle", "FrechetOracle", "GANOversampler", "Oracle"]
