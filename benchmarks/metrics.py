"""Scores of a classifier on held-out rows: of labels, of rankings, of probabilities.

Label scores are functions of the four counts of a confusion matrix, so that a threshold is tuned over all
thresholds at once. The minority is the positive class, 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

N_BINS: Final = 5


class Counts(NamedTuple):
    """True and false positives and negatives, numbers or arrays over thresholds."""

    tp: Any
    fp: Any
    fn: Any
    tn: Any


def _ratio(part: Any, whole: Any) -> Any:
    """0 where there is nothing to divide by."""
    whole = np.asarray(whole, float)
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)


def _f1(c: Counts) -> Any:
    return _ratio(2.0 * c.tp, 2 * c.tp + c.fp + c.fn)


def _f1_majority(c: Counts) -> Any:
    return _ratio(2.0 * c.tn, 2 * c.tn + c.fn + c.fp)


def _recalls(c: Counts) -> tuple[Any, Any]:
    return _ratio(1.0 * c.tp, c.tp + c.fn), _ratio(1.0 * c.tn, c.tn + c.fp)


def _g_mean(c: Counts) -> Any:
    minority, majority = _recalls(c)
    return np.sqrt(minority * majority)


def _balanced_accuracy(c: Counts) -> Any:
    minority, majority = _recalls(c)
    return (minority + majority) / 2


def _mcc(c: Counts) -> Any:
    spread = (c.tp + c.fp) * (c.tp + c.fn) * (c.tn + c.fp) * (c.tn + c.fn)
    return _ratio(1.0 * c.tp * c.tn - c.fp * c.fn, np.sqrt(spread))


LABEL_SCORES: Final[Mapping[str, Callable[[Counts], Any]]] = {
    "f1": _f1,
    "f1_majority": _f1_majority,
    "g_mean": _g_mean,
    "balanced_accuracy": _balanced_accuracy,
    "mcc": _mcc,
}
# No threshold is tuned for the F1 of the majority.
TUNED: Final = tuple(name for name in LABEL_SCORES if name != "f1_majority")
RANKING_SCORES: Final = ("average_precision", "roc_auc")
# Lower is better.
PROBABILITY_LOSSES: Final = ("brier", "brier_corrected", "calibration")
SCORES: Final = (*LABEL_SCORES, *(f"{name}_tuned" for name in TUNED), *RANKING_SCORES, *PROBABILITY_LOSSES)


def label_scores(y: np.ndarray, positive: np.ndarray) -> dict[str, float]:
    """Compute all label scores of predictions ``positive`` against labels ``y``, both of shape (n,)."""
    y = np.asarray(y, bool)
    tp, fp = (positive & y).sum(), (positive & ~y).sum()
    counts = Counts(tp, fp, y.sum() - tp, (~y).sum() - fp)
    return {name: float(score(counts)) for name, score in LABEL_SCORES.items()}


def best_thresholds(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Find the threshold that is best for each label score.

    Thresholds lie midway between neighbouring scores; the lowest of equally good ones is taken.
    """
    levels = np.unique(scores)
    thresholds = np.append(levels[:1], (levels[1:] + levels[:-1]) / 2)
    order = np.argsort(scores, kind="stable")
    below = np.searchsorted(scores[order], thresholds)
    hits = np.concatenate(([0], np.cumsum(np.asarray(y, int)[order])))[below]
    n_minority = int(np.sum(y))
    counts = Counts(n_minority - hits, (len(y) - n_minority) - (below - hits), hits, below - hits)
    return {name: float(thresholds[np.argmax(LABEL_SCORES[name](counts))]) for name in TUNED}


def tuned_scores(y: np.ndarray, scores: np.ndarray, thresholds: Mapping[str, float]) -> dict[str, float]:
    """Compute each label score at its own threshold."""
    return {
        f"{name}_tuned": label_scores(y, scores >= threshold)[name] for name, threshold in thresholds.items()
    }


def ranking_scores(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Compute average precision and ROC AUC, which need no threshold."""
    return {
        "average_precision": float(average_precision_score(y, scores)),
        "roc_auc": float(roc_auc_score(y, scores)),
    }


def to_prior(probabilities: np.ndarray, trained: float, true: float) -> np.ndarray:
    """Correct probabilities of a classifier that saw a minority share ``trained`` for a share ``true``.

    By Bayes' rule, odds change by the ratio of prior odds (Saerens et al. 2002).

    >>> float(to_prior(np.array([0.5]), 0.5, 0.1)[0])
    0.1
    """
    minority = probabilities * (true / trained)
    majority = (1 - probabilities) * ((1 - true) / (1 - trained))
    return minority / (minority + majority)


def probability_losses(
    y: np.ndarray, probabilities: np.ndarray, *, trained: float, true: float
) -> dict[str, float]:
    """Compute the Brier scores as they come and corrected, and the calibration error of corrected ones.

    ``trained`` is the minority's share among the rows that the classifier saw, ``true`` that before sampling.
    """
    corrected = to_prior(probabilities, trained, true)
    return {
        "brier": float(brier_score_loss(y, probabilities)),
        "brier_corrected": float(brier_score_loss(y, corrected)),
        "calibration": calibration_error(y, corrected),
    }


def calibration_error(y: np.ndarray, probabilities: np.ndarray) -> float:
    """Compute the expected calibration error: gaps between frequency and probability, weighted by bin size.

    Bins hold equally many rows in order of probability, equal probabilities staying together.

    >>> calibration_error(np.array([0, 1, 0, 1]), np.full(4, 0.25))
    0.25
    """
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, probabilities, side="left")
    return float(np.abs(np.bincount(bins, np.asarray(y) - probabilities)).sum() / len(probabilities))
