"""What of it does the work: parts switched off, other GANs, oracles, searches."""

from __future__ import annotations

from typing import Final

import pandas as pd

from benchmarks.claims.evidence import OURS, SMOTE, Evidence, MissingRowsError, gain_text
from benchmarks.reporting import markdown as md
from benchmarks.reporting.statistics import NONE
from benchmarks.studies import control, gans, oracle
from benchmarks.studies.search import tables as search
from benchmarks.studies.search.means import Mean

SETTINGS: Final = {
    "ours_base_only": "the same portfolio untrained",
    "ours_no_oracle": "guided GAN after its last step, no oracle",
    "ours_utility": "trained for utility only: no critic, no fidelity",
    "ours_adversarial": "trained against a critic only",
}
GAINS: Final = {
    ("weak", "f1"): "F1",
    ("weak", "g_mean"): "G-mean",
    ("weak", "average_precision"): "AP",
    ("strong", "f1"): "F1, strong",
}


def table(evidence: Evidence) -> str:
    """Write what the default gains over itself with a part switched off, on the tables that both have."""
    rows = evidence.read("keel_tables.csv", "method", (OURS, *SETTINGS))
    lines = []
    for setting, label in SETTINGS.items():
        line = {"default minus": label}
        for (block, score), name in GAINS.items():
            part = rows[(rows["block"] == block) & rows["method"].isin([OURS, setting])]
            means = part.pivot_table(index="table", columns="method", values=score)
            means = means.reindex(columns=[OURS, setting]).dropna()
            line[name] = gain_text(means[OURS] - means[setting]) if len(means) else md.UNKNOWN
        lines.append(line)
    return md.table(pd.DataFrame(lines))


def findings(evidence: Evidence) -> str:
    """Write what the studies of GANs, of oracles and of the search say."""
    texts = (generators(evidence), oracles(evidence), controls(evidence), searches(evidence))
    return "\n".join(f"- {text}" for text in texts)


def generators(evidence: Evidence) -> str:
    """Compare the GANs of the literature with SMOTE and with GANs that start from real rows."""
    rows = evidence.read("gans.parquet", "gan", (*gans.PRESETS, "guided", SMOTE, NONE))
    keel = gans.complete(rows[rows["kind"] == "keel"])
    if keel.empty:
        raise MissingRowsError("gans.parquet has no KEEL table with every GAN; run benchmarks.studies.gans.")
    f1 = gans.means(keel).groupby("gan")["f1"].max()
    literature = f1[list(gans.PRESETS)]
    return (
        f"[GANs of the literature](results/gans.md), {len(literature)}, from noise, each with its best stop"
        f" and filter: F1 {literature.min():.3f} to {literature.max():.3f} ({keel['table'].nunique()} KEEL"
        f" tables, one fold); SMOTE {f1[SMOTE]:.3f}, nothing {f1[NONE]:.3f}, guided {f1['guided']:.3f}."
    )


def oracles(evidence: Evidence) -> str:
    """Tell how well oracles rank candidates, against outer folds that are noisy themselves."""
    rows = evidence.read("oracle.csv").dropna(subset=list(oracle.ORACLES))
    own, cas, frechet = (oracle.line(name, rows, name) for name in ("smooth F1", "CAS-real", "Frechet"))
    kept = oracle.line("kept", rows, "kept")
    agreed = oracle.agreement(rows)  # of truths of two folds; NaN with one fold
    ceiling = f"at best {agreed**0.5:.2f}; " if agreed > 0 else ""
    return (
        f"[The oracle's ranks](results/oracle.md) of candidates correlate by {own['Spearman']:.2f} with an"
        f" outer fold's ({ceiling}AutoGAN's CAS-real {cas['Spearman']:.2f}, Fréchet distance"
        f" {frechet['Spearman']:.2f}). What it keeps loses {kept['regret / (best - SMOTE)']:.2f} of what the"
        " best in hindsight gains over SMOTE."
    )


def controls(evidence: Evidence) -> str:
    """Tell how many trainings of a GAN each oracle sees."""
    rows = evidence.read("control.csv", "oracle", control.ORACLES)
    seen = rows.groupby("oracle")["better"].agg(["sum", "size"])
    texts = [f"{name} {seen.loc[name, 'sum']}" for name in ("downstream", "cas_real", "frechet")]
    return (
        f"[Negative control](results/control.md): of {seen['size'].max()} trainings from noise, oracles see"
        f" {', '.join(texts)}."
    )


def searches(evidence: Evidence) -> str:
    """Tell what a search for GANs gains where it looks, where it does not, and on test rows."""
    rows = evidence.read("search_tables.csv", "strategy", ["tpe"])
    its = rows[rows["strategy"] == "tpe"]
    seen, heldout = (Mean.of(its.groupby("table")[name].mean()) for name in ("searched_gain", "heldout_gain"))
    found = {score: Mean.of(search.gains(its, "found", score)).text() for score in ("weak_f1", "weak_ap")}
    return (
        f"[A search](results/search.md) (TPE, a minute, {its['table'].nunique()} tables) gains {seen.text()}"
        f" in its own folds, {heldout.text()} on rows that it did not see; its GAN alone has F1"
        f" {found['weak_f1']}, AP {found['weak_ap']} against the default."
    )
