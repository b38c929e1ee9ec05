"""From what users write to an oracle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any, Final

from sklearn.base import clone
from sklearn.metrics import get_scorer

from gan_oversampler._utils import did_you_mean
from gan_oversampler.oracles.base import CallableOracle, Oracle
from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle
from gan_oversampler.oracles.composite import CompositeOracle
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle, MMDOracle, SlicedWassersteinOracle
from gan_oversampler.oracles.diversity import DiversityOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.privacy import PrivacyOracle
from gan_oversampler.oracles.scorers import scorer_names
from gan_oversampler.oracles.two_sample import C2STOracle, DualityGapOracle

ORACLES: Final[Mapping[str, type[Oracle]]] = MappingProxyType(
    {
        "downstream": DownstreamOracle,
        "cas_real": CASRealOracle,
        "cas_syn": CASSynOracle,
        "diversity": DiversityOracle,
        "frechet": FrechetOracle,
        "energy": EnergyOracle,
        "mmd": MMDOracle,
        "sliced_wasserstein": SlicedWassersteinOracle,
        "c2st": C2STOracle,
        "duality_gap": DualityGapOracle,
        "prdc": PRDCOracle,
        "privacy": PrivacyOracle,
        "composite": CompositeOracle,
    }
)

_SCORER: Final = type(get_scorer("accuracy")).__mro__[1]


def oracle_of(oracle: str | Oracle | Callable[..., float]) -> Oracle:
    """Oracle from a name, an instance, a scikit-learn scorer or its name, or a function.

    Raises
    ------
    ValueError
        If the name is neither an oracle nor a scorer (the message says which there are), or it is none of
        these things.

    Examples
    --------
    >>> oracle_of("energy")
    EnergyOracle()
    >>> oracle_of("average_precision")
    DownstreamOracle(scoring='average_precision')
    """
    if isinstance(oracle, Oracle):
        copy: Oracle = clone(oracle)
        return copy
    if isinstance(oracle, str):
        return _named(oracle)
    if isinstance(oracle, type):
        raise ValueError(f"'oracle' must be an instance: write {oracle.__name__}() for {oracle.__name__}.")
    if not callable(oracle):
        raise ValueError(
            "'oracle' must be a name, an Oracle, a scorer or a function of two tables."
            f" Got {oracle!r} instead."
        )
    return DownstreamOracle(scoring=oracle) if isinstance(oracle, _SCORER) else CallableOracle(oracle)


def _named(name: str) -> Oracle:
    if name in ORACLES:
        return ORACLES[name]()
    if name in scorer_names():
        return DownstreamOracle(scoring=name)
    hint = did_you_mean(name, ORACLES, besides=scorer_names())
    raise ValueError(f"Unknown oracle {name!r}.{hint[:-1]} and the scorers of scikit-learn.")


def name_of(oracle: Any, taken: Collection[str] = ()) -> str:
    """How reports call an oracle that a user wrote, where some names are taken.

    >>> name_of("energy"), name_of("energy", taken={"energy"})
    ('energy', 'energy 2')
    """
    name = oracle if isinstance(oracle, str) else getattr(oracle, "__name__", repr(oracle))
    numbered = (f"{name} {k}" for k in count(2))
    return name if name not in taken else next(n for n in numbered if n not in taken)
