"""Imbalanced tables with two classes: those of a data folder, and four that ship inside scikit-learn.

In every table 1 is the minority class and 0 the rest. The data folder is named by ``--data-dir`` or by the
environment variable ``GAN_OVERSAMPLER_DATA``. Its ``manifest.json`` lists the CSV tables, and its folder
``autogan`` holds those of the AutoGAN paper, which are named ``ROOT/MAJORITY_RATIO``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn import datasets

DATA_VARIABLE: Final = "GAN_OVERSAMPLER_DATA"
TARGET: Final = "target"


class MissingDataError(FileNotFoundError):
    """Tables were asked for that are not on this machine."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table with two classes."""

    name: str
    family: str  # tables of one family are cuts of the same source, hence not independent
    X: pd.DataFrame  # columns as they come: numbers, categories, missing cells
    y: pd.Series  # 1 for rows of the minority class, 0 for the others
    categorical: tuple[str, ...] = ()  # columns that hold categories
    scaled: bool = False  # whether numbers come scaled and are used as they are

    @property
    def numeric(self) -> tuple[str, ...]:
        """Columns that hold numbers."""
        return tuple(column for column in self.X.columns if column not in self.categorical)

    @property
    def n_minority(self) -> int:
        """Number of rows of the minority class."""
        return int(self.y.sum())

    def rows(self, index: np.ndarray) -> Table:
        """Copy the table with some of its rows, numbered from 0."""
        X, y = self.X.iloc[index], self.y.iloc[index]
        return replace(self, X=X.reset_index(drop=True), y=y.reset_index(drop=True))


def data_folder(given: str | None = None) -> Path | None:
    """Find the folder of the downloaded tables: the one given, else that of the environment, else None.

    Raises
    ------
    MissingDataError
        If a folder is named that has no ``manifest.json``.
    """
    name = given or os.environ.get(DATA_VARIABLE)
    if not name:
        return None
    folder = Path(name).expanduser()
    if not (folder / "manifest.json").is_file():
        raise MissingDataError(f"The data folder {folder} has no manifest.json. {how_to_get_data()}")
    return folder


def how_to_get_data() -> str:
    """Say what to do where the shared tables are missing."""
    return (
        f"Give --data-dir DIR or set {DATA_VARIABLE} to a folder with a manifest.json and the tables it"
        f" lists. Without one these tables work, they ship inside scikit-learn: --tables"
        f" {','.join(EMBEDDED)}."
    )


def manifest(folder: Path) -> list[dict[str, Any]]:
    """Read the entries of the data folder's manifest, one per CSV table."""
    return json.loads((folder / "manifest.json").read_text("utf-8"))


def autogan_names(folder: Path, root: str = "*") -> list[str]:
    """List the tables of the AutoGAN paper, ``ROOT/MAJORITY_RATIO``."""
    return [f"{file.parent.name}/{file.stem}" for file in sorted(folder.glob(f"autogan/{root}/*.npz"))]


def load_table(name: str, folder: Path | None) -> Table:
    """Load a table by name, an embedded one or one of the data folder.

    Raises
    ------
    MissingDataError
        If it is not embedded and there is no data folder.
    ValueError
        If the data folder has no such table.
    """
    if name in EMBEDDED:
        return EMBEDDED[name]()
    if folder is None:
        raise MissingDataError(f"Table {name!r} needs the data folder. {how_to_get_data()}")
    if "/" in name:
        return _read_autogan(name, folder)
    known = {entry["name"]: entry for entry in manifest(folder)}
    if name not in known:
        raise ValueError(f"Unknown table {name!r}. Known are: {', '.join(sorted([*known, *EMBEDDED]))}.")
    entry = known[name]
    # What the manifest calls a category is one, though it may look like a number.
    dtypes: dict[str, Any] = {TARGET: str, **dict.fromkeys(entry["categorical"], "category")}
    frame = pd.read_csv(folder / entry["path"], dtype=dtypes)
    y = (frame.pop(TARGET) == str(entry["minority"])).astype(int)
    return Table(name, entry["family"], frame, y, tuple(entry["categorical"]))


def _read_autogan(name: str, folder: Path) -> Table:
    """Read rows in [-1, 1] as published; the tables of a root are nested, hence one family."""
    path = folder / "autogan" / f"{name}.npz"
    if not path.is_file():
        raise ValueError(f"Unknown table {name!r}. Known are: {', '.join(autogan_names(folder))}.")
    with np.load(path) as arrays:
        X = pd.DataFrame(arrays["data"]).add_prefix("c")
        y = pd.Series(arrays["labels"].astype(int))
    return Table(name, name.partition("/")[0], X, y, scaled=True)


def diabetes() -> Table:
    """Patients of whom 44 are in the worst tenth: 442 in all, none left out.

    The table is imbalanced by its question, which patients' diabetes progresses most within a year. The
    column ``sex`` is a category.
    """
    X, progression = datasets.load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    X["sex"] = X["sex"].map({1.0: "a", 2.0: "b"}).astype("category")
    worst_tenth = progression >= np.quantile(progression, 0.9)
    return Table("diabetes-worst-tenth", "diabetes", X, worst_tenth.astype(int), ("sex",))


def breast_cancer() -> Table:
    """Malignant tumours, thinned at random from 212 to 30, against all 357 benign ones."""
    X, benign = datasets.load_breast_cancer(return_X_y=True, as_frame=True)
    malignant = np.flatnonzero(benign == 0)
    chosen = np.random.default_rng(0).choice(malignant, 30, replace=False)
    kept = np.sort(np.concatenate([np.flatnonzero(benign), chosen]))
    return Table("breast-cancer-30", "breast-cancer", X, 1 - benign).rows(kept)


def wine() -> Table:
    """The rarest of three cultivars (48 of 178 wines) against the others; easy to tell apart."""
    X, cultivar = datasets.load_wine(return_X_y=True, as_frame=True)
    return Table("wine-third", "wine", X, (cultivar == 2).astype(int))


def digits() -> Table:
    """Handwritten eights (174 of 1797) against the other digits, with 64 pixels as columns."""
    X, digit = datasets.load_digits(return_X_y=True, as_frame=True)
    return Table("digits-eight", "digits", X, (digit == 8).astype(int))


EMBEDDED: Final[Mapping[str, Callable[[], Table]]] = {
    "diabetes-worst-tenth": diabetes,
    "breast-cancer-30": breast_cancer,
    "wine-third": wine,
    "digits-eight": digits,
}
