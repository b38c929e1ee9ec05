"""The claim on the KEEL suite: means, mean ranks, differences and their significance."""

from __future__ import annotations

from typing import Final

import pandas as pd

from benchmarks.claims.evidence import ALWAYS, OURS, SMOTE, Evidence, gain_text
from benchmarks.reporting import markdown as md
from benchmarks.reporting import statistics
from benchmarks.reporting.names import title
from benchmarks.reporting.sections import SIGNIFICANT
from benchmarks.reporting.significance import record
from benchmarks.reporting.statistics import NONE, NONE_TUNED

TIMED: Final = (OURS, SMOTE, "tvae", "ctgan")
KNOWN: Final = (SMOTE, "tvae", "ctgan", "class_weight", NONE)
SLOW: Final = ("autogan_cas", "forest_diffusion")
DEVELOPED: Final = ("abalone", "car", "cleveland", "glass", "haberman", "kddcup", "new_thyroid", "pima")
NEXT: Final = 3  # of the others by rank
COLUMNS: Final = {
    ("weak", "f1"): "F1",
    ("weak", "g_mean"): "G-mean",
    ("weak", "average_precision"): "AP",
    ("strong", "f1"): "F1, strong",
    ("strong", "average_precision"): "AP, strong",
}
TESTED: Final = COLUMNS | {("weak", "f1_tuned"): "F1, tuned thresholds"}
IN_README: Final = {
    ("weak", "f1"): "F1",
    ("weak", "average_precision"): "average precision",
    ("strong", "f1"): "F1, strong",
}
QUICK: Final = 0.01  # seconds; what is quicker is not worth its digits


def rare_rows(evidence: Evidence) -> pd.Series:
    """Count the rare rows of each table; the index has its family, too."""
    columns = ["family", "table", "repeat", "fold", "method", "n_minority"]
    rows = evidence.read("keel.parquet", "method", ALWAYS)[columns]
    cells = rows[(rows["method"] == NONE) & (rows["repeat"] == 0)].drop_duplicates(["table", "fold"])
    in_training = cells.groupby(["family", "table"])["n_minority"].agg(["sum", "count"])
    return in_training["sum"] / (in_training["count"] - 1)  # each row is held out of one fold


def seconds(evidence: Evidence) -> pd.Series:
    """Compute median seconds of a fit on an idle machine, of the few methods that were timed there."""
    rows = evidence.read("seconds.parquet", "method", TIMED)
    return rows.groupby("method")["seconds"].median()


