"""How well the oracle's scores rank candidates: ``python -m benchmarks.studies.oracle --data-dir DIR``.

Every candidate of a fit has a score (a utility) that the oracle measured inside the training fold. Here each
of them also draws rows of its own, five weak classifiers learn from these, and the outer fold shows what it
was worth: its truth. A good oracle ranks candidates as the truth does and loses little against the best in
hindsight. One outer fold is itself noisy: the means of several say more about ranks within a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from benchmarks import classifiers as models
from benchmarks import metrics
from benchmarks.methods import BASES, SCHEDULE, portfolio
from benchmarks.preparation import Setting, encoder
from benchmarks.protocol import N_FOLDS, quiet_single_thread, split
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, run_cells, save
from benchmarks.suites import SUITES, WEAK
from benchmarks.tables import Table, data_folder, load_table
from gan_oversampler import DownstreamOracle, GANOversampler

DEFAULT: Final = "smote at 0"  # what a user would take without an oracle
STEPS, UNIT = SCHEDULE["max_steps"], SCHEDULE["epoch_unit"]
ORACLES: Final = {
    "smooth F1": DownstreamOracle(),
    "F1": DownstreamOracle(smooth=False),
    "CAS-real": "cas_real",
    "Frechet": "frechet",
    "energy": "energy",
}
NAMES: Final = ("guided", *BASES)


def utilities(train: Table, seed: int) -> pd.DataFrame:
    """Score every candidate of one training by every oracle; steps are trained to the end.

    The column ``kept`` holds 1 for those that the first oracle would let sample. Higher is better, so
    distances have a minus sign.
    """
    sampler = GANOversampler(
        gan=portfolio(objective="f1"),
        oracle=list(ORACLES.values()),
        max_steps=STEPS,
        epoch_unit=UNIT,
        patience=99,
        random_state=seed,
    ).fit(train.X, train.y)
    index = [f"{NAMES[row.specification]} at {row.step}" for row in sampler.history_.itertuples()]
    kept = {(entry.name, entry.step) for entry in sampler.report_.entries if entry.kept}
    places = zip(sampler.history_["name"], sampler.history_["step"], strict=True)
    found = {"kept": [float(place in kept) for place in places]}
    for name, report in zip(ORACLES, sampler.reports_.values(), strict=True):
        scores = report.history["score"].to_numpy()
        found[name] = scores if report.greater_is_better else -scores
    return pd.DataFrame(found, index)[[*ORACLES, "kept"]]


def truth(train: Table, test: Table, seed: int) -> pd.Series:
    """Measure the mean F1 of weak classifiers on the outer fold, for every candidate."""
    tools = encoder(Setting.of(train, seed)).fit(train.X)
    X_test, y_test = np.asarray(tools.transform(test.X), float), test.y.to_numpy()
    found = {}
    for name, gan in zip(NAMES, portfolio(objective="f1"), strict=True):
        for step in (0,) if name in BASES else range(0, STEPS + 1, UNIT):
            sampler = GANOversampler(gan=gan, oracle=None, max_steps=step, random_state=seed)
            X, y = sampler.fit_resample(train.X, train.y)
            X, y = np.asarray(tools.transform(X), float), np.asarray(y, int)
            scores = []
            for model in (models.fit(classifier, X, y) for classifier in WEAK):
                predicted = models.scores(model, X_test) >= models.threshold(model)
                scores.append(metrics.label_scores(y_test, predicted)["f1"])
            found[f"{name} at {step}"] = float(np.mean(scores))
    return pd.Series(found)


def cell(table: Table, fold: int) -> list[dict[str, Any]]:
    """Compute one row per candidate: its truth, and its utility by each oracle."""
    with quiet_single_thread():
        train, test = split(table, N_FOLDS, 0)[fold]
        frame = utilities(train, fold).assign(truth=truth(train, test, fold))
    frame = frame.rename_axis("candidate").reset_index()
    return frame.assign(table=table.name, family=table.family, fold=fold).to_dict("records")


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute, per oracle, rank correlations, F1 of its choice, and regret as a share of what can be won.

    Where a class has too few rows nothing is scored and there is nothing to choose; such cells are left out.
    """
    rows = rows.dropna(subset=list(ORACLES))
    # Mean truth of each candidate on the other outer folds of its table; NaN where there are none.
    truths = rows.groupby(["table", "candidate"])["truth"]
    elsewhere = (truths.transform("sum") - rows["truth"]) / (truths.transform("count") - 1).replace(0, np.nan)
    others = rows.assign(others=elsewhere).dropna(subset="others")
    lines = [line(name, rows, name) for name in ORACLES]
    lines += [line("kept by smooth F1", rows, "kept")]
    lines += [line("last step", rows.assign(last=rows["candidate"] == f"guided at {STEPS}"), "last")]
    if len(others):  # over all folds they have the truth's own mean
        lines.append(line("truth on the other folds", others, "others") | {"Spearman, tables": np.nan})
    lines += [line("best in hindsight", rows, "truth")]
    lines += [line("SMOTE", rows.assign(smote=rows["candidate"] == DEFAULT), "smote")]
    return pd.DataFrame(lines)


