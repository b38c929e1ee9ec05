"""The default oracle: whether classifiers do better on held-out real rows when synthetic rows join."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.learners import ScoringOracle
from gan_oversampler.oracles.samples import spared, thin
from gan_oversampler.oracles.scorers import Scorer, weighs

# The smooth score nearest to a scorer; F1 for all others, rankings too: generators trained for soft F1
# rank better than those trained for the surrogate of average precision, which is noisier.
_OBJECTIVES = {
    "accuracy": "log_loss",
    "balanced_accuracy": "g_mean",
    "g_mean": "g_mean",
    "neg_brier_score": "log_loss",
    "neg_log_loss": "log_loss",
}


class DownstreamOracle(ScoringOracle):
    """Held-out score of classifiers trained on real and synthetic rows together.

    Parameters
    ----------
    estimator : classifier or list of classifiers, default=None
        Cloned afresh for every score. None takes a panel of cheap learners (logistic regression, five
        neighbours, decision tree; the tree weighs a root of the columns per split where there are more than
        20,000 cells of real rows). Of several the mean score counts.
    scoring : str or callable, default="f1"
        Any scikit-learn scorer or its name, or ``"g_mean"``. For names, classes are coded so that the
        rarest one is the positive one; with more than two classes ``"f1"`` means ``"f1_macro"``, and so
        on. Scorer objects see the user's labels.
    smooth : bool, default=True
        Whether F1, G-mean, balanced accuracy and accuracy, given by name, count probabilities in place of
        answers. That is the same score with less noise: a row near the threshold no longer counts wholly
        or not at all. Classifiers without probabilities are scored by their answers.
    encoded : bool, default=True
        Whether classifiers see encoded rows (standardised numbers, one-hot categories) or, if False, the
        user's own columns: then a pipeline with its own preprocessing can be the ``estimator``.
    max_rows : int, default=1500
        Real rows of a fold that are studied at most; half as many are asked about. A larger table is scaled
        down, new rows alike; of held-out rows common classes are thinned first, and weigh the more for it.
        Scorers that take no weights are asked about all classes in proportion.

    Attributes
    ----------
    share_ : float
        Share of the training rows that is studied: new rows are expected in this share, too.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> rows = Rows(rng.normal(size=(40, 2)), np.arange(40) % 2, np.array(["no", "yes"]))
    >>> rows.values[rows.codes == 1] += 9
    >>> DownstreamOracle(LogisticRegression(), smooth=False).fit(rows, targets=[1]).score(rows, rows)
    1.0
    """

    def __init__(
        self,
        estimator: BaseEstimator | Sequence[BaseEstimator] | None = None,
        *,
        scoring: str | Scorer = "f1",
        smooth: bool = True,
        encoded: bool = True,
        max_rows: int = 1500,
    ) -> None:
        super().__init__(estimator, scoring=scoring, smooth=smooth, encoded=encoded, max_rows=max_rows)

    @property
    def objective(self) -> str:
        """The smooth score nearest to ``scoring``."""
        return _OBJECTIVES.get(self.scoring, "f1") if isinstance(self.scoring, str) else "f1"

    def _prepare(self) -> None:
        self.share_ = min(1.0, self.max_rows / max(len(self.train_), 1))
        self.study_ = thin(self.train_, self.share_, np.random.default_rng(self.random_state_))

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean score of fresh clones; NaN if a synthetic row is not finite.

        Of a large table give ``share_`` of the new rows.
        """
        if not np.isfinite(synthetic.values).all():
            return float("nan")
        scorer, asked = self._question(holdout)
        return self._mean(scorer, self._fitted(self.study_.join(synthetic)), asked)

    def _question(self, holdout: Rows) -> tuple[Scorer, Rows]:
        """A scorer, and the rows that it asks about."""
        most = max(1, self.max_rows // 2)
        if len(holdout) <= most:
            return self._scorer(), holdout
        rng = np.random.default_rng(self.random_state_)
        if weighs(self.scoring):
            return self._scorer(np.bincount(holdout.codes)), spared(holdout, most, rng)
        return self._scorer(), thin(holdout, most / len(holdout), rng)
