"""Are several draws better than one? ``python -m benchmarks.studies.ensemble --data-dir DIR``.

Every method is measured with one draw and with five, of which the classifiers' scores are averaged, on the
same folds of the KEEL suite, beside ensembles that undersample. Like is compared with like: five draws of
ours with five of SMOTE. Rows go to ``ensemble.parquet`` as they come, and a run goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from benchmarks.methods import METHODS as KNOWN
from benchmarks.methods import TITLES
from benchmarks.peers import client
from benchmarks.protocol import COLUMNS, COUNTS, KEY, TEXT, Cell, evaluate
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.reporting.statistics import fall_back
from benchmarks.storage import Store
from benchmarks.studies.common import parser
from benchmarks.suites import STRONG, SUITES, WEAK
from benchmarks.tables import Table, data_folder, load_table
from benchmarks.writing import write_whole

BALANCED: Final = ("balanced_forest", "easy_ensemble", "rus_boost")  # classifiers that resample by themselves
METHODS: Final = ("none", "smote", "smote_x5", "ours", "ours_x5", "balanced_bagging")
RIVALS: Final = ("mgs_grf", "circover", "sona", "simplicial_smote")  # samplers that other suites lack
PAIRS: Final = (
    ("ours_x5", "ours"),
    ("ours_x5", "smote_x5"),
    ("ours_x5", "balanced_bagging"),
    ("ours", "smote"),
    ("smote_x5", "smote"),
)
SCORES: Final = {"f1": "F1", "average_precision": "AP"}
BLOCKS: Final = ("weak", "strong")


def cells(tables: Sequence[Table], folds: int, methods: Sequence[str]) -> Iterator[Cell]:
    """List the units of work: all methods on a table, then the next table."""
    for fold in range(folds):
        for table in tables:
            for method in methods:
                own = BALANCED if method == "none" else ()
                yield Cell(table, 0, fold, method, (*WEAK, *STRONG, *own))


def means(rows: pd.DataFrame) -> pd.DataFrame:
    """Average scores over classifiers and folds: a line per block, method and table.

    Only folds of tables that every method of these rows has count; what failed has the scores of doing
    nothing.
    """
    rows = rows.assign(failed=rows["error"] != "")
    n_methods = rows["method"].nunique()
    whole = rows.groupby(["table", "fold"])["method"].transform("nunique") == n_methods
    scored = fall_back(rows[whole].reset_index(drop=True))
    return scored.groupby(["block", "method", "table"])[list(SCORES)].mean()


def levels(found: pd.DataFrame) -> pd.DataFrame:
    """Average scores over tables, a line per method and a column per block and score."""
    by_method = found.groupby(["block", "method"]).mean()
    columns = {
        f"{SCORES[score]}, {block}": by_method.loc[block, score].map("{:.3f}".format)
        for block in BLOCKS
        for score in SCORES
    }
    shown = pd.DataFrame(columns)
    order = [name for name in TITLES if name in shown.index]
    return shown.loc[order].rename(index=dict(TITLES)).rename_axis("method").reset_index()


def balanced(rows: pd.DataFrame) -> pd.DataFrame:
    """Average scores of the classifiers that resample by themselves, where they do not fail."""
    own = rows[rows["classifier"].isin(BALANCED)]
    by_classifier = own.groupby("classifier")
    scores = by_classifier[list(SCORES)].mean().round(3).rename(columns=SCORES)
    failed = (own["error"] != "").groupby(own["classifier"]).sum()
    return scores.assign(failed=failed).reset_index()


def gains(found: pd.DataFrame, pairs: Sequence[tuple[str, str]] = PAIRS) -> pd.DataFrame:
    """Compare methods pair by pair: mean difference over tables and its standard error over tables."""
    lines = [
        {
            "block": block,
            "difference": f"{TITLES[method]} − {TITLES[other]}",
            **{SCORES[score]: _difference(found.loc[block, score], method, other) for score in SCORES},
        }
        for block in BLOCKS
        for method, other in pairs
    ]
    return pd.DataFrame(lines)


def _difference(scores: pd.Series, method: str, other: str) -> str:
    """Mean difference over tables with its standard error, and on how many tables it is positive."""
    by_table = scores.loc[method] - scores.loc[other]
    error = by_table.std(ddof=1) / len(by_table) ** 0.5
    return f"{by_table.mean():+.3f} ± {error:.3f} ({(by_table > 0).sum()} of {len(by_table)})"


def report(rows: pd.DataFrame) -> str:
    """Write the page."""
    found = means(rows[rows["method"].isin(METHODS)])
    whole = rows[rows["table"].isin(found.index.unique("table"))]
    return page(
        "# Are several draws better than one?",
        f"{_size(found)} KEEL tables, {rows['fold'].nunique()} of five folds; five draws of a sampler, a"
        " classifier for each, scores averaged (`ResamplingEnsembleClassifier`), against one draw."
        " Balanced bagging is imbalanced-learn's. Differences are means over tables ± their standard error"
        " over tables (tables that gain). `python -m benchmarks.studies.ensemble`.",
        as_table(gains(found)),
        as_table(levels(found)),
        "Classifiers of imbalanced-learn that balance the classes by themselves, without a sampler:",
        as_table(balanced(whole)),
        *_rivals(rows),
    )


def _rivals(rows: pd.DataFrame) -> list[str]:
    """Compare one draw of ours with one draw of each rival, if any was measured."""
    found = means(rows)
    pairs = [("ours", rival) for rival in RIVALS if rival in found.index.unique("method")]
    text = f"Samplers that other suites lack, one draw each, on {_size(found)} of the tables:"
    return [text, as_table(gains(found, pairs))] if pairs else []


def _size(found: pd.DataFrame) -> int:
    return len(found.index.unique("table"))


def main(argv: Sequence[str] | None = None) -> None:
    """Add the cells that are missing to ``ensemble.parquet``; write ``ensemble.md`` at the end."""
    command = parser("ensemble", __doc__, ".parquet")
    command.add_argument("--folds", type=int, default=1, help="how many of the five (1)")
    command.add_argument("--every", type=int, default=1, help="take every n-th table (1)")
    options: Any = command.parse_args(argv)
    missing = {name for name, version in client.available().items() if version.startswith("missing")}
    methods = [name for name in (*METHODS, *RIVALS) if KNOWN[name].peer not in missing]
    folder = data_folder(options.data_dir)
    tables = [load_table(name, folder) for name in SUITES["keel"].names(folder)[:: options.every]]
    store = Store(options.out, KEY, COLUMNS, TEXT, COUNTS)
    rows = store.read()
    done = set(rows[["table", "fold", "method"]].itertuples(index=False, name=None))
    note_run(options.out, fresh=rows.empty)
    for cell in cells(tables, options.folds, methods):
        if (cell.table.name, cell.fold, cell.method) not in done:
            store.append(evaluate(cell))
            print(f"{cell.method} on {cell.table.name}, fold {cell.fold}", flush=True)
    store.absorb()
    rows = store.read()
    text = report(rows[rows["table"].isin([table.name for table in tables])])
    write_whole(options.out.with_suffix(".md"), text)
    print(text)


if __name__ == "__main__":
    main()
