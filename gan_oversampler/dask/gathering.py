"""From partitions to this machine: numbers of rows per class, rare rows, and a sample of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dask.dataframe as dd
import pandas as pd
from dask.base import compute

from gan_oversampler.dask.counting import Counts
from gan_oversampler.dask.partitions import infinite_cells, kept_rows


def check_collections(X: Any, y: Any, metadata: Mapping[str, Any]) -> None:
    """Refuse what is no Dask DataFrame with Dask Series of as many partitions, and say what to give instead.

    ``metadata`` holds weights and groups by name, None where there are none. Raises ``TypeError`` and, for
    other partitions, ``ValueError``.
    """
    if not isinstance(X, dd.DataFrame):
        raise TypeError(
            f"X must be a Dask DataFrame where X or y is a collection of Dask. Got {type(X).__name__}."
            " An array becomes one by dask.dataframe.from_dask_array(X, columns=[...])."
        )
    for name, given in {"y": y, **metadata}.items():
        if given is None and name != "y":
            continue
        if not isinstance(given, dd.Series) or isinstance(given, dd.Index):
            raise TypeError(
                f"With a Dask DataFrame, {name!r} must be a Dask Series with the same partitions, such as a"
                f" column of the table, ddf['label']. Got {type(given).__name__}."
            )
        if given.npartitions != X.npartitions:
            raise ValueError(
                f"The partitions of X and {name!r} must match, row by row. Got {X.npartitions} and"
                f" {given.npartitions} partitions. Take both from one Dask DataFrame."
            )


def frozen(collection: Any, divisions: Sequence[Any] | None = None) -> Any:
    """Return a collection with the same partitions, which Dask's optimizer does not join.

    The optimizer reads several files as one partition where few of their columns are needed. But partitions
    of labels must stay beside those of their rows, and begin at a known position of the table. Columns that
    are not needed are not read all the same. ``divisions`` are those that the partitions are going to have.
    """
    simple = collection.simplify()
    graph, keys = simple.__dask_graph__(), simple.__dask_keys__()
    unknown = (None,) * (len(keys) + 1)
    return dd.from_graph(dict(graph), simple._meta, tuple(divisions or unknown), keys, "gan-oversampler")


def starts_of(counts: Counts) -> Any:
    """Return the position of the first row of each partition, as a collection of a number per partition."""
    return dd.from_map(pd.Series, [[start] for start in counts.starts], meta=pd.Series([0]))


def count(y: Any) -> Counts:
    """Count the rows of each class and of each partition; only labels are read."""
    y = frozen(y)
    lengths = y.map_partitions(len, meta=(None, int))
    by_label, found = compute(y.value_counts(dropna=False, sort=False, split_out=1), lengths)
    return Counts.of(by_label, [int(n) for n in found])


def gather(collections: Sequence[Any], counts: Counts, shares: Mapping[Any, float], seed: int) -> list[Any]:
    """Bring kept rows to this machine, of a table, its labels, and other series of the same rows.

    ``shares`` holds the share of each class that is kept. Raises ``ValueError`` if partitions do not match,
    or any cell of the whole table is infinite.
    """
    frames, starts = [frozen(collection) for collection in collections], starts_of(counts)
    X, y = frames[:2]
    kept = [
        frame.map_partitions(
            *(kept_rows, y, starts, shares, seed),
            meta=frame._meta,
            align_dataframes=False,
            enforce_metadata=False,  # would put the categories of the meta into empty partitions
        )
        for frame in frames
    ]
    infinite = X.map_partitions(infinite_cells, meta=infinite_cells(X._meta_nonempty)).sum()
    *found, n_infinite = compute(*kept, infinite)
    if (n_infinite > 0).any():
        raise ValueError(
            f"Input X contains infinity in column {n_infinite.idxmax()!r} ({int(n_infinite.max())} cells);"
            " replace or drop these rows."
        )
    return [part.reset_index(drop=True) for part in found]
