"""From what users write as ``oracle=`` to an oracle."""

from collections.abc import Callable, Collection, Mapping
from itertools import chain, count
from types import MappingProxyType
from typing import Any, Final

from sklearn.base import clone
from sklearn.metrics import get_scorer

from gan_oversampler._utils import did_you_mean, text_of
from gan_oversampler.oracles.base import CallableOracle, Oracle
from gan_oversampler.oracles.cas import CASRealOracle, CASSynOracle, DiversityOracle
from gan_oversampler.oracles.composite import CompositeOracle
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle, MMDOracle, SlicedWassersteinOracle
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

# The base class of scikit-learn's scorers is private, and scorers are callable as users' functions are.
_SCORER: Final = type(get_scorer("accuracy")).__mro__[1]


def oracle_of(oracle: str | Oracle | Callable[..., float]) -> Oracle:
    """Return an unfitted oracle for a name, an instance, a scikit-learn scorer or a function.

    Instances are cloned, scorers and their names become a `DownstreamOracle`, and any other callable is
    a function of two tables (`CallableOracle`). ``ValueError`` is raised for an unknown name, with the known
    ones and the nearest one, and for an object that is none of these.

    >>> oracle_of("energy")
    EnergyOracle()
    >>> oracle_of("average_precision")
    DownstreamOracle(scoring='average_precision')
    """
    if isinstance(oracle, Oracle):
        copy: Oracle = clone(oracle)
        return copy
    if isinstance(oracle, str):
        if oracle in ORACLES:
            return ORACLES[oracle]()
        if oracle in scorer_names():
            return DownstreamOracle(scoring=oracle)
        hint = did_you_mean(oracle, ORACLES, besides=scorer_names())
        raise ValueError(f"Unknown oracle {oracle!r}.{hint[:-1]} and the scorers of scikit-learn.")
    if isinstance(oracle, type):
        raise ValueError(f"'oracle' must be an instance: write {oracle.__name__}() for {oracle.__name__}.")
    if not callable(oracle):
        raise ValueError(
            "'oracle' must be a name, an Oracle, a scorer or a function of two tables."
            f" Got {oracle!r} instead."
        )
    return DownstreamOracle(scoring=oracle) if isinstance(oracle, _SCORER) else CallableOracle(oracle)


def name_of(oracle: Any, used: Collection[str] = ()) -> str:
    """Return the name under which reports list an oracle as the user wrote it.

    It is the string itself, the name of the function, or the ``repr`` of the instance; a number is added
    if the name is used already.

    >>> name_of("energy"), name_of("energy", used={"energy"})
    ('energy', 'energy 2')
    """
    name = oracle if isinstance(oracle, str) else getattr(oracle, "__name__", text_of(oracle))
    names = chain([name], (f"{name} {k}" for k in count(2)))
    return next(n for n in names if n not in used)
