"""The page of the study: every bar with what was measured, and the tables behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.provenance import beside
from benchmarks.reporting.markdown import HIGHEST, LOWEST, UNKNOWN, columns, page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.fidelity import cells, checks
from benchmarks.studies.fidelity.arms import ARMS
from benchmarks.studies.fidelity.bars import COST, Bar, advice_table, families, summary
from benchmarks.studies.fidelity.bars import bars as bars_of_tables

SHOWN: Final = {
    "distance": ("distance", 3, LOWEST),
    "ratio": ("÷ SMOTE's, means", 2, None),
    "ratio_median": ("medians", 2, None),
    "ratio_raw": ("raw", 2, None),
    "c2st": ("C2ST", 3, LOWEST),
    "share_error": ("shares", 3, LOWEST),
    "share_error_telling": ("telling shares", 3, LOWEST),
    "extreme": ("extremes, new ÷ real", 2, None),
    "f1_weak": ("F1, weak", 3, HIGHEST),
    "average_precision_weak": ("AP, weak", 3, HIGHEST),
    "g_mean_weak": ("G-mean, weak", 3, HIGHEST),
    "f1_strong": ("F1, strong", 3, HIGHEST),
    "average_precision_strong": ("AP, strong", 3, HIGHEST),
    "harmed": ("harmed", 3, LOWEST),
    "surely_harmed": ("surely", 3, LOWEST),
    "seconds": ("seconds", 2, None),
}
HOW: Final = f"""*Distance*: energy distance of new rows to held-out rows of their class, less that of the
real training rows to the same, in standardised and one-hot encoded columns; *raw*: before subtracting.
*C2ST*: cross-validated ROC AUC of a forest that tells new from real training rows. *Shares*: differences of
the shares of categories (total variation), missing cells and zeros from those of the class's training rows;
*telling*: of those that differ between the classes by more than .1. *Extremes*: rows with a cell at the
smallest or largest value of a column. *Harmed*: share of the tables on which a forest and boosting lose more
than {COST} of average precision against doing nothing; *surely*: by a standard error over folds more than
that. Means over tables; outer folds as in the benchmark. Where an arm has fewer folds, ratios and differences
are those to the other arms on its own folds."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured of one version of the package."""

    rows: pd.DataFrame  # of tables
    checked: pd.DataFrame  # of made columns

    @classmethod
    def read(cls, out: Path) -> Evidence:
        """Read what lies under the name of a result file, or nothing."""
        checked = beside(out, "_checks.csv")
        frame = pd.read_csv(checked, dtype={"error": str}) if checked.exists() else checks.nothing()
        return cls(cells.store(out).read(), frame.fillna({"error": ""}))

    def bars(self, committed: pd.DataFrame) -> list[Bar]:
        """List all bars, of tables and of made columns."""
        return [*bars_of_tables(self.rows, committed), *checks.bars(self.checked)]


def bars_table(bars: Sequence[Bar], earlier: Sequence[Bar]) -> pd.DataFrame:
    """Write bars with what was measured, before and now, and whether they are met."""
    before = {bar.what: bar for bar in earlier}
    words = {True: "yes", False: "**no**", None: UNKNOWN}
    return pd.DataFrame(
        {
            "what": bar.what,
            "before": shown(before.get(bar.what)),
            "wanted": f"{'≤' if bar.at_most else '≥'} {bar.bound:.3g}",
            "measured": shown(bar),
            "met": words[bar.met],
        }
        for bar in bars
    )


def shown(bar: Bar | None) -> str:
    """Write what was measured, if it was."""
    return UNKNOWN if bar is None or bar.met is None else f"{bar.measured:.3f}"


def suites(rows: pd.DataFrame) -> list[str]:
    """Write a section per suite."""
    found = []
    for suite, part in rows.groupby("suite", sort=False):
        lines = summary(part, ARMS)
        names = lines[["arm", "tables", "folds"]]
        body = as_table(names.join(columns(lines, SHOWN)).join(lines["failed"].round(1)))
        found.append(f"## Suite `{suite}`\n\n{body}")
    return found


def report(now: Evidence, before: Evidence, committed: pd.DataFrame) -> str:
    """Write the page; ``committed`` are rows of the KEEL suite from before."""
    bars = bars_table(now.bars(committed), before.bars(committed))
    parts = [f"## Bars\n\n{as_table(bars)}", HOW, *suites(now.rows)]
    if (now.rows["suite"] == "keel").any():
        parts.append("## What closeness costs\n\n![F1 and average precision against distance](frontier.png)")
    advice = advice_table(now.rows)
    if advice["advised"].any():
        parts.append(f"## What the advice says of tables that resampling harms\n\n{as_table(advice)}")
    if len(changes := families(now.rows, committed)):
        lines = changes.reset_index()
        text = [f"{mean:+.3f} ± {error:.3f}" for mean, error in zip(changes["mean"], changes["sem"])]
        lines = lines[["family", "tables"]].assign(**{"weak F1, change ± standard error over folds": text})
        parts.append(f"## Families of KEEL, against before\n\n{as_table(lines)}")
    if len(now.checked):
        lines = checks.means(now.checked).map("{:.3f}".format).replace("nan", UNKNOWN)
        parts.append(f"## Made columns\n\n{as_table(lines.reset_index())}")
    parts.append("## New rows of made tables\n\n![New rows of made tables, before and after](fidelity.png)")
    command = "`python -m benchmarks.studies.fidelity`; a forest that tells nothing apart has a C2ST of .5."
    return page("# Can one trust the new rows?", command, *parts)
