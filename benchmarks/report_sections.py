"""The sections of a report, each from numbers to Markdown; what cannot be said is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from benchmarks import markdown as md
from benchmarks.pictures import title
from benchmarks.significance import ROPE
from benchmarks.statistics import HEADLINES, SCORES

SIGNIFICANT: Final = 0.05
RIVALS: Final = ("smote", "none")
HIGH, LOW = md.HIGHEST, md.LOWEST
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
    "f1": ("F1 at 0.5", 3, HIGH),
    "f1_tuned": ("F1 tuned", 3, HIGH),
    "g_mean": ("G-mean at 0.5", 3, HIGH),
    "g_mean_tuned": ("G-mean tuned", 3, HIGH),
    "mcc": ("MCC at 0.5", 3, HIGH),
    "mcc_tuned": ("MCC tuned", 3, HIGH),
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
    """Where ours stands by F1 and AP in every block, whatever that is."""
    lines = []
    for block, part in summary.groupby("block", sort=False):
        for metric in HEADLINES:
            ranks = part.set_index("method")[f"rank_{metric}"].dropna().sort_values(kind="stable")
            lines += [f"- {standing(ranks, ours, metric, str(block))}"] if len(ranks) else []
            verdict = verdicts(tests, str(block), metric) if ours in ranks else ""
            lines += [f"  {verdict}"] if verdict else []
    return "\n".join(lines)


def standing(ranks: pd.Series, ours: str, metric: str, block: str) -> str:
    """Place of ours and of those everybody asks about."""
    place = f"By {SCORES[metric]} in the {block} block"
    if ours not in ranks:
        return f"{place}, {title(ours)} has no rank: it was not run on every cell."
    number = int((ranks < ranks[ours] - 1e-9).sum()) + 1
    others = ranks.drop(ours)
    named = [*others.index[:1], *[name for name in RIVALS if name in others.index[1:]]]
    told = "; ".join(f"{title(name)} {ranks[name]:.1f}" for name in named)
    text = f"{place}, {title(ours)} ranks {md.ordinal(number)} of {len(ranks)} (mean rank {ranks[ours]:.1f})"
    return (
        f"**{text}**; {'the next is' if number == 1 else 'the best is'} {told}." if told else f"**{text}**."
    )


def verdicts(tests: pd.DataFrame, block: str, metric: str) -> str:
    """How many others ours beats and loses to after Holm, and the comparison with SMOTE in full."""
    if tests.empty:
        return ""
    lines = tests[(tests["block"] == block) & (tests["metric"] == metric)]
    better, worse = (count_sure(lines, sign) for sign in (1, -1))
    better_f, worse_f = (count_sure(lines, sign, "_families") for sign in (1, -1))
    counts = f"better than {better} and worse than {worse} of {len(lines)} others"
    families = f"better than {better_f} and worse than {worse_f} over means of families"
    pairs = [_pair(line) for line in lines.itertuples() if line.opponent in RIVALS[:1]]
    told = f"After Holm's correction it is {counts} if tables are taken as independent, {families}."
    return " ".join([told, *pairs])


def count_sure(lines: pd.DataFrame, sign: int, unit: str = "") -> int:
    """Opponents that differ from ours in this direction for sure, by tables or by means of families."""
    sure = (lines[f"holm{unit}"] < SIGNIFICANT) & (lines[f"direction{unit}"] == sign)
    return int(sure.sum())


def _pair(line: Any) -> str:
    return (
        f"Against {title(line.opponent)}: {line.difference:+.3f} on average"
        f" ({_interval(line.low, line.high)}), {line.won} tables won, {line.tied} tied, {line.lost} lost."
    )


def _interval(low: float, high: float) -> str:
    if pd.isna(low):
        return "one family only, hence no interval"
    return f"95 % interval over families {low:+.3f} to {high:+.3f}"


def summary_table(summary: pd.DataFrame, ours: str) -> str:
    """Means and mean ranks of the complete methods of a block, best first."""
    part = summary[summary["complete"]]
    costs = {
        "seconds": part["seconds"].map(md.seconds),
        "seconds 90 %": part["seconds_90"].map(md.seconds),
        "peak MB": [_peak(line) for line in part.itertuples()],
        "failures": part["failures"].map(str),
    }
    return md.table(names(part, ours).join(md.columns(part, SUMMARY)).assign(**costs))


def _peak(line: Any) -> str:
    """Peak memory, and of how many cells where it was not measured in all."""
    return f"{md.seconds(line.peak_mb)}{f' ({line.peaks} cells)' if 0 < line.peaks < line.cells else ''}"


def names(part: pd.DataFrame, ours: str) -> pd.DataFrame:
    """The column of method names, ours with an arrow: bold is for the best."""
    return pd.DataFrame(
        {"method": [("▸ " if name == ours else "") + title(name) for name in part["method"]]}, part.index
    )


def tests_table(tests: pd.DataFrame, metric: str) -> str:
    """Ours against the others by a metric, hardest opponents first."""
    lines = tests[tests["metric"] == metric].sort_values("difference", kind="stable")
    if lines.empty:
        return ""
    interval = [
        md.UNKNOWN if pd.isna(line.low) else f"[{line.low:+.3f}, {line.high:+.3f}]"
        for line in lines.itertuples()
    ]
    shown = {
        "opponent": lines["opponent"].map(title),
        "won / tied / lost": [f"{line.won} / {line.tied} / {line.lost}" for line in lines.itertuples()],
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
    """What is lost when a part of ours is switched off or replaced."""
    shown = {"setting": [title(name) for name in pairs["opponent"].unique()]}
    for metric in HEADLINES:
        lines = pairs[pairs["metric"] == metric]
        shown[f"{SCORES[metric]}: ours minus it"] = [
            f"{line.difference:+.3f} [{line.low:+.3f}, {line.high:+.3f}]" for line in lines.itertuples()
        ]
        shown[f"{SCORES[metric]}: won / tied / lost"] = [
            f"{line.won} / {line.tied} / {line.lost}" for line in lines.itertuples()
        ]
        shown[f"{SCORES[metric]}: Wilcoxon p"] = lines["wilcoxon"].map(md.p_value).to_list()
    return md.table(pd.DataFrame(shown))


def incomplete_table(pairs: pd.DataFrame, ours: str) -> str:
    """Methods that were not run everywhere, each on the rows it shares with ours and SMOTE."""
    shown = pd.DataFrame(
        {"method": pairs["method"].map(title), "cells": pairs["cells"], "tables": pairs["tables"]}
    )
    for metric in HEADLINES:
        label = SCORES[metric]
        for name, words in {"": "it", f"_{ours}": "ours", "_smote": "SMOTE"}.items():
            if f"{metric}{name}" in pairs:
                shown[f"{label}, {words}"] = md.numbers(pairs[f"{metric}{name}"])
        record = [f"{metric}_{name}" for name in ("won", "tied", "lost")]
        if set(record) <= set(pairs):
            shown[f"{label}: ours won / tied / lost"] = [
                " / ".join(f"{n:.0f}" for n in row) for row in pairs[record].to_numpy()
            ]
    return md.table(shown)


def drawn_table(summary: pd.DataFrame, ours: str) -> str:
    """Fidelity and privacy of the new rows: a matter of cells, the same in all blocks.

    Methods that were not run everywhere come last, unmarked: they were judged on other cells.
    """
    part = summary.dropna(subset=list(DRAWN), how="all").drop_duplicates("method")
    complete, others = part[part["complete"]], part[~part["complete"]]
    bold = names(complete, ours).join(md.columns(complete, DRAWN))
    plain = names(others, ours).join(
        md.columns(others, {key: (*facts[:2], None) for key, facts in DRAWN.items()})
    )
    plain["method"] += others["cells"].map(" (on {} cells only)".format)
    return md.table(pd.concat([bold, plain])) if len(part) else ""


def tuned_table(tuned: pd.DataFrame, ours: str) -> str:
    """What a tuned threshold does to each method, on the cells where all of these were tuned."""
    if tuned.empty:
        return ""
    cells = f"On {tuned['cells'].max()} cells, each threshold tuned on inner folds of the training rows:"
    return md.page(cells, md.table(names(tuned, ours).join(md.columns(tuned, TUNED)))).rstrip()


def calibration_table(losses: pd.DataFrame, ours: str) -> str:
    """Probabilities of a block's classifiers, before and after the correction of the prior."""
    if losses.empty:
        return ""
    table = md.table(names(losses, ours).join(md.columns(losses, CALIBRATION)))
    return md.page(f"Lower is better; on {losses['cells'].max()} cells.", table).rstrip()


