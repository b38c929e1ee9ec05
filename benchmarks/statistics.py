"""From rows of a benchmark to means, ranks, and tests of ours against the others.

What is decided here, for every table the report shows:

* A failed row gets the scores of "none" in the same place: whoever runs the method falls back to that.
* "none_tuned" is "none" with the classifier's threshold tuned, derived from the rows of "none".
* Means and ranks are over complete methods: those that have every row of the block that "none" has.
  The others are paired with ours on the rows that both have.
* Ranks are taken per (table, classifier) on the mean over repeats and folds, 1 being best, ties sharing
  the average rank. Tests pair the means per table, over the classifiers of the block.
* Scores at tuned thresholds count where all methods that were tuned at all were tuned.
* Tables of one family are no independent evidence: intervals resample whole families.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from baycomp.multiple import SignedRankTest
from scipy.stats import bootstrap, wilcoxon
from statsmodels.stats.multitest import multipletests

SCORES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "f1": "F1",
        "f1_majority": "F1 majority",
        "g_mean": "G-mean",
        "balanced_accuracy": "bal. acc.",
        "mcc": "MCC",
        "f1_tuned": "F1 tuned",
        "g_mean_tuned": "G-mean tuned",
        "balanced_accuracy_tuned": "bal. acc. tuned",
        "mcc_tuned": "MCC tuned",
        "average_precision": "AP",
        "roc_auc": "ROC AUC",
    }
)
LOSSES: Final[Mapping[str, str]] = MappingProxyType(
    {"brier": "Brier", "brier_corrected": "Brier corrected", "calibration": "calibration error"}
)
METRICS: Final = (*SCORES, *LOSSES)
TESTED: Final = ("f1", "g_mean", "balanced_accuracy", "mcc", "average_precision", "roc_auc", "f1_tuned")
THRESHOLDED: Final = ("f1", "g_mean", "balanced_accuracy", "mcc")
TUNED: Final = tuple(f"{name}_tuned" for name in THRESHOLDED)
BLOCKS: Final = ("paper", "weak", "strong")
DRAWN: Final = ("c2st", "coverage", "dcr_ratio", "copies")
COSTS: Final = ("seconds", "peak_mb")

CELL: Final = ("table", "repeat", "fold")
ROW: Final = (*CELL, "classifier")
NONE, NONE_TUNED = "none", "none_tuned"

TIE: Final = 1e-9
ROPE: Final = 0.01
SEED: Final = 0
RESAMPLES: Final = 5000
POSTERIOR_SAMPLES: Final = 1000  # the standard error of a probability is 0.016 at most


def prepare(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as they are compared: failures replaced, "none_tuned" added, infinities unknown."""
    numbers = [name for name in (*METRICS, *COSTS, *DRAWN) if name in rows]
    errors = rows["error"].fillna("").astype(str)
    rows = rows.assign(error=errors, failed=errors != "").reset_index(drop=True)
    rows[numbers] = rows[numbers].astype(float).replace([np.inf, -np.inf], np.nan)
    rows = rows.sort_values("block", key=lambda names: names.map(BLOCKS.index), kind="stable")
    return with_none_tuned(tuned_alike(fall_back(rows.reset_index(drop=True)))).reset_index(drop=True)


def tuned_alike(rows: pd.DataFrame) -> pd.DataFrame:
    """The same without scores at thresholds that were tuned for some of the tuned methods only."""
    tuned = rows[rows["f1_tuned"].notna()]
    n_methods = tuned.groupby(list(ROW))["method"].nunique()
    shared = n_methods.index[n_methods == tuned["method"].nunique()]
    kept = pd.MultiIndex.from_frame(rows[list(ROW)]).isin(shared)
    return rows.assign(**{name: rows[name].where(kept) for name in TUNED})


def at_tuned_thresholds(rows: pd.DataFrame) -> pd.DataFrame:
    """Per block and method, label scores at 0.5 and tuned, on the cells where thresholds were tuned."""
    tuned = rows[rows["f1_tuned"].notna() & (rows["method"] != NONE_TUNED)]
    names = [*THRESHOLDED, *TUNED]
    means = tuned.groupby(["block", "method"], sort=False)[names].mean()
    cells = tuned.groupby(["block", "method"], sort=False).apply(_n_cells, include_groups=False)
    table = means.assign(cells=cells).reset_index()
    return table.sort_values(["block", "f1_tuned"], ascending=[False, False], kind="stable")


def _n_cells(rows: pd.DataFrame) -> int:
    return len(rows[list(CELL)].drop_duplicates())


def fall_back(rows: pd.DataFrame) -> pd.DataFrame:
    """Failed rows with the scores of "none".

    A score that the method has nowhere (it was not tuned) stays unknown: "none" must not be its mean.
    """
    metrics = list(METRICS)
    none = rows.loc[rows["method"] == NONE, [*ROW, *metrics]].drop_duplicates(list(ROW))
    fallen = rows.loc[rows["failed"], [*ROW, "method"]]
    scores = fallen.merge(none, on=list(ROW), how="left").set_axis(fallen.index)
    known = rows[~rows["failed"]].groupby("method")[metrics].agg(lambda column: column.notna().any())
    known = known.reindex(rows["method"].unique(), fill_value=True).loc[scores["method"]]
    filled = rows.copy()
    filled.loc[scores.index, metrics] = scores[metrics].where(known.to_numpy())
    return filled


