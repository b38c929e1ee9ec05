"""Does anything of the held-out rows reach the training side?

The features of a cell's held-out rows are shuffled and moved. What the method then hands to the
classifiers, and the thresholds tuned on it, must be the same bit for bit. This catches a scaler fitted on
all rows, a sampler run before the split, an oracle or a threshold that peeks. Held-out labels stay as they
are, since the folds depend on them: a leak of labels alone goes unseen.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks import protocol
from benchmarks.protocol import N_FOLDS, Cell
from benchmarks.tables import Table


class LeakError(AssertionError):
    """Held-out rows changed what the classifiers learn from."""


def audit(cell: Cell) -> None:
    """Resample a cell twice, the second time with other held-out rows; tune thresholds if the cell does.

    Raises
    ------
    LeakError
        If the resampled training rows or the thresholds differ.
    """
    original, poisoned = (_training_side(cell, table) for table in (cell.table, _poisoned(cell)))
    if not all(np.array_equal(a, b) for a, b in zip(original, poisoned)):
        raise LeakError(
            f"With other held-out rows {cell.method!r} gave other training rows on {cell.table.name},"
            f" fold {cell.fold}: something sees more than the training fold."
        )


def _training_side(cell: Cell, table: Table) -> tuple[np.ndarray, ...]:
    train, test = protocol.split(table, N_FOLDS, cell.repeat)[cell.fold]
    fold = protocol.resample(cell.method, train, test, cell.random_state)
    tuned = protocol.thresholds(replace(cell, classifiers=("logistic",)), train) if cell.tuned else {}
    return fold.X, fold.y, np.array([list(found.values()) for found in tuned.values()])


def _poisoned(cell: Cell) -> Table:
    """The table with held-out cells shuffled column by column, numbers moved by a standard deviation."""
    rng = np.random.default_rng(0)
    _, held_out = protocol.positions(cell.table, N_FOLDS, cell.repeat)[cell.fold]
    moved = {}
    for column, values in cell.table.X.items():
        moved[column] = values.copy()
        shuffled = values.iloc[rng.permutation(held_out)].set_axis(values.index[held_out])
        if pd.api.types.is_numeric_dtype(values):
            shift = np.nanstd(values) + 1.0
            shuffled += int(shift) if pd.api.types.is_integer_dtype(values) else shift
        moved[column].iloc[held_out] = shuffled
    return replace(cell.table, X=pd.DataFrame(moved))
