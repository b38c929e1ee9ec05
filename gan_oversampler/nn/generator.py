"""Generators: from base rows, noise and classes to lawful rows, family by family."""

# P member, B row, N parameter, C class, F encoded column, Z latent

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.nn.autoencoder import GeneratorNet
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.learned_geometry import Geometry, Start
from gan_oversampler.nn.packed import Packed


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the outputs of P generators may go.

    Attributes
    ----------
    bound_PCF : Tensor
        Largest correction of a base row, per class.
    centre_PF, half_PF : Tensor
        Middle and half length of the range of the real rows.
    """

    bound_PCF: Tensor
    centre_PF: Tensor
    half_PF: Tensor

    def take(self, members: Sequence[int]) -> Reach:
        """Of some members only."""
        index = list(members)
        return Reach(self.bound_PCF[index], self.centre_PF[index], self.half_PF[index])

    def to(self, device: torch.device | str) -> Reach:
        return Reach(self.bound_PCF.to(device), self.centre_PF.to(device), self.half_PF.to(device))


@dataclass(frozen=True, slots=True)
class Family:
    """How noise, base row and class become a row.

    Parameters
    ----------
    inputs : callable
        ``(base_PBF, z_PBZ) -> (P, B, I)``.
    outputs : callable
        ``(raw_PBF, base_PBF, label_PBC, reach, space) -> (P, B, F)`` before projection.
    from_base : bool
        Whether base rows are needed; if so, the network starts at zero output.
    learnt : bool
        Whether these base rows come from a geometry that is learnt too.
    forces : mapping of str to float
        Usual weights of what pulls it.
    learning_rate : float
        Usual step size of the network.
    proof : float
        Standard errors by which training has to gain before it counts: below 0 where it usually helps.
    replicas : int
        Usual number of generators that are trained on all rows.
    """

    inputs: Callable[[Tensor, Tensor], Tensor]
    outputs: Callable[[Tensor, Tensor, Tensor, Reach, RowSpace], Tensor]
    from_base: bool
    learnt: bool = False
    forces: Mapping[str, float] = field(default_factory=lambda: {"adversarial": 1.0})
    learning_rate: float = 2e-4
    proof: float = 2.0
    replicas: int = 1

    def n_inputs(self, n_columns: int, latent: int) -> int:
        """Length of a network's input."""
        return self.from_base * n_columns + latent


def _corrected(raw_PBF: Tensor, base_PBF: Tensor, label_PBC: Tensor, reach: Reach, space: RowSpace) -> Tensor:
    return space.logits(base_PBF) + torch.bmm(label_PBC, reach.bound_PCF) * raw_PBF.tanh()


def _within_range(
    raw_PBF: Tensor, base_PBF: Tensor, label_PBC: Tensor, reach: Reach, space: RowSpace
) -> Tensor:
    return reach.centre_PF[:, None] + reach.half_PF[:, None] * raw_PBF.tanh()


def _base_and_noise(base_PBF: Tensor, z_PBZ: Tensor) -> Tensor:
    return torch.cat([base_PBF, z_PBZ], dim=-1)


def _noise(base_PBF: Tensor, z_PBZ: Tensor) -> Tensor:
    return z_PBZ


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "residual": Family(_base_and_noise, _corrected, from_base=True),
        "classic": Family(_noise, _within_range, from_base=False, proof=0.0),
        "guided": Family(
            _base_and_noise,
            _corrected,
            from_base=True,
            learnt=True,
            forces={"utility": 1.0, "adversarial": 0.1},
            learning_rate=2e-3,
            proof=-1.0,
            replicas=3,
        ),
    }
)


@dataclass(frozen=True)
class Generator(Packed):
    """P generators of one family: base rows, noise and classes to lawful rows.

    The parameters of the network come first in the buffer, those of the geometry, if it is learnt, last.
    """

    family: Family
    mlp: GeneratorNet
    space: RowSpace
    geometry: Geometry | None = None

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:  # type: ignore[override]
        """Parameter matrices in the order in which they lie in the buffer."""
        return self.mlp.shapes + (self.geometry.shapes if self.geometry else [])

    def init(self, generator: torch.Generator) -> Tensor:
        """Start of one member ``(N,)``."""
        network = self.mlp.split(self.mlp.init(generator)[None])
        geometry = self.geometry.init() if self.geometry else []
        return self.join([*network, *(part[None] for part in geometry)])[0]

    def rates(self, network: float, geometry: float) -> Tensor:
        """Step size of every parameter ``(N,)``."""
        n = sum(rows * columns for rows, columns in self.mlp.shapes)
        return torch.full((self.n_parameters,), geometry).index_fill(0, torch.arange(n), network)

    def log_odds(self, parts: Sequence[Tensor], traits_PBK: Tensor, label_PBC: Tensor) -> Tensor:
        """Logarithm of how often each seed is taken ``(P, B)``: learnt, or the same for all."""
        if self.geometry is None:
            return label_PBC.new_zeros(label_PBC.shape[:2])
        return self.geometry.log_odds(self._of_geometry(parts), traits_PBK, label_PBC)

    def _of_geometry(self, parts: Sequence[Tensor]) -> Sequence[Tensor]:
        return parts[len(self.mlp.shapes) :]

    def __call__(
        self,
        parts: Sequence[Tensor],
        start: Start,
        z_PBZ: Tensor,
        label_PBC: Tensor,
        reach: Reach,
        *,
        statistics: Tensor | None = None,
        streams: Sequence[torch.Generator] | None = None,
    ) -> Tensor:
        base_PBF = start.rows
        if self.geometry:
            base_PBF = self.geometry.rows(self._of_geometry(parts), start, label_PBC)
        inputs = self.family.inputs(base_PBF, z_PBZ)
        raw_PBF = self.mlp(parts, inputs, label_PBC, statistics=statistics, streams=streams)
        return self.space.project(self.family.outputs(raw_PBF, base_PBF, label_PBC, reach, self.space))


@dataclass(frozen=True)
class Snapshot:
    """A trained generator of one member: averaged weights, no critic."""

    generator: Generator
    weights_N: Tensor
    statistics_S: Tensor
    reach: Reach
    latent: Latent

    @torch.no_grad()
    def __call__(self, start: Start, noise_nZ: Tensor, label_nC: Tensor) -> Tensor:
        """Rows ``(n, F)`` from what they start from, noise and one-hot classes."""
        return self.rows(start, noise_nZ, label_nC)

    def rows(self, start: Start, noise_nZ: Tensor, label_nC: Tensor) -> Tensor:
        """The same, differentiable."""
        return self.generator(
            self.generator.split(self.weights_N[None]),
            start.each(lambda part: part[None]),
            noise_nZ[None],
            label_nC[None],
            self.reach,
            statistics=self.statistics_S[None],
        )[0]

    @torch.no_grad()
    def odds(self, traits_nK: Tensor, label_nC: Tensor) -> Tensor:
        """How often each real row is to be taken as a seed, up to a factor: ``(n,)``."""
        parts = self.generator.split(self.weights_N[None])
        return self.generator.log_odds(parts, traits_nK[None], label_nC[None])[0].softmax(0)

    @property
    def finite(self) -> bool:
        return bool(self.weights_N.isfinite().all())
