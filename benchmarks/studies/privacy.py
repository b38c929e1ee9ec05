"""How near are new rows to real ones? ``python -m benchmarks.studies.privacy --data-dir DIR``.

Distances to the closest record, copies, and attacks that look for the rows a sampler was fitted on. A table
is halved at random several times; the sampler is fitted on either half, whose rows are members, and the rows
of the other half are not. Attacks see the new rows of one fit, and score how near each real row of the rare
class is to them: by the distance alone; beside the distance to the closest other non-member; or beside what
other fits show of the same row, with and without it (shadow fits). All figures are of the rare class.
"""

# s fit, n real row

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import NearestNeighbors

from benchmarks.fidelity import fidelity
from benchmarks.methods import TITLES
from benchmarks.protocol import quiet_single_thread, resample
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import columns, page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, run_cells, save
from benchmarks.suites import load
from benchmarks.tables import Table, data_folder
from gan_oversampler.oracles.membership import attack_auc, attack_hits

METHODS: Final = ("ours", "smote", "random")
TABLES: Final = (
    *("abalone9-18", "cleveland-0_vs_4", "ecoli4", "flare-F", "glass6", "haberman", "new_thyroid1"),
    *("page-blocks-1-3_vs_4", "winequality-red-4", "diabetes-worst-tenth", "breast-cancer-30", "telco_churn"),
)
ATTACKS: Final = ("distance", "calibrated", "shadow")
TINY: Final = 1e-6  # distances are compared by their logarithms
COLUMNS: Final = {
    "dcr_ratio": ("DCR ratio", 2, None),
    "copies": ("copies", 3, None),
    **{f"auc_{name}": (f"AUC, {name}", 3, None) for name in ATTACKS},
    **{f"hits_{name}": (f"found, {name}", 3, None) for name in ATTACKS},
}
TEXT: Final = """\
{n} tables, {fits} fits each on random halves; `python -m benchmarks.studies.privacy`. Means over the fits of
a table, then over tables, ± standard error over tables. Rows are encoded and scaled as classifiers get them.

- *DCR ratio*: median distance of new rows to the closest rare row that the sampler saw, over that of rare
  rows it did not see (Park et al. 2018; Zhao et al. 2021); 1 and more is as far as fresh rows are.
- *copies*: share of new rows that equal a rare row which the sampler saw.
- *AUC* of attacks that tell members from non-members: ½ is chance. *found*: share of members that an attack
  finds where it takes a tenth of the non-members for members: .1 is chance (Carlini et al. 2022).
- *distance*: to the closest new row (GAN-Leaks, Chen et al. 2020); *calibrated*: over the distance to the
  closest other non-member (DOMIAS, van Breugel et al. 2023); *shadow*: log-likelihood ratio of the first by
  other fits with and without the row (Shokri et al. 2017; Carlini et al. 2022).

Where columns are coarse, rows that may equal no real one leave a hole at each, which shadow fits can show.
These are measurements of three attacks. None of the methods is differentially private, so other attacks
may find more.
"""


