"""Generators of cells on a grid, such as the pixels of an image (Gong et al. 2019).

Vectors and classes in, vectors out, as of a ``Decoder``; members are groups of one convolution.
"""

# P member, B row, I input, O output, C class, D channel, K plane, H height, W width, S statistic

import math
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.nn.cell_parameters import CellParameters, Choice, Named
from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.image_grid import Canvas, Shape
from gan_oversampler.nn.packed import ACTIVATIONS, EPSILON, NORM_MOMENTUM, SLOPE, Mode
from gan_oversampler.nn.slices import Start, Supernet

SMALLEST: Final = 4  # longest side of the grid that the first layer draws on


@dataclass(frozen=True)
class GridCellNet(CellParameters):
    """Shape of P class-conditional generators of cells: ``(P, B, I)`` to ``(P, B, F)``.

    A linear layer draws on the smallest grid: sides are halved, rounded up, until both are at most 4. Every
    cell doubles them, until they are those of the canvas. A linear function of each cell's output, enlarged
    to the canvas, is added to the output of the network: fewer cells than doublings draw a coarser picture,
    and more of them refine it.

    >>> canvas = Canvas(6, 5, 1, tuple(range(30)))
    >>> net = GridCellNet(canvas, 8, (CellShape(16), CellShape(4, skips=(0,))), n_classes=2)
    >>> net.steps
    [(16, 3, 3), (16, 6, 5), (4, 6, 5)]
    >>> parts = net.split(net.init(torch.Generator().manual_seed(0))[None])
    >>> net(parts, torch.zeros(1, 7, 8), Mode(torch.zeros(1, 7, 2))).shape
    torch.Size([1, 7, 30])
    """

    canvas: Canvas  # where the encoded columns lie
    length: int  # of an input vector
    cells: tuple[CellShape, ...]  # at least one
    _: KW_ONLY
    n_classes: int  # length of the one-hot class
    multiply: bool = False  # embed the class and multiply the input by it, instead of appending it
    film: bool = False  # let the class scale and shift the first layer of every cell, instead
    zero_last: bool = False  # start with zero output
    slope: float = SLOPE  # of a leaky activation below zero
    norm_momentum: float = NORM_MOMENTUM  # share of the running statistics that a batch leaves as it is

    n_inputs = property(lambda self: self.length)
    n_outputs = property(lambda self: len(self.canvas.places))

    @cached_property
    def sides(self) -> list[tuple[int, int]]:
        """Heights and widths from the smallest grid to the canvas."""
        sides = [(self.canvas.height, self.canvas.width)]
        while max(sides[0]) > SMALLEST:
            height, width = sides[0]
            sides.insert(0, (-(-height // 2), -(-width // 2)))
        return sides

    @cached_property
    def steps(self) -> list[Shape]:
        """Channels, height and width before the first cell and after each."""
        channels = (self.cells[0].width, *self.widths)
        return [(n, *self.sides[self._level(i)]) for i, n in enumerate(channels)]

    def _level(self, i: int) -> int:
        """Position among ``sides`` of those before cell ``i``, which are those after the cell before it."""
        return min(i, len(self.sides) - 1)

    # --- parameters

    def supernet(self) -> Supernet:
        """Shape of the parameters that all networks share which have at most as many cells.

        Their cells may be built in any way, but not be wider, nor have a larger kernel, than the widest and
        largest ones here, and the class may enter in any way. ``slice_of`` tells where each of them lies.
        """
        largest = {name: max(getattr(cell, name) for cell in self.cells) for name in ("width", "kernel")}
        net = replace(self, cells=tuple(replace(cell, **largest) for cell in self.cells))
        return Supernet({name: start for name, start, _ in net._choices()})

    def _choices(self) -> Iterator[Choice]:
        """All tensors that a network of these lengths may have."""
        shape, classes = self.steps[0], self.n_classes
        appended = not self.multiply and not self.film
        connections = self.length + classes * appended + math.prod(shape)
        yield "embedding", Start((classes, self.length), 0.05), self.multiply
        yield "first", Start.weights((self.length, *shape), connections), True
        yield "first of class", Start.weights((classes, *shape), connections), appended
        yield "first bias", Start((1, *shape)), True
        yield "bias", Start((1, self.canvas.n_planes)), True
        for i in range(len(self.cells)):
            for name, start, is_there in self._choices_of_cell(i):
                yield f"cell {i} {name}", start, is_there

    def _choices_of_cell(self, i: int) -> Iterator[Choice]:
        cell, inputs, outputs = self.cells[i], self.steps[i][0], self.cells[i].width
        if self._level(i) < self._level(i + 1):
            # Every output of this transposed convolution comes from one place of the smaller grid.
            doubling = Start.weights((inputs, inputs, 2, 2), 5 * inputs)
            yield "doubling", doubling, cell.upsampling == "transposed"
        shared, per_class = cell.norm in ("batch", "layer"), cell.norm == "conditional"
        for layer, n in (1, inputs), (2, outputs):
            yield f"weight {layer}", _kernel(outputs, n, cell.kernel), True
            yield f"bias {layer}", Start((1, outputs)), True
            for kind, rows, is_there in ("", 1, shared), ("class ", self.n_classes, per_class):
                dims = rows, self._n_normalised(i, layer)
                yield f"{kind}gain {layer}", Start(dims, constant=1.0), is_there
                yield f"{kind}shift {layer}", Start(dims), is_there
        for s in range(i):
            yield f"skip {s}", _kernel(outputs, self.cells[s].width), s in cell.skips
        yield "film gain", Start((self.n_classes, outputs)), self.film
        yield "film shift", Start((self.n_classes, outputs)), self.film
        yield "shortcut", _kernel(outputs, inputs), cell.shortcut and inputs != outputs
        head = _kernel(self.canvas.n_planes, outputs)
        yield "head", Start(head.dims) if self.zero_last else head, True

    def _length(self, i: int) -> int:
        return self.steps[i][0]

    # --- from vectors to rows; h, u and v are (B, P, D, H, W)

    def __call__(self, parts: Sequence[Tensor], x_PBI: Tensor, mode: Mode) -> Tensor:
        """Compute the rows of all members ``(P, B, F)``."""
        named = self.by_name(parts) | self._statistics(mode)
        h = self._first(named, x_PBI, mode.label_PBC)
        total, firsts = named["bias"][:, 0, :, None, None], list[Tensor]()
        for i, cell in enumerate(self.cells):
            own = self._of_cell(i, named)
            u, h = self._cell(i, own, h, firsts, mode)
            firsts.append(u)
            seen = ACTIVATIONS[cell.activation](h, self.slope) if cell.order == "pre" else h
            total = total + self._enlarged(_convolved(seen, own["head"]), i + 1, len(self.sides), "bilinear")
        planes_PBKHW = total.transpose(0, 1)
        return self.canvas.read(planes_PBKHW.flatten(0, 1)).unflatten(0, planes_PBKHW.shape[:2])

    def _first(self, named: Named, x_PBI: Tensor, label_PBC: Tensor) -> Tensor:
        """Channels on the smallest grid."""
        if self.multiply:
            x_PBI = x_PBI * torch.bmm(label_PBC, named["embedding"])
        h = torch.baddbmm(named["first bias"].flatten(2), x_PBI, named["first"].flatten(2))
        if "first of class" in named:
            h = torch.baddbmm(h, label_PBC, named["first of class"].flatten(2))
        return h.transpose(0, 1).unflatten(2, self.steps[0])

    def _cell(
        self, i: int, own: Named, h: Tensor, firsts: Sequence[Tensor], mode: Mode
    ) -> tuple[Tensor, Tensor]:
        """First layer, with what is added to it, and output of a cell."""
        cell = self.cells[i]
        u = self._layer(1, i, own, h, mode)
        for s in cell.skips:
            u = u + self._enlarged(_convolved(firsts[s], own[f"skip {s}"]), s + 1, i + 1)
        if self.film:
            gain, shift = (_per_channel(own[f"film {name}"], mode.label_PBC) for name in ("gain", "shift"))
            u = u * (1 + gain) + shift
        v = self._layer(2, i, own, u, mode)
        if cell.shortcut:
            v = v + self._enlarged(_convolved(h, own["shortcut"]) if "shortcut" in own else h, i, i + 1)
        return u, v

    def _layer(self, layer: int, i: int, own: Named, h: Tensor, mode: Mode) -> Tensor:
        """Convolution, on the larger grid, with normalisation and activation before or after it."""
        cell = self.cells[i]
        if cell.order == "pre":
            h = ACTIVATIONS[cell.activation](self._normalised(layer, cell, own, h, mode), self.slope)
        if layer == 1 and "doubling" in own:
            weights, n_members = own["doubling"].flatten(0, 1), h.shape[1]
            h = F.conv_transpose2d(h.flatten(1, 2), weights, stride=2, groups=n_members)
            h = self._cut(h, i + 1).unflatten(1, (n_members, -1))
        elif layer == 1:
            h = self._enlarged(h, i, i + 1, cell.upsampling)
        h = _convolved(h, own[f"weight {layer}"], own[f"bias {layer}"])
        if cell.order == "post":
            h = ACTIVATIONS[cell.activation](self._normalised(layer, cell, own, h, mode), self.slope)
        return h

    def _normalised(self, layer: int, cell: CellShape, own: Named, h: Tensor, mode: Mode) -> Tensor:
        if cell.norm == "none":
            return h
        flat, n_members, per_class = h.flatten(1, 2), h.shape[1], cell.norm == "conditional"
        names = [f"{'class ' * per_class}{name} {layer}" for name in ("gain", "shift")]
        gain, shift = (None if per_class else own[name].flatten() for name in names)
        if cell.norm == "layer":
            return F.group_norm(flat, n_members, gain, shift, EPSILON).view_as(h)
        running, share = own[f"statistics {layer}"], 1 - self.norm_momentum  # of a batch
        updated = running.transpose(0, 1).clone().flatten(1)
        mean, variance = updated
        is_training = mode.streams is not None
        flat = F.batch_norm(flat, mean, variance, gain, shift, is_training, share, EPSILON)
        if is_training:
            running.copy_(updated.unflatten(1, (n_members, -1)).transpose(0, 1))
        if per_class:
            gain, shift = (_per_channel(own[name], mode.label_PBC) for name in names)
            return flat.view_as(h) * gain + shift
        return flat.view_as(h)

    def _enlarged(self, h: Tensor, i: int, j: int, how: str = "nearest") -> Tensor:
        """Double the sides from those before cell ``i`` to those before cell ``j``."""
        n_doublings = self._level(j) - self._level(i)
        if not n_doublings:
            return h
        corners = False if how == "bilinear" else None
        large = F.interpolate(h.flatten(1, 2), scale_factor=2.0**n_doublings, mode=how, align_corners=corners)
        return self._cut(large, j).unflatten(1, h.shape[1:3])

    def _cut(self, h: Tensor, i: int) -> Tensor:
        """Leave out the last lines of doubled sides where those before cell ``i`` are odd."""
        height, width = self.sides[self._level(i)]
        return h[..., :height, :width]


def _kernel(outputs: int, inputs: int, side: int = 1) -> Start:
    return Start.weights((outputs, inputs, side, side), (outputs + inputs) * side**2)


def _convolved(h: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve every member's channels with its own kernels ``(P, O, I, side, side)``; the grid stays."""
    flat_bias = None if bias is None else bias.flatten()
    n_members, side = len(weight), weight.shape[-1]
    weights = weight.flatten(0, 1)
    out = F.conv2d(h.flatten(1, 2), weights, flat_bias, padding=side // 2, groups=n_members)
    return out.unflatten(1, (n_members, -1))


def _per_channel(matrix_PCD: Tensor, label_PBC: Tensor) -> Tensor:
    """Numbers of every channel by the class of the row ``(B, P, D, 1, 1)``."""
    return torch.bmm(label_PBC, matrix_PCD).transpose(0, 1)[..., None, None]
