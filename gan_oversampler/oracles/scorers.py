"""Scorers by name: those of scikit-learn, G-mean, and smooth versions of label scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any, Final

import numpy as np
from imblearn.metrics import geometric_mean_score
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import f1_score, get_scorer, get_scorer_names, make_scorer
from sklearn.utils import _safe_indexing

from gan_oversampler._utils import did_you_mean
from gan_oversampler.oracles.smooth import SMOOTH, probabilities, smooth_score

Scorer = Callable[..., float]
"""``(fitted classifier, x, y)`` to a score; some take ``sample_weight``."""

Sizes = NDArray[np.intp]
"""Rows of each class ``(C,)``."""

TINY: Final = 1e-300  # so that probabilities of 0 have a sum, and all others stay as they are

# Scorers that are defined for two classes only, and what stands for them with more.
_MULTICLASS = {
    "precision": "precision_macro",
    "recall": "recall_macro",
    "jaccard": "jaccard_macro",
    "roc_auc": "roc_auc_ovr",
}


def scorer_of(
    scoring: str | Scorer, n_classes: int, *, smooth: bool = False, sizes: Sizes | None = None
) -> Scorer:
    """Scorer of coded labels; with ``smooth`` it counts probabilities where it can.

    With ``sizes`` the rows of each class stand for so many, if `weighs` knows how.

    Raises
    ------
    ValueError
        If there is no scorer of this name.
    """
    if not isinstance(scoring, str):
        return scoring
    if smooth and scoring in SMOOTH:
        scorer: Scorer = partial(smooth_score, SMOOTH[scoring])
    else:
        scorer = _named(scoring, n_classes)
    return scorer if sizes is None else partial(_standing_for, sizes, scorer)


def weighs(scoring: str | Scorer) -> bool:
    """Whether rows that are asked about may stand for more of their class."""
    if not isinstance(scoring, str) or scoring in SMOOTH:
        return isinstance(scoring, str)
    return "sample_weight" in signature(get_scorer(scoring)._score_func).parameters


def _named(scoring: str, n_classes: int) -> Scorer:
    if scoring == "f1":
        average = "binary" if n_classes == 2 else "macro"
        return make_scorer(f1_score, average=average, zero_division=0.0)
    if scoring == "g_mean":
        return make_scorer(geometric_mean_score)
    if n_classes > 2:
        scoring = _MULTICLASS.get(scoring, scoring)
    if scoring not in get_scorer_names():
        raise ValueError(f"Unknown scorer {scoring!r}.{did_you_mean(scoring, scorer_names())}")
    scorer = get_scorer(scoring)
    return scorer if n_classes == 2 else partial(_of_classes_there, scorer)


def _standing_for(sizes: Sizes, scorer: Scorer, learner: Any, x: Any, y: NDArray[np.intp]) -> float:
    """Score of rows that stand for so many of their class."""
    weights = sizes / np.maximum(np.bincount(y, minlength=len(sizes)), 1)
    return scorer(learner, x, y, sample_weight=weights[y])


def _of_classes_there(
    scorer: Scorer,
    learner: Any,
    x: Any,
    y: NDArray[np.intp],
    sample_weight: NDArray[np.float64] | None = None,
) -> float:
    """Score by the classes that both the learner and the rows know: a tiny class may be missing in a fold.

    Rankings and probabilities cannot be scored otherwise.
    """
    codes = np.intersect1d(learner.classes_, y)
    if len(codes) == len(learner.classes_) == len(np.unique(y)):
        return scorer(learner, x, y, sample_weight=sample_weight)
    there = np.flatnonzero(np.isin(y, codes))
    among, weights = _Among(learner, codes), None if sample_weight is None else sample_weight[there]
    return scorer(among, _safe_indexing(x, there), np.searchsorted(codes, y[there]), sample_weight=weights)


class _Among(ClassifierMixin, BaseEstimator):
    """A fitted classifier that is asked about some of its classes, which are numbered anew in their order."""

    def __init__(self, learner: Any, codes: NDArray[np.intp]) -> None:
        self.learner = learner
        self.codes = codes
        self.classes_ = np.arange(len(codes))

    def predict(self, x: Any) -> NDArray[np.intp]:
        """The answers; one number more stands for all other classes."""
        said = np.asarray(self.learner.predict(x))
        place = np.searchsorted(self.codes[:-1], said)
        return np.where(self.codes[place] == said, place, len(self.codes))

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """Probabilities, given that it is one of these classes."""
        said_nC = probabilities(self.learner, x)[:, self.codes] + TINY
        return said_nC / said_nC.sum(axis=1, keepdims=True)


def scorer_names() -> list[str]:
    """Names that ``scoring`` takes."""
    return sorted({*get_scorer_names(), "g_mean"})
