"""Imbalanced tables: KEEL and mixed ones from a data folder, others that ship inside scikit-learn.

Every table is a question with two answers: 1 is the minority class, 0 the rest. The data folder is
named by ``--data-dir`` or the environment variable ``GAN_OVERSAMPLER_DATA``; its ``manifest.json`` lists
the tables, its folder ``autogan`` holds those of the AutoGAN paper, named ``ROOT/MAJ_RATIO``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
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
    """A table with two classes.

    Parameters
    ----------
    name, family : str
        Tables of one family are cuts of the same source, hence not independent.
    X : DataFrame
        Columns as they come: numbers, categories, missing cells.
    y : Series of int
        1 is the minority class.
    categorical : tuple of str
        Columns that hold categories.
    scaled : bool
        Whether numbers come scaled, to be left as they are.
    """

    name: str
    family: str
    X: pd.DataFrame
    y: pd.Series
    categorical: tuple[str, ...] = ()
    scaled: bool = False

    @property
    def numeric(self) -> tuple[str, ...]:
        """Columns that hold numbers."""
        return tuple(column for column in self.X.columns if column not in self.categorical)

    @property
    def n_minority(self) -> int:
        """Rows of the minority class."""
        return int(self.y.sum())

    def rows(self, index: np.ndarray) -> Table:
        """The same table with some of its rows."""
        X, y = self.X.iloc[index], self.y.iloc[index]
        return Table(
            self.name,
            self.family,
            X.reset_index(drop=True),
            y.reset_index(drop=True),
            self.categorical,
            self.scaled,
        )


def data_folder(given: str | None = None) -> Path | None:
    """Folder of the downloaded tables: as given, else from the environment, else None.

    Raises
    ------
    MissingDataError
        If a folder is named that has no manifest.
    """
    name = given or os.environ.get(DATA_VARIABLE)
    if not name:
        return None
    folder = Path(name).expanduser()
    if not (folder / "manifest.json").is_file():
        raise MissingDataError(f"The data folder {folder} has no manifest.json. {how_to_get_data()}")
    return folder


def manifest(folder: Path) -> list[dict[str, Any]]:
    """What the data folder holds: one entry per CSV table."""
    entries: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return entries


def load_table(name: str, folder: Path | None) -> Table:
    """A table by name, an embedded one or one of the data folder.

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
    return _read(known[name], folder)


def autogan_names(folder: Path, root: str = "*") -> list[str]:
    """Tables of the AutoGAN paper, ``ROOT/MAJ_RATIO``."""
    files = sorted(folder.glob(f"autogan/{root}/*.npz"))
    return [f"{file.parent.name}/{file.stem}" for file in files]


def _read_autogan(name: str, folder: Path) -> Table:
    """Rows in [-1, 1] as published; a root's tables are nested, hence one family."""
    path = folder / "autogan" / f"{name}.npz"
    if not path.is_file():
        raise ValueError(f"Unknown table {name!r}. Known are: {', '.join(autogan_names(folder))}.")
    with np.load(path) as arrays:
        X = _numbered(arrays["data"], [f"c{i}" for i in range(arrays["data"].shape[1])])
        y = pd.Series(arrays["labels"].astype(int))
    return Table(name, name.partition("/")[0], X, y, scaled=True)


def how_to_get_data() -> str:
    """What to do where the shared tables are missing."""
    return (
        f"Give --data-dir DIR or set {DATA_VARIABLE} to a folder with a manifest.json and the tables it"
        f" lists. Without one these tables work, they ship inside scikit-learn: --tables"
        f" {','.join(EMBEDDED)}."
    )


def _read(entry: Mapping[str, Any], folder: Path) -> Table:
    """A CSV table; what the manifest calls a category is one, though it may look like a number."""
    categorical = tuple(entry["categorical"])
    dtypes: dict[str, Any] = {TARGET: str, **dict.fromkeys(categorical, "category")}
    frame = pd.read_csv(folder / entry["path"], dtype=dtypes)
    y = (frame.pop(TARGET) == str(entry["minority"])).astype(int)
    return Table(entry["name"], entry["family"], frame, y, categorical)


def _numbered(values: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[str(name) for name in names])


def diabetes() -> Table:
    """The tenth of 442 patients whose diabetes progressed most in a year; nothing is thinned.

    Imbalanced by the question, as in practice: whom to watch closely. ``sex`` is a category.
    """
    bunch = datasets.load_diabetes(scaled=False)
    X = _numbered(bunch.data, bunch.feature_names)
    X["sex"] = X["sex"].map({1.0: "a", 2.0: "b"}).astype("category")
    worst_tenth = bunch.target >= np.quantile(bunch.target, 0.9)
    return Table("diabetes-worst-tenth", "diabetes", X, pd.Series(worst_tenth.astype(int)), ("sex",))


def breast_cancer() -> Table:
    """Malignant tumours, thinned at random from 212 to 30; all 357 benign ones stay."""
    bunch = datasets.load_breast_cancer()
    malignant = bunch.target == 0
    chosen = np.random.default_rng(0).choice(np.flatnonzero(malignant), 30, replace=False)
    kept = np.sort(np.concatenate([np.flatnonzero(~malignant), chosen]))
    X = _numbered(bunch.data, bunch.feature_names)
    y = pd.Series(malignant.astype(int))
    return Table("breast-cancer-30", "breast-cancer", X, y).rows(kept)


def wine() -> Table:
    """The rarest of three cultivars (48 of 178 wines) against the others; easy."""
    bunch = datasets.load_wine()
    X = _numbered(bunch.data, bunch.feature_names)
    return Table("wine-third", "wine", X, pd.Series((bunch.target == 2).astype(int)))


def digits() -> Table:
    """Handwritten eights against the other digits (174 of 1797), 64 pixels; wide."""
    bunch = datasets.load_digits()
    X = _numbered(bunch.data, bunch.feature_names)
    return Table("digits-eight", "digits", X, pd.Series((bunch.target == 8).astype(int)))


EMBEDDED: Final[Mapping[str, Callable[[], Table]]] = MappingProxyType(
    {
        "diabetes-worst-tenth": diabetes,
        "breast-cancer-30": breast_cancer,
        "wine-third": wine,
        "digits-eight": digits,
    }
)
