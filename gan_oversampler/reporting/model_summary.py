"""What the networks of a fit are made of: layers, shapes, parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from gan_oversampler.nn.autoencoder import Autoencoder, CriticNet, GeneratorNet
from gan_oversampler.nn.convolution import Convolutional, Decoder
from gan_oversampler.nn.generator import BaseGenerator, GuidedGenerator
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import Packed


@dataclass(frozen=True, slots=True)
class Layer:
    """One step from input to output.

    Attributes
    ----------
    name : str
        What it does.
    inputs, outputs : int
        Lengths of the vectors; of a grid all cells times channels.
    parameters : int
        Numbers that training changes.
    """

    name: str
    inputs: int
    outputs: int
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """BaseGenerator or critic of one specification.

    Attributes
    ----------
    gan : str
        Name of the specification.
    role : {"generator", "critic"}
        Which of the two.
    layers : tuple of Layer
        From input to output.
    inputs, outputs : int
        Lengths of what goes in and comes out, the class left out.
    padding : int
        Numbers that only fill up the last vector in memory; they are no parameters.
    """

    gan: str
    role: str
    layers: tuple[Layer, ...]
    inputs: int
    outputs: int
    padding: int = 0

    @property
    def n_parameters(self) -> int:
        """Numbers that training changes."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def n_stored(self) -> int:
        """Length of a member's weights in memory."""
        return self.n_parameters + self.padding

    @property
    def title(self) -> str:
        """Name and role."""
        return f"{self.gan}, {self.role}"


