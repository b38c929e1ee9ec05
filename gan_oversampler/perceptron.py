"""P perceptrons as one tensor program.

The parameters of a member lie in one row of a buffer ``(P, N)``, so that optimisers, averages, snapshots
and rollbacks are single tensor operations and never mix members.
"""

# P member, B row, I input, O output, H hidden, N parameter, C class

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler._products import padded, product
from gan_oversampler.activations import ACTIVATIONS

NORM_MOMENTUM: Final = 0.8  # of batch statistics, as in the reference code
SLOPE: Final = 0.2


class Packed:
    """Parameter matrices that lie one after the other in a buffer, padded to whole vectors."""

    shapes: list[tuple[int, int]]

    @property
    def n_parameters(self) -> int:
        return padded(sum(rows * columns for rows, columns in self.shapes))

    def split(self, flat_PN: Tensor) -> list[Tensor]:
        """Views of the buffer, one per matrix: ``(P, rows, columns)``."""
        views, start = [], 0
        for rows, columns in self.shapes:
            stop = start + rows * columns
            views.append(flat_PN[:, start:stop].unflatten(1, (rows, columns)))
            start = stop
        return views

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """The opposite of ``split``, padding with zeros."""
        flat_PN = torch.cat([part.flatten(1) for part in parts], dim=1)
        return F.pad(flat_PN, (0, self.n_parameters - flat_PN.shape[1]))


