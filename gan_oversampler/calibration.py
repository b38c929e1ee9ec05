"""Probabilities of a classifier that learned from resampled rows, brought back to the original shares."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from imblearn.pipeline import Pipeline
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import assert_all_finite, column_or_1d, get_tags
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, check_consistent_length, check_is_fitted, validate_data

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler.encoding.dataset import Frame
from gan_oversampler.estimator import GANOversampler


def to_shares(probabilities: NDArray[Any], *, seen: ArrayLike, wanted: ArrayLike) -> NDArray[np.float64]:
    """Adjust probabilities, a column per class, from the class shares ``seen`` to the shares ``wanted``.

    This is Bayes' rule for rows whose densities within classes stay the same; rows of the result sum to one.

    >>> to_shares(np.array([[0.5, 0.5]]), seen=[0.5, 0.5], wanted=[0.9, 0.1])
    array([[0.9, 0.1]])
    """
    moved = probabilities * (np.asarray(wanted, float) / np.asarray(seen, float))
    return moved / moved.sum(axis=1, keepdims=True)


def log_odds(probabilities: NDArray[Any], n_rows: int) -> NDArray[np.float64]:
    """Log-odds of each class against all others, from probabilities ``(n, n_classes)`` learned of ``n_rows``.

    As in Laplace's rule of succession one more row of each class is counted: no classifier of so many rows
    knows that a class is impossible, and forests say so often.

    >>> log_odds(np.array([[0.0, 1.0]]), n_rows=98).round(2).tolist()
    [[-4.6, 4.6]]
    """
    n_classes = probabilities.shape[1]
    return np.log(n_rows * probabilities + 1) - np.log(n_rows * (1 - probabilities) + n_classes - 1)


def check_labels(model: Any, X: Frame, y: Any) -> NDArray[Any]:
    """Check that ``y`` holds labels of at least two classes, one per row of ``X``, and return it as an array.

    It also records the columns of ``X`` in the classifier ``model``. Raises ``ValueError``.
    """
    validate_data(model, X=X, y=y, skip_check_array=True)
    if _num_samples(X) < 1:
        raise ValueError("X has no rows: Found array with 0 sample(s); give at least two classes.")
    shape: tuple[int, ...] = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError("Multilabel and multioutput targets are not supported. Give one label per row.")
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_consistent_length(X, y)
    check_classification_targets(y)
    if len(np.unique(y)) < 2:
        raise ValueError(f"y has one class only, {y[0]!r}. Give rows of at least two classes.")
    return y


def narrow_tags(tags: Any, *parts: Any) -> Any:
    """Let tags of a meta-estimator allow the inputs that all of its parts allow."""
    inputs = [get_tags(part).input_tags for part in parts]
    for name in ("sparse", "allow_nan", "string", "categorical"):
        setattr(tags.input_tags, name, all(getattr(part, name) for part in inputs))
    return tags


class PriorCorrectedClassifier(DocumentedMixin, ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit a classifier on resampled rows and return probabilities for the original class shares.

    Resampling makes rare classes look frequent. With pi the original shares and s those that the
    classifier saw, ``method="prior"`` returns, of its probabilities q::

        p(k | x) = q(k | x) pi_k / s_k / sum_j q(j | x) pi_j / s_j

    which is exact where q is right on the resampled rows and new rows follow their class's density.
    Neither holds for flexible classifiers on synthetic rows. ``method="sigmoid"`` needs neither: it learns
    a slope and an offset of the log-odds from original rows that neither sampler nor classifier saw::

        logit p(k | x) = a_k logit q(k | x) + b_k

    With a slope of 1 and the offset of the prior this is the correction above.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``
        Cloned and fitted on the resampled rows. It may be an imbalanced-learn pipeline with samplers of
        its own.
    sampler : sampler, default=None
        Resamples all of ``X`` first. None takes ``GANOversampler()``, or nothing if ``estimator`` is a
        pipeline that resamples by itself.
    method : {"sigmoid", "prior"}, default="sigmoid"
        ``"prior"`` costs nothing and is nearly as good for logistic regression, or with fewer than ten rows
        of a class. ``"sigmoid"`` suits all, and repeats sampling and fitting in every fold of ``cv``: four
        times the cost by default.
    cv : int or splitter, default=3
        Folds of ``"sigmoid"``; every class needs that many rows, and enough for the sampler without a fold.
        An integer shuffles the rows, always alike: held-out ends of a sorted table mislead.
    n_jobs : int, default=None
        Folds fitted in parallel.

    Attributes
    ----------
    classes_ : ndarray
        Labels, in the order of the columns of ``predict_proba``.
    pipeline_ : imblearn.pipeline.Pipeline
        Sampler and classifier, fitted on all rows; its probabilities are the uncorrected ones.
    shares_ : ndarray of float
        Shares of the classes in ``y``.
    seen_shares_ : ndarray of float
        Shares among the rows that the classifier was fitted on.
    calibrated_ : CalibratedClassifierCV
        What ``"sigmoid"`` learned.
    n_features_in_ : int
        Columns of ``X``.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.

    Notes
    -----
    Use it where rows are resampled for their labels or their ranking, and probabilities are wanted, too. If
    nothing but probabilities is wanted, those of a classifier without resampling are mostly nearer the truth.

    Rare classes are predicted less often than without correction. For F1 and the like choose a threshold
    on top, by ``TunedThresholdClassifierCV``; with two classes, ``method="prior"`` and balanced rows,
    ``FixedThresholdClassifier`` at the rare class's share gives the uncorrected labels.

    ``"sigmoid"`` is scikit-learn's ``CalibratedClassifierCV(pipeline, ensemble=False)`` of log-odds in place
    of probabilities, which resampling would shift by other amounts near 0 and 1 than between. The log-odds
    count one more row of each class than the classifier saw, so that those of 0 and 1 are finite. Of more
    than two classes each is calibrated against the others. It alone corrects what cannot be counted in a
    pipeline: class weights, and samplers inside ensembles or searches. ``fit`` takes no sample weights: new
    rows have none.

    References
    ----------
    Saerens, Latinne & Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities",
    Neural Computation 14(1), 2002. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001.
    Platt, "Probabilistic Outputs for Support Vector Machines", 1999.

    Examples
    --------
    >>> from imblearn.over_sampling import SMOTE
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = make_classification(500, weights=[0.9], class_sep=0.5, random_state=0)
    >>> model = PriorCorrectedClassifier(LogisticRegression(), SMOTE(random_state=0)).fit(X, y)
    >>> model.shares_.round(2).tolist(), model.seen_shares_.tolist()
    ([0.9, 0.1], [0.5, 0.5])
    >>> float(model.pipeline_.predict_proba(X)[:, 1].mean().round(1))
    0.4
    >>> float(model.predict_proba(X)[:, 1].mean().round(1))
    0.1
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "sampler": [HasMethods(["fit_resample"]), None],
        "method": [StrOptions({"sigmoid", "prior"})],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator: Any,
        sampler: Any = None,
        *,
        method: str = "sigmoid",
        cv: Any = 3,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.method = method
        self.cv = cv
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Frame, y: Any) -> PriorCorrectedClassifier:
        """Resample the rows, fit the classifier on them, learn the correction and return the classifier.

        Parameters
        ----------
        X : rows as the sampler takes them
            For ``GANOversampler``: dataframe, array, list or sparse matrix, cells may be missing.
        y : array-like of shape (n_rows,)
            Class labels.

        Raises
        ------
        ValueError
            If ``estimator`` has no ``predict_proba``, ``sampler`` no ``fit_resample``, there is one class
            only, or ``method="sigmoid"`` and a class has fewer rows than ``cv`` folds.
        """
        y = check_labels(self, X, y)
        if self.method == "sigmoid":
            shuffled = isinstance(self.cv, Integral)
            cv = StratifiedKFold(self.cv, shuffle=True, random_state=0) if shuffled else self.cv
            model = CalibratedClassifierCV(
                _LogOdds(self._pipeline()), cv=cv, n_jobs=self.n_jobs, ensemble=False
            )
            self.calibrated_ = model.fit(X, y)
            self.pipeline_ = model.calibrated_classifiers_[0].estimator.pipeline_
        else:
            self.__dict__.pop("calibrated_", None)
            self.pipeline_ = self._pipeline().fit(X, y)
        self.classes_ = self.pipeline_.classes_
        self.shares_ = _Census().count(y).shares(self.classes_)
        self.seen_shares_ = self.pipeline_.named_steps[CENSUS].shares(self.classes_)
        return self

    def predict_proba(self, X: Frame) -> NDArray[np.float64]:
        """Corrected probabilities ``(n_rows, n_classes)`` of the classes ``classes_`` for each row of ``X``.

        Each row of the result sums to one. A classifier that is not fitted raises ``NotFittedError``.
        """
        check_is_fitted(self)
        if hasattr(self, "calibrated_"):
            return self.calibrated_.predict_proba(X)
        return to_shares(self.pipeline_.predict_proba(X), seen=self.seen_shares_, wanted=self.shares_)

    def predict(self, X: Frame) -> NDArray[Any]:
        """Likeliest class of each row of ``X`` by the corrected probabilities, an array of labels.

        To find rare classes more often, choose a threshold on top, as in the Notes of the class.
        """
        likeliest = self.predict_proba(X).argmax(axis=1)  # first, because it refuses unfitted classifiers
        return self.classes_[likeliest]

    def _pipeline(self) -> Pipeline:
        """Sampler, classifier, and between them a count of the rows that arrive."""
        whole = clone(self.estimator)
        if not isinstance(whole, Pipeline):
            whole = Pipeline([("classifier", whole)])
        resamples = any(hasattr(step, "fit_resample") for _, step in whole.steps)
        sampler = GANOversampler() if self.sampler is None and not resamples else self.sampler
        first = [] if sampler is None else [("prior_sampler", clone(sampler))]
        return whole.set_params(steps=[*first, *whole.steps[:-1], (CENSUS, _Census()), whole.steps[-1]])

    def __sklearn_tags__(self) -> Any:
        return narrow_tags(super().__sklearn_tags__(), self.estimator, self.sampler or GANOversampler())


CENSUS = "prior_census"


class _Census(BaseEstimator):
    """A step of a pipeline that changes nothing and counts the labels that pass while fitting."""

    def fit_resample(self, X: Frame, y: Any) -> tuple[Frame, Any]:
        self.count(y)
        return X, y

    def count(self, y: Any) -> _Census:
        labels, counts = np.unique(np.asarray(y), return_counts=True)
        self.counts_ = dict(zip(labels.tolist(), counts.tolist()))
        return self

    def shares(self, classes: NDArray[Any]) -> NDArray[np.float64]:
        """Shares of these classes, in their order."""
        counts = np.array([self.counts_[label] for label in classes.tolist()], float)
        return counts / counts.sum()


class _LogOdds(ClassifierMixin, BaseEstimator):
    """A classifier that decides by log-odds of its probabilities, so that these are what is calibrated."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def fit(self, X: Frame, y: Any) -> _LogOdds:
        self.pipeline_ = clone(self.pipeline).fit(X, y)
        self.classes_ = self.pipeline_.classes_
        return self

    def decision_function(self, X: Frame) -> NDArray[np.float64]:
        """Log-odds of each class against the others; of two classes, those of the second one."""
        n_rows = sum(self.pipeline_.named_steps[CENSUS].counts_.values())
        odds = log_odds(self.pipeline_.predict_proba(X), n_rows)
        return odds[:, 1] if len(self.classes_) == 2 else odds

    def predict(self, X: Frame) -> NDArray[Any]:
        return self.pipeline_.predict(X)
