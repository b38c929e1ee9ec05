"""The default oracle: whether classifiers do better on held-out real rows when synthetic rows join."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from imblearn.metrics import geometric_mean_score
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, get_scorer, get_scorer_names, make_scorer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from gan_oversampler._names import did_you_mean
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.smooth import SMOOTH, smooth_score
from gan_oversampler.rows import Rows

Scorer = Callable[[Any, Any, Any], float]

# Scorers that are defined for two classes only, and what stands for them with more.
_MULTICLASS = {
    "precision": "precision_macro",
    "recall": "recall_macro",
    "jaccard": "jaccard_macro",
    "roc_auc": "roc_auc_ovr",
}

# The smooth score nearest to a scorer; F1 for all others.
_OBJECTIVES = {
    "accuracy": "log_loss",
    "average_precision": "average_precision",
    "balanced_accuracy": "g_mean",
    "g_mean": "g_mean",
    "neg_brier_score": "log_loss",
    "neg_log_loss": "log_loss",
    "roc_auc": "average_precision",
}


def panel(random_state: int) -> list[ClassifierMixin]:
    """Cheap learners of three kinds; a generator that helps all of them helps most classifiers."""
    return [
        LogisticRegression(solver="newton-cholesky"),
        KNeighborsClassifier(5),
        DecisionTreeClassifier(min_samples_leaf=2, random_state=random_state),
    ]


class DownstreamOracle(Oracle):
    """Held-out score of classifiers trained on real and synthetic rows together.

    Parameters
    ----------
    estimator : classifier or list of classifiers, default=None
        Cloned afresh for every score. None takes a panel of cheap learners (logistic regression, five
        neighbours, decision tree). Of several the mean score counts.
    scoring : str or callable, default="f1"
        Any scikit-learn scorer or its name, or ``"g_mean"``. For names, classes are coded so that the
        rarest one is the positive one; with more than two classes ``"f1"`` means ``"f1_macro"``, and so
        on. Scorer objects see the user's labels.
    smooth : bool, default=True
        Whether F1, G-mean, balanced accuracy and accuracy, given by name, count probabilities in place of
        answers. That is the same score with less noise: a row near the threshold no longer counts wholly
        or not at all. Classifiers without probabilities are scored by their answers.
    encoded : bool, default=True
        Whether classifiers see encoded rows (standardised numbers, one-hot categories) or, if False, the
        user's own columns: then a pipeline with its own preprocessing can be the ``estimator``.
    max_rows : int, default=4000
        Real rows of a fold used to train, and to test, at most; synthetic rows are thinned alike.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = Rows(rng.normal(size=(40, 2)), np.arange(40) % 2, np.array(["no", "yes"]))
    >>> rows.values[rows.codes == 1] += 9
    >>> DownstreamOracle(LogisticRegression(), smooth=False).fit(rows, targets=[1]).score(rows, rows)
    1.0
    """

    def __init__(
        self,
        estimator: BaseEstimator | Sequence[BaseEstimator] | None = None,
        *,
        scoring: str | Scorer = "f1",
        smooth: bool = True,
        encoded: bool = True,
        max_rows: int = 4000,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.smooth = smooth
        self.encoded = encoded
        self.max_rows = max_rows

    @property
    def objective(self) -> str:
        """The smooth score nearest to ``scoring``."""
        return _OBJECTIVES.get(self.scoring, "f1") if isinstance(self.scoring, str) else "f1"

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If the scorer is unknown, ``max_rows`` is not positive or an estimator does not classify.
        """
        scorer_of(self.scoring, n_classes)
        if not isinstance(self.max_rows, Integral) or self.max_rows < 1:
            raise ValueError(f"'max_rows' must be a positive integer. Got {self.max_rows!r} instead.")
        for learner in self._given():
            if not is_classifier(learner):
                raise ValueError(f"'estimator' must be a classifier. Got {learner!r} instead.")

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean score of fresh clones."""
        rng = np.random.default_rng(self.random_state_)
        share = min(1.0, self.max_rows / max(len(self.train_), 1))
        train = _thin(self.train_, share, rng).join(_thin(synthetic, share, rng))
        holdout = _thin(holdout, min(1.0, self.max_rows / max(len(holdout), 1)), rng)
        scorer = scorer_of(self.scoring, len(holdout.classes), smooth=self.smooth)
        x, y = self._x(train), self._y(train)
        with _lean(checked=self.encoded):
            fitted = [learner.fit(x, y) for learner in self._learners()]
            x, y = self._x(holdout), self._y(holdout)
            return float(np.mean([scorer(learner, x, y) for learner in fitted]))

    def _learners(self) -> list[Any]:
        """Unfitted classifiers, seeded alike for every score."""
        seed = self.random_state_ % 2**32
        if self.estimator is None:
            return panel(seed)
        return [_seeded(clone(learner), seed) for learner in self._given()]

    def _given(self) -> list[Any]:
        if self.estimator is None:
            return []
        return list(self.estimator) if isinstance(self.estimator, list | tuple) else [self.estimator]

    def _x(self, rows: Rows) -> Any:
        return rows.values if self.encoded else rows.frame

    def _y(self, rows: Rows) -> NDArray[Any]:
        return rows.codes if isinstance(self.scoring, str) else rows.labels


@contextmanager
def _lean(*, checked: bool) -> Iterator[None]:
    """No checks of what has been checked, no warnings about what a low score already says."""
    with (
        config_context(skip_parameter_validation=checked, assume_finite=checked),
        warnings.catch_warnings(),
    ):
        for category in (ConvergenceWarning, LinAlgWarning, UndefinedMetricWarning):
            warnings.simplefilter("ignore", category)
        yield


def _seeded(learner: Any, seed: int) -> Any:
    names = {name for name in learner.get_params() if name.split("__")[-1] == "random_state"}
    return learner.set_params(**dict.fromkeys(names, seed))


def scorer_of(scoring: str | Scorer, n_classes: int, *, smooth: bool = False) -> Scorer:
    """Scorer of coded labels; with ``smooth`` it counts probabilities where it can.

    Raises
    ------
    ValueError
        If there is no scorer of this name.
    """
    if not isinstance(scoring, str):
        return scoring
    if smooth and scoring in SMOOTH:
        return partial(smooth_score, SMOOTH[scoring])
    if scoring == "f1":
        average = "binary" if n_classes == 2 else "macro"
        return make_scorer(f1_score, average=average, zero_division=0.0)
    if scoring == "g_mean":
        return make_scorer(geometric_mean_score)
    if n_classes > 2:
        scoring = _MULTICLASS.get(scoring, scoring)
    if scoring not in get_scorer_names():
        raise ValueError(f"Unknown scorer {scoring!r}.{did_you_mean(scoring, scorer_names())}")
    return get_scorer(scoring)


def scorer_names() -> list[str]:
    """Names that ``scoring`` takes."""
    return sorted({*get_scorer_names(), "g_mean"})


def _thin(rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    """A share of the rows of each class, at least one of each."""
    if share >= 1.0:
        return rows
    kept = [
        rng.choice(index, max(1, round(share * len(index))), replace=False)
        for index in (np.flatnonzero(rows.codes == code) for code in np.unique(rows.codes))
    ]
    return rows.at(np.sort(np.concatenate(kept)) if kept else np.arange(0))
