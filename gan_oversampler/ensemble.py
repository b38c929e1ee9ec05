"""Classifiers that learn from several resampled tables and vote: an oversampled table is only one of many."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, _raise_for_params, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler._utils import Streams
from gan_oversampler.calibration import check_labels, narrow_tags, to_shares
from gan_oversampler.encoding.dataset import Frame
from gan_oversampler.estimator import GANOversampler
from gan_oversampler.redraws import Metadata, Redraws, carried, with_seeds


def _gives(method: str) -> Callable[[Any], bool]:
    """Whether probabilities, or else values of decision functions, are what the members give."""
    return lambda model: _response_of(model.estimator) == method


def _response_of(estimator: Any) -> str | None:
    known = ("predict_proba", "decision_function")
    return next((name for name in known if hasattr(estimator, name)), None)


class ResamplingEnsembleClassifier(DocumentedMixin, ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit clones of a classifier on several resampled tables and average their probabilities.

    New rows are one draw of many. A classifier that is fitted on one table learns the accidents of that draw,
    too; the mean over several draws forgets them, and ranks better. A sampler that can ``sample``, such as
    :class:`GANOversampler`, is fitted once, whatever the number of draws; any other one is fitted anew for
    each, with another seed.

    Parameters
    ----------
    estimator : classifier with ``predict_proba`` or ``decision_function``
        Cloned and fitted once per table. It may be a pipeline, of an encoder and a classifier for instance.
        Where it has no ``predict_proba``, decision functions are averaged.
    sampler : sampler, default=None
        Any sampler of imbalanced-learn; None takes ``GANOversampler()``. One that is fitted already is used
        as it is inside ``FrozenEstimator(sampler)``.
    n_estimators : int, default=5
        Number of tables, and of classifiers.
    max_samples : int or float, default=1.0
        Real rows of any one class that a classifier sees at most: a number, or a share of the largest class.
        Rows of larger classes are drawn without replacement, others for each classifier. Rare classes stay
        whole, and get as many new rows as keeps the ratios of ``sampling_strategy``: big tables stay small.
    correct_prior : bool, default=False
        Whether the probabilities are brought back to the class shares of ``y``, as by
        ``PriorCorrectedClassifier(method="prior")``.
    n_jobs : int, default=None
        Classifiers fitted in parallel, each with its draw. Results do not depend on it.
    random_state : int, RandomState or None, default=None
        Seeds sampler, draws and classifiers in place of their own, as in ``BaggingClassifier``.

    Attributes
    ----------
    classes_ : ndarray
        Labels, in the order of the columns of ``predict_proba``.
    estimators_ : list of classifiers
        Fitted, one per table.
    sampler_ : sampler
        Fitted on all rows; only if it can ``sample``.
    shares_ : ndarray of shape (n_classes,)
        Shares of the classes in ``y``.
    seen_shares_ : ndarray of shape (n_estimators, n_classes)
        Shares among the rows that each classifier was fitted on.
    n_features_in_ : int
        Columns of ``X``.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.

    See Also
    --------
    PriorCorrectedClassifier : Learns the correction from held-out rows, also around this classifier:
        ``PriorCorrectedClassifier(model, FunctionSampler())``.

    Notes
    -----
    ``imblearn.ensemble.BalancedBaggingClassifier`` bootstraps the rows and fits its sampler for every
    member. Here each member sees all rows, or the part that ``max_samples`` says, and only draws differ.

    With ``sklearn.set_config(enable_metadata_routing=True)``, what ``set_fit_resample_request`` of the
    sampler and ``set_fit_request`` of the classifier ask for is passed on. A new row gets the mean
    ``sample_weight`` of its class. Other metadata, such as groups, new rows do not have, so a classifier gets
    these only where the sampler draws real rows and names them (``sample_indices_``).

    References
    ----------
    Breiman, "Bagging Predictors", Machine Learning 24, 1996. Liu, Wu & Zhou, "Exploratory Undersampling for
    Class-Imbalance Learning", IEEE Transactions on Systems, Man, and Cybernetics B 39(2), 2009: subsets of
    the majority, as ``max_samples`` draws them.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> sampler = GANOversampler(max_steps=0, oracle=None)
    >>> model = ResamplingEnsembleClassifier(DecisionTreeClassifier(), sampler, random_state=0).fit(X, y)
    >>> len(model.estimators_), model.seen_shares_[0].tolist()
    (5, [0.5, 0.5])
    >>> model.predict_proba(X).shape
    (300, 2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "sampler": [HasMethods(["fit_resample"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_samples": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "correct_prior": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        sampler: Any = None,
        *,
        n_estimators: int = 5,
        max_samples: int | float = 1.0,
        correct_prior: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.correct_prior = correct_prior
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Frame, y: Any, **params: Any) -> ResamplingEnsembleClassifier:
        """Fit the sampler, if it can ``sample``; draw the tables and fit a classifier on each.

        Parameters
        ----------
        X : rows as the sampler takes them
            For ``GANOversampler``: dataframe, array, list or sparse matrix, cells may be missing.
        y : array-like of shape (n_rows,)
            Class labels.
        **params : dict
            Metadata such as ``sample_weight`` and ``groups``, for those that ask for them; see the Notes.

        Raises
        ------
        ValueError
            If ``estimator`` has neither ``predict_proba`` nor ``decision_function``, or not the former and
            ``correct_prior=True``; if there is one class only, the sampler drops one, or metadata without
            routing, or of new rows that have none, are given.
        """
        _raise_for_params(params, self, "fit")
        self._check_response()
        y = check_labels(self, X, y)
        routed = process_routing(self, "fit", **params)
        streams = Streams.of(self.random_state)
        sampler = clone(self._sampler())
        self.__dict__.pop("sampler_", None)
        if hasattr(sampler, "sample"):
            sampler = with_seeds(sampler, streams.child("sampler"))
            self.sampler_ = sampler.fit(X, y, **routed["sampler"]["fit_resample"])
        redraws = Redraws(sampler, X, y, self.max_samples, routed["sampler"]["fit_resample"])
        members = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_member)(
                self.estimator, redraws, streams.child("member", i), routed["estimator"]["fit"]
            )
            for i in range(self.n_estimators)
        )
        self.estimators_ = [member for member, _ in members]
        self.seen_shares_ = np.array([shares for _, shares in members])
        self.classes_, self.shares_ = _shares(y)
        return self

    @available_if(_gives("predict_proba"))
    def predict_proba(self, X: Frame) -> NDArray[np.float64]:
        """Mean probabilities ``(n_rows, n_classes)`` of the classes ``classes_`` for each row of ``X``.

        Each row of the result sums to one. With ``correct_prior`` those of each member are corrected first.
        A classifier that is not fitted raises ``NotFittedError``.
        """
        check_is_fitted(self)
        found = (member.predict_proba(X) for member in self.estimators_)
        if self.correct_prior:
            found = (to_shares(p, seen=s, wanted=self.shares_) for p, s in zip(found, self.seen_shares_))
        return np.mean([*found], axis=0)

    @available_if(_gives("decision_function"))
    def decision_function(self, X: Frame) -> NDArray[np.float64]:
        """Mean decision function: of two classes ``(n_rows,)``, of more ``(n_rows, n_classes)``.

        It is there for classifiers without ``predict_proba``. One that is not fitted raises
        ``NotFittedError``.
        """
        check_is_fitted(self)
        return np.mean([member.decision_function(X) for member in self.estimators_], axis=0)

    def predict(self, X: Frame) -> NDArray[Any]:
        """Likeliest class of each row of ``X`` by the mean over the members, an array of labels."""
        check_is_fitted(self)
        if _gives("predict_proba")(self):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        values = self.decision_function(X)
        return self.classes_[values.argmax(axis=1) if values.ndim > 1 else (values > 0).astype(int)]

    def get_metadata_routing(self) -> MetadataRouter:
        """Who is asked for metadata: the sampler's ``fit_resample`` and the classifier's ``fit``."""
        resampling = MethodMapping().add(caller="fit", callee="fit_resample")
        fitting = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add(sampler=self._sampler(), method_mapping=resampling)
        return router.add(estimator=self.estimator, method_mapping=fitting)

    def _sampler(self) -> Any:
        return GANOversampler() if self.sampler is None else self.sampler

    def _check_response(self) -> None:
        found = _response_of(self.estimator)
        if found is None or (self.correct_prior and found != "predict_proba"):
            needed = "predict_proba" if self.correct_prior else "predict_proba or decision_function"
            verb = "correct" if self.correct_prior else "average"
            raise ValueError(
                f"{type(self.estimator).__name__} has no {needed}, so there is nothing to {verb}. Wrap it in"
                " CalibratedClassifierCV, or give another classifier."
            )

    def __sklearn_tags__(self) -> Any:
        return narrow_tags(super().__sklearn_tags__(), self.estimator, self._sampler())


def _fit_member(
    estimator: Any, redraws: Redraws, streams: Streams, metadata: Metadata
) -> tuple[Any, NDArray[np.float64]]:
    """Draw a table and fit a clone of the classifier on it; also return the shares of its classes."""
    X, y, origin = redraws.draw(streams)
    seen, shares = _shares(y)
    if len(seen) < len(classes := np.unique(redraws.y)):
        raise ValueError(
            f"A resampled table has the classes {seen.tolist()} only, of {classes.tolist()}. Take a sampler"
            " that keeps rows of all."
        )
    member = with_seeds(clone(estimator), streams.child("estimator"))
    return member.fit(X, y, **carried(metadata, redraws.y, origin, y)), shares


def _shares(y: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Sorted labels, and the share of each."""
    labels, counts = np.unique(np.asarray(y), return_counts=True)
    return labels, counts / counts.sum()
