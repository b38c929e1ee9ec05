"""Rows of made-up methods, for tests of reports."""

import numpy as np
import pandas as pd

from benchmarks.reporting.statistics import COSTS, DRAWN, LOSSES, METRICS, SCORES

CLASSIFIERS = {"tree": "weak", "knn": "weak", "forest": "strong"}
N_TABLES, N_FOLDS = 7, 2


def made(gains, tables=None):
    """Rows of methods whose scores differ from "none" by a constant; every table its own family."""
    tables = tables or [f"t{i}" for i in range(N_TABLES)]
    rng = np.random.default_rng(0)
    tuned = np.array([0.005 * name.endswith("_tuned") for name in SCORES])
    base = {table: rng.uniform(0.3, 0.6) + tuned for table in tables}
    rows = [
        {"table": table, "family": table, "method": method, "classifier": classifier, "block": block}
        | {
            "error": "",
            "tuning_error": "",
            "repeat": 0,
            "fold": fold,
            "n_train": 80,
            "n_minority": 9,
            "n_new": 62,
        }
        | {"n_features": 3, **dict(zip(SCORES, base[table] + gain)), **dict.fromkeys(LOSSES, 0.2 - gain)}
        | {**dict.fromkeys(COSTS, 1.0 + gain), **dict.fromkeys(DRAWN, np.nan if method == "none" else 0.6)}
        for table in tables
        for method, gain in gains.items()
        for fold in range(N_FOLDS)
        for classifier, block in CLASSIFIERS.items()
    ]
    return pd.DataFrame(rows)


def failing(rows, chosen):
    """The rows with some of them failed."""
    rows = rows.copy()
    rows.loc[chosen, [*METRICS, *COSTS, *DRAWN]] = np.nan
    rows.loc[chosen, "error"] = "ValueError: too | few"
    return rows


def line(frame, **where):
    """The one line of a frame where columns have these values."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    (index,) = frame.index
    return frame.loc[index]
