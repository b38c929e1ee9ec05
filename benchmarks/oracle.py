"""How well the oracle's utility tells the truth: ``python -m benchmarks.oracle --data-dir DIR``.

Every candidate of a fit has a utility that the oracle measured inside the training fold. Here each of them
also draws rows of its own, five weak classifiers learn from these, and the outer fold says what it was
worth. A good oracle ranks candidates as the truth does and loses little against the best in hindsight. One
outer fold is itself noisy: the means of several say more about ranks within a table.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from benchmarks import classifiers as models
from benchmarks import metrics
from benchmarks.markdown import page
from benchmarks.markdown import table as as_table
from benchmarks.methods import BASES, portfolio
from benchmarks.preparation import Setting, encoder
from benchmarks.protocol import N_FOLDS, split
from benchmarks.provenance import RESULTS, note_run
from benchmarks.suites import SUITES, WEAK
from benchmarks.tables import Table, data_folder, load_table
from gan_oversampler import DownstreamOracle, GANOversampler

DEFAULT: Final = "smote at 0"  # what a user would take without an oracle
STEPS: Final = 200
UNIT: Final = 50  # steps between scorings, the default
ORACLES: Final = {
    "smooth F1": DownstreamOracle(),
    "F1": DownstreamOracle(smooth=False),
    "CAS-real": "cas_real",
    "Frechet": "frechet",
    "energy": "energy",
}
NAMES: Final = ("guided", *BASES)
LOWER_IS_BETTER: Final = ("Frechet", "energy")


def utilities(train: Table, seed: int) -> pd.DataFrame:
    """Utility of every candidate by every oracle, all of one training; steps are trained to the end.

    ``kept`` are those that the first oracle would let sample.
    """
    judges = list(ORACLES.values())
    sampler = GANOversampler(
        gan=portfolio(objective="f1"), oracle=judges, max_steps=STEPS, patience=99, random_state=seed
    )
    reports = sampler.fit(train.X, train.y).reports_.values()
    index = [f"{NAMES[row.specification]} at {row.step}" for row in sampler.history_.itertuples()]
    kept = {(entry.name, entry.step) for entry in sampler.report_.entries if entry.kept}
    places = zip(sampler.history_["name"], sampler.history_["step"], strict=True)
    found = {name: report.history["score"].to_numpy() for name, report in zip(ORACLES, reports, strict=True)}
    frame = pd.DataFrame({name: -s if name in LOWER_IS_BETTER else s for name, s in found.items()}, index)
    return frame.assign(kept=[float(place in kept) for place in places])


def truth(train: Table, test: Table, seed: int) -> pd.Series:
    """Mean F1 of weak classifiers on the outer fold, for every candidate."""
    tools = encoder(Setting.of(train, seed)).fit(train.X)
    found = {}
    for name, gan in zip(NAMES, portfolio(objective="f1"), strict=True):
        for step in (0,) if name in BASES else range(0, STEPS + 1, UNIT):
            sampler = GANOversampler(gan=gan, oracle=None, max_steps=step, random_state=seed)
            X, y = sampler.fit_resample(train.X, train.y)
            found[f"{name} at {step}"] = _f1(tools.transform(X), y, tools.transform(test.X), test.y)
    return pd.Series(found)


def _f1(X: Any, y: Any, X_test: Any, y_test: Any) -> float:
    scores = []
    for name in WEAK:
        model = models.fit(name, np.asarray(X, float), np.asarray(y, int))
        said = models.scores(model, np.asarray(X_test, float)) >= models.threshold(model)
        scores.append(metrics.label_scores(y_test.to_numpy(), said)["f1"])
    return float(np.mean(scores))


def cell(table: Table, fold: int) -> list[dict[str, Any]]:
    """One row per candidate: its truth, and its utility by each oracle."""
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scores tell whether a fit is bad
        train, test = split(table, N_FOLDS, 0)[fold]
        frame = utilities(train, fold).assign(truth=truth(train, test, fold))
    frame = frame.rename_axis("candidate").reset_index()
    return frame.assign(table=table.name, family=table.family, fold=fold).to_dict("records")


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Per oracle: rank correlation within a cell, F1 of its choice, regret as a share of what can be won.

    Where a class has too few rows nothing is judged and there is nothing to choose; such cells are left out.
    """
    rows = rows.dropna(subset=list(ORACLES))
    lines = [_line(name, rows, name) for name in ORACLES]
    lines += [_line("kept by smooth F1", rows, "kept")]
    lines += [_line("last step", rows.assign(last=rows["candidate"] == f"guided at {STEPS}"), "last")]
    others = rows.assign(others=_elsewhere(rows)).dropna(subset="others")
    if len(others):  # over all folds they have the truth's own mean
        lines.append(_line("truth on the other folds", others, "others") | {"Spearman, tables": np.nan})
    lines += [
        _line("best in hindsight", rows, "truth"),
        _line("SMOTE", rows.assign(smote=rows["candidate"] == DEFAULT), "smote"),
    ]
    return pd.DataFrame(lines)


