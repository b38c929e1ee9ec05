"""P perceptrons as one tensor program."""

# P member, B row, I input, O output, H hidden, N parameter, C class

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gan_oversampler.nn.batched_ops import product
from gan_oversampler.nn.packed import ACTIVATIONS, NORM_MOMENTUM, SLOPE, Layer, Layered


@dataclass(frozen=True)
class Mlp(Layered):
    """Shape of P class-conditional perceptrons: ``(P, B, I)`` and ``(P, B, C)`` to ``(P, B, O)``.

    Examples
    --------
    >>> mlp = Mlp(3, 2, 4, widths=(8,))
    >>> flat_PN = torch.stack([mlp.init(torch.Generator().manual_seed(p)) for p in range(5)])
    >>> mlp(mlp.split(flat_PN), torch.zeros(5, 6, 3), torch.zeros(5, 6, 2)).shape
    torch.Size([5, 6, 4])
    """

    n_inputs: int  # lengths of the three vectors
    n_classes: int
    n_outputs: int
    widths: tuple[int, ...]  # hidden units per layer
    multiply: bool = False  # embed the class and multiply the input by it, instead of appending it
    batch_norm: bool = False  # normalise after each hidden layer, every unit over the rows of the batch
    dropout: float = 0.0  # share of units silenced after each hidden layer but the first, while training
    zero_last: bool = False  # start with zero output
    activation: str = "leaky_relu"  # name in ``ACTIVATIONS``
    slope: float = SLOPE  # of a leaky activation below zero
    norm_momentum: float = NORM_MOMENTUM  # share of the running statistics that a batch leaves as it is
    # multiply member by member. That is no slower for wide layers, and rounds alike for any number of
    # members, while batched products round differently for one member than for several
    looped: bool = False
    layer_norm: bool = False  # normalise after each hidden layer, every row over its units

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        first = self.n_inputs if self.multiply else self.n_inputs + self.n_classes
        return (first, *self.widths, self.n_outputs)

    @property
    def layers(self) -> list[Layer]:
        """A bias per output."""
        return [
            Layer((inputs, outputs), outputs, inputs + outputs)
            for inputs, outputs in zip(self._sizes, self._sizes[1:], strict=False)
        ]

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
