"""The two networks of a GAN as values: how the generator and the critic are built and trained."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options, StrOptions

from gan_oversampler._pages import DocumentedMixin

if TYPE_CHECKING:
    from gan_oversampler.nn.image_grid import Grid

FRACTION = Interval(Real, 0, 1, closed="left")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_RATE = Interval(Real, 0, 3e38, closed="right")  # what single precision holds
COUNT = Interval(Integral, 1, None, closed="left")
_NORM = StrOptions({"none", "batch", "layer"})


@dataclass(eq=False, repr=False, kw_only=True)
class Cell(DocumentedMixin, BaseEstimator):
    """Two layers of a generator with skips from earlier cells (Gong et al. 2019), an entry of its ``cells``.

    The first layer's output, with the skips added, goes into the second one. Each cell adds a linear function
    of its output to that of the network.

    Parameters
    ----------
    width : int, default=64
        Hidden units; on a ``grid`` channels.
    order : {"post", "pre"}, default="post"
        Whether normalisation and activation come after each linear layer or convolution, or before it.
    norm : {"none", "batch", "layer", "conditional"}, default="none"
        Normalisation of both layers: of every unit over the batch, of every row over the units, or over the
        batch with a gain and shift of every class (de Vries et al. 2017).
    activation : str, default="leaky_relu"
        As for the generator.
    shortcut : bool, default=True
        Whether the cell's input is added to its output, by a linear map where they differ in length.
    skips : tuple of int, default=()
        Positions of earlier cells, from 0, whose first layer is added to the first layer of this one.
    kernel : {1, 3, 5, 7}, default=3
        Height and width of convolutions, on a ``grid`` only.
    upsampling : {"nearest", "bilinear", "transposed"}, default="nearest"
        How a cell doubles the sides of a ``grid``, from at most 4 until they are those of the columns: each
        number repeated, averages of neighbours, or a learned 2 x 2 transposed convolution.

    Examples
    --------
    >>> Cell(width=32, skips=(0,))
    Cell(skips=(0,), width=32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "width": [COUNT],
        "order": [StrOptions({"post", "pre"})],
        "norm": [StrOptions({"none", "batch", "layer", "conditional"})],
        "activation": [str],  # ``validated`` looks it up
        "shortcut": ["boolean"],
        "skips": [tuple, list],
        "kernel": [Options(Integral, {1, 3, 5, 7})],
        "upsampling": [StrOptions({"nearest", "bilinear", "transposed"})],
    }

    width: int = 64
    order: str = "post"
    norm: str = "none"
    activation: str = "leaky_relu"
    shortcut: bool = True
    skips: tuple[int, ...] = ()
    kernel: int = 3
    upsampling: str = "nearest"


