"""The result files behind the claims; whatever lacks rows of ours is an error, never a gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NoReturn

import pandas as pd

from benchmarks.provenance import RESULTS, read_side
from benchmarks.reporting.significance import record
from benchmarks.reporting.statistics import NONE, NONE_TUNED
from benchmarks.studies import ensemble
from benchmarks.studies.fidelity import bars
from benchmarks.studies.search.means import Mean
from benchmarks.suites import STRONG, WEAK

OURS, SMOTE = "ours", "smote"
ALWAYS: Final = (OURS, SMOTE, NONE)
SUITES: Final = {  # name on the page, file of the rows
    "keel": ("KEEL", "keel.parquet"),
    "real": ("real tables", "fidelity.parquet"),
    "mixed": ("adult, telco", "mixed.parquet"),
    "autogan": ("AutoGAN's tables", "autogan.parquet"),
    "multiclass": ("multi-class", "multiclass.csv"),
    "ensemble": ("KEEL, five draws", "ensemble.parquet"),
}
BLOCKS: Final = {"paper": "the paper's MLP", "weak": "weak", "strong": "strong"}
SCORES: Final = {"f1": "F1", "macro_f1": "macro F1", "g_mean": "G-mean", "average_precision": "AP"}
SCORED: Final = ("f1", "g_mean", "average_precision")
REPORTED: Final = (*SCORED, "f1_tuned")
FIVE_DRAWS: Final = {"ours_x5": OURS, "smote_x5": SMOTE, NONE: NONE, "balanced_bagging": "balanced_bagging"}


class MissingRowsError(ValueError):
    """A result file is not there, or lacks rows that a claim needs."""


@dataclass(frozen=True)
class Comparison:
    """What methods reach on the tables of a suite, by one score and one block of classifiers."""

    suite: str
    block: str
    score: str
    tables: pd.DataFrame  # a line per table, a column per method that was run on all of them

    @property
    def best(self) -> str:
        """The best of the others by its mean, which only hindsight knows."""
        return str(self.tables.drop(columns=OURS).mean().idxmax())

    def gains(self, other: str) -> pd.Series:
        """Differences of ours from another method, by table."""
        return self.tables[OURS] - self.tables[other]

    def against(self, other: str) -> str:
        """Mean difference with its standard error over tables, and tables won and lost."""
        return gain_text(self.gains(other))


def gain_text(gains: pd.Series) -> str:
    """Write the mean of gains by table, its standard error, and how many are gains and losses."""
    counts = record(gains.to_numpy())
    return f"{Mean.of(gains).text()} ({counts['won']} : {counts['lost']})"


def check_rows(rows: pd.DataFrame, column: str, needed: Sequence[str], where: str) -> None:
    """Raise ``MissingRowsError`` if a column of rows lacks one of the values needed."""
    missing = [value for value in needed if value not in set(rows[column])]
    if missing:
        raise MissingRowsError(
            f"{where} has no rows of {', '.join(missing)} (column {column!r}); measure these first."
        )


@dataclass(frozen=True)
class Evidence:
    """A folder of result files."""

    folder: Path = RESULTS

    def read(self, name: str, column: str = "", needed: Sequence[str] = ()) -> pd.DataFrame:
        """Read a file; a column of it must hold all of these values.

        Raises
        ------
        MissingRowsError
            If there is no such file, or no row with one of the values.
        """
        path = self.folder / name
        if not path.is_file():
            raise MissingRowsError(f"There is no {path}; run what writes it (benchmarks/README.md) first.")
        rows = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        if needed:
            check_rows(rows, column, needed, str(path))
        return rows

    def day(self, name: str, method: str = OURS) -> str:
        """Return the day of the last run that wrote rows of a method into a file, as the file's notes say.

        Raises
        ------
        MissingRowsError
            If they name no such run.
        """
        runs = read_side(self.folder / f"{name}_meta.json").get("runs", [])
        days = [run["date"][:10] for run in runs if method in run.get("methods", run.get("arms", [method]))]
        if not days:
            raise MissingRowsError(f"{self.folder / name}_meta.json names no run of {method}.")
        return max(days)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """All scores: a line per suite, block, score and table, a column per method."""
        parts = {suite: self._reported(suite) for suite in ("keel", "mixed", "autogan")}
        parts |= {"real": self._real(), "multiclass": self._multiclass(), "ensemble": self._five_draws()}
        wide = {
            suite: means.reset_index()
            .melt(["block", "method", "table"], var_name="score")
            .pivot(index=["block", "score", "table"], columns="method", values="value")
            for suite, means in parts.items()
        }
        return pd.concat(wide, names=["suite"])

    def _reported(self, suite: str) -> pd.DataFrame:
        """Means of the methods that were run on every cell of a suite, other settings of ours left out."""
        summary = self.read(f"{suite}_summary.csv", "method", ALWAYS)
        ranked = summary[summary["complete"] & summary["rank_f1"].notna() & (summary["method"] != NONE_TUNED)]
        tables = self.read(f"{suite}_tables.csv", "method", ALWAYS).merge(ranked[["block", "method"]])
        return tables.groupby(["block", "method", "table"])[list(REPORTED)].mean()

    def _real(self) -> pd.DataFrame:
        rows = self.fidelity("real")
        means = bars.per_table(bars.on_folds_of(rows, ALWAYS)).rename(columns={"arm": "method"})
        means = means[means["method"].isin(ALWAYS)].set_index(["method", "table"])
        columns = {block: [f"{score}_{block}" for score in SCORED] for block in ("weak", "strong")}
        blocks = {block: means[names].set_axis(SCORED, axis=1) for block, names in columns.items()}
        return pd.concat(blocks, names=["block"])

    def _multiclass(self) -> pd.DataFrame:
        rows = self.read("multiclass.csv", "method", ALWAYS)
        blocks = dict.fromkeys(WEAK, "weak") | dict.fromkeys(STRONG, "strong")
        keys = [rows["classifier"].map(blocks).rename("block"), "method", "table"]
        return rows.groupby(keys)[["macro_f1"]].mean()

    def _five_draws(self) -> pd.DataFrame:
        rows = self.read("ensemble.parquet", "method", list(FIVE_DRAWS))
        means = ensemble.means(rows[rows["method"].isin(list(FIVE_DRAWS))])
        return means[means.index.get_level_values("block") != "balanced"].rename(FIVE_DRAWS, level="method")

    def fidelity(self, suite: str) -> pd.DataFrame:
        """Rows of the study of new rows on the tables of a suite."""
        rows = self.read("fidelity.parquet", "suite", [suite])
        rows = rows[rows["suite"] == suite]
        check_rows(rows, "arm", ALWAYS, f"fidelity.parquet, suite {suite},")
        return rows

    def comparison(self, suite: str, block: str, score: str) -> Comparison:
        """Compare on one suite, by one block and score.

        Raises
        ------
        MissingRowsError
            If ours was not run on all of its tables.
        """
        tables = self.scores.loc[(suite, block, score)].dropna(axis=1, how="all")
        whole = tables.dropna(axis=1)
        if OURS not in whole:
            self.incomplete(suite, block, score)
        return Comparison(suite, block, score, whole)

    def incomplete(self, suite: str, block: str, score: str) -> NoReturn:
        """Say that ours was not run everywhere."""
        raise MissingRowsError(
            f"Suite {suite}, {block} classifiers: {score} of ours is not there for every cell; run what is"
            " missing, then the suite's report."
        )

    def folds(self, suite: str) -> int:
        """Count the folds that were held out on each table of a suite."""
        rows = self.fidelity(suite) if suite == "real" else self.read(SUITES[suite][1])
        return int(rows["fold"].nunique())

    def comparisons(self) -> Iterator[Comparison]:
        """List all there are, suites and blocks in the order of the page."""
        known = self.scores.index.droplevel("table").unique()
        for suite in SUITES:
            for block in BLOCKS:
                for score in SCORES:
                    if (suite, block, score) in known:
                        yield self.comparison(suite, block, score)