def with_none_tuned(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows and those of "none_tuned", if "none" was tuned."""
    tuned = rows[rows["method"] == NONE].assign(method=NONE_TUNED)
    tuned[list(THRESHOLDED)] = tuned[[f"{name}_tuned" for name in THRESHOLDED]].to_numpy()
    return pd.concat([rows, tuned[tuned["f1"].notna()]])


def complete_methods(rows: pd.DataFrame) -> list[str]:
    """Methods of a block with every row that "none" has; with every row there is, if "none" was not run."""
    places = rows[["method", *ROW]].drop_duplicates()
    wanted = places[places["method"] == NONE]
    wanted = (wanted if len(wanted) else places)[list(ROW)].drop_duplicates()
    found = places.merge(wanted, on=list(ROW)).groupby("method").size()
    return [name for name in rows["method"].unique() if found.get(name, 0) == len(wanted)]


def table_means(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over repeats and folds, per (table, method, classifier)."""
    keys = ["block", "table", "family", "method", "classifier"]
    names = [name for name in (*METRICS, *COSTS, *DRAWN) if name in rows]
    return rows.groupby(keys, sort=False, observed=True)[names].mean().reset_index()


def distinct(scores: pd.DataFrame) -> pd.DataFrame:
    """The same without what "none_tuned" only repeats of "none": none would be in the field twice."""
    repeated = [name for name in METRICS if name not in THRESHOLDED]
    scores = scores.copy()
    scores.loc[scores["method"] == NONE_TUNED, repeated] = np.nan
    return scores


def mean_ranks(means: pd.DataFrame) -> pd.DataFrame:
    """Mean rank of every method and metric over (table, classifier); all methods must be complete."""
    scores = distinct(means)
    places = scores.groupby(["table", "classifier"])
    ranks = places[list(SCORES)].rank(ascending=False).join(places[list(LOSSES)].rank())
    return ranks.groupby(scores["method"], sort=False).mean()


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per (block, method): means, mean ranks of complete methods, costs, failures."""
    blocks = [_block_summary(part).assign(block=name) for name, part in rows.groupby("block", sort=False)]
    table = pd.concat(blocks).reset_index()
    first = ["block", "method", "complete"]
    return table[[*first, *table.columns.drop(first)]]


def _block_summary(rows: pd.DataFrame) -> pd.DataFrame:
    complete = complete_methods(rows)
    means = table_means(rows)
    scores = means.groupby("method", sort=False)[list(METRICS)].mean()
    ranks = mean_ranks(means[means["method"].isin(complete)]).add_prefix("rank_")
    table = scores.assign(complete=scores.index.isin(complete)).join(ranks).join(costs(rows))
    return table.sort_values(["complete", "rank_f1", "f1"], ascending=[False, True, False], kind="stable")


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Seconds, memory, failures, and the new rows' fidelity and privacy, each cell counted once."""
    failed = rows.groupby([*CELL, "method"], sort=False)["failed"].transform("any")
    cells = rows.assign(failed=failed).drop_duplicates([*CELL, "method"])
    by_method = cells.groupby("method", sort=False)
    drawn = cells.groupby(["method", "table"], sort=False)[list(DRAWN)].mean()
    facts = {
        "seconds": by_method["seconds"].median(),
        "seconds_90": by_method["seconds"].quantile(0.9),
        "peak_mb": by_method["peak_mb"].median(),
        "failures": by_method["failed"].sum(),
        "cells": by_method.size(),
        "tables": by_method["table"].nunique(),
    }
    return pd.DataFrame(facts).join(drawn.groupby("method", sort=False).mean())


def errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Methods that failed: in how many cells, and the most frequent reason."""
    failed = rows[rows["failed"] & (rows["method"] != NONE_TUNED)].drop_duplicates([*CELL, "method"])
    cells = rows.drop_duplicates([*CELL, "method"]).groupby("method").size()
    reasons = failed.groupby("method")["error"].agg(failed="size", reason=lambda e: e.value_counts().index[0])
    return reasons.assign(cells=cells).sort_values("failed", ascending=False).reset_index()


def comparisons(rows: pd.DataFrame, ours: str) -> pd.DataFrame:
    """Ours minus every other complete method, per block and metric, on means per table."""
    parts = [
        _by_metric(distinct(means), ours, metric).assign(block=block, metric=metric)
        for block, part in rows.groupby("block", sort=False)
        if ours in (complete := complete_methods(part))
        for means in [table_means(part[part["method"].isin(complete)])]
        for metric in TESTED
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    first = ["block", "metric", "opponent"]
    return table[[*first, *table.columns.drop(first)]]


def _by_metric(means: pd.DataFrame, ours: str, metric: str) -> pd.DataFrame:
    """Against every opponent, Holm's correction over all of them."""
    scores = means.pivot_table(index=["family", "table"], columns="method", values=metric, sort=False)
    if ours not in scores:
        return pd.DataFrame()
    pairs = {other: scores[[ours, other]].dropna() for other in scores.columns.drop(ours)}
    lines = [
        {"opponent": other, **compare(pair[ours], pair[other])} for other, pair in pairs.items() if len(pair)
    ]
    table = pd.DataFrame(lines)
    if len(table):
        table.insert(7, "holm", multipletests(table["wilcoxon"], method="holm")[1])
    return table


def compare(ours: pd.Series, other: pd.Series) -> dict[str, Any]:
    """All that is said about a pair of methods; the index's first level is the family of a table."""
    gains = (ours - other).to_numpy()
    families = ours.index.get_level_values(0)
    low, high = family_interval(gains, families)
    worse, equal, better = signed_rank(ours.to_numpy(), other.to_numpy())
    return {
        "tables": len(gains),
        **record(gains),
        "difference": float(gains.mean()),
        "wilcoxon": wilcoxon_p(gains),
        "low": low,
        "high": high,
        "families": families.nunique(),
        "p_worse": worse,
        "p_equal": equal,
        "p_better": better,
    }


def record(gains: np.ndarray) -> dict[str, int]:
    """Tables won, tied, lost.

    >>> import numpy as np
    >>> record(np.array([0.1, 1e-12, -0.2, 0.3]))
    {'won': 2, 'tied': 1, 'lost': 1}
    """
    won, lost = int((gains > TIE).sum()), int((gains < -TIE).sum())
    return {"won": won, "tied": len(gains) - won - lost, "lost": lost}


def wilcoxon_p(gains: np.ndarray) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, 1 if all tables are tied."""
    gains = np.where(np.abs(gains) <= TIE, 0.0, gains)
    return float(wilcoxon(gains).pvalue) if gains.any() else 1.0


def signed_rank(ours: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """Posterior probabilities that ours is worse, practically equal, better (Benavoli et al. 2014)."""
    if len(ours) < 2:
        return (np.nan, np.nan, np.nan)
    sampling = {"rope": ROPE, "nsamples": POSTERIOR_SAMPLES, "random_state": SEED}
    left, inside, right = SignedRankTest.probs(other, ours, **sampling)
    return float(left), float(inside), float(right)


def family_interval(gains: np.ndarray, families: Any, *, seed: int = SEED) -> tuple[float, float]:
    """95 % interval of the mean gain over tables, families of tables resampled as wholes.

    Unknown if there is one family only: what it would give on others, nothing tells.
    """
    _, codes = np.unique(np.asarray(families, dtype=str), return_inverse=True)
    sums, counts = np.bincount(codes, gains), np.bincount(codes)
    if len(counts) < 2:
        return (np.nan, np.nan)

    def mean(index: np.ndarray, axis: int = -1) -> np.ndarray:
        return sums[index].sum(axis) / counts[index].sum(axis)

    options = {"n_resamples": RESAMPLES, "method": "percentile", "vectorized": True}
    drawn = bootstrap((np.arange(len(counts)),), mean, rng=np.random.default_rng(seed), **options)
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def incomplete(rows: pd.DataFrame, ours: str, others: tuple[str, ...] = ("smote",)) -> pd.DataFrame:
    """Methods that were not run everywhere, paired with ours (and others) on the rows they share."""
    lines = []
    for block, part in rows.groupby("block", sort=False):
        methods = {name: methods for name, methods in part.groupby("method", sort=False)}
        fixed = [name for name in (ours, *others) if name in methods]
        complete = complete_methods(part)
        for name in [name for name in methods if name not in complete]:
            rivals = [methods[other] for other in fixed if other != name]
            lines.append({"block": block, "method": name, **_paired(methods[name], rivals)})
    return pd.DataFrame(lines)


def _paired(rows: pd.DataFrame, rivals: list[pd.DataFrame]) -> dict[str, Any]:
    """Means of F1 and AP on shared rows; tables that the first rival won, tied and lost against these."""
    places = [part.drop_duplicates(list(ROW)).set_index(list(ROW)) for part in (rows, *rivals)]
    shared = places[0].index
    for part in places[1:]:
        shared = shared.intersection(part.index)
    cells = shared.droplevel("classifier").unique()
    facts: dict[str, Any] = {"cells": len(cells), "tables": cells.get_level_values("table").nunique()}
    for metric in ("f1", "average_precision"):
        means = [part.loc[shared, metric].groupby("table").mean() for part in places]
        facts |= {f"{metric}_{part['method'].iloc[0]}": m.mean() for part, m in zip(places[1:], means[1:])}
        facts[metric] = means[0].mean()
        if rivals:
            gains = record((means[1] - means[0]).dropna().to_numpy())
            facts |= {f"{metric}_{name}": count for name, count in gains.items()}
    return facts
