"""The noise that generators start from."""

# n row, Z latent

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Law:
    """Distribution of every number of a noise vector."""

    draw: Callable[[tuple[int, int], torch.Generator], Tensor]  # independent numbers of a shape
    quantile: Callable[[Tensor], Tensor]  # uniform numbers to numbers of this law, in the same order


LATENTS: Final[Mapping[str, Law]] = MappingProxyType(
    {
        "normal": Law(lambda shape, generator: torch.randn(shape, generator=generator), torch.special.ndtri),
        "uniform": Law(
            lambda shape, generator: 2 * torch.rand(shape, generator=generator) - 1, lambda u: 2 * u - 1
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Latent:
    """Noise vectors of a length, each number from the same law."""

    length: int
    law: str = "normal"

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw noise ``(n, Z)`` from a random stream, every number independent of the others.

        >>> Latent(3, "uniform").draw(5, torch.Generator().manual_seed(0)).shape
        torch.Size([5, 3])
        """
        return LATENTS[self.law].draw((n, self.length), generator)

    def of(self, uniform_nZ: Tensor) -> Tensor:
        """Turn numbers between 0 and 1 into noise ``(n, Z)`` by the quantile function of the law.

        Points of a Sobol' sequence become noise that covers the law more evenly than independent draws do.
        """
        return LATENTS[self.law].quantile(uniform_nZ).float()
