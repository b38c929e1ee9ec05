"""From rows of a benchmark to means, ranks, and tests of ours against the others.

The rules, for every table that the report shows:

* A failed row gets the scores of "none" in the same place: a user whose method fails falls back to that.
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
from typing import Any, Final

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from benchmarks.fidelity import FIDELITY
from benchmarks.metrics import TUNED as THRESHOLDED
from benchmarks.reporting.significance import compare, record

SCORES: Final[Mapping[str, str]] = {
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
LOSSES: Final = ("brier", "brier_corrected", "calibration")
METRICS: Final = (*SCORES, *LOSSES)
TESTED: Final = ("f1", "g_mean", "balanced_accuracy", "mcc", "average_precision", "roc_auc", "f1_tuned")
HEADLINES: Final = ("f1", "average_precision")
TUNED: Final = tuple(f"{name}_tuned" for name in THRESHOLDED)
BLOCKS: Final = ("paper", "weak", "strong")
DRAWN: Final = FIDELITY
COSTS: Final = ("seconds", "peak_mb")

CELL: Final = ("table", "repeat", "fold")
ROW: Final = (*CELL, "classifier")
NONE, NONE_TUNED = "none", "none_tuned"


def prepare(rows: pd.DataFrame) -> pd.DataFrame:
    """Bring rows into the form in which they are compared.

    Failures are replaced, "none_tuned" is added, infinities become unknown, blocks are sorted.
    """
    numbers = [name for name in (*METRICS, *COSTS, *DRAWN) if name in rows]
    texts = {name: rows[name].fillna("").astype(str) for name in ("error", "tuning_error")}
    rows = rows.assign(**texts).reset_index(drop=True)
    rows["failed"] = rows["error"] != ""
    rows[numbers] = rows[numbers].astype(float).replace([np.inf, -np.inf], np.nan)
    places = {name: place for place, name in enumerate(BLOCKS)}
    rows = rows.sort_values("block", key=lambda names: names.map(places).fillna(len(BLOCKS)), kind="stable")
    rows = fall_back(rows.reset_index(drop=True))
    none_tuned = rows[(rows["method"] == NONE) & rows["f1_tuned"].notna()].assign(method=NONE_TUNED)
    none_tuned[list(THRESHOLDED)] = none_tuned[list(TUNED)].to_numpy()
    none_tuned = none_tuned.assign(**dict.fromkeys(COSTS, np.nan))  # what the tuning took was not measured
    return pd.concat([tuned_alike(rows), none_tuned], ignore_index=True)


def fall_back(rows: pd.DataFrame) -> pd.DataFrame:
    """Give failed rows the scores of "none", and rows whose tuning failed its tuned scores.

    A score that the method has nowhere (it was not tuned) stays unknown, or "none" would be its mean.
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


def tuned_alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop tuned scores where "none" has none, and those of methods that lack some of the others."""
    tuned = rows[rows["f1_tuned"].notna()]
    wanted = pd.MultiIndex.from_frame(tuned.loc[tuned["method"] == NONE, list(ROW)])
    comparable = tuned[pd.MultiIndex.from_frame(tuned[list(ROW)]).isin(wanted)]
    n_rows = comparable.groupby("method").size()
    kept = rows["method"].isin(n_rows.index[n_rows == len(wanted)])
    kept &= pd.MultiIndex.from_frame(rows[list(ROW)]).isin(wanted)
    return rows.assign(**{name: rows[name].where(kept) for name in TUNED})


def complete_methods(rows: pd.DataFrame) -> list[str]:
    """List the methods of a block with every row that "none" has.

    If "none" was not run: those with every row there is, and no failure, as nothing could stand in for it.
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
    """Average scores over repeats and folds, per (table, method, classifier)."""
    keys = ["block", "table", "family", "method", "classifier"]
    names = [name for name in (*METRICS, *COSTS, *DRAWN) if name in rows]
    return rows.groupby(keys, sort=False, observed=True)[names].mean().reset_index()


def distinct(scores: pd.DataFrame) -> pd.DataFrame:
    """Drop what "none_tuned" only repeats of "none", or "none" would be in the field twice."""
    repeated = [name for name in METRICS if name not in THRESHOLDED]
    scores = scores.copy()
    scores.loc[scores["method"] == NONE_TUNED, repeated] = np.nan
    return scores


def summary(rows: pd.DataFrame, variants: Sequence[str] = ()) -> pd.DataFrame:
    """Compute a line per (block, method): means, mean ranks of complete methods, costs, failures."""
    blocks = []
    for block, part in rows.groupby("block", sort=False):
        complete, means = complete_methods(part), table_means(part)
        scores = means.groupby("method", sort=False)[list(METRICS)].mean()
        ranked = distinct(means[means["method"].isin(complete) & ~means["method"].isin(variants)])
        places = ranked.groupby(["table", "classifier"])
        ranks = places[list(SCORES)].rank(ascending=False).join(places[list(LOSSES)].rank())
        ranks = ranks.groupby(ranked["method"], sort=False).mean().add_prefix("rank_")
        lines = scores.assign(complete=scores.index.isin(complete)).join(ranks).join(costs(part))
        order = ["complete", "rank_f1", "f1"]
        lines = lines.sort_values(order, ascending=[False, True, False], kind="stable")
        blocks.append(lines.assign(block=block))
    return _first_columns(pd.concat(blocks).reset_index(), ["block", "method", "complete"])


