"""What the networks of a fit are made of: layers, their lengths and their numbers of parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from gan_oversampler.nn.autoencoder import Autoencoder, CriticNet, GeneratorNet
from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.cells import CellNet
from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.generator import BaseGenerator, GuidedGenerator
from gan_oversampler.nn.grid_cells import GridCellNet
from gan_oversampler.nn.mlp import Mlp


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network: what it does, and how many parameters of it training changes.

    ``inputs`` and ``outputs`` are the lengths of the vectors that go in and come out; of a grid all cells
    times channels.
    """

    name: str
    inputs: int
    outputs: int
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """Generator or critic, which is its ``role``, of the specification with the label ``gan``.

    ``layers`` are in order from the input to the output. ``inputs`` and ``outputs`` are the lengths of the
    vectors that go in and come out, without the class.
    """

    gan: str
    role: str
    layers: tuple[Layer, ...]
    inputs: int
    outputs: int

    @property
    def n_parameters(self) -> int:
        """Number of parameters that training changes in one member, summed over all layers of the network."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def title(self) -> str:
        """Heading of the network in prints and pages, such as ``"guided, critic"``."""
        return f"{self.gan}, {self.role}"

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, lengths and parameters of every layer as texts, and of the whole network in the last row."""
        total = Layer("total", self.inputs, self.outputs, self.n_parameters)
        layers = (*self.layers, total)
        return [(x.name, f"{x.inputs} → {x.outputs}", f"{x.parameters:,}") for x in layers]

    def __str__(self) -> str:
        cells = [("layer", "in → out", "parameters"), *self.rows()]
        name, lengths, count = (max(map(len, column)) for column in zip(*cells, strict=True))
        lines = [f"  {a:<{name}}  {b:>{lengths}}  {c:>{count}}" for a, b, c in cells]
        return "\n".join([self.title, *lines])


@dataclass(frozen=True)
class ModelSummary:
    """Layers, lengths and parameters of the networks that a fit trained; ``print`` it.

    Every fold has a generator and a critic of these shapes, and so has every replica that sees all rows.

    Parameters
    ----------
    networks : tuple of Network
        A generator per trained specification, and a critic where a loss term needs one; none if nothing was
        trained.

    Examples
    --------
    >>> layers = Layer("linear", 5, 8, 48), Layer("linear", 8, 1, 9)
    >>> critic = Network("guided", "critic", layers, inputs=5, outputs=1)
    >>> print(ModelSummary((critic,)))
    guided, critic
      layer   in → out  parameters
      linear     5 → 8          48
      linear     8 → 1           9
      total      5 → 1          57
    """

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, trained: Iterable[tuple[str, BaseGenerator, CriticNet | None]]) -> ModelSummary:
        """Summarise trained specifications, each given by its label, its generator and its critic, if any."""
        networks = []
        for name, generator, critic in trained:
            network, n_columns = generator.net, generator.net.n_outputs
            layers = []
            if isinstance(generator, GuidedGenerator):
                parts = ("interpolation weights", "bandwidths", "seed probabilities", "mixing")
                for part, (rows, columns) in zip(parts, generator.geometry.shapes, strict=True):
                    layers.append(Layer(part, rows, columns, rows * columns))
            uses_base = generator.uses_base
            end = "bounded correction of a base row" if uses_base else "into the range of real rows"
            layers += [
                *_layers_of(network),
                Layer(f"tanh, {end}", n_columns, n_columns),
                Layer("project to valid rows", n_columns, n_columns),
            ]
            networks.append(Network(name, "generator", tuple(layers), network.n_inputs, n_columns))
            if critic:
                layers = _layers_of(critic)
                networks.append(Network(name, "critic", tuple(layers), critic.n_inputs, critic.n_outputs))
        return cls(tuple(networks))

    @property
    def n_parameters(self) -> int:
        """Number of parameters of all networks, each counted once, however many folds and replicas it has."""
        return sum(network.n_parameters for network in self.networks)

    def to_frame(self) -> pd.DataFrame:
        """Layers of all networks as a table of gan, role, layer, inputs, outputs and parameters."""
        rows = [
            [network.gan, network.role, layer.name, layer.inputs, layer.outputs, layer.parameters]
            for network in self.networks
            for layer in network.layers
        ]
        return pd.DataFrame(rows, columns=["gan", "role", "layer", "inputs", "outputs", "parameters"])

    def _repr_html_(self) -> str:
        if not self.networks:
            return f"<p>{self}</p>"
        table = self.to_frame().to_html(index=False, border=0, formatters={"parameters": "{:,}".format})
        return f"{table}<p>{self.n_parameters:,} parameters in a fold's networks</p>"

    def __str__(self) -> str:
        return "\n".join(map(str, self.networks)) or "nothing was trained"


def _layers_of(net: GeneratorNet | CriticNet) -> list[Layer]:
    """Layers in the order in which a row passes them."""
    if isinstance(net, Autoencoder):
        return [*_layers_of(net.encoder), *_layers_of(net.decoder)]
    if isinstance(net, GridCellNet):
        return _layers_of_grid_cells(net)
    if isinstance(net, CellNet):
        return _layers_of_cells(net)
    lengths, names, shape = _steps_of(net)
    n_inputs, n_classes = net.n_inputs, net.n_classes
    layers = []
    if net.multiply:
        layers.append(Layer("class embedding, multiplied", n_classes, n_inputs, n_classes * n_inputs))
    elif net.n_appended and not isinstance(net, Encoder):
        layers.append(Layer("class appended", n_inputs, n_inputs + net.n_appended))
    if isinstance(net, Encoder):
        how = ", class as planes" if net.n_appended else ""
        layers.append(Layer(f"onto a grid{how}, {shape}", n_inputs, lengths[0]))
    for i, (name, weights) in enumerate(zip(names, net.layers, strict=True)):
        inputs, outputs = lengths[i : i + 2]
        layers.append(Layer(name, inputs, outputs, math.prod(weights.matrix) + weights.n_biases))
        layers += _layers_after(net, i, outputs) if i < len(net.widths) else []
    if isinstance(net, Decoder):
        layers.append(Layer("read from the grid", lengths[-1], net.n_outputs))
    return layers


