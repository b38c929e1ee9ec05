"""Oracles that score with classifiers: fresh clones, seeded alike for every score, without warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import has_fit_parameter

from gan_oversampler._utils import ignoring, text_of
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.alternatives import ALTERNATIVES, Labelled, fit_weighted
from gan_oversampler.oracles.base import POSITIVE, Oracle
from gan_oversampler.oracles.panel import Neighbours, NewtonLogistic
from gan_oversampler.oracles.samples import balanced_sample
from gan_oversampler.oracles.scorers import Scorer, accepts_weights, scorer_of, title_of
from gan_oversampler.oracles.smooth import SMOOTH

MANY_CELLS: Final = 20_000  # rows times columns
MANY_COEFFICIENTS: Final = 100  # of more than two classes: second derivatives of each pair take too long
MANY_FREE: Final = 600  # the same of two classes, whose coefficients are no freer than there are rows
# Where no estimator is given, in words.
PANEL: Final = ("logistic regression", "five nearest neighbours", "a decision tree")
MIN_PER_CLASS: Final = 5  # rows that a classifier gets, repeated if need be: it may need five neighbours


class LearnerOracle(Oracle):
    """Base class of oracles that fit classifiers; subclasses say to which rows, and which ones are scored.

    Parameters are those of `DownstreamOracle`. ``estimator=None`` is a panel of logistic regression, five
    nearest neighbours and a decision tree: they are cheap and differ in kind, so a generator that helps all
    three helps most classifiers. A ``scoring`` that is callable gets the user's labels, a name class codes.
    Weights of rows count in fits and scores that take ``sample_weight``; a fit warns of those that do not.
    """

    _parameter_constraints = {"smooth": ["boolean"], "encoded": ["boolean"], "max_rows": [POSITIVE]}
    _fitted_to: ClassVar[str] = "real and new rows together"  # in texts

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
        """Raise ``ValueError`` for an unknown scorer, estimators that are no classifiers, a wrong value."""
        scorer_of(self.scoring, n_classes)
        super().validate(n_classes)
        for learner in self._estimators:
            if not is_classifier(learner):
                raise ValueError(f"'estimator' must be a classifier. Got {learner!r} instead.")

    @property
    def _estimators(self) -> list[Any]:
        if self.estimator is None:
            return []
        given = list(self.estimator) if isinstance(self.estimator, list | tuple) else [self.estimator]
        if not given:
            raise ValueError(
                "'estimator' must not be an empty list. Give a classifier, a list of them, or None for"
                " logistic regression, nearest neighbours and a decision tree."
            )
        return given

    @property
    def is_smooth(self) -> bool:
        """Whether probabilities are added up in place of predicted labels."""
        return self.smooth and isinstance(self.scoring, str) and self.scoring in SMOOTH

    @property
    def score_name(self) -> str:
        """Name of the score in a word or two, such as ``"smooth F1"``."""
        return f"smooth {title_of(self.scoring)}" if self.is_smooth else title_of(self.scoring)

    @property
    def description(self) -> str:
        """What is scored, in plain words: the score, the classifiers and what they are fitted to."""
        names = list(map(text_of, self._estimators)) or list(PANEL)
        last = names.pop()
        panel = f"the mean of {', '.join(names)} and {last}, each" if names else f"of {last}"
        how = " (it adds up probabilities where the plain score counts labels)" if self.is_smooth else ""
        return f"{self.score_name}{how}, {panel} fitted to {self._fitted_to}"

    def of_labels(self) -> Oracle | None:
        """Make an oracle of predicted labels, where this one scores probabilities instead; else None.

        It is fitted if this one is.
        """
        return copy(self).set_params(smooth=False) if self.is_smooth else None

    def _fit_learners(self, rows: Rows, alternative: str = "") -> list[Any]:
        """Fresh classifiers fitted to these rows, as they are or by an entry of ``ALTERNATIVES``."""
        x, y = self._data(rows)
        with quiet_sklearn(checked=self.encoded):
            if not alternative:
                return [fit_weighted(learner, x, y, rows.weights) for learner in self._learners(rows)]
            fit, scorer = ALTERNATIVES[alternative], self._scorer()
            data = Labelled(x, y, rows.weights, rows.groups, **self._weighted(rows))
            return [fit(learner, data, scorer, self._seed) for learner in self._learners(rows)]

    def _learners(self, rows: Rows) -> list[Any]:
        """Fresh classifiers for these rows, seeded alike for every score."""
        if self.estimator is not None:
            return [seeded(clone(learner), self._seed) for learner in self._estimators]
        # The tree depends on the training rows only, so that all candidates get the same panel. With many
        # cells, trying all columns at every split would take longer than everything else together.
        n_rows, n_columns = len(self.train_), rows.width
        tried = "sqrt" if min(n_rows, self.max_rows) * n_columns > MANY_CELLS else None
        return [
            self._logistic(min(n_rows, self.max_rows), n_columns),
            Neighbours(5),
            DecisionTreeClassifier(min_samples_leaf=2, max_features=tried, random_state=self._seed),
        ]

    def _logistic(self, n_rows: int, n_columns: int) -> Any:
        """Logistic regression of the panel, by the fastest way for so many real rows and columns."""
        n_classes = len(self.train_.classes)
        if n_classes == 2 and min(n_rows, n_columns) <= MANY_FREE:
            return NewtonLogistic()
        is_large = n_classes == 2 or n_classes * n_columns > MANY_COEFFICIENTS
        return LogisticRegression(solver="lbfgs" if is_large else "newton-cholesky")

    def _fit_balanced(self, rows: Rows) -> list[Any]:
        """Fresh classifiers fitted to equally many rows of each class; none if there is a single class."""
        return self._fit_learners(self._balanced(rows)) if len(np.unique(rows.codes)) > 1 else []

    def _balanced(self, rows: Rows) -> Rows:
        """As many rows of each class as the largest one has, and ``max_rows`` in all at most."""
        counts = np.unique(rows.codes, return_counts=True)[1]
        n_per_class = min(int(counts.max(initial=0)), self.max_rows // max(len(counts), 1))
        return balanced_sample(rows, max(MIN_PER_CLASS, n_per_class), self._seed)

    def _scorer(self) -> Scorer:
        return scorer_of(self.scoring, len(self.train_.classes), smooth=self.smooth)

    def _weighted(self, rows: Rows) -> dict[str, NDArray[np.float64]]:
        """Weights of rows as an argument of the scorer; none where rows have none, or it takes none."""
        if rows.weights is None or not accepts_weights(self.scoring, len(self.train_.classes)):
            return {}
        return {"sample_weight": rows.weights}

    @property
    def ignores_weights(self) -> tuple[str, ...]:
        """Classifiers whose ``fit`` takes no ``sample_weight``, and the scorer if it takes none."""
        learners = (e for e in self._estimators if not has_fit_parameter(e, "sample_weight"))
        takes = accepts_weights(self.scoring, len(self.train_.classes))
        return (*map(text_of, learners), *(() if takes else (title_of(self.scoring),)))

    def _mean_score(self, fitted: Sequence[Any], rows: Rows) -> float:
        """Mean score of fitted classifiers on these rows; NaN if there are no classifiers."""
        if not fitted:
            return float("nan")
        scorer, options, (x, y) = self._scorer(), self._weighted(rows), self._data(rows)
        with quiet_sklearn(checked=self.encoded):
            return float(np.mean([scorer(learner, x, y, **options) for learner in fitted]))

    def _data(self, rows: Rows) -> tuple[Any, NDArray[Any]]:
        x = rows.values if self.encoded else rows.frame
        return x, rows.codes if isinstance(self.scoring, str) else rows.labels


@contextmanager
def quiet_sklearn(*, checked: bool = True) -> Iterator[None]:
    """Silence scikit-learn's warnings of convergence and undefined metrics within a ``with`` block.

    A low score says the same, and there would be hundreds of them. With ``checked``, input checks are
    skipped, too: encoded rows are known to be finite numbers, and checks take a good part of small fits.
    """
    with (
        config_context(skip_parameter_validation=checked, assume_finite=checked),
        ignoring(ConvergenceWarning, LinAlgWarning, UndefinedMetricWarning),
    ):
        yield


def seeded(learner: Any, seed: int) -> Any:
    """Return the learner itself, with every ``random_state`` set to ``seed``, in steps of a pipeline, too.

    Candidates are compared, so their classifiers must not differ by chance.
    """
    names = {name for name in learner.get_params() if name.split("__")[-1] == "random_state"}
    return learner.set_params(**dict.fromkeys(names, seed))
