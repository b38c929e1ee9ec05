"""Data frames of pandas, polars and others come back with every dtype and label."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gan_oversampler.encoding.dataframes import PandasTable
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, pandas_frame, polars_frame, rng, round_trip, some_rows


def test_every_pandas_dtype_comes_back():
    X = pandas_frame()
    pd.testing.assert_frame_equal(round_trip(X), X, rtol=1e-5, atol=1e-6)


def test_every_polars_dtype_comes_back():
    X = polars_frame()
    back = round_trip(X)
    assert back.schema == X.schema
    assert back.drop("f").equals(X.drop("f"), null_equal=True)
    np.testing.assert_allclose(back["f"].to_numpy(), X["f"].to_numpy(), atol=1e-6)
    assert back["nan"].null_count() == 0


@pytest.mark.parametrize("make", [pandas_frame, polars_frame])
def test_drawn_rows_have_the_dtypes_and_values_of_the_table(make):
    X = make()
    encoder = TableEncoder.learn(X)
    new = encoder.decode(some_rows(encoder), rng())
    assert type(new) is type(X)
    assert list(new.dtypes) == list(X.dtypes)
    text = "string" if "string" in X.columns else "s"
    assert set(new[text].drop_nulls() if make is polars_frame else new[text].dropna()) == {
        "a",
        "b",
    }


def test_every_arrow_dtype_comes_back():
    hours = [datetime.datetime(2024, 1, 1 + i % 9, i % 24, tzinfo=datetime.UTC) for i in range(N)]
    dtypes = {
        "int64": [1, 2, None, 5] * 15,
        "bool": [True, False, None] * 20,
        "string": ["a", "b", None] * 20,
        "date32": [at.date() for at in hours],
        "zoned": hours,
    }
    arrow = {name: getattr(pa, name)() for name in ("int64", "bool_", "string", "date32")}
    arrow |= {"bool": arrow.pop("bool_"), "zoned": pa.timestamp("us", tz="Europe/Berlin")}
    X = pd.DataFrame({name: pd.Series(v, dtype=pd.ArrowDtype(arrow[name])) for name, v in dtypes.items()})
    pd.testing.assert_frame_equal(round_trip(X), X)
    table = pa.table({name: pa.array(values, arrow[name]) for name, values in dtypes.items()})
    assert round_trip(table).equals(table)


def test_stack_puts_unchanged_originals_first():
    X = pandas_frame().set_index(pd.Index(range(100, 100 + N)))
    encoder = TableEncoder.learn(X)
    both = encoder.stack(X, encoder.decode(some_rows(encoder, 10), rng()))
    assert both.index.equals(pd.RangeIndex(N + 10))
    pd.testing.assert_frame_equal(both.iloc[:N], X.reset_index(drop=True))
    assert both.dtypes.equals(X.dtypes)


def test_rows_of_polars_are_stacked_unchanged():
    X = polars_frame()
    encoder = TableEncoder.learn(X)
    both = encoder.stack(X, encoder.decode(some_rows(encoder, 10), rng()))
    assert both.head(N).equals(X, null_equal=True)
    assert both.height == N + 10


def test_labels_of_columns_may_be_anything():
    X = pd.DataFrame(rng().normal(size=(9, 3)), columns=pd.MultiIndex.from_tuples(["ab", "ac", "bc"]))
    pd.testing.assert_frame_equal(round_trip(X), X, atol=1e-6)


def test_lazy_frames_are_refused():
    with pytest.raises(TypeError, match="collect"):
        TableEncoder.learn(pl.LazyFrame({"a": [1]}))


@pytest.mark.parametrize("name", ["pandas", "arrow"])
def test_a_learned_container_holds_no_row_of_the_table(name):
    X = pd.DataFrame({"text": pd.Series(["ab" * 5000, "cd" * 5000] * 30, dtype="string[pyarrow]")})
    table = TableEncoder.learn(X if name == "pandas" else pa.table({"text": X["text"].tolist()})).container
    empty = table.template["text"]
    assert len(empty) == 0
    column = empty.array.__arrow_array__() if name == "pandas" else empty
    assert column.get_total_buffer_size() < 1000


def test_times_of_day_in_object_columns_are_numbers_unless_they_have_a_zone():
    times = [datetime.time(i % 24, 7 * i % 60) for i in range(N)]
    X = pd.DataFrame({"at": times})
    assert round_trip(X).equals(X)
    encoder = TableEncoder.learn(X)
    new = encoder.decode(some_rows(encoder), rng())["at"]
    assert min(times) <= min(new) < max(new) <= max(times)
    assert len(set(new) - set(times)) > 10
    zoned = pd.DataFrame(
        {"at": [time.replace(hour=time.hour % 9, minute=0, tzinfo=datetime.UTC) for time in times]}
    )
    encoder = TableEncoder.learn(zoned)
    assert set(encoder.decode(some_rows(encoder), rng())["at"]) <= set(zoned["at"])


def test_large_frames_are_joined_column_by_column_to_the_same_frame(monkeypatch):
    X = pandas_frame()
    encoder = TableEncoder.learn(X)
    parts = [X, *(encoder.decode(some_rows(encoder, 10, seed), rng()) for seed in range(3))]
    expected = pd.concat(parts, ignore_index=True)
    monkeypatch.setattr("gan_oversampler.encoding.dataframes.MANY_ROWS", 5)
    pieces = [X, *(encoder.decode(some_rows(encoder, 10, seed), rng()) for seed in range(3))]
    pd.testing.assert_frame_equal(encoder.join(iter(pieces), len(expected)), expected)


def test_equal_texts_are_one_object():
    (cells,) = PandasTable.read(pd.DataFrame({"city": ["Bonn", None, "Kiel", "Bonn"] * 2}))[1]
    assert cells.missing.tolist() == [False, True, False, False] * 2
    assert len(set(map(id, cells.present))) == 2