def seconds_text(value: float) -> str:
    """Write seconds with two digits.

    >>> [seconds_text(value) for value in (0.0012, 0.712, 9.92, 123.4)]
    ['<0.01', '0.71', '9.9', '123']
    """
    if pd.isna(value):
        return md.UNKNOWN
    return f"<{QUICK}" if value < QUICK else f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def blocks_of(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Read means and mean ranks of the ranked methods, by block."""
    summary = evidence.read("keel_summary.csv", "method", (*ALWAYS, *KNOWN))
    summary = summary[summary["complete"] & summary["rank_f1"].notna() & (summary["method"] != NONE_TUNED)]
    found = {str(block): part.set_index("method") for block, part in summary.groupby("block")}
    for block, part in found.items():
        if OURS not in part.index:
            evidence.incomplete("keel", block, "f1")
    return found


def shown(blocks: dict[str, pd.DataFrame]) -> list[str]:
    """Choose the methods of the table: ours, the next by rank, the best others by any column, usual ones."""
    others = {block: part.drop(index=OURS) for block, part in blocks.items()}
    chosen = {OURS, *KNOWN, *others["weak"]["rank_f1"].nsmallest(NEXT).index}
    chosen |= {others[block][score].idxmax() for block, score in COLUMNS}
    return list(blocks["weak"].loc[list(chosen), "rank_f1"].sort_values().index)


def table(evidence: Evidence) -> str:
    """Write the table of the claim, with what it is measured on."""
    blocks, timed = blocks_of(evidence), seconds(evidence)
    methods = shown(blocks)
    lines = pd.DataFrame({"": [_bold_ours(name) for name in methods]})
    for (block, score), label in COLUMNS.items():
        part = blocks[block]
        means = md.numbers(part[score], 3, md.HIGHEST)[methods]
        ranks = md.numbers(part[f"rank_{score}"], 1, md.LOWEST)[methods]
        lines[label] = (means + " (" + ranks + ")").to_list()
    busy = blocks["weak"]["seconds"]
    lines["s per fit"] = [
        seconds_text(timed[name]) if name in timed else _busy(busy.get(name)) for name in methods
    ]
    tests = evidence.read("keel_tests.csv")
    n = 1 + tests["opponent"].nunique()
    rare = rare_rows(evidence)
    text = (
        f"{len(rare)} KEEL tables of {rare.index.unique('family').size} families ({rare.min():.0f} to"
        f" {rare.max():.0f} rare rows, median {rare.median():.0f}), {evidence.folds('keel')} folds, default"
        " parameters, everything fitted inside the training fold. Means over tables and classifiers; in"
        f" brackets mean ranks among {n} methods (1 is best)."
    )
    return md.page(text, md.table(lines))


def _bold_ours(method: str) -> str:
    return f"**{title(method)}**" if method == OURS else title(method)


def _busy(value: float | None) -> str:
    """Seconds that were taken beside other work; a method that draws nothing takes none."""
    return "" if value is None or pd.isna(value) or value == 0 else f"*{seconds_text(value)}*"


def differences(evidence: Evidence) -> str:
    """Write ours against SMOTE and the next best, with the number of significant differences."""
    tests = evidence.read("keel_tests.csv", "opponent", [SMOTE, NONE])
    lines = []
    for (block, score), label in TESTED.items():
        its = tests[(tests["block"] == block) & (tests["metric"] == score)].set_index("opponent")
        pair = evidence.comparison("keel", block, score)
        lines.append(
            {
                "": label,
                "ours − SMOTE": pair.against(SMOTE),
                "ours − nothing": pair.against(NONE),
                "ours − best other": f"{pair.against(pair.best)} {title(pair.best)}",
                "better : worse than": f"{_significant(its, '')} of {len(its)}",
                "by families": _significant(its, "_families"),
            }
        )
    return md.page(md.table(pd.DataFrame(lines)), slow(evidence))


def halves(evidence: Evidence) -> str:
    """Write the gain over SMOTE apart for the families that were developed on, and for the others."""
    gains = evidence.comparison("keel", "weak", "f1").gains(SMOTE)
    tables = evidence.read("keel_tables.csv").drop_duplicates("table").set_index("table")
    seen = tables.loc[gains.index, "family"].isin(DEVELOPED).to_numpy()
    return (
        f"- Most choices were made on {seen.sum()} KEEL tables of {len(DEVELOPED)} families: there the gain"
        f" of F1 over SMOTE is {gain_text(gains[seen])}, on the other {(~seen).sum()}"
        f" {gain_text(gains[~seen])}. That is no clean hold-out: every version was measured on all tables."
    )


def slow(evidence: Evidence) -> str:
    """Write F1 of rivals that take minutes a fit, on the cells where they were run."""
    rows = evidence.read("keel.parquet", "method", (*ALWAYS, *SLOW))
    rows = rows[rows["method"].isin([*ALWAYS, *SLOW]) & (rows["block"] == "weak")]
    lines = statistics.incomplete(statistics.prepare(rows), OURS).set_index("method")
    texts = [
        f"{title(name)} {line['f1']:.3f} (ours {line[f'f1_{OURS}']:.3f}, SMOTE {line['f1_smote']:.3f};"
        f" {line['f1_won']:.0f} : {line['f1_lost']:.0f})"
        for name, line in lines[lines.index.isin(SLOW)].iterrows()
    ]
    return f"F1 of rivals that take minutes a fit, on cells where they were run: {', '.join(texts)}."


def _significant(tests: pd.DataFrame, unit: str) -> str:
    """Count the others that ours is better and worse than after Holm's correction."""
    sure = tests[f"holm{unit}"] < SIGNIFICANT
    return " : ".join(str(int((sure & (tests[f"direction{unit}"] == sign)).sum())) for sign in (1, -1))


def readme(evidence: Evidence) -> str:
    """Write README's short table and its sentence."""
    blocks, timed = blocks_of(evidence), seconds(evidence)
    weak = blocks["weak"]
    methods = [*weak.loc[list(TIMED), "f1"].sort_values(ascending=False).index, NONE]
    lines = pd.DataFrame({"": [_bold_ours(name) for name in methods]})
    for (block, score), label in IN_README.items():
        lines[label] = md.numbers(blocks[block].loc[methods, score], 3, md.HIGHEST).to_list()
    lines["seconds per fit"] = [seconds_text(timed[name]) if name in timed else "" for name in methods]
    gains = evidence.comparison("keel", "weak", "f1").gains(SMOTE)
    counts, moved = record(gains.to_numpy()), "rises" if gains.mean() > 0 else "falls"
    text = (
        f"Against SMOTE F1 {moved} by {abs(gains.mean()):.3f} ± {gains.sem():.3f} (standard error over"
        f" tables; better on {counts['won']}, worse on {counts['lost']})."
        f" [All results](benchmarks/RESULTS.md), {len(weak) - len(methods)} more methods, and where it loses."
    )
    rare = rare_rows(evidence)
    intro = (
        f"{len(rare)} small tables ({rare.min():.0f} to {rare.max():.0f} rare rows),"
        f" {evidence.folds('keel')} folds, defaults; means over tables of logistic regression, 5-NN, tree,"
        ' SVM and a small network, and of a forest and gradient boosting ("strong"):'
    )
    return md.page(intro, md.table(lines), text)
