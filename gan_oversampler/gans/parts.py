"""The two networks of a GAN as values: how the generator and the critic are built and trained."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from gan_oversampler.nn.image_grid import Grid

_FRACTION = Interval(Real, 0, 1, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_NORM = StrOptions({"none", "batch", "layer"})


@dataclass(eq=False, repr=False, kw_only=True)
class Generator(BaseEstimator):
    """Network and training of a generator; the ``generator`` of a :class:`GAN`.

    Parameters
    ----------
    widths : tuple of int, default=(64, 64)
        Hidden units per layer. With a ``grid`` channels per layer, each of which doubles the sides of the
        grid.
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
        "grid": [tuple, list, StrOptions({"square"}), None],
        "latent": [_COUNT],
        "latent_law": [str],
        "activation": [str],
        "slope": [_FRACTION],
        "norm": [_NORM],
        "norm_momentum": [_FRACTION],
        "correction_bound": [_POSITIVE],
        "optimizer": [str],
        "learning_rate": [_POSITIVE, None],
        "geometry_rate": [_POSITIVE],
        "betas": [tuple, list],
        "ema": [_FRACTION],
    }

    widths: tuple[int, ...] = (64, 64)
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
    def batch_norm(self) -> bool:
        """Whether hidden units are normalised over the batch."""
        return self.norm == "batch"

    @property
    def layer_norm(self) -> bool:
        """Whether rows are normalised over the hidden units."""
        return self.norm == "layer"


@dataclass(eq=False, repr=False, kw_only=True)
class Critic(BaseEstimator):
    """Network and training of a critic; the ``critic`` of a :class:`GAN`.

    Parameters
    ----------
    widths : tuple of int, default=None
        Hidden units per layer; None takes the generator's. With a ``grid`` channels per layer, each of which
        halves the sides of the grid; None then takes the generator's in reverse. The narrowest hidden layer
        of an autoencoder (``loss="ebgan"``, ``"began"``) is its code.
    activation : str, default=None
        As for the generator; None takes the generator's.
    slope : float, default=None
        Of ``leaky_relu`` below zero; None takes the generator's.
    norm : {"none", "batch", "layer"}, default="none"
        Normalisation after each hidden layer. A penalty, which measures the slope at each row, does not go
        with batches.
    norm_momentum : float, default=None
        Share of the running statistics that a batch leaves as it is; None takes the generator's.
    dropout : float, default=0.0
        Share of units silenced after each hidden layer but the first.
    separate_batches : bool, default=False
        Whether real and new rows are shown in batches of their own instead of a joint one; only possible
        with ``norm="batch"``, because nothing else could tell.
    steps : int, default=1
        Critic updates per generator update.
    optimizer : {"adam", "rmsprop", "sgd"}, default=None
        None takes the generator's.
    learning_rate : float, default=1e-3
        Step size.
    betas : tuple of float, default=None
        Decay rates, as for the generator; None takes the generator's.
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
        "activation": [str, None],
        "slope": [_FRACTION, None],
        "norm": [_NORM],
        "norm_momentum": [_FRACTION, None],
        "dropout": [_FRACTION],
        "separate_batches": ["boolean"],
        "steps": [_COUNT],
        "optimizer": [str, None],
        "learning_rate": [_POSITIVE],
        "betas": [tuple, list, None],
        "clip": [_POSITIVE, None],
        "penalty": [str],
        "penalty_weight": [Interval(Real, 0, None, closed="left"), None],
        "label_smoothing": [_FRACTION],
        "label_noise": [_FRACTION],
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

    @property
    def batch_norm(self) -> bool:
        """Whether hidden units are normalised over the batch."""
        return self.norm == "batch"

    @property
    def layer_norm(self) -> bool:
        """Whether rows are normalised over the hidden units."""
        return self.norm == "layer"

    def completed(self, generator: Generator) -> Critic:
        """Copy the critic with the generator's widths, activation and optimiser where it has None."""
        widths = tuple(generator.widths) if generator.grid is None else tuple(generator.widths)[::-1]
        usual = {
            "widths": widths,
            **{name: getattr(generator, name) for name in ("activation", "slope", "norm_momentum")},
            **{name: getattr(generator, name) for name in ("optimizer", "betas")},
        }
        given = self.get_params()
        return Critic(**{**given, **{k: v for k, v in usual.items() if given[k] is None}})
