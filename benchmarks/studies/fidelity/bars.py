"""What the rows of the study say: means per arm, and each bar with what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.studies.fidelity.cells import BLOCKS, MEASURES, SCORES
from benchmarks.suites import WEAK

COST: Final = 0.02  # of strong average precision, from which on resampling is said to harm
FOLD: Final = ["suite", "table", "repeat", "fold"]
SCORED: Final = tuple(f"{score}_{block}" for block in BLOCKS for score in SCORES)
# How an advice begins that speaks against new rows, or against them for strong classifiers.
AGAINST: Final = ("Leave", "Move", "Weigh", "Resample for")
ARMS_OF_BARS: Final = {"fidelity=1": "`fidelity=1`", "ours": "default", "g_mean": "oracle G-mean"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A bound that a measured number has to keep."""

    what: str
    measured: float
    bound: float
    at_most: bool = True  # or at least
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it keeps the bound; None if it was not measured."""
        if np.isnan(self.measured):
            return None
        return bool(self.measured <= self.bound if self.at_most else self.measured >= self.bound)


def per_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over folds and repeats, a line per suite, table and arm; a failure scores as doing nothing."""
    nothing = rows[rows["arm"] == "none"].set_index(FOLD)
    filled = rows.join(nothing[list(SCORED)].add_suffix("_none"), on=FOLD)
    for score in SCORED:
        filled[score] = filled[score].fillna(filled[f"{score}_none"])
    filled["failed"] = (filled["error"] != "").astype(float)
    columns = [*MEASURES, "failed"]
    return filled.groupby(["suite", "table", "family", "arm"], as_index=False)[columns].mean()


def on_folds_of(rows: pd.DataFrame, arms: Iterable[str]) -> pd.DataFrame:
    """Keep the folds that all of these arms have, so that others are compared on the same ones."""
    for arm in arms:
        rows = rows.merge(rows.loc[rows["arm"] == arm, FOLD])
    return rows


def gains(means: pd.DataFrame, arm: str, score: str, than: str) -> pd.Series:
    """Compute the difference of a score between two arms, per table that both have."""
    wide = means.pivot(index=["suite", "family", "table"], columns="arm", values=score)
    wide = wide.reindex(columns=sorted({arm, than}))
    return (wide[arm] - wide[than]).dropna()


def ratio(means: pd.DataFrame, arm: str, measure: str, average: str = "mean") -> float:
    """Divide the mean or median of a measure over tables by that of SMOTE on the same tables."""
    wide = means.pivot(index=["suite", "table"], columns="arm", values=measure)
    both = wide.reindex(columns=sorted({arm, "smote"})).dropna().agg(average)
    return float(both[arm] / both["smote"])


def summary(rows: pd.DataFrame, arms: Iterable[str]) -> pd.DataFrame:
    """Make one line per arm, over the tables of one suite."""
    return pd.DataFrame([{"arm": arm, **facts(rows, arm)} for arm in arms if (rows["arm"] == arm).any()])


def facts(rows: pd.DataFrame, arm: str) -> dict[str, Any]:
    """Compute all figures of an arm over the tables of one suite, compared with others on its own folds."""
    means = per_table(on_folds_of(rows, [arm]))
    own = means[means["arm"] == arm]
    strong = gains(means, arm, "average_precision_strong", "none")
    found = {name: own[name].mean() for name in (*SCORED, "distance", "c2st", "seconds", "share_error")}
    return found | {
        "tables": len(own),
        "folds": rows.loc[rows["arm"] == arm, ["repeat", "fold"]].drop_duplicates().shape[0],
        "ratio": ratio(means, arm, "distance"),
        "ratio_median": ratio(means, arm, "distance", "median"),
        "ratio_raw": ratio(means, arm, "energy"),
        "share_error_telling": own["share_error_telling"].mean(),
        "extreme": own["extreme"].mean() / own["extreme_real"].mean(),
        "f1_gain": gains(means, arm, "f1_weak", "smote").mean(),
        "ap_gain": gains(means, arm, "average_precision_weak", "none").mean(),
        "harmed": float((strong < -COST).mean()) if len(strong) else float("nan"),
        "surely_harmed": surely_harmed(rows, arm),
        "failed": own["failed"].sum(),
    }


def surely_harmed(rows: pd.DataFrame, arm: str) -> float:
    """Share of tables whose strong AP loses more than .02 by more than a standard error over folds.

    NaN where there is but one fold.
    """
    wide = rows.pivot(index=FOLD, columns="arm", values="average_precision_strong")
    wide = wide.reindex(columns=sorted({arm, "none"}))
    change = (wide[arm] - wide["none"]).dropna().groupby(["suite", "table"]).agg(["mean", "sem"]).dropna()
    return float((change["mean"] + change["sem"] < -COST).mean()) if len(change) else float("nan")


