"""One cell of a benchmark: a table, a fold, a method; all classifiers, all scores.

Outer folds are ``StratifiedKFold(5, shuffle=True, random_state=repeat)``. Preparation, sampler, classifiers
and thresholds see the training fold only: thresholds are chosen on predictions from three inner folds of
it, the sampler being fitted anew in each. A cell equals ``imblearn.pipeline.Pipeline([before, sampler,
after, classifier])`` for each classifier, but samples once for all of them, and fits ``after`` on the rows
before sampling, so that all methods are judged on the same scale.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from benchmarks import classifiers as models
from benchmarks import metrics
from benchmarks.classifiers import CLASSIFIERS
from benchmarks.fidelity import FIDELITY, fidelity
from benchmarks.memory import peak_memory
from benchmarks.methods import METHODS
from benchmarks.peers.client import PeerMissing
from benchmarks.preparation import Setting, Steps
from benchmarks.tables import Table

N_FOLDS: Final = 5
N_INNER_FOLDS: Final = 3

KEY: Final = ("table", "repeat", "fold", "method", "classifier")
TEXT: Final = ("table", "family", "method", "classifier", "block", "error", "tuning_error")
COUNTS: Final = ("repeat", "fold", "n_train", "n_minority", "n_features", "n_new")
NUMBERS: Final = (*metrics.SCORES, "seconds", "peak_mb", *FIDELITY)
COLUMNS: Final = (*KEY, "family", "block", *COUNTS[2:], *NUMBERS, "error", "tuning_error")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit of work.

    Parameters
    ----------
    table : Table
        All of its rows.
    repeat, fold : int
        Which shuffle, and which fifth of it is held out.
    method : str
        Name in ``METHODS``.
    classifiers : tuple of str
        Names in ``CLASSIFIERS``.
    tuned : bool
        Whether thresholds are tuned.
    """

    table: Table
    repeat: int
    fold: int
    method: str
    classifiers: tuple[str, ...] = tuple(CLASSIFIERS)
    tuned: bool = False

    @property
    def random_state(self) -> int:
        """Seed of the sampler: the same for all methods of a fold."""
        return 100 * self.repeat + self.fold


@dataclass(frozen=True, slots=True)
class Resampled:
    """What the classifiers get: a training fold after a sampler, and held-out rows to match.

    ``new`` are the encoded rows of the minority that the sampler drew, ``seen`` those it was given.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    new: np.ndarray
    seen: np.ndarray
    seconds: float
    peak_mb: float
    weighted: bool

    def prior(self, model: Any) -> float:
        """What a classifier takes for the share of the minority."""
        return 0.5 if self.weighted and models.weighs(model) else float(np.mean(self.y))


def positions(table: Table, n: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Where training and held-out rows of each of n stratified folds lie."""
    return list(StratifiedKFold(n, shuffle=True, random_state=seed).split(table.X, table.y))


def split(table: Table, n: int, seed: int) -> list[tuple[Table, Table]]:
    """Training and held-out rows of each of n stratified folds."""
    return [(table.rows(train), table.rows(test)) for train, test in positions(table, n, seed)]


def resample(method: str, train: Table, test: Table, seed: int) -> Resampled:
    """A method's treatment of a fold."""
    return treat(METHODS[method].steps(Setting.of(train, seed)), train, test)


def treat(steps: Steps, train: Table, test: Table) -> Resampled:
    """Prepare and sample the training side; only the sampler is timed. The held-out side is transformed."""
    X, y = steps.before.fit_transform(train.X), train.y
    (X_all, y_all), seconds, peak_mb = _sampled(steps, X, y)
    is_new = _is_new(X, X_all)
    steps.after.fit(X)  # the rows that came, so that all methods are judged on the same scale
    rows, labels = np.asarray(steps.after.transform(X_all), float), np.asarray(y_all, int)
    return Resampled(
        rows,
        labels,
        np.asarray(steps.after.transform(steps.before.transform(test.X)), float),
        rows[is_new & (labels == 1)],
        np.asarray(steps.after.transform(X), float)[train.y.to_numpy() == 1],
        seconds,
        peak_mb,
        steps.weighted,
    )


def _sampled(steps: Steps, X: Any, y: pd.Series) -> tuple[tuple[Any, Any], float, float]:
    """Output, seconds and megabytes of the sampler; what peers measure in their own process counts."""
    if steps.sampler is None:
        return (X, y), 0.0, 0.0
    with peak_memory() as peak:
        start = time.perf_counter()
        output = steps.sampler.fit_resample(X, y)
        seconds = time.perf_counter() - start
    seconds = getattr(steps.sampler, "seconds_", seconds)
    return output, seconds, getattr(steps.sampler, "peak_mb_", peak.mb)


