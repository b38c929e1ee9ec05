"""Oversampling of imbalanced tables with GANs that an oracle scores on held-out rows.

Names are imported when they are first used, so that the package itself is quick to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # "as" tells type checkers that the names are public
    from gan_oversampler.calibration import PriorCorrectedClassifier as PriorCorrectedClassifier
    from gan_oversampler.estimator import GANOversampler as GANOversampler
    from gan_oversampler.gans.evolution import Evolution as Evolution
    from gan_oversampler.gans.gan import GAN as GAN
    from gan_oversampler.gans.parts import Critic as Critic
    from gan_oversampler.gans.parts import Generator as Generator
    from gan_oversampler.gans.presets import preset as preset
    from gan_oversampler.oracles.base import Oracle as Oracle
    from gan_oversampler.oracles.cas import CASRealOracle as CASRealOracle
    from gan_oversampler.oracles.cas import CASSynOracle as CASSynOracle
    from gan_oversampler.oracles.cas import DiversityOracle as DiversityOracle
    from gan_oversampler.oracles.composite import CompositeOracle as CompositeOracle
    from gan_oversampler.oracles.composite import pareto_front as pareto_front
    from gan_oversampler.oracles.distances import EnergyOracle as EnergyOracle
    from gan_oversampler.oracles.distances import FrechetOracle as FrechetOracle
    from gan_oversampler.oracles.distances import MMDOracle as MMDOracle
    from gan_oversampler.oracles.distances import SlicedWassersteinOracle as SlicedWassersteinOracle
    from gan_oversampler.oracles.downstream import DownstreamOracle as DownstreamOracle
    from gan_oversampler.oracles.manifold import PRDCOracle as PRDCOracle
    from gan_oversampler.oracles.privacy import PrivacyOracle as PrivacyOracle
    from gan_oversampler.oracles.two_sample import C2STOracle as C2STOracle
    from gan_oversampler.oracles.two_sample import DualityGapOracle as DualityGapOracle
    from gan_oversampler.reporting.displays.correlation import CorrelationDisplay as CorrelationDisplay
    from gan_oversampler.reporting.displays.marginals import MarginalsDisplay as MarginalsDisplay
    from gan_oversampler.reporting.displays.projection import ProjectionDisplay as ProjectionDisplay
    from gan_oversampler.reporting.displays.scores import ScoresDisplay as ScoresDisplay
    from gan_oversampler.reporting.displays.training import LossDisplay as LossDisplay
    from gan_oversampler.reporting.displays.training import TrajectoryDisplay as TrajectoryDisplay
    from gan_oversampler.reporting.model_summary import ModelSummary as ModelSummary
    from gan_oversampler.reporting.report import Report as Report
    from gan_oversampler.sampling.acceptance import Rejection as Rejection
    from gan_oversampler.sampling.policy import Policy as Policy

__version__ = "0.1.0"
_NAMES_OF = {
    "calibration": ["PriorCorrectedClassifier"],
    "estimator": ["GANOversampler"],
    "gans.evolution": ["Evolution"],
    "gans.gan": ["GAN"],
    "gans.parts": ["Critic", "Generator"],
    "gans.presets": ["preset"],
    "oracles.base": ["Oracle"],
    "oracles.cas": ["CASRealOracle", "CASSynOracle", "DiversityOracle"],
    "oracles.composite": ["CompositeOracle", "pareto_front"],
    "oracles.distances": ["EnergyOracle", "FrechetOracle", "MMDOracle", "SlicedWassersteinOracle"],
    "oracles.downstream": ["DownstreamOracle"],
    "oracles.manifold": ["PRDCOracle"],
    "oracles.privacy": ["PrivacyOracle"],
    "oracles.two_sample": ["C2STOracle", "DualityGapOracle"],
    "reporting.displays.correlation": ["CorrelationDisplay"],
    "reporting.displays.marginals": ["MarginalsDisplay"],
    "reporting.displays.projection": ["ProjectionDisplay"],
    "reporting.displays.scores": ["ScoresDisplay"],
    "reporting.displays.training": ["LossDisplay", "TrajectoryDisplay"],
    "reporting.model_summary": ["ModelSummary"],
    "reporting.report": ["Report"],
    "sampling.acceptance": ["Rejection"],
    "sampling.policy": ["Policy"],
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]
