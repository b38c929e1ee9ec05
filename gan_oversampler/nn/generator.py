"""Generators: from starts, noise and classes to valid rows, one class per family, and snapshots of them."""

# P member, B row, n row, N parameter, C class, F encoded column, Z latent, K trait, S statistic

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.nn.autoencoder import GeneratorNet
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.learned_geometry import ANY_CLASS, GuidedStart, LearnedGeometry
from gan_oversampler.nn.packed import Mode, Packed
from gan_oversampler.nn.tensors import map_tensors


@dataclass(frozen=True, slots=True)
class CorrectionBounds:
    """How far the outputs of P generators may go."""

    bound_PCF: Tensor  # largest correction of a base row, per class
    centre_PF: Tensor  # middle and half length of the range of the real rows
    half_PF: Tensor


@dataclass(frozen=True)
class BaseGenerator(Packed, ABC):
    """P generators of one family; subclasses say what a start is and how it becomes a row."""

    net: GeneratorNet  # the network; its parameters come first in the buffer ``(P, N)``
    space: RowSpace  # makes outputs valid: one state per group, values pinned by their state
    uses_base: ClassVar[bool] = True  # whether it corrects base rows, with zero corrections before training

    shapes = cached_property(lambda self: self.net.shapes)

    @classmethod
    def n_net_inputs(cls, n_columns: int, n_latent: int) -> int:
        """Length of the network's input: the base row, if one is corrected, and the noise."""
        return cls.uses_base * n_columns + n_latent

    def init(self, generator: torch.Generator) -> Tensor:
        """Draw the parameters ``(N,)`` of one member before training from a random stream."""
        return self.net.init(generator)

    def rates(self, network: float, geometry: float) -> Tensor:
        """Step size of every parameter ``(N,)``: one for the network, one for a learned geometry.

        A geometry has few numbers, with units of their own, and so learns much faster than a network.
        """
        n = sum(rows * columns for rows, columns in self.net.shapes)
        return torch.full((self.n_parameters,), geometry).index_fill(0, torch.arange(n), network)

    @abstractmethod
    def __call__(
        self, parts: Sequence[Tensor], start: Any, z_PBZ: Tensor, mode: Mode, bounds: CorrectionBounds
    ) -> Tensor:
        """Generate rows ``(P, B, F)`` from starts and noise."""


class ClassicGenerator(BaseGenerator):
    """Maps noise and class to a row within the range of the real rows; it has no start (None)."""

    uses_base = False

    def __call__(
        self, parts: Sequence[Tensor], start: None, z_PBZ: Tensor, mode: Mode, bounds: CorrectionBounds
    ) -> Tensor:
        raw_PBF = self.net(parts, z_PBZ, mode)
        return self.space.project(bounds.centre_PF[:, None] + bounds.half_PF[:, None] * raw_PBF.tanh())


class ResidualGenerator(BaseGenerator):
    """Adds a bounded correction to base rows ``(P, B, F)``, its starts.

    The last layer starts at zero, and states are turned to logits that ``project`` turns back exactly: before
    training the rows are the base rows, bit for bit.
    """

    def __call__(
        self, parts: Sequence[Tensor], start: Tensor, z_PBZ: Tensor, mode: Mode, bounds: CorrectionBounds
    ) -> Tensor:
        raw_PBF = self.net(parts, torch.cat([start, z_PBZ], dim=-1), mode)
        correction_PBF = torch.bmm(mode.label_PBC, bounds.bound_PCF) * raw_PBF.tanh()
        return self.space.project(self.space.logits(start) + correction_PBF)


@dataclass(frozen=True)
class GuidedGenerator(ResidualGenerator):
    """A residual generator over a learned geometry, whose parameters come last in the buffer."""

    geometry: LearnedGeometry

    shapes = cached_property(lambda self: self.net.shapes + self.geometry.shapes)

    def init(self, generator: torch.Generator) -> Tensor:
        """Draw the parameters ``(N,)`` of one member before training; those of the geometry are constants."""
        return torch.cat([self.net.init(generator), *(part.flatten() for part in self.geometry.init())])

    def seed_logits(self, parts: Sequence[Tensor], traits_PBK: Tensor, label_PBC: Tensor) -> Tensor:
        """Logarithm of how often each seed is drawn, up to a constant per class: ``(P, B)``.

        ``parts`` are all matrices of the generator, as ``split`` returns them. Their gradient teaches the
        generator which real rows to start from.
        """
        return self.geometry.seed_logits(parts[len(self.net.shapes) :], traits_PBK, label_PBC)

    def __call__(  # type: ignore[override]
        self, parts: Sequence[Tensor], start: GuidedStart, z_PBZ: Tensor, mode: Mode, bounds: CorrectionBounds
    ) -> Tensor:
        base_PBF = self.geometry.rows(parts[len(self.net.shapes) :], start, mode.label_PBC)
        return super().__call__(parts, base_PBF, z_PBZ, mode, bounds)


@dataclass(frozen=True)
class Snapshot:
    """A trained generator of one member: averaged weights, no critic."""

    generator: BaseGenerator  # shape and family
    weights_N: Tensor  # parameters and running statistics of normalisation
    statistics_S: Tensor
    bounds: CorrectionBounds  # of one member
    latent: Latent  # law of the noise
    # weight of the loss term of that name: seeds then keep the shares of categories, missing cells and spikes
    fidelity: float = 0.0
    mixing: str = ANY_CLASS  # of which class the rows are that new ones are mixed with

    @torch.no_grad()
    def __call__(self, start: Tensor | GuidedStart | None, noise_nZ: Tensor, label_nC: Tensor) -> Tensor:
        """Generate rows ``(n, F)`` from starts, noise and one-hot classes."""
        start = None if start is None else map_tensors(lambda tensor: tensor[None], start)
        parts = self.generator.split(self.weights_N[None])
        mode = Mode(label_nC[None], self.statistics_S[None])
        return self.generator(parts, start, noise_nZ[None], mode, self.bounds)[0]

    @torch.no_grad()
    def seed_probabilities(self, traits_nK: Tensor, label_nC: Tensor) -> Tensor:
        """Probability ``(n,)`` that each of the real rows of a class is drawn as a seed; they sum to one.

        They depend on the traits of the rows' neighbourhoods. Generators that have not learned any, those of
        all families but the guided one, draw all rows equally often.
        """
        if not isinstance(self.generator, GuidedGenerator):
            return torch.full((len(traits_nK),), 1 / len(traits_nK))
        parts = self.generator.split(self.weights_N[None])
        return self.generator.seed_logits(parts, traits_nK[None], label_nC[None])[0].softmax(0)

    @property
    def is_finite(self) -> bool:
        """Whether all weights are finite numbers; if not, training has diverged and nothing can be drawn."""
        return bool(self.weights_N.isfinite().all())
