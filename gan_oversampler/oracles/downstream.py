"""The default oracle: whether classifiers do better on held-out real rows when synthetic rows join."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from imblearn.metrics import geometric_mean_score
from sklearn.base import BaseEstimator
from sklearn.metrics import f1_score, get_scorer, get_scorer_names, make_scorer

from gan_oversampler._names import did_you_mean
from gan_oversampler.oracles.learners import LearnerOracle, Scorer, thin
from gan_oversampler.oracles.smooth import SMOOTH, smooth_score
from gan_oversampler.rows import Rows

# Scorers that are defined for two classes only, and what stands for them with more.
_MULTICLASS = {
    "precision": "precision_macro",
    "recall": "recall_macro",
    "jaccard": "jaccard_macro",
    "roc_auc": "roc_auc_ovr",
}

# The smooth score nearest to a scorer; F1 for all others, rankings too: generators trained for soft F1
# rank better than those trained for the surrogate of average precision, which is noisier.
_OBJECTIVES = {
    "accuracy": "log_loss",
    "balanced_accuracy": "g_mean",
    "g_mean": "g_mean",
    "neg_brier_score": "log_loss",
    "neg_log_loss": "log_loss",
}


class DownstreamOracle(LearnerOracle):
    """Held-out score of classifiers trained on real and synthetic rows together.

    Parameters
    ----------
    estimator : classifier or list of classifiers, default=None
        Cloned afresh for every score. None takes a panel of cheap learners (logistic regression, five
        neighbours, decision tree). Of several the mean score counts.
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
    max_rows : int, default=4000
        Real rows of a fold used to train, and to test, at most; synthetic rows are thinned alike.

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
        max_rows: int = 4000,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.smooth = smooth
        self.encoded = encoded
        self.max_rows = max_rows

    @property
    def objective(self) -> str:
        """The smooth score nearest to ``scoring``."""
        return _OBJECTIVES.get(self.scoring, "f1") if isinstance(self.scoring, str) else "f1"

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If the scorer is unknown, ``max_rows`` is not positive or an estimator does not classify.
        """
        scorer_of(self.scoring, n_classes)
        super().validate(n_classes)

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean score of fresh clones; NaN if a synthetic row is not finite."""
        if not np.isfinite(synthetic.values).all():
            return float("nan")
        rng = np.random.default_rng(self.random_state_)
        share = min(1.0, self.max_rows / max(len(self.train_), 1))
        train = thin(self.train_, share, rng).join(thin(synthetic, share, rng))
        holdout = thin(holdout, min(1.0, self.max_rows / max(len(holdout), 1)), rng)
        scorer = scorer_of(self.scoring, len(holdout.classes), smooth=self.smooth)
        return self._mean(scorer, self._fitted(train), holdout)


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
