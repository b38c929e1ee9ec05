"""AutoGAN's classification accuracy scores: study one of real and synthetic, be asked about the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator

from gan_oversampler.oracles.downstream import scorer_of
from gan_oversampler.oracles.learners import LearnerOracle, Scorer
from gan_oversampler.oracles.samples import completed, height, level
from gan_oversampler.rows import Rows


class _Accuracy(LearnerOracle):
    """What both scores have in common: rows of all classes in equal numbers."""

    def __init__(
        self,
        estimator: BaseEstimator | Sequence[BaseEstimator] | None = None,
        *,
        scoring: str | Scorer = "f1_macro",
        smooth: bool = True,
        encoded: bool = True,
        max_rows: int = 4000,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.smooth = smooth
        self.encoded = encoded
        self.max_rows = max_rows

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If the scorer is unknown, ``max_rows`` is not positive or an estimator does not classify.
        """
        scorer_of(self.scoring, n_classes)
        super().validate(n_classes)

    def _scorer(self) -> Scorer:
        return scorer_of(self.scoring, len(self.train_.classes), smooth=self.smooth)


class CASRealOracle(_Accuracy):
    """Score on held-out real rows of classifiers that studied synthetic rows.

    ``mean over learners of macro F1(learner fitted on synthetic rows; holdout)``, higher is better.
    Classes that are not oversampled have no synthetic rows: the training rows of the fold stand for them.
    All classes are studied in equal numbers, as in the reference, so their shares among the synthetic
    rows play no part. Unlike there, the score is taken on rows that no generator saw, by learners that
    start afresh.

    Parameters
    ----------
    estimator : classifier or list of classifiers, default=None
        Cloned afresh for every score; None takes the panel of `DownstreamOracle`. Of several the mean
        counts.
    scoring : str or callable, default="f1_macro"
        Any scikit-learn scorer or its name, or ``"g_mean"``.
    smooth : bool, default=True
        Whether label scores given by name count probabilities in place of answers.
    encoded : bool, default=True
        Whether classifiers see encoded rows or the user's own columns.
    max_rows : int, default=4000
        Rows to study at most, shared by the classes.

    References
    ----------
    Ravuri & Vinyals (2019), Classification accuracy score; Nazari, Branco & Jourdan (2023), AutoGAN.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(40, 2))
    >>> rows = Rows(values, np.arange(40) % 2, np.array(["no", "yes"]))
    >>> rows.values[rows.codes == 1] += 9
    >>> CASRealOracle(smooth=False).fit(rows, targets=[1]).score(rows, rows.of(1))
    1.0
    """

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean score of fresh clones."""
        if not self._comparable(holdout, synthetic):
            return float("nan")
        study = completed(self.train_, synthetic, self.targets_)
        study = level(study, height(study, self.max_rows), self._seed)
        if len(np.unique(study.codes)) < 2:
            return float("nan")
        return self._mean(self._scorer(), self._fitted(study), holdout)


class CASSynOracle(_Accuracy):
    """Score on synthetic rows of classifiers that studied real rows.

    ``mean over learners of macro F1(learner fitted on training rows; synthetic rows)``, higher is better.
    Held-out real rows stand for the classes that are not oversampled. Classes are studied, and asked
    about, in equal numbers. A generator of few easy rows scores high: this sees whether rows are typical
    of their class, not whether they cover it.

    Parameters
    ----------
    estimator : classifier or list of classifiers, default=None
        A clone is fitted once per fold; None takes the panel of `DownstreamOracle`. Of several the mean
        counts.
    scoring : str or callable, default="f1_macro"
        Any scikit-learn scorer or its name, or ``"g_mean"``.
    smooth : bool, default=True
        Whether label scores given by name count probabilities in place of answers.
    encoded : bool, default=True
        Whether classifiers see encoded rows or the user's own columns.
    max_rows : int, default=4000
        Rows to study, and to be asked about, at most, shared by the classes.

    References
    ----------
    Nazari, Branco & Jourdan (2023), AutoGAN; Shmelkov, Schmid & Alahari (2018), How good is my GAN?

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(40, 2))
    >>> rows = Rows(values, np.arange(40) % 2, np.array(["no", "yes"]))
    >>> rows.values[rows.codes == 1] += 9
    >>> CASSynOracle(smooth=False).fit(rows, targets=[1]).score(rows, rows.of(1))
    1.0
    """

    def _prepare(self) -> None:
        study = level(self.train_, height(self.train_, self.max_rows), self._seed)
        self.learners_ = self._fitted(study) if len(np.unique(study.codes)) > 1 else []

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean score of the classifiers of this fold."""
        if not self.learners_ or not self._comparable(holdout, synthetic):
            return float("nan")
        asked = completed(holdout, synthetic, self.targets_)
        asked = level(asked, height(asked, self.max_rows), self._seed)
        return self._mean(self._scorer(), self.learners_, asked)
