"""Frames of every dtype of pandas, polars and Arrow, for laws that hold for all of them."""

import datetime
import string
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

N, N_RARE = 40, 12
TARGET = [0] * (N - N_RARE) + [1] * N_RARE

EPOCH, ZONE = datetime.datetime(1970, 1, 1), "Europe/Berlin"
FLOATS = {bits: st.floats(-1e4, 1e4, width=bits) for bits in (16, 32, 64)}
INTS = {bits: st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64, 128)}
UINTS = {bits: st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64, 128)}
BOOLS, TEXTS, BLOBS = st.booleans(), st.text(string.printable, max_size=5), st.binary(min_size=2, max_size=2)
SECONDS = st.integers(-(2**31), 2**31).map(lambda n: datetime.timedelta(seconds=n))
MOMENTS = SECONDS.map(lambda duration: EPOCH + duration)
DAYS = MOMENTS.map(datetime.datetime.date)
MIDNIGHTS = DAYS.map(lambda day: datetime.datetime.combine(day, datetime.time()))
TIMES = st.integers(0, 86399).map(lambda n: (EPOCH + datetime.timedelta(seconds=n)).time())
DECIMALS = st.integers(-99999, 99999).map(lambda n: Decimal(n).scaleb(-2))
LETTERS = st.sampled_from("cadb")
UNITS = ("s", "ms", "us", "ns")

ARROW = {
    **{f"int{bits}": INTS[bits] for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": UINTS[bits] for bits in (8, 16, 32, 64)},
    pa.float16(): FLOATS[16],
    pa.float32(): FLOATS[32],
    pa.float64(): FLOATS[64],
    pa.bool_(): BOOLS,
    pa.string(): TEXTS,
    pa.large_string(): TEXTS,
    pa.string_view(): TEXTS,
    pa.binary(): BLOBS,
    pa.large_binary(): BLOBS,
    pa.binary(2): BLOBS,
    pa.dictionary(pa.int8(), pa.string()): TEXTS,
    pa.dictionary(pa.int32(), pa.large_string(), ordered=True): TEXTS,
    pa.dictionary(pa.uint16(), pa.int64()): INTS[64],
    pa.date32(): DAYS,
    pa.date64(): DAYS,
    **{pa.timestamp(unit): MOMENTS for unit in UNITS},
    pa.timestamp("us", ZONE): MOMENTS.map(lambda moment: moment.replace(tzinfo=datetime.UTC)),
    pa.time32("s"): TIMES,
    pa.time64("ns"): TIMES,
    **{pa.duration(unit): SECONDS for unit in UNITS},
    pa.decimal128(9, 2): DECIMALS,
    pa.decimal256(40, 2): DECIMALS,
    pa.null(): st.none(),
}
ARROW = {pa.type_for_alias(kind) if isinstance(kind, str) else kind: cells for kind, cells in ARROW.items()}

POLARS = {
    **{getattr(pl, f"Int{bits}"): INTS[bits] for bits in (8, 16, 32, 64, 128)},
    **{getattr(pl, f"UInt{bits}"): UINTS[bits] for bits in (8, 16, 32, 64)},
    pl.Float32: FLOATS[32],
    pl.Float64: FLOATS[64],
    pl.Boolean: BOOLS,
    pl.String: TEXTS,
    pl.Categorical: TEXTS,
    pl.Enum(list("zcbda")): LETTERS,
    pl.Binary: BLOBS,
    pl.Date: DAYS,
    **{pl.Datetime(unit): MOMENTS for unit in UNITS[1:]},
    pl.Datetime("us", ZONE): MOMENTS,
    **{pl.Duration(unit): SECONDS for unit in UNITS[1:]},
    pl.Time: TIMES,
    pl.Decimal(9, 2): DECIMALS,
    pl.Null: st.none(),
}

# By dtype: the cells, and whether some may be missing.
PANDAS = {
    **{f"int{bits}": (INTS[bits], False) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (UINTS[bits], False) for bits in (8, 16, 32, 64)},
    **{f"Int{bits}": (INTS[bits], True) for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": (UINTS[bits], True) for bits in (8, 16, 32, 64)},
    "float32": (FLOATS[32], True),
    "float64": (FLOATS[64], True),
    "Float32": (FLOATS[32], True),
    "Float64": (FLOATS[64], True),
    "bool": (BOOLS, False),
    "boolean": (BOOLS, True),
    "str": (TEXTS, True),
    "string": (TEXTS, True),
    "category": (TEXTS, True),
    pd.CategoricalDtype(list("zcbda"), ordered=True): (LETTERS, True),
    pd.CategoricalDtype(list("zcbda")): (LETTERS, True),
    **{f"datetime64[{unit}]": (MOMENTS, True) for unit in UNITS},
    f"datetime64[us, {ZONE}]": (MOMENTS, True),
    **{f"timedelta64[{unit}]": (SECONDS, True) for unit in UNITS},
    pd.SparseDtype("int64", 0): (INTS[32], False),
    **{pd.ArrowDtype(kind): (cells, True) for kind, cells in ARROW.items() if "view" not in str(kind)},
}
# Objects that pandas keeps in columns of the dtype object, and periods.
OBJECTS = {
    "texts": TEXTS,
    "bools": BOOLS,
    "decimals": DECIMALS,
    "dates": DAYS,
    "times": TIMES,
    "blobs": BLOBS,
}
PERIODS = ("Y", "Q", "M", "W", "D", "h")


def _arrow(columns):
    return pa.table({name: pa.array(cells, kind) for name, (kind, cells) in columns.items()})


def _polars(columns):
    return pl.DataFrame([pl.Series(name, cells, dtype=kind) for name, (kind, cells) in columns.items()])


def _pandas(columns):
    return pd.DataFrame({name: _series(*column) for name, column in columns.items()})


def _series(kind, cells):
    if isinstance(kind, pd.ArrowDtype):
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(cells, kind.pyarrow_dtype)))
    if kind in PERIODS:
        return pd.Series(pd.PeriodIndex(cells, freq=kind))
    return pd.Series(cells, dtype=object if kind in OBJECTS else kind)


LIBRARIES = {
    "arrow": (_arrow, {kind: (cells, True) for kind, cells in ARROW.items()}),
    "polars": (_polars, {kind: (cells, True) for kind, cells in POLARS.items()}),
    "pandas": (
        _pandas,
        {
            **PANDAS,
            **{kind: (cells, True) for kind, cells in OBJECTS.items()},
            **{unit: (MOMENTS, True) for unit in PERIODS},
        },
    ),
}


@st.composite
def columns_of(draw, kinds):
    """A dtype and ``N`` cells of it: of one to all cells distinct values, and maybe some missing, or all."""
    kind = draw(st.sampled_from(list(kinds)))
    cells, nullable = kinds[kind]
    values = draw(st.lists(cells, min_size=1, max_size=15))
    stream = np.random.default_rng(draw(st.integers(0, 99)))
    share = draw(st.sampled_from([0, 0, 0.2, 1])) if nullable else 0
    picked = stream.integers(0, len(values), N)
    return kind, [None if stream.random() < share else values[i] for i in picked]


@st.composite
def frames(draw, library):
    """A frame of the library with up to three columns of any of its dtypes."""
    make, kinds = LIBRARIES[library]
    columns = draw(st.lists(columns_of(kinds), min_size=1, max_size=3))
    return make({f"column {i}": column for i, column in enumerate(columns)})
