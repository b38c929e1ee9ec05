"""Convolutional networks for columns that form a grid, such as the cells of an image (Radford et al. 2016).

They take the place of perceptrons and keep their promises: parameters of a member in one row of a buffer,
vectors and classes in, vectors out. Members are computed one by one, so none can tell how many there are.
"""

# P member, B row, I input, O output, C class, F encoded column, K plane, H height, W width

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.nn.image_grid import Canvas, Shape
from gan_oversampler.nn.packed import ACTIVATIONS, NORM_MOMENTUM, SLOPE, Layer, Layered

KERNEL: Final = 4  # with a stride of 2 every output of a transposed convolution sums equally many inputs
STRIDE: Final = 2
TAPS: Final = KERNEL * KERNEL
EPSILON: Final = 1e-3  # beside variances, as in perceptrons


@dataclass(frozen=True)
class Convolutional(Layered):
    """What encoders and decoders share; every layer halves or doubles the sides of the grid."""

    canvas: Canvas  # where the encoded columns lie
    n_classes: int  # length of the one-hot class
    length: int  # of the vector at the other end: noise and base of a decoder, output of an encoder
    widths: tuple[int, ...]  # channels of each hidden layer
    # as for perceptrons; channels are normalised over rows and cells, or rows over channels and cells
    multiply: bool = False
    batch_norm: bool = False
    layer_norm: bool = False
    dropout: float = 0.0
    zero_last: bool = False
    activation: str = "leaky_relu"
    slope: float = SLOPE
    norm_momentum: float = NORM_MOMENTUM
    looped: bool = True

    @property
    @abstractmethod
    def steps(self) -> list[Shape]:
        """Shape where each layer meets the grid."""

    @abstractmethod
    def member(
        self,
        parts: Sequence[Tensor],
        x_BI: Tensor,
        label_BC: Tensor,
        statistics_S: Tensor | None,
        stream: torch.Generator | None,
    ) -> Tensor:
        """Outputs of one member ``(B, O)``."""

    @cached_property
    def grids(self) -> list[tuple[int, int]]:
        """Height and width before each halving, and after the last."""
        grids = [(self.canvas.height, self.canvas.width)]
        for _ in self.widths:
            grids.append((-(-grids[-1][0] // STRIDE), -(-grids[-1][1] // STRIDE)))
        return grids

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
        return torch.stack(
            [
                self.member(
                    [part[p] for part in parts],
                    x_PBI[p],
                    label_PBC[p],
                    None if statistics is None else statistics[p],
                    None if streams is None else streams[p],
                )
                for p in range(len(x_PBI))
            ]
        )

    def _embedded(self, parts: Sequence[Tensor], x_BI: Tensor, label_BC: Tensor) -> Tensor:
        return x_BI * (label_BC @ parts[0]) if self.multiply else x_BI

    def _hidden(
        self,
        i: int,
        parts: Sequence[Tensor],
        h: Tensor,
        statistics_S: Tensor | None,
        stream: torch.Generator | None,
    ) -> Tensor:
        """What follows the sums of a hidden layer."""
        h = ACTIVATIONS[self.activation](h, self.slope)
        if self.layer_norm:
            h = self._scaled(i, parts, h, *_moments(h, (1, 2, 3)))
        elif self.batch_norm and statistics_S is not None:
            start, n = 2 * sum(self.widths[:i]), self.widths[i]
            running = statistics_S[start : start + 2 * n].view(2, 1, n, 1, 1)
            mean, variance = running
            if stream is not None:
                mean, variance = _moments(h, (0, 2, 3))
                running.lerp_(torch.stack([mean, variance]).detach(), 1 - self.norm_momentum)
            h = self._scaled(i, parts, h, mean, variance)
        return self._drop(i, h, stream)

    def _scaled(self, i: int, parts: Sequence[Tensor], h: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        gain, shift = parts[self._weight(len(self.layers)) + i].view(2, -1, 1, 1)
        return (h - mean) * ((variance + EPSILON).rsqrt() * gain) + shift

    def _drop(self, i: int, h: Tensor, stream: torch.Generator | None) -> Tensor:
        if not self.dropout or stream is None or i == 0:
            return h
        keep = torch.rand(h.shape, generator=stream) >= self.dropout
        return h * keep.to(h) / (1 - self.dropout)


def _moments(h: Tensor, dims: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    mean = h.mean(dims, keepdim=True)
    return mean, (h - mean).square().mean(dims, keepdim=True)  # ``var`` takes ten times as long


class Decoder(Convolutional):
    """Vectors and classes to rows: a dense layer onto the smallest grid, then transposed convolutions.

    Examples
    --------
    >>> decoder = Decoder(Canvas(6, 5, 1, tuple(range(30))), n_classes=2, length=8, widths=(16, 4))
    >>> flat_PN = torch.stack([decoder.init(torch.Generator().manual_seed(p)) for p in range(3)])
    >>> decoder(decoder.split(flat_PN), torch.zeros(3, 7, 8), torch.zeros(3, 7, 2)).shape
    torch.Size([3, 7, 30])
    """

    @property
    def n_inputs(self) -> int:  # type: ignore[override]
        return self.length

    @property
    def n_outputs(self) -> int:
        """Encoded columns."""
        return len(self.canvas.places)

    @property
    def steps(self) -> list[Shape]:
        """Shape after each layer."""
        channels = (*self.widths, self.canvas.n_planes)
        return [(n, *grid) for n, grid in zip(channels, reversed(self.grids), strict=True)]

    @property
    def layers(self) -> list[Layer]:
        """The dense layer has a bias per number, convolutions one per channel."""
        first, n_inputs = math.prod(self.steps[0]), self.length + self.n_classes * (not self.multiply)
        layers = [Layer((n_inputs, first), first, n_inputs + first)]
        for (inputs, *_), (outputs, *_) in zip(self.steps, self.steps[1:], strict=False):
            connections = TAPS // STRIDE**2 * inputs + TAPS * outputs
            layers.append(Layer((inputs, outputs * TAPS), outputs, connections))
        return layers

    def member(
        self,
        parts: Sequence[Tensor],
        x_BI: Tensor,
        label_BC: Tensor,
        statistics_S: Tensor | None,
        stream: torch.Generator | None,
    ) -> Tensor:
        """Rows of one member ``(B, F)``."""
        h = self._embedded(parts, x_BI, label_BC)
        h = h if self.multiply else torch.cat([h, label_BC], dim=1)
        for i, shape in enumerate(self.steps):
            weight, bias = parts[self._weight(i)], parts[self._weight(i) + 1]
            h = torch.addmm(bias, h, weight).unflatten(1, shape) if i == 0 else _grown(h, weight, bias, shape)
            if i < len(self.widths):
                h = self._hidden(i, parts, h, statistics_S, stream)
        return self.canvas.read(h)


def _grown(h: Tensor, weight: Tensor, bias: Tensor, shape: Shape) -> Tensor:
    """Twice as large by a transposed convolution; odd sides lose the last line."""
    kernel = weight.view(len(weight), shape[0], KERNEL, KERNEL)
    h = F.conv_transpose2d(h, kernel, bias[0], stride=STRIDE, padding=1)
    return h[..., : shape[1], : shape[2]]


class Encoder(Convolutional):
    """Rows and classes to vectors: strided convolutions, then a dense layer.

    Examples
    --------
    >>> encoder = Encoder(Canvas(6, 5, 1, tuple(range(30))), n_classes=2, length=1, widths=(4, 16))
    >>> flat_PN = torch.stack([encoder.init(torch.Generator().manual_seed(p)) for p in range(3)])
    >>> encoder(encoder.split(flat_PN), torch.zeros(3, 7, 30), torch.zeros(3, 7, 2)).shape
    torch.Size([3, 7, 1])
    """

    @property
    def n_inputs(self) -> int:  # type: ignore[override]
        return len(self.canvas.places)

    @property
    def n_outputs(self) -> int:
        """Length of the vector."""
        return self.length

    @property
    def steps(self) -> list[Shape]:
        """Shape before each layer; the class is shown as constant planes."""
        first = self.canvas.n_planes + self.n_classes * (not self.multiply)
        return [(n, *grid) for n, grid in zip((first, *self.widths), self.grids, strict=True)]

    @property
    def layers(self) -> list[Layer]:
        layers = []
        for (inputs, *_), (outputs, *_) in zip(self.steps, self.steps[1:], strict=False):
            connections = TAPS * inputs + TAPS // STRIDE**2 * outputs
            layers.append(Layer((outputs, inputs * TAPS), outputs, connections))
        last = math.prod(self.steps[-1])
        return [*layers, Layer((last, self.length), self.length, last + self.length)]

    def member(
        self,
        parts: Sequence[Tensor],
        x_BI: Tensor,
        label_BC: Tensor,
        statistics_S: Tensor | None,
        stream: torch.Generator | None,
    ) -> Tensor:
        """Vectors of one member ``(B, O)``."""
        h = self.canvas.paint(self._embedded(parts, x_BI, label_BC))
        if not self.multiply:
            planes = label_BC[..., None, None].expand(-1, -1, *h.shape[2:])
            h = torch.cat([h, planes], dim=1)
        for i in range(len(self.widths)):
            h = _shrunk(h, parts[self._weight(i)], parts[self._weight(i) + 1])
            h = self._hidden(i, parts, h, statistics_S, stream)
        last = self._weight(len(self.widths))
        return torch.addmm(parts[last + 1], h.flatten(1), parts[last])


def _shrunk(h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Half as large by a strided convolution; odd sides get one more line of zeros."""
    kernel = weight.view(len(weight), h.shape[1], KERNEL, KERNEL)
    h = F.pad(h, (1, 1 + h.shape[3] % STRIDE, 1, 1 + h.shape[2] % STRIDE))
    return F.conv2d(h, kernel, bias[0], stride=STRIDE)
