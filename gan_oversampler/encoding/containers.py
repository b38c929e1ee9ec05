"""Reading a user's table column by column, and writing new rows in the same container."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from gan_oversampler.encoding.cells import CellFormat, Cells, read_array
from gan_oversampler.encoding.dataframes import FrameTable, PandasTable


class Container(Protocol):
    """The type, column names and dtypes of a user's table: ArrayTable, PandasTable or FrameTable."""

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Names of the columns, or their positions if the container has no names."""

    @property
    def zones(self) -> tuple[Any, ...]:
        """Time zone of each column, None where there is none."""

    def build(self, columns: Sequence[Cells]) -> Any:
        """Return a table of the given cells in the container and with the dtypes that were learned.

        ``columns`` holds the cells of each column in the order of ``names``, all of one length ``n``;
        the table has ``n`` rows.
        """

    def stack(self, X: Any, new: Any) -> Any:
        """Return the rows of ``X``, unchanged, followed by the rows of ``new``.

        ``X`` is a table of the learned container and ``new`` one that `build` made; neither is changed.
        Row labels of data frames are numbered anew, from 0 on.
        """


def read_table(X: Any) -> tuple[Container, list[Cells]]:
    """Learn the container of a table and return it with the cells of each column.

    ``X`` may be a pandas frame, another eager frame that narwhals knows, a 2-D array, a list of rows, or
    a sparse matrix. Raises ``TypeError`` for a lazy frame, and ``ValueError`` if ``X`` has no row or no
    column, is not two-dimensional, or has duplicate column names.

    Examples
    --------
    >>> X = [[1, "a"], [2, "b"]]
    >>> container, columns = read_table(X)
    >>> container.stack(X, container.build(columns))
    [[1, 'a'], [2, 'b'], [1, 'a'], [2, 'b']]
    """
    container: Container
    if isinstance(X, pd.DataFrame):
        container, columns = PandasTable.read(X)
    elif isinstance(frame := nw.from_native(X, pass_through=True), nw.DataFrame):
        container, columns = FrameTable.read(X)
    elif isinstance(frame, nw.LazyFrame):
        raise TypeError(f"X must be a table in memory, got the lazy {type(X).__name__}. Call `.collect()`.")
    else:
        container, columns = ArrayTable.read(X)
    n_rows, n_columns = X.shape if hasattr(X, "shape") else (len(X), len(columns))
    if n_rows == 0 or n_columns == 0:
        raise ValueError(
            f"X must have at least one row and one column, got {n_rows} rows and {n_columns}"
            " columns. Pass the table that the new rows are to resemble."
        )
    return container, columns


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """A table without names: a 2-D NumPy array, a list of rows, or a SciPy sparse matrix or array.

    ``container`` is ``np.ndarray``, ``list``, or the class of the sparse matrix, which is made dense while
    it is worked on. ``dtype`` is that of the array; lists are read like object arrays. ``formats`` holds
    the format of each column. The methods are those of `Container`.

    Examples
    --------
    >>> table, columns = ArrayTable.read(sparse.csr_array(np.eye(2, dtype="int16")))
    >>> table.build(columns).dtype, table.container.__name__
    (dtype('int16'), 'csr_array')
    """

    container: type[Any]
    dtype: np.dtype[Any]
    formats: tuple[CellFormat, ...]

    @classmethod
    def read(cls, X: Any) -> tuple[ArrayTable, list[Cells]]:
        """Learn a table and read its columns; a table that is not two-dimensional is a ``ValueError``."""
        container: type[Any] = np.ndarray
        if sparse.issparse(X):
            array, container = X.toarray(), type(X)
        elif isinstance(X, (list, tuple)):
            array, container = _rows(X), list
        else:
            array = np.asarray(X)
        if array.ndim != 2:
            raise ValueError(
                f"X must be a table with rows and columns: expected 2D array, got {array.ndim}D array"
                f" of shape {array.shape} instead. Reshape your data, e.g. `X.reshape(-1, 1)`."
            )
        pairs = [read_array(column) for column in np.ascontiguousarray(array.T)]
        table = cls(container, array.dtype, tuple(stored for _, stored in pairs))
        return table, [cells for cells, _ in pairs]

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(range(len(self.formats)))

    @property
    def zones(self) -> tuple[Any, ...]:
        return tuple(stored.tz for stored in self.formats)

    def build(self, columns: Sequence[Cells]) -> Any:
        built = np.empty((len(columns), len(columns[0])), dtype=self.dtype)
        for row, cells, stored in zip(built, columns, self.formats, strict=True):
            row[:] = stored.restore(cells)
        rows = np.ascontiguousarray(built.T)
        if self.container is list:
            return rows.tolist()
        return rows if self.container is np.ndarray else self.container(rows)

    def stack(self, X: Any, new: Any) -> Any:
        if self.container is list:
            return [*X, *new]
        if self.container is np.ndarray:
            return np.concatenate([np.asarray(X), new])
        return sparse.vstack([X, new], format=X.format, dtype=X.dtype)


def _rows(X: Sequence[Any]) -> NDArray[Any]:
    """Object array of a list of rows; NumPy itself would turn ``[1, "a"]`` into text."""
    rows = [np.fromiter(row, dtype=object) for row in X if np.iterable(row) and not isinstance(row, str)]
    lengths = sorted({len(row) for row in rows})
    if len(rows) != len(X) or len(lengths) > 1:
        raise ValueError(
            "A list X must hold rows of equal length: expected 2D array, got rows of lengths"
            f" {lengths} and {len(X) - len(rows)} items that are no rows. Pass one list per row."
        )
    return np.array(rows, dtype=object).reshape(len(rows), lengths[0] if lengths else 0)