@dataclass(eq=False, repr=False, kw_only=True)
class Generator(DocumentedMixin, BaseEstimator):
    """Network and training of a generator; the ``generator`` of a :class:`GAN`.

    Parameters
    ----------
    widths : tuple of int, default=(64, 64)
        Hidden units per layer. With a ``grid`` channels per layer, each of which doubles the sides of the
        grid.
    cells : tuple of Cell, default=None
        Cells that take the place of the hidden layers, of ``widths``, ``activation`` and ``norm``, which then
        stay as they are.
    grid : None, (int, int) or "square", default=None
        Height and width of the grid that the columns form, row by row, such as ``(28, 28)`` for the pixels
        of an image; both networks then are convolutional. ``"square"`` is as high as wide. All columns must
        hold numbers. Cells that are constant are fed as zero and not generated.
    latent : int, default=8
        Length of the noise vector.
    latent_law : {"normal", "uniform"}, default="normal"
        Law of the noise: standard normal, or uniform between -1 and 1.
    activation : str, default="leaky_relu"
        ``leaky_relu``, ``relu``, ``elu``, ``silu`` or ``tanh``.
    slope : float, default=0.2
        Of ``leaky_relu`` below zero.
    norm : {"none", "batch", "layer"}, default="none"
        Normalisation after each hidden layer: of every unit over the batch, or of every row over the units.
    norm_momentum : float, default=0.8
        Share of the running statistics of batch normalisation that a batch leaves as it is.
    correction_bound : float, default=0.5
        Largest correction of a value by a residual or guided generator, in class standard deviations.
    optimizer : {"adam", "rmsprop", "sgd"}, default="adam"
        Rule of the gradient steps.
    learning_rate : float, default=None
        Step size of the network. None is 2e-3 for guided GANs and 2e-4 for the others, whose generator is
        slower than the critic on purpose.
    geometry_rate : float, default=0.03
        Step size of the geometry that a guided GAN learns.
    betas : tuple of float, default=(0.0, 0.99)
        Decay rates of ``adam``; ``rmsprop`` takes the second one, ``sgd`` the first one as its momentum.
    ema : float, default=0.98
        Decay per step of the averaged weights that are scored and kept; 0 keeps the last weights.

    Examples
    --------
    >>> Generator(widths=(32,), norm="batch")
    Generator(norm='batch', widths=(32,))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "widths": [tuple, list],
        "cells": [tuple, list, None],
        "grid": [tuple, list, StrOptions({"square"}), None],
        "latent": [COUNT],
        **{name: [str] for name in ("latent_law", "activation", "optimizer")},  # ``validated`` looks them up
        **{name: [FRACTION] for name in ("slope", "norm_momentum", "ema")},
        "norm": [_NORM],
        "correction_bound": [_POSITIVE],
        "learning_rate": [_RATE, None],
        "geometry_rate": [_RATE],
        "betas": [tuple, list],
    }

    widths: tuple[int, ...] = (64, 64)
    cells: tuple[Cell, ...] | None = None
    grid: Grid | None = None
    latent: int = 8
    latent_law: str = "normal"
    activation: str = "leaky_relu"
    slope: float = 0.2
    norm: str = "none"
    norm_momentum: float = 0.8
    correction_bound: float = 0.5
    optimizer: str = "adam"
    learning_rate: float | None = None
    geometry_rate: float = 0.03
    betas: tuple[float, float] = (0.0, 0.99)
    ema: float = 0.98

    @property
    def hidden_widths(self) -> tuple[int, ...]:
        """Hidden units per cell or, without cells, per layer."""
        return tuple(self.widths) if self.cells is None else tuple(cell.width for cell in self.cells)

    batch_norm = property(lambda self: self.norm == "batch")
    layer_norm = property(lambda self: self.norm == "layer")


@dataclass(eq=False, repr=False, kw_only=True)
class Critic(DocumentedMixin, BaseEstimator):
    """Network and training of a critic; the ``critic`` of a :class:`GAN`.

    Parameters
    ----------
    widths : tuple of int, default=None
        Hidden units per layer; None takes the generator's. With a ``grid`` channels per layer, each of which
        halves the sides of the grid; None then takes the generator's in reverse. Each of its cells counts as
        one layer. The narrowest hidden layer of an autoencoder (``loss="ebgan"``, ``"began"``) is its code.
    activation, slope, norm_momentum, optimizer, betas : default=None
        As for the generator, whose values None takes.
    norm : {"none", "batch", "layer"}, default="none"
        Normalisation after each hidden layer. A penalty, which measures the slope at each row, does not go
        with batches.
    dropout : float, default=0.0
        Share of units silenced after each hidden layer but the first.
    separate_batches : bool, default=False
        Whether real and new rows are shown in batches of their own instead of a joint one; only possible
        with ``norm="batch"``, because nothing else depends on the batch.
    steps : int, default=1
        Critic updates per generator update.
    learning_rate : float, default=1e-3
        Step size.
    clip : float, default=None
        Largest weight, in absolute value (Arjovsky et al. 2017); None clips nothing.
    penalty : {"auto", "none", "gradient", "r1_r2"}, default="auto"
        Keeps the critic smooth: the gradient penalty of WGAN-GP, or R1 and R2; ``auto`` is the one that
        belongs to the loss.
    penalty_weight : float, default=None
        None takes the weight usual for the penalty.
    label_smoothing : float, default=0.0
        How far targets are moved toward those of the other side; 0.1 makes targets of cross-entropy 0.9 and
        0.1.
    label_noise : float, default=0.0
        Share of pairs of a real and a new row that are shown with swapped labels.

    Examples
    --------
    >>> Critic(dropout=0.4).set_params(steps=5)
    Critic(dropout=0.4, steps=5)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "widths": [tuple, list, None],
        **{name: [str, None] for name in ("activation", "optimizer")},
        **{name: [FRACTION, None] for name in ("slope", "norm_momentum")},
        **{name: [FRACTION] for name in ("dropout", "label_smoothing", "label_noise")},
        "norm": [_NORM],
        "separate_batches": ["boolean"],
        "steps": [COUNT],
        "learning_rate": [_RATE],
        "betas": [tuple, list, None],
        "clip": [_POSITIVE, None],
        "penalty": [str],
        "penalty_weight": [NOT_NEGATIVE, None],
    }

    widths: tuple[int, ...] | None = None
    activation: str | None = None
    slope: float | None = None
    norm: str = "none"
    norm_momentum: float | None = None
    dropout: float = 0.0
    separate_batches: bool = False
    steps: int = 1
    optimizer: str | None = None
    learning_rate: float = 0.001
    betas: tuple[float, float] | None = None
    clip: float | None = None
    penalty: str = "auto"
    penalty_weight: float | None = None
    label_smoothing: float = 0.0
    label_noise: float = 0.0

    batch_norm = property(lambda self: self.norm == "batch")
    layer_norm = property(lambda self: self.norm == "layer")

    def completed(self, generator: Generator) -> Critic:
        """Copy the critic with the generator's values of all parameters that are None here and shared.

        These are widths (of its cells, if it has any; in reverse on a grid), activation, slope, momentum of
        norms, optimiser and betas. What is left None belongs to the penalty, or means that weights are not
        clipped.
        """
        given, usual = self.get_params(), generator.get_params()
        widths = generator.hidden_widths
        usual["widths"] = widths if generator.grid is None else widths[::-1]
        shared = ("widths", "activation", "slope", "norm_momentum", "optimizer", "betas")
        return Critic(**given | {name: usual[name] for name in shared if given[name] is None})
