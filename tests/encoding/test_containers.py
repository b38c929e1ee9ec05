"""Arrays, lists and sparse matrices are read column by column and written in the same container."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from gan_oversampler.encoding.containers import check_table, read_table
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, rng, round_trip


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "int64", "int8", "uint8", "bool", "<U3", "M8[D]", "O"],
)
def test_numpy_dtypes_come_back(dtype):
    X = rng().integers(0, 5, (N, 3)).astype("int64").astype(dtype)
    back = round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


@pytest.mark.parametrize("dtype", ["float16", "longdouble"])
def test_unusual_floats_of_two_values_come_back(dtype):
    X = np.array([[0.5], [2.0], [0.5]], dtype=dtype)
    back = round_trip(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


def test_object_arrays_keep_python_types_and_markers():
    X = np.array(
        [
            [1, 0.5, True, "a", None, decimal.Decimal("1.5"), datetime.timedelta(hours=1)],
            [2, None, False, None, 3, decimal.Decimal("2.25"), datetime.timedelta(hours=2)],
            [9, 2.5, False, "b", 4, decimal.Decimal("7.5"), datetime.timedelta(hours=9)],
        ],
        dtype=object,
    )
    back = round_trip(X)
    assert back.tolist() == X.tolist()
    assert [[type(c) for c in row] for row in back] == [[type(c) for c in row] for row in X]


def test_aware_datetimes_in_object_columns_keep_their_zone():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    X = [[datetime.datetime(2024, 5, day, tzinfo=zone)] for day in (1, 2, 9)]
    back = round_trip(X)
    assert back == X
    assert back[0][0].utcoffset() == datetime.timedelta(hours=2)
    assert type(back[0][0]) is datetime.datetime


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "csc_array"])
def test_sparse_containers_come_back(kind):
    dense = rng().integers(0, 4, (N, 3)).astype("float32")
    X = getattr(sparse, kind)(dense)
    encoder = TableEncoder.learn(X)
    new = encoder.decode(encoder.encode(X), rng())
    both = encoder.stack(X, new)
    assert type(new) is type(both) is type(X)
    assert both.dtype == X.dtype
    np.testing.assert_array_equal(both.toarray(), np.vstack([dense, dense]))


@pytest.mark.parametrize("make", [np.array, np.ndarray.tolist, sparse.csc_array, pd.DataFrame, pl.DataFrame])
def test_cells_are_read_and_written_and_stacked_below_the_rows_in_every_container(make):
    dense = rng().integers(0, 5, (N, 2))
    X = make(dense)
    container, columns = read_table(X)
    assert len(container.names) == len(columns) == 2
    assert [cells.values.tolist() for cells in columns] == dense.T.tolist()
    new = container.build(columns)
    both = container.join(iter([X, new]), 2 * len(dense))
    assert type(new) is type(both) is type(X)
    rows = both.toarray() if sparse.issparse(both) else np.asarray(both)
    np.testing.assert_array_equal(rows, np.vstack([dense, dense]))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "duplicates of \\['a'\\]"),
        (pa.table([[1], [2]], names=["a", "a"]), "duplicates of \\['a'\\]"),
        (pa.table({"a": pa.array([], "int8")}), "at least one row"),
        (pl.DataFrame(schema={"a": pl.Int8}), "at least one row"),
        (pd.DataFrame(index=range(3)), "one column"),
        (pd.DataFrame({"a": []}), "at least one row"),
        (np.empty((0, 2)), "at least one row"),
        (np.empty((2, 0)), "0 feature"),
        ([], "at least one row"),
        (np.arange(3), "2D array"),
        ([[1, 2], [3]], "equally many cells"),
        ([1, 2], "Expected 2D array"),
        (np.ones((2, 2), dtype=complex), "Complex data not supported"),
        (pd.DataFrame({"a": [[1], [2]]}), "'a' holds cells that are no single values"),
    ],
)
def test_what_is_no_table_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder.learn(X)


def test_a_sparse_matrix_that_is_too_large_is_refused_before_it_is_made_dense():
    X = sparse.csr_array((10_000, 20_000))
    with pytest.raises(ValueError, match=r"may take 1 GB: got one of shape \(10000, 20000\).* 1.6 GB"):
        check_table(X)
    check_table(sparse.csr_array((10_000, 1_000)))
