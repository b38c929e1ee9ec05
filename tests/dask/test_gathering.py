"""Gathering: what is refused, what is read, and partitions that stay as they are."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("dask.dataframe")
import dask
import dask.dataframe as dd

from gan_oversampler.dask.gathering import check_collections, count, frozen, gather
from tests.dask.tables import LABELS, N_RARE, N, in_partitions, mixed


@pytest.fixture(autouse=True)
def in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def files(tmp_path):
    """A folder of 20 files with many columns, of which Dask reads several at once if it needs few columns."""
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 30))).add_prefix("x").assign(y=LABELS)
    dd.from_pandas(wide, npartitions=20).to_parquet(tmp_path, write_index=False)
    return tmp_path


def test_partitions_of_files_stay_apart_where_few_columns_are_read(files):
    y = dd.read_parquet(files)["y"]
    assert y.optimize().npartitions < 20
    assert frozen(y).optimize().npartitions == 20
    assert count(y).lengths == [30] * 20


def test_columns_that_are_not_needed_are_not_read(files):
    graph = frozen(dd.read_parquet(files)[["x3"]]).optimize().__dask_graph__()
    parts = dask.get(graph, [key for key in graph if str(key).startswith("('read")])
    assert {tuple(part.columns) for part in parts} == {("x3",)}


def test_classes_and_partitions_are_counted():
    _, y = in_partitions(mixed(), LABELS, 7)
    counts = count(y)
    assert counts.by_label == {"no": N - N_RARE, "yes": N_RARE}
    assert counts.lengths == [len(part) for part in y.partitions]
    assert counts.starts[3] == sum(counts.lengths[:3])


def test_other_rows_that_belong_to_the_table_are_kept_with_it():
    X, y = in_partitions(mixed().assign(row=np.arange(N)), LABELS, 5)
    table, labels, rows = gather([X, y, X["row"]], count(y), {"no": 0.2, "yes": 1.0}, 0)
    assert (table["row"] == rows).all()
    assert (labels == LABELS[rows]).all()
    assert (labels == "yes").sum() == N_RARE


def test_infinity_in_a_row_that_is_not_kept_is_refused():
    X = mixed()
    X.loc[np.flatnonzero(LABELS == "no")[0], "size"] = np.inf
    X, y = in_partitions(X, LABELS, 5)
    with pytest.raises(ValueError, match=r"infinity in column 'size' \(1 cells\)"):
        gather([X, y], count(y), {"no": 0.0, "yes": 1.0}, 0)


def test_labels_of_partitions_of_other_lengths_are_refused():
    X, y = in_partitions(mixed(), LABELS, 3)
    y = y[y.index < N - 3]
    with pytest.raises(ValueError, match="must match, row by row"):
        gather([X, y], count(y), {"no": 1.0, "yes": 1.0}, 0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X, y: (X.to_dask_array(), y), TypeError, "Got Array.*from_dask_array"),
        (lambda X, y: (X.compute(), y), TypeError, "X must be a Dask DataFrame"),
        (lambda X, y: (X, LABELS), TypeError, "'y' must be a Dask Series.*Got ndarray"),
        (lambda X, y: (X, "label"), TypeError, "Got str"),
        (lambda X, y: (X, X.index), TypeError, "must be a Dask Series.*Got Index"),
        (lambda X, y: (X, y.repartition(npartitions=2)), ValueError, "Got 4 and 2 partitions"),
    ],
)
def test_what_is_no_table_with_labels_of_dask_is_refused(change, error, message):
    X, y = in_partitions(mixed()[["size"]], LABELS, 4)
    with pytest.raises(error, match=message):
        check_collections(*change(X, y), {"groups": None})


def test_weights_must_be_partitions_too():
    X, y = in_partitions(mixed(), LABELS, 4)
    with pytest.raises(TypeError, match="'sample_weight' must be a Dask Series"):
        check_collections(X, y, {"sample_weight": np.ones(N)})
