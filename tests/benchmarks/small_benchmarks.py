"""Tables, methods and cells that take no time, for tests of the harness."""

import numpy as np
import pandas as pd

from benchmarks import protocol, run
from benchmarks.methods import METHODS
from benchmarks.tables import Table

CHEAP = ("none", "class_weight", "smote")
QUICK = ("logistic", "knn")
TIMED = ["seconds", "peak_mb"]


def tiny(categorical: tuple[str, ...] = (), n_minority: int = 20) -> Table:
    """Two shifted clouds, of which the minority is the smaller one."""
    rng = np.random.default_rng(0)
    y = np.arange(100) < n_minority
    X = pd.DataFrame(rng.normal(size=(100, 3)) + y[:, None], columns=["a", "b", "c"])
    for column in categorical:
        X[column] = pd.cut(X[column], 3, labels=["low", "mid", "high"])
    return Table("tiny", "made", X, pd.Series(y.astype(int)), categorical)


def cells(methods=CHEAP, names=QUICK, folds=2, tune="none"):
    return run.cells_of([tiny()], methods, names, folds=folds, tune=tune)


def patched(monkeypatch, **methods):
    """Further methods, for one test."""
    known = {**METHODS, **methods}
    for module in (protocol, run):
        monkeypatch.setattr(module, "METHODS", known)
