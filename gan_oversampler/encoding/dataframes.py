"""Data frames: pandas natively, so that every dtype survives, and all others through narwhals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from gan_oversampler.encoding.cells import CellFormat, Cells, read_array, read_objects


@dataclass(frozen=True, slots=True, eq=False)
class PandasTable:
    """The column labels and dtypes of a pandas frame, which new frames are built with.

    ``template`` is the frame without its rows, and ``formats`` holds the format of each column. The
    methods are those of `Container`.

    Examples
    --------
    >>> X = pd.DataFrame({"age": pd.array([31, None], dtype="Int64")})
    >>> table, columns = PandasTable.read(X)
    >>> table.stack(X, table.build(columns))["age"].dtype
    Int64Dtype()
    """

    template: pd.DataFrame
    formats: tuple[CellFormat, ...]

    @classmethod
    def read(cls, X: pd.DataFrame) -> tuple[PandasTable, list[Cells]]:
        """Learn a frame and read its columns; duplicate column labels raise ``ValueError``."""
        if not X.columns.is_unique:
            twice = X.columns[X.columns.duplicated()].unique().tolist()
            raise ValueError(f"Column names must be unique, got duplicates of {twice}. Rename or drop them.")
        pairs = [_read_pandas(X.iloc[:, j]) for j in range(X.shape[1])]
        return cls(X.iloc[:0].copy(), tuple(stored for _, stored in pairs)), [cells for cells, _ in pairs]

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(self.template.columns)

    @property
    def zones(self) -> tuple[Any, ...]:
        dtypes = zip(self.template.dtypes, self.formats, strict=True)
        return tuple(getattr(dtype, "tz", None) or stored.tz for dtype, stored in dtypes)

    def build(self, columns: Sequence[Cells]) -> pd.DataFrame:
        # Positions first, labels later: labels may be anything, also tuples of a MultiIndex.
        built = {}
        for j, (cells, stored) in enumerate(zip(columns, self.formats, strict=True)):
            dtype, values = self.template.dtypes.iloc[j], stored.restore(cells)
            if isinstance(dtype, pd.DatetimeTZDtype):
                values = pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(dtype.tz)
            built[j] = pd.Series(values, dtype=dtype)
            if _is_masked(dtype):  # a NumPy array has no marker for missing integers and booleans
                built[j] = built[j].mask(cells.missing)
        return pd.DataFrame(built).set_axis(self.template.columns, axis=1)

    def stack(self, X: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([X, new], ignore_index=True)


def _is_masked(dtype: Any) -> bool:
    """Whether a dtype is nullable: its values are a NumPy array with a mask."""
    return hasattr(dtype, "numpy_dtype") and dtype.kind in "biuf"


def _read_pandas(column: pd.Series) -> tuple[Cells, CellFormat]:
    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _read_pandas(column.sparse.to_dense())
    if isinstance(dtype, np.dtype):
        return read_array(column.to_numpy())
    if isinstance(dtype, pd.DatetimeTZDtype):
        return read_array(column.dt.tz_convert(None).to_numpy())
    if _is_masked(dtype):
        # Nullable floats may hold NaN besides NA; both count as missing.
        fill = {"f": np.nan, "b": False}.get(dtype.kind, 0)
        cells, stored = read_array(column.to_numpy(dtype=dtype.numpy_dtype, na_value=fill))
        return replace(cells, missing=cells.missing | column.isna().to_numpy()), stored
    return read_objects(column.to_numpy(dtype=object), category=isinstance(dtype, pd.CategoricalDtype))


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
    >>> table.stack(X, table.build(columns)).schema["day"]
    Date
    """

    implementation: Any
    dtypes: dict[str, Any]
    formats: tuple[CellFormat, ...]

    @classmethod
    def read(cls, X: Any) -> tuple[FrameTable, list[Cells]]:
        """Learn a frame and read the cells of its columns."""
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
            # Missing times are NaT already, and missing floats NaN, which may differ from null.
            if stored.marker is None and values.dtype.kind in "biuf" and cells.missing.any():
                values = np.where(cells.missing, None, values)
            if values.dtype.kind == "O":
                values = values.tolist()
            zone = getattr(dtype, "time_zone", None)
            series = nw.new_series(name, values, None if zone else dtype, backend=self.implementation)
            if zone:  # values are times in UTC
                series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).cast(dtype)
            built[name] = series
        return nw.from_dict(built).to_native()

    def stack(self, X: Any, new: Any) -> Any:
        frames = [nw.from_native(frame, eager_only=True) for frame in (X, new)]
        return nw.concat(frames, how="vertical").to_native()


def _read_series(series: Any) -> tuple[Cells, CellFormat]:
    dtype = series.dtype
    if dtype.is_integer() or dtype == nw.Boolean:
        values = series.fill_null(0 if dtype.is_integer() else False).to_numpy()
        return Cells(values, np.asarray(series.is_null().to_numpy(), dtype=bool)), CellFormat(values.dtype)
    if dtype.is_float() or (dtype.is_temporal() and dtype != nw.Time):
        cells, stored = read_array(series.to_numpy())
        return cells, replace(stored, marker=None if series.null_count() else np.nan)
    # ``fromiter``, since the cells of a column may be lists.
    objects = np.fromiter(series.to_list(), dtype=object)
    return read_objects(objects, category=dtype in (nw.Categorical, nw.Enum))
