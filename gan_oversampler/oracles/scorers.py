"""Scorers by name: those of scikit-learn, the G-mean, and smooth versions of label scores."""

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

from gan_oversampler._utils import did_you_mean, text_of
from gan_oversampler.oracles.smooth import SMOOTH, confusion_score, probabilities

Scorer = Callable[..., float]
"""``(fitted classifier, x, y)`` to a score; some take ``sample_weight``."""

TINY: Final = 1e-300  # so that probabilities of 0 have a sum, and all others stay as they are

# Scorers that are defined for two classes only, and what stands for them with more.
_MULTICLASS = {name: f"{name}_macro" for name in ("precision", "recall", "jaccard")}
_MULTICLASS["roc_auc"] = "roc_auc_ovr"


# Names of scores in texts, where another than the scorer's own, without underscores, is usual.
_TITLES = {"f1": "F1", "f1_macro": "macro F1", "g_mean": "G-mean", "roc_auc": "ROC AUC"}


def title_of(scoring: str | Scorer) -> str:
    """Return the name of a score in texts.

    >>> title_of("f1"), title_of("average_precision")
    ('F1', 'average precision')
    """
    if not isinstance(scoring, str):
        return getattr(scoring, "__name__", text_of(scoring))
    return _TITLES.get(scoring, scoring.replace("_", " "))


def scorer_names() -> list[str]:
    """Return all names that ``scoring`` takes: those of scikit-learn's scorers, and ``"g_mean"``."""
    return sorted({*get_scorer_names(), "g_mean"})


def scorer_of(scoring: str | Scorer, n_classes: int, *, smooth: bool = False) -> Scorer:
    """Return the scorer of a name, for class codes; callables are returned unchanged.

    With more than two classes ``"f1"`` means ``"f1_macro"``, and so on. With ``smooth``, label scores add up
    probabilities in place of predicted labels. Scorers of names that `accepts_weights` approves of take
    ``sample_weight``. An unknown name raises ``ValueError`` with the nearest one.
    """
    if not isinstance(scoring, str):
        return scoring
    if scoring in SMOOTH and (smooth or n_classes == 2):
        return partial(confusion_score, SMOOTH[scoring], smooth=smooth)
    if scoring == "f1":
        return make_scorer(f1_score, average="macro", zero_division=0.0)
    if scoring == "g_mean":
        return make_scorer(geometric_mean_score)
    name = _MULTICLASS.get(scoring, scoring) if n_classes > 2 else scoring
    if name not in get_scorer_names():
        raise ValueError(f"Unknown scorer {name!r}.{did_you_mean(name, scorer_names())}")
    return get_scorer(name) if n_classes == 2 else partial(_score_known_classes, get_scorer(name))


def accepts_weights(scoring: str | Scorer, n_classes: int) -> bool:
    """Tell whether a scorer takes ``sample_weight``: scikit-learn's do, by name or not, if their metric does.

    Any other function does if it has a parameter of that name.
    """
    if isinstance(scoring, str) and scoring in SMOOTH:
        return True
    if isinstance(scoring, str) and scoring.startswith("roc_auc_ovo") and n_classes > 2:
        return False  # scikit-learn refuses weights for pairs of classes
    scorer = get_scorer(scoring)
    return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters


def _score_known_classes(
    scorer: Scorer,
    learner: Any,
    x: Any,
    y: NDArray[np.intp],
    sample_weight: NDArray[np.float64] | None = None,
) -> float:
    """Score by the classes that both the learner and the rows have: a fold may lack a tiny class.

    Scores of rankings and of probabilities are not defined otherwise.
    """
    codes = np.intersect1d(learner.classes_, y)
    if len(codes) == len(learner.classes_) == len(np.unique(y)):
        return scorer(learner, x, y, sample_weight=sample_weight)
    kept = np.flatnonzero(np.isin(y, codes))
    weights = None if sample_weight is None else sample_weight[kept]
    codes_kept = np.searchsorted(codes, y[kept])
    return scorer(_ClassSubset(learner, codes), _safe_indexing(x, kept), codes_kept, sample_weight=weights)


class _ClassSubset(ClassifierMixin, BaseEstimator):
    """A fitted classifier, restricted to some of its classes, which are numbered anew in their order."""

    def __init__(self, learner: Any, codes: NDArray[np.intp]) -> None:
        self.learner = learner
        self.codes = codes
        self.classes_ = np.arange(len(codes))

    def predict(self, x: Any) -> NDArray[np.intp]:
        """Predicted classes; one number more stands for all classes outside the subset."""
        predicted = np.asarray(self.learner.predict(x))
        position = np.searchsorted(self.codes[:-1], predicted)
        return np.where(self.codes[position] == predicted, position, len(self.codes))

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """Probabilities, given that the row belongs to the subset."""
        probability_nC = probabilities(self.learner, x)[:, self.codes] + TINY
        return probability_nC / probability_nC.sum(axis=1, keepdims=True)
