"""AutoGAN's scores by classifiers: classification accuracy scores and diversity."""

# n row, C class

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr
from sklearn.base import BaseEstimator

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.learners import LearnerOracle
from gan_oversampler.oracles.samples import with_other_classes
from gan_oversampler.oracles.scorers import Scorer
from gan_oversampler.oracles.smooth import probabilities


class CASRealOracle(LearnerOracle):
    """Score on held-out real rows of classifiers that are fitted to synthetic rows.

    ``mean over classifiers of macro F1(classifier fitted to synthetic rows; held-out rows)``; between 0 and
    1, higher is better. It needs synthetic rows of every oversampled class; training rows of the fold stand
    for the other classes. Every score costs one fit of each classifier.

    Parameters
    ----------
    estimator, scoring, smooth, encoded
        As for `DownstreamOracle`; the default of ``scoring`` is ``"f1_macro"``.
    max_rows : int, default=4000
        Rows that classifiers are fitted to at most, shared equally by the classes.

    References
    ----------
    Ravuri & Vinyals (2019), Classification accuracy score; Nazari, Branco & Jourdan (2023), AutoGAN.

    Examples
    --------
    >>> values = np.repeat([[0.0, 0.0], [9.0, 9.0]], 20, axis=0)
    >>> rows = Rows(values, np.repeat([0, 1], 20), np.array(["no", "yes"]))
    >>> CASRealOracle(smooth=False).fit(rows, targets=[1]).score(rows, rows.of(1))
    1.0
    """

    _fitted_to = "new rows"

    def _score(self, holdout: Rows, synthetic: Rows, codes: Sequence[int]) -> float:
        # NOTE[Nazari et al. 2023]: classes are balanced as there, but the score is taken on rows that no
        # generator saw, and classifiers start afresh, so that later generators have no advantage.
        fitted = self._fit_balanced(with_other_classes(self.train_, synthetic, self.targets_))
        return self._mean_score(fitted, holdout)


class CASSynOracle(LearnerOracle):
    """Score on synthetic rows of classifiers that are fitted to real rows.

    ``mean over classifiers of macro F1(classifier fitted to training rows; synthetic rows)``; between 0 and
    1, higher is better. It needs synthetic rows of every oversampled class; held-out rows stand for the
    other classes. Classifiers are fitted once per fold, so a score costs their predictions only. It sees
    whether rows are typical of their class, not whether they cover it: a few easy rows score high.

    Parameters
    ----------
    estimator, scoring, smooth, encoded
        As for `DownstreamOracle`; the default of ``scoring`` is ``"f1_macro"``.
    max_rows : int, default=4000
        Rows to fit, and to score, at most, shared equally by the classes.

    References
    ----------
    Nazari, Branco & Jourdan (2023), AutoGAN; Shmelkov, Schmid & Alahari (2018), How good is my GAN?

    Examples
    --------
    >>> values = np.repeat([[0.0, 0.0], [9.0, 9.0]], 20, axis=0)
    >>> rows = Rows(values, np.repeat([0, 1], 20), np.array(["no", "yes"]))
    >>> CASSynOracle(smooth=False).fit(rows, targets=[1]).score(rows, rows.of(1))
    1.0
    """

    _fitted_to = "real rows and tried on new ones"

    def _prepare(self) -> None:
        self.classifiers_ = self._fit_balanced(self.train_)

    def _score(self, holdout: Rows, synthetic: Rows, codes: Sequence[int]) -> float:
        scored = self._balanced(with_other_classes(holdout, synthetic, self.targets_))
        return self._mean_score(self.classifiers_, scored)


class DiversityOracle(CASSynOracle):
    """How sure classifiers are of each row, and how many classes they find among the rows.

    ``exp(mean over rows of KL(p(y|x) || p(y)))`` with ``p(y)`` the mean of ``p(y|x)``: from 1 if all rows
    look alike to the classifier to the number of classes if it is sure of every row and finds all classes
    equally often; higher is better. Like the inception score it does not see whether rows of a class differ
    among themselves. Which rows are fitted and scored, and the cost, are those of `CASSynOracle`.

    Parameters
    ----------
    estimator, encoded
        As for `DownstreamOracle`. A classifier without probabilities counts as sure.
    max_rows : int, default=4000
        Rows to fit, and to score, at most, shared equally by the classes.

    References
    ----------
    Salimans et al. (2016), the inception score; Nazari, Branco & Jourdan (2023), AutoGAN.

    Examples
    --------
    >>> values = np.repeat([[0.0, 0.0], [9.0, 9.0]], 20, axis=0)
    >>> rows = Rows(values, np.repeat([0, 1], 20), np.array(["no", "yes"]))
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
        super().__init__(estimator, smooth=False, encoded=encoded, max_rows=max_rows)

    @property
    def score_name(self) -> str:
        """``"diversity"``, whatever the scorer of the class above."""
        return "diversity"

    def _scorer(self) -> Scorer:
        def score(
            learner: Any, x: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None = None
        ) -> float:
            return diversity(probabilities(learner, x), sample_weight)

        return score


def diversity(probabilities_nC: NDArray[Any], weights: NDArray[np.float64] | None = None) -> float:
    """Return ``exp(mean KL(p(y|x) || mean p(y|x)))`` of class probabilities, from 1 to their number.

    ``probabilities_nC`` holds one row per scored row and one column per class; ``weights`` are those of the
    rows.

    >>> diversity(np.eye(2)), diversity(np.full((3, 2), 0.5))
    (2.0, 1.0)
    """
    # NOTE[Nazari et al. 2023]: the released code sums over one of two classes, which rewards a share of 1/e.
    probabilities_nC = np.asarray(probabilities_nC, float)
    usual_C = np.average(probabilities_nC, axis=0, weights=weights)
    return float(np.exp(np.average(rel_entr(probabilities_nC, usual_C).sum(axis=1), weights=weights)))
