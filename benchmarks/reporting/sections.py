"""The sections of a report, each from numbers to Markdown; a section without numbers is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from benchmarks.reporting import markdown as md
from benchmarks.reporting.names import marked, title
from benchmarks.reporting.significance import ROPE
from benchmarks.reporting.statistics import HEADLINES, SCORES

SIGNIFICANT: Final = 0.05
RIVALS: Final = ("smote", "none")
HIGH, LOW = md.HIGHEST, md.LOWEST
# Name of a column in the frame: name on the page, digits, what is best.
SUMMARY: Final = {
    "f1": ("F1", 3, HIGH),
    "rank_f1": ("rank F1", 1, LOW),
    "g_mean": ("G-mean", 3, HIGH),
    "balanced_accuracy": ("bal. acc.", 3, HIGH),
    "mcc": ("MCC", 3, HIGH),
    "average_precision": ("AP", 3, HIGH),
    "rank_average_precision": ("rank AP", 1, LOW),
    "roc_auc": ("ROC AUC", 3, HIGH),
}
TUNED: Final = {
    f"{metric}{ending}": (f"{SCORES[metric]} {threshold}", 3, HIGH)
    for metric in ("f1", "g_mean", "mcc")
    for ending, threshold in (("", "at 0.5"), ("_tuned", "tuned"))
}
CALIBRATION: Final = {
    "brier": ("Brier score", 4, LOW),
    "brier_corrected": ("Brier score, prior corrected", 4, LOW),
    "calibration": ("calibration error, prior corrected", 4, LOW),
}
DRAWN: Final = {
    "c2st": ("two-sample accuracy above chance (0 best)", 3, 0.0),
    "coverage": ("coverage", 3, HIGH),
    "dcr_ratio": ("distance to closest record, median ratio (1 best)", 2, 1.0),
    "copies": ("share of copies", 4, LOW),
}


def headline(summary: pd.DataFrame, tests: pd.DataFrame, ours: str) -> str:
    """Write where ours stands by F1 and AP in every block, good or bad."""
    lines = []
    for block, part in summary.groupby("block", sort=False):
        for metric in HEADLINES:
            ranks = part.set_index("method")[f"rank_{metric}"].dropna().sort_values(kind="stable")
            if len(ranks):
                lines.append(f"- {standing(ranks, ours, metric, str(block))}")
                differences = significant_differences(tests, str(block), metric) if ours in ranks else ""
                lines += [f"  {differences}"] if differences else []
    return "\n".join(lines)


def standing(ranks: pd.Series, ours: str, metric: str, block: str) -> str:
    """Write the place of ours, and the mean ranks of the best other method, of SMOTE and of doing nothing."""
    place = f"By {SCORES[metric]} in the {block} block"
    if ours not in ranks:
        return f"{place}, {title(ours)} has no rank: it was not run on every cell."
    number = int((ranks < ranks[ours] - 1e-9).sum()) + 1
    text = f"{place}, {title(ours)} ranks {md.ordinal(number)} of {len(ranks)} (mean rank {ranks[ours]:.1f})"
    others = ranks.drop(ours)
    if others.empty:
        return f"**{text}**."
    named = [*others.index[:1], *[name for name in RIVALS if name in others.index[1:]]]
    shown = "; ".join(f"{title(name)} {ranks[name]:.1f}" for name in named)
    return f"**{text}**; {'the next is' if number == 1 else 'the best is'} {shown}."


def significant_differences(tests: pd.DataFrame, block: str, metric: str) -> str:
    """Write how many others ours beats and loses to after Holm, and the comparison with SMOTE in full."""
    if tests.empty:
        return ""
    lines = tests[(tests["block"] == block) & (tests["metric"] == metric)]
    better, worse, better_f, worse_f = (
        int(((lines[f"holm{unit}"] < SIGNIFICANT) & (lines[f"direction{unit}"] == sign)).sum())
        for unit in ("", "_families")
        for sign in (1, -1)
    )
    text = (
        f"After Holm's correction it is better than {better} and worse than {worse} of {len(lines)} others if"
        f" tables are taken as independent, better than {better_f} and worse than {worse_f} over means of"
        " families."
    )
    for line in lines[lines["opponent"] == RIVALS[0]].itertuples():
        interval = f"95 % interval over families {line.low:+.3f} to {line.high:+.3f}"
        text += (
            f" Against {title(line.opponent)}: {line.difference:+.3f} on average"
            f" ({'one family only, hence no interval' if pd.isna(line.low) else interval}),"
            f" {line.won} tables won, {line.tied} tied, {line.lost} lost."
        )
    return text


def named(part: pd.DataFrame, ours: str) -> pd.DataFrame:
    """Start a table with the column of method names."""
    return pd.DataFrame({"method": [marked(name, ours) for name in part["method"]]}, part.index)


def summary_table(summary: pd.DataFrame, ours: str) -> str:
    """Write means and mean ranks of the complete methods of a block, best first."""
    part = summary[summary["complete"]]
    costs = {
        "seconds": part["seconds"].map(md.seconds),
        "seconds 90 %": part["seconds_90"].map(md.seconds),
        "peak MB": [  # and of how many cells, where it was not measured in all
            f"{md.seconds(line.peak_mb)}{f' ({line.peaks} cells)' if 0 < line.peaks < line.cells else ''}"
            for line in part.itertuples()
        ],
        "failures": part["failures"].map(str),
    }
    return md.table(named(part, ours).join(md.columns(part, SUMMARY)).assign(**costs))


def _record(lines: pd.DataFrame) -> list[str]:
    return [f"{line.won} / {line.tied} / {line.lost}" for line in lines.itertuples()]


def tests_table(tests: pd.DataFrame, metric: str) -> str:
    """Write the comparison of ours with the others by a metric, hardest opponents first."""
    lines = tests[tests["metric"] == metric].sort_values("difference", kind="stable")
    if lines.empty:
        return ""
    interval = [
        md.UNKNOWN if pd.isna(line.low) else f"[{line.low:+.3f}, {line.high:+.3f}]"
        for line in lines.itertuples()
    ]
    shown = {
        "opponent": lines["opponent"].map(title),
        "won / tied / lost": _record(lines),
        "difference": lines["difference"].map("{:+.3f}".format),
        "95 % over families": interval,
        "Wilcoxon p": lines["wilcoxon"].map(md.p_value),
        "after Holm": lines["holm"].map(md.p_value),
        "families, after Holm": lines["holm_families"].map(md.p_value),
        "P(worse)": md.numbers(lines["p_worse"], 2),
        f"P(within ±{ROPE:g})": md.numbers(lines["p_equal"], 2),
        "P(better)": md.numbers(lines["p_better"], 2),
    }
    return md.page(f"**{SCORES[metric]}**, ours minus the opponent:", md.table(pd.DataFrame(shown))).rstrip()


def ablation_table(pairs: pd.DataFrame) -> str:
    """Write what is lost when a part of ours is switched off or replaced."""
    if pairs.empty:
        return ""
    shown = {"setting": [title(name) for name in pairs["opponent"].unique()]}
    for metric in HEADLINES:
        lines = pairs[pairs["metric"] == metric]
        shown[f"{SCORES[metric]}: ours minus it"] = [
            f"{line.difference:+.3f} [{line.low:+.3f}, {line.high:+.3f}]" for line in lines.itertuples()
        ]
        shown[f"{SCORES[metric]}: won / tied / lost"] = _record(lines)
        shown[f"{SCORES[metric]}: Wilcoxon p"] = lines["wilcoxon"].map(md.p_value).to_list()
    return md.table(pd.DataFrame(shown))


def incomplete_table(pairs: pd.DataFrame, ours: str) -> str:
    """Write methods that were not run everywhere, each on the rows it shares with ours and SMOTE."""
    if pairs.empty:
        return ""
    shown = pd.DataFrame(
        {"method": pairs["method"].map(title), "cells": pairs["cells"], "tables": pairs["tables"]}
    )
    for metric in HEADLINES:
        label = SCORES[metric]
        for name, owner in {"": "it", f"_{ours}": "ours", "_smote": "SMOTE"}.items():
            if f"{metric}{name}" in pairs:
                shown[f"{label}, {owner}"] = md.numbers(pairs[f"{metric}{name}"])
        record = [f"{metric}_{name}" for name in ("won", "tied", "lost")]
        if set(record) <= set(pairs):
            shown[f"{label}: ours won / tied / lost"] = [
                " / ".join(f"{n:.0f}" for n in row) for row in pairs[record].to_numpy()
            ]
    return md.table(shown)


def drawn_table(summary: pd.DataFrame, ours: str) -> str:
    """Write fidelity and privacy of the new rows: a matter of cells, the same in all blocks.

    Methods that were not run everywhere come last, without bold: they were measured on other cells.
    """
    part = summary.dropna(subset=list(DRAWN), how="all").drop_duplicates("method")
    complete, others = part[part["complete"]], part[~part["complete"]]
    bold = named(complete, ours).join(md.columns(complete, DRAWN))
    without_best = {key: (*facts[:2], None) for key, facts in DRAWN.items()}
    plain = named(others, ours).join(md.columns(others, without_best))
    plain["method"] += others["cells"].map(" (on {} cells only)".format)
    return md.table(pd.concat([bold, plain])) if len(part) else ""


def tuned_table(tuned: pd.DataFrame, ours: str) -> str:
    """Write what a tuned threshold does to each method, on the cells where all of these were tuned."""
    if tuned.empty:
        return ""
    cells = f"On {tuned['cells'].max()} cells, each threshold tuned on inner folds of the training rows:"
    return md.page(cells, md.table(named(tuned, ours).join(md.columns(tuned, TUNED)))).rstrip()


def calibration_table(losses: pd.DataFrame, ours: str) -> str:
    """Write losses of probabilities of a block's classifiers, before and after correction of the prior."""
    if losses.empty:
        return ""
    table = md.table(named(losses, ours).join(md.columns(losses, CALIBRATION)))
    return md.page(f"Lower is better; on {losses['cells'].max()} cells.", table).rstrip()


