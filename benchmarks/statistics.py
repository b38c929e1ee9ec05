"""From rows of a benchmark to means, ranks, and tests of ours against the others.

What is decided here, for every table the report shows:

* A failed row gets the scores of "none" in the same place: whoever runs the method falls back to that.
* "none_tuned" is "none" with the classifier's threshold tuned, derived from the rows of "none".
* Means and ranks are over complete methods: those that have every row of the block that "none" has.
  The others are paired with ours on the rows that both have.
* Ranks are taken per (table, classifier) on the mean over repeats and folds, 1 being best, ties sharing
  the average rank. Tests pair the means per table, over the classifiers of the block.
* Other settings of ours ("variants") are shown beside it, but have no rank and are no opponents.
* Scores at tuned thresholds are compared where "none" was tuned, among methods tuned on all of that.
* Tables of one family are no independent evidence: intervals resample whole families, and every test is
  made on the means of families, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from benchmarks import metrics
from benchmarks.fidelity import FIDELITY
from benchmarks.significance import compare, record

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
HEADLINES: Final = ("f1", "average_precision")
THRESHOLDED: Final = metrics.TUNED
TUNED: Final = tuple(f"{name}_tuned" for name in THRESHOLDED)
BLOCKS: Final = ("paper", "weak", "strong")
DRAWN: Final = FIDELITY
COSTS: Final = ("seconds", "peak_mb")

CELL: Final = ("table", "repeat", "fold")
ROW: Final = (*CELL, "classifier")
NONE, NONE_TUNED = "none", "none_tuned"


def prepare(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as they are compared: failures replaced, "none_tuned" added, infinities unknown."""
    numbers = [name for name in (*METRICS, *COSTS, *DRAWN) if name in rows]
    texts = {name: rows[name].fillna("").astype(str) for name in ("error", "tuning_error")}
    rows = rows.assign(**texts).reset_index(drop=True)
    rows["failed"] = rows["error"] != ""
    rows[numbers] = rows[numbers].astype(float).replace([np.inf, -np.inf], np.nan)
    rows = rows.sort_values("block", key=lambda names: names.map(_place_of_block), kind="stable")
    rows = fall_back(rows.reset_index(drop=True))
    return pd.concat([tuned_alike(rows), none_tuned(rows)], ignore_index=True)


def _place_of_block(name: str) -> int:
    return BLOCKS.index(name) if name in BLOCKS else len(BLOCKS)


def tuned_alike(rows: pd.DataFrame) -> pd.DataFrame:
    """The same with tuned scores only where "none" has them, of methods that have all of these."""
    tuned = rows[rows["f1_tuned"].notna()]
    wanted = pd.MultiIndex.from_frame(tuned.loc[tuned["method"] == NONE, list(ROW)])
    comparable = tuned[pd.MultiIndex.from_frame(tuned[list(ROW)]).isin(wanted)]
    n_rows = comparable.groupby("method").size()
    kept = rows["method"].isin(n_rows.index[n_rows == len(wanted)])
    kept &= pd.MultiIndex.from_frame(rows[list(ROW)]).isin(wanted)
    return rows.assign(**{name: rows[name].where(kept) for name in TUNED})


def at_tuned_thresholds(rows: pd.DataFrame) -> pd.DataFrame:
    """Per block and method, label scores at 0.5 and tuned, on the cells where thresholds were tuned."""
    tuned = rows[rows["f1_tuned"].notna() & (rows["method"] != NONE_TUNED)]
    names = [*THRESHOLDED, *TUNED]
    means = tuned.groupby(["block", "method"], sort=False)[names].mean()
    cells = tuned.drop_duplicates(["block", "method", *CELL]).groupby(["block", "method"]).size()
    table = means.assign(cells=cells).reset_index()
    return table.sort_values(["block", "f1_tuned"], ascending=[False, False], kind="stable")


def probabilities(rows: pd.DataFrame) -> pd.DataFrame:
    """Per complete method of a block, losses of probabilities, on the cells where all of them have these.

    A loss that some method has nowhere is left out.
    """
    rows = rows[rows["method"].isin(complete_methods(rows)) & (rows["method"] != NONE_TUNED)]
    there = rows.groupby("method")[list(LOSSES)].agg(lambda column: column.notna().any()).all()
    names = [name for name in LOSSES if there[name]]
    known = rows.dropna(subset=names)
    n_methods = known.groupby(list(ROW))["method"].transform("nunique")
    shared = known[n_methods == rows["method"].nunique()]
    cells = len(shared[list(CELL)].drop_duplicates())
    means = shared.groupby("method", sort=False)[names].mean().assign(cells=cells).reset_index()
    return means.sort_values(names[-1:], kind="stable") if len(means) else means


def fall_back(rows: pd.DataFrame) -> pd.DataFrame:
    """Failed rows with the scores of "none", rows whose tuning failed with its tuned scores.

    A score that the method has nowhere (it was not tuned) stays unknown: "none" must not be its mean.
    """
    names, tuned = list(METRICS), list(TUNED)
    none = rows[rows["method"] == NONE].drop_duplicates(list(ROW)).set_index(list(ROW))[names]
    there = none.reindex(pd.MultiIndex.from_frame(rows[list(ROW)])).set_axis(rows.index)
    known = rows[~rows["failed"]].groupby("method")[names].agg(lambda column: column.notna().any())
    known = known.reindex(rows["method"].unique(), fill_value=True).loc[rows["method"]].to_numpy()
    filled, failed = rows.copy(), rows["failed"]
    untuned = ~failed & (rows["tuning_error"] != "")
    filled.loc[failed, names] = there.where(known)[failed]
    filled.loc[untuned, tuned] = there.loc[untuned, tuned]
    return filled


