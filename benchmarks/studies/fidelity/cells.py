"""One cell of the study: an arm on a fold of a table, in one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from benchmarks.classifiers import CLASSIFIERS
from benchmarks.preparation import Setting
from benchmarks.protocol import N_FOLDS, classifier_scores, in_one_line, quiet_single_thread, split, treat
from benchmarks.storage import Store
from benchmarks.studies.fidelity.arms import steps_of
from benchmarks.studies.fidelity.measures import as_cells, cloud, extremes, shares
from benchmarks.tables import Table

KEY: Final = ("suite", "table", "repeat", "fold", "arm")
SCORES: Final = ("f1", "average_precision", "g_mean")
BLOCKS: Final = ("weak", "strong")
MEASURES: Final = (
    *("energy", "energy_real", "distance", "c2st", "share_error", "share_error_telling"),
    *("category_error", "missing_error", "zero_error", "extreme", "extreme_real", "seconds"),
    *(f"{score}_{block}" for block in BLOCKS for score in SCORES),
)
TEXT: Final = ("suite", "table", "arm", "family", "advice", "error")
COUNTS: Final = ("repeat", "fold", "n_minority", "n_new")
COLUMNS: Final = (*KEY, "family", "n_minority", "n_new", *MEASURES, "advice", "error")


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit of work."""

    suite: str
    table: Table  # all of its rows
    repeat: int  # which shuffle of the rows
    fold: int  # which fifth of them is held out
    arm: str
    classifiers: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """What names its row."""
        return self.suite, self.table.name, self.repeat, self.fold, self.arm


def store(path: Path) -> Store:
    """Open the file of the rows."""
    return Store(path, KEY, COLUMNS, TEXT, COUNTS)


def evaluate(cell: Cell) -> dict[str, Any]:
    """Compute the row of a cell; a failure is recorded with its error."""
    row = dict(zip(KEY, cell.key, strict=True)) | {"family": cell.table.family, "n_new": 0}
    row |= dict.fromkeys(MEASURES, np.nan) | {"advice": "", "error": ""}
    with quiet_single_thread():
        train, test = split(cell.table, N_FOLDS, cell.repeat)[cell.fold]
        row["n_minority"] = train.n_minority
        try:
            return row | measured(cell, train, test)
        except Exception as error:  # any sampler may fail in any way; that is a result too
            return row | {"error": in_one_line(error)}


def measured(cell: Cell, train: Table, test: Table) -> dict[str, Any]:
    """Resample the training rows; compare new with real rows, score classifiers on the held-out ones."""
    steps = steps_of(cell.arm, Setting.of(train, 100 * cell.repeat + cell.fold))
    fold, y = treat(steps, train, test), test.y.to_numpy()
    found: dict[str, Any] = {"n_new": len(fold.new), "seconds": fold.seconds}
    if len(fold.new):
        rng = np.random.default_rng(cell.fold)
        found |= cloud(fold.new, fold.seen, fold.X_test[y == 1], rng)
        new = as_cells(steps, train, fold.drawn)
        found |= shares(new, train) | extremes(new, train)
    prior = train.n_minority / len(train.y)
    scores = pd.DataFrame(
        {"block": CLASSIFIERS[name].block, **classifier_scores(name, fold, y, prior, {})}
        for name in cell.classifiers
    )
    for block, means in scores.groupby("block")[list(SCORES)].mean().iterrows():
        found |= means.add_suffix(f"_{block}").to_dict()
    return found | {"advice": advice_of(steps.sampler)}


def advice_of(sampler: Any) -> str:
    """Read what a fitted sampler advises; nothing where it gives none."""
    return " ".join(str(getattr(getattr(sampler, "report_", None), "advice", "")).split())


def run(cells: Iterable[Cell], out: Store, jobs: int) -> None:
    """Evaluate the cells one by one, so that an interruption loses only what is being computed."""
    work = Parallel(jobs, return_as="generator_unordered", batch_size=1, verbose=1)
    for row in work(delayed(evaluate)(cell) for cell in cells):
        out.append([row])
    out.absorb()


def todo(cells: Sequence[Cell], rows: pd.DataFrame) -> list[Cell]:
    """Select the cells that have no row yet."""
    done = set(rows[list(KEY)].itertuples(index=False, name=None))
    return [cell for cell in cells if cell.key not in done]
