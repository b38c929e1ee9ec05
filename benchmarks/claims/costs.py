"""Seconds, memory and size."""

from __future__ import annotations

from typing import Final

import pandas as pd

from benchmarks.claims.evidence import OURS, SMOTE, Evidence
from benchmarks.claims.keel import TIMED, seconds_text

RATIOS: Final = {
    "ctgan": "KEEL: ctgan / ours",
    "tvae": "KEEL: tvae / ours",
    "adult": "adult: ctgan / ours",
    "wide": "3000 columns: before / now",
}
CASES: Final = ("numbers", "mixed", "sample")


def text(evidence: Evidence) -> str:
    """Write what a fit takes, beside CTGAN and TVAE, and on large tables."""
    return "\n".join(f"- {line}" for line in (small(evidence), ratios(evidence), large(evidence)))


def small(evidence: Evidence) -> str:
    """Write seconds on small tables."""
    rows = evidence.read("seconds.parquet", "method", TIMED)
    took = rows.groupby("method")["seconds"].median().map(seconds_text)
    ours = rows.loc[rows["method"] == OURS, "seconds"]
    return (
        f"[One idle core](results/seconds.parquet), {rows['table'].nunique()} KEEL tables, oracle included:"
        f" median {took[OURS]} s a fit, at most {ours.max():.1f} s; CTGAN {took['ctgan']} s, TVAE"
        f" {took['tvae']} s, SMOTE {took[SMOTE]} s."
    )


def ratios(evidence: Evidence) -> str:
    """Write how many times as long others take, and what wide tables and two jobs do."""
    rows = evidence.read("speed_bars.csv", "bar", list(RATIOS.values())).set_index("bar")
    ratio = {name: f"{rows.loc[bar, 'ratio']:.1f}" for name, bar in RATIOS.items()}
    took = {name: seconds_text(rows.loc[bar, "ours_s"]) for name, bar in RATIOS.items()}
    return (
        f"[Fit by fit](results/speed_bars.md) CTGAN takes {ratio['ctgan']} times as long, TVAE"
        f" {ratio['tvae']} times. adult takes {took['adult']} s (CTGAN {ratio['adult']} times as long), few"
        f" rows of 3,000 columns {took['wide']} s."
    )


def large(evidence: Evidence) -> str:
    """Write seconds and memory of a million rows."""
    rows = evidence.read("large.csv", "case", CASES).set_index("case")
    numbers, mixed, sample = (_case(rows.loc[name]) for name in CASES)
    of_numbers, drawn = rows.loc["numbers"], rows.loc["sample"]
    return (
        f"[{of_numbers['rows']:,} rows](results/large.csv) of {of_numbers['columns']} numbers take"
        f" {numbers}, with text, dates and gaps {mixed}; {drawn['rows']:,} new rows of adult {sample}."
    )


def _case(line: pd.Series) -> str:
    return f"{line['seconds']:.0f} s, memory {line['ratio']:.1f} times the table"