@dataclass(frozen=True)
class Mlp(Packed):
    """Shape of P class-conditional perceptrons: ``(P, B, I)`` and ``(P, B, C)`` to ``(P, B, O)``.

    Parameters
    ----------
    n_inputs, n_classes, n_outputs : int
        Lengths of the three vectors.
    widths : tuple of int
        Hidden units per layer.
    multiply : bool
        Embed the class and multiply the input by it, instead of appending it.
    batch_norm : bool
        Normalise after each hidden layer, every unit over the rows of the batch.
    layer_norm : bool
        Normalise after each hidden layer, every row over its units.
    dropout : float
        Share of units silenced after each hidden layer but the first, while training.
    zero_last : bool
        Start with zero output.
    activation : str
        Name in ``ACTIVATIONS``.
    slope : float
        Of a leaky activation below zero.
    norm_momentum : float
        Share of the running statistics that a batch leaves as it is.
    looped : bool
        Multiply member by member. That is no slower for wide layers, and rounds alike for any number of
        members, while batched products round differently for one member than for several.

    Examples
    --------
    >>> mlp = Mlp(3, 2, 4, widths=(8,))
    >>> flat_PN = torch.stack([mlp.init(torch.Generator().manual_seed(p)) for p in range(5)])
    >>> mlp(mlp.split(flat_PN), torch.zeros(5, 6, 3), torch.zeros(5, 6, 2)).shape
    torch.Size([5, 6, 4])
    """

    n_inputs: int
    n_classes: int
    n_outputs: int
    widths: tuple[int, ...]
    multiply: bool = False
    batch_norm: bool = False
    dropout: float = 0.0
    zero_last: bool = False
    activation: str = "leaky_relu"
    slope: float = SLOPE
    norm_momentum: float = NORM_MOMENTUM
    looped: bool = False
    layer_norm: bool = False

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        first = self.n_inputs if self.multiply else self.n_inputs + self.n_classes
        return (first, *self.widths, self.n_outputs)

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:  # type: ignore[override]
        """Parameter matrices in the order in which they lie in the buffer."""
        shapes = [(self.n_classes, self.n_inputs)] if self.multiply else []
        for inputs, outputs in zip(self._sizes, self._sizes[1:], strict=False):
            shapes += [(inputs, outputs), (1, outputs)]
        if self.batch_norm or self.layer_norm:
            shapes += [(2, width) for width in self.widths]
        return shapes

    @property
    def n_statistics(self) -> int:
        """Running mean and variance per normalised unit."""
        return 2 * sum(self.widths) if self.batch_norm else 0

    def init(self, generator: torch.Generator) -> Tensor:
        """Start of one member ``(N,)``: Glorot uniform weights, zero biases."""
        flat = torch.zeros(self.n_parameters)
        views = self.split(flat[None])
        last = self._weight(len(self._sizes) - 2)
        for i in range(len(self._sizes) - 1):
            bound = math.sqrt(6 / sum(views[self._weight(i)].shape[1:]))
            views[self._weight(i)].uniform_(-bound, bound, generator=generator)
        if self.zero_last:
            views[last].zero_()
        if self.multiply:
            views[0].uniform_(-0.05, 0.05, generator=generator)
        for view in views[last + 2 :]:
            view[:, 0] = 1.0
        return flat

    def init_statistics(self) -> Tensor:
        """Running statistics of one member before training: mean 0, variance 1."""
        widths = self.widths if self.batch_norm else ()
        starts = [torch.tensor([0.0, 1.0]).repeat_interleave(width) for width in widths]
        return torch.cat([torch.empty(0), *starts])

    def _weight(self, layer: int) -> int:
        """Position of a layer's weight in ``shapes``; its bias follows."""
        return 2 * layer + self.multiply

    def __call__(
        self,
        parts: Sequence[Tensor],
        x_PBI: Tensor,
        label_PBC: Tensor,
        *,
        statistics: Tensor | None = None,
        streams: Sequence[torch.Generator] | None = None,
    ) -> Tensor:
        """Outputs of all members; with ``streams`` (one per member) in training mode."""
        h = self._condition(parts, x_PBI, label_PBC)
        return self._through(len(self._sizes) - 1, parts, h, statistics, streams)

    def code(
        self,
        parts: Sequence[Tensor],
        x_PBI: Tensor,
        label_PBC: Tensor,
        *,
        statistics: Tensor | None = None,
        streams: Sequence[torch.Generator] | None = None,
    ) -> Tensor:
        """The narrowest hidden layer, of equals the last: ``(P, B, H)``."""
        depth = max(range(len(self.widths)), key=lambda i: (-self.widths[i], i))
        h = self._condition(parts, x_PBI, label_PBC)
        return self._through(depth + 1, parts, h, statistics, streams)

    def _through(
        self,
        n_layers: int,
        parts: Sequence[Tensor],
        h: Tensor,
        statistics: Tensor | None,
        streams: Sequence[torch.Generator] | None,
    ) -> Tensor:
        """What the first layers make of their input."""
        for i in range(n_layers):
            weight = self._weight(i)
            h = self._affine(h, parts[weight], parts[weight + 1])
            if i < len(self.widths):
                h = ACTIVATIONS[self.activation](h, self.slope)
                h = self._normalise(i, parts, h, statistics, train=streams is not None)
                h = self._drop(i, h, streams)
        return h

    def _condition(self, parts: Sequence[Tensor], x_PBI: Tensor, label_PBC: Tensor) -> Tensor:
        if self.multiply:
            return x_PBI * self._affine(label_PBC, parts[0], label_PBC.new_zeros(1, 1, self.n_inputs))
        return torch.cat([x_PBI, label_PBC], dim=-1)

    def _affine(self, x_PBI: Tensor, weight_PIO: Tensor, bias_P1O: Tensor) -> Tensor:
        if not self.looped:
            return product(x_PBI, weight_PIO, bias_P1O)
        products = [x @ weight for x, weight in zip(x_PBI, weight_PIO, strict=True)]
        return bias_P1O + torch.stack(products)

    def _normalise(
        self, i: int, parts: Sequence[Tensor], h: Tensor, statistics: Tensor | None, *, train: bool
    ) -> Tensor:
        if self.layer_norm:
            mean, variance = h.mean(-1, keepdim=True), h.var(-1, keepdim=True, unbiased=False)
            return self._scaled(i, parts, h, mean, variance)
        if not self.batch_norm or statistics is None:
            return h
        start = 2 * sum(self.widths[:i])
        running = statistics[:, start : start + 2 * self.widths[i]].unflatten(1, (2, 1, -1))
        mean, variance = running[:, 0], running[:, 1]
        if train:
            mean, variance = h.mean(1, keepdim=True), h.var(1, keepdim=True, unbiased=False)
            running.lerp_(torch.stack([mean, variance], 1).detach(), 1 - self.norm_momentum)
        return self._scaled(i, parts, h, mean, variance)

    def _scaled(self, i: int, parts: Sequence[Tensor], h: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """Standardised, then stretched and shifted as learnt."""
        gain, shift = parts[self._weight(len(self.widths) + 1) + i].split(1, dim=1)
        return (h - mean) * (variance + 1e-3).rsqrt() * gain + shift

    def _drop(self, i: int, h: Tensor, streams: Sequence[torch.Generator] | None) -> Tensor:
        if not self.dropout or streams is None or i == 0:
            return h
        keep = torch.stack([torch.rand(h.shape[1:], generator=stream) for stream in streams])
        return h * (keep >= self.dropout).to(h) / (1 - self.dropout)
