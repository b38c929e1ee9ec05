"""Real and new rows as pandas tables: kinds of columns, how far their distributions lie apart, a code."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING: Final = "missing"
REST: Final = "other"
MOST_LEVELS: Final = 8  # of a category that are coded one by one
FARTHEST: Final = 5.0  # standard deviations: one far row must not decide what is seen
STATE: Final = np.sqrt(0.5)  # a differing category counts as one standard deviation
TEMPORAL: Final = ("M", "m")
Column = Any  # a pandas Series; pandas is untyped here
Table = Any


def kind_of(cells: Column) -> str:
    """``number``, ``date``, ``duration`` or ``category``.

    >>> kind_of(pd.Series([1, 2, 3])), kind_of(pd.Series([0, 1])), kind_of(pd.Series(["a", None]))
    ('number', 'category', 'category')
    """
    if isinstance(cells.dtype, pd.CategoricalDtype) or cells.nunique() <= 2:
        return "category"
    if pd.api.types.is_datetime64_any_dtype(cells):
        return "date"
    if pd.api.types.is_timedelta64_dtype(cells):
        return "duration"
    if pd.api.types.is_numeric_dtype(cells):
        return "number"
    return _kind_of_objects(cells.dropna())


def _kind_of_objects(cells: Column) -> str:
    inferred = pd.api.types.infer_dtype(cells)
    if inferred in {"integer", "floating", "mixed-integer-float", "decimal"}:
        return "number"
    return {"datetime": "date", "date": "date", "timedelta": "duration"}.get(inferred, "category")


def kinds_of(real: Table, new: Table) -> dict[Hashable, str]:
    """Kind of every column that varies."""
    both = {name: pd.concat([real[name], new[name]], ignore_index=True) for name in real.columns}
    return {name: kind_of(cells) for name, cells in both.items() if cells.nunique(dropna=False) > 1}


def numbers_of(cells: Column, kind: str) -> NDArray[np.float64]:
    """Cells as floats: dates as days since 1970, durations as seconds, missing cells as NaN.

    >>> numbers_of(pd.Series(pd.to_datetime(["1970-01-03", None])), "date").tolist()
    [2.0, nan]
    """
    if kind == "date":
        days = pd.to_datetime(cells, utc=True) - pd.Timestamp(0, tz="UTC")
        return np.asarray(days / pd.Timedelta(days=1), float)
    if kind == "duration":
        return np.asarray(pd.to_timedelta(cells) / pd.Timedelta(seconds=1), float)
    return np.asarray(pd.to_numeric(cells).astype("Float64").to_numpy(float, na_value=np.nan))


def levels_of(cells: Column) -> Column:
    """Cells as texts, missing ones too.

    >>> levels_of(pd.Series([1, None])).tolist(), levels_of(pd.Series(["a", None])).tolist()
    (['1', 'missing'], ['a', 'missing'])
    """
    whole = pd.api.types.is_float_dtype(cells) and (cells.dropna() % 1 == 0).all()
    texts = (cells.astype("Int64") if whole else cells).astype(object)
    return texts.map(str, na_action="ignore").where(cells.notna().to_numpy(), MISSING)


def shares(real: Column, new: Column) -> Table:
    """Shares of the levels of a category in both, the most frequent first: columns real, new."""
    counts = [levels_of(cells).value_counts(normalize=True) for cells in (real, new)]
    both = pd.concat(counts, axis=1, keys=["real", "new"]).fillna(0.0)
    order = both.sum(axis=1).sort_values(ascending=False, kind="stable").index
    return both.loc[order]


def difference(real: Column, new: Column, kind: str) -> float:
    """How far two distributions lie apart, from 0 to 1.

    The Kolmogorov-Smirnov distance of numbers (or the difference in missing cells, if that is more), the
    total variation of categories.

    >>> difference(pd.Series([1.0, 2, 3]), pd.Series([4.0, 5, 6]), "number")
    1.0
    """
    if kind == "category":
        both = shares(real, new)
        return float((both["real"] - both["new"]).abs().sum() / 2)
    a, b = (numbers_of(cells, kind) for cells in (real, new))
    missing = abs(float(np.isnan(a).mean() - np.isnan(b).mean()))
    a, b = (np.sort(cells[~np.isnan(cells)]) for cells in (a, b))
    if not len(a) or not len(b):
        return missing
    at = np.concatenate([a, b])
    steps = [np.searchsorted(cells, at, side="right") / len(cells) for cells in (a, b)]
    return max(missing, float(np.abs(steps[0] - steps[1]).max()))


def differences(real: Table, new: Table) -> Any:
    """``difference`` of every column, the largest first."""
    kinds = kinds_of(real, new)
    found = {name: difference(real[name], new[name], kind) for name, kind in kinds.items()}
    return pd.Series(found, dtype=float).sort_values(ascending=False, kind="stable")


def coded(reference: Table, tables: Sequence[Table]) -> list[NDArray[np.float64]]:
    """Tables as matrices: numbers in standard deviations of the reference, categories one by one."""
    both = pd.concat(tables, ignore_index=True)
    parts = [_coded(reference[name], both[name]) for name in reference.columns]
    values = np.concatenate([np.empty((len(both), 0)), *parts], axis=1)
    return np.split(values, np.cumsum([len(table) for table in tables])[:-1])


def _coded(reference: Column, cells: Column) -> NDArray[np.float64]:
    kind = kind_of(pd.concat([reference, cells]))
    if kind == "category":
        names = levels_of(cells).value_counts().index[:MOST_LEVELS]
        texts = levels_of(cells).to_numpy()
        return np.stack([STATE * (texts == name) for name in names], axis=1)
    known, values = numbers_of(reference, kind), numbers_of(cells, kind)
    known = known[~np.isnan(known)]
    centre, scale = (known.mean(), known.std()) if len(known) else (0.0, 1.0)
    scaled = (values - centre) / (scale if scale > 0 else 1.0)
    return np.clip(np.nan_to_num(scaled), -FARTHEST, FARTHEST)[:, None]


def measured(tables: Sequence[Table], kinds: dict[Hashable, str]) -> list[Table]:
    """Columns that correlate: numbers, dates, durations, and the most frequent level of each category."""
    both = pd.concat(tables, ignore_index=True)
    found: dict[Hashable, Any] = {}
    for name, kind in kinds.items():
        if kind == "category":
            texts = levels_of(both[name])
            level = texts.value_counts().index[0]
            found[f"{name} = {level}"] = (texts == level).astype(float)
        else:
            found[name] = numbers_of(both[name], kind)
    values = pd.DataFrame(found)
    ends = np.cumsum([len(table) for table in tables])
    return [values.iloc[end - len(table) : end] for table, end in zip(tables, ends, strict=True)]