def _first_columns(table: pd.DataFrame, first: list[str]) -> pd.DataFrame:
    return table[[*first, *table.columns.drop(first)]]


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute seconds, memory, failures, and the new rows' fidelity per method, each cell counted once."""
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
    fidelity["dcr_ratio"] = by_method["dcr_ratio"].median()  # one table's ratio of a hundred spoils a mean
    return pd.DataFrame(facts).join(fidelity)


def at_tuned_thresholds(rows: pd.DataFrame) -> pd.DataFrame:
    """Average label scores at 0.5 and tuned, per method of a block, on the cells that were tuned."""
    tuned = rows[rows["f1_tuned"].notna() & (rows["method"] != NONE_TUNED)]
    means = tuned.groupby("method", sort=False)[[*THRESHOLDED, *TUNED]].mean()
    cells = tuned.drop_duplicates(["method", *CELL]).groupby("method").size()
    table = means.assign(cells=cells).reset_index()
    return table.sort_values("f1_tuned", ascending=False, kind="stable")


def probabilities(rows: pd.DataFrame) -> pd.DataFrame:
    """Average losses of probabilities per complete method of a block, on cells where all have these.

    A loss that some method has nowhere is left out.
    """
    rows = rows[rows["method"].isin(complete_methods(rows)) & (rows["method"] != NONE_TUNED)]
    there = rows.groupby("method")[list(LOSSES)].agg(lambda column: column.notna().any()).all()
    names = [name for name in LOSSES if there[name]]
    shared = _shared(rows.dropna(subset=names), rows["method"].unique())
    cells = len(shared[list(CELL)].drop_duplicates())
    means = shared.groupby("method", sort=False)[names].mean().assign(cells=cells).reset_index()
    return means.sort_values(names[-1:], kind="stable") if len(means) else means


def errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Count failed cells, and cells whose tuning failed, per method; with the most frequent reason."""
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
    """Compare ours with every other complete method, per block and metric, on means per table."""
    parts = []
    for block, part in rows[~rows["method"].isin(variants)].groupby("block", sort=False):
        complete = complete_methods(part)
        if ours in complete:
            means = distinct(table_means(part[part["method"].isin(complete)]))
            parts += [_against_others(means, ours, str(block), metric) for metric in TESTED]
    return _stacked(parts)


def ablations(rows: pd.DataFrame, ours: str, variants: Sequence[str]) -> pd.DataFrame:
    """Compare ours with each of its variants, on the rows of a block that both have."""
    parts = []
    for variant in variants:
        shared = _shared(rows, [ours, variant])
        if len(shared):
            means, block = table_means(shared), str(shared["block"].iloc[0])
            parts += [_against_others(means, ours, block, metric) for metric in HEADLINES]
    return _stacked(parts)


def _shared(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Rows of these methods where all of them have one."""
    rows = rows[rows["method"].isin(methods)]
    return rows[rows.groupby(list(ROW))["method"].transform("nunique") == len(methods)]


def _stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _against_others(means: pd.DataFrame, ours: str, block: str, metric: str) -> pd.DataFrame:
    """Against every opponent, Holm's correction over all of them."""
    scores = means.pivot_table(index=["family", "table"], columns="method", values=metric, sort=False)
    if ours not in scores:
        return pd.DataFrame()
    lines = []
    for opponent in scores.columns.drop(ours):
        pair = scores[[ours, opponent]].dropna()
        if len(pair):
            lines.append({"opponent": opponent, **compare(pair[ours], pair[opponent])})
    table = pd.DataFrame(lines)
    if len(table):
        table.insert(8, "holm", multipletests(table["wilcoxon"], method="holm")[1])
        table.insert(10, "holm_families", multipletests(table["wilcoxon_families"], method="holm")[1])
        table = _first_columns(table.assign(block=block, metric=metric), ["block", "metric", "opponent"])
    return table


def incomplete(rows: pd.DataFrame, ours: str, variants: Sequence[str] = ()) -> pd.DataFrame:
    """Pair methods of a block that were not run everywhere with ours and SMOTE on the rows they share.

    A line has means of F1 and AP, and how many tables ours won, tied and lost against the method.
    """
    rows = rows[~rows["method"].isin(variants)]
    methods = dict(iter(rows.groupby("method", sort=False)))
    complete = complete_methods(rows)
    lines = []
    for name in [name for name in methods if name not in complete and name != ours]:
        rivals = [other for other in (ours, "smote") if other in methods and other != name]
        places = {other: methods[other].drop_duplicates(list(ROW)) for other in (name, *rivals)}
        places = {other: part.set_index(list(ROW)) for other, part in places.items()}
        shared = places[name].index
        for other in rivals:
            shared = shared.intersection(places[other].index)
        cells = shared.droplevel("classifier").unique()
        facts: dict[str, Any] = {"cells": len(cells), "tables": cells.get_level_values("table").nunique()}
        for metric in HEADLINES:
            means = {o: part.loc[shared, metric].groupby("table").mean() for o, part in places.items()}
            facts |= {f"{metric}_{other}": means[other].mean() for other in rivals}
            facts[metric] = means[name].mean()
            if rivals:
                won = record((means[rivals[0]] - means[name]).dropna().to_numpy())
                facts |= {f"{metric}_{result}": count for result, count in won.items()}
        lines.append({"method": name, **facts})
    return pd.DataFrame(lines)
