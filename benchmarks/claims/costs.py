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
        f" {took[OURS]} s a fit (upper quartile {ours.quantile(0.75):.1f} s, at most {ours.max():.1f} s);"
        f" CTGAN {took['ctgan']} s, TVAE {took['tvae']} s, SMOTE {took[SMOTE]} s."
    )


def ratios(evidence: Evidence) -> str:
    """Write how many times as long others take, and what wide tables and two jobs do."""
    rows = evidence.read("speed_bars.csv", "bar", list(RATIOS.values())).set_index("bar")
    ratio = {name: f"{rows.loc[bar, 'ratio']:.1f}" for name, bar in RATIOS.items()}
    took = {name: seconds_text(rows.loc[bar, "ours_s"]) for name, bar in RATIOS.items()}
    return (
        f"Fit by fit CTGAN takes {ratio['ctgan']} times as long, TVAE {ratio['tvae']} times. adult takes"
        f" {took['adult']} s, CTGAN {ratio['adult']} times as long; a few hundred rows of 500 columns"
        f" {took['wide']} s, of 3,000 columns {took['very wide']} s. Two jobs are {ratio['jobs']} times as"
        " fast as one."
    )


def large(evidence: Evidence) -> str:
    """Write seconds and memory of a million rows."""
    rows = evidence.read("large.csv", "case", CASES).set_index("case")
    numbers, mixed, sample = (_case(rows.loc[name]) for name in CASES)
    of_numbers, drawn = rows.loc["numbers"], rows.loc["sample"]
    return (
        f"{of_numbers['rows']:,} rows of {of_numbers['columns']} numbers take {numbers}; with text, dates"
        f" and gaps {mixed}. {drawn['rows']:,} new rows of adult: {sample}."
    )


def _case(line: pd.Series) -> str:
    return f"{line['seconds']:.0f} s and {line['ratio']:.1f} times the table's memory"
