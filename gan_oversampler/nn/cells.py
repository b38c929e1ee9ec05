"""P generators of cells as one tensor program: two layers each, skips, shortcuts and an output of every cell.

Cells and their skips are those of AutoGAN (Gong et al. 2019); outputs that are summed over cells are those of
StyleGAN2 (Karras et al. 2020), and let a network grow without a change of what it computes.
"""

# P member, B row, I input, O output, H hidden, N parameter, C class

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace

import torch
from torch import Tensor

from gan_oversampler.nn.cell_parameters import CellParameters, Choice, Named
from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.normalisation import moments_over_batch, moments_over_units, standardised
from gan_oversampler.nn.packed import ACTIVATIONS, NORM_MOMENTUM, SLOPE, Mode
from gan_oversampler.nn.slices import NamedPacked, Start, Supernet, slice_of


@dataclass(frozen=True)
class CellNet(CellParameters):
    """Shape of P class-conditional networks of cells: ``(P, B, I)`` to ``(P, B, O)``.

    Of a cell with input ``h``, the first layer and its skips give ``u``, the second layer of ``u``, with the
    shortcut from ``h``, gives the input of the next cell. The output is a bias plus a linear function of what
    each cell gives, its head. A class that is appended enters the first layer of the first cell.

    >>> net = CellNet(3, 4, (CellShape(8), CellShape(5, norm="batch", skips=(0,))), n_classes=2)
    >>> parts = net.split(net.init(torch.Generator().manual_seed(0))[None])
    >>> net(parts, torch.zeros(1, 6, 3), Mode(torch.zeros(1, 6, 2), net.init_statistics()[None])).shape
    torch.Size([1, 6, 4])
    """

    n_inputs: int
    n_outputs: int
    cells: tuple[CellShape, ...]  # at least one
    _: KW_ONLY
    n_classes: int  # length of the one-hot class
    multiply: bool = False  # embed the class and multiply the input by it, instead of appending it
    film: bool = False  # let the class scale and shift ``u`` of every cell, instead
    zero_last: bool = False  # start with zero output
    slope: float = SLOPE  # of a leaky activation below zero
    norm_momentum: float = NORM_MOMENTUM  # share of the running statistics that a batch leaves as it is

    # --- parameters

    def supernet(self) -> Supernet:
        """Shape of the parameters that all networks share which have at most as many cells.

        Their cells may be built in any way, but not be wider than those of the same position here; the input
        may be shorter, and the class may enter in any way. ``slice_of`` tells where each of them lies.

        >>> large = CellNet(3, 4, (CellShape(8), CellShape(8)), n_classes=2)
        >>> small = CellNet(3, 4, (CellShape(5, norm="conditional"),), n_classes=2, film=True)
        >>> len(slice_of(large.supernet(), small)) == small.n_parameters
        True
        """
        return Supernet({name: start for name, start, _ in self._choices()})

    def _choices(self) -> Iterator[Choice]:
        """All tensors that a network of these lengths may have."""
        yield "bias", Start((1, self.n_outputs)), True
        yield "embedding", Start((self.n_classes, self.n_inputs), 0.05), self.multiply
        for i in range(len(self.cells)):
            for name, start, is_there in self._choices_of_cell(i):
                yield f"cell {i} {name}", start, is_there

    def _choices_of_cell(self, i: int) -> Iterator[Choice]:
        cell, classes, inputs, width = self.cells[i], self.n_classes, self._length(i), self.widths[i]
        appended = i == 0 and not self.multiply and not self.film
        for layer, n in (1, inputs), (2, width):
            fan = n + width + classes * (appended and layer == 1)
            yield f"weight {layer}", Start.weights((n, width), fan), True
            if i == 0 and layer == 1:
                yield "weight of class", Start.weights((classes, width), fan), appended
            yield f"bias {layer}", Start((1, width)), True
            for kind, rows, norms in ("", 1, ("batch", "layer")), ("class ", classes, ("conditional",)):
                for order, columns in ("pre", n), ("post", width):
                    there = cell.norm in norms and cell.order == order
                    yield f"{kind}gain {layer} {order}", Start((rows, columns), constant=1.0), there
                    yield f"{kind}shift {layer} {order}", Start((rows, columns)), there
        for s in range(i):
            yield f"skip {s}", _linear(self.widths[s], width), s in cell.skips
        yield "film gain", Start((classes, width)), self.film
        yield "film shift", Start((classes, width)), self.film
        yield "shortcut", _linear(inputs, width), cell.shortcut and inputs != width
        head = _linear(width, self.n_outputs)
        yield "head", Start(head.dims) if self.zero_last else head, True

    def _length(self, i: int) -> int:
        """Length of the input of a cell."""
        return self.widths[i - 1] if i else self.n_inputs

    # --- from inputs to outputs

    def __call__(self, parts: Sequence[Tensor], x_PBI: Tensor, mode: Mode) -> Tensor:
        """Compute the outputs of all members ``(P, B, O)``."""
        named = {**self.by_name(parts), **self._statistics(mode)}
        h = x_PBI * torch.bmm(mode.label_PBC, named["embedding"]) if self.multiply else x_PBI
        out, firsts = named["bias"], list[Tensor]()
        for i, cell in enumerate(self.cells):
            h = self._cell(cell, self._of_cell(i, named), h, firsts, mode)
            seen = ACTIVATIONS[cell.activation](h, self.slope) if cell.order == "pre" else h
            out = torch.baddbmm(out, seen, named[f"cell {i} head"])
        return out

    def _cell(self, cell: CellShape, own: Named, h: Tensor, firsts: list[Tensor], mode: Mode) -> Tensor:
        """Output of a cell, whose first layer is appended to those of the cells before."""
        u = self._layer(1, cell, own, h, mode)
        for s in cell.skips:
            u = torch.baddbmm(u, firsts[s], own[f"skip {s}"])
        if self.film:
            gain, shift = (torch.bmm(mode.label_PBC, own[f"film {name}"]) for name in ("gain", "shift"))
            u = u * (1 + gain) + shift
        firsts.append(u)
        v = self._layer(2, cell, own, u, mode)
        if not cell.shortcut:
            return v
        return torch.baddbmm(v, h, own["shortcut"]) if "shortcut" in own else v + h

    def _layer(self, layer: int, cell: CellShape, own: Named, h: Tensor, mode: Mode) -> Tensor:
        """Linear layer with normalisation and activation before or after it."""
        if cell.order == "pre":
            h = ACTIVATIONS[cell.activation](self._normalised(layer, cell, own, h, mode), self.slope)
        h = torch.baddbmm(own[f"bias {layer}"], h, own[f"weight {layer}"])
        if layer == 1 and "weight of class" in own:
            h = torch.baddbmm(h, mode.label_PBC, own["weight of class"])
        if cell.order == "post":
            h = ACTIVATIONS[cell.activation](self._normalised(layer, cell, own, h, mode), self.slope)
        return h

    def _normalised(self, layer: int, cell: CellShape, own: Named, h: Tensor, mode: Mode) -> Tensor:
        running = own.get(f"statistics {layer}")
        if cell.norm == "layer":
            moments = moments_over_units(h)
        elif running is not None:
            training = mode.streams is not None
            moments = moments_over_batch(h, running[:, :, None], self.norm_momentum, training=training)
        else:
            return h
        if cell.norm != "conditional":
            gain, shift = (own[f"{name} {layer} {cell.order}"] for name in ("gain", "shift"))
        else:
            matrices = (own[f"class {name} {layer} {cell.order}"] for name in ("gain", "shift"))
            gain, shift = (torch.bmm(mode.label_PBC, matrix) for matrix in matrices)
        return standardised(h, moments) * gain + shift

    # --- growth

    def grown(self, cell: CellShape) -> "CellNet":
        """Return the network with one more cell at its end; ``carried`` gives it the weights of this one."""
        return replace(self, cells=(*self.cells, cell))


