"""Tasks on single partitions: which rows to keep, what no table may hold, row labels, and new rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling.sources import Source
from gan_oversampler.sampling.tables import draw_block


def uniform_at(positions: NDArray[np.intp], seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each position of a table, which looks random and depends on nothing else.

    >>> bool((uniform_at(np.arange(5), 0)[3:] == uniform_at(np.arange(3, 5), 0)).all())
    True
    """
    hashed = pd.util.hash_array(positions.astype(np.uint64) + np.uint64(seed))
    return (hashed >> np.uint64(11)) * 2.0**-53


def kept_rows(part: Any, y: pd.Series, start: pd.Series, shares: Mapping[Any, float], seed: int) -> Any:
    """Return the rows of a partition that are gathered: each with the chance that is the share of its class.

    ``part`` and the labels ``y`` are one partition, whose first row has the position ``start`` in the table.
    Whether a row is kept depends on its position, its class and the seed, so not on the partitions. Raises
    ``ValueError`` if there is not one label per row.
    """
    if len(part) != len(y):
        raise ValueError(
            f"The partitions of X and y must match, row by row. Got one of {len(part)} rows with {len(y)}"
            " labels. Take both from one Dask DataFrame, such as ddf.drop(columns='label') and ddf['label']."
        )
    codes, labels = pd.factorize(y)
    shares_n = np.array([shares[label] for label in labels.tolist()])[codes]
    return part[uniform_at(start.iloc[0] + np.arange(len(y)), seed) < shares_n]


def infinite_cells(part: pd.DataFrame) -> pd.DataFrame:
    """Count the infinite cells of each column of floats, as a table of one row."""
    floats = [name for name, dtype in part.dtypes.items() if pd.api.types.is_float_dtype(dtype)]
    return part[floats].isin([np.inf, -np.inf]).sum().to_frame().T


def renumbered(part: Any, start: pd.Series) -> Any:
    """Return a partition with rows that are labelled by their positions in the table."""
    first = int(start.iloc[0])
    return part.set_axis(pd.RangeIndex(first, first + len(part)))


@dataclass(frozen=True)
class Drawing:
    """What workers draw new rows with; they are the same wherever, and whenever, a partition is drawn."""

    source: Source
    encoder: TableEncoder
    names: list[Any]  # label of each class code
    streams: Streams

    def rows(self, part: Mapping[int, int], number: int, first: int) -> pd.DataFrame:
        """Draw a partition of new rows, of which ``part`` has the numbers by class code."""
        how = self.names, self.streams, number, "resample"
        rows = draw_block(self.source, self.encoder, part, *how).table
        return rows.set_axis(pd.RangeIndex(first, first + len(rows)))


def labels_of(examples: pd.Series, part: Mapping[int, int], first: int) -> pd.Series:
    """Return the labels of a partition of new rows; ``examples`` holds one of each class, by code."""
    labels = examples.iloc[np.repeat(list(part), list(part.values())).astype(np.intp)]
    return labels.set_axis(pd.RangeIndex(first, first + len(labels)))