def _is_new(before: Any, after: Any) -> np.ndarray:
    """Which rows the sampler drew: those past the originals, or, where it dropped some, not among them."""
    n, values = len(before), pd.DataFrame(after)
    old = pd.DataFrame(before)
    if len(values) >= n and values.iloc[:n].equals(old):
        return np.arange(len(values)) >= n
    return ~pd.MultiIndex.from_frame(values).isin(pd.MultiIndex.from_frame(old))


def thresholds(cell: Cell, train: Table) -> dict[str, dict[str, float]]:
    """Per classifier, the threshold of each label score, chosen on inner folds of the training rows."""
    labels: list[np.ndarray] = []
    scores: dict[str, list[np.ndarray]] = {name: [] for name in cell.classifiers}
    for inner, validation in split(train, N_INNER_FOLDS, cell.random_state):
        fold = resample(cell.method, inner, validation, cell.random_state)
        labels.append(validation.y.to_numpy())
        for name, found in scores.items():
            model = models.fit(name, fold.X, fold.y, weighted=fold.weighted)
            found.append(models.scores(model, fold.X_test))
    y = np.concatenate(labels)
    return {name: metrics.best_thresholds(y, np.concatenate(found)) for name, found in scores.items()}


def judge(name: str, fold: Resampled, y_test: np.ndarray, prior: float, tuned: Mapping[str, float]) -> Row:
    """All scores of one classifier on the held-out rows."""
    model = models.fit(name, fold.X, fold.y, weighted=fold.weighted)
    scores = models.scores(model, fold.X_test)
    found = metrics.label_scores(y_test, scores >= models.threshold(model))
    found |= metrics.tuned_scores(y_test, scores, tuned) | metrics.ranking_scores(y_test, scores)
    if models.has_probabilities(model):
        found |= metrics.probability_losses(y_test, scores, trained=fold.prior(model), true=prior)
    return found


def evaluate(cell: Cell) -> list[Row]:
    """Result rows of a cell, one per classifier; whatever fails is recorded with its error."""
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scores tell whether a fit is bad
        train, test = split(cell.table, N_FOLDS, cell.repeat)[cell.fold]
        known = _known(cell, train)
        try:
            fold = resample(cell.method, train, test, cell.random_state)
        except PeerMissing:  # an environment that vanished says nothing about the method
            raise
        except Exception as error:  # any sampler may fail in any way; that is a result too
            return [_row(name, known, {"error": _words(error)}) for name in cell.classifiers]
        known |= _costs(fold, train) | _fidelity(fold, test, cell)
        tuned, tuning_error = _tuned(cell, train)
        known |= {"tuning_error": tuning_error}
        y, prior = test.y.to_numpy(), train.n_minority / len(train.y)
        return [_row(name, known, _judged(name, fold, y, prior, tuned)) for name in cell.classifiers]


def _known(cell: Cell, train: Table) -> Row:
    """What a row holds before anything is computed."""
    return {
        "table": cell.table.name,
        "family": cell.table.family,
        "repeat": cell.repeat,
        "fold": cell.fold,
        "method": cell.method,
        "n_train": len(train.y),
        "n_minority": train.n_minority,
        "n_features": train.X.shape[1],
    }


def _tuned(cell: Cell, train: Table) -> tuple[dict[str, dict[str, float]], str]:
    """Thresholds, or why there are none: the inner folds may be too small for a sampler."""
    if not cell.tuned:
        return {}, ""
    try:
        return thresholds(cell, train), ""
    except Exception as error:
        return {}, _words(error)


def _judged(
    name: str, fold: Resampled, y: np.ndarray, prior: float, tuned: Mapping[str, dict[str, float]]
) -> Row:
    try:
        return judge(name, fold, y, prior, tuned.get(name, {}))
    except Exception as error:  # rows may be such that no classifier takes them
        return {"error": _words(error)}


def _costs(fold: Resampled, train: Table) -> Row:
    """Rows gained, and what the sampler took."""
    return {"n_new": len(fold.y) - len(train.y), "seconds": fold.seconds, "peak_mb": fold.peak_mb}


def _fidelity(fold: Resampled, test: Table, cell: Cell) -> Row:
    """How new rows compare with real ones; unknown where there are none, or none that can be compared."""
    if not len(fold.new) or not np.isfinite(fold.new).all():
        return {}
    held_out = fold.X_test[test.y.to_numpy() == 1]
    return fidelity(fold.new, fold.seen, held_out, np.random.default_rng(cell.random_state))


def _row(name: str, known: Row, found: Row) -> Row:
    """A complete row: numbers rounded, NaN where nothing is known."""
    texts = {"classifier": name, "block": CLASSIFIERS[name].block, "error": "", "tuning_error": ""}
    row = {"n_new": 0, **texts, **known, **found}
    return row | {key: round(float(row.get(key, np.nan)), 6) for key in NUMBERS}


def _words(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
