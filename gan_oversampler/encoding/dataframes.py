"""Data frames: pandas natively, so that every dtype survives, and all others through narwhals."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from gan_oversampler.encoding.cells import CellFormat, Cells, read_array, read_objects

MANY_ROWS: Final = 10_000  # of a frame whose columns are not copied once more to lie side by side
MAX_PIECES: Final = 100  # columns that may lie apart: pandas warns its users of more


@dataclass(frozen=True, slots=True, eq=False)
class PandasTable:
    """The column labels and dtypes of a pandas frame, which new frames are built with.

    ``template`` is the frame without its rows, and ``formats`` holds the format of each column. The
    methods are those of `Container`.

    Examples
    --------
    >>> X = pd.DataFrame({"age": pd.array([31, None], dtype="Int64")})
    >>> table, columns = PandasTable.read(X)
    >>> table.join([X, table.build(columns)], 4)["age"].dtype
    Int64Dtype()
    """

    template: pd.DataFrame
    formats: tuple[CellFormat, ...]

    @classmethod
    def read(cls, X: pd.DataFrame) -> tuple[PandasTable, list[Cells]]:
        """Learn a frame of unique column labels and read its columns; nested ones raise ``ValueError``."""
        pairs = [_read_pandas(name, X.iloc[:, j]) for j, name in enumerate(X.columns)]
        # A slice of no rows would keep all of them in memory, and their labels tell of them, too.
        template = X.take([]).reset_index(drop=True)
        return cls(template, tuple(stored for _, stored in pairs)), [cells for cells, _ in pairs]

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(self.template.columns)

    @property
    def zones(self) -> tuple[Any, ...]:
        dtypes = [getattr(dtype, "pyarrow_dtype", dtype) for dtype in self.template.dtypes]
        pairs = zip(dtypes, self.formats, strict=True)
        return tuple(getattr(dtype, "tz", None) or stored.tz for dtype, stored in pairs)

    def build(self, columns: Sequence[Cells]) -> pd.DataFrame:
        # Positions first, labels later: labels may be anything, also tuples of a MultiIndex.
        parts = zip(columns, self.formats, strict=True)
        built = {j: _write_pandas(*part, self.template.iloc[:, j]) for j, part in enumerate(parts)}
        n = len(columns[0]) if columns else 0
        frame = pd.DataFrame(built, copy=None if self._is_one_piece(n) else False)
        return frame.set_axis(self.template.columns, axis=1)

    def join(self, parts: Iterable[pd.DataFrame], n: int) -> pd.DataFrame:
        if self._is_one_piece(n):
            return pd.concat(list(parts), ignore_index=True)
        columns: list[list[pd.Series]] = [[] for _ in self.formats]
        for part in parts:
            for j, pieces in enumerate(columns):
                pieces.append(part.iloc[:, j])
        # Column by column, so that no more than one of them is in memory twice.
        joined = {j: _drained(pieces) for j, pieces in enumerate(columns)}
        return pd.DataFrame(joined, copy=False).set_axis(self.template.columns, axis=1)

    def _is_one_piece(self, n: int) -> bool:
        """Whether frames of so many rows hold columns of one dtype side by side, for which all are copied."""
        return n <= MANY_ROWS or len(self.formats) > MAX_PIECES


def _drained(pieces: list[pd.Series]) -> pd.Series:
    """The pieces of a column as one, which leaves the list empty."""
    column = pd.concat(pieces, ignore_index=True)
    pieces.clear()
    return column


def _is_masked(dtype: Any) -> bool:
    """Whether a dtype is nullable: its values are a NumPy array with a mask."""
    return hasattr(dtype, "numpy_dtype") and dtype.kind in "biuf"


def _read_pandas(name: Hashable, column: pd.Series) -> tuple[Cells, CellFormat]:
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype):
        from gan_oversampler.encoding.arrow import read_arrow

        refuse_views(name, dtype)
        return read_arrow(name, column.array.__arrow_array__())
    if isinstance(dtype, pd.SparseDtype):
        return _read_pandas(name, column.sparse.to_dense())
    if dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: column {name!r} must hold real numbers, got {dtype}. Split it into"
            " real and imaginary parts."
        )
    if isinstance(dtype, np.dtype):
        return read_array(column.to_numpy())
    if isinstance(dtype, pd.DatetimeTZDtype):
        return read_array(column.dt.tz_convert(None).to_numpy())
    if isinstance(dtype, pd.PeriodDtype):
        return read_array(column.dt.to_timestamp().to_numpy())
    if _is_masked(dtype):
        # Nullable floats may hold NaN besides NA; both count as missing.
        fill = {"f": np.nan, "b": False}.get(dtype.kind, 0)
        cells, stored = read_array(column.to_numpy(dtype=dtype.numpy_dtype, na_value=fill))
        return replace(cells, missing=cells.missing | column.isna().to_numpy()), stored
    if isinstance(dtype, pd.StringDtype):  # equal texts become one object: others would take far more memory
        codes, levels = column.factorize()
        texts = np.append(np.asarray(levels, dtype=object), dtype.na_value)[codes]
        return read_objects(texts)
    return read_objects(column.to_numpy(dtype=object), category=isinstance(dtype, pd.CategoricalDtype))


def _write_pandas(cells: Cells, stored: CellFormat, like: pd.Series) -> pd.Series:
    """Write cells as a series of the dtype of ``like``, which holds no cells."""
    dtype = like.dtype
    if isinstance(dtype, pd.ArrowDtype):
        from gan_oversampler.encoding.arrow import write_arrow

        written = write_arrow(cells, stored, like.array.__arrow_array__())
        return pd.Series(pd.arrays.ArrowExtensionArray(written))
    values: Any = stored.restore(cells)
    if isinstance(dtype, pd.DatetimeTZDtype):
        values = pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(dtype.tz)
    if isinstance(dtype, pd.PeriodDtype):
        values = pd.DatetimeIndex(values).to_period(dtype.freq)
    series = pd.Series(values, dtype=dtype)
    # A NumPy array has no marker for missing integers and booleans.
    return series.mask(cells.missing) if _is_masked(dtype) else series


def refuse_views(name: Hashable, dtype: Any) -> None:
    """Raise ``ValueError``, naming the column, for Arrow's views: pandas cannot select rows of them."""
    if str(dtype) in ("string_view[pyarrow]", "binary_view[pyarrow]"):
        raise ValueError(
            f"Column {name!r} is a {dtype}, in which pandas cannot select rows. Cast it, for instance by"
            " `astype('string[pyarrow]')`."
        )


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """The column names and dtypes of any other eager data frame that narwhals supports, such as polars.

    ``implementation`` is the library of the frame, ``dtypes`` its schema. ``formats`` holds the format of
    each column; a float column whose missing cells are null, not NaN, has the marker None. The methods
    are those of `Container`.

    Examples
    --------
    >>> import polars as pl
    >>> X = pl.DataFrame({"day": pl.Series(["2024-05-01"]).str.to_date()})
    >>> table, columns = FrameTable.read(X)
    >>> table.join([X, table.build(columns)], 2).schema["day"]
    Date
    """

    implementation: Any
    dtypes: dict[str, Any]
    formats: tuple[CellFormat, ...]

    @classmethod
    def read(cls, X: Any) -> tuple[FrameTable, list[Cells]]:
        """Learn a frame and read the cells of its columns; nested ones raise ``ValueError``."""
        frame = nw.from_native(X, eager_only=True)
        pairs = [_read_series(series) for series in frame.iter_columns()]
        table = cls(frame.implementation, dict(frame.schema), tuple(stored for _, stored in pairs))
        return table, [cells for cells, _ in pairs]

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(self.dtypes)

    @property
    def zones(self) -> tuple[Any, ...]:
        dtypes = zip(self.dtypes.values(), self.formats, strict=True)
        return tuple(getattr(dtype, "time_zone", None) or stored.tz for dtype, stored in dtypes)

    def build(self, columns: Sequence[Cells]) -> Any:
        built = {}
        for (name, dtype), cells, stored in zip(self.dtypes.items(), columns, self.formats, strict=True):
            values: Any = stored.restore(cells)
            if dtype == nw.Time:  # durations since midnight
                values = values.astype(np.int64)
            # Missing times are NaT already, and missing floats NaN, which may differ from null.
            if stored.marker is None and values.dtype.kind in "biuf" and cells.missing.any():
                values = np.where(cells.missing, None, values)
            if values.dtype.kind == "O":
                values = values.tolist()
            zone = getattr(dtype, "time_zone", None)
            stand_in = nw.Int64 if dtype == nw.Time else None if zone else dtype
            series = nw.new_series(name, values, stand_in, backend=self.implementation)
            if zone:  # values are times in UTC
                series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            built[name] = series.cast(dtype)
        return nw.from_dict(built).to_native()

    def join(self, parts: Iterable[Any], n: int) -> Any:
        frames = [nw.from_native(frame, eager_only=True) for frame in parts]
        return nw.concat(frames, how="vertical").to_native()


