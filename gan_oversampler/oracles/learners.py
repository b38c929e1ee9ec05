"""Classifiers that oracles ask: always fresh, seeded, and quiet."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.samples import completed, height, level
from gan_oversampler.oracles.scorers import Scorer, Sizes, scorer_of

MANY: Final = 20_000  # cells of real rows to study


def panel(random_state: int, n_cells: int = 0) -> list[ClassifierMixin]:
    """Cheap learners of three kinds; a generator that helps all of them helps most classifiers."""
    # Of many cells a tree that weighs all columns at every split takes longer than all else together.
    columns = "sqrt" if n_cells > MANY else None
    return [
        LogisticRegression(solver="newton-cholesky"),
        KNeighborsClassifier(5),
        DecisionTreeClassifier(min_samples_leaf=2, max_features=columns, random_state=random_state),
    ]


class LearnerOracle(Oracle):
    """Oracle that asks classifiers; its subclasses say what these study and what they are asked.

    Attributes
    ----------
    estimator : classifier, list of classifiers or None
        Cloned afresh wherever something is fitted; None is the panel.
    scoring : str or callable
        Callables see the user's labels, all else class codes.
    encoded : bool
        Whether classifiers see encoded rows or the user's own columns.
    max_rows : int
        Rows to study at most.
    """

    estimator: BaseEstimator | Sequence[BaseEstimator] | None
    scoring: str | Scorer = "f1_macro"
    encoded: bool = True
    max_rows: int
    _positive: ClassVar[tuple[str, ...]] = ("max_rows",)

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If ``max_rows`` is not positive or an estimator does not classify.
        """
        super().validate(n_classes)
        for learner in self._given():
            if not is_classifier(learner):
                raise ValueError(f"'estimator' must be a classifier. Got {learner!r} instead.")

    def _fitted(self, rows: Rows) -> list[Any]:
        """Fresh clones that studied these rows."""
        x, y = self._x(rows), self._y(rows)
        with lean(checked=self.encoded):
            return [learner.fit(x, y) for learner in self._learners()]

    def _mean(self, scorer: Scorer, fitted: Sequence[Any], rows: Rows) -> float:
        """Mean score of fitted classifiers on these rows."""
        x, y = self._x(rows), self._y(rows)
        with lean(checked=self.encoded):
            return float(np.mean([scorer(learner, x, y) for learner in fitted]))

    def _taught(self) -> list[Any]:
        """Classifiers that studied the training rows, all classes alike; none where there is one class."""
        study = self._level(self.train_)
        return self._fitted(study) if len(np.unique(study.codes)) > 1 else []

    def _asked(self, holdout: Rows, synthetic: Rows) -> Rows:
        """Synthetic rows of the targets beside held-out rows of the other classes, all classes alike."""
        return self._level(completed(holdout, synthetic, self.targets_))

    def _level(self, rows: Rows) -> Rows:
        return level(rows, height(rows, self.max_rows), self._seed)

    def _learners(self) -> list[Any]:
        """Unfitted classifiers, the same and seeded alike for every score."""
        if self.estimator is None:
            n_rows, n_columns = self.train_.values.shape
            return panel(self._seed, min(n_rows, self.max_rows) * n_columns)
        return [seeded(clone(learner), self._seed) for learner in self._given()]

    def _given(self) -> list[Any]:
        if self.estimator is None:
            return []
        return list(self.estimator) if isinstance(self.estimator, list | tuple) else [self.estimator]

    def _x(self, rows: Rows) -> Any:
        return rows.values if self.encoded else rows.frame

    def _y(self, rows: Rows) -> NDArray[Any]:
        return rows.codes if isinstance(self.scoring, str) else rows.labels


class ScoringOracle(LearnerOracle):
    """Oracle that gives classifiers a score of scikit-learn's kind."""

    def __init__(
        self,
        estimator: BaseEstimator | Sequence[BaseEstimator] | None = None,
        *,
        scoring: str | Scorer = "f1_macro",
        smooth: bool = True,
        encoded: bool = True,
        max_rows: int = 4000,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.smooth = smooth
        self.encoded = encoded
        self.max_rows = max_rows

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If the scorer is unknown, ``max_rows`` is not positive or an estimator does not classify.
        """
        scorer_of(self.scoring, n_classes)
        super().validate(n_classes)

    def _scorer(self, sizes: Sizes | None = None) -> Scorer:
        return scorer_of(self.scoring, len(self.train_.classes), smooth=self.smooth, sizes=sizes)


@contextmanager
def lean(*, checked: bool = True) -> Iterator[None]:
    """No checks of what has been checked, no warnings about what a low score already says."""
    with (
        config_context(skip_parameter_validation=checked, assume_finite=checked),
        warnings.catch_warnings(),
    ):
        for category in (ConvergenceWarning, LinAlgWarning, UndefinedMetricWarning):
            warnings.simplefilter("ignore", category)
        yield


def seeded(learner: Any, seed: int) -> Any:
    """The learner itself, with this seed wherever it takes one."""
    names = {name for name in learner.get_params() if name.split("__")[-1] == "random_state"}
    return learner.set_params(**dict.fromkeys(names, seed))
