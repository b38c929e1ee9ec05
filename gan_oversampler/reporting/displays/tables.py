"""Real and new rows as pandas tables: kinds of columns, distances of distributions, encodings."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp

MAX_LEVELS: Final = 8  # of a category that have a column of their own
MAX_DEVIATIONS: Final = 5.0  # one far row must not decide what is seen
LEVEL: Final = np.sqrt(0.5)  # rows of different categories are then as far apart as one standard deviation


def kind_of(cells: pd.Series) -> str:
    """How a column is drawn: as ``"number"``, ``"date"``, ``"duration"`` or ``"category"``.

    Columns with at most two values are categories, whatever their dtype; what objects are is inferred from
    their cells.

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
    inferred = pd.api.types.infer_dtype(cells.dropna())
    if inferred in {"integer", "floating", "mixed-integer-float", "decimal"}:
        return "number"
    return {"datetime": "date", "date": "date", "timedelta": "duration"}.get(inferred, "category")


def kinds_of(real: pd.DataFrame, new: pd.DataFrame) -> dict[Hashable, str]:
    """Kind of every column that varies in real and new rows together; constant columns are left out."""
    both = {name: pd.concat([real[name], new[name]], ignore_index=True) for name in real.columns}
    return {name: kind_of(cells) for name, cells in both.items() if cells.nunique(dropna=False) > 1}


def numbers_of(cells: pd.Series, kind: str) -> NDArray[np.float64]:
    """Cells of a column that is no category as floats; missing cells become NaN.

    Dates become days since 1970, durations seconds.

    >>> numbers_of(pd.Series(pd.to_datetime(["1970-01-03", None])), "date").tolist()
    [2.0, nan]
    """
    if kind == "date":
        days = pd.to_datetime(cells, utc=True) - pd.Timestamp(0, tz="UTC")
        return np.asarray(days / pd.Timedelta(days=1), float)
    if kind == "duration":
        return np.asarray(pd.to_timedelta(cells) / pd.Timedelta(seconds=1), float)
    return np.asarray(pd.to_numeric(cells).astype("Float64").to_numpy(float, na_value=np.nan))


def levels_of(cells: pd.Series) -> pd.Series:
    """Cells of a category as texts; missing cells become a level of their own.

    Whole numbers are written without a fraction, because missing cells turn integers into floats.

    >>> levels_of(pd.Series([1, None])).tolist(), levels_of(pd.Series(["a", None])).tolist()
    (['1', 'missing'], ['a', 'missing'])
    """
    whole = pd.api.types.is_float_dtype(cells) and (cells.dropna() % 1 == 0).all()
    texts = (cells.astype("Int64") if whole else cells).astype(object)
    return texts.map(str, na_action="ignore").where(cells.notna().to_numpy(), "missing")


def level_shares(real: pd.Series, new: pd.Series) -> pd.DataFrame:
    """Share of each level of a category in real and in new rows.

    Returns one row per level, the most frequent first, with the columns real and new.
    """
    counts = [levels_of(cells).value_counts(normalize=True) for cells in (real, new)]
    both = pd.concat(counts, axis=1, keys=["real", "new"]).fillna(0.0)
    return both.loc[both.sum(axis=1).sort_values(ascending=False, kind="stable").index]


def difference(real: pd.Series, new: pd.Series, kind: str) -> float:
    """How far the distributions of a column in real and new rows lie apart, from 0 to 1.

    It is the total variation distance of categories; else the Kolmogorov-Smirnov distance of the cells that
    are not missing, or the difference in the share of missing cells, if that is larger.

    >>> difference(pd.Series([1.0, 2, 3]), pd.Series([4.0, 5, 6]), "number")
    1.0
    """
    if kind == "category":
        both = level_shares(real, new)
        return float((both["real"] - both["new"]).abs().sum() / 2)
    a, b = (numbers_of(cells, kind) for cells in (real, new))
    missing = abs(float(np.isnan(a).mean() - np.isnan(b).mean()))
    a, b = (cells[~np.isnan(cells)] for cells in (a, b))
    if not len(a) or not len(b):
        return missing
    return max(missing, float(ks_2samp(a, b, method="asymp").statistic))


def differences(real: pd.DataFrame, new: pd.DataFrame) -> pd.Series:
    """How far every column that varies differs between real and new rows, the largest first."""
    kinds = kinds_of(real, new)
    found = {name: difference(real[name], new[name], kind) for name, kind in kinds.items()}
    return pd.Series(found, dtype=float).sort_values(ascending=False, kind="stable")


def encoded(reference: pd.DataFrame, tables: Sequence[pd.DataFrame]) -> list[NDArray[np.float64]]:
    """Tables of the same columns as matrices of shape (n, n_features), in which distances mean something.

    Numbers are in standard deviations of the reference table, at most 5 to either side, and missing cells lie
    at its mean; the eight most frequent levels of a category have a column each.
    """
    both = pd.concat(tables, ignore_index=True)
    parts = [np.empty((len(both), 0))]
    for name in reference.columns:
        kind = kind_of(pd.concat([reference[name], both[name]]))
        if kind == "category":
            texts = levels_of(both[name])
            levels = texts.value_counts().index[:MAX_LEVELS]
            parts.append(LEVEL * (texts.to_numpy()[:, None] == levels.to_numpy()))
            continue
        known, values = (numbers_of(table[name], kind) for table in (reference, both))
        known = known[~np.isnan(known)]
        centre, scale = (known.mean(), known.std()) if len(known) else (0.0, 1.0)
        scaled = (values - centre) / (scale if scale > 0 else 1.0)
        parts.append(np.clip(np.nan_to_num(scaled), -MAX_DEVIATIONS, MAX_DEVIATIONS)[:, None])
    return np.split(np.concatenate(parts, axis=1), np.cumsum([len(table) for table in tables])[:-1])


def numeric_tables(tables: Sequence[pd.DataFrame], kinds: Mapping[Hashable, str]) -> list[pd.DataFrame]:
    """Tables of the same columns as tables of floats that can be correlated.

    Only columns of known ``kinds`` are taken: numbers, dates and durations as they are, and of a category
    whether a cell has its most frequent level.
    """
    both = pd.concat(tables, ignore_index=True)
    found: dict[Hashable, NDArray[np.float64]] = {}
    for name, kind in kinds.items():
        if kind == "category":
            texts = levels_of(both[name])
            level = texts.value_counts().index[0]
            found[f"{name} = {level}"] = (texts == level).to_numpy(float)
        else:
            found[name] = numbers_of(both[name], kind)
    values = pd.DataFrame(found)
    ends = np.cumsum([len(table) for table in tables])
    return [values.iloc[end - len(table) : end] for table, end in zip(tables, ends, strict=True)]