def carried(large: NamedPacked, large_PN: Tensor, small: NamedPacked, small_PN: Tensor) -> Tensor:
    """Copy weights ``(P, N)`` with those of a smaller network in their places and heads of new cells at zero.

    A network that has grown by cells then computes what the smaller one computes, bit for bit, and its new
    cells learn as soon as their heads do. Running statistics of a grown network begin with those of the
    smaller one. Raises ValueError where the smaller network is no slice of the larger one.

    >>> small = CellNet(3, 4, (CellShape(8),), n_classes=2)
    >>> large = small.grown(CellShape(5, skips=(0,)))
    >>> before, first = (net.init(torch.Generator().manual_seed(0))[None] for net in (small, large))
    >>> after, mode = carried(large, first, small, before), Mode(torch.eye(2)[None])
    >>> x = torch.ones(1, 2, 3)
    >>> torch.equal(large(large.split(after), x, mode), small(small.split(before), x, mode))
    True
    """
    weights_PN = large_PN.clone()
    for name, part in zip(large.tensors, large.split(weights_PN), strict=True):
        if name.endswith("head") and name not in small.tensors:
            part.zero_()
    weights_PN[:, slice_of(large, small).to(weights_PN.device)] = small_PN
    return weights_PN


def _linear(inputs: int, outputs: int) -> Start:
    return Start.weights((inputs, outputs), inputs + outputs)
