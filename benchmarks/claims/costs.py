"""Seconds, memory and size."""

from __future__ import annotations

import pandas as pd

from benchmarks.claims.evidence import OURS, SMOTE, Evidence
from benchmarks.claims.keel import TIMED, seconds_text

RATIOS = {
    "ctgan": "KEEL: ctgan / ours",
    "tvae": "KEEL: tvae / ours",
    "adult": "adult: ctgan / ours",
    "wide": "500 columns: before / now",
    "very wide": "3000 columns: before / now",
    "jobs": "two jobs of fits: one / two",
}
CASES = ("numbers", "mixed", "sample")


def text(evidence: Evidence) -> str:
    """Write what a fit takes, beside CTGAN and TVAE, and on large tables."""
    return "\n".join(f"- {line}" for line in (small(evidence), ratios(evidence), large(evidence)))


def small(evidence: Evidence) -> str:
    """Write seconds on small tables."""
    rows = evidence.read("seconds.parquet", "method", TIMED)
    took = rows.groupby("method")["seconds"].median().map(seconds_text)
    ours = rows.loc[rows["method"] == OURS, "seconds"]
    return (
        f"One idle core, first folds of {rows['table'].nunique()} KEEL tables, oracle included: median"
        f" {took[OURS]} s a fit ({ours.quantile(0.75):.1f} s at the upper quartile, {ours.max():.1f} s at most);"
        f" CTGAN {took['ctgan']} s, TVAE {took['tvae']} s, SMOTE {took[SMOTE]} s."
    )


def ratios(evidence: Evidence) -> str:
    """Write how many times as long others take, and what wide tables and two jobs do."""
    rows = evidence.read("speed_bars.csv", "bar", list(RATIOS.values())).set_index("bar")
    ratio = {name: f"{rows.loc[bar, 'ratio']:.1f}" for name, bar in RATIOS.items()}
    took = {name: seconds_text(rows.loc[bar, "ours_s"]) for name, bar in RATIOS.items()}
    return (
        f"Pair by pair CTGAN takes {ratio['ctgan']} times as long (on adult, {took['adult']} s, {ratio['adult']}"
        f" times), TVAE {ratio['tvae']} times. Few rows of 500 columns take {took['wide']} s, of 3,000"
        f" {took['very wide']} s. Two jobs are {ratio['jobs']} times as fast as one."
    )


def large(evidence: Evidence) -> str:
    """Write seconds and memory of a million rows."""
    rows = evidence.read("large.csv", "case", CASES).set_index("case")
    numbers, mixed, sample = (_case(rows.loc[name]) for name in CASES)
    n = int(rows.loc["numbers", "rows"])
    return (
        f"{n:,} rows: {numbers} with {rows.loc['numbers', 'columns']} columns of numbers, {mixed} with text, dates"
        f" and gaps, too; {int(rows.loc['sample', 'rows']):,} new rows of adult {sample}."
    )


def _case(line: pd.Series) -> str:
    return f"{line['seconds']:.0f} s and {line['ratio']:.1f} times the table's memory"