def _read_series(series: Any) -> tuple[Cells, CellFormat]:
    dtype = series.dtype
    if dtype.is_nested() or dtype == nw.Object:
        raise ValueError(
            f"Column {series.name!r} has the type {dtype}, whose cells are no single values. Spread it over"
            " several columns, or drop it."
        )
    if dtype == nw.Time:
        ticks = series.cast(nw.Int64).fill_null(0).to_numpy()
        cells, stored = read_array(ticks.astype("timedelta64[ns]"))
        return replace(cells, missing=np.asarray(series.is_null().to_numpy(), dtype=bool)), stored
    is_wide = dtype in (nw.Int128, nw.UInt128)  # NumPy has no such integers
    if (dtype.is_integer() and not is_wide) or dtype == nw.Boolean:
        values = series.fill_null(0 if dtype.is_integer() else False).to_numpy()
        return Cells(values, np.asarray(series.is_null().to_numpy(), dtype=bool)), CellFormat(values.dtype)
    if dtype.is_float() or dtype.is_temporal():
        cells, stored = read_array(series.to_numpy())
        return cells, replace(stored, marker=None if series.null_count() else np.nan)
    objects = np.fromiter(series.to_list(), dtype=object)
    return read_objects(objects, category=dtype in (nw.Categorical, nw.Enum))
