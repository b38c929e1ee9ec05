"""Tables of every dtype, layouts, and what an encoder makes of tables, for tests of the encoding."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import strategies as st

from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.table_encoder import TableEncoder

N = 60


def rng(seed=0):
    return np.random.default_rng(seed)


def cells_of(values):
    """Cells of which none is missing."""
    return Cells(np.asarray(values), np.zeros(len(values), dtype=bool))


def round_trip(X, **kwargs):
    encoder = TableEncoder.learn(X, **kwargs)
    return encoder.decode(encoder.encode(X), rng())


def column_of(values, **kwargs):
    return TableEncoder.learn(pd.DataFrame({"x": values}), **kwargs).columns[0]


def some_rows(encoder, n=200, seed=0):
    """Rows as a generator might draw them: near one-hot, values anywhere."""
    stream = rng(seed)
    return stream.normal(size=(n, encoder.layout.width)).astype(np.float32) * 3


MIXED_LAYOUT = Layout(
    (
        Block("age", 0, 0, ()),
        Block("city", 1, 3, None),
        Block("income", 4, 3, (0.0, -0.7, 1.5)),
        Block("sex", 8, 2, None),
        Block("debt", 10, 2, (0.0, 0.3)),
    )
)


@st.composite
def layouts(draw):
    """Any table: numbers, numbers with spikes and categories in any order."""
    blocks, start = [], 0
    for name in range(draw(st.integers(1, 5))):
        has_value = draw(st.booleans())
        n_states = draw(st.sampled_from([0, 2, 3]) if has_value else st.integers(2, 5))
        pins = st.floats(-3, 3, width=32)
        pinned = tuple(draw(pins) for _ in range(n_states)) if has_value else None
        blocks.append(Block(name, start, n_states, pinned))
        start += blocks[-1].width
    return Layout(tuple(blocks))


def pandas_frame():
    stream = rng()
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(stream.integers(0, 90, N), unit="D")
    return pd.DataFrame(
        {
            "float64": stream.normal(size=N),
            "float32": stream.integers(0, 50, N).astype("float32") / np.float32(10),
            "int8": stream.integers(-100, 100, N).astype("int8"),
            "uint64": stream.integers(0, 1000, N).astype("uint64"),
            "bool": stream.random(N) < 0.3,
            "Int64": pd.array([None, *stream.integers(0, 9, N - 1)], dtype="Int64"),
            "Float32": pd.array([None, *stream.integers(0, 9, N - 1)], dtype="Float32"),
            "boolean": pd.array([None, True, False] * (N // 3), dtype="boolean"),
            "string": pd.array([None, "a", "b"] * (N // 3), dtype="string"),
            "str": pd.Series(["x", "y", None] * (N // 3), dtype="str"),
            "object": pd.Series(["x", None, "z"] * (N // 3), dtype=object),
            "mixed": pd.Series(["x", 1, None] * (N // 3), dtype=object),
            "bools": pd.Series([True, False, None] * (N // 3), dtype=object),
            "dates": pd.Series([datetime.date(2024, 1, 1 + i % 30) for i in range(N)], dtype=object),
            "ordered": pd.Categorical(
                ["lo", "hi", None] * (N // 3), categories=["lo", "mid", "hi"], ordered=True
            ),
            "codes": pd.Categorical([3, 1, 2] * (N // 3)),
            "naive": day.astype("datetime64[s]"),
            "zoned": day.tz_localize("Europe/Berlin"),
            "delta": pd.to_timedelta(stream.integers(0, 9, N), unit="h").where(day.day > 3),
            "sparse": pd.arrays.SparseArray(stream.integers(0, 3, N).astype(float), fill_value=0.0),
            "constant": 7,
            "empty": np.full(N, np.nan),
        }
    )


def polars_frame():
    zone = "Europe/Berlin"
    at = [datetime.datetime(2024, 1, 1, i % 24) if i % 5 else None for i in range(N)]
    return pl.DataFrame(
        {
            "f": pl.Series(rng().normal(size=N), dtype=pl.Float32),
            "nan": pl.Series([float("nan"), 0.5, 1.5] * (N // 3)),
            "i": pl.Series([None, 1, 2, 3] * (N // 4), dtype=pl.Int8),
            "u": pl.Series([5, 1, 2, 3] * (N // 4), dtype=pl.UInt64),
            "b": pl.Series([None, True, False] * (N // 3)),
            "s": pl.Series([None, "a", "b"] * (N // 3)),
            "c": pl.Series([None, "a", "b"] * (N // 3), dtype=pl.Categorical),
            "e": pl.Series([None, "a", "b"] * (N // 3), dtype=pl.Enum(["a", "b", "never"])),
            "d": pl.Series([x and x.date() for x in at]),
            "t": pl.Series(at, dtype=pl.Datetime("ms")),
            "z": pl.Series(at).dt.replace_time_zone("UTC").dt.convert_time_zone(zone),
            "x": pl.Series([datetime.timedelta(hours=i % 7) for i in range(N)]),
            "m": pl.Series([1, 2, 3] * (N // 3), dtype=pl.Decimal(10, 2)),
            "k": pl.Series([None] * N, dtype=pl.String),
        }
    )