def failures(errors: pd.DataFrame, missing: Mapping[str, str]) -> str:
    """What failed and why, what could not be run and why."""
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
    """What was run, by which code, on what."""
    cells = rows[["table", "repeat", "fold"]].drop_duplicates()
    folds = cells.groupby("table").size()
    span = f"{folds.min()}" if folds.min() == folds.max() else f"{folds.min()} to {folds.max()}"
    counts = (
        f"{rows['table'].nunique()} tables of {rows['family'].nunique()} families, {span} folds per table"
        f" (repeats included), {rows['method'].nunique()} methods."
    )
    blocks = rows.groupby("block", sort=False)["classifier"].unique()
    lines = [f"- {block}: {', '.join(used)}" for block, used in blocks.items()]
    return md.page(counts, "\n".join(lines), "\n".join(_run(run) for run in runs)).rstrip()


def _run(run: Mapping[str, Any]) -> str:
    """A run on a line; what it says of itself beyond the usual is added as it is."""
    hardware = ", ".join(f"{key} {value}" for key, value in run.get("hardware", {}).items())
    versions = ", ".join(f"{key} {value}" for key, value in run.get("versions", {}).items())
    dirty = " with uncommitted changes" if run.get("uncommitted_changes") else ""
    usual = {"hardware", "versions", "uncommitted_changes", "date", "commit", "command", "python"}
    more = "; ".join(f"{key} {value}" for key, value in run.items() if key not in usual)
    facts = [hardware, f"Python {run.get('python', '?')}", versions, more]
    start = f"- {run.get('date', '?')}: `{run.get('command', '?')}` at commit {run.get('commit', '?')}{dirty}"
    return "; ".join([start, *filter(None, facts)]) + "."
