"""Scorers by name: those of scikit-learn, G-mean, and smooth versions of label scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from imblearn.metrics import geometric_mean_score
from sklearn.metrics import f1_score, get_scorer, get_scorer_names, make_scorer

from gan_oversampler._names import did_you_mean
from gan_oversampler.oracles.smooth import SMOOTH, smooth_score

Scorer = Callable[[Any, Any, Any], float]
"""``(fitted classifier, x, y)`` to a score."""

# Scorers that are defined for two classes only, and what stands for them with more.
_MULTICLASS = {
    "precision": "precision_macro",
    "recall": "recall_macro",
    "jaccard": "jaccard_macro",
    "roc_auc": "roc_auc_ovr",
}


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
