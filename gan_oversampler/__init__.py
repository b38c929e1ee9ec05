"""Oversampling of imbalanced tables with GANs that an oracle watches."""

from gan_oversampler.calibration import PriorCorrectedClassifier
from gan_oversampler.displays.correlation import CorrelationDisplay
from gan_oversampler.displays.marginals import MarginalsDisplay
from gan_oversampler.displays.plane import ProjectionDisplay
from gan_oversampler.displays.scores import ScoresDisplay
from gan_oversampler.displays.training import LossDisplay, TrajectoryDisplay
from gan_oversampler.estimator import GANOversampler
from gan_oversampler.evolution import Evolution
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle
from gan_oversampler.oracles.composite import CompositeOracle, pareto_front
from gan_oversampler.oracles.distances import (
    EnergyOracle,
    FrechetOracle,
    MMDOracle,
    SlicedWassersteinOracle,
)
from gan_oversampler.oracles.diversity import DiversityOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.privacy import PrivacyOracle
from gan_oversampler.oracles.two_sample import C2STOracle, DualityGapOracle
from gan_oversampler.policies import Policy
from gan_oversampler.presets import preset
from gan_oversampler.refinement import Refinement
from gan_oversampler.rejection import Rejection
from gan_oversampler.report import Report
from gan_oversampler.specification import GAN
from gan_oversampler.summary import ModelSummary

__version__ = "0.1.0"
__all__ = [
    "GAN",
    "C2STOracle",
    "CASRealOracle",
    "CASSynOracle",
    "CompositeOracle",
    "CorrelationDisplay",
    "DiversityOracle",
    "DownstreamOracle",
    "DualityGapOracle",
    "EnergyOracle",
    "Evolution",
    "FrechetOracle",
    "GANOversampler",
    "LossDisplay",
    "MMDOracle",
    "MarginalsDisplay",
    "ModelSummary",
    "Oracle",
    "PRDCOracle",
    "Policy",
    "PriorCorrectedClassifier",
    "PrivacyOracle",
    "ProjectionDisplay",
    "Refinement",
    "Rejection",
    "Report",
    "ScoresDisplay",
    "SlicedWassersteinOracle",
    "TrajectoryDisplay",
    "pareto_front",
    "preset",
]
