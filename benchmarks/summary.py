"""From cells to a few lines: means, ranks, Wilcoxon tests, seconds.

A failed cell counts as 0 in every metric: whoever runs the method gets nothing. Ranks are taken within
(table, classifier) on the mean over folds, 1 being best, ties sharing the average rank. Wilcoxon's
signed-rank test pairs the means per table (over classifiers and folds); the quick set has one table
per family, so that its tables count as independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

METRICS: Final = ("f1", "g_mean", "average_precision")
OVERALL: Final = "all"


def summarise(rows: pd.DataFrame, ours: str = "ours") -> pd.DataFrame:
    """One row per (classifier, method): mean and mean rank per metric; tests in the overall rows.

    Parameters
    ----------
    rows : DataFrame
        Cells as ``protocol.evaluate`` writes them.
    ours : str
        The method that the others are tested against.
    """
    scores = _per_table(rows)
    parts = [_block(name, part) for name, part in scores.groupby("classifier", sort=False)]
    overall = _block(OVERALL, scores).join(_costs(rows)).join(_tests(scores, ours))
    columns = ["classifier", "method"]
    blocks = [block.reset_index() for block in (overall, *parts)]
    table = pd.concat(blocks, ignore_index=True)
    return table[[*columns, *table.columns.drop(columns)]]


def _per_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over repeats and folds, failures being 0."""
    keys = ["table", "classifier", "method"]
    metrics = list(METRICS)
    return rows.fillna(dict.fromkeys(metrics, 0.0)).groupby(keys, sort=False)[metrics].mean().reset_index()


def _block(name: str, scores: pd.DataFrame) -> pd.DataFrame:
    """Means and mean ranks per method."""
    metrics = list(METRICS)
    ranks = scores.groupby(["table", "classifier"])[metrics].rank(ascending=False)
    ranked = scores.join(ranks.add_prefix("rank_"))
    names = [*metrics, *ranks.add_prefix("rank_").columns]
    return ranked.groupby("method", sort=False)[names].mean().assign(classifier=name)


def _costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Median seconds of the sampler, and cells that failed."""
    cells = rows.drop_duplicates(["table", "repeat", "fold", "method"]).groupby("method", sort=False)
    failed = cells["error"].agg(lambda errors: int((errors != "").sum()))
    return pd.DataFrame({"seconds": cells["seconds"].median(), "failed_cells": failed})


def _tests(scores: pd.DataFrame, ours: str) -> pd.DataFrame:
    """Tables won and lost by ours, Wilcoxon's p and Holm's correction, per opponent and metric."""
    tables = scores.groupby(["table", "method"])[list(METRICS)].mean().unstack("method")
    others = [name for name in scores["method"].unique() if name != ours]
    if ours not in scores["method"].unique() or not others:
        return pd.DataFrame(index=pd.Index(others, name="method"))
    columns: dict[str, list[float]] = {}
    for metric in METRICS:
        gains = [(tables[metric, ours] - tables[metric, other]).to_numpy() for other in others]
        p_values = [_p_value(gain) for gain in gains]
        columns[f"won_{metric}"] = [int((gain > 0).sum()) for gain in gains]
        columns[f"lost_{metric}"] = [int((gain < 0).sum()) for gain in gains]
        columns[f"p_{metric}"] = p_values
        columns[f"holm_{metric}"] = holm(p_values)
    return pd.DataFrame(columns, index=pd.Index(others, name="method"))


def _p_value(gains: np.ndarray) -> float:
    return float(wilcoxon(gains).pvalue) if np.any(gains != 0) else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return [round(float(value), 12) for value in corrected]


def to_text(summary: pd.DataFrame, ours: str = "ours") -> str:
    """The summary as tables for a terminal of 100 columns."""
    overall = summary[summary["classifier"] == OVERALL].set_index("method")
    short = {"f1": "F1", "g_mean": "G-mean", "average_precision": "AP"}
    ranks = {f"rank_{metric}": f"rank {name}" for metric, name in short.items()}
    costs = {"seconds": "median s", "failed_cells": "failed"}
    names = {**short, **ranks, **costs}
    means = overall[list(names)].rename(columns=names).astype({"failed": int})
    blocks = ["Means and mean ranks (1 is best)", means.to_string(float_format="{:.3f}".format)]
    for metric, name in short.items():
        ranked = summary.pivot(index="method", columns="classifier", values=f"rank_{metric}")
        ranked = ranked.loc[overall.index, summary["classifier"].unique()]
        blocks += ["", f"Mean rank by {name}, per classifier", ranked.to_string(float_format="{:.2f}".format)]
    return "\n".join([*blocks, *_tests_text(overall, short, ours)])


def _tests_text(overall: pd.DataFrame, short: dict[str, str], ours: str) -> list[str]:
    if "p_f1" not in overall:
        return []
    lines = {}
    for method, row in overall.drop(index=ours).iterrows():
        lines[method] = {
            name: f"{row[f'won_{metric}']:.0f}:{row[f'lost_{metric}']:.0f}"
            f"  p={row[f'p_{metric}']:.3f} ({row[f'holm_{metric}']:.3f})"
            for metric, name in short.items()
        }
    title = f"{ours!r} against each: tables won:lost, Wilcoxon's p (after Holm)"
    return ["", title, pd.DataFrame(lines).T.to_string()]
