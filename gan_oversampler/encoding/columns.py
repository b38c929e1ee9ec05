"""The kinds of columns, one of which is inferred from the cells: constant, categorical, numeric or time.

Every kind turns cells into encoded float32 rows and rows back into cells; no kind knows the container that
the cells came from.
"""

from collections.abc import Hashable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import Constant, learn_categorical
from gan_oversampler.encoding.cells import NO_CLASSES, Cells, ClassRows
from gan_oversampler.encoding.datetime import DateTime
from gan_oversampler.encoding.identifiers import warn_of_identifiers
from gan_oversampler.encoding.layout import Block, EncodedRows
from gan_oversampler.encoding.numeric import learn_numeric
from gan_oversampler.encoding.wide_integers import learn_integers


class Column(Protocol):
    """A learned column, which encodes and decodes its cells.

    Constant, Categorical, Numeric, WideInteger and DateTime are such columns.
    """

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers or truth values."""

    @property
    def n_values(self) -> int | None:
        """How many different cells can be decoded, missing ones included; None: any number."""

    def block(self, start: int) -> Block:
        """Return which encoded columns this column takes if the first of them is number ``start``.

        The block of a constant column has width 0, since such a column needs no encoded column.
        """

    def encode(self, cells: Cells) -> EncodedRows:
        """Return ``n`` cells as ``n`` valid encoded rows, as wide as the block.

        Raises ``ValueError`` for cells that cannot be encoded: infinity, levels that were not seen when
        the column was learned, and missing cells if there were none then.
        """

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        """Return ``n`` encoded rows, as wide as the block, as ``n`` cells in the learned range.

        Rows of any finite numbers can be decoded; the largest state of a group counts. Random decisions,
        such as which of several rare levels a state stands for, are drawn from ``rng``. They may depend on
        the class of each row, whose code is in ``codes``; None: no class is known.
        """

    def step(self, rows: EncodedRows, by: NDArray[np.intp]) -> EncodedRows:
        """Return ``n`` valid encoded rows with the value, or the level, so many steps ``(n,)`` away.

        Missing cells stay, and so does a row where there is no such value in the learned range.
        """


def learn_column(
    name: Hashable, cells: Cells, *, categorical: bool = False, drawn: ClassRows = NO_CLASSES
) -> Column:
    """Infer the kind of a column from its cells and learn the column.

    A column of one value is constant. Labels are categorical, as are numbers of two values, and cells of
    all types if ``categorical`` is true; dates and durations are times, all other columns are numeric.
    ``drawn`` holds the positions of the rows of each class that new rows are drawn of.
    Raises ``ValueError``, naming the column, if values are infinite or texts look like identifiers; integers
    that do so are a warning.

    Examples
    --------
    >>> cells = Cells(np.arange(5.0), np.zeros(5, dtype=bool))
    >>> learn_column("age", cells).block(0)
    Block(column='age', start=0, n_states=0, pinned=(0.0,), has_missing=False)
    """
    if cells.missing.all():
        return Constant(name, Cells(cells.values[:1], cells.missing[:1], cells.category))
    if cells.is_label or categorical:
        return learn_categorical(name, cells, ids_allowed=categorical or cells.category, drawn=drawn)
    if cells.is_time:
        return DateTime.learn(name, cells, drawn)
    if cells.values.dtype.kind in "iu":
        warn_of_identifiers(name, cells.present)
        return learn_integers(name, cells, drawn)
    return learn_numeric(name, cells, drawn)