def _steps_of(net: Mlp | Decoder | Encoder) -> tuple[list[int], list[str], str]:
    """Numbers of units from the first to the last, names of the layers between them, and the first grid."""
    first, n_hidden = net.n_inputs + net.n_appended, len(net.widths)
    zero = ", zero at first" if net.zero_last else ""
    if isinstance(net, Mlp):
        return [first, *net.widths, net.n_outputs], [*["linear"] * n_hidden, f"linear{zero}"], ""
    shapes = [f"{height}x{width}x{channels}" for channels, height, width in net.steps]
    grids = [math.prod(step) for step in net.steps]
    if isinstance(net, Decoder):
        kinds = ["linear", *["transposed convolution"] * n_hidden]
        names = [f"{kind} to {shape}" for kind, shape in zip(kinds, shapes, strict=True)]
        return [first, *grids], [*names[:-1], names[-1] + zero], shapes[0]
    names = [f"convolution to {shape}" for shape in shapes[1:]]
    return [*grids, net.length], [*names, f"linear{zero}"], shapes[0]


def _layers_after(net: Mlp | Decoder | Encoder, i: int, n: int) -> list[Layer]:
    """What follows hidden layer ``i`` of ``n`` units: activation, norms, gains of the class, dropout."""
    activation = f"leaky ReLU {net.slope:g}" if net.activation == "leaky_relu" else net.activation
    layers = [Layer(activation, n, n)]
    for norm, there in (("batch norm", net.batch_norm), ("layer norm", net.layer_norm)):
        if there:  # a gain and a shift per unit or channel
            layers.append(Layer(norm, n, n, 2 * net.widths[i]))
    if net.film:
        layers.append(Layer("gain and shift of the class", n, n, 2 * net.n_classes * net.widths[i]))
    if net.dropout and i:
        layers.append(Layer(f"dropout {net.dropout:g}", n, n))
    return layers


def _parts(cell: CellShape) -> list[str]:
    """How a cell is built, choice by choice."""
    parts = [f"{cell.order}-activation", cell.activation]
    parts += [f"norm {cell.norm}"] * (cell.norm != "none") + ["shortcut"] * cell.shortcut
    return parts + [f"skips from {', '.join(map(str, cell.skips))}"] * bool(cell.skips)


def _n_in_cell(i: int, counts: Mapping[str, int]) -> int:
    """Number of parameters of a cell, given those of every tensor."""
    return sum(n for name, n in counts.items() if name.startswith(f"cell {i} "))


def _layers_of_grid_cells(net: GridCellNet) -> list[Layer]:
    """One layer per cell, with all its parameters; the heads of cells are in these, too."""
    counts = {name: math.prod(start.dims) for name, start in net.tensors.items()}
    lengths, n_inputs = [math.prod(step) for step in net.steps], net.length
    layers = []
    if net.multiply:
        layers.append(Layer("class embedding, multiplied", net.n_classes, n_inputs, counts["embedding"]))
    elif not net.film:
        n_inputs += net.n_classes
        layers.append(Layer("class appended", net.length, n_inputs))
    shapes = [f"{height}x{width}x{channels}" for channels, height, width in net.steps]
    n_first = sum(n for name, n in counts.items() if name.startswith("first"))
    layers.append(Layer(f"linear to {shapes[0]}", n_inputs, lengths[0], n_first))
    for i, cell in enumerate(net.cells):
        parts = [f"{cell.upsampling} upsampling"] * (net.steps[i][1:] != net.steps[i + 1][1:])
        parts += [f"{cell.kernel}x{cell.kernel}", *_parts(cell)]
        name = f"cell {i} to {shapes[i + 1]}: {', '.join(parts)}"
        layers.append(Layer(name, lengths[i], lengths[i + 1], _n_in_cell(i, counts)))
    n_planes = math.prod(net.canvas.shape)
    zero = ", zero at first" if net.zero_last else ""
    layers.append(Layer(f"sum of the cells' planes{zero}", n_planes, n_planes, counts["bias"]))
    return [*layers, Layer("read from the grid", n_planes, net.n_outputs)]


def _layers_of_cells(net: CellNet) -> list[Layer]:
    """One layer per cell, with all its parameters and those of its head."""
    counts = {name: math.prod(start.dims) for name, start in net.tensors.items()}
    n_inputs, n_outputs, n_classes = net.n_inputs, net.n_outputs, net.n_classes
    layers = []
    if net.multiply:
        layers.append(Layer("class embedding, multiplied", n_classes, n_inputs, counts["embedding"]))
    elif not net.film:
        layers.append(Layer("class appended", n_inputs, n_inputs + n_classes))
    for i, cell in enumerate(net.cells):
        inputs = net.widths[i - 1] if i else layers[-1].outputs if layers else n_inputs
        name = f"cell {i}: {', '.join(_parts(cell))}"
        layers.append(Layer(name, inputs, cell.width, _n_in_cell(i, counts)))
    name = "sum of all cells' outputs" + ", zero at first" * net.zero_last
    return [*layers, Layer(name, n_outputs, n_outputs, counts["bias"])]
