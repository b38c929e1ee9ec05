"""Forms of tables: frames of pandas, polars and Arrow, sparse matrices, and the dtypes of narwhals."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import sparse

from gan_oversampler.persistence.arrow_streams import refuse_compressed
from gan_oversampler.persistence.packing import Form, Json, Packer, Unpacker
from gan_oversampler.persistence.values import SPARSE

DTYPES: Final[Mapping[str, type]] = MappingProxyType(
    {
        name: kind
        for name, kind in vars(nw.dtypes).items()
        if isinstance(kind, type) and issubclass(kind, nw.dtypes.DType)
    }
)

PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Array": ("inner", "shape"),
        "Datetime": ("time_unit", "time_zone"),
        "Decimal": ("precision", "scale"),
        "Duration": ("time_unit",),
        "Enum": ("categories",),
        "List": ("inner",),
        "Struct": ("fields",),
    }
)  # attributes that make a dtype

# --- pandas


def _write_cells(cells: Any, pack: Packer) -> Json:
    """Write a column, or the labels of an index, by its dtype."""
    return pack(cells.to_numpy() if isinstance(cells.dtype, np.dtype) else cells.array)


def _write_index(index: pd.Index, pack: Packer) -> Json:
    return [_write_cells(index, pack), pack(index.name)]


def _read_index(content: Json, unpack: Unpacker) -> pd.Index:
    cells, name = map(unpack, content)
    return pd.Index(cells, dtype=cells.dtype, name=name)


def _write_range(index: pd.RangeIndex, pack: Packer) -> Json:
    return [index.start, index.stop, index.step, pack(index.name)]


def _read_range(content: Json, unpack: Unpacker) -> pd.RangeIndex:
    *limits, name = content
    index = pd.RangeIndex(*limits, name=unpack(name))
    unpack.take(8 * len(index))  # it takes nothing by itself, but rows are counted by it
    return index


def _write_multi_index(index: pd.MultiIndex, pack: Packer) -> Json:
    return [
        pack(list(index.levels)),
        [pack.array(np.asarray(c)) for c in index.codes],
        pack(list(index.names)),
    ]


def _read_multi_index(content: Json, unpack: Unpacker) -> pd.MultiIndex:
    levels, codes, names = content
    return pd.MultiIndex(unpack(levels), [unpack.array(c) for c in codes], names=unpack(names))


def _write_frame(frame: pd.DataFrame, pack: Packer) -> Json:
    columns = [_write_cells(frame.iloc[:, j], pack) for j in range(frame.shape[1])]
    return [pack(frame.index), pack(frame.columns), columns]


def _read_frame(content: Json, unpack: Unpacker) -> pd.DataFrame:
    index, labels = map(unpack, content[:2])
    # Positions first, labels later: labels may occur twice, or be tuples.
    cells = dict(enumerate(map(unpack, content[2])))
    # A single value would fill an index of any length, so columns get it when they have theirs.
    built = {j: pd.Series(column, dtype=column.dtype).set_axis(index) for j, column in cells.items()}
    return pd.DataFrame(built, index=index).set_axis(labels, axis=1)


# --- other libraries, whose own formats hold every dtype


def _read_stream(content: Json, unpack: Unpacker) -> bytes:
    data = unpack.array(content).tobytes()
    refuse_compressed(data)
    return data


def _write_polars(frame: Any, pack: Packer) -> Json:
    frame.write_ipc_stream(stream := io.BytesIO())
    return pack.array(np.frombuffer(stream.getvalue(), np.uint8))


def _read_polars(content: Json, unpack: Unpacker) -> Any:
    import polars as pl

    data = _read_stream(content, unpack)
    try:
        return pl.read_ipc_stream(io.BytesIO(data))
    except pl.exceptions.PanicException as error:  # which is no ``Exception``
        raise ValueError(f"polars cannot read a table: {error}") from None


def _write_arrow(table: Any, pack: Packer) -> Json:
    import pyarrow as pa

    # A table without rows has no batches of its own, and with them the dictionaries of its columns would go.
    columns = [c.chunk(0) if c.num_chunks == 1 else c.combine_chunks() for c in table.columns]
    with pa.ipc.new_stream(stream := pa.BufferOutputStream(), table.schema) as writer:
        writer.write_batch(pa.record_batch(columns, schema=table.schema))
    return pack.array(np.frombuffer(stream.getvalue(), np.uint8))


def _read_arrow(content: Json, unpack: Unpacker) -> Any:
    import pyarrow as pa

    table = pa.ipc.open_stream(_read_stream(content, unpack)).read_all()
    table.validate(full=True)
    return table


def _read_arrow_container(content: Json, unpack: Unpacker) -> Any:
    from gan_oversampler.encoding.arrow import ArrowTable

    return ArrowTable(*map(unpack, content))


def _write_sparse(matrix: Any, pack: Packer) -> Json:
    rows = sparse.csr_array(matrix)
    parts = [pack(part) for part in (rows.data, rows.indices, rows.indptr)]
    return [parts, list(matrix.shape)]


def _sparse(kind: Any) -> Form:
    """Form of a class of sparse matrices, by way of compressed rows."""

    def read(content: Json, unpack: Unpacker) -> Any:
        parts, (n, width) = content
        rows = sparse.csr_array(tuple(map(unpack, parts)), shape=(n, width))
        rows.check_format()
        # Columns are only a number in a file; some layouts hold an index of them, one holds whole diagonals.
        n_lines = len(np.unique(rows.indices - rows.tocoo().row)) if "dia" in kind.__name__ else 1
        unpack.take(8 * width * max(n_lines, 1))
        return kind(rows)

    return Form(kind, _write_sparse, read, is_node=True)


def _write_dtype(dtype: Any, pack: Packer) -> Json:
    """Write a dtype of narwhals by its name and parameters."""
    name = type(dtype).__name__
    parts = [getattr(dtype, part) for part in PARAMETERS.get(name, ())]
    if name == "Struct":
        parts = [{field.name: field.dtype for field in dtype.fields}]
    return [name, [pack(part) for part in parts]]


def _read_dtype(content: Json, unpack: Unpacker) -> Any:
    name, parts = content
    return DTYPES[name](*map(unpack, parts))


TABLES: Final[Mapping[str, Form]] = MappingProxyType(
    {name: _sparse(kind) for name, kind in SPARSE.items()}
    | {
        "index": Form(pd.Index, _write_index, _read_index, subclasses=True),
        "range": Form(pd.RangeIndex, _write_range, _read_range),
        "multi-index": Form(pd.MultiIndex, _write_multi_index, _read_multi_index),
        "frame": Form(pd.DataFrame, _write_frame, _read_frame, is_node=True),
        "polars": Form("polars.dataframe.frame.DataFrame", _write_polars, _read_polars, is_node=True),
        "arrow table": Form("pyarrow.lib.Table", _write_arrow, _read_arrow, is_node=True),
        "container of Arrow": Form(
            "gan_oversampler.encoding.arrow.ArrowTable",
            lambda table, pack: [pack(table.template), pack(table.formats)],
            _read_arrow_container,
        ),
        "column dtype": Form("narwhals.dtypes.DType", _write_dtype, _read_dtype, subclasses=True),
        "class of column dtypes": Form(
            "narwhals.dtypes.DTypeClass",
            lambda kind, pack: kind.__name__,
            lambda content, unpack: DTYPES[content],
        ),
    }
)