@dataclass(frozen=True)
class ModelSummary:
    """Layers, shapes and parameters of the networks that were trained.

    Every fold has a generator and a critic of these shapes, and so has every replica that sees all rows.

    Parameters
    ----------
    networks : tuple of Network
        A generator per trained specification, and a critic where one pulls it; none if nothing was trained.

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
        """Summary of name, generator and critic, if any, of each trained specification."""
        networks: list[Network] = []
        for name, generator, critic in trained:
            networks += [_generator(name, generator), *([_critic(name, critic)] if critic else [])]
        return cls(tuple(networks))

    @property
    def n_parameters(self) -> int:
        """Parameters of all networks, each counted once."""
        return sum(network.n_parameters for network in self.networks)

    def to_frame(self) -> pd.DataFrame:
        """One row per layer: gan, role, layer, inputs, outputs, parameters."""
        rows = [
            [network.gan, network.role, layer.name, layer.inputs, layer.outputs, layer.parameters]
            for network in self.networks
            for layer in network.layers
        ]
        return pd.DataFrame(rows, columns=["gan", "role", "layer", "inputs", "outputs", "parameters"])

    def __str__(self) -> str:
        return "\n".join(map(_text, self.networks)) or "nothing was trained"


def _generator(name: str, generator: BaseGenerator) -> Network:
    mlp, uses_base = generator.net, generator.uses_base
    n_columns = mlp.n_outputs
    layers = layers_of(mlp)
    if isinstance(generator, GuidedGenerator):
        names = ("share of the way", "bandwidths", "odds of rows", "drift")
        parts = zip(names, generator.geometry.shapes, strict=True)
        geometry = [Layer(part, rows, columns, rows * columns) for part, (rows, columns) in parts]
        layers = [*geometry, *layers]
    end = "bounded correction of a base row" if uses_base else "into the range of real rows"
    layers += [
        Layer(f"tanh, {end}", n_columns, n_columns),
        Layer("project to lawful rows", n_columns, n_columns),
    ]
    return Network(name, "generator", tuple(layers), mlp.n_inputs, n_columns, _padding(generator))


def _critic(name: str, critic: CriticNet) -> Network:
    layers = tuple(layers_of(critic))
    return Network(name, "critic", layers, critic.n_inputs, critic.n_outputs, _padding(critic))


def _padding(network: Packed) -> int:
    return network.n_parameters - sum(rows * columns for rows, columns in network.shapes)


def layers_of(net: GeneratorNet | CriticNet) -> list[Layer]:
    """Layers in the order in which a row passes them."""
    if isinstance(net, Mlp):
        return _layers(net)
    if isinstance(net, Autoencoder):
        return [*_grid_layers(net.encoder), *_grid_layers(net.decoder)]
    return _grid_layers(net)


def _grid_layers(net: Convolutional) -> list[Layer]:
    """Layers of half a convolutional network, lengths being numbers of cells times channels."""
    grows, n_inputs, n_classes = isinstance(net, Decoder), net.n_inputs, net.n_classes
    lengths = [math.prod(step) for step in net.steps]
    lengths = [n_inputs + n_classes * (not net.multiply), *lengths] if grows else [*lengths, net.length]
    layers = []
    if net.multiply:
        layers.append(Layer("class embedding, multiplied", n_classes, n_inputs, n_classes * n_inputs))
    elif grows:
        layers.append(Layer("class appended", n_inputs, lengths[0]))
    if not grows:
        what = "onto a grid" if net.multiply else "onto a grid, class as planes"
        layers.append(Layer(f"{what}, {_shape(net.steps[0])}", n_inputs, lengths[0]))
    for i, weights in enumerate(net.layers):
        inputs, outputs = lengths[i : i + 2]
        name = _layer_name(net, i)
        layers.append(Layer(name, inputs, outputs, math.prod(weights.matrix) + weights.n_biases))
        if i < len(net.widths):
            layers += _after(net, i, outputs, net.widths[i])
    if grows:
        layers.append(Layer("read from the grid", lengths[-1], len(net.canvas.places)))
    return layers


def _layer_name(net: Convolutional, i: int) -> str:
    last = ", zero at first" if net.zero_last and i == len(net.widths) else ""
    if isinstance(net, Decoder):
        name = "transposed convolution" if i else "linear"
        return f"{name} to {_shape(net.steps[i])}{last}"
    return f"convolution to {_shape(net.steps[i + 1])}" if i < len(net.widths) else f"linear{last}"


def _shape(step: tuple[int, int, int]) -> str:
    return f"{step[1]}x{step[2]}x{step[0]}"


def _after(net: Mlp | Convolutional, i: int, length: int, width: int) -> list[Layer]:
    """What follows the sums of a hidden layer, whose units or channels are ``width``."""
    layers = [Layer(_activation(net), length, length)]
    for name, there in (("batch norm", net.batch_norm), ("layer norm", net.layer_norm)):
        if there:
            layers.append(Layer(name, length, length, 2 * width))
    if net.dropout and i:
        layers.append(Layer(f"dropout {net.dropout:g}", length, length))
    return layers


def _layers(mlp: Mlp) -> list[Layer]:
    """Layers of a perceptron in the order in which a row passes them."""
    n_inputs, n_classes = mlp.n_inputs, mlp.n_classes
    if mlp.multiply:
        first = n_inputs
        layers = [Layer("class embedding, multiplied", n_classes, n_inputs, n_classes * n_inputs)]
    else:
        first = n_inputs + n_classes
        layers = [Layer("class appended", n_inputs, first)]
    for i, width in enumerate(mlp.widths):
        layers += _hidden(mlp, i, first, width)
        first = width
    last = "linear, zero at first" if mlp.zero_last else "linear"
    return [*layers, Layer(last, first, mlp.n_outputs, (first + 1) * mlp.n_outputs)]


def _hidden(mlp: Mlp, i: int, inputs: int, width: int) -> list[Layer]:
    return [Layer("linear", inputs, width, (inputs + 1) * width), *_after(mlp, i, width, width)]


def _activation(mlp: Mlp | Convolutional) -> str:
    return f"leaky ReLU {mlp.slope:g}" if mlp.activation == "leaky_relu" else mlp.activation


def _text(network: Network) -> str:
    """Aligned lines."""
    total = Layer("total", network.inputs, network.outputs, network.n_parameters)
    cells = [("layer", "in → out", "parameters")]
    cells += [(x.name, f"{x.inputs} → {x.outputs}", f"{x.parameters:,}") for x in (*network.layers, total)]
    name, shape, count = (max(map(len, column)) for column in zip(*cells, strict=True))
    lines = [f"  {a:<{name}}  {b:>{shape}}  {c:>{count}}" for a, b, c in cells]
    return "\n".join([network.title, *lines])
