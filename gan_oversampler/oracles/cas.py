"""AutoGAN's classification accuracy scores: study one of real and synthetic, be asked about the other."""

from __future__ import annotations

import numpy as np

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.learners import ScoringOracle
from gan_oversampler.oracles.samples import completed


class CASRealOracle(ScoringOracle):
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
        study = self._level(completed(self.train_, synthetic, self.targets_))
        if len(np.unique(study.codes)) < 2:
            return float("nan")
        return self._mean(self._scorer(), self._fitted(study), holdout)


class CASSynOracle(ScoringOracle):
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
        self.learners_ = self._taught()

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean score of the classifiers of this fold."""
        if not self.learners_ or not self._comparable(holdout, synthetic):
            return float("nan")
        return self._mean(self._scorer(), self.learners_, self._asked(holdout, synthetic))
