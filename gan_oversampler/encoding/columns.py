"""What a column is, learned from its cells: a constant, a categorical, a number, or a time.

Every kind turns cells into encoded float32 rows and rows back into cells; no kind knows the container that
the cells came from.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

import numpy as np

from gan_oversampler.encoding.categorical import Constant, learn_categorical
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.datetime import DateTime
from gan_oversampler.encoding.layout import Block, EncodedRows
from gan_oversampler.encoding.numeric import learn_numeric


class Column(Protocol):
    """What was learned of one column, which is all that is needed to encode and decode it."""

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers or truth values."""

    def block(self, start: int) -> Block:
        """Return the encoded columns of this column if they begin at column ``start``.

        The block has width 0 if the column needs no encoded column because it is constant.
        """

    def encode(self, cells: Cells) -> EncodedRows:
        """Return ``n`` cells as ``n`` encoded rows, as wide as the block, with valid states and values.

        Raises ``ValueError`` for cells that have no code: infinity, levels that were not seen when the
        column was learned, or missing cells if there were none then.
        """

    def decode(self, rows: EncodedRows, rng: np.random.Generator) -> Cells:
        """Return ``n`` encoded rows, as wide as the block, as ``n`` cells in the range that was learned.

        Any finite numbers can be decoded: of states the largest counts. What the code leaves open, such
        as which of several rare levels a state stands for, is drawn from ``rng``.
        """


def learn_column(name: Hashable, cells: Cells, *, categorical: bool = False) -> Column:
    """Infer the kind of a column from its cells and learn the column.

    Labels are categorical, as are numbers of two values and, if ``categorical``, all cells; dates and
    durations are times, all else are numbers, and a column of one value is constant. Raises
    ``ValueError``, naming the column, if values are infinite or texts look like identifiers.

    Examples
    --------
    >>> cells = Cells(np.arange(5.0), np.zeros(5, dtype=bool))
    >>> learn_column("age", cells).block(0)
    Block(column='age', start=0, n_states=0, pinned=(0.0,))
    """
    if cells.missing.all():
        return Constant(name, Cells(cells.values[:1], cells.missing[:1], cells.category))
    if cells.is_label or categorical:
        return learn_categorical(name, cells, ids_allowed=categorical or cells.category)
    if cells.is_time:
        return DateTime.learn(name, cells)
    return learn_numeric(name, cells)
