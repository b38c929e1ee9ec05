"""The other suites beside each other, and everything that ours loses."""

from __future__ import annotations

from typing import Final

import pandas as pd

from benchmarks.claims.evidence import BLOCKS, OURS, SCORES, SMOTE, SUITES, Evidence
from benchmarks.reporting import markdown as md
from benchmarks.reporting.names import title
from benchmarks.reporting.statistics import NONE
from benchmarks.studies import calibration, privacy, spread
from benchmarks.studies.fidelity import bars
from benchmarks.studies.search.means import Mean

SHOWN: Final = ("f1", "macro_f1", "average_precision")
MEANS: Final = {"ours": OURS, "SMOTE": SMOTE, "nothing": NONE}


def table(evidence: Evidence) -> str:
    """Write a line per suite other than KEEL, block of classifiers and score."""
    folds = {suite: evidence.folds(suite) for suite in SUITES}
    lines = [
        {
            "suite (tables × folds)": f"{SUITES[its.suite][0]} ({len(its.tables)} × {folds[its.suite]})",
            "classifiers": BLOCKS[its.block],
            "": SCORES[its.score],
            **{label: f"{its.tables[name].mean():.3f}" for label, name in MEANS.items()},
            "ours − SMOTE": its.against(SMOTE),
            "ours − best other": f"{its.against(its.best)} {title(its.best)}",
        }
        for its in evidence.comparisons()
        if its.suite != "keel" and its.score in SHOWN
    ]
    return md.table(pd.DataFrame(lines))


def losses(evidence: Evidence) -> str:
    """List where another method is better, and what else speaks against ours."""
    return "\n".join(
        f"- {text}"
        for text in (
            behind(evidence),
            harm(evidence),
            wide(evidence),
            seeds(evidence),
            likeness(evidence),
            attacks(evidence),
            brier(evidence),
        )
    )


def behind(evidence: Evidence) -> str:
    """List the means in which the best of the others, chosen in hindsight, is ahead."""
    found = list(evidence.comparisons())
    means = [(its, Mean.of(its.gains(its.best))) for its in found]
    ahead = [(its, mean) for its, mean in means if mean.value < 0]
    texts = [f"{its.place}: {title(its.best)} {m.text()}" for its, m in ahead if -m.value > m.error]
    return (
        f"In {len(ahead)} of {len(found)} means of F1, AP and G-mean over a suite another method is ahead, in"
        f" {len(texts)} by more than a standard error (ours minus it): {'; '.join(texts) or 'none'}."
    )


def harm(evidence: Evidence) -> str:
    """Tell on how many KEEL tables strong classifiers rank worse than without oversampling."""
    tables = evidence.comparison("keel", "strong", "average_precision").tables
    shares = (tables.sub(tables[NONE], axis=0).round(4) < -bars.COST).mean().drop(NONE)
    others = shares.drop(OURS)
    return (
        f"Strong classifiers lose more than {bars.COST} average precision against doing nothing on"
        f" {shares[OURS]:.0%} of the KEEL tables (SMOTE {shares[SMOTE]:.0%}; the others {others.min():.0%}, by"
        f" {title(str(others.idxmin()))}, to {others.max():.0%}). If a forest already ranks well, check before"
        " you resample."
    )


def wide(evidence: Evidence) -> str:
    """Tell the ranks on AutoGAN's tables, whose columns are many."""
    summary = evidence.read("autogan_summary.csv", "method", [OURS])
    texts = []
    for block, label in BLOCKS.items():
        ranks = summary[summary["block"] == block].set_index("method")["rank_f1"].dropna().rank(method="min")
        if OURS not in ranks:
            evidence.incomplete("autogan", block, "f1")
        texts.append(f"{md.ordinal(int(ranks[OURS]))} ({label})")
    n = summary["method"].nunique()
    return f"Where columns are many (AutoGAN's tables) its F1 ranks {', '.join(texts)} of {n} methods."


def seeds(evidence: Evidence) -> str:
    """Tell how much results depend on the seed, beside SMOTE's."""
    rows = evidence.read("spread.csv", "method", spread.METHODS)
    line = spread.summary(rows).set_index("method").loc[title(OURS)]
    f1, ap = line["F1, of SMOTE's"], line["AP, of SMOTE's"]
    return (
        f"Over seeds its F1 varies {f1:.1f} times as much as SMOTE's, its average precision {ap:.1f} times."
    )


def likeness(evidence: Evidence) -> str:
    """Tell how near new rows are to the class as a whole."""
    rows = evidence.fidelity("keel")
    ours, smote = bars.facts(rows, OURS), bars.facts(rows, SMOTE)
    return (
        f"New rows are {ours['ratio']:.1f} times as far from the class as SMOTE's (energy distance to unseen rows,"
        " beyond that of real rows), and a forest tells them from real ones with an AUC of"
        f" {ours['c2st']:.2f} (SMOTE's {smote['c2st']:.2f}): trained for F1, they prefer the safe core."
    )


def attacks(evidence: Evidence) -> str:
    """Tell how well members of the training rows are found by the strongest attack."""
    rows = evidence.read("privacy.csv", "method", [OURS, SMOTE])
    auc = privacy.by_table(rows).groupby("method")["auc_shadow"].mean()
    return (
        f"An attack by shadow fits finds rows that the sampler saw with an AUC of {auc[OURS]:.2f} (SMOTE"
        f" {auc[SMOTE]:.2f}, chance {0.5}): new rows are no anonymous data."
    )


def brier(evidence: Evidence) -> str:
    """Tell what resampling does to probabilities, and what correction leaves of it."""
    rows = evidence.read("calibration.csv", "sampler", ["GANOversampler"])
    lines = calibration.summary(rows.fillna({"sampler": ""}))
    change = lines[lines["sampler"] == "GANOversampler"].groupby("probabilities")["against none"].mean()
    return (
        f"Probabilities: the Brier score changes by {change['as it comes']:+.3f} against no resampling (less is"
        f" better), by {change['sigmoid']:+.3f} with `PriorCorrectedClassifier`."
    )
