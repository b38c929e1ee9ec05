"""Tables of every library come back with their labels, dtypes and cells."""

import datetime
import json

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import Unpacker
from tests.stored import through

INDEXES = [
    pd.RangeIndex(2, 8, 3, name="row"),
    pd.Index(["a", "b"], dtype=object, name=("x", 1)),
    pd.Index([1.5, 2.5]),
    pd.Index([1, "b"], dtype=object),
    pd.CategoricalIndex(["b", "a"]),
    pd.DatetimeIndex(["2024-01-01", "2024-07-01"], tz="Europe/Paris"),
    pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["letter", None]),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: type(index).__name__)
def test_labels_of_rows_and_columns_come_back(index):
    pd.testing.assert_index_equal(through(index), index)
    for frame in (pd.DataFrame(np.eye(2), index=index), pd.DataFrame(np.eye(2), columns=index)):
        pd.testing.assert_frame_equal(through(frame), frame)


def test_frames_without_columns_or_rows_come_back():
    for frame in (pd.DataFrame(index=[3, 4]), pd.DataFrame({"a": []}), pd.DataFrame()):
        pd.testing.assert_frame_equal(through(frame), frame)


def test_a_frame_that_is_shared_stays_one():
    frame = pd.DataFrame({"a": [1]})
    first, second = through([frame, frame])
    assert first is second


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("layout", ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"])
def test_sparse_matrices_come_back_in_their_layout(layout, kind):
    dense = np.array([[0, 2, 0], [1, 0, 0]], np.int16)
    matrix = getattr(sparse, f"{layout}_{kind}")(dense)
    found = through(matrix)
    assert type(found) is type(matrix)
    assert found.dtype == matrix.dtype
    assert found.toarray().tolist() == dense.tolist()


def test_frames_of_polars_come_back():
    pl = pytest.importorskip("polars")
    day = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    frame = pl.DataFrame(
        {
            "number": [1, None],
            "level": pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"])),
            "when": pl.Series([day, None]).dt.convert_time_zone("Europe/Paris"),
            "list": [[1, 2], []],
        }
    )
    assert through(frame).equals(frame)
    assert through(frame[:0]).schema == frame.schema


def test_tables_of_arrow_come_back():
    pa = pytest.importorskip("pyarrow")
    level = pa.array(["a", None, "a"]).dictionary_encode()
    table = pa.table({"text": pa.array(["x", None, ""], pa.large_string()), "level": level})
    assert through(table).equals(table)
    assert through(table[:0]).schema == table.schema


DTYPES = [
    *(nw.Int8(), nw.Boolean(), nw.String(), nw.Categorical(), nw.Time(), nw.Enum(["b", "a"])),
    *(nw.Datetime("ms", "Europe/Paris"), nw.Datetime(), nw.Duration("ns")),
    *(nw.List(nw.Int8), nw.Array(nw.Float32(), 3), nw.Struct({"a": nw.List(nw.Date()), "b": nw.Int64})),
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dtypes_of_other_libraries_come_back(dtype):
    assert through(dtype) == dtype
    assert repr(through(dtype)) == repr(dtype)


def read(document, *arrays):
    return Unpacker(FORMS, arrays).unpacked(json.dumps({"nodes": [], "root": document}))


@pytest.mark.parametrize("layout", ["csc", "dia", "lil"])
def test_many_columns_of_a_sparse_matrix_are_refused_before_memory_is_taken(layout):
    parts = [{"array": i} for i in range(3)]
    arrays = np.ones(1), np.zeros(1, np.int32), np.array([0, 1], np.int32)
    assert read({f"{layout}_array": [parts, [1, 9]]}, *arrays).shape == (1, 9)
    with pytest.raises(ValueError, match="too much memory"):
        read({f"{layout}_array": [parts, [1, 10**8]]}, *arrays)


def test_a_single_value_is_no_column():
    index, labels = {"range": [0, 10**7, 1, None]}, {"range": [0, 1, 1, None]}
    cell = {"scalar": ["<f8", np.float64(1).tobytes().hex()]}
    for column in (cell, {"array": 0}):
        with pytest.raises(ValueError, match=r"[Ll]ength"):
            read({"frame": [index, labels, [column]]}, np.ones(()))
