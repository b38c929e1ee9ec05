"""One cell of a benchmark: a table, a split, a sampler; four classifiers, three metrics.

Outer folds are ``StratifiedKFold(5, shuffle=True, random_state=repeat)``. Preparation, sampler and
classifiers see the training fold only. Classifiers have default parameters, fixed seeds and the
default threshold of 0.5. A cell equals ``imblearn.pipeline.Pipeline([before, sampler, after,
classifier])`` for each classifier, but samples once for all four.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from imblearn.metrics import geometric_mean_score
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from benchmarks.methods import METHODS, Setting, Steps
from benchmarks.tables import Table

N_FOLDS: Final = 5

CLASSIFIERS: Final[Mapping[str, Callable[[], Any]]] = MappingProxyType(
    {
        "logistic": lambda: LogisticRegression(max_iter=1000),
        "knn": lambda: KNeighborsClassifier(5),
        "tree": lambda: DecisionTreeClassifier(random_state=0),
        "forest": lambda: RandomForestClassifier(100, random_state=0),
    }
)

# Of true labels, predicted labels and probabilities of the minority; higher is better.
METRICS: Final[Mapping[str, Callable[[Any, Any, Any], float]]] = MappingProxyType(
    {
        "f1": lambda true, predicted, _: f1_score(true, predicted, zero_division=0),
        "g_mean": lambda true, predicted, _: geometric_mean_score(true, predicted),
        "average_precision": lambda true, _, proba: average_precision_score(true, proba),
    }
)

KEY: Final = ("table", "repeat", "fold", "method")
COLUMNS: Final = (*KEY, "classifier", *METRICS, "n_train", "n_minority", "n_new", "seconds", "error")


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
    """

    table: Table
    repeat: int
    fold: int
    method: str

    @property
    def key(self) -> tuple[str, ...]:
        """How result files name it."""
        return self.table.name, str(self.repeat), str(self.fold), self.method

    @property
    def random_state(self) -> int:
        """Seed of the sampler: the same for all methods of a fold."""
        return 100 * self.repeat + self.fold


@dataclass(frozen=True, slots=True)
class Resampled:
    """A training fold after a sampler, the held-out fold to match, and the sampler's seconds."""

    X: Any
    y: Any
    X_test: Any
    seconds: float


def split(table: Table, repeat: int, fold: int) -> tuple[Table, Table]:
    """Training and held-out rows of a fold."""
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=repeat)
    train, test = list(folds.split(table.X, table.y))[fold]
    return table.rows(train), table.rows(test)


def resample(steps: Steps, train: Table, test: Table) -> Resampled:
    """Prepare the rows of both sides and sample the training side; only the sampler is timed."""
    X, y = steps.before.fit_transform(train.X), train.y
    start = time.perf_counter()
    if steps.sampler is not None:
        X, y = steps.sampler.fit_resample(X, y)
    return Resampled(X, y, steps.before.transform(test.X), time.perf_counter() - start)


def score(steps: Steps, name: str, fold: Resampled, y_test: Any) -> dict[str, Any]:
    """Metrics of one classifier on the held-out rows, or what went wrong."""
    try:
        model = make_pipeline(steps.after, CLASSIFIERS[name]()).fit(fold.X, fold.y)
        predicted, proba = model.predict(fold.X_test), model.predict_proba(fold.X_test)[:, 1]
    except Exception as error:  # rows may be such that no classifier takes them
        return _failure(error)
    scores = {metric: measure(y_test, predicted, proba) for metric, measure in METRICS.items()}
    return {metric: round(float(value), 6) for metric, value in scores.items()} | {"error": ""}


def evaluate(cell: Cell, classifiers: Sequence[str] = tuple(CLASSIFIERS)) -> list[dict[str, Any]]:
    """Result rows of a cell, one per classifier; a sampler that fails is recorded with its error."""
    train, test = split(cell.table, cell.repeat, cell.fold)
    known: dict[str, Any] = dict(zip(KEY, cell.key))
    known |= {"n_train": len(train.y), "n_minority": train.n_minority}
    with threadpool_limits(1):
        try:
            steps = METHODS[cell.method](Setting.of(train, cell.random_state))
            fold = resample(steps, train, test)
        except Exception as error:  # any sampler may fail in any way; that is a result too
            return [{**known, "classifier": name, **_failure(error)} for name in classifiers]
        known |= {"n_new": len(fold.y) - len(train.y), "seconds": round(fold.seconds, 4)}
        return [{**known, "classifier": name, **score(steps, name, fold, test.y)} for name in classifiers]


def _failure(error: Exception) -> dict[str, str]:
    """What stands in the place of scores; empty cells stay empty."""
    return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
