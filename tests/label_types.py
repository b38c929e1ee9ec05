"""Labels of many types: two classes of each, and the container that holds them."""

import datetime
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

BOOLS, NUMBERS, FRACTIONS, TEXTS = (False, True), (3, 8), (1.5, 2.5), ("a", "b")
DATES = (datetime.date(2024, 1, 1), datetime.date(2025, 1, 1))
TIMES = (datetime.datetime(2024, 1, 1, 6), datetime.datetime(2025, 1, 1, 6))
STAMPS = tuple(map(pd.Timestamp, TIMES))
ZONED = tuple(stamp.tz_localize("Europe/Berlin") for stamp in STAMPS)
DECIMALS = (Decimal("1.5"), Decimal("2.5"))
MONTHS = tuple(pd.Period(year, freq="M") for year in ("2024-01", "2025-01"))
RANGES = (pd.Interval(0, 1), pd.Interval(1, 2))
BIG = (2**70, 2**70 + 1)


def category(labels, ordered=False, unused=()):
    return pd.Categorical(labels, categories=[*unused, *sorted(set(labels), reverse=True)], ordered=ordered)


def series(dtype=None):
    return partial(pd.Series, dtype=dtype, name="y")


def arrow(kind):
    return series(pd.ArrowDtype(kind))


def large_codes(labels):
    """Codes of long texts, which older versions make of no list."""
    levels = sorted(set(labels))
    codes = pa.array(list(map(levels.index, labels)), pa.int8())
    return pa.DictionaryArray.from_arrays(codes, pa.array(levels, pa.large_string()))


def polars(dtype):
    return lambda labels: pl.Series("y", labels, dtype=dtype)


LABEL_TYPES = {
    "category of bool": (BOOLS, lambda y: pd.Series(category(y), name="y")),
    "ordered category of bool": (BOOLS, lambda y: pd.Series(category(y, ordered=True))),
    "category with unused levels": (TEXTS, lambda y: pd.Series(category(y, True, ["z"]))),
    "category of fractions": (FRACTIONS, lambda y: pd.Series(category(y))),
    "category of dates": (DATES, lambda y: pd.Series(category(y))),
    "category of zoned times": (ZONED, lambda y: pd.Series(category(y))),
    "categorical": (BOOLS, category),
    "index": (TEXTS, partial(pd.Index, name="y")),
    "time index": (STAMPS, pd.DatetimeIndex),
    "frame of a category of bool": (BOOLS, lambda y: pd.DataFrame({"y": category(y)})),
    "frame of times": (STAMPS, lambda y: pd.DataFrame({"y": y})),
    "objects of bool": (BOOLS, partial(np.array, dtype=object)),
    "objects of int": (NUMBERS, partial(np.array, dtype=object)),
    "objects of big int": (BIG, partial(np.array, dtype=object)),
    "series of objects of bool": (BOOLS, series(object)),
    "nullable bool": (BOOLS, series("boolean")),
    "nullable int": (NUMBERS, series("Int16")),
    "arrow bool": (BOOLS, arrow(pa.bool_())),
    "arrow int": (NUMBERS, arrow(pa.int8())),
    "arrow text": (TEXTS, arrow(pa.string())),
    "arrow dictionary": (TEXTS, arrow(pa.dictionary(pa.int32(), pa.string()))),
    "arrow decimal": (DECIMALS, arrow(pa.decimal128(5, 2))),
    "arrow date": (DATES, arrow(pa.date32())),
    "arrow array": (TEXTS, lambda y: pa.chunked_array([y])),
    "arrow array in one piece": (NUMBERS, partial(pa.array, type=pa.int16())),
    "arrow views": (TEXTS, partial(pa.array, type=pa.string_view())),
    "arrow codes": (TEXTS, large_codes),
    "arrow table": (TEXTS, lambda y: pa.table({"y": pa.array(y, pa.large_string())})),
    "list of dates": (DATES, list),
    "list of times": (TIMES, list),
    "list of timestamps": (STAMPS, list),
    "list of decimals": (DECIMALS, list),
    "tuple of text": (TEXTS, tuple),
    "series of dates": (DATES, series()),
    "series of times": (STAMPS, series()),
    "series of nanoseconds": (STAMPS, series("datetime64[ns]")),
    "series of zoned times": (ZONED, series()),
    "series of durations": ((pd.Timedelta(1, "D"), pd.Timedelta(2, "D")), series()),
    "series of decimals": (DECIMALS, series()),
    "periods": (MONTHS, series()),
    "intervals": (RANGES, series()),
    "array of days": (DATES, partial(np.array, dtype="datetime64[D]")),
    "array of nanoseconds": (STAMPS, partial(np.array, dtype="datetime64[ns]")),
    "big unsigned": ((2**63 + 1, 2**63 + 3), partial(np.array, dtype=np.uint64)),
    "polars bool": (BOOLS, polars(pl.Boolean)),
    "polars unsigned": (NUMBERS, polars(pl.UInt8)),
    "polars categorical": (TEXTS, polars(pl.Categorical)),
    "polars enum": (TEXTS, polars(pl.Enum(["b", "z", "a"]))),
    "polars date": (DATES, polars(pl.Date)),
    "polars time": (TIMES, polars(pl.Datetime("ms"))),
    "polars zoned time": (
        tuple(stamp.to_pydatetime() for stamp in ZONED),
        polars(pl.Datetime("us", "Europe/Berlin")),
    ),
    "polars decimal": (DECIMALS, polars(pl.Decimal(5, 2))),
    "polars wide integers": (BIG, polars(pl.Int128)),
    "polars frame": (TEXTS, lambda y: pl.DataFrame({"y": y})),
}
"""By name: a common and a rare label, and a function that puts a list of labels in its container."""

if hasattr(np.dtypes, "StringDType"):  # since NumPy 2
    LABEL_TYPES["array of variable text"] = (TEXTS, partial(np.array, dtype=np.dtypes.StringDType()))


def cells(y):
    """Labels as a list of the objects that a user meets in the container."""
    if isinstance(y, (pd.DataFrame, pl.DataFrame, pa.Table)):
        return cells(y["y"])
    if isinstance(y, np.ndarray) and y.dtype.kind == "M":
        return pd.Series(y).tolist() if np.datetime_data(y.dtype)[0] == "ns" else y.tolist()
    if isinstance(y, pl.Series):
        return y.to_list()
    return y.to_pylist() if hasattr(y, "to_pylist") else [*y] if isinstance(y, (list, tuple)) else y.tolist()
