"""A search under a budget of seconds against the default, on real tables, judged on outer folds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.base import clone

from benchmarks import classifiers as models
from benchmarks import metrics
from benchmarks.preparation import Setting, encoder
from benchmarks.protocol import N_FOLDS, quiet_single_thread, split
from benchmarks.studies.search.means import Mean
from benchmarks.suites import STRONG, SUITES, WEAK, needed
from benchmarks.tables import Table, manifest
from gan_oversampler import GAN, GANOversampler, Generator, Search

KEEL_EVERY: Final = 4  # tables by name, so that none is chosen by its result
MIN_MINORITY: Final = 15  # of which a search can hold some out
N_KEEL: Final = 12
AUTOGAN: Final = ("cic_syscalls_adware/500_0.1", "cira/500_0.1", "iscx_spam/500_0.1", "tor/500_0.1")
REAL_EVERY: Final = 8
IMAGES: Final = "fmnist24/200_0.2"
IMAGE_GAN: Final = GAN(generator=Generator(grid="square", widths=(16, 8)), replicas=1)
IMAGE_STEPS: Final = {"epoch_unit": 25, "max_steps": 50}
STRATEGIES: Final = ("tpe", "random", "halving")
SCORES: Final = ("weak_f1", "weak_ap", "strong_f1", "strong_ap")
ARMS: Final = {"searched": "sampler with the search", "found": "found GAN alone"}
MAX_TRIALS: Final = 1000  # time ends a search before


def names(folder: Path | None) -> list[str]:
    """Twelve tables of KEEL, four of AutoGAN's, two of the real suite, and images, each by a fixed rule."""
    rare = {entry["name"]: entry["n_minority"] for entry in manifest(needed(folder))}
    large = sorted(name for name in SUITES["keel"].names(folder) if rare[name] >= MIN_MINORITY)
    keel = large[::KEEL_EVERY][:N_KEEL]
    return [*keel, *AUTOGAN, *SUITES["real"].names(folder)[::REAL_EVERY], IMAGES]


def suite_of(name: str) -> str:
    """Tell which group of tables a table belongs to."""
    if name == IMAGES:
        return "images"
    return "autogan" if name in AUTOGAN else "real" if name in SUITES["real"].names(None) else "keel"


def cell(table: Table, fold: int, strategy: str, seconds: float) -> list[dict[str, Any]]:
    """Compare the default, the sampler after a search, and the found GAN alone, on one outer fold."""
    with quiet_single_thread():
        train, test = split(table, N_FOLDS, 0)[fold]
        is_image = table.name == IMAGES
        options = {"gan": IMAGE_GAN, **IMAGE_STEPS} if is_image else {}
        default = GANOversampler(random_state=fold, **options)
        search = Search(strategy, n_trials=MAX_TRIALS, max_time=seconds)
        arms: dict[str, Any] = {"default": default, "searched": clone(default).set_params(search=search)}
        scores, took, searched = {}, {}, None
        for name, sampler in arms.items():
            began = time.perf_counter()
            X, y = sampler.fit_resample(train.X, train.y)
            took[name] = time.perf_counter() - began
            scores[name] = judged(X, y, train, test, fold)
            searched = sampler.report_.search
        alone = clone(default).set_params(gan=searched.best_gan, policy=searched.best_policy)
        scores["found"] = judged(*alone.fit_resample(train.X, train.y), train, test, fold)
    first = searched.trials[0].score
    facts = {
        "table": table.name,
        "family": table.family,
        "suite": suite_of(table.name),
        "fold": fold,
        "strategy": strategy,
        "n_trials": len(searched.trials),
        "best": searched.best,
        "seconds_default": took["default"],
        "seconds_searched": took["searched"],
        "searched_gain": searched.best_trial.score - first,
        "heldout_gain": np.nan if searched.gain is None else searched.gain.mean,
    }
    figures = {f"{arm}_{name}": value for arm, its in scores.items() for name, value in its.items()}
    return [facts | figures]


