"""What helps a classifier with rare classes without new rows: class weights, and a tuned threshold."""

# n row, C class

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.validation import has_fit_parameter

from gan_oversampler.oracles.scorers import Scorer

N_INNER_FOLDS: Final = 2
# Classes are weighed by their size to the power of minus these: 0 is the usual threshold, 1 that of balanced
# classes. Simple ones come first, so that equally good ones leave the threshold where it is.
EXPONENTS: Final = tuple(sorted(np.linspace(-0.5, 1.5, 21).round(2).tolist(), key=abs))


class ReweightedClassifier(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose class probabilities are multiplied by weights and scaled to sum to 1.

    For two classes that moves the decision threshold, in a way that smooth scores see as well: where the
    probability was at the new threshold, it becomes 1/2. It is Bayes' rule for other class shares.

    >>> from sklearn.dummy import DummyClassifier
    >>> learner = DummyClassifier(strategy="prior").fit([[0]] * 4, [0, 0, 0, 1])
    >>> ReweightedClassifier(learner, np.array([1.0, 3.0])).predict_proba([[0]]).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, learner: Any, weight_C: NDArray[np.float64]) -> None:
        self.learner = learner
        self.weight_C = weight_C
        self.classes_ = learner.classes_

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, in an array ``(n, C)``."""
        weighted_nC = self.learner.predict_proba(x) * self.weight_C
        return np.asarray(weighted_nC / weighted_nC.sum(axis=1, keepdims=True))

    def predict(self, x: Any) -> NDArray[Any]:
        """The most probable class of each row."""
        return np.asarray(self.classes_[self.predict_proba(x).argmax(axis=1)])


class KnownProbabilities:
    """A stand-in for a classifier whose probabilities of some rows ``(n, C)`` are known already."""

    def __init__(self, classes: NDArray[Any], probability_nC: NDArray[np.float64]) -> None:
        self.classes_ = classes
        self.probability_nC = probability_nC

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """The known probabilities, whatever the rows."""
        return self.probability_nC

    def predict(self, x: Any) -> NDArray[Any]:
        """The most probable class of each of the known rows."""
        return np.asarray(self.classes_[self.probability_nC.argmax(axis=1)])


@dataclass(frozen=True)
class Labelled:
    """Rows as classifiers get them, with their labels."""

    x: Any  # ``n`` rows
    y: NDArray[Any]  # their labels
    weights: NDArray[np.float64] | None = None  # how much each row counts; None: all alike
    groups: NDArray[np.intp] | None = None  # which rows belong together; None: none do
    sample_weight: NDArray[np.float64] | None = None  # the weights, if the scorer takes them


def fit_weighted(learner: Any, x: Any, y: NDArray[Any], weights: NDArray[np.float64] | None) -> Any:
    """Fit a classifier to rows that count as much as they weigh, if its ``fit`` takes ``sample_weight``."""
    return learner.fit(x, y, sample_weight=weights) if _takes(learner, weights) else learner.fit(x, y)


def _takes(learner: Any, weights: NDArray[np.float64] | None) -> bool:
    """Whether there are weights, and the classifier takes them."""
    return weights is not None and has_fit_parameter(learner, "sample_weight")


def fit_with_class_weights(learner: Any, data: Labelled, scorer: Scorer, seed: int) -> Any:
    """Fit a classifier with weights that make all classes count alike.

    Rows are weighted if its ``fit`` takes ``sample_weight``; else its ``class_weight``, or that of a step of
    a pipeline, is set to ``"balanced"``. A classifier with neither, such as nearest neighbours, is fitted as
    it is, and its probabilities are weighted. Rows keep their own weights beside, where these can be told.
    """
    names = [name for name in learner.get_params() if name.split("__")[-1] == "class_weight"]
    x, y = data.x, data.y
    if has_fit_parameter(learner, "sample_weight"):
        return learner.fit(x, y, sample_weight=_balanced(y, data.weights))
    if names:
        return learner.set_params(**dict.fromkeys(names, "balanced")).fit(x, y)
    weight_C = compute_class_weight("balanced", classes=np.unique(y), y=y)
    return _reweighted(learner.fit(x, y), weight_C)


def _balanced(y: NDArray[Any], weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Weights of rows ``(n,)`` that add up to the same for every class that weighs anything."""
    if weights is None:
        return np.asarray(compute_sample_weight("balanced", y))
    classes, codes = np.unique(y, return_inverse=True)
    totals = np.bincount(codes, weights)
    totals = np.where(totals > 0, totals, 1.0)
    return weights * weights.sum() / (len(classes) * totals[codes])


def fit_with_threshold(learner: Any, data: Labelled, scorer: Scorer, seed: int) -> Any:
    """Fit a classifier as it is, and move its decision threshold to where the score is best.

    The threshold is chosen on predictions from inner folds of the same rows, by the score that is asked for,
    smooth or not. With more than two classes it is a power of their sizes that weighs their probabilities. A
    classifier without probabilities keeps its threshold, and so does one with a class of a single row, or of
    too few groups: inner folds part no group. Weights count in fits, sizes and scores, where these take them.
    """
    x, y = data.x, data.y
    classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    total_C = np.bincount(codes, data.weights)
    if not hasattr(learner, "predict_proba") or counts.min() < N_INNER_FOLDS or not total_C.all():
        return fit_weighted(learner, x, y, data.weights)
    stratified = StratifiedKFold if data.groups is None else StratifiedGroupKFold
    inner = list(stratified(N_INNER_FOLDS, shuffle=True, random_state=seed).split(x, y, data.groups))
    if any(len(np.unique(y[train])) < len(classes) for train, _ in inner):
        return fit_weighted(learner, x, y, data.weights)
    params = {"sample_weight": data.weights} if _takes(learner, data.weights) else None
    with config_context(enable_metadata_routing=False):  # weights are told, whatever a learner asks for
        probability_nC = cross_val_predict(
            clone(learner), x, y, cv=inner, method="predict_proba", params=params
        )
    known, share_C = KnownProbabilities(classes, probability_nC), total_C / total_C.max()
    options = {} if data.sample_weight is None else {"sample_weight": data.sample_weight}

    def score(exponent: float) -> float:
        return scorer(ReweightedClassifier(known, share_C**-exponent), x, y, **options)

    fitted = fit_weighted(learner, x, y, data.weights)
    return _reweighted(fitted, share_C ** -max(EXPONENTS, key=score))


def _reweighted(fitted: Any, weight_C: NDArray[np.float64]) -> Any:
    """The classifier with weighted probabilities, or as it is where it has none."""
    return ReweightedClassifier(fitted, weight_C) if hasattr(fitted, "predict_proba") else fitted


ALTERNATIVES: Final[Mapping[str, Callable[[Any, Labelled, Scorer, int], Any]]] = MappingProxyType(
    {"class_weight": fit_with_class_weights, "threshold": fit_with_threshold}
)
BY_SCORE: Final = ("threshold",)  # alternatives that depend on the scorer