def flagged(advice: str) -> bool:
    """Tell whether an advice speaks against resampling, be it for strong classifiers only.

    >>> flagged("Leave the table as it is: ..."), flagged("Resample: new rows gain ..."), flagged("")
    (True, False, False)
    """
    return advice.startswith(AGAINST)


def advice_table(rows: pd.DataFrame, arm: str = "ours") -> pd.DataFrame:
    """Count the tables that resampling harms and the others, and how many of each the advice flags.

    A table is flagged if the advice speaks against resampling on at least half of its folds.
    """
    means = per_table(on_folds_of(rows, [arm]))
    cost = -gains(means, arm, "average_precision_strong", "none").droplevel("family")
    own = rows[(rows["arm"] == arm) & (rows["advice"] != "")]
    flags = own["advice"].map(flagged).astype(float).groupby([own["suite"], own["table"]]).mean() >= 0.5
    found = pd.DataFrame({"cost": cost, "flag": flags.reindex(cost.index).astype(float)}).reset_index()
    found["harmed"] = found["cost"] > COST
    groups = found.groupby(["suite", "harmed"])["flag"]
    counts = groups.agg(tables="size", advised="count", flagged="sum").reset_index()
    return counts.astype({"flagged": int})


def families(rows: pd.DataFrame, committed: pd.DataFrame, arm: str = "ours") -> pd.DataFrame:
    """Compute the change of weak F1 per family against committed rows of the KEEL suite, worst first.

    Only tables and folds that both have are compared. The standard error is that over folds.
    """
    fold = ["table", "repeat", "fold"]
    weak = committed[(committed["method"] == "ours") & committed["classifier"].isin(WEAK)]
    before = weak.groupby(fold)["f1"].mean()
    now = rows[(rows["suite"] == "keel") & (rows["arm"] == arm)].set_index(fold)
    change = (now["f1_weak"] - before).dropna().rename("change").reset_index()
    change["family"] = change["table"].map(rows.drop_duplicates("table").set_index("table")["family"])
    by_fold = change.groupby(["family", "repeat", "fold"])["change"].mean().groupby("family")
    found = by_fold.agg(["mean", "sem"]).assign(tables=change.groupby("family")["table"].nunique())
    return found.sort_values("mean")


def bars(rows: pd.DataFrame, committed: pd.DataFrame) -> list[Bar]:
    """List the bars on tables. What was not measured is NaN; ``committed`` are rows of the KEEL suite."""
    keel, mixed = rows[rows["suite"] == "keel"], rows[rows["suite"].isin(["mixed", "real"])]
    of_keel = {arm: facts(keel, arm) for arm in ARMS_OF_BARS}
    ours, everywhere = of_keel["ours"], facts(rows, "ours")
    of_mixed = facts(mixed, "ours")
    worst = families(rows, committed)["mean"].min()
    return [
        *_three("distance over SMOTE's, ratio of means (KEEL)", of_keel, "ratio", (1.5, 4, 2)),
        *_three("distance over SMOTE's, medians (KEEL)", of_keel, "ratio_median", (1.5, 4, 2)),
        *_three("C2ST (KEEL)", of_keel, "c2st", (0.45, 0.58, 0.52)),
        Bar("shares that tell classes apart: error (mixed, real)", of_mixed["share_error_telling"], 0.06),
        Bar("all shares: error (mixed, real)", of_mixed["share_error"], 0.06),
        Bar("rows with a cell at an extreme, new ÷ real (all)", everywhere["extreme"], 1.3),
        Bar("weak F1 − SMOTE's (KEEL)", ours["f1_gain"], 0.036, at_most=False),
        Bar("weak AP − doing nothing's (KEEL)", ours["ap_gain"], 0.03, at_most=False),
        Bar("weak F1 of the worst family − before (KEEL)", worst, -0.01, at_most=False),
        Bar("tables whose strong AP loses more than .02 (KEEL)", ours["harmed"], 0.05),
        Bar("of these not flagged by the advice (all suites)", _unflagged(rows), 0.0),
    ]


def _three(what: str, found: dict[str, dict[str, Any]], name: str, bounds: Sequence[float]) -> list[Bar]:
    return [Bar(f"{what}, {ARMS_OF_BARS[arm]}", found[arm][name], b) for arm, b in zip(ARMS_OF_BARS, bounds)]


def _unflagged(rows: pd.DataFrame) -> float:
    """Share of the harmed tables, of those with an advice, that it does not flag."""
    found = advice_table(rows)
    harmed = found[found["harmed"]][["advised", "flagged"]].sum()
    return float(1 - harmed["flagged"] / harmed["advised"]) if harmed["advised"] else float("nan")