def judged(X: Any, y: Any, train: Table, test: Table, seed: int) -> dict[str, float]:
    """Mean F1 and average precision of weak and of strong classifiers on held-out rows."""
    tools = encoder(Setting.of(train, seed)).fit(train.X)
    rows, labels = np.asarray(tools.transform(X), float), np.asarray(y, int)
    X_test, y_test = np.asarray(tools.transform(test.X), float), test.y.to_numpy()
    found = {}
    for block, classifiers in (("weak", WEAK), ("strong", STRONG)):
        f1, precision = [], []
        for model in (models.fit(classifier, rows, labels) for classifier in classifiers):
            scores = models.scores(model, X_test)
            f1.append(metrics.label_scores(y_test, scores >= models.threshold(model))["f1"])
            precision.append(metrics.ranking_scores(y_test, scores)["average_precision"])
        found |= {f"{block}_f1": float(np.mean(f1)), f"{block}_ap": float(np.mean(precision))}
    return found


def gains(rows: pd.DataFrame, arm: str, score: str) -> pd.Series:
    """Gains over the default by table, means over folds."""
    return (rows[f"{arm}_{score}"] - rows[f"default_{score}"]).groupby(rows["table"]).mean()


def as_drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the default's scores where the found GAN gains nothing on rows that its search did not see.

    There it does not join, and the sampler draws as without a search, bit for bit.
    """
    rows = rows.assign(heldout_gain=rows["heldout_gain"].where(rows["best"] > 0, 0.0))
    stays = rows["heldout_gain"] <= 0
    scores = [name for name in rows if name.startswith("searched_weak") or name.startswith("searched_strong")]
    changed = {name: rows[name].mask(stays, rows[name.replace("searched", "default", 1)]) for name in scores}
    return rows.assign(**changed)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute gains over the default by suite, strategy and what draws."""
    lines, rows = [], as_drawn(rows)
    groups = [("all", rows), *rows.groupby("suite", sort=False)]
    for suite, group in groups:
        for strategy, its in group.groupby("strategy", sort=False):
            for arm, label in ARMS.items():
                line = {"tables": f"{suite} ({its['table'].nunique()})", "strategy": strategy}
                line |= {"what draws": label, "trials": f"{its['n_trials'].mean():.0f}"}
                texts = {name.replace("_", " "): Mean.of(gains(its, arm, name)).text() for name in SCORES}
                lines.append(line | texts)
    return pd.DataFrame(lines)


def optimism(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare the gain that a search sees with that on rows that it did not see."""
    lines, rows = [], as_drawn(rows)
    for strategy, its in rows.groupby("strategy", sort=False):
        seen, heldout = (its.groupby("table")[name].mean() for name in ("searched_gain", "heldout_gain"))
        lines.append(
            {
                "strategy": strategy,
                "gain that the search sees": Mean.of(seen).text(4),
                "gain on rows that it did not see": Mean.of(heldout.dropna()).text(4),
                "found GAN joined": f"{(its['heldout_gain'] > 0).sum()} of {len(its)}",
                "seconds of the default": f"{its['seconds_default'].median():.1f}",
                "seconds with the search": f"{its['seconds_searched'].median():.1f}",
            }
        )
    return pd.DataFrame(lines)


def paired(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare strategies with random on the tables and folds that both have searched."""
    lines, rows = [], as_drawn(rows)
    keys = ["table", "fold"]
    by = {name: its.set_index(keys) for name, its in rows.groupby("strategy", sort=False)}
    for strategy in [name for name in by if name != "random" and "random" in by]:
        for arm, label in ARMS.items():
            line = {"strategy": strategy, "what draws": label}
            for score in SCORES:
                column = f"{arm}_{score}"
                more = (by[strategy][column] - by["random"][column]).dropna().groupby("table").mean()
                line |= {"tables": len(more), score.replace("_", " "): Mean.of(more).text()}
            lines.append(line)
    return pd.DataFrame(lines)
