"""New rows as partitions that are drawn when somebody asks for them, behind those of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import dask.dataframe as dd
import pandas as pd
from dask.delayed import delayed

from gan_oversampler.dask.counting import Counts
from gan_oversampler.dask.gathering import frozen, starts_of
from gan_oversampler.dask.partitions import Drawing, labels_of, renumbered
from gan_oversampler.sampling.tables import chunks_of

ROWS_PER_PARTITION: Final = 100_000  # of new rows; with another number they would be other rows


@dataclass(frozen=True)
class NewRows:
    """New rows that are not drawn yet, in partitions of ``ROWS_PER_PARTITION`` rows."""

    drawing: Drawing
    examples: pd.Series  # a label of each class, by code
    parts: list[dict[int, int]]  # new rows of each partition, by class code
    bounds: list[int]  # position of the first row of each partition, and of the first one after all

    @classmethod
    def of(cls, drawing: Drawing, examples: pd.Series, n_new: Mapping[int, int], first: int) -> NewRows:
        """Divide numbers of new rows by class code into partitions, from a position of the table on."""
        parts = [part for part in chunks_of(n_new, ROWS_PER_PARTITION) if part]
        bounds = accumulate((sum(part.values()) for part in parts), initial=first)
        return cls(drawing, examples, parts, list(bounds))

    def appended(self, X: Any, y: Any, counts: Counts) -> tuple[Any, Any]:
        """Return a table and its labels with new partitions, and rows numbered from 0 on."""
        drawing = delayed(self.drawing, traverse=False)  # stands once in the graph
        draw, label = delayed(Drawing.rows, pure=False), delayed(labels_of, pure=False)
        numbers = range(len(self.parts))
        rows = [draw(drawing, self.parts[i], i, self.bounds[i]) for i in numbers]
        labels = [label(self.examples, self.parts[i], self.bounds[i]) for i in numbers]
        return self._behind(X, rows, counts), self._behind(y, labels, counts)

    def _behind(self, collection: Any, tasks: list[Any], counts: Counts) -> Any:
        meta = collection._meta.reset_index(drop=True)
        old = frozen(collection, (*counts.starts, counts.n_rows - 1)).map_partitions(
            *(renumbered, starts_of(counts)), meta=meta, align_dataframes=False, enforce_metadata=False
        )
        if not tasks:
            return old
        divisions = (*self.bounds[:-1], self.bounds[-1] - 1)
        return dd.concat([old, dd.from_delayed(tasks, meta, divisions, verify_meta=False)])