def halves(table: Table, n_pairs: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions of members and non-members: random halves with equal shares of the classes, either way.

    The two fits of a pair follow each other.
    """
    splits = [StratifiedKFold(2, shuffle=True, random_state=seed) for seed in range(n_pairs)]
    return [pair for split in splits for pair in split.split(table.X, table.y)]


def nearest(rows: np.ndarray, others: np.ndarray, place: int = 0) -> np.ndarray:
    """Logarithm of the distance of each row to the closest of others, or to the next one after it."""
    found = NearestNeighbors(n_neighbors=place + 1).fit(others).kneighbors(rows)[0][:, place]
    return np.log(found + TINY)


def measured(table: Table, method: str, half: tuple[np.ndarray, np.ndarray], seed: int) -> dict[str, Any]:
    """Fit on one half: its figures, and per rare row of the table its distances and whether it is a member.

    Non-members leave themselves out of the reference rows; members leave out one of these each, in turn.
    """
    fold = resample(method, table.rows(half[0]), table.rows(half[1]), seed)
    y = table.y.to_numpy()
    members, others = (part[y[part] == 1] for part in half)
    unseen = fold.X_test[y[half[1]] == 1]
    to_new, to_others = np.full(len(y), np.nan), np.full(len(y), np.nan)
    to_new[members], to_new[others] = nearest(fold.seen, fold.new), nearest(unseen, fold.new)
    to_others[others] = nearest(unseen, unseen, 1)
    for i, row in zip(members, fold.seen, strict=True):
        to_others[i] = nearest(row[None], np.delete(unseen, i % len(unseen), axis=0))[0]
    rare = y == 1
    figures = fidelity(fold.new, fold.seen, unseen, np.random.default_rng(seed))
    is_member = np.isin(np.arange(len(y)), members)
    return {
        "figures": {name: figures[name] for name in ("dcr_ratio", "copies")},
        "to_new": to_new[rare],
        "to_others": to_others[rare],
        "member": is_member[rare],
    }


def shadow_scores(to_new_sn: np.ndarray, member_sn: np.ndarray, target: int) -> np.ndarray:
    """Log-likelihood ratio that each row is a member in the target fit, by those of all other pairs.

    Distances are taken as normal around the row's means with and without it, of one spread for all rows. Each
    row is a member in one fit of every pair, so either mean is of equally many fits.
    """
    others = np.arange(len(to_new_sn)) // 2 != target // 2
    means, residuals = [], []
    for mask_sn in (member_sn & others[:, None], ~member_sn & others[:, None]):
        mean_n = np.nanmean(np.where(mask_sn, to_new_sn, np.nan), axis=0)
        residuals.append((to_new_sn - mean_n)[mask_sn])
        means.append(mean_n)
    spread = np.concatenate(residuals).std() + TINY
    away = [(to_new_sn[target] - mean_n) ** 2 for mean_n in means]
    return (away[1] - away[0]) / (2 * spread**2)


def cell(table: Table, method: str, n_pairs: int) -> list[dict[str, Any]]:
    """Fit a method on all halves of a table: a row of figures per fit."""
    with quiet_single_thread():
        fits = [measured(table, method, half, seed) for seed, half in enumerate(halves(table, n_pairs))]
    to_new, member = (np.array([fit[name] for fit in fits]) for name in ("to_new", "member"))
    rows = []
    for number, fit in enumerate(fits):
        scores = {"distance": -fit["to_new"], "calibrated": fit["to_others"] - fit["to_new"]}
        if n_pairs > 1:
            scores["shadow"] = shadow_scores(to_new, member, number)
        row = {"table": table.name, "method": method, "fit": number, **fit["figures"]}
        for name, its in scores.items():
            of_both = its[fit["member"]], its[~fit["member"]]
            row[f"auc_{name}"], row[f"hits_{name}"] = attack_auc(*of_both), attack_hits(*of_both)
        rows.append(row)
    return rows


def by_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over the fits of a table, one line per table and method."""
    return rows.groupby(["table", "method"], sort=False)[list(COLUMNS)].mean().reset_index()


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over tables, ± their standard error, one line per method."""
    found = by_table(rows).groupby("method", sort=False)[list(COLUMNS)]
    mean, error = found.mean(), found.std(ddof=1) / np.sqrt(found.count())
    shown = pd.DataFrame({"method": mean.index.map(TITLES)}, index=mean.index)
    for name, (label, digits, _) in COLUMNS.items():
        shown[label] = [
            "–" if np.isnan(m) else f"{m:.{digits}f} ± {e:.{digits}f}"
            for m, e in zip(mean[name], error[name], strict=True)
        ]
    return shown


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``privacy.csv`` and ``privacy.md``."""
    command = parser("privacy", __doc__)
    command.add_argument("--pairs", type=int, default=4, help="how often every table is halved (4)")
    command.add_argument("--tables", nargs="+", default=TABLES)
    command.add_argument("--methods", nargs="+", default=METHODS, choices=list(TITLES))
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    folder = data_folder(options.data_dir)
    tables = [load(name, folder) for name in options.tables]
    note_run(options.out, fresh=True)
    rows = run_cells(cell, product(tables, options.methods, [options.pairs]), options.jobs)
    means = by_table(rows)
    lines = pd.concat([means["table"], means["method"].map(TITLES), columns(means, COLUMNS)], axis=1)
    text = TEXT.format(n=len(tables), fits=2 * options.pairs)
    parts = [text, as_table(summary(rows)), "## By table", as_table(lines)]
    save(rows, page("# How near are new rows to real ones?", *parts), options.out)


if __name__ == "__main__":
    main()
