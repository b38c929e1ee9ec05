"""Oversampling of imbalanced tables with GANs that an oracle scores on held-out rows.

Names are imported when they are first used, so that the package itself is quick to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_oversampler.calibration import PriorCorrectedClassifier
    from gan_oversampler.estimator import GANOversampler
    from gan_oversampler.gans.evolution import Evolution
    from gan_oversampler.gans.gan import GAN
    from gan_oversampler.gans.parts import Critic, Generator
    from gan_oversampler.gans.presets import preset
    from gan_oversampler.oracles.base import Oracle
    from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle, DiversityOracle
    from gan_oversampler.oracles.composite import CompositeOracle, pareto_front
    from gan_oversampler.oracles.distances import (
        EnergyOracle,
        FrechetOracle,
        MMDOracle,
        SlicedWassersteinOracle,
    )
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

__version__ = "0.1.0"
_MODULE_OF = {
    "C2STOracle": "oracles.two_sample",
    "CASRealOracle": "oracles.cas",
    "CASSynOracle": "oracles.cas",
    "CompositeOracle": "oracles.composite",
    "CorrelationDisplay": "reporting.displays.correlation",
    "Critic": "gans.parts",
    "DiversityOracle": "oracles.cas",
    "DownstreamOracle": "oracles.downstream",
    "DualityGapOracle": "oracles.two_sample",
    "EnergyOracle": "oracles.distances",
    "Evolution": "gans.evolution",
    "FrechetOracle": "oracles.distances",
    "GAN": "gans.gan",
    "GANOversampler": "estimator",
    "Generator": "gans.parts",
    "LossDisplay": "reporting.displays.training",
    "MMDOracle": "oracles.distances",
    "MarginalsDisplay": "reporting.displays.marginals",
    "ModelSummary": "reporting.model_summary",
    "Oracle": "oracles.base",
    "PRDCOracle": "oracles.manifold",
    "Policy": "sampling.policy",
    "PriorCorrectedClassifier": "calibration",
    "PrivacyOracle": "oracles.privacy",
    "ProjectionDisplay": "reporting.displays.projection",
    "Rejection": "sampling.acceptance",
    "Report": "reporting.report",
    "ScoresDisplay": "reporting.displays.scores",
    "SlicedWassersteinOracle": "oracles.distances",
    "TrajectoryDisplay": "reporting.displays.training",
    "pareto_front": "oracles.composite",
    "preset": "gans.presets",
}
__all__ = [
    "GAN",
    "C2STOracle",
    "CASRealOracle",
    "CASSynOracle",
    "CompositeOracle",
    "CorrelationDisplay",
    "Critic",
    "DiversityOracle",
    "DownstreamOracle",
    "DualityGapOracle",
    "EnergyOracle",
    "Evolution",
    "FrechetOracle",
    "GANOversampler",
    "Generator",
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
    "Rejection",
    "Report",
    "ScoresDisplay",
    "SlicedWassersteinOracle",
    "TrajectoryDisplay",
    "pareto_front",
    "preset",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]
