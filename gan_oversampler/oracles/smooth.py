"""Label scores that count probabilities in place of answers: the same scores with less noise."""

# n row, C class

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Confusion = NDArray[np.float64]  # (C, C): rows of each true class, spread over the classes that are said
Measure = Callable[[Confusion], float]


def smooth_score(
    measure: Measure,
    learner: Any,
    x: Any,
    y: NDArray[np.intp],
    sample_weight: NDArray[np.float64] | None = None,
) -> float:
    """Score of a fitted classifier of class codes on rows ``x`` of classes ``y``."""
    said_nC = probabilities(learner, x)
    n_classes = max(said_nC.shape[1], int(y.max()) + 1)
    said_nC = np.pad(said_nC, ((0, 0), (0, n_classes - said_nC.shape[1])))
    if sample_weight is not None:
        said_nC = said_nC * sample_weight[:, None]
    return measure(np.eye(n_classes)[y].T @ said_nC)


def probabilities(learner: Any, x: Any) -> NDArray[np.float64]:
    """Probability of each class code ``(n, C)``; sure of its answers where a classifier has none."""
    codes = np.asarray(learner.classes_, int)
    if hasattr(learner, "predict_proba"):
        known_nC = learner.predict_proba(x)
    else:
        known_nC = (np.asarray(learner.predict(x))[:, None] == codes).astype(float)
    said_nC = np.zeros((len(known_nC), codes.max() + 1))
    said_nC[:, codes] = known_nC
    return said_nC


def _recalls(confusion: Confusion) -> NDArray[np.float64]:
    """Share of each class that is found, of the classes that are there."""
    there = confusion.sum(axis=1)
    return np.diag(confusion)[there > 0] / there[there > 0]


def _f1s(confusion: Confusion) -> NDArray[np.float64]:
    """F1 of each class."""
    total = confusion.sum(axis=0) + confusion.sum(axis=1)
    return 2 * np.diag(confusion) / np.maximum(total, 1e-12)


def f1(confusion: Confusion) -> float:
    """Of two classes that of the rarer one, whose code is 1; of more their mean."""
    values = _f1s(confusion)
    return float(values[1] if len(values) == 2 else values.mean())


def f1_macro(confusion: Confusion) -> float:
    """Mean F1 of the classes."""
    return float(_f1s(confusion).mean())


def g_mean(confusion: Confusion) -> float:
    """Geometric mean of the recalls."""
    recalls = _recalls(confusion)
    return float(np.prod(recalls) ** (1 / len(recalls)))


def balanced_accuracy(confusion: Confusion) -> float:
    """Mean of the recalls."""
    return float(_recalls(confusion).mean())


def accuracy(confusion: Confusion) -> float:
    """Share of rows that are right."""
    return float(np.trace(confusion) / confusion.sum())


SMOOTH: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "accuracy": accuracy,
        "balanced_accuracy": balanced_accuracy,
        "f1": f1,
        "f1_macro": f1_macro,
        "g_mean": g_mean,
    }
)
