"""One cell of a benchmark: a table, a fold, a method; all classifiers, all scores.

Outer folds are ``StratifiedKFold(5, shuffle=True, random_state=repeat)``. Preparation, sampler, classifiers
and thresholds see the training fold only: thresholds are chosen on predictions from three inner folds of
it, the sampler being fitted anew in each. A cell equals ``imblearn.pipeline.Pipeline([before, sampler,
after, classifier])`` for each classifier, but samples once for all of them, and fits ``after`` on the rows
before sampling, so that all methods are scored on the same scale. Where a method is an ensemble, a cell
equals ``Pipeline([before, ensemble(Pipeline([after, classifier]))])``.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
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
    """A unit of work: one method on one fold of one table."""

    table: Table  # all of its rows
    repeat: int  # which shuffle of the rows
    fold: int  # which fifth of them is held out
    method: str  # a key of ``METHODS``
    classifiers: tuple[str, ...] = tuple(CLASSIFIERS)
    tuned: bool = False  # whether thresholds are tuned

    @property
    def random_state(self) -> int:
        """Seed of the sampler: the same for all methods of a fold."""
        return 100 * self.repeat + self.fold


@dataclass(frozen=True, slots=True)
class Ensemble:
    """An ensemble that resamples by itself, and the rows that it gets, which it encodes by itself, too."""

    make: Callable[[Any], Any]  # of a classifier
    X: Any
    y: Any
    X_test: Any


@dataclass(frozen=True, slots=True)
class Resampled:
    """A training fold after a sampler, and held-out rows, as the classifiers get them."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    new: np.ndarray  # encoded minority rows that the sampler drew
    seen: np.ndarray  # encoded minority rows that the sampler was given
    seconds: float
    peak_mb: float
    weighted: bool
    drawn: pd.DataFrame  # the rows of ``new``, as the sampler wrote them
    ensemble: Ensemble | None = None  # what stands around the classifiers, if anything does

    def prior(self, model: Any) -> float:
        """Share of the minority that a fitted classifier assumes."""
        balanced = models.balances(model) or (self.weighted and models.weighs(model))
        return 0.5 if balanced else float(np.mean(self.y))

    def scored(self, name: str) -> tuple[Any, np.ndarray]:
        """Fit a classifier, by name, and return it with its scores of the held-out rows."""
        if self.ensemble is None:
            model = models.fit(name, self.X, self.y, weighted=self.weighted)
            return model, models.scores(model, self.X_test)
        model = self.ensemble.make(CLASSIFIERS[name].make()).fit(self.ensemble.X, self.ensemble.y)
        return model, models.scores(model, self.ensemble.X_test)


