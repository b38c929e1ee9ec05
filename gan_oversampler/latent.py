"""The noise that generators start from."""

# n row, Z latent

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

Law = Callable[[tuple[int, int], torch.Generator], Tensor]

LATENTS: Final[Mapping[str, Law]] = MappingProxyType(
    {
        "normal": lambda shape, generator: torch.randn(shape, generator=generator),
        "uniform": lambda shape, generator: 2 * torch.rand(shape, generator=generator) - 1,
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
        """Noise ``(n, Z)``."""
        return LATENTS[self.law]((n, self.length), generator)
