"""Seconds and memory against the size of a table: rows, columns, minority, one swept at a time."""

from __future__ import annotations

import pandas as pd

from benchmarks.reporting import markdown as md
from benchmarks.reporting.names import marked
from benchmarks.reporting.statistics import CELL, NONE_TUNED


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute median costs per (sweep, value, method); a table's name is "SWEEP=VALUE".

    Failures have no costs.
    """
    cells = rows[~rows["failed"] & (rows["method"] != NONE_TUNED)].drop_duplicates([*CELL, "method"])
    parts = cells["table"].astype(str).str.extract(r"^(?P<sweep>[^=]+)=(?P<value>[\d.]+)$").dropna()
    cells = cells.join(parts.astype({"value": float}), how="inner")
    keys = ["sweep", "value", "method"]
    return cells.groupby(keys, sort=False)[["seconds", "peak_mb"]].median().reset_index()


def section(medians: pd.DataFrame, ours: str) -> str:
    """Write a table of seconds and one of peak memory per sweep, methods that are quick at the end first."""
    parts = []
    for sweep, part in medians.groupby("sweep", sort=False):
        for column, label in (("seconds", "seconds"), ("peak_mb", "peak MB")):
            grid = part.pivot(index="method", columns="value", values=column)
            grid = grid.sort_values(grid.columns[-1]).rename(columns="{:g}".format)
            texts = grid.map(md.seconds)
            texts.insert(0, "method", [marked(name, ours) for name in grid.index])
            parts += [f"**{label}** by {sweep}:", md.table(texts)]
    return md.page(*parts).rstrip()
