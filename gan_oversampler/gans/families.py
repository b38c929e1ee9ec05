"""Families of generators, and what each of them has by default."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gan_oversampler.nn.generator import BaseGenerator, ClassicGenerator, GuidedGenerator, ResidualGenerator


@dataclass(frozen=True, slots=True)
class Family:
    """Defaults of a family of generators."""

    generator: type[BaseGenerator]  # how noise, start and class become a row
    loss_weights: Mapping[str, float]  # loss terms of the generator and their weights
    learning_rate: float = 2e-4  # step size of the network
    min_gain_in_se: float = 2.0  # uncorrected errors by which training has to gain; below 0 it may lose
    replicas: int = 1  # generators that are trained on all rows

    @property
    def is_guided(self) -> bool:
        """Whether generators learn the geometry of their starts, by inner splits of the rows."""
        return issubclass(self.generator, GuidedGenerator)


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "residual": Family(ResidualGenerator, {"adversarial": 1.0}),
        "classic": Family(ClassicGenerator, {"adversarial": 1.0}, min_gain_in_se=0.0),
        "guided": Family(
            GuidedGenerator,
            {"utility": 1.0, "adversarial": 0.1, "fidelity": 0.1},
            learning_rate=2e-3,
            min_gain_in_se=-1.0,
            replicas=3,
        ),
    }
)
