"""Where encoded columns lie on a grid, for columns that are the cells of an image."""

# B row, F encoded column, K plane, H height, W width

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from gan_oversampler.encoding.layout import Layout

Grid = tuple[int, int] | list[int] | Literal["square"]
Shape = tuple[int, int, int]  # planes, height, width


@dataclass(frozen=True)
class Canvas:
    """Encoded columns as planes over the cells of a grid: first of values, then of one-hot states."""

    height: int  # cells
    width: int
    n_planes: int  # one, and as many as the column with the most states has
    places: tuple[int, ...]  # position of each encoded column in the flattened planes

    shape = property(lambda self: (self.n_planes, self.height, self.width))
    _index = cached_property(lambda self: torch.tensor(self.places))

    @classmethod
    def of(cls, layout: Layout, grid: Grid) -> Canvas:
        """Lay out the encoded columns of a table on a grid, whose cells are the user's columns row by row.

        Constant columns hold nothing to generate and are drawn as zero. A grid with more or fewer cells than
        the table has columns raises ``ValueError``.
        """
        height, width = sides(layout.columns, grid)
        cell_of = {column: cell for cell, column in enumerate(layout.columns)}
        n_cells, places = height * width, []
        for block in layout.blocks:
            planes = [*range(1, 1 + block.n_states), *([] if block.value is None else [0])]
            places += [plane * n_cells + cell_of[block.column] for plane in planes]
        most = max((block.n_states for block in layout.blocks), default=0)
        return cls(height, width, 1 + most, tuple(places))

    def paint(self, rows_BF: Tensor) -> Tensor:
        """Arrange encoded rows as planes ``(B, K, H, W)``, with zero where no encoded column lies.

        >>> canvas = Canvas(1, 3, n_planes=1, places=(0, 2))  # the middle cell is constant
        >>> canvas.paint(torch.tensor([[5.0, 7.0]]))
        tensor([[[[5., 0., 7.]]]])
        """
        flat = rows_BF.new_zeros(len(rows_BF), math.prod(self.shape))
        return flat.index_copy(1, self._index.to(rows_BF.device), rows_BF).unflatten(1, self.shape)

    def read(self, planes_BKHW: Tensor) -> Tensor:
        """Read encoded rows ``(B, F)`` from planes, the opposite of ``paint``.

        Values where no encoded column lies are ignored, such as those that a decoder draws at constant cells.
        """
        return planes_BKHW.flatten(1).index_select(1, self._index.to(planes_BKHW.device))


def sides(columns: Sequence[Hashable], grid: Grid) -> tuple[int, int]:
    """Height and width of the grid that columns form, or ``ValueError`` if it has not one cell per column.

    >>> sides("abcdefghi", "square"), sides("abcdef", (2, 3))
    ((3, 3), (2, 3))
    """
    n = len(columns)
    height, width = (math.isqrt(n),) * 2 if isinstance(grid, str) else map(int, grid)
    if height * width == n:
        return height, width
    asked = "a square" if isinstance(grid, str) else f"a grid of {height} x {width} = {height * width} cells"
    raise ValueError(
        f"The columns of X must form {asked}, row by row; X has {n}."
        " Give Generator(grid=(height, width)) for them, or grid=None for networks without convolutions."
    )
