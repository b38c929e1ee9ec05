"""AutoGAN's classifier-based diversity."""

# n row, C class

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr
from sklearn.base import BaseEstimator

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.learners import LearnerOracle
from gan_oversampler.oracles.smooth import probabilities


class DiversityOracle(LearnerOracle):
    """How sure a classifier is of each row, and how many classes it finds among them.

    ``exp(mean over rows of KL(p(y|x) || p(y)))`` with ``p(y)`` the mean of ``p(y|x)``: 1 if all rows look
    alike to the classifier, the number of classes if it is sure of every row and finds all classes alike.
    Higher is better. The classifiers studied the training rows; they are asked about the synthetic rows
    and, for the classes that are not oversampled, held-out real rows, each class in equal numbers. Like
    the score it comes from, it does not see whether the rows of a class differ among themselves.

    Parameters
    ----------
    estimator : classifier or list of classifiers, default=None
        A clone is fitted once per fold; None takes the panel of `DownstreamOracle`. Of several the mean
        counts. A classifier without probabilities is taken to be sure.
    encoded : bool, default=True
        Whether classifiers see encoded rows or the user's own columns.
    max_rows : int, default=4000
        Rows to study, and to be asked about, at most, shared by the classes.

    References
    ----------
    Salimans et al. (2016), the inception score; Nazari, Branco & Jourdan (2023), AutoGAN, whose code sums
    over one class of two only.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(40, 2))
    >>> rows = Rows(values, np.arange(40) % 2, np.array(["no", "yes"]))
    >>> rows.values[rows.codes == 1] += 9
    >>> round(DiversityOracle().fit(rows, targets=[1]).score(rows, rows.of(1)), 1)
    2.0
    """

    def __init__(
        self,
        estimator: BaseEstimator | Sequence[BaseEstimator] | None = None,
        *,
        encoded: bool = True,
        max_rows: int = 4000,
    ) -> None:
        self.estimator = estimator
        self.encoded = encoded
        self.max_rows = max_rows

    def _prepare(self) -> None:
        self.learners_ = self._taught()

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean diversity by the classifiers of this fold."""
        if not self.learners_ or not self._comparable(holdout, synthetic):
            return float("nan")
        asked = self._asked(holdout, synthetic)
        return self._mean(lambda learner, x, y: diversity(probabilities(learner, x)), self.learners_, asked)


def diversity(probabilities_nC: NDArray[Any]) -> float:
    """``exp(mean KL(p(y|x) || mean p(y|x)))`` over all classes, between 1 and their number.

    >>> diversity(np.eye(2)), diversity(np.full((3, 2), 0.5))
    (2.0, 1.0)
    """
    said_nC = np.asarray(probabilities_nC, float)
    return float(np.exp(rel_entr(said_nC, said_nC.mean(axis=0)).sum(axis=1).mean()))
