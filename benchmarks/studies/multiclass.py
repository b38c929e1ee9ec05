"""Does it help with more than two classes? ``python -m benchmarks.studies.multiclass --data-dir DIR``.

All tables of the manifest with three classes or more, as they are. Every class but the largest is filled up
to its size. Macro F1 and Matthews' correlation are those of labels, without a threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef
from sklearn.model_selection import StratifiedKFold

from benchmarks import classifiers as models
from benchmarks.methods import METHODS, TITLES
from benchmarks.preparation import Setting
from benchmarks.protocol import N_FOLDS, in_one_line, quiet_single_thread
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, run_cells, save
from benchmarks.suites import STRONG, WEAK, needed
from benchmarks.tables import TARGET, data_folder, manifest

COMPARED: Final = ("none", "class_weight", "random", "smote", "ours")
OPPONENTS: Final = COMPARED[:-1]
SCORES: Final = ("macro_f1", "mcc", "balanced_accuracy")
HOW: Final = (
    "Tables of the manifest with three classes or more, five outer folds, default parameters, five weak and"
    " two strong classifiers; `python -m benchmarks.studies.multiclass`. A method that fails on a fold is"
    " scored as doing nothing. Differences are means over tables with their standard errors."
)

Tables = Mapping[str, tuple[pd.DataFrame, pd.Series, tuple[str, ...]]]


def read(folder: Path) -> Tables:
    """Read frame, labels and names of the categorical columns of each table, by its name."""
    found = {}
    for entry in manifest(folder):
        if entry["classes"] > 2:
            dtypes: dict[str, Any] = {TARGET: str, **dict.fromkeys(entry["categorical"], "category")}
            frame = pd.read_csv(folder / entry["path"], dtype=dtypes)
            labels = frame.pop(TARGET)
            found[entry["name"]] = frame, labels, tuple(entry["categorical"])
    return found


def resampled(
    method: str, X: pd.DataFrame, y: pd.Series, X_test: pd.DataFrame, categorical: Sequence[str], seed: int
) -> tuple[np.ndarray, Any, np.ndarray]:
    """Apply a method to training rows; return them and the held-out rows as classifiers get them."""
    numeric = tuple(column for column in X if column not in categorical)
    n_levels = tuple(int(X[column].nunique()) for column in categorical)
    smallest = int(y.value_counts().min())
    steps = METHODS[method].steps(Setting(seed, numeric, tuple(categorical), smallest, n_levels))
    rows, labels = steps.before.fit_transform(X), y
    steps.after.fit(rows)
    held_out = steps.after.transform(steps.before.transform(X_test))
    if steps.sampler is not None:
        rows, labels = steps.sampler.fit_resample(rows, y)
    return np.asarray(steps.after.transform(rows), float), labels, np.asarray(held_out, float)


def cell(
    name: str, X: pd.DataFrame, y: pd.Series, categorical: Sequence[str], fold: int, method: str
) -> list[dict[str, Any]]:
    """Score all classifiers on an outer fold of a table after one method, a row each."""
    with quiet_single_thread():
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
        train, test = list(folds.split(X, y))[fold]
        X_train, y_train = X.iloc[train].reset_index(drop=True), y.iloc[train].reset_index(drop=True)
        known = {"table": name, "classes": y.nunique(), "fold": fold, "method": method, "error": ""}
        try:
            treated = resampled(method, X_train, y_train, X.iloc[test], categorical, fold)
        except Exception as error:  # any sampler may fail in any way; that is a result too
            known["error"] = in_one_line(error)
            treated = resampled("none", X_train, y_train, X.iloc[test], categorical, fold)
        rows, labels, held_out = treated
        found = []
        for classifier in (*WEAK, *STRONG):
            model = models.fit(classifier, rows, labels, weighted=method == "class_weight")
            said = model.predict(held_out)
            scores = scores_of(y.iloc[test], said)
            found.append(known | {"classifier": classifier, **scores})
    return found


def scores_of(y: pd.Series, said: np.ndarray) -> dict[str, float]:
    """Compute macro F1 over the classes that there are, Matthews' correlation and balanced accuracy."""
    labels = np.unique(y)
    return {
        "macro_f1": float(f1_score(y, said, labels=labels, average="macro", zero_division=0)),
        "mcc": float(matthews_corrcoef(y, said)),
        "balanced_accuracy": float(balanced_accuracy_score(y, said)),
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute the gain of ours over each opponent, by block and score, and in how many tables it won."""
    lines = []
    blocks = {"weak": WEAK, "strong": STRONG}
    for (block, names), other in product(blocks.items(), OPPONENTS):
        its = rows[rows["classifier"].isin(names)]
        means = its.groupby(["method", "table"])[list(SCORES)].mean()
        gains = means.loc["ours"] - means.loc[other]
        line: dict[str, Any] = {"classifiers": block, "ours minus": TITLES[other]}
        for score in SCORES:
            line[score.replace("_", " ")] = f"{gains[score].mean():+.3f} ± {gains[score].sem():.3f}"
        won, lost = (gains["macro_f1"] > 0).sum(), (gains["macro_f1"] < 0).sum()
        lines.append(line | {"macro F1 won, lost": f"{won}, {lost}"})
    return pd.DataFrame(lines)


def by_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute macro F1 of each method on each table, mean over folds and weak classifiers."""
    its = rows[rows["classifier"].isin(WEAK)]
    means = its.groupby(["table", "classes", "method"])["macro_f1"].mean().unstack("method")
    return means[list(COMPARED)].round(3).rename(columns=dict(TITLES)).reset_index()


def failures(rows: pd.DataFrame) -> str:
    """Say which methods failed where."""
    failed = rows[rows["error"] != ""].groupby(["method", "table"])["fold"].nunique()
    if failed.empty:
        return "No method failed."
    texts = [f"{TITLES[method]} on {table} ({n} folds)" for (method, table), n in failed.items()]
    return f"Failed: {'; '.join(texts)}."


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``multiclass.csv`` and ``multiclass.md``."""
    command = parser("multiclass", __doc__)
    command.add_argument("--folds", type=int, default=N_FOLDS)
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    tables = read(needed(data_folder(options.data_dir)))
    tasks = [
        (name, *its, fold, method)
        for (name, its), fold, method in product(tables.items(), range(options.folds), COMPARED)
    ]
    note_run(options.out, fresh=True)
    rows = run_cells(cell, tasks, options.jobs)
    parts = [as_table(summary(rows)), "Macro F1 of weak classifiers:", as_table(by_table(rows))]
    save(rows, page("# More than two classes", HOW, *parts, failures(rows)), options.out)


if __name__ == "__main__":
    main()