def failures(errors: pd.DataFrame, missing: Mapping[str, str]) -> str:
    """Write what failed and why, what could not be run and why."""
    shown = pd.DataFrame(
        {
            "method": errors["method"].map(title),
            "failed cells": errors["failed"],
            "cells not tuned": errors["untuned"],
            "of": errors["cells"],
            "most frequent reason": errors["reason"].str.slice(0, 200),
        }
    )
    absent = pd.DataFrame({"method": map(title, missing), "reason": missing.values()})
    return md.page(
        'Failed cells count as "no oversampling" in all scores.' if len(shown) else "No cell failed.",
        md.table(shown) if len(shown) else None,
        "Could not be run:" if len(absent) else None,
        md.table(absent) if len(absent) else None,
    ).rstrip()


def provenance(rows: pd.DataFrame, runs: list[dict[str, Any]]) -> str:
    """Write what was run, by which code, on what."""
    folds = rows[["table", "repeat", "fold"]].drop_duplicates().groupby("table").size()
    span = f"{folds.min()}" if folds.min() == folds.max() else f"{folds.min()} to {folds.max()}"
    counts = (
        f"{rows['table'].nunique()} tables of {rows['family'].nunique()} families, {span} folds per table"
        f" (repeats included), {rows['method'].nunique()} methods."
    )
    blocks = rows.groupby("block", sort=False)["classifier"].unique()
    lines = [f"- {block}: {', '.join(used)}" for block, used in blocks.items()]
    return md.page(counts, "\n".join(lines), "\n".join(_run(run) for run in runs)).rstrip()


def _run(run: Mapping[str, Any]) -> str:
    """A run on a line; further facts are added as they are."""
    hardware = ", ".join(f"{key} {value}" for key, value in run.get("hardware", {}).items())
    versions = ", ".join(f"{key} {value}" for key, value in run.get("versions", {}).items())
    dirty = " with uncommitted changes" if run.get("uncommitted_changes") else ""
    usual = {"hardware", "versions", "uncommitted_changes", "date", "commit", "command", "python"}
    more = "; ".join(f"{key} {value}" for key, value in run.items() if key not in usual)
    facts = [hardware, f"Python {run.get('python', '?')}", versions, more]
    start = f"- {run.get('date', '?')}: `{run.get('command', '?')}` at commit {run.get('commit', '?')}{dirty}"
    return "; ".join([start, *filter(None, facts)]) + "."