def line(name: str, rows: pd.DataFrame, column: str) -> dict[str, Any]:
    """How well a column ranks candidates; it chooses the first, or all that are equally high."""
    rows = rows.astype({column: float})
    cells = []
    for _, frame in rows.groupby(["table", "fold"]):
        values, truths = frame[column], frame["truth"]
        chosen, default = truths[values == values.max()].mean(), truths[frame["candidate"] == DEFAULT].iloc[0]
        cells.append((chosen, truths.max(), default, _correlation(values, truths)))
    chosen, best, default, correlation = (np.array(values, float) for values in zip(*cells, strict=True))
    means = rows.groupby(["table", "candidate"])[list(dict.fromkeys([column, "truth"]))].mean()
    of_means = [_correlation(frame[column], frame["truth"]) for _, frame in means.groupby("table")]
    regret = max(0.0, float((best - chosen).mean()))
    return {
        "oracle": name,
        "Spearman": round(float(pd.Series(correlation).mean()), 3),
        "Spearman, tables": round(float(pd.Series(of_means).mean()), 3),
        "F1": round(float(chosen.mean()), 4),
        "regret": round(regret, 4),
        "regret / (best - SMOTE)": round(regret / float((best - default).mean()), 3),
    }


def _correlation(values: pd.Series, truths: pd.Series) -> float:
    """Spearman's rank correlation, NaN where one side does not vary."""
    varied = values.nunique() > 1 and truths.nunique() > 1
    return float(spearmanr(values, truths).statistic) if varied else np.nan


def agreement(rows: pd.DataFrame) -> float:
    """Compute the mean rank correlation between the truths of two folds of the same table."""
    tables = [
        frame.pivot(index="candidate", columns="fold", values="truth") for _, frame in rows.groupby("table")
    ]
    pairs = [_correlation(t[a], t[b]) for t in tables for a, b in combinations(t.columns, 2)]
    return float(pd.Series(pairs, dtype=float).mean())


def report(rows: pd.DataFrame) -> str:
    """Write the page, with how far ranks can agree with truths that are noisy (Spearman 1904)."""
    judged = rows.dropna(subset=list(ORACLES))
    what = (
        f"{judged['table'].nunique()} of {rows['table'].nunique()} KEEL tables (in the others the rare class"
        f" has too few rows to be judged), {judged['fold'].nunique()} of {N_FOLDS} folds. Truth is the F1 of"
        f" five weak classifiers on the outer fold after each candidate: {len(BASES)} bases, and a guided GAN"
        f" at 0 to {STEPS} steps. Choices are of the highest utility, but for those kept by the rule of the"
        " product, which may be several: the mean of their truths. Spearman is the mean over folds, and over"
        " tables after truths and utilities were averaged over folds. *Truth on the other folds* ranks"
        " candidates by their mean truth on the table's other outer folds;"
        " `python -m benchmarks.studies.oracle`."
    )
    n_folds, agreed, ceiling = judged["fold"].nunique(), agreement(judged), None
    if agreed > 0:  # NaN with one fold
        of_means = n_folds * agreed / (1 + (n_folds - 1) * agreed)
        ceiling = (
            f"Truths of two folds of a table have a mean rank correlation of {agreed:.2f}. So who knew what"
            f" each candidate is worth would correlate by about {agreed**0.5:.2f} with one fold, and by"
            f" about {of_means**0.5:.2f} with the means of {n_folds}."
        )
    return page("# Does the oracle tell the truth?", what, as_table(summary(rows)), ceiling)


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``oracle.csv`` and ``oracle.md``."""
    command = parser("oracle", __doc__)
    command.add_argument("--folds", type=int, default=1, help="how many of the five (1)")
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    folder = data_folder(options.data_dir)
    tables = [load_table(name, folder) for name in SUITES["keel"].names(folder)]
    note_run(options.out, fresh=True)
    rows = run_cells(cell, product(tables, range(options.folds)), options.jobs)
    save(rows, report(rows), options.out)


if __name__ == "__main__":
    main()
