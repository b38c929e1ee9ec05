"""The other suites beside each other, and everything that ours loses."""

from __future__ import annotations

from typing import Final

import pandas as pd

from benchmarks.claims.evidence import ALWAYS, BLOCKS, OURS, SCORES, SMOTE, SUITES, Evidence
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
    others = (harm, wide, seeds, likeness, attacks, brier)
    return md.page(behind(evidence), "\n".join(f"- {text(evidence)}" for text in others))


def behind(evidence: Evidence) -> str:
    """List the means in which the best of the others, chosen in hindsight, is ahead."""
    means = [(its, Mean.of(its.gains(its.best))) for its in evidence.comparisons()]
    ahead = [(its, mean) for its, mean in means if mean.value < 0]
    lines = [
        {
            "behind on": f"{SUITES[its.suite][0]}, {BLOCKS[its.block]}, {SCORES[its.score]}",
            "ahead": title(its.best),
            "ours minus it": its.against(its.best),
        }
        for its, mean in ahead
        if -mean.value > mean.error
    ]
    text = (
        f"In {len(ahead)} of {len(means)} means of F1, AP and G-mean over a suite another method is ahead,"
        f" in {len(lines)} by more than a standard error{':' if lines else '.'}"
    )
    return md.page(text, md.table(pd.DataFrame(lines)) if lines else None).rstrip()


def harm(evidence: Evidence) -> str:
    """Tell on how many KEEL tables strong classifiers rank worse than without oversampling."""
    tables = evidence.comparison("keel", "strong", "average_precision").tables
    shares = (tables.sub(tables[NONE], axis=0).round(4) < -bars.COST).mean().drop(NONE)
    others = shares.drop(OURS)
    return (
        f"Strong classifiers lose more than {bars.COST} AP against nothing on {shares[OURS]:.0%} of the KEEL"
        f" tables (SMOTE {shares[SMOTE]:.0%}; others from {others.min():.0%}, {title(str(others.idxmin()))},"
        f" to {others.max():.0%})."
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
    return (
        f"Where columns are many ([AutoGAN's tables](results/autogan.md)) its F1 ranks {', '.join(texts)} of"
        f" {summary['method'].nunique()}."
    )


def seeds(evidence: Evidence) -> str:
    """Tell how much results depend on the seed, beside SMOTE's."""
    rows = evidence.read("spread.csv", "method", spread.METHODS)
    line = spread.summary(rows).set_index("method").loc[title(OURS)]
    f1, ap = line["F1, of SMOTE's"], line["AP, of SMOTE's"]
    return f"[Over seeds](results/spread.md) F1 varies {f1:.1f} times as much as SMOTE's, AP {ap:.1f} times."


def likeness(evidence: Evidence) -> str:
    """Tell how near new rows are to the class as a whole."""
    rows = bars.on_folds_of(evidence.fidelity("keel"), ALWAYS)
    ours, smote = bars.facts(rows, OURS), bars.facts(rows, SMOTE)
    return (
        f"[New rows](results/fidelity.md) lie {ours['ratio']:.1f} times as far from the class as SMOTE's"
        " (energy distance beyond that of real rows); a forest tells them from real ones with an AUC of"
        f" {ours['c2st']:.2f} (SMOTE's {smote['c2st']:.2f})."
    )


def attacks(evidence: Evidence) -> str:
    """Tell how well members of the training rows are found by the strongest attack."""
    rows = evidence.read("privacy.csv", "method", [OURS, SMOTE])
    auc = privacy.by_table(rows).groupby("method")["auc_shadow"].mean()
    return (
        f"[Shadow fits](results/privacy.md) find rows that the sampler saw with an AUC of {auc[OURS]:.2f}"
        f" (SMOTE {auc[SMOTE]:.2f}, chance 0.50): new rows are no anonymous data."
    )


def brier(evidence: Evidence) -> str:
    """Tell what resampling does to probabilities, and what correction leaves of it."""
    rows = evidence.read("calibration.csv", "sampler", ["GANOversampler"])
    lines = calibration.summary(rows.fillna({"sampler": ""}))
    change = lines[lines["sampler"] == "GANOversampler"].groupby("probabilities")["against none"].mean()
    return (
        f"[Probabilities](results/calibration.md): the Brier score changes by {change['as it comes']:+.3f}"
        f" (less is better), with `PriorCorrectedClassifier` by {change['sigmoid']:+.3f}."
    )
