"""What a column is, learned from its cells: a constant, levels, a number, or a time.

Every kind turns cells into encoded float32 rows and rows back into cells; no kind knows the
container that the cells came from.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

import numpy as np

from gan_oversampler.encoding.categorical import Constant, Rows, learn_levels
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.datetime import Time
from gan_oversampler.encoding.layout import Block
from gan_oversampler.encoding.numeric import learn_number


class Column(Protocol):
    """A learned column."""

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers or truth values."""

    def block(self, start: int) -> Block | None:
        """Place of the column among the encoded ones, ``None`` if it needs none."""

    def encode(self, cells: Cells) -> Rows:
        """``(n,)`` cells to ``(n, width)`` rows."""

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        """``(n, width)`` rows to ``(n,)`` cells."""


def learn_column(name: Hashable, cells: Cells, *, categorical: bool = False) -> Column:
    """Infer the kind of a column and learn it.

    Examples
    --------
    >>> cells = Cells(np.arange(5.0), np.zeros(5, dtype=bool))
    >>> learn_column("age", cells).block(0)
    Block(column='age', start=0, n_states=0, pinned=(0.0,))
    """
    if cells.missing.all():
        return Constant(name, Cells(cells.values[:1], cells.missing[:1], cells.category))
    if cells.is_label or categorical:
        return learn_levels(name, cells, ids_allowed=categorical or cells.category)
    if cells.is_time:
        return Time.learn(name, cells)
    return learn_number(name, cells)
