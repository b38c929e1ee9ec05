"""Data frames: pandas natively, so that every dtype survives, and all others through narwhals."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from gan_oversampler.encoding.cells import (
    Cells,
    Mask,
    ObjectForm,
    Values,
    object_array,
    read_array,
    read_objects,
    restore_array,
)


@dataclass(frozen=True, slots=True, eq=False)
class PandasTable:
    """A pandas frame; ``template`` is the frame without rows and so knows labels and dtypes.

    Examples
    --------
    >>> X = pd.DataFrame({"age": pd.array([31, None], dtype="Int64")})
    >>> table = PandasTable.of(X)
    >>> table.stack(X, table.build(table.columns(X)))["age"].dtype
    Int64Dtype()
    """

    template: pd.DataFrame
    forms: tuple[ObjectForm, ...]

    @classmethod
    def of(cls, X: pd.DataFrame) -> PandasTable:
        forms = tuple(_pandas_form(column) for column in _pandas_columns(X))
        return cls(X.iloc[:0].copy(), forms)

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(self.template.columns)

    def columns(self, X: pd.DataFrame) -> list[Cells]:
        return [_read_pandas(column) for column in _pandas_columns(X)]

    def build(self, columns: Sequence[Cells]) -> pd.DataFrame:
        kinds = zip(columns, self.template.dtypes, self.forms, strict=True)
        # Positions first, labels later: labels may be anything, also tuples of a MultiIndex.
        built = {
            j: pd.Series(_restore_pandas(cells, dtype, form), dtype=dtype)
            for j, (cells, dtype, form) in enumerate(kinds)
        }
        return pd.DataFrame(built).set_axis(self.template.columns, axis=1)

    def stack(self, X: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([X, new], ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """Any other eager data frame that narwhals knows, such as polars.

    Parameters
    ----------
    implementation : narwhals.Implementation
        The library of the frame.
    dtypes : dict of str to narwhals dtype
        Its schema.
    forms : tuple of ObjectForm
        Object form of each column.
    nulls : tuple of bool
        Whether a missing number is null rather than NaN.

    Examples
    --------
    >>> import polars as pl
    >>> X = pl.DataFrame({"day": pl.Series(["2024-05-01"]).str.to_date()})
    >>> table = FrameTable.of(X)
    >>> table.stack(X, table.build(table.columns(X))).schema["day"]
    Date
    """

    implementation: Any
    dtypes: dict[str, Any]
    forms: tuple[ObjectForm, ...]
    nulls: tuple[bool, ...]

    @classmethod
    def of(cls, X: Any) -> FrameTable:
        frame = nw.from_native(X, eager_only=True)
        columns = list(frame.iter_columns())
        return cls(
            frame.implementation,
            dict(frame.schema),
            tuple(_frame_form(column) for column in columns),
            tuple(not column.dtype.is_float() or _has_nulls(column) for column in columns),
        )

    @property
    def names(self) -> tuple[Hashable, ...]:
        return tuple(self.dtypes)

    def columns(self, X: Any) -> list[Cells]:
        return [_read_series(s) for s in nw.from_native(X, eager_only=True).iter_columns()]

    def build(self, columns: Sequence[Cells]) -> Any:
        kinds = zip(self.dtypes, columns, self.forms, self.nulls, strict=True)
        series = {kind[0]: self._series(*kind) for kind in kinds}
        return nw.from_dict(series).to_native()

    def stack(self, X: Any, new: Any) -> Any:
        frames = [nw.from_native(frame, eager_only=True) for frame in (X, new)]
        return nw.concat(frames, how="vertical").to_native()

    def _series(self, name: str, cells: Cells, form: ObjectForm, null: bool) -> Any:
        dtype = self.dtypes[name]
        values: Any = cells.values
        if cells.is_label or _is_generic(dtype):
            values = form.restore(cells).tolist()
        elif cells.missing.any() and not cells.is_time:
            marker = None if null else float("nan")
            values = [marker if gone else v for v, gone in _cells(_exact(cells, dtype))]
        else:
            values = restore_array(cells, cells.values.dtype)
            values = _exact(Cells(values, cells.missing), dtype).values
        zone = getattr(dtype, "time_zone", None)
        if zone is None:
            return nw.new_series(name, values, dtype, backend=self.implementation)
        moments = nw.new_series(name, values, backend=self.implementation).dt
        return moments.replace_time_zone("UTC").dt.convert_time_zone(zone).cast(dtype)


def _pandas_columns(X: pd.DataFrame) -> Iterator[pd.Series]:
    return (X.iloc[:, j] for j in range(X.shape[1]))


def _read_pandas(column: pd.Series) -> Cells:
    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _read_pandas(column.sparse.to_dense())
    if isinstance(dtype, np.dtype):
        return read_array(column.to_numpy())
    if isinstance(dtype, pd.DatetimeTZDtype):
        return read_array(column.dt.tz_convert(None).to_numpy())
    if _is_masked(dtype):
        fill = np.nan if dtype.kind == "f" else 0
        values = column.to_numpy(dtype=dtype.numpy_dtype, na_value=fill)
        return Cells(values, column.isna().to_numpy() | read_array(values).missing)
    category = isinstance(dtype, pd.CategoricalDtype)
    return read_objects(column.to_numpy(dtype=object), category=category)[0]


def _pandas_form(column: pd.Series) -> ObjectForm:
    if column.dtype != object:
        return ObjectForm()
    return read_objects(column.to_numpy())[1]


def _restore_pandas(cells: Cells, dtype: Any, form: ObjectForm) -> Any:
    if isinstance(dtype, pd.SparseDtype):
        return pd.array(_restore_pandas(cells, dtype.subtype, form), dtype=dtype)
    if isinstance(dtype, np.dtype):
        return form.restore(cells) if dtype.kind == "O" else restore_array(cells, dtype)
    if isinstance(dtype, pd.DatetimeTZDtype):
        naive = restore_array(cells, np.dtype(f"M8[{dtype.unit}]"))
        return pd.DatetimeIndex(naive).tz_localize("UTC").tz_convert(dtype.tz)
    if _is_masked(dtype):
        none_missing = Cells(cells.values, np.zeros_like(cells.missing))
        restored = pd.array(restore_array(none_missing, dtype.numpy_dtype), dtype=dtype)
        restored[cells.missing] = pd.NA
        return restored
    return ObjectForm().restore(cells)


def _is_masked(dtype: Any) -> bool:
    """Nullable dtypes: a NumPy array with a mask."""
    return hasattr(dtype, "numpy_dtype") and dtype.kind in "biuf"


def _read_series(series: Any) -> Cells:
    dtype = series.dtype
    if dtype.is_integer() or dtype == nw.Boolean:
        filled = series.fill_null(False if dtype == nw.Boolean else 0).to_numpy()
        return Cells(filled, _null_mask(series))
    if dtype.is_float() or (dtype.is_temporal() and dtype != nw.Time):
        return read_array(series.to_numpy())
    category = _is_category(dtype)
    return read_objects(object_array(series.to_list()), category=category)[0]


def _frame_form(series: Any) -> ObjectForm:
    if not _is_generic(series.dtype):
        return ObjectForm()
    return read_objects(object_array(series.to_list()))[1]


def _is_category(dtype: Any) -> bool:
    return bool(dtype in (nw.Categorical, nw.Enum))


def _is_generic(dtype: Any) -> bool:
    """Columns whose kind only their cells tell: text, decimals, Python objects."""
    native = dtype.is_integer() or dtype.is_float() or dtype == nw.Boolean
    return not (native or _is_category(dtype) or (dtype.is_temporal() and dtype != nw.Time))


def _null_mask(series: Any) -> Mask:
    return np.asarray(series.is_null().to_numpy(), dtype=bool)


def _has_nulls(series: Any) -> bool:
    return bool(series.null_count() > 0)


def _exact(cells: Cells, dtype: Any) -> Cells:
    """Whole numbers as integers, since libraries cast 2.9999 to 2."""
    if dtype.is_integer() and cells.values.dtype.kind == "f":
        # uint64 holds more than int64; both are what narwhals casts down from.
        wide = np.dtype("uint64" if dtype.is_unsigned_integer() else "int64")
        return Cells(restore_array(Cells(cells.values, cells.missing), wide), cells.missing)
    return cells


def _cells(cells: Cells) -> Iterator[tuple[Values, bool]]:
    return zip(cells.values.tolist(), cells.missing.tolist(), strict=True)
