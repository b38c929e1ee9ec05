"""Convolutional networks for columns that form a grid, such as the cells of an image (Radford et al. 2016).

They take the place of perceptrons: vectors and classes in, vectors out. Members are computed one by one.
"""

# P member, B row, I input, O output, C class, F encoded column, K plane, H height, W width

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.nn.image_grid import Canvas, Shape
from gan_oversampler.nn.normalisation import of_classes
from gan_oversampler.nn.packed import ACTIVATIONS, EPSILON, Layer, Layered, Mode

KERNEL: Final = 4  # with a stride of 2 every output of a transposed convolution sums equally many inputs
STRIDE: Final = 2
TAPS: Final = KERNEL * KERNEL


@dataclass(frozen=True)
class Convolutional(Layered):
    """What encoders and decoders share; every layer halves or doubles the sides of the grid."""

    canvas: Canvas  # where the encoded columns lie
    length: int  # of the vector at the other end: input of a decoder, output of an encoder

    @abstractmethod
    def _member(self, parts: Sequence[Tensor], x_BI: Tensor, mode: Mode) -> Tensor:
        """Outputs ``(B, O)`` of one member, whose mode and parts have no dimension P."""

    def __call__(self, parts: Sequence[Tensor], x_PBI: Tensor, mode: Mode) -> Tensor:
        """Compute the outputs of all members ``(P, B, O)``."""
        outputs = []
        for p, x_BI in enumerate(x_PBI):
            statistics_S = None if mode.statistics_PS is None else mode.statistics_PS[p]
            stream = None if mode.streams is None else [mode.streams[p]]
            own = Mode(mode.label_PBC[p], statistics_S, stream)
            own_parts = [part[p] for part in parts]
            seen_BI = x_BI * (own.label_PBC @ own_parts[0]) if self.multiply else x_BI
            outputs.append(self._member(own_parts, seen_BI, own))
        return torch.stack(outputs)

    def _hidden(self, i: int, parts: Sequence[Tensor], h: Tensor, mode: Mode) -> Tensor:
        """Activation, normalisation, gains and shifts of classes, and dropout of a hidden layer."""
        h = ACTIVATIONS[self.activation](h, self.slope)
        moments = None
        if self.layer_norm:
            moments = _moments(h, (1, 2, 3))
        elif self.batch_norm and mode.statistics_PS is not None:
            start, n = 2 * sum(self.widths[:i]), self.widths[i]
            running = mode.statistics_PS[start : start + 2 * n].view(2, 1, n, 1, 1)
            moments = running[0], running[1]
            if mode.streams is not None:
                moments = _moments(h, (0, 2, 3))
                running.lerp_(torch.stack(moments).detach(), 1 - self.norm_momentum)
        if moments is not None:
            gain, shift = parts[self._weight(len(self.layers)) + i].view(2, -1, 1, 1)
            h = (h - moments[0]) * ((moments[1] + EPSILON).rsqrt() * gain) + shift
        if self.film:
            gain, shift = of_classes(parts[self._film(i)], mode.label_PBC)
            h = h * (1 + gain[..., None, None]) + shift[..., None, None]
        if self.dropout and mode.streams is not None and i:
            keep = torch.rand(h.shape, generator=mode.streams[0]) >= self.dropout
            h = h * keep.to(h) / (1 - self.dropout)
        return h


