"""Reading a user's table column by column, and writing new rows in the same container."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Protocol

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import _num_samples

from gan_oversampler.encoding.cells import CellFormat, Cells, read_array
from gan_oversampler.encoding.dataframes import FrameTable, PandasTable

MAX_DENSE_BYTES: Final = 1e9  # of a sparse matrix once it is dense; a fit takes up to three times as much


class Container(Protocol):
    """The type, column names and dtypes of a user's table: array, pandas, Arrow or other frame."""

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Names of the columns, or their positions if the container has no names."""

    @property
    def zones(self) -> tuple[Any, ...]:
        """Time zone of each column, None where there is none."""

    @property
    def formats(self) -> tuple[CellFormat, ...]:
        """How the cells of each column are stored."""

    def build(self, columns: Sequence[Cells]) -> Any:
        """Return a table of the given cells in the container and with the dtypes that were learned.

        ``columns`` holds the cells of each column in the order of ``names``, all of one length ``n``;
        the table has ``n`` rows.
        """

    def join(self, parts: Iterable[Any], n: int) -> Any:
        """Return the rows of all parts, one after the other, as one table of ``n`` rows.

        Parts are tables of the learned container, such as `build` makes; none is changed. They are read once,
        so that an iterator needs no memory for those to come. Row labels of data frames are numbered anew,
        from 0 on.
        """


def read_table(X: Any) -> tuple[Container, list[Cells]]:
    """Learn the container of a table and return it with the cells of each column.

    ``X`` may be a pandas frame, another eager frame that narwhals knows, a 2-D array, a list of rows, or
    a sparse matrix. Raises ``TypeError`` for a lazy frame, and ``ValueError`` if ``X`` has no row or no
    column, is not two-dimensional, or has duplicate column names or cells that are no single values.

    Examples
    --------
    >>> X = [[1, "a"], [2, "b"]]
    >>> container, columns = read_table(X)
    >>> container.join([X, container.build(columns)], 4)
    [[1, 'a'], [2, 'b'], [1, 'a'], [2, 'b']]
    """
    check_table(X)
    container: Container
    if isinstance(X, pd.DataFrame):
        container, columns = PandasTable.read(X)
    elif nw.dependencies.is_pyarrow_table(X):
        from gan_oversampler.encoding.arrow import ArrowTable

        container, columns = ArrowTable.read(X)
    elif isinstance(nw.from_native(X, pass_through=True), nw.DataFrame):
        container, columns = FrameTable.read(X)
    else:
        container, columns = ArrayTable.read(X)
    if not columns:
        raise ValueError(
            "X must have at least one row and one column, got no column. Pass the table that the new rows are"
            " to resemble."
        )
    return container, columns


def check_table(X: Any) -> None:
    """Refuse what cannot be a table, and say what to pass instead, before other libraries look at it.

    Raises ``TypeError`` for a lazy frame, a collection of Dask or a record batch, and ``ValueError`` if there
    are no rows or duplicate column names, for rows of several lengths, and for a sparse matrix that would
    take more than a gigabyte as a dense one.

    Examples
    --------
    >>> check_table(pd.DataFrame([[1, 2]], columns=["age", "age"]))
    Traceback (most recent call last):
        ...
    ValueError: Column names must be unique, got duplicates of ['age']. Rename or drop them.
    """
    is_arrow = nw.dependencies.is_pyarrow_table(X)
    # Other libraries have no frames of duplicate names.
    names = (
        pd.Index(X.column_names) if is_arrow else X.columns if isinstance(X, pd.DataFrame) else pd.Index([])
    )
    if not names.is_unique:
        twice = names[names.duplicated()].unique().tolist()
        raise ValueError(f"Column names must be unique, got duplicates of {twice}. Rename or drop them.")
    kind, pyarrow = type(X).__name__, nw.dependencies.get_pyarrow()
    if is_dask(X):
        raise TypeError(
            f"X must be a table in memory, got a {kind} of Dask, which only `fit` and `fit_resample` take."
            " Call `.compute()`, on a part of it if all is too large."
        )
    if isinstance(nw.from_native(X, pass_through=True), nw.LazyFrame):
        raise TypeError(f"X must be a table in memory, got the lazy {kind}. Call `.collect()`.")
    if pyarrow is not None and isinstance(X, pyarrow.RecordBatch):
        raise TypeError(f"X must be a table, got a {kind}. Pass `pyarrow.Table.from_batches([X])`.")
    if sparse.issparse(X) and (n_bytes := np.prod(X.shape, dtype=float) * X.dtype.itemsize) > MAX_DENSE_BYTES:
        raise ValueError(
            f"A sparse X is made dense, which may take {MAX_DENSE_BYTES / 1e9:g} GB: got one of shape"
            f" {X.shape} and dtype {X.dtype}, {n_bytes / 1e9:.1f} GB. Reduce its columns before, for instance"
            " by SelectKBest or TruncatedSVD in a pipeline, or pass X.toarray() if memory is no matter."
        )
    if _num_samples(X) < 1:
        raise ValueError(
            "X must have at least one row and one column, got 0 sample(s). Pass the table that the new rows"
            " are to resemble."
        )
    if not hasattr(X, "columns"):  # frames stay whole for the encoder
        _check_cells(X)


def _check_cells(X: Any) -> None:
    """Refuse what scikit-learn refuses in arrays and lists; say what is wrong with bytes and uneven rows."""
    try:
        check_array(X, dtype=None, accept_sparse=["csr", "csc"], ensure_all_finite=False)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"X holds bytes that are no text ({error}). Decode them, or drop the column."
        ) from error
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(
            "X must be a table: rows of equally many cells, each a single value. Some rows are longer"
            " than others, or hold lists. Give one value per cell."
        ) from error


def is_dask(*given: Any) -> bool:
    """Tell whether any argument is a collection of Dask, without importing Dask.

    >>> is_dask(pd.DataFrame(), [1, 2])
    False
    """
    return any(type(value).__module__.partition(".")[0] == "dask" for value in given)


def rows_at(X: Any, rows: NDArray[np.intp]) -> Any:
    """Return the rows of a table at these positions, unchanged and in the same container.

    Examples
    --------
    >>> rows_at([[1, "a"], [2, "b"]], np.array([1, 1]))
    [[2, 'b'], [2, 'b']]
    """
    if nw.dependencies.is_pyarrow_table(X):
        from gan_oversampler.encoding.arrow import take_arrow

        return take_arrow(X, rows)
    is_fixed = sparse.issparse(X) and X.format not in ("csr", "csc", "lil")  # cannot be indexed
    return _safe_indexing(X.tocsr() if is_fixed else X, rows)


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
        pairs = [read_array(column) for column in array.T]  # views: a large table is not copied
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

    def join(self, parts: Iterable[Any], n: int) -> Any:
        if self.container is list:
            return [*chain.from_iterable(parts)]
        if self.container is not np.ndarray:
            kept = list(parts)
            return sparse.vstack(kept, format=kept[0].format, dtype=kept[0].dtype)
        joined, start = np.empty((n, len(self.formats)), self.dtype), 0
        for part in parts:
            joined[start : start + len(part)] = part
            start += len(part)
        return joined


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