def report(rows: pd.DataFrame) -> str:
    """The page."""
    judged = rows.dropna(subset=list(ORACLES))
    what = (
        f"{judged['table'].nunique()} of {rows['table'].nunique()} KEEL tables (in the others the rare class"
        f" has too few rows to be judged), {judged['fold'].nunique()} of {N_FOLDS} folds. Truth is the F1 of"
        f" five weak classifiers on the outer fold after each candidate: {len(BASES)} bases, and a guided GAN"
        f" at 0 to {STEPS} steps. Choices are of the highest utility, but for those kept by the rule of the"
        " product, which may be several: the mean of their truths. Spearman is the mean over folds, and over"
        " tables after truths and utilities were averaged over folds. *Truth on the other folds* ranks"
        " candidates by their mean truth on the table's other outer folds; `python -m benchmarks.oracle`."
    )
    table, ceiling = as_table(summary(rows)), _ceiling(judged)
    return page("# Does the oracle tell the truth?", what, table, ceiling)


def _ceiling(rows: pd.DataFrame) -> str | None:
    """How far ranks can agree with truths that are noisy themselves (attenuation, Spearman 1904)."""
    n_folds = rows["fold"].nunique()
    agreement = _agreement(rows) if n_folds > 1 else np.nan
    if not agreement > 0:
        return None
    of_means = n_folds * agreement / (1 + (n_folds - 1) * agreement)
    return (
        f"Truths of two folds of a table have a mean rank correlation of {agreement:.2f}. So who knew what"
        f" each candidate is worth would correlate by about {agreement**0.5:.2f} with one fold, and by"
        f" about {of_means**0.5:.2f} with the means of {n_folds}."
    )


def _agreement(rows: pd.DataFrame) -> float:
    """Mean rank correlation between the truths of two folds of the same table."""
    tables = [
        frame.pivot(index="candidate", columns="fold", values="truth") for _, frame in rows.groupby("table")
    ]
    pairs = [_correlation(t[a], t[b]) for t in tables for a, b in itertools.combinations(t.columns, 2)]
    return float(pd.Series(pairs).mean())


def _line(name: str, rows: pd.DataFrame, column: str) -> dict[str, Any]:
    cells = list(_cells(rows, column))
    chosen, best, default, correlation = (np.array(values) for values in zip(*cells, strict=True))
    regret = max(0.0, float((best - chosen).mean()))
    return {
        "oracle": name,
        "Spearman": round(float(pd.Series(correlation).mean()), 3),
        "Spearman, tables": round(float(_ranks_of_means(rows, column).mean()), 3),
        "F1": round(float(chosen.mean()), 4),
        "regret": round(regret, 4),
        "regret / (best - SMOTE)": round(regret / float((best - default).mean()), 3),
    }


def _cells(rows: pd.DataFrame, column: str) -> Iterator[tuple[float, float, float, float]]:
    """Mean truth of what a column ranks first, of the best, of the default; rank correlation."""
    for _, frame in rows.groupby(["table", "fold"]):
        values, truths = frame[column].astype(float), frame["truth"]
        default = float(truths[frame["candidate"] == DEFAULT].iloc[0])
        chosen = truths[values == values.max()].mean()
        yield float(chosen), float(truths.max()), default, _correlation(values, truths)


def _ranks_of_means(rows: pd.DataFrame, column: str) -> pd.Series:
    """Per table: rank correlation of means over folds."""
    columns = list(dict.fromkeys([column, "truth"]))
    means = rows.astype({column: float}).groupby(["table", "candidate"])[columns].mean()
    return means.groupby("table").apply(lambda frame: _correlation(frame[column], frame["truth"]))


def _elsewhere(rows: pd.DataFrame) -> pd.Series:
    """Mean truth of each candidate on the other outer folds of its table; NaN where there are none."""
    truth = rows.groupby(["table", "candidate"])["truth"]
    return (truth.transform("sum") - rows["truth"]) / (truth.transform("count") - 1).replace(0, np.nan)


def _correlation(values: pd.Series, truths: pd.Series) -> float:
    varied = values.nunique() > 1 and truths.nunique() > 1
    return float(spearmanr(values, truths).statistic) if varied else np.nan


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``oracle.csv`` and ``oracle.md``."""
    parser = argparse.ArgumentParser("python -m benchmarks.oracle", description=__doc__)
    parser.add_argument("--data-dir", help="folder of the tables; default: $GAN_OVERSAMPLER_DATA")
    parser.add_argument("--folds", type=int, default=1, help="how many of the five (1)")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "oracle.csv")
    options = parser.parse_args(argv)
    folder = data_folder(options.data_dir)
    tables = [load_table(name, folder) for name in SUITES["keel"].names(folder)]
    note_run(options.out, fresh=True)
    work = (delayed(cell)(table, fold) for table in tables for fold in range(options.folds))
    rows = pd.DataFrame(itertools.chain.from_iterable(Parallel(options.jobs, verbose=5)(work)))
    rows.round(6).to_csv(options.out, index=False, lineterminator="\n")
    text = report(rows)
    options.out.with_suffix(".md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