def _moments(h: Tensor, dims: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    mean = h.mean(dims, keepdim=True)
    return mean, (h - mean).square().mean(dims, keepdim=True)  # ``var`` takes ten times as long


def _halvings(canvas: Canvas, n_planes: int, widths: Sequence[int]) -> list[Shape]:
    """Shapes of a grid with this many planes, and after each layer that halves its sides, rounded up."""
    shapes = [(n_planes, canvas.height, canvas.width)]
    for channels in widths:
        _, height, width = shapes[-1]
        shapes.append((channels, -(-height // STRIDE), -(-width // STRIDE)))
    return shapes


class Decoder(Convolutional):
    """Vectors and classes to rows: a dense layer onto the smallest grid, then transposed convolutions."""

    n_inputs = property(lambda self: self.length)
    n_outputs = property(lambda self: len(self.canvas.places))

    @property
    def steps(self) -> list[Shape]:
        """Channels, height and width after each layer, the last of which are the planes of the canvas.

        >>> Decoder(Canvas(6, 5, 1, tuple(range(30))), length=8, n_classes=2, widths=(16, 4)).steps
        [(16, 2, 2), (4, 3, 3), (1, 6, 5)]
        """
        return _halvings(self.canvas, self.canvas.n_planes, self.widths[::-1])[::-1]

    def _sizes(self) -> list[Layer]:
        """The dense layer has a bias per number, convolutions have one per channel."""
        first, n_inputs = math.prod(self.steps[0]), self.length + self.n_appended
        layers = [Layer((n_inputs, first), first, n_inputs + first)]
        for (inputs, *_), (outputs, *_) in pairwise(self.steps):
            connections = TAPS // STRIDE**2 * inputs + TAPS * outputs
            layers.append(Layer((inputs, outputs * TAPS), outputs, connections))
        return layers

    def _member(self, parts: Sequence[Tensor], x_BI: Tensor, mode: Mode) -> Tensor:
        h = torch.cat([x_BI, mode.label_PBC], dim=1) if self.n_appended else x_BI
        for i, shape in enumerate(self.steps):
            weight, bias = parts[self._weight(i)], parts[self._weight(i) + 1]
            if i == 0:
                h = torch.addmm(bias, h, weight).unflatten(1, shape)
            else:
                kernel = weight.view(len(weight), shape[0], KERNEL, KERNEL)
                h = F.conv_transpose2d(h, kernel, bias[0], stride=STRIDE, padding=1)
                h = h[..., : shape[1], : shape[2]]  # odd sides lose the last line
            if i < len(self.widths):
                h = self._hidden(i, parts, h, mode)
        return self.canvas.read(h)


class Encoder(Convolutional):
    """Rows and classes to vectors: strided convolutions, then a dense layer."""

    n_inputs = property(lambda self: len(self.canvas.places))
    n_outputs = property(lambda self: self.length)

    @property
    def steps(self) -> list[Shape]:
        """Channels, height and width before each layer; every class that is appended is a plane.

        >>> Encoder(Canvas(6, 5, 1, tuple(range(30))), length=1, n_classes=2, widths=(4, 16)).steps
        [(3, 6, 5), (4, 3, 3), (16, 2, 2)]
        """
        return _halvings(self.canvas, self.canvas.n_planes + self.n_appended, self.widths)

    def _sizes(self) -> list[Layer]:
        """Convolutions have a bias per channel, the dense layer has one per output."""
        layers = []
        for (inputs, *_), (outputs, *_) in pairwise(self.steps):
            connections = TAPS * inputs + TAPS // STRIDE**2 * outputs
            layers.append(Layer((outputs, inputs * TAPS), outputs, connections))
        last = math.prod(self.steps[-1])
        return [*layers, Layer((last, self.length), self.length, last + self.length)]

    def _member(self, parts: Sequence[Tensor], x_BI: Tensor, mode: Mode) -> Tensor:
        h = self.canvas.paint(x_BI)
        if self.n_appended:
            planes = mode.label_PBC[..., None, None].expand(-1, -1, *h.shape[2:])
            h = torch.cat([h, planes], dim=1)
        for i in range(len(self.widths)):
            weight, bias = parts[self._weight(i)], parts[self._weight(i) + 1]
            kernel = weight.view(len(weight), h.shape[1], KERNEL, KERNEL)
            # Odd sides get one more line of zeros.
            h = F.pad(h, (1, 1 + h.shape[3] % STRIDE, 1, 1 + h.shape[2] % STRIDE))
            h = self._hidden(i, parts, F.conv2d(h, kernel, bias[0], stride=STRIDE), mode)
        last = self._weight(len(self.widths))
        return torch.addmm(parts[last + 1], h.flatten(1), parts[last])
