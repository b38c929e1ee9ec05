"""AutoGAN's published numbers beside ours, over the same cells.

Nazari et al. (2023) publish the F1 of both classes per (source, majority size, ratio), measured with a
small network trained for 20 epochs ("mlp20"). Sources without published numbers are left out of this table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.reporting import markdown as md
from benchmarks.reporting.names import marked
from benchmarks.reporting.statistics import complete_methods

PUBLISHED: Final = "autogan/published.csv"
CLASSIFIER: Final = "mlp20"
PLACE: Final = ["root", "n_majority", "ratio"]
THEIRS: Final = {
    "cas_real": "AutoGAN, CAS on real rows",
    "cas_syn": "AutoGAN, CAS on synthetic rows",
    "cds": "AutoGAN, CDS",
    "fcd": "AutoGAN, FCD",
    "fixed_1500_steps": "the same GAN, 1500 steps",
}
SCORES: Final = {"f1": "minority F1", "f1_majority": "majority F1"}


def section(rows: pd.DataFrame, folder: Path | None, ours: str) -> str:
    """Write the comparison as Markdown, or why there is none."""
    path = folder / PUBLISHED if folder else None
    if path is None or not path.is_file():
        return "The published numbers are in the data folder, which is not on this machine (`--data-dir`)."
    frame, cells = comparison(rows, pd.read_csv(path))
    if frame.empty:
        return "No table of this suite has published numbers."
    note = (
        f"Means over the {cells} cells (source, majority size, ratio) that were both published and run;"
        f" {CLASSIFIER} is the authors' classifier, the others show minority / majority F1."
    )
    return md.page(note, md.table(_texts(frame, ours))).rstrip()


def comparison(rows: pd.DataFrame, published: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Compute means per method, published and run, over shared cells; and the number of these.

    Columns are (score, classifier); scores are averaged over folds, then over tables.
    """
    rows = located(rows)
    complete = [set(complete_methods(part)) for _, part in rows.groupby("block")]
    rows = rows[rows["method"].isin(set.intersection(*complete))] if complete else rows
    shared = rows[PLACE].drop_duplicates().merge(published[PLACE].drop_duplicates())
    theirs = published.merge(shared).rename(columns={"minority_f1": "f1", "majority_f1": "f1_majority"})
    theirs = theirs.groupby("method")[list(SCORES)].mean()
    theirs.columns = pd.MultiIndex.from_product([theirs.columns, [CLASSIFIER]])
    tables = rows.merge(shared).groupby(["method", "classifier", "table"], sort=False)[list(SCORES)].mean()
    wide = tables.groupby(["method", "classifier"], sort=False).mean().unstack("classifier")
    parts = {"published": theirs, "run here": wide}
    return pd.concat({name: part for name, part in parts.items() if len(part)}), len(shared)


def located(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the place that a table's name "ROOT/MAJORITY_RATIO" stands for; other tables are left out.

    >>> located(pd.DataFrame({"table": ["tor/100_0.1", "other"]}))[PLACE].values.tolist()
    [['tor', 100, 0.1]]
    """
    parts = rows["table"].astype(str).str.extract(r"^(?P<root>.+)/(?P<n_majority>\d+)_(?P<ratio>[\d.]+)$")
    found = parts["root"].notna()
    places = parts[found].astype({"n_majority": int, "ratio": float})
    return rows[found].join(places)


def _texts(frame: pd.DataFrame, ours: str) -> pd.DataFrame:
    """Two columns for the authors' classifier, one per other classifier."""
    frame = frame.sort_values(("f1", CLASSIFIER), ascending=False) if ("f1", CLASSIFIER) in frame else frame
    columns = {"method": [THEIRS.get(name) or marked(name, ours) for _, name in frame.index]}
    columns["numbers"] = [source for source, _ in frame.index]
    for score, label in SCORES.items():
        if (score, CLASSIFIER) in frame:
            columns[f"{label}, {CLASSIFIER}"] = list(md.numbers(frame[score, CLASSIFIER], 3, md.HIGHEST))
    for name in frame["f1"].columns.drop(CLASSIFIER, errors="ignore"):
        pair = zip(md.numbers(frame["f1", name]), md.numbers(frame["f1_majority", name]))
        columns[name] = [md.UNKNOWN if low == md.UNKNOWN else f"{low} / {high}" for low, high in pair]
    return pd.DataFrame(columns)
