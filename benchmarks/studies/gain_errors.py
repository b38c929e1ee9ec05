"""Whether reported gains are as sure as they say: ``python -m benchmarks.studies.gain_errors``.

Tables are drawn from laws that are known, so what a fit truly gained over each baseline can be measured on
many fresh rows. Errors of gains are honest if 68 % of the gains lie within one of them from the truth, and
95 % within two. A cheap portfolio of few steps keeps a fit near a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from benchmarks.protocol import quiet_single_thread
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import numbers, page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, save
from gan_oversampler import GAN, GANOversampler

N_ROWS, N_FRESH, N_COLUMNS = 240, 10_000, 5
SHARE: Final = 0.15  # of the rare class
LEAST: Final = 20  # rare rows of a table
STEPS: Final = 50
PORTFOLIO: Final = (GAN("guided"), GAN(base="smote", loss_weights={}), GAN(base="border", loss_weights={}))
BASELINES: Final[Mapping[str, Any]] = MappingProxyType(
    {"none": None, "random": RandomOverSampler(), "smote": SMOTE()}
)
NOMINAL: Final = (68.3, 95.4)  # per cent within one and within two standard errors

Sample = tuple[np.ndarray, np.ndarray]


def _shifted(X: np.ndarray, rare: np.ndarray, rng: np.random.Generator) -> None:
    X[rare, :2] += 1.5


def _two_sided(X: np.ndarray, rare: np.ndarray, rng: np.random.Generator) -> None:
    side = rng.choice([-2.0, 2.0], size=len(X))
    X[rare] *= 0.6
    X[rare, 0] += side[rare]


def _ring(X: np.ndarray, rare: np.ndarray, rng: np.random.Generator) -> None:
    X[rare, :2] *= 2.2 / np.linalg.norm(X[rare, :2], axis=1, keepdims=True)


LAWS: Final[Mapping[str, Callable[..., None]]] = MappingProxyType(
    {"shifted": _shifted, "two-sided": _two_sided, "ring": _ring}
)


def draw(law: str, n: int, rng: np.random.Generator) -> Sample:
    """Draw rows of a law: normal ones, of which the rare class is moved as the law says."""
    y = (rng.random(n) < SHARE).astype(int)
    X = rng.normal(size=(n, N_COLUMNS))
    LAWS[law](X, y == 1, rng)
    return X, y


def score(train: Sample, fresh: Sample, seed: int) -> float:
    """Measure what the oracle measures, on fresh rows: the mean smooth F1 of its three classifiers."""
    found = []
    for model in (
        LogisticRegression(),
        KNeighborsClassifier(5),
        DecisionTreeClassifier(min_samples_leaf=2, random_state=seed),
    ):
        p, y = model.fit(*train).predict_proba(fresh[0])[:, 1], fresh[1]
        found.append(2 * p[y == 1].sum() / (p.sum() + y.sum()))
    return float(np.mean(found))


def cell(law: str, folds: int, seed: int) -> list[dict[str, Any]]:
    """Compute a row per baseline of one table: the gain that is reported, its errors, and the true one."""
    rng = np.random.default_rng([seed, folds])
    X, y = draw(law, N_ROWS, rng)
    while y.sum() < LEAST:
        X, y = draw(law, N_ROWS, rng)
    scale = StandardScaler().fit(X).transform
    fresh_X, fresh_y = draw(law, N_FRESH, rng)
    fresh = scale(fresh_X), fresh_y
    with quiet_single_thread():
        sampler = GANOversampler(gan=list(PORTFOLIO), max_steps=STEPS, cv=folds, random_state=seed)
        new_X, new_y = sampler.fit_resample(X, y)
        kept = score((scale(new_X), new_y), fresh, seed)
        rows = []
        for name, baseline in BASELINES.items():
            gain = sampler.report_.gains[name]
            train_X, train_y = (
                baseline.set_params(random_state=seed).fit_resample(X, y) if baseline else (X, y)
            )
            truth = kept - score((scale(train_X), train_y), fresh, seed)
            facts = {"law": law, "folds": folds, "seed": seed, "baseline": name}
            facts |= {"gain": gain.mean, "standard_error": gain.standard_error, "truth": truth}
            rows.append(facts | {"independent": float(np.std(gain.by_fold, ddof=1) / np.sqrt(folds))})
    return rows


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute per number of folds, law and baseline how many per cent of the gains lie near the truth.

    Gains that are 0 in every fold, over rows that are drawn alike, have no error and are left out.
    """
    rows = rows[rows["independent"] > 0]
    error = (rows["gain"] - rows["truth"]).abs()
    for name, column in (("independent", "independent"), ("reported", "standard_error")):
        for times in (1, 2):
            rows = rows.assign(**{f"{name} ±{times}": 100.0 * (error <= times * rows[column])})
    rows = rows.assign(bias=rows["gain"] - rows["truth"])
    shown = ["gain", "truth", "bias", *(f"{n} ±{k}" for n in ("independent", "reported") for k in (1, 2))]
    parts = [("all", "all", rows)]
    parts += [(name, "all", part) for name, part in rows.groupby("law", sort=False)]
    parts += [("all", name, part) for name, part in rows.groupby("baseline", sort=False)]
    return pd.DataFrame(
        {"folds": folds, "law": law, "baseline": name, "gains": len(of_folds), **of_folds[shown].mean()}
        for folds in sorted(rows["folds"].unique())
        for law, name, part in parts
        if len(of_folds := part[part["folds"] == folds])
    )


def report(rows: pd.DataFrame) -> str:
    """Write the page."""
    lines = summary(rows)
    lines = lines.assign(
        **{n: numbers(lines[n], 1 if "±" in n else 4) for n in lines.columns if lines[n].dtype == float}
    )
    n_tables = rows[["law", "folds", "seed"]].drop_duplicates().shape[0]
    return page(
        "# Errors of gains",
        f"{n_tables} tables of {N_ROWS} rows from {rows['law'].nunique()} known laws, true gains on {N_FRESH}"
        f" fresh rows. Per cent of the reported gains that lie within one and two errors (±1, ±2) of the true"
        f" gain; honest errors have {NOMINAL[0]} and {NOMINAL[1]}. *Independent* errors take folds as"
        " independent, *reported* ones are those of `report_.gains`. The bias is that of gains: the best of"
        " several candidates looks better than it is.",
        as_table(lines),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``gain_errors.csv`` and ``gain_errors.md``, anew after every table of each law."""
    command = parser("gain_errors", __doc__, data=False)
    command.add_argument("--tables", type=int, default=60, help="of each law and number of folds (60)")
    command.add_argument("--folds", default="3", help="numbers of folds, separated by commas (3)")
    options = command.parse_args(argv)
    note_run(options.out, fresh=True)
    rows: list[dict[str, Any]] = []
    for seed in range(options.tables):
        for folds in options.folds.split(","):
            for law in LAWS:
                rows += cell(law, int(folds), seed)
        frame = pd.DataFrame(rows)
        save(frame, report(frame), options.out)


if __name__ == "__main__":
    main()
