"""How much do results depend on the seed? ``python -m benchmarks.studies.spread --data-dir DIR``.

Training rows, held-out rows and classifiers are the same; only the sampler's seed differs. A sampler that is
trained must not depend more on chance than SMOTE.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.methods import TITLES
from benchmarks.protocol import N_FOLDS, classifier_scores, quiet_single_thread, resample, split
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, run_cells, save
from benchmarks.suites import SUITES, WEAK
from benchmarks.tables import Table, data_folder, load_table

METHODS: Final = ("smote", "smoothed_bootstrap", "ours")
SCORES: Final = {"average_precision": "AP", "f1": "F1"}


def cell(table: Table, method: str, seed: int) -> list[dict[str, Any]]:
    """Compute mean scores of weak classifiers on the first fold, in one row."""
    with quiet_single_thread():
        train, test = split(table, N_FOLDS, 0)[0]
        fold, prior = resample(method, train, test, seed), train.n_minority / len(train.y)
        y = test.y.to_numpy()
        found = pd.DataFrame([classifier_scores(name, fold, y, prior, {}) for name in WEAK])
    return [{"table": table.name, "method": method, "seed": seed, **found[list(SCORES)].mean()}]


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute the spread per method: the root mean square over tables of the deviation over seeds.

    It comes with its share of SMOTE's.
    """
    deviations = rows.groupby(["method", "table"])[list(SCORES)].std(ddof=1)
    spread = np.sqrt((deviations**2).groupby("method").mean()).loc[list(METHODS)]
    shares = spread / spread.loc["smote"]
    shown = spread.join(shares.add_suffix("_share")).round(4)
    names = {k: f"SD of {v}" for k, v in SCORES.items()}
    names |= {f"{k}_share": f"{v}, of SMOTE's" for k, v in SCORES.items()}
    return shown.rename(index=dict(TITLES), columns=names).rename_axis("method").reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``spread.csv`` and ``spread.md``."""
    command = parser("spread", __doc__)
    command.add_argument("--seeds", type=int, default=5)
    command.add_argument("--every", type=int, default=3, help="take every n-th table (3)")
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    folder = data_folder(options.data_dir)
    tables = [load_table(name, folder) for name in SUITES["keel"].names(folder)[:: options.every]]
    note_run(options.out, fresh=True)
    rows = run_cells(cell, product(tables, METHODS, range(options.seeds)), options.jobs)
    text = (
        f"{len(tables)} KEEL tables, first fold, {options.seeds} seeds, five weak classifiers;"
        " `python -m benchmarks.studies.spread`."
    )
    title = "# How much do results depend on the seed?"
    save(rows, page(title, text, as_table(summary(rows))), options.out)


if __name__ == "__main__":
    main()
