"""The noise that generators start from."""

# n row, Z latent

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Law:
    """What each number of a noise vector is distributed as."""

    # ``(shape, generator)`` to independent numbers
    draw: Callable[[tuple[int, int], torch.Generator], Tensor]
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
    """Noise vectors of a length, each number from the same law.

    Examples
    --------
    >>> Latent(3, "uniform").draw(5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 3])
    """

    length: int
    law: str = "normal"

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Noise ``(n, Z)``, every number independent."""
        return LATENTS[self.law].draw((n, self.length), generator)

    def of(self, uniform_nZ: Tensor) -> Tensor:
        """Noise ``(n, Z)`` from numbers in (0, 1), which may be more even than independent ones."""
        return LATENTS[self.law].quantile(uniform_nZ).float()
