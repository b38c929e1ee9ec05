"""Oversampling of imbalanced tables with GANs that an oracle scores on held-out rows.

Names are imported when they are first used, so that the package itself is quick to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # "as" tells type checkers that the names are public
    from gan_oversampler.calibration import PriorCorrectedClassifier as PriorCorrectedClassifier
    from gan_oversampler.constraints import Between as Between
    from gan_oversampler.constraints import OneOf as OneOf
    from gan_oversampler.constraints import Order as Order
    from gan_oversampler.constraints import Sum as Sum
    from gan_oversampler.ensemble import ResamplingEnsembleClassifier as ResamplingEnsembleClassifier
    from gan_oversampler.estimator import GANOversampler as GANOversampler
    from gan_oversampler.estimator import load as load
    from gan_oversampler.gans.evolution import Evolution as Evolution
    from gan_oversampler.gans.gan import GAN as GAN
    from gan_oversampler.gans.parts import Cell as Cell
    from gan_oversampler.gans.parts import Critic as Critic
    from gan_oversampler.gans.parts import Generator as Generator
    from gan_oversampler.gans.presets import preset as preset
    from gan_oversampler.oracles import *  # noqa: F403
    from gan_oversampler.reporting import *  # noqa: F403
    from gan_oversampler.sampling import *  # noqa: F403
    from gan_oversampler.search.outcome import SearchedGAN as SearchedGAN
    from gan_oversampler.search.outcome import TrialOutcome as TrialOutcome
    from gan_oversampler.search.search import Search as Search
    from gan_oversampler.search.space import SearchSpace as SearchSpace
    from gan_oversampler.search.trials import search_trials as search_trials

__version__ = "0.1.0"
_NAMES_OF = {
    "calibration": ["PriorCorrectedClassifier"],
    "constraints": ["Between", "OneOf", "Order", "Sum"],
    "ensemble": ["ResamplingEnsembleClassifier"],
    "estimator": ["GANOversampler", "load"],
    "gans.evolution": ["Evolution"],
    "gans.gan": ["GAN"],
    "gans.parts": ["Cell", "Critic", "Generator"],
    "gans.presets": ["preset"],
    "oracles": [
        *(
            "C2STOracle",
            "CASRealOracle",
            "CASSynOracle",
            "CompositeOracle",
            "DiversityOracle",
            "DownstreamOracle",
        ),
        *("DualityGapOracle", "EnergyOracle", "FrechetOracle", "MMDOracle", "Oracle", "PRDCOracle"),
        *("PrivacyOracle", "SlicedWassersteinOracle", "pareto_front"),
    ],
    "reporting": [
        *("CorrelationDisplay", "LossDisplay", "MarginalsDisplay", "ModelSummary", "ProjectionDisplay"),
        *("ArchitectureDisplay", "ImportanceDisplay", "Report", "ScoresDisplay", "SearchDisplay"),
        "TrajectoryDisplay",
    ],
    "sampling": ["Policy", "Rejection"],
    "search.outcome": ["SearchedGAN", "TrialOutcome"],
    "search.search": ["Search"],
    "search.space": ["SearchSpace"],
    "search.trials": ["search_trials"],
}
_ROOMS = ("oracles", "persistence", "reporting", "sampling", "search")  # public, too
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
