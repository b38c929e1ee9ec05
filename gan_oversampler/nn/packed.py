"""Parameters of P networks as one buffer ``(P, N)``, in which a member has one row.

Optimisers, averages, snapshots and rollbacks are single tensor operations on it, and never mix members.
"""

# P member, N parameter

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

NORM_MOMENTUM: Final = 0.8  # of batch statistics, as in the reference code
EPSILON: Final = 1e-3  # beside variances
SLOPE: Final = 0.2


class Packed:
    """Parameter matrices that lie one after the other in a buffer ``(P, N)``."""

    shapes: list[tuple[int, int]]  # of the matrices
    n_inputs: int  # length of an input row
    n_outputs: int  # length of an output row

    @property
    def n_parameters(self) -> int:
        """Number N of parameters of one member, which is the length of its row in the buffer."""
        return sum(rows * columns for rows, columns in self.shapes)

    def split(self, flat_PN: Tensor) -> list[Tensor]:
        """Split the buffer ``(P, N)`` into views ``(P, rows, columns)``, one per matrix of ``shapes``.

        Views share memory with the buffer: who writes to a part changes the network. A buffer whose rows are
        not N long raises ``RuntimeError``.
        """
        sizes = [rows * columns for rows, columns in self.shapes]
        parts = flat_PN.split(sizes, dim=1)
        return [part.view(len(part), *shape) for part, shape in zip(parts, self.shapes, strict=True)]


@dataclass(frozen=True, slots=True)
class Mode:
    """Classes of the rows, running statistics and random streams under which networks are applied."""

    label_PBC: Tensor  # one-hot classes of the rows
    statistics_PS: Tensor | None = None  # running statistics of batch normalisation, updated in place
    streams: Sequence[torch.Generator] | None = None  # one per member: then networks are in training mode


@dataclass(frozen=True, slots=True)
class Layer:
    """Sizes of one layer."""

    matrix: tuple[int, int]  # shape of its weights
    n_biases: int  # one per output or per channel
    connections: int  # of an input and an output together, which set the range of the first weights


@dataclass(frozen=True, kw_only=True)
class Layered(Packed, ABC):
    """A network of layers, each but the last followed by an activation, normalisation and dropout."""

    n_classes: int  # length of the one-hot class
    widths: tuple[int, ...]  # hidden units, or channels, per layer
    multiply: bool = False  # embed the class and multiply the input by it, instead of appending it
    film: bool = False  # instead scale and shift hidden units per class, by nothing at first
    batch_norm: bool = False  # normalise hidden layers, every unit or channel over the batch
    layer_norm: bool = False  # normalise hidden layers, every row over its units
    dropout: float = 0.0  # share of units silenced after each hidden layer but the first, while training
    zero_last: bool = False  # start with zero output
    activation: str = "leaky_relu"  # name in ``ACTIVATIONS``
    slope: float = SLOPE  # of a leaky activation below zero
    norm_momentum: float = NORM_MOMENTUM  # share of the running statistics that a batch leaves as it is

    @abstractmethod
    def _sizes(self) -> list[Layer]:
        """Sizes of all layers, from the input to the output."""

    @property
    def n_appended(self) -> int:
        """Number of columns by which the class is appended to the input; 0 where it enters otherwise."""
        return 0 if self.multiply or self.film else self.n_classes

    @cached_property
    def layers(self) -> list[Layer]:
        """Sizes of all layers, from the input to the output, of which only the last has no activation."""
        return self._sizes()

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:  # type: ignore[override]
        """Shapes of the parameter matrices, in the order in which they lie in the buffer.

        First comes the embedding of the class, if it multiplies the input; then weights ``(inputs, outputs)``
        and biases of each layer; then gain and shift of each normalised layer; then, with ``film``, gains of
        all classes and shifts of all classes, for each hidden layer.
        """
        shapes = [(self.n_classes, self.n_inputs)] if self.multiply else []
        for layer in self.layers:
            shapes += [layer.matrix, (1, layer.n_biases)]
        if self.batch_norm or self.layer_norm:
            shapes += [(2, width) for width in self.widths]
        if self.film:
            shapes += [(2 * self.n_classes, width) for width in self.widths]
        return shapes

    def init(self, generator: torch.Generator) -> Tensor:
        """Draw the parameters ``(N,)`` of one member before training from a random stream.

        Weights are uniform as in Glorot & Bengio (2010), biases 0, gains 1. With ``zero_last`` the weights of
        the last layer are 0, too, so that the first outputs are: a generator then starts at its base.
        """
        flat = torch.zeros(self.n_parameters)
        views, n_layers = self.split(flat[None]), len(self.layers)
        for i, layer in enumerate(self.layers):
            bound = math.sqrt(6 / layer.connections)
            views[self._weight(i)].uniform_(-bound, bound, generator=generator)
        if self.zero_last:
            views[self._weight(n_layers - 1)].zero_()
        if self.multiply:
            views[0].uniform_(-0.05, 0.05, generator=generator)
        for view in views[self._weight(n_layers) : self._film(0)]:
            view[:, 0] = 1.0
        return flat

    def init_statistics(self) -> Tensor:
        """Running statistics ``(S,)`` of batch normalisation before training, of one member.

        They are mean 0 and variance 1 of every hidden unit or channel, layer by layer. Without batch
        normalisation the vector is empty.
        """
        widths = self.widths if self.batch_norm else ()
        starts = [torch.tensor([0.0, 1.0]).repeat_interleave(width) for width in widths]
        return torch.cat([torch.empty(0), *starts])

    def _weight(self, layer: int) -> int:
        """Position of a layer's weights in ``shapes``; biases follow, and after the last layer the gains."""
        return 2 * layer + self.multiply

    def _film(self, layer: int) -> int:
        """Position in ``shapes`` of what ``film`` does after a hidden layer."""
        n_norms = len(self.widths) * (self.batch_norm or self.layer_norm)
        return self._weight(len(self.layers)) + n_norms + layer


Activation = Callable[[Tensor, float], Tensor]
"""From values and the slope below zero, which only the leaky one heeds, to values."""

ACTIVATIONS: Final[Mapping[str, Activation]] = MappingProxyType(
    {
        "elu": lambda h, slope: F.elu(h),
        "leaky_relu": F.leaky_relu,
        "relu": lambda h, slope: F.relu(h),
        "silu": lambda h, slope: F.silu(h),
        "tanh": lambda h, slope: h.tanh(),
    }
)
