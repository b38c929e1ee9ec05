"""Is ``max_time`` kept? ``python -m benchmarks.studies.max_time``; it prints a table and writes no files.

Every fit could train on for much longer than its limit. One that cannot even score baselines and choose in
it says so in a warning and ends as soon as it can; its report, and that of a fit that just can, is brief.
Seconds depend on what else the machine does: its load is printed, before and after.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from sklearn.datasets import make_classification

from benchmarks.reporting.markdown import table as as_table
from gan_oversampler import GANOversampler

TABLES: Final = ((500, 10), (2000, 15), (20000, 20))  # rows and columns
LIMITS: Final = (3.0, 5.0, 10.0, 15.0, 30.0)
ENDLESS: Final[dict[str, Any]] = {"max_steps": 10**6, "patience": 10**6}


def measure(n_rows: int, n_columns: int, max_time: float, **params: Any) -> dict[str, Any]:
    """Fit and resample one table within a limit: seconds, their ratio to it, and what became of the fit."""
    X, y = make_classification(n_rows, n_columns, n_informative=6, weights=[0.9], flip_y=0.05, random_state=0)
    sampler = GANOversampler(max_time=max_time, random_state=0, **ENDLESS | params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        began = time.perf_counter()
        sampler.fit_resample(X, y)
        seconds = time.perf_counter() - began
    return {
        "rows": n_rows,
        "columns": n_columns,
        "max_time": max_time,
        "seconds": seconds,
        "ratio": seconds / max_time if max_time else float("nan"),
        "steps": sampler.history_["step"].max(),
        "brief": any(event.controller == "max_time" for event in sampler.report_.events),
        "warned": any("too short" in str(warning.message) for warning in caught),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Print seconds and their ratios to the limits."""
    parser = argparse.ArgumentParser("python -m benchmarks.studies.max_time", description=__doc__)
    parser.add_argument("--limits", type=float, nargs="+", default=LIMITS, help="seconds (default: 3 to 30)")
    parser.add_argument("--rows", type=int, nargs="+", help="only tables of so many rows")
    options = parser.parse_args(argv)
    tables = [table for table in TABLES if not options.rows or table[0] in options.rows]
    measure(*TABLES[0], max_time=0)  # it loads what the first fit of a process loads
    print("load before:", *map("{:.1f}".format, os.getloadavg()))
    found = [measure(*table, max_time=limit) for table in tables for limit in options.limits]
    print(as_table(pd.DataFrame(found).round(2)))
    print("load after:", *map("{:.1f}".format, os.getloadavg()))


if __name__ == "__main__":
    main()
