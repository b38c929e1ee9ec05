"""Oversampling of imbalanced tables with GANs that an oracle watches."""

from gan_oversampler.estimator import GANOversampler
from gan_oversampler.specification import GAN

__version__ = "0.1.0"
__all__ = ["GAN", "GANOversampler"]