def none_tuned(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of "none" where it was tuned, as a method; what the tuning took was not measured."""
    tuned = rows[(rows["method"] == NONE) & rows["f1_tuned"].notna()].assign(method=NONE_TUNED)
    tuned[list(THRESHOLDED)] = tuned[list(TUNED)].to_numpy()
    return tuned.assign(**dict.fromkeys(COSTS, np.nan))


def complete_methods(rows: pd.DataFrame) -> list[str]:
    """Methods of a block with every row that "none" has.

    If "none" was not run: with every row there is, and no failure, as nothing could stand in for it.
    """
    places = rows[["method", *ROW]].drop_duplicates()
    wanted = places[places["method"] == NONE]
    if wanted.empty:
        failed = rows.loc[rows["failed"], "method"].unique()
        wanted, places = places, places[~places["method"].isin(failed)]
    wanted = wanted[list(ROW)].drop_duplicates()
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


def summary(rows: pd.DataFrame, variants: Sequence[str] = ()) -> pd.DataFrame:
    """One line per (block, method): means, mean ranks of complete methods, costs, failures."""
    groups = rows.groupby("block", sort=False)
    blocks = [_block_summary(part, variants).assign(block=name) for name, part in groups]
    table = pd.concat(blocks).reset_index()
    first = ["block", "method", "complete"]
    return table[[*first, *table.columns.drop(first)]]


def _block_summary(rows: pd.DataFrame, variants: Sequence[str]) -> pd.DataFrame:
    complete = complete_methods(rows)
    means = table_means(rows)
    scores = means.groupby("method", sort=False)[list(METRICS)].mean()
    ranked = means["method"].isin(complete) & ~means["method"].isin(variants)
    ranks = mean_ranks(means[ranked]).add_prefix("rank_")
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
        "peaks": by_method["peak_mb"].count(),
        "failures": by_method["failed"].sum(),
        "cells": by_method.size(),
        "tables": by_method["table"].nunique(),
    }
    fidelity = drawn.groupby("method", sort=False).mean()
    fidelity["dcr_ratio"] = by_method["dcr_ratio"].median()  # one table's ratio of a hundred is no mean
    return pd.DataFrame(facts).join(fidelity)


def errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Methods that failed, or whose tuning did: in how many cells, and the most frequent reason."""
    rows = rows[rows["method"] != NONE_TUNED]
    rows = rows.assign(reason=rows["error"].where(rows["failed"], rows["tuning_error"]))
    troubled = rows[rows["reason"] != ""].drop_duplicates([*CELL, "method"])
    cells = rows.drop_duplicates([*CELL, "method"]).groupby("method").size().rename("cells")
    by_method = troubled.groupby("method")
    table = pd.DataFrame(
        {
            "failed": by_method["failed"].sum(),
            "untuned": by_method["failed"].agg(lambda failed: int((~failed).sum())),
            "reason": by_method["reason"].agg(lambda reasons: reasons.value_counts().index[0]),
        }
    )
    return table.join(cells).sort_values(["failed", "untuned"], ascending=False).reset_index()


def comparisons(rows: pd.DataFrame, ours: str, variants: Sequence[str] = ()) -> pd.DataFrame:
    """Ours minus every other complete method, per block and metric, on means per table."""
    rows = rows[~rows["method"].isin(variants)]
    parts = [
        _by_metric(distinct(means), ours, metric).assign(block=block, metric=metric)
        for block, part in rows.groupby("block", sort=False)
        if ours in (complete := complete_methods(part))
        for means in [table_means(part[part["method"].isin(complete)])]
        for metric in TESTED
    ]
    return _stacked(parts)


def ablations(rows: pd.DataFrame, ours: str, variants: Sequence[str]) -> pd.DataFrame:
    """Ours minus each of its variants, on the rows that both have."""
    parts = [
        _by_metric(table_means(shared), ours, metric).assign(block=block, metric=metric)
        for block, part in rows.groupby("block", sort=False)
        for variant in variants
        if len(shared := _shared(part, ours, variant))
        for metric in HEADLINES
    ]
    return _stacked(parts)


def _shared(rows: pd.DataFrame, *methods: str) -> pd.DataFrame:
    """Rows of these methods where all of them have one."""
    rows = rows[rows["method"].isin(methods)]
    n_methods = rows.groupby(list(ROW))["method"].transform("nunique")
    return rows[n_methods == len(methods)]


def _stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
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
        table.insert(8, "holm", multipletests(table["wilcoxon"], method="holm")[1])
        table.insert(10, "holm_families", multipletests(table["wilcoxon_families"], method="holm")[1])
    return table


def incomplete(
    rows: pd.DataFrame, ours: str, variants: Sequence[str] = (), others: tuple[str, ...] = ("smote",)
) -> pd.DataFrame:
    """Methods that were not run everywhere, paired with ours (and others) on the rows they share."""
    rows = rows[~rows["method"].isin(variants)]
    lines = []
    for block, part in rows.groupby("block", sort=False):
        methods = {name: methods for name, methods in part.groupby("method", sort=False)}
        fixed = [name for name in (ours, *others) if name in methods]
        complete = complete_methods(part)
        for name in [name for name in methods if name not in complete and name != ours]:
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
    for metric in HEADLINES:
        means = [part.loc[shared, metric].groupby("table").mean() for part in places]
        facts |= {f"{metric}_{part['method'].iloc[0]}": m.mean() for part, m in zip(places[1:], means[1:])}
        facts[metric] = means[0].mean()
        if rivals:
            gains = record((means[1] - means[0]).dropna().to_numpy())
            facts |= {f"{metric}_{name}": count for name, count in gains.items()}
    return facts
