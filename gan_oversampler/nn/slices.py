"""Parameters with names, by which a smaller network lies in the buffer of a larger one.

Networks that are grown, or that share weights, take their numbers from others through these positions.
"""

# P member, N parameter

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gan_oversampler.nn.packed import Packed

Dims = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Dimensions of a named tensor, and its numbers before training."""

    dims: Dims  # outputs and inputs (or classes and outputs), then what both have in common
    bound: float = 0.0  # of uniform random weights
    constant: float = 0.0  # what all numbers are where nothing is random

    @classmethod
    def weights(cls, dims: Dims, connections: int) -> Start:
        """Uniform weights as in Glorot & Bengio (2010), by the connections of an input and an output."""
        return cls(dims, math.sqrt(6 / connections))


class NamedPacked(Packed):
    """Parameters as tensors with names, which lie one after the other in a buffer ``(P, N)``."""

    tensors: Mapping[str, Start]  # in the order in which they lie in the buffer

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:  # type: ignore[override]
        """Shapes of the tensors as matrices: the first dimension by all others."""
        return [(start.dims[0], math.prod(start.dims[1:])) for start in self.tensors.values()]

    def by_name(self, parts: Sequence[Tensor]) -> dict[str, Tensor]:
        """Find the tensors ``(P, *dims)`` by their names among parts that ``split`` returns."""
        named = zip(self.tensors.items(), parts)  # other parts may follow
        return {name: part.view(len(part), *start.dims) for (name, start), part in named}

    def init(self, generator: torch.Generator) -> Tensor:
        """Draw the parameters ``(N,)`` of one member before training from a random stream.

        Tensors are filled one after the other, so that those in front do not depend on what follows.
        """
        flat = torch.empty(self.n_parameters)
        for view, start in zip(self.split(flat[None]), self.tensors.values(), strict=True):
            if start.bound:
                view.uniform_(-start.bound, start.bound, generator=generator)
            else:
                view.fill_(start.constant)
        return flat


@dataclass(frozen=True)
class Supernet(NamedPacked):
    """All tensors that networks of some choices may have, in one buffer that they share."""

    tensors: Mapping[str, Start]


def slice_of(large: NamedPacked, small: NamedPacked) -> Tensor:
    """Positions ``(N,)`` of the parameters of a smaller network in a member's row of a larger one.

    A tensor lies in that of the same name: in the corner of its first two dimensions, which are lengths of
    vectors, and in the middle of all others, such as the sides of a kernel. ``ValueError`` is raised where
    the larger network has no such tensor, or a smaller one.

    >>> large = Supernet({"weight": Start((2, 3)), "bias": Start((1, 3))})
    >>> slice_of(large, Supernet({"bias": Start((1, 2)), "weight": Start((2, 2))}))
    tensor([6, 7, 0, 1, 3, 4])
    """
    positions_N = torch.arange(large.n_parameters)
    places = large.by_name(large.split(positions_N[None]))
    found = []
    for name, start in small.tensors.items():
        there = large.tensors[name].dims if name in large.tensors else ()
        if len(there) != len(start.dims) or any(ours > all_ for ours, all_ in zip(start.dims, there)):
            raise ValueError(
                f"The smaller network is no slice of the larger one: its {name!r} is {start.dims}, and there"
                f" it is {there or 'missing'}."
            )
        place = places[name][0]
        for k, (ours, all_) in enumerate(zip(start.dims, there)):
            place = place.narrow(k, 0 if k < 2 else (all_ - ours) // 2, ours)
        found.append(place.flatten())
    return torch.cat(found)