@contextmanager
def quiet_single_thread() -> Iterator[None]:
    """Run code on one thread, so that times compare, and without warnings: a bad fit shows in its scores."""
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def positions(table: Table, n: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions of training and held-out rows of each of n stratified folds."""
    return list(StratifiedKFold(n, shuffle=True, random_state=seed).split(table.X, table.y))


def split(table: Table, n: int, seed: int) -> list[tuple[Table, Table]]:
    """Return training and held-out rows of each of n stratified folds."""
    return [(table.rows(train), table.rows(test)) for train, test in positions(table, n, seed)]


def resample(method: str, train: Table, test: Table, seed: int) -> Resampled:
    """Apply a method, by name, to a fold."""
    return treat(METHODS[method].steps(Setting.of(train, seed)), train, test)


def treat(steps: Steps, train: Table, test: Table) -> Resampled:
    """Prepare and sample the training side, transform the held-out side; only the sampler is timed."""
    X, y = steps.before.fit_transform(train.X), train.y
    X_all, y_all, seconds, peak_mb = X, y, 0.0, 0.0
    if steps.sampler is not None:
        with peak_memory() as peak:
            start = time.perf_counter()
            X_all, y_all = steps.sampler.fit_resample(X, y)
            seconds = time.perf_counter() - start
        # peers measure the method alone, in a process of their own
        seconds = getattr(steps.sampler, "seconds_", seconds)
        peak_mb = getattr(steps.sampler, "peak_mb_", peak.mb)
    is_new = _is_new(X, X_all)
    steps.after.fit(X)  # not on the resampled rows, so that all methods are scored on the same scale
    rows, labels = np.asarray(steps.after.transform(X_all), float), np.asarray(y_all, int)
    X_test = steps.before.transform(test.X)
    ensemble = steps.ensemble and Ensemble(
        lambda model: steps.ensemble(make_pipeline(FrozenEstimator(steps.after), model)), X, y, X_test
    )
    return Resampled(
        rows,
        labels,
        np.asarray(steps.after.transform(X_test), float),
        rows[is_new & (labels == 1)],
        np.asarray(steps.after.transform(X), float)[train.y.to_numpy() == 1],
        seconds,
        peak_mb,
        steps.weighted,
        pd.DataFrame(X_all)[is_new & (labels == 1)],
        ensemble,
    )


def _is_new(before: Any, after: Any) -> np.ndarray:
    """Which rows the sampler drew: those past the originals, or, where it dropped some, not among them."""
    old, values = pd.DataFrame(before), pd.DataFrame(after)
    if len(values) >= len(old) and values.iloc[: len(old)].equals(old):
        return np.arange(len(values)) >= len(old)
    return ~pd.MultiIndex.from_frame(values).isin(pd.MultiIndex.from_frame(old))


def thresholds(cell: Cell, train: Table) -> dict[str, dict[str, float]]:
    """Choose the threshold of each label score, per classifier, on inner folds of the training rows."""
    labels: list[np.ndarray] = []
    scores: dict[str, list[np.ndarray]] = {name: [] for name in cell.classifiers}
    for inner, validation in split(train, N_INNER_FOLDS, cell.random_state):
        fold = resample(cell.method, inner, validation, cell.random_state)
        labels.append(validation.y.to_numpy())
        for name, found in scores.items():
            found.append(fold.scored(name)[1])
    y = np.concatenate(labels)
    return {name: metrics.best_thresholds(y, np.concatenate(found)) for name, found in scores.items()}


def classifier_scores(
    name: str, fold: Resampled, y_test: np.ndarray, prior: float, tuned: Mapping[str, float]
) -> Row:
    """Fit a classifier and compute all its scores on the held-out rows.

    ``prior`` is the minority's share before sampling, ``tuned`` the thresholds of label scores, if any.
    """
    model, scores = fold.scored(name)
    found = metrics.label_scores(y_test, scores >= models.threshold(model))
    found |= metrics.tuned_scores(y_test, scores, tuned) | metrics.ranking_scores(y_test, scores)
    if models.has_probabilities(model):
        found |= metrics.probability_losses(y_test, scores, trained=fold.prior(model), true=prior)
    return found


def evaluate(cell: Cell) -> list[Row]:
    """Compute the result rows of a cell, one per classifier; a failure is recorded with its error."""
    with quiet_single_thread():
        train, test = split(cell.table, N_FOLDS, cell.repeat)[cell.fold]
        known: Row = {"table": cell.table.name, "family": cell.table.family, "method": cell.method}
        known |= {"repeat": cell.repeat, "fold": cell.fold, "n_train": len(train.y), "n_new": 0}
        known |= {"n_minority": train.n_minority, "n_features": train.X.shape[1]}
        try:
            fold = resample(cell.method, train, test, cell.random_state)
        except PeerMissing:  # an environment that vanished says nothing about the method
            raise
        except Exception as error:  # any sampler may fail in any way; that is a result too
            return [_row(name, known | {"error": in_one_line(error)}) for name in cell.classifiers]
        known |= {"n_new": len(fold.y) - len(train.y), "seconds": fold.seconds, "peak_mb": fold.peak_mb}
        y, prior, tuned = test.y.to_numpy(), train.n_minority / len(train.y), {}
        if len(fold.new) and np.isfinite(fold.new).all():
            rng = np.random.default_rng(cell.random_state)
            known |= fidelity(fold.new, fold.seen, fold.X_test[y == 1], rng)
        if cell.tuned:
            try:
                tuned = thresholds(cell, train)
            except Exception as error:  # the inner folds may be too small for a sampler
                known |= {"tuning_error": in_one_line(error)}
        rows = []
        for name in cell.classifiers:
            try:
                found = classifier_scores(name, fold, y, prior, tuned.get(name, {}))
            except Exception as error:  # rows may be such that no classifier takes them
                found = {"error": in_one_line(error)}
            rows.append(_row(name, known | found))
        return rows


def _row(name: str, known: Row) -> Row:
    """A complete row: numbers rounded, NaN where nothing is known."""
    texts = {"classifier": name, "block": CLASSIFIERS[name].block, "error": "", "tuning_error": ""}
    return texts | known | {key: round(float(known.get(key, np.nan)), 6) for key in NUMBERS}


def in_one_line(error: Exception) -> str:
    """Write an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
