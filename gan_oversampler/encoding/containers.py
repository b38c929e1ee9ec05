"""Reading a user table column by column, and writing new rows in the same container."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from gan_oversampler.encoding.cells import (
    Cells,
    ObjectForm,
    object_array,
    read_array,
    read_objects,
    restore_array,
)
from gan_oversampler.encoding.dataframes import FrameTable, PandasTable


class Container(Protocol):
    """What was learned of a user table besides its values: container, column names, dtypes."""

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Column names; positions where the container has none."""

    def columns(self, X: Any) -> list[Cells]:
        """Cells of each column."""

    def build(self, columns: Sequence[Cells]) -> Any:
        """A table of these cells only, in the container and dtypes that were learned."""

    def stack(self, X: Any, new: Any) -> Any:
        """The rows of ``X``, unchanged, followed by the new ones."""


def container_of(X: Any) -> Container:
    """Learn the container of a table.

    Examples
    --------
    >>> X = [[1, "a"], [2, "b"]]
    >>> table = container_of(X)
    >>> table.stack(X, table.build(table.columns(X)))
    [[1, 'a'], [2, 'b'], [1, 'a'], [2, 'b']]
    """
    container = _container_of(X)
    _refuse_empty(X)
    return container


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """A two-dimensional NumPy array of any dtype.

    Examples
    --------
    >>> X = np.array([[1, 0], [2, 5]], dtype="int16")
    >>> table = ArrayTable.of(X)
    >>> table.build(table.columns(X)).dtype
    dtype('int16')
    """

    dtype: np.dtype[Any]
    forms: tuple[ObjectForm, ...]

    @classmethod
    def of(cls, X: NDArray[Any]) -> ArrayTable:
        if X.dtype.kind != "O":
            return cls(X.dtype, (ObjectForm(),) * X.shape[1])
        return cls(X.dtype, tuple(read_objects(column)[1] for column in X.T))

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(range(len(self.forms)))

    def columns(self, X: Any) -> list[Cells]:
        return [read_array(column) for column in np.ascontiguousarray(_array(X).T)]

    def build(self, columns: Sequence[Cells]) -> NDArray[Any]:
        built = np.empty((len(columns), len(columns[0])), dtype=self.dtype)
        for row, cells, form in zip(built, columns, self.forms, strict=True):
            is_object = self.dtype.kind == "O"
            row[:] = form.restore(cells) if is_object else restore_array(cells, self.dtype)
        return np.ascontiguousarray(built.T)

    def stack(self, X: Any, new: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([_array(X), new])


@dataclass(frozen=True, slots=True)
class ListTable:
    """A list of rows; each column is read like an object column.

    Examples
    --------
    >>> table = ListTable.of([[0.5, True]])
    >>> table.build(table.columns([[0.5, True]]))
    [[0.5, True]]
    """

    cells: ArrayTable

    @classmethod
    def of(cls, X: Sequence[Any]) -> ListTable:
        return cls(ArrayTable.of(_rows(X)))

    @property
    def names(self) -> tuple[Hashable, ...]:
        return self.cells.names

    def columns(self, X: Sequence[Any]) -> list[Cells]:
        return self.cells.columns(_rows(X))

    def build(self, columns: Sequence[Cells]) -> list[list[Any]]:
        return [list(row) for row in self.cells.build(columns)]

    def stack(self, X: Sequence[Any], new: list[Any]) -> list[Any]:
        return [*X, *new]


@dataclass(frozen=True, slots=True)
class SparseTable:
    """A SciPy sparse matrix or array; dense while it is worked on.

    Examples
    --------
    >>> X = sparse.csr_array(np.eye(2))
    >>> table = SparseTable.of(X)
    >>> type(table.stack(X, table.build(table.columns(X)))).__name__
    'csr_array'
    """

    cells: ArrayTable
    sparse_type: type[Any]

    @classmethod
    def of(cls, X: Any) -> SparseTable:
        # No row is needed: a sparse container holds numbers, which have no object form.
        return cls(ArrayTable.of(np.empty((0, X.shape[1]), dtype=X.dtype)), type(X))

    @property
    def names(self) -> tuple[Hashable, ...]:
        return self.cells.names

    def columns(self, X: Any) -> list[Cells]:
        return self.cells.columns(X.toarray())

    def build(self, columns: Sequence[Cells]) -> Any:
        return self.sparse_type(self.cells.build(columns))

    def stack(self, X: Any, new: Any) -> Any:
        return sparse.vstack([X, new], format=X.format, dtype=X.dtype)


def _container_of(X: Any) -> Container:
    if isinstance(X, pd.DataFrame):
        _refuse_duplicates(X.columns)
        return PandasTable.of(X)
    if sparse.issparse(X):
        return SparseTable.of(X)
    if isinstance(X, (list, tuple)):
        return ListTable.of(X)
    if _is_frame(X):
        return FrameTable.of(X)
    return ArrayTable.of(_array(X))


def _is_frame(X: Any) -> bool:
    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        raise TypeError(f"X must be a table in memory, got the lazy {type(X).__name__}. Call `.collect()`.")
    return isinstance(frame, nw.DataFrame)


def _array(X: Any) -> NDArray[Any]:
    array = np.asarray(X)
    if array.ndim != 2:
        raise ValueError(
            f"X must be a table with rows and columns: expected 2D array, got {array.ndim}D array"
            f" of shape {array.shape} instead. Reshape your data, e.g. `X.reshape(-1, 1)`."
        )
    return array


def _rows(X: Sequence[Any]) -> NDArray[Any]:
    """Object array of a list of rows; NumPy itself would turn ``[1, "a"]`` into text."""
    rows = [object_array(row) for row in X if np.iterable(row) and not isinstance(row, str)]
    lengths = sorted({len(row) for row in rows})
    if len(rows) != len(X) or len(lengths) > 1:
        raise ValueError(
            "A list X must hold rows of equal length: expected 2D array, got rows of lengths"
            f" {lengths} and {len(X) - len(rows)} items that are no rows. Pass one list per row."
        )
    return np.array(rows, dtype=object).reshape(len(rows), lengths[0] if lengths else 0)


def _refuse_duplicates(names: Sequence[Hashable]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"Column names must be unique, got duplicates of {twice}. Rename or drop them.")


def _refuse_empty(X: Any) -> None:
    n_rows, n_columns = X.shape if hasattr(X, "shape") else (len(X), len(X[0]) if X else 0)
    if n_rows == 0 or n_columns == 0:
        raise ValueError(
            f"X must have at least one row and one column, got {n_rows} rows and {n_columns}"
            " columns. Pass the table that the new rows are to resemble."
        )
