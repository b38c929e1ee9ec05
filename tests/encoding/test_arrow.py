"""Columns of Arrow are read and written in their type, and what else pyarrow keeps of a table stays."""

import numpy as np
import pyarrow as pa
import pytest

from gan_oversampler.encoding.arrow import read_arrow, stack_arrow, take_arrow, write_arrow
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, rng, round_trip, some_rows
from tests.frames import ARROW


@pytest.mark.parametrize("kind", ARROW, ids=str)
def test_columns_of_every_type_are_written_as_they_were_read(kind):
    for column in (pa.chunked_array([pa.nulls(2, kind)]), pa.chunked_array([], kind)):
        assert write_arrow(*read_arrow("x", column), column).equals(pa.nulls(len(column), kind))


def test_arrow_tables_keep_metadata_chunks_and_the_order_of_dictionaries():
    ordered = pa.dictionary(pa.int8(), pa.string(), ordered=True)
    entries = pa.array(["low", "mid", "high", "never"])
    codes = pa.chunked_array([pa.array([0, 1, None] * 10, "int8"), pa.array([2, 2, 0] * 10, "int8")])
    chunks = [pa.DictionaryArray.from_arrays(part, entries, ordered=True) for part in codes.chunks]
    X = pa.table({"level": pa.chunked_array(chunks, ordered)}).replace_schema_metadata({"source": "ward"})
    encoder = TableEncoder.learn(X)
    both = encoder.stack(X, encoder.decode(some_rows(encoder), rng()))
    assert both.schema.equals(X.schema, check_metadata=True)
    assert both.slice(0, N).equals(X)
    assert both["level"].unify_dictionaries().chunk(2).dictionary.to_pylist() == entries.to_pylist()


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.time64("ns")], ids=str)
def test_nanoseconds_are_kept(kind):
    X = pa.table({"at": pa.array(rng().integers(0, 1000, N), "int64").cast(kind)})
    assert round_trip(X).equals(X)


def test_floats_may_be_nan_or_null():
    for missing in (None, np.nan):
        X = pa.table({"x": pa.array([missing, *range(1, N)], pa.float32())})
        assert round_trip(X)["x"].null_count == X["x"].null_count
        assert read_arrow("x", X["x"])[0].missing.sum() == 1


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.int8()), pa.struct({"a": pa.int8()}), pa.dictionary(pa.int8(), pa.list_(pa.int8()))],
    ids=str,
)
def test_types_without_single_values_are_refused(kind):
    with pytest.raises(ValueError, match=r"'x' has the Arrow type .*spread it over several columns, or drop"):
        read_arrow("x", pa.chunked_array([], kind))


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view(), pa.int8()], ids=str)
def test_rows_are_taken_and_stacked_in_arrays_chunks_and_tables(kind):
    array = pa.array([1, 2, None] if kind == pa.int8() else ["a", "b", None], kind)
    for data in (array, pa.chunked_array([array]), pa.table({"x": array})):
        both = stack_arrow(data, take_arrow(data, np.array([2, 0])))
        assert type(both) is type(data)
        cells = both["x"] if isinstance(both, pa.Table) else both
        assert cells.type == kind
        assert cells.to_pylist() == [*array.to_pylist(), None, array[0].as_py()]
