"""How much do results depend on the seed? ``python -m benchmarks.spread --data-dir DIR``.

The same training and held-out rows, the same classifiers, only the sampler's seed differs. A sampler that is
trained must not be more of a lottery than SMOTE.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.markdown import table as as_table
from benchmarks.methods import TITLES
from benchmarks.protocol import N_FOLDS, judge, resample, split
from benchmarks.provenance import RESULTS, note_run
from benchmarks.suites import SUITES, WEAK
from benchmarks.tables import Table, data_folder, load_table

METHODS: Final = ("smote", "smoothed_bootstrap", "ours")
SCORES: Final = {"average_precision": "AP", "f1": "F1"}


def cell(table: Table, method: str, seed: int) -> dict[str, Any]:
    """Mean scores of weak classifiers on the first fold."""
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scores tell whether a fit is bad
        train, test = split(table, N_FOLDS, 0)[0]
        fold, prior = resample(method, train, test, seed), train.n_minority / len(train.y)
        found = pd.DataFrame([judge(name, fold, test.y.to_numpy(), prior, {}) for name in WEAK])
    return {"table": table.name, "method": method, "seed": seed, **found[list(SCORES)].mean()}


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Per method: root mean square over tables of the standard deviation over seeds; share of SMOTE's."""
    deviations = rows.groupby(["method", "table"])[list(SCORES)].std(ddof=1)
    spread = np.sqrt((deviations**2).groupby("method").mean()).loc[list(METHODS)]
    shares = spread / spread.loc["smote"]
    told = spread.join(shares.add_suffix("_share")).round(4)
    names = {k: f"SD of {v}" for k, v in SCORES.items()}
    names |= {f"{k}_share": f"{v}, of SMOTE's" for k, v in SCORES.items()}
    return told.rename(index=dict(TITLES), columns=names).rename_axis("method").reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``spread.csv`` and ``spread.md``."""
    parser = argparse.ArgumentParser("python -m benchmarks.spread", description=__doc__)
    parser.add_argument("--data-dir", help="folder of the tables; default: $GAN_OVERSAMPLER_DATA")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--every", type=int, default=3, help="take every n-th table (3)")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "spread.csv")
    options = parser.parse_args(argv)
    folder = data_folder(options.data_dir)
    names = SUITES["keel"].names(folder)[:: options.every]
    note_run(options.out, fresh=True)
    work = itertools.product([load_table(name, folder) for name in names], METHODS, range(options.seeds))
    rows = pd.DataFrame(Parallel(options.jobs, verbose=5)(itertools.starmap(delayed(cell), work)))
    rows.round(6).to_csv(options.out, index=False, lineterminator="\n")
    text = as_table(summary(rows))
    what = f"{len(names)} KEEL tables, first fold, {options.seeds} seeds, five weak classifiers"
    page = f"# How much do results depend on the seed?\n\n{what}; `python -m benchmarks.spread`.\n\n{text}\n"
    options.out.with_suffix(".md").write_text(page, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
