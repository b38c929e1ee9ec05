"""Oversampling of imbalanced tables with GANs that an oracle watches."""

from gan_oversampler.calibration import PriorCorrectedClassifier
from gan_oversampler.estimator import GANOversampler
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.presets import preset
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle, DiversityOracle
from gan_oversampler.oracles.composite import CompositeOracle, pareto_front
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle, MMDOracle, SlicedWassersteinOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.privacy import PrivacyOracle
from gan_oversampler.oracles.two_sample import C2STOracle, DualityGapOracle
from gan_oversampler.reporting.displays.correlation import CorrelationDisplay
from gan_oversampler.reporting.displays.marginals import MarginalsDisplay
from gan_oversampler.reporting.displays.projection import ProjectionDisplay
from gan_oversampler.reporting.displays.scores import ScoresDisplay
from gan_oversampler.reporting.displays.training import LossDisplay, TrajectoryDisplay
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import Report
from gan_oversampler.sampling.acceptance import Rejection
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.sampling.refinement import Refinement

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
