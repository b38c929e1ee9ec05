"""Oracles: scores of synthetic rows, by downstream classifiers or by distances to held-out rows.

Here live the default oracle, the scores of the AutoGAN paper, two-sample distances, privacy and composites,
all subclasses of ``Oracle``. Oracles see encoded rows and class codes only; they may import neither networks
nor GANs. Start at ``base.py`` for the contract, then at ``downstream.py``, the default.
"""

from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle, DiversityOracle
from gan_oversampler.oracles.composite import CompositeOracle, pareto_front
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle, MMDOracle, SlicedWassersteinOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.privacy import PrivacyOracle
from gan_oversampler.oracles.two_sample import C2STOracle, DualityGapOracle

__all__ = [
    "C2STOracle",
    "CASRealOracle",
    "CASSynOracle",
    "CompositeOracle",
    "DiversityOracle",
    "DownstreamOracle",
    "DualityGapOracle",
    "EnergyOracle",
    "FrechetOracle",
    "MMDOracle",
    "Oracle",
    "PRDCOracle",
    "PrivacyOracle",
    "SlicedWassersteinOracle",
    "pareto_front",
]
