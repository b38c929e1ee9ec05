"""Cells of a generator as plain values, which networks for tables and for grids read alike."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellShape:
    """Two layers and what goes past them (Gong et al. 2019); the defaults are those of ``gans.parts.Cell``.

    ``skips`` are the positions of earlier cells whose first layer is added to the first layer of this one.
    ``kernel`` and ``upsampling`` mean something on grids only.
    """

    width: int  # hidden units, on a grid channels
    order: str = "post"  # "post": normalisation and activation after each layer; "pre": before it
    norm: str = "none"  # or "batch", "layer", "conditional": batch, with a gain and shift of every class
    activation: str = "leaky_relu"  # name in ``ACTIVATIONS``
    shortcut: bool = True  # add the cell's input to its output
    skips: tuple[int, ...] = ()
    kernel: int = 3  # height and width of convolutions
    upsampling: str = "nearest"  # or "bilinear", "transposed": how the sides of the grid are doubled
