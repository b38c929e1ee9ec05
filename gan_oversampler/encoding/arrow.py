"""Columns of Apache Arrow in tables of pyarrow and in frames of pandas; imported only where there are any."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import types

from gan_oversampler.encoding.cells import CellFormat, Cells, read_array, read_objects


@dataclass(frozen=True, slots=True, eq=False)
class ArrowTable:
    """The schema of a pyarrow table, which new tables are built with.

    ``template`` is the table without its rows, but with the dictionaries of its columns, and ``formats``
    holds the format of each column. The methods are those of `Container`.

    Examples
    --------
    >>> X = pa.table({"city": pa.array(["Rome", "Oslo"], pa.large_string())})
    >>> table, columns = ArrowTable.read(X)
    >>> table.join([X, table.build(columns)], 4).column("city").to_pylist()
    ['Rome', 'Oslo', 'Rome', 'Oslo']
    """

    template: pa.Table
    formats: tuple[CellFormat, ...]

    @classmethod
    def read(cls, X: pa.Table) -> tuple[ArrowTable, list[Cells]]:
        """Learn a table and read its columns; a type without single values raises ``ValueError``."""
        pairs = [read_arrow(name, column) for name, column in zip(X.column_names, X.columns, strict=True)]
        # A slice of no rows would keep all of them in memory.
        empty = pa.Table.from_arrays([_without_cells(column) for column in X.columns], schema=X.schema)
        return cls(empty, tuple(stored for _, stored in pairs)), [cells for cells, _ in pairs]

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(self.template.column_names)

    @property
    def zones(self) -> tuple[Any, ...]:
        return tuple(getattr(field.type, "tz", None) for field in self.template.schema)

    def build(self, columns: Sequence[Cells]) -> pa.Table:
        parts = zip(columns, self.formats, self.template.columns, strict=True)
        return pa.Table.from_arrays([write_arrow(*part) for part in parts], schema=self.template.schema)

    def join(self, parts: Iterable[pa.Table], n: int) -> pa.Table:
        return pa.concat_tables(parts)


def read_arrow(name: Hashable, column: pa.ChunkedArray) -> tuple[Cells, CellFormat]:
    """Read a column as cells, with the format to write new ones.

    Nulls and NaN are missing cells; the new ones are nulls if any of these were. Times of day are read as
    durations since midnight, dictionary columns as categories. Raises ``ValueError``, naming the column, if
    its type has no single values, like lists, or is unknown here.

    Examples
    --------
    >>> cells, _ = read_arrow("x", pa.chunked_array([[1, None]]))
    >>> cells.values.tolist(), cells.missing.tolist()
    ([1, 0], [False, True])
    """
    kind, missing = column.type, np.asarray(column.is_null())
    if types.is_dictionary(kind):
        read_arrow(name, pa.chunked_array([], kind.value_type))  # refuses what has no single values
    if types.is_dictionary(kind) or _is_label(kind):
        objects = np.fromiter(column.to_pylist(), dtype=object, count=len(column))
        return read_objects(objects, category=types.is_dictionary(kind))
    if types.is_boolean(kind) or types.is_integer(kind):
        values = pc.fill_null(column, pa.scalar(0).cast(kind)).to_numpy()
    elif types.is_time(kind):
        ticks = column.cast(_ticks(kind)).fill_null(0).to_numpy()
        values = ticks.astype(f"timedelta64[{kind.unit}]")
    elif (
        types.is_floating(kind) or types.is_date(kind) or types.is_timestamp(kind) or types.is_duration(kind)
    ):
        values = column.to_numpy()
    else:
        raise ValueError(
            f"Column {name!r} has the Arrow type {kind}, whose cells are no single numbers, texts, dates or"
            " truth values. Cast it to such a type, spread it over several columns, or drop it."
        )
    cells, stored = read_array(values)
    marker = None if missing.any() else np.nan
    return replace(cells, missing=cells.missing | missing), replace(stored, marker=marker)


def write_arrow(cells: Cells, stored: CellFormat, like: pa.ChunkedArray) -> pa.Array:
    """Write cells as an array of the type of ``like``, which needs no cells, and with its dictionary."""
    values, kind = stored.restore(cells), like.type
    if types.is_dictionary(kind):
        return _write_dictionary(values, like)
    if values.dtype.kind == "O":
        return pa.array(values.tolist(), kind)
    if types.is_time(kind):
        ticks = _ticks(kind)
        return pa.array(values.astype(ticks.to_pandas_dtype()), ticks, mask=cells.missing).cast(kind)
    # Missing times are NaT already, and missing floats NaN, which may differ from null.
    is_null = cells.missing if values.dtype.kind in "biuf" and stored.marker is None else None
    return pa.array(values, kind, mask=is_null)


def take_arrow(data: Any, rows: NDArray[np.intp]) -> Any:
    """Return the rows at these positions of a table, an array or a chunked array.

    Columns of views, which pyarrow cannot index in all versions, take the way over another type of text.
    """
    if isinstance(data, pa.Table):
        return pa.Table.from_arrays([take_arrow(part, rows) for part in data.columns], schema=data.schema)
    views = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    if data.type in views:
        return data.cast(views[data.type]).take(pa.array(rows)).cast(data.type)
    return data.take(pa.array(rows))


def stack_arrow(first: Any, second: Any) -> Any:
    """Return two tables, arrays or chunked arrays of one type as one, in this order."""
    if isinstance(first, pa.Table):
        return pa.concat_tables([first, second])
    if isinstance(first, pa.ChunkedArray):
        return pa.chunked_array([*first.chunks, *second.chunks], first.type)
    return pa.concat_arrays([first, second])


def _is_label(kind: pa.DataType) -> bool:
    """Whether the cells of a type are read as Python objects: texts, bytes, decimals, and nulls only."""
    texts = types.is_string(kind), types.is_large_string(kind), types.is_string_view(kind)
    blobs = types.is_binary(kind), types.is_large_binary(kind), types.is_binary_view(kind)
    return any(
        (*texts, *blobs, types.is_fixed_size_binary(kind), types.is_decimal(kind), types.is_null(kind))
    )


def _write_dictionary(values: NDArray[Any], like: pa.ChunkedArray) -> pa.Array:
    """Array with the learned dictionary, so that an ordered one keeps its order, and maybe more entries."""
    cells = pa.array(values.tolist(), like.type.value_type)
    known = like.chunk(0).dictionary if like.num_chunks else cells.slice(0, 0)
    entries = pc.drop_null(pc.unique(pa.concat_arrays([known, cells])))
    codes = pc.index_in(cells, entries, skip_nulls=True).cast(like.type.index_type)
    return pa.DictionaryArray.from_arrays(codes, entries, ordered=like.type.ordered)


def _without_cells(column: pa.ChunkedArray) -> pa.Array:
    """An array of the same type without cells, but with all entries of a dictionary."""
    kind = column.type
    if not types.is_dictionary(kind) or not column.num_chunks:
        return pa.nulls(0, kind)
    entries = column.unify_dictionaries().chunk(0).dictionary
    return pa.DictionaryArray.from_arrays(pa.nulls(0, kind.index_type), entries, ordered=kind.ordered)


def _ticks(time_of_day: pa.DataType) -> pa.DataType:
    """The integers that a type of times of day can be cast to, and from."""
    return pa.int32() if time_of_day.bit_width == 32 else pa.int64()
